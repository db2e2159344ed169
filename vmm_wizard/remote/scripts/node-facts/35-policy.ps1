# What group policy defines of all that: the winners of the last refresh, as Windows logged them (RSoP).
function Get-PolicyObject([string] $ClassName, [string] $Filter) {
    $question = @{
        Namespace = 'root\rsop\computer'
        ClassName = $ClassName
    }
    if ($Filter) {
        $question.Filter = $Filter
    }
    Get-CimInstance @question
}

function Get-GpoName {
    # By id, which is what settings name their GPO by. The local policy is left out: nobody undoes what it says.
    $names = @{}
    foreach ($gpo in Get-PolicyObject 'RSOP_GPO' '') {
        if ($gpo.id -ne 'LocalGPO') {
            $names["$($gpo.id)"] = "$($gpo.name)"
        }
    }
    return $names
}

function Get-PolicyWinner([string] $ClassName, [hashtable] $Names) {
    # The setting with precedence 1 is the one that is applied.
    Get-PolicyObject $ClassName 'precedence = 1' | Where-Object { $Names.ContainsKey("$($_.GPOID)") }
}

function Get-GovernedRight([hashtable] $Names) {
    $wanted = 'SeServiceLogonRight', 'SeDenyServiceLogonRight', 'SeBatchLogonRight', 'SeDenyBatchLogonRight',
        'SeDenyNetworkLogonRight'
    foreach ($setting in Get-PolicyWinner 'RSOP_UserPrivilegeRight' $Names) {
        if ($wanted -contains $setting.UserRight) {
            [ordered]@{
                right = "$($setting.UserRight)"
                gpo = $Names["$($setting.GPOID)"]
                sids = @($setting.AccountList | Where-Object { $_ } | ForEach-Object { Get-Sid $_ })
            }
        }
    }
}

function Get-GovernedAdministrator([hashtable] $Names) {
    # The list of members that a GPO keeps: whoever is not on it is taken out.
    foreach ($setting in Get-PolicyWinner 'RSOP_RestrictedGroup' $Names) {
        if ((Get-Sid $setting.GroupName) -eq 'S-1-5-32-544') {
            [ordered]@{
                gpo = $Names["$($setting.GPOID)"]
                sids = @($setting.Members | Where-Object { $_ } | ForEach-Object { Get-Sid $_ })
            }
        }
    }
}

function Get-AddedAdministrator([hashtable] $Names) {
    # Groups that a GPO makes a member of Administrators, beside whoever is there.
    foreach ($setting in Get-PolicyObject 'RSOP_RestrictedGroupEx' '') {
        $into = @($setting.MembersOf | Where-Object { $_ } | ForEach-Object { Get-Sid $_ })
        if ($into -contains 'S-1-5-32-544' -and $Names.ContainsKey("$($setting.GPOID)")) {
            [ordered]@{
                gpo = $Names["$($setting.GPOID)"]
                sid = Get-Sid $setting.GroupName
            }
        }
    }
}

function Get-GovernedStorage([hashtable] $Names) {
    foreach ($setting in Get-PolicyWinner 'RSOP_RegistryValue' $Names) {
        if ($setting.Path -like '*\Control\Lsa\DisableDomainCreds') {
            [ordered]@{
                gpo = $Names["$($setting.GPOID)"]
                value = "$($setting.Data)"
            }
        }
    }
}

Read-Part 'policy' {
    # With logging switched off there is no session: then nobody can tell that nothing is defined.
    if (@(Get-PolicyObject 'RSOP_Session' '').Count -eq 0) {
        throw 'Windows has not logged what group policy did (RSoP)'
    }
    $names = Get-GpoName
    $administrators = $null
    foreach ($group in Get-GovernedAdministrator $names) {
        $administrators = $group
    }
    $storage = $null
    foreach ($setting in Get-GovernedStorage $names) {
        $storage = $setting
    }
    $answer.policy = [ordered]@{
        rights = @(Get-GovernedRight $names)
        administrators = $administrators
        added_administrators = $null
        disable_domain_creds = $storage
    }
}
Read-Part 'policy_additions' {
    # A class of its own, which older releases may not have.
    if ($null -ne $answer.policy) {
        $answer.policy.added_administrators = @(Get-AddedAdministrator (Get-GpoName))
    }
}
