"""Checks of the account that runs setup (INS)."""

from __future__ import annotations

from collections.abc import Iterator

from vmm_wizard.checks.accounts import (
    ELSEWHERE,
    STATE_REFUSALS,
    cannot_log_on,
    clock,
    found_account,
    listing,
    sids_on_node,
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
)
from vmm_wizard.checks.remedies import AD_TEAM, ask, down_level, in_plan, on_node, powershell
from vmm_wizard.checks.rights import ADMINISTRATORS
from vmm_wizard.checks.schedule import pending_nodes
from vmm_wizard.facts.model import Facts, PasswordFacts, RehearsalFacts, known
from vmm_wizard.facts.node_parts import part
from vmm_wizard.plan.model import Plan


@node_check(
    "INS-01",
    title="The installing account is a local administrator",
    topic="account",
    source="HA1",
    needs=("installing_account",),
)
def installer_is_administrator(plan: Plan, facts: Facts, node: str) -> Verdict:
    """What a rehearsal saw from inside wins over the group's members as seen from outside."""
    name = down_level(plan.installing_account, facts)
    remedy = on_node(node, f"Add-LocalGroupMember -SID {ADMINISTRATORS} -Member {powershell(name)}")
    rehearsal = facts.rehearsals.get(node)
    if isinstance(rehearsal, RehearsalFacts) and rehearsal.registered and rehearsal.user:
        if ADMINISTRATORS not in rehearsal.groups:
            return failed(f"the rehearsal ran as {rehearsal.user} without the Administrators group", remedy)
        if not rehearsal.elevated:
            return failed(
                f"the rehearsal ran as {rehearsal.user} without elevation",
                on_node(node, "Get-ScheduledTask and the UAC policies: a task at highest level must run elevated"),
            )
        return passed(f"the rehearsal ran as {rehearsal.user}, an administrator, elevated")
    account = found_account(facts.installing_account)
    if account is None:
        return not_applicable("INS-02 first: the installing account is not there")
    if ADMINISTRATORS in sids_on_node(account, facts.node(node)):
        return passed(f"{name} is a member of the local Administrators group, directly or through a group")
    return failed(f"neither {name} nor a group of it is a member of the local Administrators group", remedy)


@check(
    "INS-02",
    title="The installing account may run a scheduled task",
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
    sids = sids_on_node(account, facts_of_node)
    denied = sids & set(rights.deny_batch_logon)
    where = "Computer Configuration, Windows Settings, Security Settings, Local Policies, User Rights Assignment"
    if denied:
        return failed(
            f"{name} is denied to log on as a batch job (SeDenyBatchLogonRight names {listing(sorted(denied))})",
            on_node(node, f"gpresult /h rights.html shows which policy; take {name} out of it under {where}"),
        )
    if not sids & set(rights.batch_logon):
        return failed(
            f"{name} may not log on as a batch job (SeBatchLogonRight names no SID of it)",
            on_node(node, f"secpol.msc or a policy: add {name} to Log on as a batch job under {where}"),
        )
    return passed(f"{name} may log on as a batch job")


@node_check("INS-03", title="The node stores passwords of tasks", topic="account", source="expert")
def node_stores_passwords(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Fails though only general Windows knowledge says so: Windows then refuses to register the task (RUN-02 shows)."""
    del plan
    rehearsal = facts.rehearsals.get(node)
    if isinstance(rehearsal, RehearsalFacts) and rehearsal.registered:
        return passed("the rehearsal's task was registered with a stored password")
    value = facts.node(node).disable_domain_creds
    if value:
        return failed(
            f"DisableDomainCreds is {value}: Windows stores no password for a task",
            on_node(
                node,
                "gpresult /h policy.html shows which policy sets 'Network access: Do not allow storage of passwords "
                "and credentials for network authentication'; agree with its owner on an exception while setup runs",
            ),
        )
    return passed("DisableDomainCreds is not set")
