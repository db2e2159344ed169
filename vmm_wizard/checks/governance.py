"""Who governs what is found: a setting of a node that a GPO defines is changed there and nowhere else.

Windows applies a GPO's user rights and group members again and again (at the latest after 16 hours), so a change on the
node itself lasts until then. Pure functions of a node's facts.

Seen are user rights, restricted groups and security options. Preferences (Local Users and Groups) are not: how RSoP
logs them is in no document.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vmm_wizard.checks.accounts import administrators_of
from vmm_wizard.checks.registry import Status, Verdict
from vmm_wizard.checks.remedies import AD_TEAM, Remedy, ask, on_node, powershell
from vmm_wizard.checks.rights import ADMINISTRATORS
from vmm_wizard.facts.model import NodeFacts
from vmm_wizard.texts import text

SERVICE_LOGON = "SeServiceLogonRight"
DENY_SERVICE_LOGON = "SeDenyServiceLogonRight"
BATCH_LOGON = "SeBatchLogonRight"
DENY_BATCH_LOGON = "SeDenyBatchLogonRight"
DENY_NETWORK_LOGON = "SeDenyNetworkLogonRight"
STORED_PASSWORDS = "DisableDomainCreds"


def place(setting: str) -> str:
    """Where an editor of policies shows `setting`: one of the constants here, or the SID of Administrators."""
    return text(f"evidence.governance.place.{setting}")


@dataclass(frozen=True, slots=True)
class Governor:
    """The GPO that defines a setting on a node, and the SIDs that it lets stand in it.

    `certain` is false when it may name more than could be read: an account that did not resolve, or groups that
    another GPO adds and this release of Windows does not log.
    """

    setting: str
    gpo: str
    sids: frozenset[str]
    certain: bool

    def names(self, sids: Iterable[str]) -> bool:
        """Whether one of `sids` is among those that the GPO lets stand."""
        return not self.sids.isdisjoint(sids)


def governor(node: NodeFacts, setting: str) -> Governor | None:
    """The GPO that defines `setting` (a constant of this module, or the SID of Administrators) on the node.

    None: no GPO does, or what policies define could not be read; `unread` tells the two apart.
    """
    policy = node.policy
    if policy is None:
        return None
    if setting == ADMINISTRATORS:
        group = policy.administrators
        if group is None:
            return None
        added = policy.added_administrators
        sids = frozenset((*group.sids, *(row.sid for row in added or ())))
        return Governor(setting, group.gpo, sids, added is not None and _resolved(sids))
    if setting == STORED_PASSWORDS:
        value = policy.disable_domain_creds
        return Governor(setting, value.gpo, frozenset(), True) if value else None
    for right in policy.rights:
        if right.right == setting:
            return Governor(setting, right.gpo, frozenset(right.sids), _resolved(right.sids))
    return None


def _resolved(sids: Iterable[str]) -> bool:
    return all(sid.startswith("S-1-") for sid in sids)


def unread(node: NodeFacts) -> str:
    """What evidence adds where policies could not be read: then a local change may be undone, and nobody can tell."""
    return "" if node.policy else text("evidence.governance.unread")


def undone(node: NodeFacts, setting: str, sids: Iterable[str] = (), *, granted: bool = True) -> str:
    """Why a change of `setting` on the node itself would not last, as a sentence; empty when it would, or when nobody
    can tell (`unread`).

    `granted`: the change puts the account of `sids` (its own and its groups') into the setting; else it takes it out.
    """
    found = governor(node, setting)
    if found is None or (setting != STORED_PASSWORDS and found.names(sids) is granted):
        return ""
    return text("evidence.governance.undone", gpo=found.gpo, place=place(setting))


def stored_passwords_forbidden(node: NodeFacts) -> bool:
    """Whether a GPO says that Windows on the node may not store passwords of tasks."""
    value = node.policy.disable_domain_creds if node.policy else None
    return value is not None and value.value.strip() not in ("", "0")


@dataclass(frozen=True, slots=True)
class Outlook:
    """Whether an account holds a setting now, and whether it will after the next refresh of policy."""

    now: bool
    later: bool
    governor: Governor | None

    @property
    def certain(self) -> bool:
        """Whether `later` is sure."""
        return self.governor is None or self.governor.certain or self.later


def outlook(node: NodeFacts, setting: str, now: bool, sids: Iterable[str]) -> Outlook:
    """How a setting that the account of `sids` holds `now`, or not, stands after the next refresh."""
    found = governor(node, setting)
    return Outlook(now, now if found is None else found.names(sids), found)


def administrator_outlook(node: NodeFacts, sids: frozenset[str]) -> Outlook:
    """Whether the account of `sids` is in the node's Administrators now and later; raises NotKnown when the members
    could not be read."""
    members = administrators_of(node)
    return outlook(node, ADMINISTRATORS, any(row.sid in sids for row in members), sids)


def sids_later(node: NodeFacts, sids: frozenset[str]) -> frozenset[str]:
    """The SIDs that an account acts with on the node after the next refresh: Administrators among them where it is in
    that group then. `sids` are those of the directory. Raises NotKnown when that group's members could not be read."""
    return sids | {ADMINISTRATORS} if administrator_outlook(node, sids).later else sids


def mend_grant(view: Outlook, setting: str, name: str, node: str, local: Remedy) -> Remedy:
    """The remedy that gives `name` the setting on `node`: `local`, a remedy of its own, unless a GPO governs it."""
    if view.governor is None:
        return local
    if view.later:
        return on_node(node, text("evidence.governance.refresh_to_grant", gpo=view.governor.gpo, name=name))
    return _in_gpo(view.governor, text("evidence.governance.put", name=name, place=place(setting)), node)


def mend_denial(view: Outlook, setting: str, name: str, node: str, local: Remedy) -> Remedy:
    """The remedy that takes `name` out of a denial on `node`: `local`, unless a GPO keeps it there."""
    if view.governor is None:
        return local
    if not view.later:
        return on_node(node, text("evidence.governance.refresh_to_release", gpo=view.governor.gpo, name=name))
    return _in_gpo(view.governor, text("evidence.governance.take_out", name=name, place=place(setting)), node)


def mend_value(found: Governor, step: str, node: str) -> Remedy:
    """The remedy for a value that a GPO sets: its owner takes `step`."""
    return _in_gpo(found, step, node)


def _in_gpo(found: Governor, step: str, node: str) -> Remedy:
    show = f"Get-GPOReport -Name {powershell(found.gpo)} -ReportType Html -Path gpo.html"
    return ask(
        AD_TEAM,
        text("evidence.governance.in_gpo", show=show, step=step, node=node),
    )


def will_lose(view: Outlook, name: str) -> str:
    """Evidence that `name` has the setting now, and not after the next refresh."""
    assert view.governor is not None
    sure = "" if view.certain else text("evidence.governance.as_far_as_read")
    return text(f"evidence.governance.loses.{view.governor.setting}", name=name, gpo=view.governor.gpo, sure=sure)


def worst_if_certain(view: Outlook, evidence: str, remedy: Remedy) -> Verdict:
    """A fail where what policy will do is certain, else a warning."""
    return Verdict(Status.FAIL if view.certain else Status.WARN, evidence, remedy)


def defined_by(view: Outlook) -> str:
    """What evidence adds where a GPO defines the setting."""
    return text("evidence.governance.defined_by", gpo=view.governor.gpo) if view.governor else ""
