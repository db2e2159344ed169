# Starts setup.exe on this node as setup.json beside this file says, and asks for the passwords that it needs. They are
# kept in this process alone: never in a file, in the history, in a transcript or in the argument of a command.
# With -CheckOnly it looks whether all is ready, and starts nothing. It writes begun.json right before setup starts and
# result.json when it has ended, as the wrapper of a scheduled task does: whoever follows the run reads them.
param(
    [string] $Folder = $PSScriptRoot,
    [switch] $CheckOnly
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# Thai years and Finnish times would be other numbers.
$invariant = [System.Globalization.CultureInfo]::InvariantCulture

function Get-RunPath([string] $Name) {
    return [System.IO.Path]::Combine($Folder, $Name)
}

function Write-Answer([string] $Name, [System.Collections.IDictionary] $Value) {
    # Whole or not at all: a reader never sees half a file.
    $unfinished = Get-RunPath "$Name.new"
    $path = Get-RunPath $Name
    [System.IO.File]::WriteAllText($unfinished, (ConvertTo-Json -InputObject $Value -Compress))
    [System.IO.File]::Delete($path)
    [System.IO.File]::Move($unfinished, $path)
}

function Get-ErrorText([System.Exception] $Cause) {
    $base = $Cause.GetBaseException()
    return '{0} (0x{1:X8})' -f $base.Message.Trim(), $base.HResult
}

function Get-Time {
    return [DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ', $invariant)
}

function Get-Digest([byte[]] $Bytes) {
    # Not SHA256.Create(): that is the managed one, which a FIPS policy refuses before .NET Framework 4.8.
    $sha = [System.Security.Cryptography.SHA256CryptoServiceProvider]::new()
    return [Convert]::ToBase64String($sha.ComputeHash($Bytes))
}

function Get-SetupProcess {
    # Only what is needed: the command line, which holds passwords, is never asked for.
    $question = @{
        ClassName = 'Win32_Process'
        Filter = "Name = 'setup.exe' OR Name = 'SetupVM.exe'"
        Property = 'ProcessId', 'ExecutablePath'
    }
    Get-CimInstance @question
}

function Assert-Place([object] $Job) {
    # setup.exe started in a remote session never ends and writes no log: it restarts WinRM underneath itself.
    if (-not [Environment]::UserInteractive) {
        throw 'this is a remote session or a service: log on to the node at its console or by Remote Desktop'
    }
    $identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
    $principal = [System.Security.Principal.WindowsPrincipal]::new($identity)
    if (-not $principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)) {
        throw 'this PowerShell is not elevated: open it with "Run as administrator"'
    }
    if ([Environment]::MachineName -ne $Job.computer) {
        throw "this folder is for $($Job.computer), and this is $([Environment]::MachineName)"
    }
    if ($Folder.StartsWith('\\')) {
        throw "$Folder is a share: copy the folder to a local disk of this node"
    }
    if ($identity.Name -ne $Job.account) {
        Write-Host "NOTE: you are $($identity.Name); the plan lets $($Job.account) install."
    }
}

function Assert-File([object] $Job) {
    if (-not [System.IO.File]::Exists($Job.program)) {
        throw "$($Job.program) is not there: copy the extracted media to this node first"
    }
    $path = Get-RunPath $Job.answer_file
    if (-not [System.IO.File]::Exists($path)) {
        throw "$path is not there: setup would go on with its defaults, without a word"
    }
    if ((Get-Digest ([System.IO.File]::ReadAllBytes($path))) -cne $Job.answer_file_sha256) {
        throw "$path was changed after it was written: write the runbook again, and do not edit it"
    }
}

function Assert-Alone {
    foreach ($process in Get-SetupProcess) {
        throw "another setup runs already: process $($process.ProcessId), $($process.ExecutablePath)"
    }
}

function Wait-SetupLine {
    # setup.exe hands over to a second process: the run ends when none of both is left for three seconds.
    $quiet = 0
    while ($quiet -lt 3) {
        if (@(Get-SetupProcess).Count) {
            $quiet = 0
        }
        else {
            $quiet++
        }
        [System.Threading.Thread]::Sleep(1000)
    }
}

function Move-OldLog([string] $Log) {
    if ([System.IO.File]::Exists($Log)) {
        $stamp = [System.IO.File]::GetLastWriteTimeUtc($Log).ToString('yyyyMMddHHmmss', $invariant)
        $old = [System.IO.Path]::Combine([System.IO.Path]::GetDirectoryName($Log), "SetupWizard.$stamp.log")
        [System.IO.File]::Delete($old)
        [System.IO.File]::Move($Log, $old)
    }
}

$mode = "$($ExecutionContext.SessionState.LanguageMode)"
if ($mode -ne 'FullLanguage') {
    throw "PowerShell runs in $mode here: ask who owns the policy for application control"
}
$job = ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText((Get-RunPath 'setup.json')))
Assert-Place $job
Assert-File $job
Assert-Alone
Write-Host "Ready: $($job.shown)"
if ($CheckOnly) {
    Write-Host 'Nothing was started.'
    exit 0
}

