# Binds to a domain controller as the account whose password is read from standard input, and searches once: for a
# computer that cannot reach the controller itself. The logon is explicit, so nothing here is a second hop. LDAPS by
# Windows' own trust first; where no such connection comes about, LDAP that is signed and sealed by the logon's key. A
# refused logon is never tried another way. Raw values as base64.
param(
    [Parameter(Mandatory)]
    [string] $Domain,
    [Parameter(Mandatory)]
    [AllowEmptyString()]
    [string] $Server,
    [Parameter(Mandatory)]
    [string] $Account,
    [Parameter(Mandatory)]
    [AllowEmptyString()]
    [string] $SearchBase,
    [Parameter(Mandatory)]
    [ValidateSet('Base', 'OneLevel', 'Subtree')]
    [string] $Scope,
    [Parameter(Mandatory)]
    [string] $Filter,
    [Parameter(Mandatory)]
    [string[]] $Attributes,
    [Parameter(Mandatory)]
    [bool] $Descriptor,
    [Parameter(Mandatory)]
    [int] $Most,
    [Parameter(Mandatory)]
    [int] $Seconds
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$ldapPort = 389
$ldapsPort = 636
$pageSize = 500
# LDAP_SERVER_DOWN: also what Windows says of a certificate that it does not trust.
$serverDown = 81

$answer = [ordered]@{
    server = $Server
    bound = $false
    code = 0
    message = ''
    referral = ''
    entries = @()
}

function Get-Entry([object] $Found) {
    $attributes = foreach ($name in $Found.Attributes.AttributeNames) {
        $values = foreach ($value in $Found.Attributes[$name].GetValues([byte[]])) {
            [Convert]::ToBase64String($value)
        }
        [ordered]@{
            name = "$name"
            values = @($values)
        }
    }
    [ordered]@{
        dn = "$($Found.DistinguishedName)"
        attributes = @($attributes)
    }
}

function Get-Page([object] $Connection) {
    # All pages of the search, until there are no more or enough.
    $request = [System.DirectoryServices.Protocols.SearchRequest]::new($SearchBase, $Filter, $Scope, $Attributes)
    $paging = [System.DirectoryServices.Protocols.PageResultRequestControl]::new($pageSize)
    if ($Scope -ne 'Base') {
        [void] $request.Controls.Add($paging)
    }
    if ($Descriptor) {
        $parts = [System.DirectoryServices.Protocols.SecurityMasks] 'Owner, Group, Dacl'
        [void] $request.Controls.Add([System.DirectoryServices.Protocols.SecurityDescriptorFlagControl]::new($parts))
    }
    $count = 0
    do {
        $response = $Connection.SendRequest($request)
        $count += $response.Entries.Count
        foreach ($found in $response.Entries) {
            Get-Entry $found
        }
        $cookie = @()
        foreach ($control in $response.Controls) {
            if ($control -is [System.DirectoryServices.Protocols.PageResultResponseControl]) {
                $cookie = $control.Cookie
            }
        }
        $paging.Cookie = $cookie
    } while ($cookie.Length -gt 0 -and $count -lt $Most)
}

function Set-Failure([System.Exception] $Cause) {
    $answer.message = $Cause.Message.Trim()
    if ($Cause -is [System.DirectoryServices.Protocols.DirectoryOperationException] -and $Cause.Response) {
        $answer.code = [int] $Cause.Response.ResultCode
        $answer.message = "$($Cause.Response.ErrorMessage)"
        if ($Cause.Response.Referral.Length -gt 0) {
            $answer.referral = "$($Cause.Response.Referral[0])"
        }
    }
    elseif ($Cause -is [System.DirectoryServices.Protocols.LdapException]) {
        $answer.code = [int] $Cause.ErrorCode
        if ($Cause.ServerErrorMessage) {
            $answer.message = "$($Cause.ServerErrorMessage)"
        }
    }
    else {
        $answer.code = $serverDown
    }
}

$name = 'System.DirectoryServices.Protocols, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a'
[void] [System.Reflection.Assembly]::Load($name)
$user = $Account
$userDomain = ''
if ($Account.Contains('\')) {
    $userDomain, $user = $Account.Split('\')
}
$password = [System.Text.Encoding]::UTF8.GetString([Convert]::FromBase64String([Console]::In.ReadLine()))
$whole = [System.Net.NetworkCredential]::new($Account, $password)
$parted = [System.Net.NetworkCredential]::new($user, $password, $userDomain)
$password = $null
try {
    if (-not $Server) {
        $context = [System.DirectoryServices.ActiveDirectory.DirectoryContext]::new('Domain', $Domain)
        $answer.server = [System.DirectoryServices.ActiveDirectory.DomainController]::FindOne($context).Name
    }
    foreach ($isTls in $true, $false) {
        $port = $ldapPort
        if ($isTls) {
            $port = $ldapsPort
        }
        $place = [System.DirectoryServices.Protocols.LdapDirectoryIdentifier]::new($answer.server, $port, $true, $false)
        $connection = [System.DirectoryServices.Protocols.LdapConnection]::new($place)
        $connection.Timeout = [TimeSpan]::FromSeconds($Seconds)
        $connection.SessionOptions.ProtocolVersion = 3
        $connection.SessionOptions.ReferralChasing = 'None'
        try {
            if ($isTls) {
                $connection.AuthType = 'Basic'
                $connection.SessionOptions.SecureSocketLayer = $true
                [void] $connection.Bind($whole)
            }
            else {
                $connection.AuthType = 'Negotiate'
                $connection.SessionOptions.Signing = $true
                $connection.SessionOptions.Sealing = $true
                [void] $connection.Bind($parted)
            }
            $answer.bound = $true
            $answer.code = 0
            $answer.message = ''
            $answer.entries = @(Get-Page $connection)
        }
        catch {
            Set-Failure $_.Exception.GetBaseException()
        }
        finally {
            $connection.Dispose()
        }
        if ($answer.code -ne $serverDown) {
            break
        }
    }
}
catch {
    Set-Failure $_.Exception.GetBaseException()
}
$whole = $null
$parted = $null
$answer
