# The failover cluster as this node sees it.
function Get-ResourceParameter([object] $Resource, [string] $Name) {
    # A type without this parameter is an error of the cmdlet, and no news.
    try {
        return "$((Get-ClusterParameter -InputObject $Resource -Name $Name).Value)"
    }
    catch {
        return ''
    }
}

function Get-Subnet([object] $Network) {
    foreach ($family in 'Ipv4', 'Ipv6') {
        $addresses = @($Network."${family}Addresses")
        $lengths = @($Network."${family}PrefixLengths")
        for ($number = 0; $number -lt $addresses.Count; $number++) {
            if ($addresses[$number]) {
                "$($addresses[$number])/$($lengths[$number])"
            }
        }
    }
}

function Get-AddressResource([object[]] $Resources) {
    $parameters = @{
        'IP Address' = 'Address'
        'IPv6 Address' = 'Address'
        'Network Name' = 'Name'
        'Distributed Network Name' = 'DnsName'
    }
    foreach ($resource in $Resources) {
        $type = $resource.ResourceType.Name
        if (-not $parameters.ContainsKey($type)) {
            continue
        }
        $kind = 'name'
        if ($parameters[$type] -eq 'Address') {
            $kind = 'address'
        }
        [ordered]@{
            name = "$($resource.Name)"
            group = $resource.OwnerGroup.Name
            kind = $kind
            value = Get-ResourceParameter $resource $parameters[$type]
            state = "$($resource.State)"
        }
    }
}

function Get-OwnerName([object] $Of) {
    # Of a resource its possible owners, of a group its preferred ones in their order.
    try {
        $list = Get-ClusterOwnerNode -InputObject $Of
        foreach ($node in $list.OwnerNodes) {
            "$($node.Name)"
        }
    }
    catch {
        # Nothing else of the cluster depends on it.
        $unreadable.Add("owners: $($_.Exception.GetBaseException().Message.Trim())")
    }
}

function Get-ServiceResource([object[]] $Resources) {
    # By what a resource runs, not by its name or type: nobody documents how setup names it.
    foreach ($resource in $Resources) {
        $service = Get-ResourceParameter $resource 'ServiceName'
        if ($service) {
            [ordered]@{
                name = "$($resource.Name)"
                group = $resource.OwnerGroup.Name
                service_name = $service
                state = "$($resource.State)"
                possible_owners = @(Get-OwnerName $resource)
                preferred_owners = @(Get-OwnerName $resource.OwnerGroup)
            }
        }
    }
}

function Get-NameStatus([object[]] $Resources) {
    # Of the cluster's own name: each number is Windows' code of the last operation, 0 for good.
    $status = [ordered]@{
        kerberos = $null
        dns = $null
    }
    foreach ($resource in $Resources) {
        if ($resource.ResourceType.Name -eq 'Network Name' -and "$($resource.OwnerGroup.GroupType)" -eq 'Cluster') {
            $kerberos = Get-ResourceParameter $resource 'StatusKerberos'
            $dns = Get-ResourceParameter $resource 'StatusDNS'
            if ($kerberos -match '^[0-9]+$') {
                $status.kerberos = [long] $kerberos
            }
            if ($dns -match '^[0-9]+$') {
                $status.dns = [long] $dns
            }
        }
    }
    return $status
}

function Get-Workload([object[]] $Resources) {
    # What does not belong on the cluster of a management server: SQL Server and virtual machines.
    $types = 'SQL Server', 'SQL Server Availability Group', 'Virtual Machine'
    foreach ($resource in $Resources) {
        if ($types -contains $resource.ResourceType.Name) {
            [ordered]@{
                group = $resource.OwnerGroup.Name
                type = "$($resource.ResourceType.Name)"
            }
        }
    }
}

function Get-ClusterReport {
    # Each node is asked about itself: a name here would be a second hop, which a network logon cannot make.
    Import-Module -Name FailoverClusters
    $cluster = Get-Cluster
    $resources = @(Get-ClusterResource)
    $witness = (Get-ClusterQuorum).QuorumResource
    $witnessName = ''
    if ($null -ne $witness) {
        $witnessName = $witness.Name
    }
    $nodes = foreach ($node in Get-ClusterNode) {
        [ordered]@{
            name = "$($node.Name)"
            state = "$($node.State)"
            status = "$($node.StatusInformation)"
        }
    }
    $groups = foreach ($group in Get-ClusterGroup) {
        [ordered]@{
            name = "$($group.Name)"
            kind = "$($group.GroupType)"
            state = "$($group.State)"
            owner = $group.OwnerNode.Name
        }
    }
    $networks = foreach ($network in Get-ClusterNetwork) {
        [ordered]@{
            name = "$($network.Name)"
            role = [int] $network.Role
            subnets = @(Get-Subnet $network)
        }
    }
    [ordered]@{
        name = "$($cluster.Name)"
        domain = "$($cluster.Domain)"
        access_point = "$($cluster.AdministrativeAccessPoint)"
        witness = $witnessName
        nodes = @($nodes)
        groups = @($groups)
        services = @(Get-ServiceResource $resources)
        addresses = @(Get-AddressResource $resources)
        networks = @($networks)
        name_status = Get-NameStatus $resources
        workloads = @(Get-Workload $resources)
    }
}

function Get-Adapter {
    $configurations = @(
        Get-CimInstance -ClassName 'Win32_NetworkAdapterConfiguration' -Filter 'IPEnabled = TRUE AND DHCPEnabled = TRUE'
    )
    foreach ($adapter in Get-ClusterNetworkInterface -Node $env:COMPUTERNAME) {
        # DHCP is a matter of the adapter and of IPv4: its IPv6 addresses are told with the same mark.
        $own = @($adapter.Ipv4Addresses | Where-Object { $_ })
        $leased = @($configurations | Where-Object { $own.Count -gt 0 -and $_.IPAddress -contains $own[0] })
        foreach ($address in @($adapter.Ipv4Addresses) + @($adapter.Ipv6Addresses)) {
            if ($address) {
                [ordered]@{
                    network = $adapter.Network.Name
                    address = "$address"
                    dhcp = $leased.Count -gt 0
                }
            }
        }
    }
}

try {
    $answer.cluster = Get-ClusterReport
}
catch {
    $answer.cluster_error = $_.Exception.GetBaseException().Message.Trim()
}
Read-Part 'adapters' {
    # Outside a cluster there are none.
    $adapters = @()
    if ($null -ne $answer.cluster) {
        $adapters = @(Get-Adapter)
    }
    $answer.adapters = $adapters
}
