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
    [AllowEmptyString()]
    [string] $ProgramFiles,
    [Parameter(Mandatory)]
    [int[]] $Ports,
    [Parameter(Mandatory)]
    [AllowEmptyCollection()]
    [string[]] $StaticAddresses,
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
# A registry value that is not there.
$notSet = -1
# Thai years and Finnish times would be other numbers.
$invariant = [System.Globalization.CultureInfo]::InvariantCulture
$localMachine = [Microsoft.Win32.Registry]::LocalMachine
$vmmKey = 'SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server'

$answer = [ordered]@{
    language_mode = "$($ExecutionContext.SessionState.LanguageMode)"
    computer_name = $null
    pending_computer_name = $null
    host_name = $null
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
    culture = $null
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
    remains = $null
    administrators = $null
    rights = $null
    disable_domain_creds = $null
    policy = $null
    media = $null
    sql = $null
    cluster = $null
    cluster_error = ''
    adapters = $null
    address_probes = $null
    validation = $null
    sql_tools = $null
    ports = $null
    winrm = $null
    shell = $null
    tls = $null
    firewall = $null
    ntlm = $null
    app_control = $null
    logging = $null
    installer_busy = $null
    consoles = $null
    staged = $null
    setup_processes = $null
    tasks = $null
    utc_time = $null
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

function Get-InstalledProduct([string] $Pattern, [string] $Value) {
    # One value of each installed product of this name, by the Uninstall keys of both views.
    $uninstall = 'Microsoft\Windows\CurrentVersion\Uninstall'
    foreach ($root in "SOFTWARE\$uninstall", "SOFTWARE\WOW6432Node\$uninstall") {
        $products = $localMachine.OpenSubKey($root)
        if ($null -eq $products) {
            continue
        }
        foreach ($product in $products.GetSubKeyNames()) {
            if ("$(Get-RegistryValue "$root\$product" 'DisplayName' '')" -like $Pattern) {
                "$(Get-RegistryValue "$root\$product" $Value '')"
            }
        }
        $products.Dispose()
    }
}

function Test-Service([string] $Name) {
    # By the registry: the service manager answers no ordinary user who has come over the network.
    return Test-RegistryKey "SYSTEM\CurrentControlSet\Services\$Name"
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

# First, since what an account is not shown depends on it.
Read-Part 'user' {
    $identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
    $principal = [System.Security.Principal.WindowsPrincipal]::new($identity)
    $answer.user = $identity.Name
    $answer.is_administrator = $principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)
    $answer.ui_culture = [System.Globalization.CultureInfo]::CurrentUICulture.Name
    $answer.culture = [System.Globalization.CultureInfo]::CurrentCulture.Name
}
