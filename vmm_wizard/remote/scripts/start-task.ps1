# Registers the run's task with a stored password (read from standard input) and starts it, once.
# A task that is there already is not registered again, and one that ever ran is not started again.
param(
    [Parameter(Mandatory)]
    [ValidatePattern('^[A-Za-z0-9-]{1,64}$')]
    [string] $RunId,
    [Parameter(Mandatory)]
    [string] $Account,
    [Parameter(Mandatory)]
    [string] $TimeLimit
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# Schedule.Service's names for these numbers.
$logonPassword = 1
$highestRunLevel = 1
$ignoreNew = 2
$createOnly = 2
$execute = 0
$normalPriority = 5
$stateRunning = 4
$stateQueued = 2
$neverRan = 0x41303

$name = "vmm-wizard-$RunId"
$root = [System.IO.Path]::Combine([Environment]::GetFolderPath('CommonApplicationData'), 'vmm-wizard')
$folder = [System.IO.Path]::Combine($root, $RunId)
# Text given as -Command is under no execution policy, so none has to be loosened, and an admin can read in the task
# what it does. Where the language is constrained (AppLocker, WDAC) the wrapper cannot work: code 77 says so.
$command = "if (`$ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') {" +
    " Set-Content -LiteralPath '$folder\language-mode.txt' -Value `$ExecutionContext.SessionState.LanguageMode;" +
    " exit 77 };" +
    " & ([scriptblock]::Create([System.IO.File]::ReadAllText('$folder\wrapper.ps1'))) -Folder '$folder'"

$answer = [ordered]@{
    existed = $false
    registered = $false
    started = $false
    failed_step = ''
    error_code = ''
    error = ''
}
$step = 'connect'
try {
    $service = New-Object -ComObject 'Schedule.Service'
    [void] $service.Connect()
    $tasks = $service.GetFolder('\')
    $task = $null
    foreach ($candidate in $tasks.GetTasks(1)) {
        if ($candidate.Name -eq $name) {
            $task = $candidate
        }
    }
    $answer.existed = $null -ne $task
    if ($null -eq $task) {
        $step = 'register'
        $definition = $service.NewTask(0)
        $definition.RegistrationInfo.Description = 'Made by vmm-wizard, and removed by it when its run has ended.'
        $definition.Principal.UserId = $Account
        $definition.Principal.LogonType = $logonPassword
        $definition.Principal.RunLevel = $highestRunLevel
        $definition.Settings.MultipleInstances = $ignoreNew
        $definition.Settings.ExecutionTimeLimit = $TimeLimit
        $definition.Settings.DisallowStartIfOnBatteries = $false
        $definition.Settings.StopIfGoingOnBatteries = $false
        $definition.Settings.Priority = $normalPriority
        $action = $definition.Actions.Create($execute)
        $action.Path = "$PSHOME\powershell.exe"
        $action.Arguments = "-NoProfile -NonInteractive -Command `"$command`""
        $action.WorkingDirectory = $folder
        $password = [System.Text.Encoding]::UTF8.GetString([Convert]::FromBase64String([Console]::In.ReadLine()))
        # The password is an argument of a COM call only: module logging records those of cmdlets.
        $task = $tasks.RegisterTaskDefinition(
            $name, $definition, $createOnly, $Account, $password, $logonPassword, $null)
        $password = $null
    }
    $answer.registered = $true
    $isActive = $task.State -eq $stateRunning -or $task.State -eq $stateQueued
    if (-not $isActive -and $task.LastTaskResult -eq $neverRan) {
        $step = 'run'
        [void] $task.Run($null)
        $answer.started = $true
    }
}
catch {
    $cause = $_.Exception.GetBaseException()
    $answer.failed_step = $step
    $answer.error_code = '0x{0:X8}' -f $cause.HResult
    $answer.error = $cause.Message.Trim()
}
$answer