$log = [System.IO.Path]::Combine([Environment]::GetFolderPath('CommonApplicationData'), 'VMMLogs', 'SetupWizard.log')
$secrets = [System.Collections.Generic.List[string]]::new()
foreach ($account in $job.secret_accounts) {
    $typed = Read-Host -Prompt "Password of $account" -AsSecureString
    $pointer = [System.Runtime.InteropServices.Marshal]::SecureStringToBSTR($typed)
    try {
        $secrets.Add([System.Runtime.InteropServices.Marshal]::PtrToStringBSTR($pointer))
    }
    finally {
        [System.Runtime.InteropServices.Marshal]::ZeroFreeBSTR($pointer)
    }
    if ($typed.Length -eq 0) {
        throw "the password of $account is empty"
    }
    if ($secrets[$secrets.Count - 1] -match '^[/-]') {
        throw "the password of $account begins with / or -, which setup would take for a switch"
    }
}
Assert-Alone
Move-OldLog $log

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
    elseif ($token.kind -eq 'answer_file') {
        $word = Get-RunPath $job.answer_file
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
$outcome = [ordered]@{
    mode = 'setup'
    exit_code = $null
    begun = Get-Time
    ended = ''
    error = ''
}
# Passwords take their time to be typed: the folder may have been taken away meanwhile. While the answer file is open
# nobody takes it away from under setup.
Assert-File $job
$held = [System.IO.FileStream]::new((Get-RunPath $job.answer_file), 'Open', 'Read', 'ReadWrite')
try {
    [System.IO.File]::Delete((Get-RunPath 'result.json'))
    Write-Answer 'begun.json' ([ordered]@{ begun = $outcome.begun })
    $start = [System.Diagnostics.ProcessStartInfo]::new()
    $start.FileName = $job.program
    $start.Arguments = $line.ToString()
    $start.WorkingDirectory = [System.IO.Path]::GetDirectoryName($job.program)
    $start.UseShellExecute = $false
    $setup = [System.Diagnostics.Process]::Start($start)
    $start.Arguments = ''
    $word = $null
    $secrets.Clear()
    [void] $line.Clear()
    Write-Host "Setup runs as process $($setup.Id), for some twenty minutes. It writes $log"
    Write-Host 'Leave this window open, and start no other setup on any node.'
    $setup.WaitForExit()
    Wait-SetupLine
    $outcome.exit_code = $setup.ExitCode
}
catch {
    $outcome.error = Get-ErrorText $_.Exception
}
finally {
    $held.Dispose()
}
$outcome.ended = Get-Time
Write-Answer 'result.json' $outcome
if ($outcome.error) {
    throw $outcome.error
}
if ($setup.ExitCode -eq 0) {
    Write-Host 'Setup ended with exit code 0. Verify this node now, unless the wizard does.'
}
elseif ($setup.ExitCode -eq 3010) {
    Write-Host 'Setup ended with exit code 3010: good, and this node must restart before the next step.'
}
else {
    Write-Host "Setup FAILED with exit code $($setup.ExitCode). Read $log, and start nothing on another node."
}
exit $setup.ExitCode
