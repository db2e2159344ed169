# Runs the bootstrap in a runspace of PowerShell remoting: what it would read from stdin comes as two arguments, and
# what it would write to stdout is given back. The secrets are a SecureString: wherever Windows writes down what a
# parameter was given (module logging, transcripts), it writes the name of that type.
param(
    [object] $Bootstrap,
    [object] $Request,
    [object] $Secrets
)
$ErrorActionPreference = 'Stop'
$mode = "$($ExecutionContext.SessionState.LanguageMode)"
if ($mode -ne 'FullLanguage') {
    "{""languageMode"":""$mode""}"
}
else {
    $lines = ''
    if ($null -ne $Secrets) {
        $pointer = [System.Runtime.InteropServices.Marshal]::SecureStringToBSTR($Secrets)
        try {
            $lines = [System.Runtime.InteropServices.Marshal]::PtrToStringBSTR($pointer)
        }
        finally {
            [System.Runtime.InteropServices.Marshal]::ZeroFreeBSTR($pointer)
        }
    }
    $written = [System.IO.StringWriter]::new()
    [void] [Console]::SetIn([System.IO.StringReader]::new("$Request`n$lines"))
    [void] [Console]::SetOut($written)
    $lines = $null
    try {
        $null = & ([scriptblock]::Create($Bootstrap))
    }
    finally {
        [void] [Console]::SetIn([System.IO.TextReader]::Null)
        [void] [Console]::SetOut([System.IO.TextWriter]::Null)
    }
    $written.ToString()
}
