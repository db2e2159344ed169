# What VMM says of itself by its own cmdlets: nodes, jobs, administrators, library. Reads only.
# Runs inside the task: the connection to the management server is a second hop. What cannot be read is told in errors,
# beside what can.
param(
    [Parameter(Mandatory)]
    [string] $ServerName,
    [Parameter(Mandatory)]
    [int] $Port,
    [Parameter(Mandatory)]
    [System.IO.TextWriter] $Log
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$mostJobs = 500
$invariant = [System.Globalization.CultureInfo]::InvariantCulture
$vmmKey = 'HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server\Setup'

$path = "$([Microsoft.Win32.Registry]::GetValue($vmmKey, 'InstallPath', ''))"
if (-not $path) {
    throw 'VMM is not installed on this node'
}
$module = [System.IO.Path]::Combine($path, 'bin\psModules\virtualmachinemanager\virtualmachinemanager.psd1')
if (-not [System.IO.File]::Exists($module)) {
    throw "VMM's PowerShell module is not at $module"
}
Import-Module -Name $module
$Log.WriteLine("connecting to ${ServerName}:$Port")
$server = Get-SCVMMServer -ComputerName $ServerName -TCPPort $Port
$Log.WriteLine("connected to ${ServerName}:$Port")

$errors = [System.Collections.Generic.List[object]]::new()
$answer = [ordered]@{
    product_version = ''
    active_node = ''
    failover_nodes = @()
    running_jobs = @()
    failed_jobs = @()
    administrators = @()
    library_servers = @()
    library_shares = @()
    errors = @()
}

function Read-Part([string] $Part, [scriptblock] $Read) {
    try {
        [void] (& $Read)
    }
    catch {
        $text = $_.Exception.GetBaseException().Message.Trim()
        $Log.WriteLine("${Part}: $text")
        $errors.Add([ordered]@{
            part = $Part
            error = $text
        })
    }
}

function Get-JobReport([object] $Job) {
    # Not every release is known to tell whether a job can be restarted.
    $restartable = $null
    foreach ($property in $Job.PSObject.Properties) {
        if ($property.Name -eq 'IsRestartable') {
            $restartable = [bool] $property.Value
        }
    }
    [ordered]@{
        id = "$($Job.ID)"
        name = "$($Job.Name)"
        owner = "$($Job.Owner)"
        status = "$($Job.Status)"
        progress = "$($Job.Progress)"
        target = "$($Job.ResultName)"
        started = $Job.StartTime.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', $invariant)
        restartable = $restartable
    }
}

Read-Part 'server' {
    $answer.product_version = "$($server.ProductVersion)"
    $answer.active_node = "$($server.ActiveVMMNode)"
    $answer.failover_nodes = @($server.FailoverVMMNodes | ForEach-Object { "$_" })
}
Read-Part 'running jobs' {
    $answer.running_jobs = @(Get-SCJob -VMMServer $server -Running | ForEach-Object { Get-JobReport $_ })
}
Read-Part 'failed jobs' {
    $recent = Find-SCJob -VMMServer $server -After ([DateTime]::UtcNow.AddDays(-1)) -MaxCount $mostJobs
    $failed = $recent | Where-Object { "$($_.Status)" -eq 'Failed' -or "$($_.Status)" -eq 'Canceled' }
    $answer.failed_jobs = @($failed | ForEach-Object { Get-JobReport $_ })
}
Read-Part 'administrators' {
    $names = foreach ($role in Get-SCUserRole -VMMServer $server -UserRoleProfile 'Administrator') {
        foreach ($member in $role.Members) {
            "$($member.Name)"
        }
    }
    $answer.administrators = @($names)
}
Read-Part 'library servers' {
    $answer.library_servers = @(Get-SCLibraryServer -VMMServer $server | ForEach-Object { "$($_.Name)" })
}
Read-Part 'library shares' {
    $shares = foreach ($share in Get-SCLibraryShare -VMMServer $server) {
        [ordered]@{
            name = "$($share.Name)"
            path = "$($share.Path)"
            server = "$($share.LibraryServer.Name)"
        }
    }
    $answer.library_shares = @($shares)
}
$answer.errors = $errors.ToArray()
$answer
