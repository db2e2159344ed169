"""Checks of the account that runs setup (INS)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vmm_wizard.checks.accounts import (
    ELSEWHERE,
    STATE_REFUSALS,
    cannot_log_on,
    clock,
    found_account,
    group_sids,
    listing,
    sids_of,
    sids_on_node,
)
from vmm_wizard.checks.governance import (
    BATCH_LOGON,
    DENY_BATCH_LOGON,
    STORED_PASSWORDS,
    Outlook,
    administrator_outlook,
    defined_by,
    governor,
    mend_denial,
    mend_grant,
    mend_value,
    outlook,
    place,
    sids_later,
    stored_passwords_forbidden,
    unread,
    will_lose,
)
from vmm_wizard.checks.registry import (
    Status,
    Verdict,
    check,
    failed,
    node_check,
    not_applicable,
    or_unknown,
    passed,
    unknown,
    warned,
)
from vmm_wizard.checks.remedies import AD_TEAM, ask, down_level, in_plan, on_node, powershell
from vmm_wizard.checks.rights import ADMINISTRATORS
from vmm_wizard.checks.schedule import pending_nodes
from vmm_wizard.facts.model import AccountFacts, Facts, NodeFacts, PasswordFacts, RehearsalFacts, known
from vmm_wizard.facts.node_parts import part
from vmm_wizard.plan.model import Plan

#: userAccountControl: the account is sensitive and cannot be delegated (MS-ADTS 2.2.16).
_NOT_DELEGATED = 0x100000


@node_check(
    "INS-01",
    topic="account",
    source="HA1",
    needs=("installing_account",),
)
def installer_is_administrator(plan: Plan, facts: Facts, node: str) -> Verdict:
    """What a rehearsal saw from inside wins over the group's members as seen from outside."""
    name = down_level(plan.installing_account, facts)
    local = on_node(node, f"Add-LocalGroupMember -SID {ADMINISTRATORS} -Member {powershell(name)}")
    rehearsal = facts.rehearsals.get(node)
    if isinstance(rehearsal, RehearsalFacts) and rehearsal.registered and rehearsal.user:
        if ADMINISTRATORS not in rehearsal.groups:
            view = _membership(facts, node, now=False)
            return failed(
                f"the rehearsal ran as {rehearsal.user} without the Administrators group",
                mend_grant(view, ADMINISTRATORS, name, node, local) if view else local,
            )
        if not rehearsal.elevated:
            return failed(
                f"the rehearsal ran as {rehearsal.user} without elevation",
                on_node(node, "Get-ScheduledTask and the UAC policies: a task at highest level must run elevated"),
            )
        view = _membership(facts, node)
        if view is not None and not view.later:
            return warned(
                will_lose(view, name, "is a local administrator"),
                mend_grant(view, ADMINISTRATORS, name, node, local),
            )
        return passed(f"the rehearsal ran as {rehearsal.user}, an administrator, elevated")
    account = found_account(facts.installing_account)
    if account is None:
        return not_applicable("INS-02 first: the installing account is not there")
    facts_of_node = facts.node(node)
    view = administrator_outlook(facts_of_node, sids_of(account))
    remedy = mend_grant(view, ADMINISTRATORS, name, node, local)
    if not view.now:
        return failed(
            f"neither {name} nor a group of it is a member of the local Administrators group"
            f"{defined_by(view)}{unread(facts_of_node)}",
            remedy,
        )
    if not view.later:
        # Setup may be over before: nobody knows when the next refresh comes.
        return warned(will_lose(view, name, "is a local administrator"), remedy)
    return passed(
        f"{name} is a member of the local Administrators group, directly or through a group"
        f"{defined_by(view)}{unread(facts_of_node)}"
    )


def _membership(facts: Facts, node: str, now: bool = True) -> Outlook | None:
    """What policy will make of the account's place in Administrators, of which a rehearsal told the present; None when
    its groups or the node's policies are not known."""
    account, facts_of_node = facts.installing_account, facts.nodes.get(node)
    if not isinstance(account, AccountFacts) or not isinstance(facts_of_node, NodeFacts):
        return None
    return outlook(facts_of_node, ADMINISTRATORS, now, account.sids) if account.token_groups is not None else None


@check(
    "INS-02",
    topic="account",
    source="expert",
    needs=("installing_account", "cluster.nodes"),
)
def installer_may_run_tasks(plan: Plan, facts: Facts) -> Iterator[Verdict]:
    """The account itself first, then its right to log on as a batch job on each node.

    These fail though nothing but general Windows knowledge says so: without them the task that runs setup cannot start.
    A rehearsal that ran proves them.
    """
    yield (verdict := or_unknown(lambda: _installer(plan, facts), str(plan.installing_account)))
    if verdict.status is Status.FAIL:
        return
    for node in pending_nodes(plan, facts):
        yield or_unknown(lambda node=node: _batch_logon(plan, facts, node), node)  # type: ignore[misc]


