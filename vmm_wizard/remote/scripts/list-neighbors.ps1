# Says which addresses this node has heard of lately on its networks: its neighbor cache. Reads only, and sends nothing.
param(
    [Parameter(Mandatory)]
    [ValidateSet('IPv4', 'IPv6')]
    [string] $AddressFamily
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# An entry without an answer is still in the cache for a while, as one of these.
$silent = 'Unreachable', 'Incomplete'
$neighbors = @(Get-NetNeighbor -AddressFamily $AddressFamily | Where-Object { $silent -notcontains "$($_.State)" })
$answer = [ordered]@{
    neighbors = @($neighbors | ForEach-Object { "$($_.IPAddress)" })
}
$answer
