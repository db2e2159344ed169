# Runs one script that arrives over stdin: line 1 is JSON (name, text, parameters), the lines after it are the script's.
# A script gives back one object, or that object as JSON text.
# Works on Windows PowerShell 5.1. The automatic variable for pipeline input must not appear here: where it does,
# powershell.exe reads stdin itself and the script finds nothing.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$mode = "$($ExecutionContext.SessionState.LanguageMode)"
if ($mode -ne 'FullLanguage') {
    "{""languageMode"":""$mode""}"
    exit 3
}
try {
    [Console]::OutputEncoding = New-Object System.Text.UTF8Encoding $false
}
catch {
    # no console to set it on; the answer is plain ASCII anyway
    $null = $_
}
try {
    $request = ConvertFrom-Json -InputObject ([Console]::In.ReadLine())
    $named = @{}
    foreach ($property in $request.parameters.PSObject.Properties) {
        $named[$property.Name] = $property.Value
    }
    $block = [scriptblock]::Create($request.text)
    $result = & $block @named
    if ($result -is [string]) {
        $result = $result.ToString()
    }
    $answer = ConvertTo-Json -InputObject @{ result = $result } -Depth 10 -Compress
}
catch {
    $failure = @{
        message = "$($_.Exception.Message)"
        type = $_.Exception.GetType().FullName
        line = $_.InvocationInfo.ScriptLineNumber
    }
    $answer = ConvertTo-Json -InputObject @{ error = $failure } -Compress
}
$escape = {
    param($match)
    '\u{0:x4}' -f [int][char]$match.Value
}
$answer = [regex]::Replace($answer, '[^\x20-\x7e]', $escape)
[Console]::Out.WriteLine("`n<<<vmm-wizard answer")
[Console]::Out.WriteLine($answer)
[Console]::Out.WriteLine('vmm-wizard answer>>>')
