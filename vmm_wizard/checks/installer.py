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
    refused,
    sids_of,
    sids_on_node,
    state_told_by,
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
from vmm_wizard.texts import text

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
                text("evidence.INS-01.without_group", user=rehearsal.user),
                mend_grant(view, ADMINISTRATORS, name, node, local) if view else local,
            )
        if not rehearsal.elevated:
            return failed(
                text("evidence.INS-01.not_elevated", user=rehearsal.user),
                on_node(node, text("evidence.INS-01.look_at_policies")),
            )
        view = _membership(facts, node)
        if view is not None and not view.later:
            return warned(
                will_lose(view, name),
                mend_grant(view, ADMINISTRATORS, name, node, local),
            )
        return passed(text("evidence.INS-01.seen_inside", user=rehearsal.user))
    account = found_account(facts.installing_account)
    if account is None:
        return not_applicable(text("evidence.shared.installing_account_first"))
    facts_of_node = facts.node(node)
    view = administrator_outlook(facts_of_node, sids_of(account))
    remedy = mend_grant(view, ADMINISTRATORS, name, node, local)
    if not view.now:
        return failed(
            text("evidence.INS-01.not_a_member", name=name, defined=defined_by(view), unread=unread(facts_of_node)),
            remedy,
        )
    if not view.later:
        # Setup may be over before: nobody knows when the next refresh comes.
        return warned(will_lose(view, name), remedy)
    return passed(text("evidence.INS-01.a_member", name=name, defined=defined_by(view), unread=unread(facts_of_node)))


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
    needs=("installing_account",),
)
def installer_may_run_tasks(plan: Plan, facts: Facts) -> Iterator[Verdict]:
    """The account itself first, as soon as it is named: its password may be refused long before nodes are. Then its
    right to log on as a batch job on each node.

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
        evidence = refused(name, proof)
        if code in ELSEWHERE:
            return unknown(text("evidence.INS-02.not_the_nodes", evidence=evidence))
        if code in STATE_REFUSALS:
            return failed(
                evidence,
                ask(
                    AD_TEAM, text("evidence.INS-02.mend_account", user=powershell(name.user), state=state_told_by(code))
                ),
            )
        return failed(evidence, in_plan(text("evidence.INS-02.give_password", name=name)))
    account = known(facts.installing_account)
    if not account.found:
        return failed(text("evidence.INS-02.missing", name=name), in_plan(text("evidence.INS-02.choose_one")))
    stopped = cannot_log_on(account, clock(facts))
    if stopped:
        return stopped
    return passed(text("evidence.INS-02.usable", dn=account.dn))


def _batch_logon(plan: Plan, facts: Facts, node: str) -> Verdict:
    name = down_level(plan.installing_account, facts)
    rehearsal = facts.rehearsals.get(node)
    if isinstance(rehearsal, RehearsalFacts) and rehearsal.registered and rehearsal.user:
        return passed(text("evidence.INS-02.seen_inside", user=rehearsal.user))
    account = known(facts.installing_account)
    facts_of_node = facts.node(node)
    rights = part(facts_of_node, facts_of_node.rights, text("evidence.shared.user_rights"))
    sids, later = sids_on_node(account, facts_of_node), sids_later(facts_of_node, sids_of(account))
    named = sorted(sids & set(rights.deny_batch_logon))
    denial = outlook(facts_of_node, DENY_BATCH_LOGON, bool(named), later)
    local = on_node(node, text("evidence.governance.take_out_locally", name=name, place=place(DENY_BATCH_LOGON)))
    remedy = mend_denial(denial, DENY_BATCH_LOGON, name, node, local)
    if named:
        return failed(
            text(
                "evidence.INS-02.denied",
                name=name,
                right=DENY_BATCH_LOGON,
                names=listing(named),
                defined=defined_by(denial),
                unread=unread(facts_of_node),
            ),
            remedy,
        )
    if denial.later and denial.governor:
        return warned(
            text("evidence.INS-02.will_be_denied", name=name, gpo=denial.governor.gpo, right=DENY_BATCH_LOGON),
            remedy,
        )
    grant = outlook(facts_of_node, BATCH_LOGON, not sids.isdisjoint(rights.batch_logon), later)
    local = on_node(node, text("evidence.governance.put_locally", name=name, place=place(BATCH_LOGON)))
    remedy = mend_grant(grant, BATCH_LOGON, name, node, local)
    if not grant.now:
        return failed(
            text(
                "evidence.INS-02.not_granted",
                name=name,
                right=BATCH_LOGON,
                defined=defined_by(grant),
                unread=unread(facts_of_node),
            ),
            remedy,
        )
    if not grant.later:
        return warned(will_lose(grant, name), remedy)
    return passed(text("evidence.INS-02.granted", name=name, defined=defined_by(grant), unread=unread(facts_of_node)))


@node_check("INS-03", topic="account", source="expert")
def node_stores_passwords(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Fails though only general Windows knowledge says so: Windows then refuses to register the task (RUN-02 shows)."""
    del plan
    rehearsal = facts.rehearsals.get(node)
    if isinstance(rehearsal, RehearsalFacts) and rehearsal.registered:
        return passed(text("evidence.INS-03.seen_inside"))
    facts_of_node = facts.node(node)
    value, found = facts_of_node.disable_domain_creds, governor(facts_of_node, STORED_PASSWORDS)
    local = on_node(
        node,
        text("evidence.INS-03.agree_on_exception", place=place(STORED_PASSWORDS)),
    )
    step = text("evidence.INS-03.exception_in_gpo", place=place(STORED_PASSWORDS))
    remedy = mend_value(found, step, node) if found else local
    if value:
        gap = unread(facts_of_node)
        return failed(
            text("evidence.INS-03.forbidden_by_gpo", value=value, gpo=found.gpo, unread=gap)
            if found
            else text("evidence.INS-03.forbidden", value=value, unread=gap),
            remedy,
        )
    if found and stored_passwords_forbidden(facts_of_node):
        return warned(
            text("evidence.INS-03.will_be_forbidden", gpo=found.gpo),
            remedy,
        )
    return passed(text("evidence.INS-03.allowed", unread=unread(facts_of_node)))


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
        return not_applicable(text("evidence.shared.installing_account_first"))
    name = down_level(plan.installing_account, facts)
    remedy = ask(AD_TEAM, text("evidence.INS-04.make_another"))
    protected = [sid for sid in group_sids(account) if re.fullmatch(r"S-1-5-21-\d+-\d+-\d+-525", sid)]
    if protected:
        return warned(
            text("evidence.INS-04.protected", name=name, sid=protected[0]),
            remedy,
        )
    if account.user_account_control & _NOT_DELEGATED:
        return warned(
            text("evidence.INS-04.not_delegated", name=name),
            remedy,
        )
    return passed(text("evidence.INS-04.free", name=name))
