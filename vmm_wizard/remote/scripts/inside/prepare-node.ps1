# Brings to a node what setup of VMM wants there before it runs: the cluster's feature, the media, the deployment kit,
# packages. Runs inside the task, whose account reads the share. Each part looks first whether it is done already, and
# one that fails does not cost the others. What is copied lies in the run's folder, which only administrators enter.
param(
    [Parameter(Mandatory)]
    [AllowEmptyString()]
    [string] $MediaSource,
    [Parameter(Mandatory)]
    [AllowEmptyString()]
    [string] $MediaHash,
    [Parameter(Mandatory)]
    [string] $MediaPath,
    [Parameter(Mandatory)]
    [AllowEmptyString()]
    [string] $KitSource,
    [Parameter(Mandatory)]
    [AllowEmptyString()]
    [string] $EnvironmentSource,
    [Parameter(Mandatory)]
    [AllowEmptyCollection()]
    [string[]] $Packages,
    [Parameter(Mandatory)]
    [string] $Folder,
    [Parameter(Mandatory)]
    [System.IO.TextWriter] $Log
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# How installers end when all is well: done, a newer one is there, done with a restart to come.
$newerIsThere = 1638
$restartToCome = 3010
$minute = 60000
$mebibyte = 1048576
$localMachine = [Microsoft.Win32.Registry]::LocalMachine
$setup = [System.IO.Path]::Combine($MediaPath, 'setup.exe')
$copy = @{ total = 0; done = 0; tenth = 0 }
$parts = [System.Collections.Generic.List[object]]::new()
$answer = [ordered]@{
    parts = @()
    media_version = ''
    media_sha256 = ''
    restart = $false
}

function Invoke-Part([string] $Name, [scriptblock] $Work) {
    # What it gives back is what it did; nothing: all was done before.
    $state = 'done'
    try {
        $text = "$(& $Work)"
        if (-not $text) {
            $state = 'present'
            $text = 'is there already'
        }
    }
    catch {
        $state = 'failed'
        $text = $_.Exception.GetBaseException().Message.Trim()
    }
    $Log.WriteLine("${Name}: $text")
    $parts.Add([ordered]@{
        name = $Name
        state = $state
        text = $text
    })
}

function Get-RegistryValue([string] $Key, [string] $Name) {
    "$([Microsoft.Win32.Registry]::GetValue("HKEY_LOCAL_MACHINE\$Key", $Name, ''))"
}

function Test-RegistryKey([string] $Key) {
    $opened = $localMachine.OpenSubKey($Key)
    if ($null -eq $opened) {
        return $false
    }
    $opened.Dispose()
    return $true
}

function Get-Digest([string] $Path) {
    (Get-FileHash -LiteralPath $Path -Algorithm SHA256).Hash.ToLowerInvariant()
}

function Assert-Digest([string] $Path) {
    $digest = Get-Digest $Path
    if ($MediaHash -and $digest -ne $MediaHash) {
        throw "$Path has the SHA-256 $digest, and not $MediaHash"
    }
    $Log.WriteLine("$Path has the SHA-256 $digest")
}

# --- copies and installers

function Add-Copied([string] $Line) {
    # One line a file, in whatever language: its class, its size, its name, with tabs between.
    if ($Line -match '\t\s*(\d+)\t') {
        $copy.done += [long] $Matches[1]
        $tenth = [int] [Math]::Floor(10 * $copy.done / [Math]::Max(1, $copy.total))
        if ($tenth -gt $copy.tenth) {
            $copy.tenth = $tenth
            $Log.WriteLine("copied $(10 * $tenth) %")
        }
    }
}

function Copy-FromSource([string] $Source, [string] $Target, [string] $File) {
    # A folder with all below it or, where File is given, that file of it alone. What a copy that was cut off has
    # brought is not brought again.
    $pattern = '*'
    $depth = 'AllDirectories'
    if ($File) {
        $pattern = $File
        $depth = 'TopDirectoryOnly'
    }
    $copy.total = 0
    foreach ($path in [System.IO.Directory]::GetFiles($Source, $pattern, $depth)) {
        $copy.total += [System.IO.FileInfo]::new($path).Length
    }
    $copy.done = 0
    $copy.tenth = 0
    $Log.WriteLine("copying $([long] ($copy.total / $mebibyte)) MiB from $Source to $Target")
    # Quoted, a drive's own backslash would hold the quotation mark.
    $line = """$($Source -replace ':\\$', ':\.')"" ""$Target"""
    if ($File) {
        $line += " ""$File"""
    }
    else {
        $line += ' /e /purge'
    }
    $start = [System.Diagnostics.ProcessStartInfo]::new()
    $start.FileName = [System.IO.Path]::Combine([Environment]::SystemDirectory, 'robocopy.exe')
    $start.Arguments = "$line /a-:R /r:5 /w:10 /bytes /np /njh /njs /ndl"
    $start.UseShellExecute = $false
    $start.RedirectStandardOutput = $true
    $process = [System.Diagnostics.Process]::Start($start)
    while ($null -ne ($said = $process.StandardOutput.ReadLine())) {
        Add-Copied $said
    }
    $process.WaitForExit()
    # Bits: 1 copied, 2 more there than in the source, 4 mismatched, 8 and above failed.
    if ($process.ExitCode -ge 8) {
        throw "robocopy from $Source to $Target ended with exit code $($process.ExitCode)"
    }
}

function Start-Installer([string] $Program, [string] $Arguments, [string] $What) {
    $start = [System.Diagnostics.ProcessStartInfo]::new()
    $start.FileName = $Program
    $start.Arguments = $Arguments
    $start.WorkingDirectory = $Folder
    $start.UseShellExecute = $false
    $Log.WriteLine("$Program $Arguments")
    $process = [System.Diagnostics.Process]::Start($start)
    $minutes = 0
    while (-not $process.WaitForExit($minute)) {
        $minutes++
        $Log.WriteLine("$What is at work ($minutes minutes)")
    }
    $code = $process.ExitCode
    if ($code -eq $restartToCome) {
        $answer.restart = $true
    }
    elseif ($code -ne 0 -and $code -ne $newerIsThere) {
        throw "$What ended with exit code $code"
    }
}

# --- the parts

function Add-ClusterFeature {
    $names = 'Failover-Clustering', 'RSAT-Clustering-PowerShell'
    if (@(Get-WindowsFeature -Name $names | Where-Object { -not $_.Installed }).Count -eq 0) {
        return ''
    }
    $Log.WriteLine("installing $($names -join ', ')")
    $result = Install-WindowsFeature -Name $names -IncludeManagementTools
    if (-not $result.Success) {
        throw "Install-WindowsFeature did not succeed: $($result.ExitCode)"
    }
    if ("$($result.RestartNeeded)" -eq 'Yes') {
        $answer.restart = $true
    }
    'installed'
}

function Find-Media([string] $Place) {
    # A folder with setup.exe is the extracted media; else one program alone is what extracts it.
    if ([System.IO.File]::Exists([System.IO.Path]::Combine($Place, 'setup.exe'))) {
        return $Place
    }
    $programs = [System.IO.Directory]::GetFiles($Place, '*.exe')
    if ($programs.Count -ne 1) {
        throw "$Place holds neither setup.exe nor one self-extracting program alone"
    }
    return $programs[0]
}

function New-MediaFolder([string] $Path) {
    # Setup runs elevated from there: below the root of a drive, ordinary users could change what it is.
    $security = [System.Security.AccessControl.DirectorySecurity]::new()
    $security.SetAccessRuleProtection($true, $false)
    # SYSTEM, Administrators, and Users, who may read.
    $rights = [ordered]@{
        'S-1-5-18' = 'FullControl'
        'S-1-5-32-544' = 'FullControl'
        'S-1-5-32-545' = 'ReadAndExecute'
    }
    foreach ($sid in $rights.Keys) {
        $trustee = [System.Security.Principal.SecurityIdentifier]::new($sid)
        $rule = [System.Security.AccessControl.FileSystemAccessRule]::new(
            $trustee, $rights[$sid], 'ContainerInherit, ObjectInherit', 'None', 'Allow')
        $security.AddAccessRule($rule)
    }
    [void] [System.IO.Directory]::CreateDirectory($Path, $security)
    [System.IO.Directory]::SetAccessControl($Path, $security)
}

function Expand-Media([string] $Download, [string] $Target) {
    $name = [System.IO.Path]::GetFileName($Download)
    Copy-FromSource ([System.IO.Path]::GetDirectoryName($Download)) $Folder $name
    $file = [System.IO.Path]::Combine($Folder, $name)
    Assert-Digest $file
    if ($name -like '*.zip') {
        $unpacked = [System.IO.Path]::Combine($Folder, 'unpacked')
        Expand-Archive -LiteralPath $file -DestinationPath $unpacked
        $file = Find-Media $unpacked
    }
    if ([System.IO.Directory]::Exists($file)) {
        Copy-FromSource $file $Target ''
    }
    else {
        Start-Installer $file "/VERYSILENT /DIR=""$Target""" $name
    }
}

function Add-Media {
    if ([System.IO.File]::Exists($setup)) {
        return ''
    }
    $isThere = [System.IO.Directory]::Exists($MediaPath)
    if ($isThere -and @([System.IO.Directory]::GetFileSystemEntries($MediaPath)).Count -gt 0) {
        throw "$MediaPath holds other things than the media: empty it, or choose another media.path"
    }
    # Beside its place first: what has its name there is whole.
    $new = "$($MediaPath.TrimEnd('\')).vmm-wizard"
    $found = $MediaSource
    if ($found -notlike '*.exe' -and $found -notlike '*.zip') {
        $found = Find-Media $found
    }
    if ($found -like '*.exe' -or $found -like '*.zip') {
        if ([System.IO.Directory]::Exists($new)) {
            [System.IO.Directory]::Delete($new, $true)
        }
        New-MediaFolder $new
        Expand-Media $found $new
    }
    else {
        New-MediaFolder $new
        Copy-FromSource $found $new ''
        Assert-Digest ([System.IO.Path]::Combine($new, 'setup.exe'))
    }
    if (-not [System.IO.File]::Exists([System.IO.Path]::Combine($new, 'setup.exe'))) {
        throw "$found left no setup.exe in $new"
    }
    if ($isThere) {
        [System.IO.Directory]::Delete($MediaPath)
    }
    [System.IO.Directory]::Move($new, $MediaPath)
    "brought to $MediaPath from $MediaSource"
}

function Unblock-Media {
    # Only these file systems have streams.
    $format = [System.IO.DriveInfo]::new($MediaPath.Substring(0, 1)).DriveFormat
    if ($format -ne 'NTFS' -and $format -ne 'ReFS') {
        return ''
    }
    $zone = Get-Content -LiteralPath $setup -Stream 'Zone.Identifier' -ErrorAction SilentlyContinue
    if ("$zone" -notmatch 'ZoneId=[34]') {
        return ''
    }
    $signature = Get-AuthenticodeSignature -LiteralPath $setup
    $isValid = "$($signature.Status)" -eq 'Valid'
    if (-not $isValid -or $signature.SignerCertificate.Subject -notmatch 'O=Microsoft Corporation') {
        throw "$setup is marked as downloaded, and its signature is not Microsoft's ($($signature.Status)): left so"
    }
    Get-ChildItem -LiteralPath $MediaPath -Recurse -File | Unblock-File
    'the mark of the download was taken away; the signature is Microsoft''s'
}

function Get-KitFolder {
    foreach ($view in 'SOFTWARE\WOW6432Node', 'SOFTWARE') {
        $root = Get-RegistryValue "$view\Microsoft\Windows Kits\Installed Roots" 'KitsRoot10'
        if ($root -and [System.IO.Directory]::Exists("$root\Assessment and Deployment Kit")) {
            return "$($root.TrimEnd('\'))\Assessment and Deployment Kit"
        }
    }
    return ''
}

function Test-KitPart([string] $Part) {
    $kit = Get-KitFolder
    return [bool] $kit -and [System.IO.Directory]::Exists("$kit\$Part")
}

function Add-KitPart([string] $Part, [string] $Source, [string] $Program, [string] $Option) {
    if (Test-KitPart $Part) {
        return ''
    }
    $layout = [System.IO.Path]::Combine($Folder, [System.IO.Path]::GetFileNameWithoutExtension($Program))
    Copy-FromSource $Source $layout ''
    $file = [System.IO.Path]::Combine($layout, $Program)
    if (-not [System.IO.File]::Exists($file)) {
        throw "there is no $Program in $Source"
    }
    Start-Installer $file "/quiet /norestart /features $Option" $Program
    [System.IO.Directory]::Delete($layout, $true)
    if (-not (Test-KitPart $Part)) {
        throw "$Program ended well, and the kit has no $Part"
    }
    "$Part installed"
}

function Copy-ImageManager {
    # Newer kits keep these files by processor; setup of VMM looks for them one folder higher.
    $place = "$(Get-KitFolder)\Deployment Tools\WSIM"
    $copied = 0
    foreach ($path in [System.IO.Directory]::GetFiles("$place\amd64")) {
        $target = [System.IO.Path]::Combine($place, [System.IO.Path]::GetFileName($path))
        if (-not [System.IO.File]::Exists($target)) {
            [System.IO.File]::Copy($path, $target)
            $copied++
        }
    }
    if ($copied) {
        "$copied files copied to $place"
    }
}

function Get-ProductCode([string] $Path) {
    # By name: the installer's objects tell PowerShell nothing of their members.
    $installer = New-Object -ComObject 'WindowsInstaller.Installer'
    $call = [System.Reflection.BindingFlags]::InvokeMethod
    $read = [System.Reflection.BindingFlags]::GetProperty
    $query = 'SELECT `Value` FROM `Property` WHERE `Property` = ''ProductCode'''
    $database = [System.__ComObject].InvokeMember('OpenDatabase', $call, $null, $installer, @($Path, 0))
    $view = [System.__ComObject].InvokeMember('OpenView', $call, $null, $database, @($query))
    try {
        [void] [System.__ComObject].InvokeMember('Execute', $call, $null, $view, $null)
        $record = [System.__ComObject].InvokeMember('Fetch', $call, $null, $view, $null)
        "$([System.__ComObject].InvokeMember('StringData', $read, $null, $record, @(1)))"
    }
    finally {
        # Else the file stays open.
        [void] [System.__ComObject].InvokeMember('Close', $call, $null, $view, $null)
        [void] [System.Runtime.InteropServices.Marshal]::ReleaseComObject($view)
        [void] [System.Runtime.InteropServices.Marshal]::ReleaseComObject($database)
    }
}

function Test-Package([string] $Path) {
    # By the product that the package names: its code, or of a program the name that Windows lists it by.
    if ($Path -like '*.msi') {
        $wanted = Get-ProductCode $Path
    }
    else {
        $wanted = "$([System.Diagnostics.FileVersionInfo]::GetVersionInfo($Path).ProductName)".Trim()
    }
    $uninstall = 'Microsoft\Windows\CurrentVersion\Uninstall'
    foreach ($root in "SOFTWARE\$uninstall", "SOFTWARE\WOW6432Node\$uninstall") {
        $products = $localMachine.OpenSubKey($root)
        if (-not $wanted -or $null -eq $products) {
            continue
        }
        foreach ($product in $products.GetSubKeyNames()) {
            if ($product -eq $wanted -or (Get-RegistryValue "$root\$product" 'DisplayName') -eq $wanted) {
                return $true
            }
        }
    }
    return $false
}

function Add-Package([string] $Path) {
    $name = [System.IO.Path]::GetFileName($Path)
    $file = [System.IO.Path]::Combine($Folder, $name)
    Copy-FromSource ([System.IO.Path]::GetDirectoryName($Path)) $Folder $name
    if (-not [System.IO.File]::Exists($file)) {
        throw "there is no $Path"
    }
    if (Test-Package $file) {
        return ''
    }
    if ($name -like '*.msi') {
        $terms = 'IACCEPTMSODBCSQLLICENSETERMS=YES IACCEPTMSSQLCMDLNUTILSLICENSETERMS=YES'
        $program = [System.IO.Path]::Combine([Environment]::SystemDirectory, 'msiexec.exe')
        Start-Installer $program "/i ""$file"" /qn /norestart $terms" $name
    }
    else {
        Start-Installer $file '/install /quiet /norestart' $name
    }
    'installed'
}

Invoke-Part 'Failover-Clustering' { Add-ClusterFeature }
if ($MediaSource) {
    Invoke-Part 'media' { Add-Media }
}
if ([System.IO.File]::Exists($setup)) {
    Invoke-Part 'download mark' { Unblock-Media }
    $answer.media_version = "$([System.Diagnostics.FileVersionInfo]::GetVersionInfo($setup).ProductVersion)".Trim()
    $answer.media_sha256 = Get-Digest $setup
}
if ($KitSource) {
    $tools = 'Deployment Tools', $KitSource, 'adksetup.exe', 'OptionId.DeploymentTools'
    Invoke-Part 'Deployment Tools' { Add-KitPart @tools }
}
if ($EnvironmentSource) {
    $environment = @{
        Part = 'Windows Preinstallation Environment'
        Source = $EnvironmentSource
        Program = 'adkwinpesetup.exe'
        Option = 'OptionId.WindowsPreinstallationEnvironment'
    }
    Invoke-Part 'Windows PE' { Add-KitPart @environment }
}
if ([System.IO.Directory]::Exists("$(Get-KitFolder)\Deployment Tools\WSIM\amd64")) {
    Invoke-Part 'WSIM' { Copy-ImageManager }
}
foreach ($package in $Packages) {
    Invoke-Part ([System.IO.Path]::GetFileName($package)) { Add-Package $package }
}
$current = 'SOFTWARE\Microsoft\Windows\CurrentVersion'
if (Test-RegistryKey "$current\Component Based Servicing\RebootPending") {
    $answer.restart = $true
}
if (Test-RegistryKey "$current\WindowsUpdate\Auto Update\RebootRequired") {
    $answer.restart = $true
}
$answer.parts = $parts.ToArray()
$answer
