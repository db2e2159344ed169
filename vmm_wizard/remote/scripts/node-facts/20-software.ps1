# What is installed and running: the deployment kit, services, setup, tasks of ours.
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
        if ($task.Name.StartsWith('vmm-wizard', [StringComparison]::OrdinalIgnoreCase)) {
            $task.Name
        }
    }
}

function Test-InstallerBusy {
    # Windows Installer holds this mutex while it changes the machine. Whoever gets it at once gives it back at once.
    try {
        $mutex = [System.Threading.Mutex]::OpenExisting('Global\_MSIExecute')
    }
    catch [System.Threading.WaitHandleCannotBeOpenedException] {
        return $false
    }
    try {
        if (-not $mutex.WaitOne(0)) {
            return $true
        }
        $mutex.ReleaseMutex()
    }
    catch [System.Threading.AbandonedMutexException] {
        $mutex.ReleaseMutex()
    }
    finally {
        $mutex.Dispose()
    }
    return $false
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
    $versions = @(Get-InstalledProduct 'Windows Assessment and Deployment Kit*' 'DisplayVersion')
    $version = ''
    if ($root -and $versions.Count -gt 0) {
        $version = $versions[0]
    }
    # Newer kits keep these files by processor; setup of VMM looks for them one folder higher.
    $wsim = "$folder\Deployment Tools\WSIM"
    $names = @()
    if ($root -and [System.IO.Directory]::Exists("$wsim\amd64")) {
        $paths = [System.IO.Directory]::GetFiles("$wsim\amd64")
        $names = @($paths | ForEach-Object { [System.IO.Path]::GetFileName($_) })
    }
    $answer.adk = [ordered]@{
        root = $root
        version = $version
        deployment_tools = [bool] $root -and [System.IO.Directory]::Exists("$folder\Deployment Tools")
        windows_pe = [bool] $root -and [System.IO.Directory]::Exists("$folder\Windows Preinstallation Environment")
        wsim_files = $names.Count
        wsim_uncopied = @($names | Where-Object { -not [System.IO.File]::Exists("$wsim\$_") }).Count
    }
}
Read-Part 'sql_tools' {
    $answer.sql_tools = [ordered]@{
        odbc_drivers = @(Get-InstalledProduct '*ODBC Driver*SQL Server*' 'DisplayName')
        command_line = @(Get-InstalledProduct '*Command Line Utilities*' 'DisplayName')
    }
}
Read-Part 'installer_busy' {
    $answer.installer_busy = Test-InstallerBusy
}
Read-Part 'services' {
    $answer.hyperv_service = Test-Service 'vmms'
    $products = @(Get-InstalledProduct '*Virtual Machine Manager Agent*' 'DisplayName')
    $answer.agent_installed = (Test-Service 'SCVMMAgent') -or $products.Count -gt 0
}
Read-Part 'setup_processes' {
    $answer.setup_processes = @(Get-SetupProcess)
}
Read-Part 'tasks' {
    # Windows shows an ordinary user his own tasks alone, without a word about the others.
    if (-not $answer.is_administrator) {
        throw 'only an administrator sees all tasks'
    }
    $answer.tasks = @(Get-OwnTask)
}
