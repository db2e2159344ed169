# One run at a time on a cluster: the lock is a private property of the cluster's core group. Nothing in it is secret.
# read tells it; take writes Lock where there is none, or where it is what was Seen; clear takes away what was Seen.
param(
    [Parameter(Mandatory)]
    [ValidateSet('read', 'take', 'clear')]
    [string] $Action,
    [Parameter(Mandatory)]
    [AllowEmptyString()]
    [ValidateLength(0, 1000)]
    [string] $Lock,
    [Parameter(Mandatory)]
    [AllowEmptyString()]
    [ValidateLength(0, 1000)]
    [string] $Seen
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$property = 'VmmWizardLock'
$settleMilliseconds = 1500

Import-Module -Name FailoverClusters

function Get-CoreGroup {
    # By its type: its name is another one on a Windows of another language.
    foreach ($group in Get-ClusterGroup) {
        if ("$($group.GroupType)" -eq 'Cluster') {
            return $group
        }
    }
    throw 'the cluster shows no core group'
}

function Read-Lock {
    foreach ($parameter in Get-ClusterParameter -InputObject $core) {
        if ("$($parameter.Name)" -eq $property) {
            return "$($parameter.Value)"
        }
    }
    return ''
}

$core = Get-CoreGroup
$before = Read-Lock
$done = $false
$after = $before
if ($Action -eq 'take' -and $Lock) {
    if ($before -ceq '') {
        [void] (Set-ClusterParameter -InputObject $core -Name $property -Value $Lock -Create)
        # Two that found it empty at once both write: the later one stays, and the earlier one sees that here.
        [System.Threading.Thread]::Sleep($settleMilliseconds)
        $after = Read-Lock
    }
    elseif ($before -ceq $Seen) {
        [void] (Set-ClusterParameter -InputObject $core -Name $property -Value $Lock)
        $after = Read-Lock
    }
    $done = $after -ceq $Lock
}
elseif ($Action -eq 'clear' -and $before -and $before -ceq $Seen) {
    try {
        [void] (Set-ClusterParameter -InputObject $core -Name $property -Delete)
    }
    catch {
        # An empty one is as good as none.
        [void] (Set-ClusterParameter -InputObject $core -Name $property -Value '')
    }
    $after = Read-Lock
    $done = -not $after
}
$answer = [ordered]@{
    before = $before
    after = $after
    done = [bool] $done
}
$answer