def _installer(plan: Plan, facts: Facts) -> Verdict:
    name = plan.installing_account
    proof = facts.passwords.get(name.key)
    if isinstance(proof, PasswordFacts) and not proof.accepted:
        code = proof.refusal.casefold().lstrip("0")
        evidence = f"a domain controller refused {name}: {proof.meaning or 'logon failed'} ({proof.refusal})"
        if code in ELSEWHERE:
            return unknown(f"{evidence}; that says nothing about the nodes")
        if code in STATE_REFUSALS:
            return failed(evidence, ask(AD_TEAM, f"mend account {powershell(name.user)}: {STATE_REFUSALS[code]}"))
        return failed(evidence, in_plan(f"give the right password of {name}; it is not tried again"))
    account = known(facts.installing_account)
    if not account.found:
        return failed(f"the directory has no account {name}", in_plan("name a domain account that exists"))
    stopped = cannot_log_on(account, clock(facts))
    if stopped:
        return stopped
    return passed(f"{account.dn} is a domain account, enabled and not locked")


def _batch_logon(plan: Plan, facts: Facts, node: str) -> Verdict:
    name = down_level(plan.installing_account, facts)
    rehearsal = facts.rehearsals.get(node)
    if isinstance(rehearsal, RehearsalFacts) and rehearsal.registered and rehearsal.user:
        return passed(f"the rehearsal ran as {rehearsal.user} in a task with a stored password")
    account = known(facts.installing_account)
    facts_of_node = facts.node(node)
    rights = part(facts_of_node, facts_of_node.rights, "user rights (secedit)")
    sids, later = sids_on_node(account, facts_of_node), sids_later(facts_of_node, sids_of(account))
    named = sorted(sids & set(rights.deny_batch_logon))
    denial = outlook(facts_of_node, DENY_BATCH_LOGON, bool(named), later)
    local = on_node(node, f"secpol.msc: take {name}, or its group, out of {place(DENY_BATCH_LOGON)}")
    remedy = mend_denial(denial, DENY_BATCH_LOGON, name, node, local)
    if named:
        return failed(
            f"{name} is denied to log on as a batch job ({DENY_BATCH_LOGON} names {listing(named)})"
            f"{defined_by(denial)}{unread(facts_of_node)}",
            remedy,
        )
    if denial.later and denial.governor:
        return warned(
            f"{name} is not denied to log on as a batch job yet, but GPO {denial.governor.gpo} names it in "
            f"{DENY_BATCH_LOGON}: the next refresh denies it",
            remedy,
        )
    grant = outlook(facts_of_node, BATCH_LOGON, not sids.isdisjoint(rights.batch_logon), later)
    local = on_node(node, f"secpol.msc: put {name} into {place(BATCH_LOGON)}")
    remedy = mend_grant(grant, BATCH_LOGON, name, node, local)
    if not grant.now:
        return failed(
            f"{name} may not log on as a batch job ({BATCH_LOGON} names no SID of it)"
            f"{defined_by(grant)}{unread(facts_of_node)}",
            remedy,
        )
    if not grant.later:
        return warned(will_lose(grant, name, "may log on as a batch job"), remedy)
    return passed(f"{name} may log on as a batch job{defined_by(grant)}{unread(facts_of_node)}")


@node_check("INS-03", topic="account", source="expert")
def node_stores_passwords(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Fails though only general Windows knowledge says so: Windows then refuses to register the task (RUN-02 shows)."""
    del plan
    rehearsal = facts.rehearsals.get(node)
    if isinstance(rehearsal, RehearsalFacts) and rehearsal.registered:
        return passed("the rehearsal's task was registered with a stored password")
    facts_of_node = facts.node(node)
    value, found = facts_of_node.disable_domain_creds, governor(facts_of_node, STORED_PASSWORDS)
    local = on_node(
        node,
        f"gpresult /h policy.html shows which policy sets {place(STORED_PASSWORDS)}; agree with its owner on an "
        "exception while setup runs",
    )
    step = f"agree with its owner on an exception while setup runs: {place(STORED_PASSWORDS)}"
    remedy = mend_value(found, step, node) if found else local
    if value:
        by = f" (set by GPO {found.gpo})" if found else ""
        return failed(
            f"DisableDomainCreds is {value}{by}: Windows stores no password for a task{unread(facts_of_node)}", remedy
        )
    if found and stored_passwords_forbidden(facts_of_node):
        return warned(
            f"DisableDomainCreds is not set now, but GPO {found.gpo} sets it: after the next refresh Windows stores no "
            "password for a task",
            remedy,
        )
    return passed(f"DisableDomainCreds is not set{unread(facts_of_node)}")


@check(
    "INS-04",
    topic="account",
    source="expert",
    needs=("installing_account",),
)
def installer_not_protected(plan: Plan, facts: Facts) -> Verdict:
    """Not in Protected Users (RID 525), not marked as sensitive. Only warns: no source tells what setup makes of it."""
    account = found_account(facts.installing_account)
    if account is None:
        return not_applicable("INS-02 first: the installing account is not there")
    name = down_level(plan.installing_account, facts)
    remedy = ask(
        AD_TEAM, "make another account for setup, with the same rights; this one is protected on purpose, leave it so"
    )
    protected = [sid for sid in group_sids(account) if re.fullmatch(r"S-1-5-21-\d+-\d+-\d+-525", sid)]
    if protected:
        return warned(
            f"{name} is in Protected Users ({protected[0]}): no NTLM, tickets of four hours without renewal, and a "
            "task with its stored password may be refused",
            remedy,
        )
    if account.user_account_control & _NOT_DELEGATED:
        return warned(
            f"{name} is sensitive and cannot be delegated (userAccountControl 0x100000): what reaches a second server "
            "by delegation is refused",
            remedy,
        )
    return passed(f"{name} is not in Protected Users and may be delegated")
