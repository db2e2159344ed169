# Runs inside the scheduled task, as its account: takes the secrets in, then rehearses, runs setup or runs a script that
# was staged beside it, as job.json says. It writes what it has to say into its folder: public-key.json, begun.json,
# watch.json (how setup's processes fare), work.log (a script's own lines), report.json and, last, result.json.
param(
    [Parameter(Mandatory)]
    [string] $Folder
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# Thai years and Finnish times would be other numbers.
$invariant = [System.Globalization.CultureInfo]::InvariantCulture

function Get-RunPath([string] $Name) {
    [System.IO.Path]::Combine($Folder, $Name)
}

function Write-Answer([string] $Name, [System.Collections.IDictionary] $Value) {
    # Whole or not at all: a reader never sees half a file.
    $unfinished = Get-RunPath "$Name.new"
    $path = Get-RunPath $Name
    [System.IO.File]::WriteAllText($unfinished, (ConvertTo-Json -InputObject $Value -Depth 10 -Compress))
    [System.IO.File]::Delete($path)
    [System.IO.File]::Move($unfinished, $path)
}

function Get-ErrorText([System.Exception] $Cause) {
    $base = $Cause.GetBaseException()
    '{0} (0x{1:X8})' -f $base.Message.Trim(), $base.HResult
}

function Get-Time {
    [DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ', $invariant)
}

function Get-GroupReport([System.Collections.IDictionary] $Report) {
    $identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
    $sids = [System.Collections.Generic.List[string]]::new()
    foreach ($group in $identity.Groups) {
        $sids.Add($group.Value)
    }
    $principal = [System.Security.Principal.WindowsPrincipal]::new($identity)
    $Report.user = $identity.Name
    $Report.groups = $sids.ToArray()
    # A token that User Account Control has filtered holds Administrators for denying only: no role.
    $Report.elevated = $principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)
    $Report.language_mode = "$($ExecutionContext.SessionState.LanguageMode)"
    $Report.ui_culture = [System.Globalization.CultureInfo]::CurrentUICulture.Name
}

function Get-SqlReport([System.Collections.IDictionary] $Report, [object] $Job) {
    # As setup itself connects: integrated security and SqlClient's defaults. No password is in this connection.
    $source = $Job.sql_host
    if ($Job.sql_instance) {
        $source += "\$($Job.sql_instance)"
    }
    if ($Job.sql_port) {
        $source += ",$($Job.sql_port)"
    }
    $text = [System.Data.SqlClient.SqlConnectionStringBuilder]::new()
    $text['Data Source'] = $source
    $text['Initial Catalog'] = 'master'
    $text['Integrated Security'] = $true
    $text['Connect Timeout'] = 30
    $text['Application Name'] = 'vmm-wizard'
    $connection = [System.Data.SqlClient.SqlConnection]::new($text.ConnectionString)
    try {
        $connection.Open()
        $command = $connection.CreateCommand()
        $command.CommandText = "SELECT SUSER_SNAME(), CAST(IS_SRVROLEMEMBER('sysadmin') AS int)," +
            ' (SELECT auth_scheme FROM sys.dm_exec_connections WHERE session_id = @@SPID)'
        $reader = $null
        try {
            $reader = $command.ExecuteReader()
            [void] $reader.Read()
        }
        catch {
            if ($null -ne $reader) {
                $reader.Dispose()
            }
            # Without VIEW SERVER STATE nobody sees connections: ask for the rest alone.
            $command.CommandText = "SELECT SUSER_SNAME(), CAST(IS_SRVROLEMEMBER('sysadmin') AS int), N''"
            $reader = $command.ExecuteReader()
            [void] $reader.Read()
        }
        $Report.sql_login = "$($reader.GetValue(0))"
        $Report.sql_sysadmin = $reader.GetValue(1) -eq 1
        $Report.sql_auth_scheme = "$($reader.GetValue(2))"
    }
    catch {
        $Report.sql_error = Get-ErrorText $_.Exception
    }
    finally {
        $connection.Dispose()
    }
}

function Get-ContainerReport([System.Collections.IDictionary] $Report, [object] $Job) {
    # A slash is a separator in an ADSI path, and no special character in a name.
    $path = "LDAP://$($Job.domain)/$($Job.dkm_container.Replace('/', '\/'))"
    $secure = [System.DirectoryServices.AuthenticationTypes] 'Secure, Sealing, Signing'
    # $null would arrive as empty text, which is another user than the one who runs this.
    $entry = [System.DirectoryServices.DirectoryEntry]::new($path, [NullString]::Value, [NullString]::Value, $secure)
    $searcher = $null
    try {
        $searcher = [System.DirectoryServices.DirectorySearcher]::new($entry)
        $searcher.SearchScope = 'Base'
        $searcher.Filter = '(objectClass=*)'
        [void] $searcher.PropertiesToLoad.Add('allowedChildClassesEffective')
        [void] $searcher.PropertiesToLoad.Add('sDRightsEffective')
        $found = $searcher.FindOne()
        if ($null -eq $found) {
            $Report.dkm_error = 'the directory shows no such object to this account'
        }
        else {
            $Report.dkm_found = $true
            $Report.dkm_allowed_child_classes = @($found.Properties['allowedchildclasseseffective'])
            foreach ($rights in $found.Properties['sdrightseffective']) {
                $Report.dkm_sd_rights = [int] $rights
            }
        }
    }
    catch {
        $Report.dkm_error = Get-ErrorText $_.Exception
    }
    finally {
        if ($null -ne $searcher) {
            $searcher.Dispose()
        }
        $entry.Dispose()
    }
}

function Get-ClusterReport([System.Collections.IDictionary] $Report) {
    try {
        Import-Module -Name FailoverClusters
        $Report.cluster_name = (Get-Cluster).Name
    }
    catch {
        $Report.cluster_error = Get-ErrorText $_.Exception
    }
}

function Get-SetupProcess {
    # Only what is needed: the command line, which holds passwords, is never asked for.
    $question = @{
        ClassName = 'Win32_Process'
        Filter = "Name = 'setup.exe' OR Name = 'SetupVM.exe'"
        Property = 'ProcessId', 'ParentProcessId', 'CreationDate', 'ExecutablePath'
    }
    Get-CimInstance @question
}

function Get-WatchedProcess([object] $Process) {
    # A window that nobody can see is told by its title alone. A console shows a command line there: it stays unread.
    $shown = Get-Process -Id $Process.ProcessId -ErrorAction SilentlyContinue
    $title = ''
    $responds = $true
    if ($null -ne $shown) {
        $title = "$($shown.MainWindowTitle)".Trim()
        $responds = [bool] $shown.Responding
    }
    if ($title -match '\s[-/]\w') {
        $title = "$($Process.Name)"
    }
    # Windows counts in units of 100 nanoseconds.
    [ordered]@{
        name = "$($Process.Name)"
        id = [int] $Process.ProcessId
        cpu_milliseconds = [long] (($Process.KernelModeTime + $Process.UserModeTime) / 10000)
        window = $title.Substring(0, [Math]::Min(200, $title.Length))
        responds = $responds
    }
}

function Write-Watch([System.Collections.Generic.HashSet[int]] $Ours, [DateTime] $Begun, [hashtable] $Used) {
    # Setup's own processes, what they started, and the Windows Installer, which works for them as a service.
    # The command line, which holds passwords, is not asked for here either.
    try {
        $question = @{
            ClassName = 'Win32_Process'
            Property = 'ProcessId', 'ParentProcessId', 'Name', 'CreationDate', 'KernelModeTime', 'UserModeTime'
        }
        $watched = foreach ($process in Get-CimInstance @question | Sort-Object -Property 'CreationDate') {
            $isLater = $process.CreationDate -ge $Begun
            if ($isLater -and $Ours.Contains([int] $process.ParentProcessId)) {
                [void] $Ours.Add([int] $process.ProcessId)
            }
            if ($Ours.Contains([int] $process.ProcessId) -or ($isLater -and $process.Name -eq 'msiexec.exe')) {
                Get-WatchedProcess $process
            }
        }
        # What has ended keeps its share: the sum never shrinks.
        $sum = 0
        foreach ($row in @($watched)) {
            $Used[$row.id] = $row.cpu_milliseconds
        }
        foreach ($share in $Used.Values) {
            $sum += $share
        }
        Write-Answer 'watch.json' ([ordered]@{
            time = Get-Time
            cpu_milliseconds = [long] $sum
            processes = @($watched)
        })
    }
    catch {
        # Somebody reads the file, or WMI restarts: setup goes on, and the next look comes soon.
        $null = $_
    }
}

function Wait-SetupLine(
    [System.Diagnostics.Process] $First,
    [System.Collections.Generic.HashSet[int]] $Ours,
    [DateTime] $Begun,
    [string] $Media
) {
    # setup.exe hands over to a second process: the run ends when none of its line is left.
    $used = @{}
    $round = 0
    while (-not $First.WaitForExit(1000)) {
        if ($round % 15 -eq 0) {
            Write-Watch $Ours $Begun $used
        }
        $round++
    }
    $quiet = 0
    $blind = 0
    while ($quiet -lt 3) {
        if ($round % 15 -eq 0) {
            Write-Watch $Ours $Begun $used
        }
        $round++
        try {
            $found = @(Get-SetupProcess)
            $blind = 0
        }
        catch {
            # WMI may restart under setup: who could not look has not seen the end.
            $blind++
            if ($blind -ge 120) {
                throw
            }
            [System.Threading.Thread]::Sleep(1000)
            continue
        }
        $alive = 0
        foreach ($process in $found) {
            $fromMedia = "$($process.ExecutablePath)".StartsWith($Media, [StringComparison]::OrdinalIgnoreCase)
            $isOurs = $Ours.Contains([int] $process.ParentProcessId) -or $Ours.Contains([int] $process.ProcessId)
            if ($process.CreationDate -ge $Begun -and ($isOurs -or $fromMedia)) {
                [void] $Ours.Add([int] $process.ProcessId)
                $alive++
            }
        }
        if ($alive) {
            $quiet = 0
        }
        else {
            $quiet++
        }
        [System.Threading.Thread]::Sleep(1000)
    }
}

function Move-OldLog {
    $data = [Environment]::GetFolderPath('CommonApplicationData')
    $log = [System.IO.Path]::Combine($data, 'VMMLogs', 'SetupWizard.log')
    if ([System.IO.File]::Exists($log)) {
        $stamp = [System.IO.File]::GetLastWriteTimeUtc($log).ToString('yyyyMMddHHmmss', $invariant)
        $old = [System.IO.Path]::Combine($data, 'VMMLogs', "SetupWizard.$stamp.log")
        [System.IO.File]::Delete($old)
        [System.IO.File]::Move($log, $old)
    }
}

# A run is for one time only, whatever starts its task again.
foreach ($name in 'begun.json', 'result.json') {
    if ([System.IO.File]::Exists((Get-RunPath $name))) {
        exit 78
    }
}
$outcome = [ordered]@{
    mode = ''
    exit_code = $null
    begun = Get-Time
    ended = ''
    error = ''
}
$code = 1
try {
    $job = ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText((Get-RunPath 'job.json')))
    $outcome.mode = $job.mode
    # The key lives in this process alone; the passwords reach the node encrypted to it.
    $secrets = [System.Collections.Generic.List[string]]::new()
    if ($job.secret_count -gt 0) {
        $key = [System.Security.Cryptography.RSACng]::new(4096)
        try {
            $public = $key.ExportParameters($false)
            Write-Answer 'public-key.json' ([ordered]@{
                modulus = [Convert]::ToBase64String($public.Modulus)
                exponent = [Convert]::ToBase64String($public.Exponent)
            })
            $due = [DateTime]::UtcNow.AddSeconds($job.secret_wait_seconds)
            while (-not [System.IO.File]::Exists((Get-RunPath 'secrets.json'))) {
                if ([DateTime]::UtcNow -gt $due) {
                    throw 'the passwords did not arrive in time'
                }
                [System.Threading.Thread]::Sleep(500)
            }
            $blob = ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText((Get-RunPath 'secrets.json')))
            [System.IO.File]::Delete((Get-RunPath 'secrets.json'))
            [System.IO.File]::Delete((Get-RunPath 'public-key.json'))
            foreach ($encrypted in $blob.secrets) {
                $buffer = [System.IO.MemoryStream]::new()
                foreach ($chunk in $encrypted.chunks) {
                    $part = $key.Decrypt(
                        [Convert]::FromBase64String($chunk),
                        [System.Security.Cryptography.RSAEncryptionPadding]::OaepSHA256)
                    $buffer.Write($part, 0, $part.Length)
                }
                $secrets.Add([System.Text.Encoding]::UTF8.GetString($buffer.ToArray()))
            }
        }
        finally {
            $key.Dispose()
        }
    }
    if ($secrets.Count -ne $job.secret_count) {
        throw "$($secrets.Count) passwords arrived, $($job.secret_count) are needed"
    }

    if ($job.mode -eq 'rehearsal') {
        $report = [ordered]@{
            secret_digests = @()
            user = ''
            groups = @()
            elevated = $false
            language_mode = ''
            ui_culture = ''
            sql_login = ''
            sql_sysadmin = $null
            sql_auth_scheme = ''
            sql_error = ''
            dkm_found = $false
            dkm_allowed_child_classes = @()
            dkm_sd_rights = 0
            dkm_error = ''
            cluster_name = ''
            cluster_error = ''
        }
        # A rehearsal's secret is a random word: its digest proves that the way of the passwords works.
        # Not SHA256.Create(): that is the managed one, which a FIPS policy refuses before .NET Framework 4.8.
        $sha = [System.Security.Cryptography.SHA256CryptoServiceProvider]::new()
        $digests = [System.Collections.Generic.List[string]]::new()
        foreach ($secret in $secrets) {
            $digests.Add([Convert]::ToBase64String($sha.ComputeHash([System.Text.Encoding]::UTF8.GetBytes($secret))))
        }
        $report.secret_digests = $digests.ToArray()
        Get-GroupReport $report
        Get-SqlReport $report $job
        Get-ContainerReport $report $job
        Get-ClusterReport $report
        Write-Answer 'report.json' $report
        $outcome.exit_code = 0
    }
    elseif ($job.mode -eq 'setup') {
        foreach ($process in Get-SetupProcess) {
            throw "another setup runs already: process $($process.ProcessId), $($process.ExecutablePath)"
        }
        Move-OldLog
        # The rules of CommandLineToArgvW: quotes around blanks and quotes, backslashes doubled before a quote only.
        # Regex calls in place of a function: nothing that holds a password is the argument of a command.
        $line = [System.Text.StringBuilder]::new()
        foreach ($token in $job.arguments) {
            if ($line.Length) {
                [void] $line.Append(' ')
            }
            if ($token -is [string]) {
                $word = $token
            }
            else {
                $word = $secrets[$token.secret]
            }
            if ($word -eq '' -or $word -match '[\s"]') {
                $word = [regex]::Replace([regex]::Replace($word, '(\\*)"', '$1$1\"'), '(\\+)\z', '$1$1')
                [void] $line.Append('"').Append($word).Append('"')
            }
            else {
                [void] $line.Append($word)
            }
        }
        $media = [System.IO.Path]::GetDirectoryName($job.program)
        Write-Answer 'begun.json' ([ordered]@{ begun = Get-Time })
        $start = [System.Diagnostics.ProcessStartInfo]::new()
        $start.FileName = $job.program
        $start.Arguments = $line.ToString()
        $start.WorkingDirectory = $media
        $start.UseShellExecute = $false
        $setup = [System.Diagnostics.Process]::Start($start)
        $start.Arguments = ''
        $word = $null
        $secrets.Clear()
        [void] $line.Clear()
        $setupBegun = $setup.StartTime
        $ours = [System.Collections.Generic.HashSet[int]]::new()
        [void] $ours.Add($setup.Id)
        Wait-SetupLine $setup $ours $setupBegun $media
        $outcome.exit_code = $setup.ExitCode
    }
    elseif ($job.mode -eq 'script') {
        $block = [scriptblock]::Create([System.IO.File]::ReadAllText((Get-RunPath $job.script)))
        $named = @{}
        foreach ($property in $job.parameters.PSObject.Properties) {
            $named[$property.Name] = $property.Value
        }
        Write-Answer 'begun.json' ([ordered]@{ begun = Get-Time })
        # Whoever follows the run reads while this writes.
        $stream = [System.IO.FileStream]::new((Get-RunPath 'work.log'), 'Create', 'Write', 'ReadWrite, Delete')
        $log = [System.IO.StreamWriter]::new($stream)
        try {
            $log.AutoFlush = $true
            $given = & $block @named -Log $log
            if ($given -isnot [System.Collections.IDictionary]) {
                throw "$($job.script) gave back something else than one dictionary"
            }
            Write-Answer 'report.json' $given
        }
        catch {
            $log.WriteLine("line $($_.InvocationInfo.ScriptLineNumber): $(Get-ErrorText $_.Exception)")
            throw
        }
        finally {
            $log.Dispose()
        }
        $outcome.exit_code = 0
    }
    else {
        throw "job.json asks for '$($job.mode)', which this wrapper does not know"
    }
    $code = 0
}
catch {
    $outcome.error = Get-ErrorText $_.Exception
}
finally {
    foreach ($name in 'secrets.json', 'public-key.json') {
        [System.IO.File]::Delete((Get-RunPath $name))
    }
}
$outcome.ended = Get-Time
Write-Answer 'result.json' $outcome
exit $code
