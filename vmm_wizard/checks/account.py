"""Checks of the service account (ACC)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from vmm_wizard.checks.accounts import (
    ADMINISTRATORS_GROUP,
    ELSEWHERE,
    NEVER_EXPIRES,
    STATE_REFUSALS,
    cannot_log_on,
    clock,
    dns_domain_of,
    found_account,
    group_sids,
)
from vmm_wizard.checks.governance import defined_by, governor, mend_grant, outlook, unread, will_lose, worst_if_certain
from vmm_wizard.checks.registry import (
    Verdict,
    check,
    failed,
    node_check,
    not_applicable,
    passed,
    unknown,
    warned,
)
from vmm_wizard.checks.remedies import AD_TEAM, ask, down_level, in_plan, on_node, powershell
from vmm_wizard.checks.rights import ADMINISTRATORS
from vmm_wizard.facts.model import (
    AccountFacts,
    DomainFacts,
    Facts,
    NoAnswer,
    PasswordShape,
    known,
)
from vmm_wizard.facts.node_parts import part
from vmm_wizard.plan.model import AccountKind, Plan
from vmm_wizard.plan.releases import requirements

#: How long before its end an account is worth a word.
EXPIRY_WARNING = timedelta(days=90)


@check("ACC-01", topic="account", source="SVC", needs=("service_account.name",))
def service_account_exists(plan: Plan, facts: Facts) -> Verdict:
    """A domain user, or a group managed service account where the plan says so (from VMM 2019: INST)."""
    name = plan.service_account.name
    gmsa = plan.service_account.kind is AccountKind.GMSA
    if gmsa and not requirements(plan.release).gmsa:
        return failed(
            f"VMM {plan.release} does not take a group managed service account such as {name}",
            in_plan("choose a domain user as service account, or VMM 2019 or later"),
        )
    account = known(facts.service_account)
    if not account.found:
        return failed(f"the directory has no account {name}", ask(AD_TEAM, _make_account(plan, gmsa)))
    is_gmsa = "msds-groupmanagedserviceaccount" in {row.casefold() for row in account.object_classes}
    if gmsa != is_gmsa:
        what, kind = ("a group managed service account", "gmsa") if is_gmsa else ("not one", "user")
        return failed(
            f"{account.dn} is {what}, and the plan says otherwise",
            in_plan(f'set service_account.kind to "{kind}", or name another account'),
        )
    return passed(f"found {account.dn}")


def _make_account(plan: Plan, gmsa: bool) -> str:
    user = plan.service_account.name.user.rstrip("$")
    quoted = powershell(user)
    if gmsa:
        nodes = ", ".join(powershell(f"{node.label}$") for node in plan.nodes)
        host = powershell(f"{user}.{plan.dns_domain}")
        return (
            f"New-ADServiceAccount -Name {quoted} -DNSHostName {host} "
            f"-PrincipalsAllowedToRetrieveManagedPassword {nodes or '<nodes>'}"
        )
    upn = powershell(f"{user}@{plan.dns_domain}")
    return (
        f"New-ADUser -Name {quoted} -SamAccountName {quoted} -UserPrincipalName {upn} "
        "-AccountPassword (Read-Host -AsSecureString 'Password') -Enabled $true"
    )


@check("ACC-02", topic="account", source="expert", needs=("service_account.name",))
def service_account_usable(plan: Plan, facts: Facts) -> Verdict:
    """A disabled, locked or expired account fails though the rule is general Windows knowledge.

    That is no judgement: Windows starts no service for such an account, and ACC-03 gets refused for it (PHX).
    """
    account = found_account(facts.service_account)
    if account is None:
        return not_applicable("ACC-01 first: the account is not there")
    stopped = cannot_log_on(account, clock(facts))
    if stopped:
        return stopped
    if plan.service_account.kind is AccountKind.GMSA:
        return passed(f"{account.dn} is enabled; Windows changes its password by itself")
    return _expiry(account, clock(facts))


def _expiry(account: AccountFacts, now: datetime | None) -> Verdict:
    sam = powershell(account.sam)
    if account.expires:
        if now is None:
            return unknown(f"{account.dn} expires on {account.expires:%Y-%m-%d}, and no server told the time")
        if account.expires - now < EXPIRY_WARNING:
            return warned(
                f"{account.dn} expires on {account.expires:%Y-%m-%d}; VMM stops then, and it can never change accounts",
                ask(AD_TEAM, f"Clear-ADAccountExpiration -Identity {sam}"),
            )
    if not account.user_account_control & NEVER_EXPIRES:
        end = f" (on {account.password_expires:%Y-%m-%d})" if account.password_expires else ""
        return warned(
            f"the password of {account.dn} will expire{end}, and VMM stops when it does",
            ask(AD_TEAM, f"agree on who changes it in time, on every node; see Get-ADUser {sam} -Properties *"),
        )
    return passed(f"{account.dn} is enabled and not locked; neither it nor its password expires soon")


@check(
    "ACC-03",
    topic="account",
    source="PHX",
    needs=("service_account.name",),
)
def service_password_right(plan: Plan, facts: Facts) -> Verdict:
    """Proved by one logon to one DC, never more. A refusal that ACC-02 explains is left to ACC-02."""
    if plan.service_account.kind is AccountKind.GMSA:
        return not_applicable("Windows keeps the password of a group managed service account")
    account = facts.service_account
    if isinstance(account, AccountFacts) and not account.found:
        return not_applicable("ACC-01 first: the account is not there")
    name = plan.service_account.name
    proof = known(facts.passwords.get(name.key, NoAnswer(f"no password was given for {name}")))
    if proof.accepted:
        controller = facts.domain.server if isinstance(facts.domain, DomainFacts) else "a domain controller"
        return passed(f"{controller} accepted the password of {name}")
    code = proof.refusal.casefold().lstrip("0")
    evidence = f"a domain controller refused {name}: {proof.meaning or 'logon failed'} ({proof.refusal})"
    if code in ELSEWHERE:
        return unknown(f"{evidence}; that says nothing about the password")
    if code in STATE_REFUSALS and isinstance(account, AccountFacts) and cannot_log_on(account, clock(facts)):
        return not_applicable(f"ACC-02 first: {STATE_REFUSALS[code]}, so its password cannot be proved")
    if code in STATE_REFUSALS:
        return failed(
            evidence, ask(AD_TEAM, f"Get-ADUser {powershell(name.user)} -Properties *, and mend what it shows")
        )
    return failed(evidence, in_plan(f"give the right password of {name}; it is not tried again, so as not to lock it"))


@node_check(
    "ACC-04",
    topic="account",
    source="SVC",
    needs=("service_account.name",),
)
def service_account_is_administrator(plan: Plan, facts: Facts, node: str) -> Verdict:
    """By SID, directly or through a group, on every node."""
    account = found_account(facts.service_account)
    if account is None:
        return not_applicable("ACC-01 first: the account is not there")
    facts_of_node = facts.node(node)
    members = part(facts_of_node, facts_of_node.administrators, ADMINISTRATORS_GROUP)
    name = down_level(plan.service_account.name, facts)
    direct = any(row.sid == account.sid for row in members)
    # Its groups matter where it is no member itself, and where a GPO says who stays.
    alone = direct and governor(facts_of_node, ADMINISTRATORS) is None
    sids = frozenset({account.sid}) if alone else group_sids(account) | {account.sid}
    found = next((row for row in members if row.sid in sids), None)
    view = outlook(facts_of_node, ADMINISTRATORS, found is not None, sids)
    local = on_node(node, f"Add-LocalGroupMember -SID {ADMINISTRATORS} -Member {powershell(name)}")
    remedy = mend_grant(view, ADMINISTRATORS, name, node, local)
    if found is None:
        return failed(
            f"neither {name} nor a group of it is among the {len(members)} members of the local Administrators group"
            f"{defined_by(view)}{unread(facts_of_node)}",
            remedy,
        )
    if not view.later:
        return worst_if_certain(view, will_lose(view, name, "is a local administrator"), remedy)
    how = "is a member of the local Administrators group"
    if not direct:
        how = f"is an administrator through {found.name or found.sid}"
    return passed(f"{name} {how}{defined_by(view)}{unread(facts_of_node)}")


@check(
    "ACC-06",
    topic="account",
    source="DKM",
    needs=("installing_account", "service_account.name", "dkm.container"),
)
def one_domain(plan: Plan, facts: Facts) -> Verdict:
    """Compared by DNS name; a NetBIOS name is translated by the directory."""
    service = dns_domain_of(plan.service_account.name, facts)
    installing = dns_domain_of(plan.installing_account, facts)
    container = plan.dkm.dn.dns_domain
    evidence = f"service account: {service}; installing account: {installing}; container: {container or 'no domain'}"
    if service == installing == container:
        return passed(evidence)
    if (
        service == installing
        and isinstance(facts.domain, DomainFacts)
        and container != facts.domain.dns_name.casefold()
    ):
        return not_applicable(f"DKM-06 first: both accounts are in {service}, the container's name is not")
    return failed(evidence, in_plan("name accounts and a container of the same domain"))


@check(
    "ACC-07",
    topic="account",
    source="PHX",
    needs=("service_account.name",),
)
def fits_on_command_line(plan: Plan, facts: Facts) -> Iterator[Verdict]:
    """Two subjects: the name, always; the password, only once there is one (only its shape is looked at).

    Nothing is said of a password that was not given: ACC-03 says that it was not.
    """
    name = plan.service_account.name
    marked = [part for part in (name.user, name.domain) if part[:1] in ("/", "-")]
    if marked:
        yield failed(
            f"setup takes {marked[0]!r} for a switch, because of its first character",
            in_plan("choose an account whose name and domain begin with a letter or a digit"),
            subject="name",
        )
    else:
        yield passed(f"{name.user} and {name.domain} are separate values that setup can read", subject="name")
    shape = facts.password_shapes.get(name.key)
    if shape is not None and plan.service_account.kind is AccountKind.USER:
        yield _password_shape(shape)


def _password_shape(shape: PasswordShape) -> Verdict:
    remedy = ask(AD_TEAM, "set another password for the service account")
    if not 1 <= shape.length <= 255:
        return failed(f"the password has {shape.length} characters; setup takes 1 to 255", remedy, subject="password")
    if shape.starts_with_switch_mark:
        return failed("the password begins with / or -: setup takes it for a switch", remedy, subject="password")
    if shape.has_double_quote or shape.ends_with_backslash:
        what = "holds a double quote" if shape.has_double_quote else "ends in a backslash"
        return warned(
            f"the password {what}; it is quoted by Windows' rules, and nobody has seen setup read that",
            remedy,
            subject="password",
        )
    return passed("its length and first character are fine", subject="password")


@check(
    "ACC-11",
    topic="account",
    source="SVC",
    needs=("installing_account", "service_account.name"),
)
def dedicated(plan: Plan, facts: Facts) -> Verdict:
    """Neither the installing account nor a domain administrator (RID 512)."""
    remedy = ask(AD_TEAM, "make an account for VMM alone, and name it in the plan")
    name, installer = plan.service_account.name, plan.installing_account
    if name.key == installer.key:
        return warned(f"{name} is the installing account too", remedy)
    account = found_account(facts.service_account)
    if account is None:
        return not_applicable("ACC-01 first: the account is not there")
    other = facts.installing_account
    if isinstance(other, AccountFacts) and other.found and other.sid == account.sid:
        return warned(f"{name} and the installing account {installer} are the same account", remedy)
    admins = [sid for sid in group_sids(account) if re.fullmatch(r"S-1-5-21-\d+-\d+-\d+-512", sid)]
    if admins:
        return warned(f"{name} is a domain administrator ({admins[0]})", remedy)
    known(other)
    return passed(f"{name} is neither the installing account nor a domain administrator")
