# Puts one principal of the domain into this node's group Administrators, both by SID: their names differ by language.
# Nobody is taken out, and who is a member already stays one.
param(
    [Parameter(Mandatory)]
    [ValidatePattern('^S-1-[0-9-]+$')]
    [string] $Sid
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$wasMember = $false
try {
    Add-LocalGroupMember -SID 'S-1-5-32-544' -Member $Sid
}
catch {
    # Not by its class: it lies in a module of another name on each version of Windows.
    if ("$($_.FullyQualifiedErrorId)" -notlike 'MemberExists,*') {
        throw
    }
    $wasMember = $true
}
$answer = [ordered]@{
    was_member = $wasMember
    added = -not $wasMember
}
$answer
