"""What an uninstall is decided by: where VMM is, who owns its role, which node is the last. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from vmm_wizard.facts.model import Facts, NoAnswer, NodeFacts, NotKnown, SqlFacts
from vmm_wizard.facts.node_model import VmmFacts
from vmm_wizard.facts.node_parts import vmm_of
from vmm_wizard.install.role import Role, cannot_take, label_of, role_of
from vmm_wizard.install.verify import Witness, silent
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import HostName
from vmm_wizard.texts import text


def outsiders(plan: Plan, facts: Facts) -> tuple[HostName, ...]:
    """The nodes that may own the role and are none of the plan's, by full name: the plan does not say whether they
    carry VMM, so they are to be asked."""
    role = role_of(plan, facts)
    if role is None:
        return ()
    planned = {node.label.casefold() for node in plan.nodes}
    owners = (role.possible_owners or role.members.keys()) - planned
    return tuple(HostName.parse(f"{label}.{plan.dns_domain}") for label in sorted(owners))


def with_outsiders(plan: Plan, facts: Facts) -> Plan:
    """The plan with the `outsiders` as nodes, last: what may have VMM is looked at as what is known to have it."""
    nodes = (*plan.cluster.nodes, *outsiders(plan, facts))
    return plan if nodes == plan.cluster.nodes else replace(plan, cluster=replace(plan.cluster, nodes=nodes))


def carriers(plan: Plan, facts: Facts) -> tuple[str, ...]:
    """The nodes that have VMM or may have it, by full name: one that does not answer is taken to have it, for what is
    kept can be dropped later, and what is dropped is gone."""
    answers = {node.key: facts.nodes.get(node.key) for node in plan.nodes}
    return tuple(
        node
        for node, answer in answers.items()
        if not isinstance(answer, NodeFacts) or answer.vmm is not None or answer.was_unreadable("vmm")
    )


def in_order(nodes: Iterable[str], role: Role | None) -> list[str]:
    """`nodes` as they are taken: the node that owns the role last, for what runs there goes on until then."""
    return sorted(nodes, key=lambda node: role is not None and role.owner == label_of(node))


def heir(facts: Facts, role: Role, others: Iterable[str], going: Iterable[str]) -> str:
    """The node of `others` that takes the role: one that keeps VMM, else one of those `going`; empty when none can."""
    later = set(going)
    able = [other for other in others if not cannot_take(facts, role, other)]
    return min(able, key=lambda other: other in later, default="")


def is_down(role: Role | None) -> bool:
    """Whether the role had failed, or was taken offline: then it need not be online afterwards."""
    return role is not None and role.state.casefold() in ("failed", "offline")


#: What is to become of the database with the last node. "lost": it was gone or unreadable before.
Fate = Literal["kept", "gone", "lost"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of one node before its setup was started: whether it is the `last` with VMM, what becomes of the
    database, and whether the role was down before. As a text it stands in the journal."""

    last: bool
    database: Fate = "kept"
    was_down: bool = False

    def __str__(self) -> str:
        return f"{'last' if self.last else 'not last'}; database {self.database}; role {_UP_DOWN[self.was_down]}"

    @classmethod
    def read(cls, text: str) -> Decision:
        """The decision that `str` wrote; the careful one for any other text."""
        known = (cls(last, fate, down) for last in (True, False) for fate in _FATES for down in (True, False))
        return next((row for row in known if str(row) == text), cls(last=False))


_FATES: tuple[Fate, ...] = ("kept", "gone", "lost")
_UP_DOWN = {False: "up before", True: "down before"}


def witnesses(plan: Plan, facts: Facts, node: str, decision: Decision) -> tuple[Witness, ...]:
    """What says that VMM is off `node`: registry, service, the role's possible owners; and of the last node role and
    database. Of another one the role must still be online, if it was."""
    answer = facts.nodes.get(node)
    if not isinstance(answer, NodeFacts):
        return (silent(node, answer),)
    try:
        vmm = vmm_of(answer)
    except NotKnown as gap:
        return (Witness("node", False, f"{node}: {gap.answer.reason}"),)
    role = role_of(plan, facts)
    rows = [
        Witness("registry", vmm is None, text(f"engine.removal.registry.{'there' if vmm else 'gone'}")),
        Witness("service", not (vmm and vmm.service_state), _service(vmm)),
    ]
    if decision.last:
        gone = role is None
        rows.append(
            Witness(
                "cluster group",
                gone,
                text(f"engine.removal.role.{'gone' if gone else 'there'}", role=plan.cluster.role_name),
            )
        )
        rows.append(_database(plan, facts, decision.database))
        return tuple(rows)
    if role is None:
        rows.append(Witness("cluster group", False, text("engine.removal.no_role", role=plan.cluster.role_name)))
        return tuple(rows)
    owner = label_of(node) in role.possible_owners
    rows.append(
        Witness("owners", not owner, text(f"engine.removal.owner.{'still' if owner else 'no'}", role=role.name))
    )
    good = decision.was_down or role.is_online
    rows.append(
        Witness(
            "cluster group", good, text("engine.shared.role_is", role=role.name, state=role.state, owner=role.owner)
        )
    )
    return tuple(rows)


def _service(vmm: VmmFacts | None) -> str:
    if vmm is not None and vmm.service_state:
        return text("engine.removal.service.there", state=vmm.service_state)
    return text("engine.removal.service.gone")


def _database(plan: Plan, facts: Facts, fate: Fate) -> Witness:
    name = plan.database.name
    if not isinstance(facts.sql, SqlFacts):
        return Witness(
            "database", fate != "gone", text("engine.removal.database_unseen", name=name, reason=facts.sql.reason)
        )
    there = facts.sql.database is not None
    return Witness(
        "database",
        fate == "lost" or there is (fate == "kept"),
        text(f"engine.removal.database.{'there' if there else 'gone'}", name=name),
    )


def has_console(facts: Facts, node: str) -> bool:
    """Whether VMM's console is on a node, as far as Windows lists its products."""
    answer = facts.nodes.get(node)
    remains = answer.remains if isinstance(answer, NodeFacts) else None
    return remains is not None and any("console" in row.name.casefold() for row in remains.products)


def console_witness(facts: Facts, node: str) -> Witness:
    """What says that the console is off `node`."""
    if not isinstance(facts.nodes.get(node), NodeFacts):
        return silent(node, None)
    there = has_console(facts, node)
    return Witness("console", not there, text(f"engine.removal.console.{'there' if there else 'gone'}"))


def database_is_lost(facts: Facts) -> str:
    """Why setup could not read the database, in words; empty when it can be read, or when nobody knows."""
    if isinstance(facts.sql, NoAnswer):
        return text("engine.removal.sql_silent", reason=facts.sql.reason)
    if facts.sql.database is None:
        return text("engine.removal.no_database", server=facts.sql.server)
    if facts.sql.database.state not in (None, "ONLINE"):
        return text("engine.removal.database_is", state=facts.sql.database.state)
    if facts.sql.database.is_vmm is False:
        return text("engine.removal.not_vmms")
    return ""
