"""Which finding can be mended from here, and what that would change: pure functions of plan, facts and finding.

A fix only ever adds (a container, a grant, a member) or takes away what is ours (a task). What stands in the way by
somebody's will, a denial or a policy, is left to those who set it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from vmm_wizard.checks.accounts import found_account, sids_of
from vmm_wizard.checks.governance import undone, unread
from vmm_wizard.checks.registry import Finding
from vmm_wizard.checks.remedies import AD_TEAM, ask, down_level, on_node, powershell
from vmm_wizard.checks.rights import ADMINISTRATORS, FULL_CONTROL, access, is_deletion_protection
from vmm_wizard.facts.model import ContainerFacts, Facts, NoAnswer, NodeFacts, NotKnown, known
from vmm_wizard.facts.rehearsal import REHEARSAL_PREFIX
from vmm_wizard.mending.model import (
    AddAdministrator,
    Grant,
    GrantRights,
    MakeContainer,
    Offer,
    Refusal,
    RemoveTasks,
)
from vmm_wizard.plan.model import AccountKind, Plan
from vmm_wizard.texts import text

TASK_PREFIX = "vmm-wizard-"
_DACL = 0x4


@dataclass(frozen=True, slots=True)
class Situation:
    """All that an offer is made of. `container` and `parent` (of the DKM container) are as the installing account sees
    them; `over` holds the ids of runs that this user's journal knows to have ended."""

    plan: Plan
    facts: Facts
    container: ContainerFacts | NoAnswer
    parent: ContainerFacts | NoAnswer
    over: Collection[str] = ()


def mendable() -> tuple[str, ...]:
    """The ids of the checks whose findings can be mended from here."""
    return tuple(_OFFERS)


def offer(situation: Situation, finding: Finding) -> Offer | Refusal:
    """What would be done about a finding that is wrong, or why nothing is. Raises KeyError for other checks."""
    make = _OFFERS[finding.id]
    for host, answer in situation.facts.nodes.items():
        if isinstance(answer, NodeFacts) and answer.setup_processes:
            reason = text("mending.offers.setup_runs", host=host, processes=", ".join(answer.setup_processes))
            return Refusal(finding.id, finding.subject, reason)
    try:
        return make(situation, finding)
    except NotKnown as gap:
        return Refusal(finding.id, finding.subject, text("mending.offers.not_known", why=gap))


# --- the DKM container


def _installer(situation: Situation) -> Grant:
    account = found_account(situation.facts.installing_account)
    if account is None:
        raise NotKnown(NoAnswer(text("mending.offers.no_installer")))
    return Grant(account.sid, down_level(situation.plan.installing_account, situation.facts))


def _service_account(situation: Situation) -> Grant | None:
    """None: the directory does not have it, or none is planned yet."""
    if not situation.plan.service_account.name:
        return None
    account = found_account(situation.facts.service_account)
    if account is None:
        return None
    return Grant(account.sid, down_level(situation.plan.service_account.name, situation.facts))


def _granting(grant: Grant) -> str:
    return text("mending.offers.grant", name=grant.name, sid=grant.sid)


def _protecting() -> str:
    return text("mending.offers.protect")


def _make_container(situation: Situation, finding: Finding) -> Offer | Refusal:
    """DKM-01: the container in its parent, with what DKM-02 and DKM-03 ask for."""
    plan, dn = situation.plan, str(situation.plan.dkm.dn)

    def refuse(reason: str) -> Refusal:
        return Refusal(finding.id, finding.subject, reason, finding.remedy)

    container = known(situation.container)
    if container.found:
        return refuse(text("mending.offers.exists", dn=container.dn))
    if container.referral or plan.dkm.dn.rdns[0][0].upper() != "CN":
        return refuse(text("mending.offers.no_container", dn=dn))
    installer = _installer(situation)
    parent = known(situation.parent)
    if not parent.found:
        return refuse(text("mending.offers.no_parent", parent=plan.dkm.dn.parent))
    allowed = {name.casefold() for name in parent.allowed_child_classes_effective or ()}
    if "container" not in allowed:
        return refuse(text("mending.offers.may_not_create", account=installer.name, dn=parent.dn))
    service = _service_account(situation)
    grants = tuple(row for row in (installer, service) if row)
    name = plan.dkm.dn.rdns[0][1]
    return Offer(
        finding.id,
        finding.subject,
        dn,
        (text("mending.offers.create", name=name, parent=parent.dn), *map(_granting, grants), _protecting()),
        installer.name,
        (
            str(
                ask(
                    AD_TEAM,
                    text("mending.offers.undo_create", dn=powershell(dn)),
                )
            ),
        ),
        MakeContainer(dn, grants),
    )


def _grant_to_installer(situation: Situation, finding: Finding) -> Offer | Refusal:
    """DKM-02: what the installing account lacks, and the protection where it is missing."""
    return _grant(situation, finding, _installer(situation), situation.facts.installing_account, protect=True)


