"""Checks of the service account (ACC)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from vmm_wizard.checks.accounts import (
    ELSEWHERE,
    NEVER_EXPIRES,
    STATE_REFUSALS,
    administrators_of,
    cannot_log_on,
    clock,
    dns_domain_of,
    found_account,
    group_sids,
    refused,
    state_told_by,
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
from vmm_wizard.plan.model import AccountKind, Plan
from vmm_wizard.plan.releases import requirements
from vmm_wizard.texts import counted, text

#: How long before its end an account is worth a word.
EXPIRY_WARNING = timedelta(days=90)


@check("ACC-01", topic="account", source="SVC", needs=("service_account.name",))
def service_account_exists(plan: Plan, facts: Facts) -> Verdict:
    """A domain user, or a group managed service account where the plan says so (from VMM 2019: INST)."""
    name = plan.service_account.name
    gmsa = plan.service_account.kind is AccountKind.GMSA
    if gmsa and not requirements(plan.release).gmsa:
        return failed(
            text("evidence.ACC-01.no_managed_accounts", release=plan.release, name=name),
            in_plan(text("evidence.ACC-01.choose_a_user")),
        )
    account = known(facts.service_account)
    if not account.found:
        return failed(text("evidence.ACC-01.missing", name=name), ask(AD_TEAM, _make_account(plan, gmsa)))
    is_gmsa = "msds-groupmanagedserviceaccount" in {row.casefold() for row in account.object_classes}
    if gmsa != is_gmsa:
        return failed(
            text("evidence.ACC-01.is_managed", dn=account.dn)
            if is_gmsa
            else text("evidence.ACC-01.is_not_managed", dn=account.dn),
            in_plan(text("evidence.ACC-01.set_managed") if is_gmsa else text("evidence.ACC-01.set_user")),
        )
    return passed(text("evidence.ACC-01.found", dn=account.dn))


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
        return not_applicable(text("evidence.shared.service_account_first"))
    stopped = cannot_log_on(account, clock(facts))
    if stopped:
        return stopped
    if plan.service_account.kind is AccountKind.GMSA:
        return passed(text("evidence.ACC-02.changed_by_windows", dn=account.dn))
    return _expiry(account, clock(facts))


def _expiry(account: AccountFacts, now: datetime | None) -> Verdict:
    sam = powershell(account.sam)
    if account.expires:
        if now is None:
            return unknown(text("evidence.ACC-02.expires_some_time", dn=account.dn, expires=account.expires))
        if account.expires - now < EXPIRY_WARNING:
            return warned(
                text("evidence.ACC-02.expires_soon", dn=account.dn, expires=account.expires),
                ask(AD_TEAM, f"Clear-ADAccountExpiration -Identity {sam}"),
            )
    if not account.user_account_control & NEVER_EXPIRES:
        end = account.password_expires
        return warned(
            text("evidence.ACC-02.password_expires_on", dn=account.dn, day=end)
            if end
            else text("evidence.ACC-02.password_expires", dn=account.dn),
            ask(AD_TEAM, text("evidence.ACC-02.agree_on_changing", sam=sam)),
        )
    return passed(text("evidence.ACC-02.usable", dn=account.dn))


@check(
    "ACC-03",
    topic="account",
    source="PHX",
    needs=("service_account.name",),
)
def service_password_right(plan: Plan, facts: Facts) -> Verdict:
    """Proved by one logon to one DC, never more. A refusal that ACC-02 explains is left to ACC-02."""
    if plan.service_account.kind is AccountKind.GMSA:
        return not_applicable(text("evidence.ACC-03.kept_by_windows"))
    account = facts.service_account
    if isinstance(account, AccountFacts) and not account.found:
        return not_applicable(text("evidence.shared.service_account_first"))
    name = plan.service_account.name
    proof = known(facts.passwords.get(name.key, NoAnswer(text("evidence.ACC-03.not_given", name=name))))
    if proof.accepted:
        controller = (
            facts.domain.server if isinstance(facts.domain, DomainFacts) else text("evidence.ACC-03.a_controller")
        )
        return passed(text("evidence.ACC-03.accepted", controller=controller, name=name))
    code = proof.refusal.casefold().lstrip("0")
    evidence = refused(name, proof)
    if code in ELSEWHERE:
        return unknown(text("evidence.ACC-03.not_the_password", evidence=evidence))
    if code in STATE_REFUSALS and isinstance(account, AccountFacts) and cannot_log_on(account, clock(facts)):
        return not_applicable(text("evidence.ACC-03.account_first", state=state_told_by(code)))
    if code in STATE_REFUSALS:
        return failed(evidence, ask(AD_TEAM, text("evidence.ACC-03.mend_by_hand", user=powershell(name.user))))
    return failed(evidence, in_plan(text("evidence.ACC-03.give_password", name=name)))


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
        return not_applicable(text("evidence.shared.service_account_first"))
    facts_of_node = facts.node(node)
    members = administrators_of(facts_of_node)
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
            counted(
                "evidence.ACC-04.not_a_member",
                len(members),
                name=name,
                defined=defined_by(view),
                unread=unread(facts_of_node),
            ),
            remedy,
        )
    if not view.later:
        return worst_if_certain(view, will_lose(view, name), remedy)
    defined, gap = defined_by(view), unread(facts_of_node)
    if direct:
        return passed(text("evidence.ACC-04.a_member", name=name, defined=defined, unread=gap))
    return passed(
        text("evidence.ACC-04.through_a_group", name=name, group=found.name or found.sid, defined=defined, unread=gap)
    )


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
    evidence = text(
        "evidence.ACC-06.domains",
        service=service,
        installing=installing,
        container=container or text("evidence.shared.no_domain"),
    )
    if service == installing == container:
        return passed(evidence)
    if (
        service == installing
        and isinstance(facts.domain, DomainFacts)
        and container != facts.domain.dns_name.casefold()
    ):
        return not_applicable(text("evidence.ACC-06.container_first", service=service))
    return failed(evidence, in_plan(text("evidence.ACC-06.choose_one_domain")))


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
            text("evidence.ACC-07.a_switch", value=marked[0]),
            in_plan(text("evidence.ACC-07.choose_plain_name")),
            subject="name",
        )
    else:
        yield passed(text("evidence.ACC-07.separate_values", user=name.user, domain=name.domain), subject="name")
    shape = facts.password_shapes.get(name.key)
    if shape is not None and plan.service_account.kind is AccountKind.USER:
        yield _password_shape(shape)


def _password_shape(shape: PasswordShape) -> Verdict:
    remedy = ask(AD_TEAM, text("evidence.ACC-07.set_password"))
    if not 1 <= shape.length <= 255:
        return failed(text("evidence.ACC-07.password_length", length=shape.length), remedy, subject="password")
    if shape.starts_with_switch_mark:
        return failed(text("evidence.ACC-07.password_a_switch"), remedy, subject="password")
    if shape.has_double_quote or shape.ends_with_backslash:
        return warned(
            text("evidence.ACC-07.password_double_quote")
            if shape.has_double_quote
            else text("evidence.ACC-07.password_backslash"),
            remedy,
            subject="password",
        )
    return passed(text("evidence.ACC-07.password_fine"), subject="password")


@check(
    "ACC-11",
    topic="account",
    source="SVC",
    needs=("installing_account", "service_account.name"),
)
def dedicated(plan: Plan, facts: Facts) -> Verdict:
    """Neither the installing account nor a domain administrator (RID 512)."""
    remedy = ask(AD_TEAM, text("evidence.ACC-11.make_one"))
    name, installer = plan.service_account.name, plan.installing_account
    if name.key == installer.key:
        return warned(text("evidence.ACC-11.same_name", name=name), remedy)
    account = found_account(facts.service_account)
    if account is None:
        return not_applicable(text("evidence.shared.service_account_first"))
    other = facts.installing_account
    if isinstance(other, AccountFacts) and other.found and other.sid == account.sid:
        return warned(text("evidence.ACC-11.same_account", name=name, installer=installer), remedy)
    admins = [sid for sid in group_sids(account) if re.fullmatch(r"S-1-5-21-\d+-\d+-\d+-512", sid)]
    if admins:
        return warned(text("evidence.ACC-11.domain_administrator", name=name, sid=admins[0]), remedy)
    known(other)
    return passed(text("evidence.ACC-11.dedicated", name=name))
