# What listens here, whether WinRM hears its own name, the firewall, TLS and NTLM.
function Get-PortUse {
    $seen = @{}
    foreach ($listener in @(Get-NetTCPConnection -State Listen)) {
        $port = [int] $listener.LocalPort
        $owner = [int] $listener.OwningProcess
        # The same listener is told for IPv4 and for IPv6.
        if ($Ports -notcontains $port -or $seen.ContainsKey("$port $owner")) {
            continue
        }
        $seen["$port $owner"] = $true
        $process = @(Get-Process -Id $owner -ErrorAction SilentlyContinue)
        $name = ''
        if ($process.Count -gt 0) {
            $name = $process[0].ProcessName
        }
        [ordered]@{
            port = $port
            process_id = $owner
            process = $name
        }
    }
}

function Get-LoopError {
    # An identification without a logon, as far as the service itself: no second hop.
    if (-not $answer.dns_host_name) {
        throw 'the name of this computer could not be read'
    }
    try {
        $null = Test-WSMan $answer.dns_host_name
        return ''
    }
    catch {
        return ($_.Exception.GetBaseException().Message -replace '<[^>]*>', ' ' -replace '\s+', ' ').Trim()
    }
}

function Get-WinrmReport {
    $service = 'SOFTWARE\Policies\Microsoft\Windows\WinRM\Service'
    [ordered]@{
        loop_error = Get-LoopError
        policy = (Get-RegistryValue $service 'AllowAutoConfig' 0) -eq 1
        ipv4_filter = "$(Get-RegistryValue $service 'IPv4Filter' '')"
        ipv6_filter = "$(Get-RegistryValue $service 'IPv6Filter' '')"
    }
}

function Get-ShellLimit([string] $Name) {
    return [long] (Get-Item -Path "WSMan:\localhost\Shell\$Name").Value
}

function Test-DomainRule([string] $Rule) {
    # An active rule that lets TCP in while in the domain, for every program or for VMM's (MS-GPFAS 2.2.2.19).
    $isOpen = $Rule -cmatch '\|Action=Allow\|' -and $Rule -cmatch '\|Active=TRUE\|' -and $Rule -cmatch '\|Dir=In\|'
    $isTcp = $Rule -cnotmatch '\|Protocol=' -or $Rule -cmatch '\|Protocol=6\|'
    $isDomain = $Rule -cnotmatch '\|Profile=' -or $Rule -cmatch '\|Profile=Domain\|'
    $isFree = $Rule -cnotmatch '\|(App|Svc)=' -or $Rule -cmatch '\|App=[^|]*vmmservice\.exe\|'
    return $isOpen -and $isTcp -and $isDomain -and $isFree
}

function Get-PolicyPort {
    $rules = $localMachine.OpenSubKey('SOFTWARE\Policies\Microsoft\WindowsFirewall\FirewallRules')
    $texts = @()
    if ($null -ne $rules) {
        $texts = @($rules.GetValueNames() | ForEach-Object { "$($rules.GetValue($_))" })
        $rules.Dispose()
    }
    foreach ($rule in @($texts | Where-Object { Test-DomainRule $_ })) {
        $found = [regex]::Matches($rule, '\|LPort(?:2_10)?=([^|]+)')
        if ($found.Count -eq 0) {
            'any'
        }
        foreach ($one in $found) {
            $one.Groups[1].Value
        }
    }
}

function Get-FirewallReport {
    # The active store is what counts after all policies; a value is True, False or NotConfigured.
    $domain = Get-NetFirewallProfile -Name Domain -PolicyStore ActiveStore
    [ordered]@{
        enabled = "$($domain.Enabled)" -ne 'False'
        local_rules = "$($domain.AllowLocalFirewallRules)" -ne 'False'
        policy_ports = @(Get-PolicyPort)
    }
}

function Get-TlsReport {
    $schannel = 'SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.0\Client'
    $enabled = Get-RegistryValue $schannel 'Enabled' $notSet
    $byDefault = Get-RegistryValue $schannel 'DisabledByDefault' $notSet
    $state = 'enabled'
    if ($enabled -eq 0 -or $byDefault -eq 1) {
        $state = 'disabled'
    }
    elseif ($enabled -eq $notSet -and $byDefault -eq $notSet) {
        $state = 'default'
    }
    $native = 'SOFTWARE\Microsoft\.NETFramework\v4.0.30319'
    $narrow = 'SOFTWARE\WOW6432Node\Microsoft\.NETFramework\v4.0.30319'
    [ordered]@{
        system_default = [int] (Get-RegistryValue $native 'SystemDefaultTlsVersions' $notSet)
        strong_crypto = [int] (Get-RegistryValue $native 'SchUseStrongCrypto' $notSet)
        system_default_32 = [int] (Get-RegistryValue $narrow 'SystemDefaultTlsVersions' $notSet)
        strong_crypto_32 = [int] (Get-RegistryValue $narrow 'SchUseStrongCrypto' $notSet)
        tls10_client = $state
    }
}

Read-Part 'ports' {
    $answer.ports = @(Get-PortUse)
}
Read-Part 'winrm' {
    $answer.winrm = Get-WinrmReport
}
Read-Part 'shell' {
    $answer.shell = [ordered]@{
        memory_mb = Get-ShellLimit 'MaxMemoryPerShellMB'
        idle_milliseconds = Get-ShellLimit 'IdleTimeout'
        longest_milliseconds = Get-ShellLimit 'MaxShellRunTime'
    }
}
Read-Part 'firewall' {
    $answer.firewall = Get-FirewallReport
}
Read-Part 'tls' {
    $answer.tls = Get-TlsReport
}
Read-Part 'ntlm' {
    $package = 'SYSTEM\CurrentControlSet\Control\Lsa\MSV1_0'
    $answer.ntlm = [ordered]@{
        sending = [int] (Get-RegistryValue $package 'RestrictSendingNTLMTraffic' $notSet)
        receiving = [int] (Get-RegistryValue $package 'RestrictReceivingNTLMTraffic' $notSet)
    }
}
