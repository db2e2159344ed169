# Tells which logs of setup this node keeps (Name empty), or a piece of one of them. It reads in VMMLogs alone: its own
# logs and reports, and the report of each crash. Nothing is changed.
param(
    [Parameter(Mandatory)]
    [AllowEmptyString()]
    [ValidateLength(0, 260)]
    [string] $Name,
    [Parameter(Mandatory)]
    [long] $Offset,
    [Parameter(Mandatory)]
    [int] $Limit
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$folder = [System.IO.Path]::Combine([Environment]::GetFolderPath('CommonApplicationData'), 'VMMLogs')

$paths = [System.Collections.Generic.List[string]]::new()
if ([System.IO.Directory]::Exists($folder)) {
    foreach ($pattern in '*.log', '*.xml') {
        foreach ($found in [System.IO.Directory]::GetFiles($folder, $pattern)) {
            $paths.Add($found)
        }
    }
    foreach ($crash in [System.IO.Directory]::GetDirectories($folder, 'SCVMM.*')) {
        $report = [System.IO.Path]::Combine($crash, 'report.txt')
        if ([System.IO.File]::Exists($report)) {
            $paths.Add($report)
        }
    }
}
$files = [System.Collections.Generic.List[object]]::new()
$content = ''
foreach ($path in $paths) {
    $file = [System.IO.FileInfo]::new($path)
    $shown = $file.FullName.Substring($folder.Length + 1)
    $files.Add([ordered]@{
        name = $shown
        length = $file.Length
    })
    # Only a file of this list is read, whatever the name says.
    if ($Name -and $shown -eq $Name) {
        # Setup keeps its log open and rotates it: share everything.
        $stream = [System.IO.FileStream]::new($path, 'Open', 'Read', 'ReadWrite, Delete')
        try {
            if ($Offset -lt $stream.Length) {
                [void] $stream.Seek($Offset, 'Begin')
                $buffer = [byte[]]::new([Math]::Min($Limit, $stream.Length - $Offset))
                $count = $stream.Read($buffer, 0, $buffer.Length)
                $content = [Convert]::ToBase64String($buffer, 0, $count)
            }
        }
        finally {
            $stream.Dispose()
        }
    }
}
$answer = [ordered]@{
    files = $files.ToArray()
    content = $content
}
$answer
