# Who is at the addresses that the role is to have, and when the cluster was last validated.
$pingMilliseconds = 1000

function Get-ReverseName([string] $Address) {
    # Null when DNS did not answer; empty when it answered that there is none.
    try {
        $records = @(Resolve-DnsName -Name $Address -Type 'PTR' -DnsOnly -QuickTimeout)
    }
    catch {
        $id = "$($_.FullyQualifiedErrorId)"
        if ($id -like 'DNS_ERROR_RCODE_NAME_ERROR*' -or $id -like 'DNS_INFO_NO_RECORDS*') {
            return ''
        }
        return $null
    }
    foreach ($record in $records) {
        if ("$($record.Type)" -eq 'PTR') {
            return "$($record.NameHost)".TrimEnd('.')
        }
    }
    return ''
}

function Get-AddressProbe([string] $Address) {
    $ping = [System.Net.NetworkInformation.Ping]::new()
    try {
        $answers = "$($ping.Send($Address, $pingMilliseconds).Status)" -eq 'Success'
    }
    catch [System.Net.NetworkInformation.PingException] {
        # No way there from here is no answer either.
        $answers = $false
    }
    finally {
        $ping.Dispose()
    }
    # The ping has made Windows ask for the address on the wire: who filters pings still answers that.
    $question = @{
        Namespace = 'root\StandardCimv2'
        ClassName = 'MSFT_NetNeighbor'
        Filter = "IPAddress = '$Address'"
    }
    $link = ''
    $state = $null
    foreach ($neighbor in Get-CimInstance @question) {
        if ($null -eq $state -or [int] $neighbor.State -gt $state) {
            $state = [int] $neighbor.State
            $link = "$($neighbor.LinkLayerAddress)"
        }
    }
    [ordered]@{
        address = $Address
        ping = $answers
        link_address = $link
        neighbor_state = $state
        name = Get-ReverseName $Address
    }
}

function Get-ReportedError([string] $File) {
    # The report's own XML, whose levels are the same in every language. Read as a stream: it can be large.
    $errors = 0
    $reader = [System.Xml.XmlReader]::Create($File)
    try {
        while ($reader.ReadToFollowing('Message')) {
            if ("$($reader.GetAttribute('Level'))" -like 'Err*') {
                $errors++
            }
        }
    }
    finally {
        $reader.Dispose()
    }
    return $errors
}

function Get-ValidationReport {
    $newest = $null
    $folder = [System.IO.DirectoryInfo]::new("$env:SystemRoot\Cluster\Reports")
    if ($folder.Exists) {
        foreach ($file in $folder.GetFiles('Validation Report*')) {
            if ($null -eq $newest -or $file.LastWriteTimeUtc -gt $newest.LastWriteTimeUtc) {
                $newest = $file
            }
        }
    }
    $report = [ordered]@{
        file = ''
        written = $null
        errors = $null
    }
    if ($null -ne $newest) {
        $report.file = $newest.Name
        $report.written = $newest.LastWriteTimeUtc.ToString('yyyy-MM-ddTHH:mm:ss.fffZ', $invariant)
        $xml = [System.IO.Path]::ChangeExtension($newest.FullName, '.xml')
        try {
            $report.errors = Get-ReportedError $xml
        }
        catch {
            # No XML beside it, or one that cannot be read: the age is told all the same.
            $report.errors = $null
        }
    }
    return $report
}

Read-Part 'address_probes' {
    $answer.address_probes = @($StaticAddresses | ForEach-Object { Get-AddressProbe $_ })
}
Read-Part 'validation' {
    $answer.validation = Get-ValidationReport
}
