# Takes away what a run left on the node: its task (with the stored password), blob, key, answer file and folder.
# A run that is still going on is left alone unless EndRunning is set; SetupWizard.log stays.
param(
    [Parameter(Mandatory)]
    [ValidatePattern('^[A-Za-z0-9-]{1,64}$')]
    [string] $RunId,
    [Parameter(Mandatory)]
    [bool] $EndRunning
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$stateRunning = 4
$stateQueued = 2
$name = "vmm-wizard-$RunId"
$root = [System.IO.Path]::Combine([Environment]::GetFolderPath('CommonApplicationData'), 'vmm-wizard')
$folder = [System.IO.Path]::Combine($root, $RunId)

$service = New-Object -ComObject 'Schedule.Service'
[void] $service.Connect()
$tasks = $service.GetFolder('\')

function Find-Task {
    foreach ($candidate in $tasks.GetTasks(1)) {
        if ($candidate.Name -eq $name) {
            return $candidate
        }
    }
}

$task = Find-Task
$wasRunning = $null -ne $task -and ($task.State -eq $stateRunning -or $task.State -eq $stateQueued)
$errors = [System.Collections.Generic.List[string]]::new()
if (-not $wasRunning -or $EndRunning) {
    try {
        if ($wasRunning) {
            [void] $task.Stop(0)
        }
        if ($null -ne $task) {
            [void] $tasks.DeleteTask($name, 0)
        }
    }
    catch {
        $errors.Add($_.Exception.GetBaseException().Message.Trim())
    }
    # Secrets first: whatever stops the rest, these are gone.
    foreach ($file in 'secrets.json', 'secrets.new', 'public-key.json', 'VMServer.ini') {
        try {
            [System.IO.File]::Delete([System.IO.Path]::Combine($folder, $file))
        }
        catch [System.IO.DirectoryNotFoundException] {
            continue
        }
        catch {
            $errors.Add($_.Exception.GetBaseException().Message.Trim())
        }
    }
    # An ended process lets go of its folder a moment later.
    for ($attempt = 0; $attempt -lt 10 -and [System.IO.Directory]::Exists($folder); $attempt++) {
        try {
            [System.IO.Directory]::Delete($folder, $true)
        }
        catch {
            if ($attempt -eq 9) {
                $errors.Add($_.Exception.GetBaseException().Message.Trim())
            }
            [System.Threading.Thread]::Sleep(300)
        }
    }
    if ([System.IO.Directory]::Exists($root) -and @([System.IO.Directory]::GetFileSystemEntries($root)).Count -eq 0) {
        [System.IO.Directory]::Delete($root)
    }
}
$left = [System.Collections.Generic.List[string]]::new()
if ($null -ne (Find-Task)) {
    $left.Add("scheduled task \$name")
}
if ([System.IO.Directory]::Exists($folder)) {
    $left.Add($folder)
}
$answer = [ordered]@{
    was_running = $wasRunning
    left = $left.ToArray()
    errors = $errors.ToArray()
}
$answer
