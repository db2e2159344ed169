# What may run here, what is written down of it, who has VMM open, and what runs of ours have left.
function Get-EnforcedCollection {
    # Rules without a mode are enforced: only AuditOnly lets everything run.
    $policy = [xml] (Get-AppLockerPolicy -Effective -Xml)
    foreach ($collection in $policy.SelectNodes('/AppLockerPolicy/RuleCollection')) {
        if ($collection.HasChildNodes -and $collection.GetAttribute('EnforcementMode') -ne 'AuditOnly') {
            $collection.GetAttribute('Type')
        }
    }
}

function Get-CodeIntegrity {
    # One instance, on every Server since 2016. None would mean that nothing is enforced.
    $question = @{
        Namespace = 'root/Microsoft/Windows/DeviceGuard'
        ClassName = 'Win32_DeviceGuard'
    }
    foreach ($guard in @(Get-CimInstance @question)) {
        return [int] $guard.UsermodeCodeIntegrityPolicyEnforcementStatus
    }
    return 0
}

function Get-OpenConsole {
    $names = 'VmmAdminUI', 'powershell', 'powershell_ise', 'pwsh'
    foreach ($process in @(Get-Process -Name $names -ErrorAction SilentlyContinue)) {
        # A shell counts when it has loaded VMM's module.
        $isOpen = $process.ProcessName -eq 'VmmAdminUI'
        if (-not $isOpen) {
            $isOpen = @($process.Modules | Where-Object { $_.FileName -like '*\virtualmachinemanager\*' }).Count -gt 0
        }
        if ($isOpen) {
            [ordered]@{
                process = $process.ProcessName
                process_id = [int] $process.Id
            }
        }
    }
}

function Get-StagedFile {
    $runs = [System.IO.Path]::Combine([Environment]::GetFolderPath('CommonApplicationData'), 'vmm-wizard')
    $folders = @()
    if ([System.IO.Directory]::Exists($runs)) {
        $folders = [System.IO.Directory]::GetDirectories($runs)
    }
    foreach ($folder in $folders) {
        $path = [System.IO.Path]::Combine($folder, 'VMServer.ini')
        if ([System.IO.File]::Exists($path)) {
            [ordered]@{
                path = $path
                content = [Convert]::ToBase64String([System.IO.File]::ReadAllBytes($path))
            }
        }
    }
}

Read-Part 'app_control' {
    $running = @(Get-CimInstance -ClassName 'Win32_Service' -Filter "Name = 'AppIDSvc' AND State = 'Running'")
    $answer.app_control = [ordered]@{
        applocker = @(Get-EnforcedCollection)
        service_running = $running.Count -gt 0
        code_integrity = Get-CodeIntegrity
    }
}
Read-Part 'logging' {
    $powershell = 'SOFTWARE\Policies\Microsoft\Windows\PowerShell'
    $audit = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\Audit'
    $answer.logging = [ordered]@{
        command_lines = (Get-RegistryValue $audit 'ProcessCreationIncludeCmdLine_Enabled' 0) -eq 1
        modules = (Get-RegistryValue "$powershell\ModuleLogging" 'EnableModuleLogging' 0) -eq 1
        script_blocks = (Get-RegistryValue "$powershell\ScriptBlockLogging" 'EnableScriptBlockLogging' 0) -eq 1
        transcripts = (Get-RegistryValue "$powershell\Transcription" 'EnableTranscripting' 0) -eq 1
    }
}
Read-Part 'consoles' {
    $answer.consoles = @(Get-OpenConsole)
}
Read-Part 'staged' {
    $answer.staged = @(Get-StagedFile)
}
