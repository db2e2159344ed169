# Says how a run is doing: its task, the files that its wrapper has written, and the next piece of its log:
# SetupWizard.log, or the work.log of a script inside the task.
param(
    [Parameter(Mandatory)]
    [ValidatePattern('^[A-Za-z0-9-]{1,64}$')]
    [string] $RunId,
    [Parameter(Mandatory)]
    [long] $LogOffset,
    [Parameter(Mandatory)]
    [int] $LogLimit,
    [Parameter(Mandatory)]
    [ValidateSet('setup', 'work')]
    [string] $Log
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$programData = [Environment]::GetFolderPath('CommonApplicationData')
$folder = [System.IO.Path]::Combine($programData, 'vmm-wizard', $RunId)

function Read-RunFile([string] $Name) {
    $path = [System.IO.Path]::Combine($folder, $Name)
    if ([System.IO.File]::Exists($path)) {
        return [System.IO.File]::ReadAllText($path)
    }
    return ''
}

function Read-Watch {
    # Written anew again and again: the moment between two versions is no error.
    try {
        return Read-RunFile 'watch.json'
    }
    catch {
        return ''
    }
}

$service = New-Object -ComObject 'Schedule.Service'
[void] $service.Connect()
$taskState = 'Missing'
$taskResult = ''
foreach ($task in $service.GetFolder('\').GetTasks(1)) {
    if ($task.Name -eq "vmm-wizard-$RunId") {
        $taskState = @('Unknown', 'Disabled', 'Queued', 'Ready', 'Running')[$task.State]
        $taskResult = '0x{0:X8}' -f $task.LastTaskResult
    }
}

$logPath = [System.IO.Path]::Combine($folder, 'work.log')
if ($Log -eq 'setup') {
    $logPath = [System.IO.Path]::Combine($programData, 'VMMLogs', 'SetupWizard.log')
}
# The wrapper puts an older log aside before it says that setup has begun: what is there earlier is not this run's.
$begun = Read-RunFile 'begun.json'
$logExists = $begun -ne '' -and [System.IO.File]::Exists($logPath)
$logLength = 0
$logBytes = [byte[]]::new(0)
if ($logExists) {
    # Setup keeps the log open and rotates it: share everything.
    $stream = [System.IO.FileStream]::new($logPath, 'Open', 'Read', 'ReadWrite, Delete')
    try {
        $logLength = $stream.Length
        if ($LogOffset -lt $logLength) {
            [void] $stream.Seek($LogOffset, 'Begin')
            $buffer = [byte[]]::new([Math]::Min($LogLimit, $logLength - $LogOffset))
            $count = $stream.Read($buffer, 0, $buffer.Length)
            $logBytes = [byte[]]::new($count)
            [Array]::Copy($buffer, $logBytes, $count)
        }
    }
    finally {
        $stream.Dispose()
    }
}

$languageMode = ''
$languagePath = [System.IO.Path]::Combine($folder, 'language-mode.txt')
if ([System.IO.File]::Exists($languagePath)) {
    $languageMode = [System.IO.File]::ReadAllText($languagePath).Trim()
}
$processes = @(Get-Process -Name 'Setup', 'SetupVM' -ErrorAction SilentlyContinue)
$answer = [ordered]@{
    folder_exists = [System.IO.Directory]::Exists($folder)
    task_state = $taskState
    task_result = $taskResult
    language_mode = $languageMode
    public_key = Read-RunFile 'public-key.json'
    secrets_waiting = [System.IO.File]::Exists([System.IO.Path]::Combine($folder, 'secrets.json'))
    begun = $begun
    result = Read-RunFile 'result.json'
    report = Read-RunFile 'report.json'
    watch = Read-Watch
    log_exists = $logExists
    log_length = $logLength
    log_bytes = [Convert]::ToBase64String($logBytes)
    setup_processes = @($processes | ForEach-Object { $_.ProcessName })
}
$answer
