# Says when Windows began and, when it is asked to, restarts it some seconds later: by another time of beginning who
# asks knows that it is back.
param(
    [Parameter(Mandatory)]
    [bool] $Restart,
    [Parameter(Mandatory)]
    [AllowEmptyString()]
    [ValidatePattern('^[A-Za-z0-9 .,:()_-]{0,200}$')]
    [string] $Reason,
    [Parameter(Mandatory)]
    [ValidateRange(1, 600)]
    [int] $DelaySeconds
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$mostMilliseconds = 30000
$invariant = [System.Globalization.CultureInfo]::InvariantCulture
$windows = Get-CimInstance -ClassName 'Win32_OperatingSystem' -Property 'LastBootUpTime'
$answer = [ordered]@{
    boot_time = $windows.LastBootUpTime.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', $invariant)
    exit_code = $null
}
if ($Restart) {
    # Not by the class' own methods: they want a privilege switched on that an administrator merely holds. This program
    # switches it on, and the delay lets the answer reach who asked.
    $start = [System.Diagnostics.ProcessStartInfo]::new()
    $start.FileName = [System.IO.Path]::Combine([Environment]::SystemDirectory, 'shutdown.exe')
    # A planned restart for the maintenance of an application.
    $start.Arguments = "/r /t $DelaySeconds /d p:4:1 /c ""$Reason"""
    $start.UseShellExecute = $false
    $process = [System.Diagnostics.Process]::Start($start)
    if (-not $process.WaitForExit($mostMilliseconds)) {
        throw 'shutdown.exe has not ended after 30 seconds'
    }
    $answer.exit_code = $process.ExitCode
}
$answer
