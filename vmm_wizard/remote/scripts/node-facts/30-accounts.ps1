# Who may do what here: the administrators, user rights.
function Get-AdministratorByAdsi {
    # Get-LocalGroupMember fails as a whole on one member whose account is gone; this lists it by its SID.
    $sid = [System.Security.Principal.SecurityIdentifier]::new('S-1-5-32-544')
    $group = $sid.Translate([System.Security.Principal.NTAccount]).Value.Split('\')[-1]
    $entry = [System.DirectoryServices.DirectoryEntry]::new("WinNT://./$group,group")
    foreach ($member in $entry.psbase.Invoke('Members')) {
        $path = [System.DirectoryServices.DirectoryEntry]::new($member).psbase.Path
        $parts = $path.Substring('WinNT://'.Length).Split('/')
        $name = ''
        $account = $parts[-1]
        if ($parts.Count -gt 1) {
            $name = "$($parts[-2])\$account"
            $account = $name
        }
        [ordered]@{
            sid = Get-Sid $account
            name = $name
        }
    }
}

function Get-Administrator {
    try {
        $members = @(Get-LocalGroupMember -SID 'S-1-5-32-544')
    }
    catch {
        return Get-AdministratorByAdsi
    }
    foreach ($member in $members) {
        [ordered]@{
            sid = "$($member.SID)"
            name = "$($member.Name)"
        }
    }
}

function Get-UserRight {
    # Rights that nobody holds are not in the export.
    $file = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), [System.IO.Path]::GetRandomFileName())
    $held = @{}
    try {
        $null = & secedit.exe /export /areas USER_RIGHTS /cfg $file /quiet
        foreach ($line in [System.IO.File]::ReadAllLines($file)) {
            if ($line -match '^\s*(Se\w+)\s*=\s*(.*)$') {
                $right = $Matches[1]
                $accounts = $Matches[2].Split(',') | ForEach-Object { $_.Trim() } | Where-Object { $_ }
                $held[$right] = @($accounts | ForEach-Object { Get-Sid $_ })
            }
        }
    }
    finally {
        [System.IO.File]::Delete($file)
    }
    return $held
}

Read-Part 'administrators' {
    $answer.administrators = @(Get-Administrator)
}
Read-Part 'rights' {
    $held = Get-UserRight
    $answer.rights = [ordered]@{
        service_logon = @($held['SeServiceLogonRight'] | Where-Object { $_ })
        deny_service_logon = @($held['SeDenyServiceLogonRight'] | Where-Object { $_ })
        batch_logon = @($held['SeBatchLogonRight'] | Where-Object { $_ })
        deny_batch_logon = @($held['SeDenyBatchLogonRight'] | Where-Object { $_ })
        deny_network_logon = @($held['SeDenyNetworkLogonRight'] | Where-Object { $_ })
    }
}
Read-Part 'disable_domain_creds' {
    $lsa = 'SYSTEM\CurrentControlSet\Control\Lsa'
    $answer.disable_domain_creds = [int] (Get-RegistryValue $lsa 'DisableDomainCreds' 0)
}
