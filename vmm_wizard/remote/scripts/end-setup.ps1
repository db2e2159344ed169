# Ends the setup that a run has started here: the processes that its wrapper has seen last, each only when number, name
# and age are still those. The Windows Installer belongs to Windows and is left alone. The wrapper sees the end itself.
param(
    [Parameter(Mandatory)]
    [ValidatePattern('^[A-Za-z0-9-]{1,64}$')]
    [string] $RunId
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# Thai years and Finnish times would be other numbers.
$invariant = [System.Globalization.CultureInfo]::InvariantCulture
$programData = [Environment]::GetFolderPath('CommonApplicationData')
$path = [System.IO.Path]::Combine($programData, 'vmm-wizard', $RunId, 'watch.json')

$ended = [System.Collections.Generic.List[string]]::new()
$errors = [System.Collections.Generic.List[string]]::new()
$watched = [System.IO.File]::Exists($path)
if ($watched) {
    $watch = ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($path))
    foreach ($row in $watch.processes) {
        if ($row.name -eq 'msiexec.exe') {
            continue
        }
        $question = @{
            ClassName = 'Win32_Process'
            Filter = "ProcessId = $([int] $row.id)"
            Property = 'ProcessId', 'Name', 'CreationDate'
        }
        foreach ($process in Get-CimInstance @question) {
            # A number is given away again: one that began after it was seen is another process.
            $born = $process.CreationDate.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', $invariant)
            if ($process.Name -ne $row.name -or [string]::CompareOrdinal($born, "$($watch.time)") -gt 0) {
                continue
            }
            try {
                $null = Stop-Process -Id $process.ProcessId -Force
                $ended.Add("$($row.name) ($($row.id))")
            }
            catch {
                $errors.Add($_.Exception.GetBaseException().Message.Trim())
            }
        }
    }
}
$answer = [ordered]@{
    watched = $watched
    ended = $ended.ToArray()
    errors = $errors.ToArray()
}
$answer
