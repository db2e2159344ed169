# Makes a run's folder, open to SYSTEM, Administrators and the task's account only, writes its files, reads them back.
# Files: objects with a name and base64 content. The same run can be staged again until its task exists.
param(
    [Parameter(Mandatory)]
    [ValidatePattern('^[A-Za-z0-9-]{1,64}$')]
    [string] $RunId,
    [Parameter(Mandatory)]
    [string] $Account,
    [Parameter(Mandatory)]
    [object[]] $Files
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$system = [System.Security.Principal.SecurityIdentifier]::new('S-1-5-18')
$administrators = [System.Security.Principal.SecurityIdentifier]::new('S-1-5-32-544')

function Protect-Folder([string] $Path, [System.Security.Principal.SecurityIdentifier[]] $Trustees) {
    # Everybody may make folders in ProgramData: one that somebody else made first would stay in his hands.
    if ([System.IO.Directory]::Exists($Path)) {
        $attributes = [System.IO.File]::GetAttributes($Path)
        if ($attributes -band [System.IO.FileAttributes]::ReparsePoint) {
            throw "$Path is a link to somewhere else; remove it"
        }
        $owner = [System.IO.Directory]::GetAccessControl($Path).GetOwner([System.Security.Principal.SecurityIdentifier])
        if ($owner -ne $system -and $owner -ne $administrators) {
            throw "$Path belongs to $owner and not to Administrators; remove it"
        }
    }
    $security = [System.Security.AccessControl.DirectorySecurity]::new()
    $security.SetOwner($administrators)
    $security.SetAccessRuleProtection($true, $false)
    foreach ($trustee in $Trustees) {
        $rule = [System.Security.AccessControl.FileSystemAccessRule]::new(
            $trustee, 'FullControl', 'ContainerInherit, ObjectInherit', 'None', 'Allow')
        $security.AddAccessRule($rule)
    }
    [void] [System.IO.Directory]::CreateDirectory($Path, $security)
    [System.IO.Directory]::SetAccessControl($Path, $security)
}

$service = New-Object -ComObject 'Schedule.Service'
[void] $service.Connect()
$taskExists = $false
foreach ($task in $service.GetFolder('\').GetTasks(1)) {
    if ($task.Name -eq "vmm-wizard-$RunId") {
        $taskExists = $true
    }
}
$root = [System.IO.Path]::Combine([Environment]::GetFolderPath('CommonApplicationData'), 'vmm-wizard')
$folder = [System.IO.Path]::Combine($root, $RunId)
if (-not $taskExists) {
    $taskAccount = [System.Security.Principal.NTAccount]::new($Account).Translate(
        [System.Security.Principal.SecurityIdentifier])
    Protect-Folder $root @($system, $administrators)
    Protect-Folder $folder @($system, $administrators, $taskAccount)
    foreach ($file in $Files) {
        if ($file.name -notmatch '^[A-Za-z0-9-]+\.[A-Za-z0-9]+$') {
            throw "'$($file.name)' is not a file name for a run's folder"
        }
        $path = [System.IO.Path]::Combine($folder, $file.name)
        [System.IO.File]::WriteAllBytes($path, [Convert]::FromBase64String($file.content))
    }
}
$readBack = foreach ($file in $Files) {
    $path = [System.IO.Path]::Combine($folder, $file.name)
    $bytes = [System.IO.File]::ReadAllBytes($path)
    # Not SHA256.Create(): that is the managed one, which a FIPS policy refuses before .NET Framework 4.8.
    $hash = [System.Security.Cryptography.SHA256CryptoServiceProvider]::new()
    [ordered]@{
        name = $file.name
        content = [Convert]::ToBase64String($bytes)
        sha256 = [BitConverter]::ToString($hash.ComputeHash($bytes)).Replace('-', '').ToLowerInvariant()
    }
}
$answer = [ordered]@{
    folder = $folder
    task_exists = $taskExists
    files = @($readBack)
}
$answer
