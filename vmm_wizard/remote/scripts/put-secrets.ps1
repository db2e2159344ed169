# Hands a running wrapper its secrets: a blob that was encrypted to the key which the wrapper published.
param(
    [Parameter(Mandatory)]
    [ValidatePattern('^[A-Za-z0-9-]{1,64}$')]
    [string] $RunId,
    [Parameter(Mandatory)]
    [string] $Blob
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$root = [System.IO.Path]::Combine([Environment]::GetFolderPath('CommonApplicationData'), 'vmm-wizard')
$folder = [System.IO.Path]::Combine($root, $RunId)
$path = [System.IO.Path]::Combine($folder, 'secrets.json')
# The wrapper takes its key away when it has read the blob: no key, no blob to write.
$wanted = [System.IO.File]::Exists([System.IO.Path]::Combine($folder, 'public-key.json'))
$there = [System.IO.File]::Exists($path)
if ($wanted -and -not $there) {
    # Written whole under another name first, so that the wrapper never reads half a blob.
    $unfinished = [System.IO.Path]::Combine($folder, 'secrets.new')
    [System.IO.File]::WriteAllText($unfinished, $Blob)
    [System.IO.File]::Move($unfinished, $path)
}
$answer = [ordered]@{
    written = ($wanted -and -not $there)
}
$answer
