# The setup media, and whether SQL Server accepts connections from here.
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
    $drive = [System.IO.DriveInfo]::new($MediaPath.Substring(0, 1))
    $report.kind = switch ("$($drive.DriveType)") {
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
    # Only these file systems have streams; on a mounted image (UDF) the question itself is an error.
    if ($drive.DriveFormat -eq 'NTFS' -or $drive.DriveFormat -eq 'ReFS') {
        $zone = Get-Content -LiteralPath $setup -Stream 'Zone.Identifier' -ErrorAction SilentlyContinue
        $report.blocked = "$zone" -match 'ZoneId=[34]'
    }
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

Read-Part 'media' {
    $answer.media = Get-MediaReport
}
Read-Part 'sql' {
    $answer.sql = Get-SqlAnswer
}