def _grant_to_service(situation: Situation, finding: Finding) -> Offer | Refusal:
    """DKM-03: the same for the service account."""
    grant = _service_account(situation)
    if grant is None:
        return Refusal(finding.id, finding.subject, text("mending.offers.no_service_account"))
    return _grant(situation, finding, grant, situation.facts.service_account, protect=False)


def _grant(situation: Situation, finding: Finding, grant: Grant, who: object, *, protect: bool) -> Offer | Refusal:
    installer = _installer(situation)
    container = known(situation.container)

    def refuse(reason: str) -> Refusal:
        return Refusal(finding.id, finding.subject, reason, finding.remedy)

    if not container.found:
        return refuse(text("mending.offers.dkm_first"))
    if container.descriptor is None or container.sd_rights_effective is None:
        return refuse(text("mending.offers.may_not_read", account=installer.name, dn=container.dn))
    account = found_account(who)  # type: ignore[arg-type]
    assert account is not None
    sids = sids_of(account)
    denials = [
        ace
        for ace in container.descriptor.dacl or ()
        if not ace.allow and ace.sid in sids and not is_deletion_protection(ace)
    ]
    if denials:
        who_denied = ", ".join(sorted({ace.sid for ace in denials}))
        return refuse(text("mending.offers.denied", who_denied=who_denied))
    if not container.sd_rights_effective & _DACL:
        return refuse(text("mending.offers.may_not_change", account=installer.name, dn=container.dn))
    granted = access(container.descriptor, sids)
    grants = () if granted.covers(FULL_CONTROL) else (grant,)
    protect = protect and not granted.protected
    if not grants and not protect:
        return refuse(text("mending.offers.grants_already", dn=container.dn))
    undo = [
        str(ask(AD_TEAM, text("mending.offers.undo_grant", dn=powershell(container.dn), account=powershell(row.name))))
        for row in grants
    ]
    if protect:
        off = f"Set-ADObject -Identity {powershell(container.dn)} -ProtectedFromAccidentalDeletion $false"
        undo.append(str(ask(AD_TEAM, off)))
    return Offer(
        finding.id,
        finding.subject,
        container.dn,
        (*map(_granting, grants), *((_protecting(),) if protect else ())),
        installer.name,
        tuple(undo),
        GrantRights(container.dn, grants, protect),
    )


# --- nodes


def _add_administrator(situation: Situation, finding: Finding) -> Offer | Refusal:
    """ACC-04: the service account itself, by SID; a group of it is for those who keep groups."""
    plan, facts, node = situation.plan, situation.facts, finding.subject

    def refuse(reason: str) -> Refusal:
        return Refusal(finding.id, node, reason, finding.remedy)

    service = _service_account(situation)
    if service is None:
        return refuse(text("mending.offers.acc_first"))
    answer = facts.node(node)
    if not answer.is_administrator:
        return refuse(text("mending.offers.no_administrator", account=answer.user or plan.node_account, node=node))
    account = found_account(facts.service_account)
    assert account is not None
    policy = undone(answer, ADMINISTRATORS, sids_of(account))
    if policy:
        return refuse(policy)
    kind = "gmsa" if plan.service_account.kind is AccountKind.GMSA else "account"
    told = {"name": service.name, "sid": service.sid, "group": ADMINISTRATORS}
    member = powershell(service.name)
    return Offer(
        finding.id,
        node,
        node,
        (text(f"mending.offers.add.{kind}", **told) + unread(answer),),
        answer.user,
        (str(on_node(node, f"Remove-LocalGroupMember -SID {ADMINISTRATORS} -Member {member}")),),
        AddAdministrator(node, service.sid),
    )


def _remove_tasks(situation: Situation, finding: Finding) -> Offer | Refusal:
    """RUN-02: tasks of rehearsals, and of runs that this user's journal knows to be over. Others are somebody's."""
    node = finding.subject
    answer = situation.facts.node(node)

    def refuse(reason: str) -> Refusal:
        return Refusal(finding.id, node, reason, finding.remedy)

    if not answer.tasks:
        return refuse(text("mending.offers.no_task", node=node))
    runs = [name.removeprefix(TASK_PREFIX) for name in answer.tasks]
    foreign = [row for row in runs if not row.startswith(REHEARSAL_PREFIX) and row not in situation.over]
    if foreign:
        return refuse(text("mending.offers.foreign_task", prefix=TASK_PREFIX, run=foreign[0]))
    return Offer(
        finding.id,
        node,
        node,
        tuple(text("mending.offers.remove_task", name=name) for name in answer.tasks),
        answer.user,
        (text("mending.offers.nothing_to_take_back"),),
        RemoveTasks(node, answer.tasks),
    )


_OFFERS: Mapping[str, Callable[[Situation, Finding], Offer | Refusal]] = {
    "ACC-04": _add_administrator,
    "DKM-01": _make_container,
    "DKM-02": _grant_to_installer,
    "DKM-03": _grant_to_service,
    "RUN-02": _remove_tasks,
}
