"""VMM's role as the nodes of its cluster see it: who owns it, and which node can take it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vmm_wizard.checks.schedule import VMM_SERVICE, planned_cluster, vmm_group
from vmm_wizard.facts.model import ClusterFacts, Facts, NoAnswer, NodeFacts
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text


def label_of(name: str) -> str:
    """A machine's name without its domain, in lower case: clusters write it in capitals."""
    return name.partition(".")[0].casefold()


@dataclass(frozen=True, slots=True)
class Role:
    """The role. `owner`, `possible_owners` (empty: every node of the cluster) and the keys of `members` (the state of
    each node, as the cluster names it) are labels."""

    name: str
    state: str
    owner: str
    possible_owners: frozenset[str]
    members: dict[str, str]

    @property
    def is_online(self) -> bool:
        """Whether it is up where it is."""
        return self.state.casefold() == "online"

    def may_own(self, node: str) -> bool:
        """Whether the cluster lets this node own it."""
        return not self.possible_owners or label_of(node) in self.possible_owners


def _clusters(plan: Plan, facts: Facts) -> Iterator[ClusterFacts]:
    """The planned cluster as each planned node that answers sees it."""
    for node in plan.nodes:
        answer = facts.nodes.get(node.key)
        if isinstance(answer, NodeFacts) and answer.cluster and planned_cluster(plan, answer.cluster):
            yield answer.cluster


def role_of(plan: Plan, facts: Facts) -> Role | None:
    """VMM's role on the planned cluster, whatever it is called; None when no node that answers sees one."""
    for cluster in _clusters(plan, facts):
        name = vmm_group(cluster)
        group = next((row for row in cluster.groups if row.name == name), None)
        if group is None:
            continue
        services = [row for row in cluster.services if row.service_name.casefold() == VMM_SERVICE.casefold()]
        owners = frozenset(label_of(owner) for row in services for owner in row.possible_owners)
        members = {label_of(row.name): row.state for row in cluster.nodes}
        return Role(group.name, group.state, label_of(group.owner), owners, members)
    return None


def owner_key(plan: Plan, role: Role) -> str:
    """The planned node that owns the role, by full name; empty when it is none of the plan's."""
    return next((node.key for node in plan.nodes if label_of(node.key) == role.owner), "")


def silence(node: str, answer: NoAnswer | None) -> str:
    """That a node does not answer, and why, where that is known; a sentence."""
    if answer is None:
        return text("engine.role.silent", node=node)
    return text("engine.role.silent_because", node=node, reason=answer.reason)


def cannot_take(facts: Facts, role: Role, node: str) -> str:
    """Why `node` (by full name) cannot take the role, as a sentence; empty when it can."""
    answer = facts.nodes.get(node)
    if not isinstance(answer, NodeFacts):
        return silence(node, answer)
    if answer.vmm is None:
        hidden = answer.was_unreadable("vmm")
        return text("engine.role.unread", node=node) if hidden else text("engine.role.not_installed", node=node)
    if not role.may_own(node):
        return text("engine.role.no_owner", node=node, role=role.name)
    state = role.members.get(label_of(node))
    if state is None:
        return text("engine.role.no_member", node=node)
    if state.casefold() != "up":
        return text("engine.role.state", node=node, state=state)
    return ""


def carriers(plan: Plan, facts: Facts) -> tuple[str, ...]:
    """The planned nodes that are known to have VMM, by full name, in order."""
    answers = ((node.key, facts.nodes.get(node.key)) for node in plan.nodes)
    return tuple(key for key, answer in answers if isinstance(answer, NodeFacts) and answer.vmm is not None)


def heir(plan: Plan, facts: Facts, role: Role, node: str) -> str:
    """Another planned node that can take the role now; empty when there is none."""
    return next((key for key in carriers(plan, facts) if key != node and not cannot_take(facts, role, key)), "")
