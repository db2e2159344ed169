# An installed VMM, and what its log says.
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

function Get-SqlSettings {
    # What the service reads when it starts (HASQL). Of the connection string only what is named here: it may hold more.
    $sql = "$vmmKey\Settings\Sql"
    $settings = [ordered]@{
        machine_name = "$(Get-RegistryValue $sql 'MachineName' '')"
        machine_fqdn = "$(Get-RegistryValue $sql 'MachineFQDN' '')"
        instance_name = "$(Get-RegistryValue $sql 'InstanceName' '')"
        server = ''
        multi_subnet = $null
    }
    $connection = "$(Get-RegistryValue $sql 'ConnectionString' '')"
    if ($connection) {
        try {
            $parts = [System.Data.SqlClient.SqlConnectionStringBuilder]::new($connection)
            $settings.server = "$($parts['Data Source'])"
            $settings.multi_subnet = "$($parts['MultiSubnetFailover'])" -eq 'True'
        }
        catch {
            # Its message could quote the text.
            $unreadable.Add('connection: the connection string in the registry is none that Windows can read')
        }
    }
    return $settings
}

function Get-VmmPorts {
    # By the names that setup's answer file has for them. Chosen at setup and never changed.
    $settings = "$vmmKey\Settings"
    return [ordered]@{
        console = [int] (Get-RegistryValue $settings 'IndigoTcpPort' 0)
        winpe_https = [int] (Get-RegistryValue $settings 'IndigoHTTPSPort' 0)
        wds = [int] (Get-RegistryValue $settings 'IndigoNETTCPPort' 0)
        winpe_http = [int] (Get-RegistryValue $settings 'IndigoHTTPPort' 0)
        winrm = [int] (Get-RegistryValue $settings 'WSManTcpPort' 0)
        bits = [int] (Get-RegistryValue $settings 'BitsTcpPort' 0)
    }
}

function Get-VmmReport {
    $service = @(Get-CimInstance -ClassName 'Win32_Service' -Filter "Name = 'SCVMMService'")
    $path = "$(Get-RegistryValue "$vmmKey\Setup" 'InstallPath' '')"
    if ($service.Count -eq 0 -and (Test-Service 'SCVMMService')) {
        throw 'the service manager does not show SCVMMService'
    }
    if (-not $path -and $service.Count -eq 0) {
        return $null
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
        sql_settings = Get-SqlSettings
        ports = Get-VmmPorts
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

Read-Part 'vmm' {
    $answer.vmm = Get-VmmReport
}

function Get-VmmRemains {
    # The agent is a product of its own, which VMM puts on every host.
    $pattern = 'Microsoft System Center*Virtual Machine Manager*'
    $names = @(Get-InstalledProduct $pattern 'DisplayName')
    $commands = @(Get-InstalledProduct $pattern 'UninstallString')
    $products = [System.Collections.Generic.List[object]]::new()
    for ($place = 0; $place -lt $names.Count; $place++) {
        if ($names[$place] -notlike '*Agent*') {
            $products.Add([ordered]@{ name = $names[$place]; uninstall = $commands[$place] })
        }
    }
    return [ordered]@{
        folder = [bool] $ProgramFiles -and [System.IO.Directory]::Exists($ProgramFiles)
        products = $products.ToArray()
    }
}

Read-Part 'remains' {
    $answer.remains = Get-VmmRemains
}
