# Says what a node is: one object with the fields of NodeFacts. Reads only; nothing here reaches another machine but the
# connection to SQL Server, which sends no logon. What cannot be read stays null, and `unreadable` says why.
param(
    [Parameter(Mandatory)]
    [AllowEmptyString()]
    [string] $SqlHost,
    [Parameter(Mandatory)]
    [AllowEmptyString()]
    [string] $SqlInstance,
    [Parameter(Mandatory)]
    [int] $SqlPort,
    [Parameter(Mandatory)]
    [AllowEmptyString()]
    [string] $MediaPath,
    [Parameter(Mandatory)]
    [string[]] $FailurePatterns
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$connectMilliseconds = 5000
$browserMilliseconds = 2000
$standardSqlPort = 1433
$browserPort = 1434
$mostLogLines = 20
$longestLogLine = 300
$localMachine = [Microsoft.Win32.Registry]::LocalMachine
$vmmKey = 'SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server'

$answer = [ordered]@{
    language_mode = "$($ExecutionContext.SessionState.LanguageMode)"
    computer_name = $null
    pending_computer_name = $null
    dns_host_name = $null
    user = $null
    is_administrator = $null
    part_of_domain = $null
    domain = $null
    secure_channel = $null
    os_caption = $null
    os_build = $null
    product_type = $null
    installation_type = $null
    ui_culture = $null
    logical_processors = $null
    memory_bytes = $null
    system_drive = $env:SystemDrive
    disks = $null
    dotnet_release = $null
    powershell_version = "$($PSVersionTable.PSVersion)"
    adk = $null
    reboot = $null
    hyperv_feature = $null
    hyperv_service = $null
    agent_installed = $null
    vmm = $null
    administrators = $null
    rights = $null
    disable_domain_creds = $null
    media = $null
    sql = $null
    cluster = $null
    cluster_error = ''
    adapters = $null
    setup_processes = $null
    tasks = $null
    utc_time = [DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ss.fffZ')
    unreadable = $null
}
$unreadable = [System.Collections.Generic.List[string]]::new()

function Read-Part([string] $Name, [scriptblock] $Read) {
    # One part that cannot be read must not cost the others.
    try {
        $null = & $Read
    }
    catch {
        $unreadable.Add("${Name}: $($_.Exception.GetBaseException().Message.Trim())")
    }
}

function Get-RegistryValue([string] $Key, [string] $Name, [object] $Default) {
    # Without the key as without the value: the default.
    $value = [Microsoft.Win32.Registry]::GetValue("HKEY_LOCAL_MACHINE\$Key", $Name, $Default)
    if ($null -eq $value) {
        return $Default
    }
    return $value
}

function Test-RegistryKey([string] $Key) {
    $opened = $localMachine.OpenSubKey($Key)
    if ($null -eq $opened) {
        return $false
    }
    $opened.Dispose()
    return $true
}

function Get-InstalledVersion([string] $Pattern) {
    # The versions of installed products by their name in the Uninstall keys of both views.
    $uninstall = 'Microsoft\Windows\CurrentVersion\Uninstall'
    foreach ($root in "SOFTWARE\$uninstall", "SOFTWARE\WOW6432Node\$uninstall") {
        $products = $localMachine.OpenSubKey($root)
        if ($null -eq $products) {
            continue
        }
        foreach ($product in $products.GetSubKeyNames()) {
            if ("$(Get-RegistryValue "$root\$product" 'DisplayName' '')" -like $Pattern) {
                "$(Get-RegistryValue "$root\$product" 'DisplayVersion' '')"
            }
        }
        $products.Dispose()
    }
}

function Test-Service([string] $Name) {
    return @(Get-CimInstance -ClassName 'Win32_Service' -Filter "Name = '$Name'").Count -gt 0
}

function Get-Sid([string] $Account) {
    # An account's SID; what does not resolve stays what it is.
    if ($Account -match '^\*?(S-1-[0-9-]+)$') {
        return $Matches[1]
    }
    try {
        $translated = [System.Security.Principal.NTAccount]::new($Account).Translate(
            [System.Security.Principal.SecurityIdentifier])
        return $translated.Value
    }
    catch {
        return $Account
    }
}

function Get-AdministratorByAdsi {
    # Get-LocalGroupMember fails as a whole on one member whose account is gone; this lists it by its SID.
    $sid = [System.Security.Principal.SecurityIdentifier]::new('S-1-5-32-544')
    $group = $sid.Translate([System.Security.Principal.NTAccount]).Value.Split('\')[-1]
    $entry = [System.DirectoryServices.DirectoryEntry]::new("WinNT://./$group,group")
    foreach ($member in $entry.psbase.Invoke('Members')) {
        $path = [System.DirectoryServices.DirectoryEntry]::new($member).psbase.Path
        $parts = $path.Substring('WinNT://'.Length).Split('/')
        $name = ''
        $account = $parts[-1]
        if ($parts.Count -gt 1) {
            $name = "$($parts[-2])\$account"
            $account = $name
        }
        [ordered]@{
            sid = Get-Sid $account
            name = $name
        }
    }
}

function Get-Administrator {
    try {
        $members = @(Get-LocalGroupMember -SID 'S-1-5-32-544')
    }
    catch {
        return Get-AdministratorByAdsi
    }
    foreach ($member in $members) {
        [ordered]@{
            sid = "$($member.SID)"
            name = "$($member.Name)"
        }
    }
}

function Get-UserRight {
    # Rights that nobody holds are not in the export.
    $file = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), [System.IO.Path]::GetRandomFileName())
    $held = @{}
    try {
        $null = & secedit.exe /export /areas USER_RIGHTS /cfg $file /quiet
        foreach ($line in [System.IO.File]::ReadAllLines($file)) {
            if ($line -match '^\s*(Se\w+)\s*=\s*(.*)$') {
                $right = $Matches[1]
                $accounts = $Matches[2].Split(',') | ForEach-Object { $_.Trim() } | Where-Object { $_ }
                $held[$right] = @($accounts | ForEach-Object { Get-Sid $_ })
            }
        }
    }
    finally {
        [System.IO.File]::Delete($file)
    }
    return $held
}

function Get-MediaReport {
    $report = [ordered]@{
        path = $MediaPath
        kind = 'missing'
        exists = $false
        product_version = ''
        sha256 = ''
        blocked = $false
    }
    if ($MediaPath.StartsWith('\\') -or $MediaPath.StartsWith('//')) {
        # Not looked at: a share is a second hop.
        $report.kind = 'network'
        return $report
    }
    if ($MediaPath -notmatch '^[A-Za-z]:[\\/]') {
        return $report
    }
    $report.kind = switch ("$([System.IO.DriveInfo]::new($MediaPath.Substring(0, 1)).DriveType)") {
        'Fixed' {
            'fixed'
        }
        'Ram' {
            'fixed'
        }
        'Network' {
            'network'
        }
        'NoRootDirectory' {
            'missing'
        }
        default {
            'removable'
        }
    }
    $setup = [System.IO.Path]::Combine($MediaPath, 'setup.exe')
    if ($report.kind -eq 'network' -or -not [System.IO.File]::Exists($setup)) {
        return $report
    }
    $report.exists = $true
    $report.product_version = "$([System.Diagnostics.FileVersionInfo]::GetVersionInfo($setup).ProductVersion)".Trim()
    $report.sha256 = (Get-FileHash -LiteralPath $setup -Algorithm SHA256).Hash.ToLowerInvariant()
    $zone = Get-Content -LiteralPath $setup -Stream 'Zone.Identifier' -ErrorAction SilentlyContinue
    $report.blocked = "$zone" -match 'ZoneId=[34]'
    return $report
}

function Get-SocketErrorText([System.Exception] $Cause) {
    $base = $Cause.GetBaseException()
    if ($base -is [System.Net.Sockets.SocketException]) {
        if ($base.SocketErrorCode -eq [System.Net.Sockets.SocketError]::ConnectionRefused) {
            return 'refused'
        }
        if ($base.SocketErrorCode -eq [System.Net.Sockets.SocketError]::TimedOut) {
            return 'timed out'
        }
        if ($base.SocketErrorCode -eq [System.Net.Sockets.SocketError]::HostNotFound) {
            return 'the name is not in DNS'
        }
    }
    return $base.Message.Trim()
}

function Get-InstancePort([System.Net.IPAddress] $Address) {
    # SQL Browser's answer (MC-SQLR): a byte, a length, then names and values between semicolons.
    $client = [System.Net.Sockets.UdpClient]::new($Address.AddressFamily)
    try {
        $client.Client.ReceiveTimeout = $browserMilliseconds
        $client.Connect($Address, $browserPort)
        [byte[]] $request = @(4) + [System.Text.Encoding]::ASCII.GetBytes($SqlInstance) + @(0)
        [void] $client.Send($request, $request.Length)
        $from = [System.Net.IPEndPoint]::new([System.Net.IPAddress]::Any, 0)
        if ($Address.AddressFamily -eq [System.Net.Sockets.AddressFamily]::InterNetworkV6) {
            $from = [System.Net.IPEndPoint]::new([System.Net.IPAddress]::IPv6Any, 0)
        }
        $text = [System.Text.Encoding]::ASCII.GetString($client.Receive([ref] $from))
        if ($text -match ';tcp;(\d+);') {
            return [int] $Matches[1]
        }
        throw "SQL Browser names no TCP port for instance $SqlInstance"
    }
    catch [System.Net.Sockets.SocketException] {
        throw "SQL Browser did not answer ($(Get-SocketErrorText $_.Exception))"
    }
    finally {
        $client.Close()
    }
}

function Connect-Address([System.Net.IPAddress] $Address, [int] $Port) {
    $client = [System.Net.Sockets.TcpClient]::new($Address.AddressFamily)
    try {
        $attempt = $client.BeginConnect($Address, $Port, $null, $null)
        if (-not $attempt.AsyncWaitHandle.WaitOne($connectMilliseconds)) {
            return 'timed out'
        }
        $client.EndConnect($attempt)
        return ''
    }
    catch {
        return Get-SocketErrorText $_.Exception
    }
    finally {
        $client.Close()
    }
}

function Get-SqlAnswer {
    $report = [ordered]@{
        host = $SqlHost
        port = $SqlPort
        open = $false
        error = 'not asked'
    }
    if (-not $SqlHost) {
        return $report
    }
    try {
        $addresses = @([System.Net.Dns]::GetHostAddresses($SqlHost))
        if ($SqlInstance -and -not $SqlPort) {
            $report.port = Get-InstancePort $addresses[0]
        }
        elseif (-not $SqlPort) {
            $report.port = $standardSqlPort
        }
        foreach ($address in $addresses) {
            $report.error = Connect-Address $address $report.port
            if (-not $report.error) {
                $report.open = $true
                break
            }
        }
    }
    catch {
        $report.error = Get-SocketErrorText $_.Exception
    }
    return $report
}

function Get-LogFailure([string] $Path) {
    # Setup keeps its log open: share everything.
    $found = [System.Collections.Generic.Queue[string]]::new()
    $stream = [System.IO.FileStream]::new($Path, 'Open', 'Read', 'ReadWrite, Delete')
    $reader = [System.IO.StreamReader]::new($stream)
    try {
        while ($null -ne ($line = $reader.ReadLine())) {
            foreach ($pattern in $FailurePatterns) {
                if ($line.IndexOf($pattern, [StringComparison]::OrdinalIgnoreCase) -ge 0) {
                    $found.Enqueue($line.Trim().Substring(0, [Math]::Min($longestLogLine, $line.Trim().Length)))
                    break
                }
            }
            if ($found.Count -gt $mostLogLines) {
                [void] $found.Dequeue()
            }
        }
    }
    finally {
        $reader.Dispose()
    }
    return $found.ToArray()
}

function Get-SqlMachine {
    $sql = "$vmmKey\Settings\Sql"
    $machine = "$(Get-RegistryValue $sql 'MachineName' '')"
    if (-not $machine) {
        $machine = "$(Get-RegistryValue $sql 'MachineFQDN' '')"
    }
    return $machine
}

function Get-SqlInstance {
    # Seen in the field: NAME, SERVER\NAME, and the server's (or listener's) own name for a default instance.
    $instance = "$(Get-RegistryValue "$vmmKey\Settings\Sql" 'InstanceName' '')"
    if ($instance.Contains('\')) {
        return $instance.Split('\')[-1]
    }
    if ($instance.Split('.')[0] -eq (Get-SqlMachine).Split('.')[0]) {
        return ''
    }
    return $instance
}

function Get-VmmReport {
    $service = @(Get-CimInstance -ClassName 'Win32_Service' -Filter "Name = 'SCVMMService'")
    $path = "$(Get-RegistryValue "$vmmKey\Setup" 'InstallPath' '')"
    if (-not $path -and $service.Count -eq 0) {
        return
    }
    $log = [System.IO.Path]::Combine(
        [Environment]::GetFolderPath('CommonApplicationData'), 'VMMLogs', 'SetupWizard.log')
    $logExists = [System.IO.File]::Exists($log)
    $report = [ordered]@{
        install_path = $path.TrimEnd('\')
        version = "$(Get-RegistryValue "$vmmKey\Setup" 'ProductVersion' '')"
        service_state = ''
        service_account = ''
        service_principal_names = "$(Get-RegistryValue "$vmmKey\Setup" 'VmmServicePrincipalNames' '')"
        sql_machine = Get-SqlMachine
        sql_instance = Get-SqlInstance
        sql_database = "$(Get-RegistryValue "$vmmKey\Settings\Sql" 'DatabaseName' '')"
        log_exists = $logExists
        log_failures = @()
    }
    if ($service.Count -gt 0) {
        $report.service_state = "$($service[0].State)"
        $report.service_account = "$($service[0].StartName)"
    }
    $program = [System.IO.Path]::Combine($path, 'bin\vmmservice.exe')
    if (-not $report.version -and [System.IO.File]::Exists($program)) {
        $report.version = "$([System.Diagnostics.FileVersionInfo]::GetVersionInfo($program).ProductVersion)".Trim()
    }
    if ($logExists) {
        $report.log_failures = @(Get-LogFailure $log)
    }
    return $report
}

function Get-ResourceParameter([object] $Resource, [string] $Name) {
    # A type without this parameter is an error of the cmdlet, and no news.
    try {
        return "$((Get-ClusterParameter -InputObject $Resource -Name $Name).Value)"
    }
    catch {
        return ''
    }
}

function Get-Subnet([object] $Network) {
    foreach ($family in 'Ipv4', 'Ipv6') {
        $addresses = @($Network."${family}Addresses")
        $lengths = @($Network."${family}PrefixLengths")
        for ($number = 0; $number -lt $addresses.Count; $number++) {
            if ($addresses[$number]) {
                "$($addresses[$number])/$($lengths[$number])"
            }
        }
    }
}

function Get-AddressResource([object[]] $Resources) {
    $parameters = @{
        'IP Address' = 'Address'
        'IPv6 Address' = 'Address'
        'Network Name' = 'Name'
        'Distributed Network Name' = 'DnsName'
    }
    foreach ($resource in $Resources) {
        $type = $resource.ResourceType.Name
        if (-not $parameters.ContainsKey($type)) {
            continue
        }
        $kind = 'name'
        if ($parameters[$type] -eq 'Address') {
            $kind = 'address'
        }
        [ordered]@{
            name = "$($resource.Name)"
            group = $resource.OwnerGroup.Name
            kind = $kind
            value = Get-ResourceParameter $resource $parameters[$type]
            state = "$($resource.State)"
        }
    }
}

function Get-ServiceResource([object[]] $Resources) {
    # By what a resource runs, not by its name or type: nobody documents how setup names it.
    foreach ($resource in $Resources) {
        $service = Get-ResourceParameter $resource 'ServiceName'
        if ($service) {
            [ordered]@{
                name = "$($resource.Name)"
                group = $resource.OwnerGroup.Name
                service_name = $service
                state = "$($resource.State)"
            }
        }
    }
}

function Get-ClusterReport {
    # Each node is asked about itself: a name here would be a second hop, which a network logon cannot make.
    Import-Module -Name FailoverClusters
    $cluster = Get-Cluster
    $resources = @(Get-ClusterResource)
    $witness = (Get-ClusterQuorum).QuorumResource
    $witnessName = ''
    if ($null -ne $witness) {
        $witnessName = $witness.Name
    }
    $nodes = foreach ($node in Get-ClusterNode) {
        [ordered]@{
            name = "$($node.Name)"
            state = "$($node.State)"
            status = "$($node.StatusInformation)"
        }
    }
    $groups = foreach ($group in Get-ClusterGroup) {
        [ordered]@{
            name = "$($group.Name)"
            kind = "$($group.GroupType)"
            state = "$($group.State)"
            owner = $group.OwnerNode.Name
        }
    }
    $networks = foreach ($network in Get-ClusterNetwork) {
        [ordered]@{
            name = "$($network.Name)"
            role = [int] $network.Role
            subnets = @(Get-Subnet $network)
        }
    }
    [ordered]@{
        name = "$($cluster.Name)"
        domain = "$($cluster.Domain)"
        access_point = "$($cluster.AdministrativeAccessPoint)"
        witness = $witnessName
        nodes = @($nodes)
        groups = @($groups)
        services = @(Get-ServiceResource $resources)
        addresses = @(Get-AddressResource $resources)
        networks = @($networks)
    }
}

function Get-Adapter {
    $configurations = @(
        Get-CimInstance -ClassName 'Win32_NetworkAdapterConfiguration' -Filter 'IPEnabled = TRUE AND DHCPEnabled = TRUE'
    )
    foreach ($adapter in Get-ClusterNetworkInterface -Node $env:COMPUTERNAME) {
        # DHCP is a matter of the adapter and of IPv4: its IPv6 addresses are told with the same mark.
        $own = @($adapter.Ipv4Addresses | Where-Object { $_ })
        $leased = @($configurations | Where-Object { $own.Count -gt 0 -and $_.IPAddress -contains $own[0] })
        foreach ($address in @($adapter.Ipv4Addresses) + @($adapter.Ipv6Addresses)) {
            if ($address) {
                [ordered]@{
                    network = $adapter.Network.Name
                    address = "$address"
                    dhcp = $leased.Count -gt 0
                }
            }
        }
    }
}

function Get-SetupProcess {
    # Never the command line, which holds passwords.
    $question = @{
        ClassName = 'Win32_Process'
        Filter = "Name = 'setup.exe' OR Name = 'SetupVM.exe'"
        Property = 'Name', 'ExecutablePath'
    }
    foreach ($process in Get-CimInstance @question) {
        $path = "$($process.ExecutablePath)"
        $isOurs = -not $path
        if ($path) {
            $fromMedia = $MediaPath -and $path.StartsWith($MediaPath, [StringComparison]::OrdinalIgnoreCase)
            $description = ''
            if ([System.IO.File]::Exists($path)) {
                $description = "$([System.Diagnostics.FileVersionInfo]::GetVersionInfo($path).FileDescription)"
            }
            $isOurs = $fromMedia -or $description -like '*Virtual Machine Manager Setup*'
        }
        if ($isOurs) {
            [System.IO.Path]::GetFileNameWithoutExtension($process.Name)
        }
    }
}

function Get-OwnTask {
    $service = New-Object -ComObject 'Schedule.Service'
    [void] $service.Connect()
    foreach ($task in $service.GetFolder('\').GetTasks(1)) {
        if ($task.Name.StartsWith('vmm-wizard')) {
            $task.Name
        }
    }
}

Read-Part 'name' {
    $names = 'SYSTEM\CurrentControlSet\Control\ComputerName'
    $answer.computer_name = "$(Get-RegistryValue "$names\ActiveComputerName" 'ComputerName' $env:COMPUTERNAME)"
    $answer.pending_computer_name = "$(Get-RegistryValue "$names\ComputerName" 'ComputerName' $env:COMPUTERNAME)"
    $network = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
    $answer.dns_host_name = "$($network.HostName).$($network.DomainName)".TrimEnd('.')
}
Read-Part 'user' {
    $identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
    $principal = [System.Security.Principal.WindowsPrincipal]::new($identity)
    $answer.user = $identity.Name
    $answer.is_administrator = $principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)
    $answer.ui_culture = [System.Globalization.CultureInfo]::CurrentUICulture.Name
}
Read-Part 'computer' {
    $computer = Get-CimInstance -ClassName 'Win32_ComputerSystem'
    $answer.part_of_domain = [bool] $computer.PartOfDomain
    $answer.domain = "$($computer.Domain)"
    $answer.logical_processors = [int] $computer.NumberOfLogicalProcessors
    $answer.memory_bytes = [long] $computer.TotalPhysicalMemory
}
Read-Part 'secure_channel' {
    $answer.secure_channel = [bool] (Test-ComputerSecureChannel)
}
Read-Part 'system' {
    $system = Get-CimInstance -ClassName 'Win32_OperatingSystem'
    $answer.os_caption = "$($system.Caption)".Trim()
    $answer.os_build = [int] $system.BuildNumber
    $answer.product_type = [int] $system.ProductType
    $windows = 'SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    $answer.installation_type = "$(Get-RegistryValue $windows 'InstallationType' '')"
}
Read-Part 'disks' {
    $disks = foreach ($disk in Get-CimInstance -ClassName 'Win32_LogicalDisk' -Filter 'DriveType = 3') {
        # A locked or unformatted volume has no size.
        if ($disk.Size) {
            [ordered]@{
                drive = "$($disk.DeviceID)"
                free_bytes = [long] $disk.FreeSpace
                size_bytes = [long] $disk.Size
            }
        }
    }
    $answer.disks = @($disks)
}
Read-Part 'dotnet_release' {
    $answer.dotnet_release = [int] (Get-RegistryValue 'SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full' 'Release' 0)
}
Read-Part 'adk' {
    $root = ''
    foreach ($view in 'SOFTWARE\WOW6432Node', 'SOFTWARE') {
        $kits = "$(Get-RegistryValue "$view\Microsoft\Windows Kits\Installed Roots" 'KitsRoot10' '')"
        # The Windows SDK sets the same value: only the kit's own folder counts.
        if (-not $root -and $kits -and [System.IO.Directory]::Exists("$kits\Assessment and Deployment Kit")) {
            $root = $kits
        }
    }
    $folder = "$root\Assessment and Deployment Kit"
    $versions = @(Get-InstalledVersion 'Windows Assessment and Deployment Kit*')
    $version = ''
    if ($root -and $versions.Count -gt 0) {
        $version = $versions[0]
    }
    $answer.adk = [ordered]@{
        root = $root
        version = $version
        deployment_tools = [bool] $root -and [System.IO.Directory]::Exists("$folder\Deployment Tools")
        windows_pe = [bool] $root -and [System.IO.Directory]::Exists("$folder\Windows Preinstallation Environment")
    }
}
Read-Part 'reboot' {
    $current = 'SOFTWARE\Microsoft\Windows\CurrentVersion'
    $renames = Get-RegistryValue 'SYSTEM\CurrentControlSet\Control\Session Manager' 'PendingFileRenameOperations' @()
    $answer.reboot = [ordered]@{
        component_servicing = Test-RegistryKey "$current\Component Based Servicing\RebootPending"
        windows_update = Test-RegistryKey "$current\WindowsUpdate\Auto Update\RebootRequired"
        file_renames = @($renames | Where-Object { $_ }).Count -gt 0
        computer_rename = $answer.computer_name -ne $answer.pending_computer_name
    }
}
Read-Part 'hyperv_feature' {
    $features = @(Get-CimInstance -ClassName 'Win32_OptionalFeature' -Filter "Name = 'Microsoft-Hyper-V'")
    $answer.hyperv_feature = @($features | Where-Object { $_.InstallState -eq 1 }).Count -gt 0
}
Read-Part 'services' {
    $answer.hyperv_service = Test-Service 'vmms'
    $products = @(Get-InstalledVersion '*Virtual Machine Manager Agent*')
    $answer.agent_installed = (Test-Service 'SCVMMAgent') -or $products.Count -gt 0
}
Read-Part 'vmm' {
    $answer.vmm = Get-VmmReport
}
Read-Part 'administrators' {
    $answer.administrators = @(Get-Administrator)
}
Read-Part 'rights' {
    $held = Get-UserRight
    $answer.rights = [ordered]@{
        service_logon = @($held['SeServiceLogonRight'] | Where-Object { $_ })
        deny_service_logon = @($held['SeDenyServiceLogonRight'] | Where-Object { $_ })
        batch_logon = @($held['SeBatchLogonRight'] | Where-Object { $_ })
        deny_batch_logon = @($held['SeDenyBatchLogonRight'] | Where-Object { $_ })
        deny_network_logon = @($held['SeDenyNetworkLogonRight'] | Where-Object { $_ })
    }
}
Read-Part 'disable_domain_creds' {
    $lsa = 'SYSTEM\CurrentControlSet\Control\Lsa'
    $answer.disable_domain_creds = [int] (Get-RegistryValue $lsa 'DisableDomainCreds' 0)
}
Read-Part 'media' {
    $answer.media = Get-MediaReport
}
Read-Part 'sql' {
    $answer.sql = Get-SqlAnswer
}
try {
    $answer.cluster = Get-ClusterReport
}
catch {
    $answer.cluster_error = $_.Exception.GetBaseException().Message.Trim()
}
Read-Part 'adapters' {
    # Outside a cluster there are none.
    $adapters = @()
    if ($null -ne $answer.cluster) {
        $adapters = @(Get-Adapter)
    }
    $answer.adapters = $adapters
}
Read-Part 'setup_processes' {
    $answer.setup_processes = @(Get-SetupProcess)
}
Read-Part 'tasks' {
    $answer.tasks = @(Get-OwnTask)
}
$answer.unreadable = $unreadable.ToArray()
$answer
