# Says what a library's file server is: one object with the fields of LibraryFacts. Reads only, and asks the cluster
# that the answering machine is a node of. What cannot be read stays null, and `error` says why.
param(
    [Parameter(Mandatory)]
    [string] $FileServer
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$answer = [ordered]@{
    computer_name = "$env:COMPUTERNAME"
    cluster_name = ''
    role = $null
    shares = $null
    error = ''
}

function Get-OwnName([object] $Resource) {
    # The name that a network name gives to clients; a type without the parameter has none.
    $parameters = @{ 'Network Name' = 'Name'; 'Distributed Network Name' = 'DnsName' }
    $type = $Resource.ResourceType.Name
    if (-not $parameters.ContainsKey($type)) {
        return ''
    }
    return "$((Get-ClusterParameter -InputObject $Resource -Name $parameters[$type]).Value)"
}

function Get-ShareEntry([string] $Descriptor) {
    # By its identifiers: Windows of another language calls Administrators otherwise.
    $security = [System.Security.AccessControl.RawSecurityDescriptor]::new($Descriptor)
    foreach ($entry in $security.DiscretionaryAcl) {
        [ordered]@{
            allow = "$($entry.AceQualifier)" -eq 'AccessAllowed'
            sid = $entry.SecurityIdentifier.Value
            mask = [int] $entry.AccessMask
        }
    }
}

try {
    # The key is there while the cluster service runs, and on no other machine.
    if ($null -ne [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey('Cluster')) {
        Import-Module -Name FailoverClusters
        $answer.cluster_name = "$((Get-Cluster).Name)"
        foreach ($resource in Get-ClusterResource) {
            if ((Get-OwnName $resource) -eq $FileServer) {
                $group = $resource.OwnerGroup
                $answer.role = [ordered]@{
                    name = "$($group.Name)"
                    kind = "$($group.GroupType)"
                    state = "$($group.State)"
                }
            }
        }
    }
    # A role's shares are scoped to its name, those of a plain server to `*`.
    $scope = '*'
    if ($null -ne $answer.role) {
        $scope = $FileServer
    }
    $shares = foreach ($share in Get-SmbShare) {
        if ($share.ScopeName -eq $scope -and -not $share.Special) {
            [ordered]@{
                name = "$($share.Name)"
                path = "$($share.Path)"
                entries = @(Get-ShareEntry $share.SecurityDescriptor)
            }
        }
    }
    $answer.shares = @($shares)
}
catch {
    $answer.error = $_.Exception.GetBaseException().Message.Trim()
}
$answer
