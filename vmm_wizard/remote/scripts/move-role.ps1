# Begins to move VMM's role to another node, and says who owns it and in what state it is: who asks waits, and asks
# again. With an empty Node nothing is moved. A group that does not run VMM's service is never moved.
param(
    [Parameter(Mandatory)]
    [string] $Role,
    [Parameter(Mandatory)]
    [AllowEmptyString()]
    [string] $Node
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

Import-Module -Name FailoverClusters

function Find-Role {
    foreach ($group in Get-ClusterGroup) {
        if ("$($group.Name)" -eq $Role) {
            return $group
        }
    }
    return $null
}

function Test-VmmRole {
    # By the service that a resource of the group runs: nobody documents how setup names it.
    foreach ($resource in Get-ClusterResource) {
        if ($resource.OwnerGroup.Name -ne $Role) {
            continue
        }
        try {
            if ("$((Get-ClusterParameter -InputObject $resource -Name 'ServiceName').Value)" -eq 'SCVMMService') {
                return $true
            }
        }
        catch {
            # A type without this parameter is an error of the cmdlet, and no news.
            $null = $_
        }
    }
    return $false
}

$answer = [ordered]@{
    owner_before = ''
    owner = ''
    state = ''
    begun = $false
    refused = ''
}
$found = Find-Role
if ($null -eq $found) {
    $answer.refused = "the cluster has no role $Role"
}
elseif (-not (Test-VmmRole)) {
    $answer.refused = "the role $Role does not run VMM"
}
else {
    $answer.owner_before = "$($found.OwnerNode.Name)"
    if ($Node -and $answer.owner_before -ne $Node) {
        try {
            [void] (Move-ClusterGroup -Name $Role -Node $Node -Wait 0)
            $answer.begun = $true
        }
        catch {
            $answer.refused = $_.Exception.GetBaseException().Message.Trim()
        }
    }
    # Asked anew: what was read before tells of before.
    $found = Find-Role
    $answer.owner = "$($found.OwnerNode.Name)"
    $answer.state = "$($found.State)"
}
$answer
