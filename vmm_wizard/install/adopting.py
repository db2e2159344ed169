"""Asks a running VMM about itself, so that another node can join it: the nodes, their cluster, who has VMM."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from vmm_wizard.checks.schedule import vmm_group
from vmm_wizard.facts.model import Facts, NodeFacts
from vmm_wizard.install.adoption import possible_owners
from vmm_wizard.install.role import label_of
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import HostName

#: Asks everything that a plan raises, and gives what is known then.
Look = Callable[[Plan], Facts]


def ask_running(plan: Plan, look: Look, new: Sequence[str], source: str = "") -> tuple[str, Facts]:
    """(The node that is read, what it and all nodes that may have VMM say). All names are full and in lower case.

    Without a `source` it is the node that owns the role, as the new nodes' own cluster tells; empty when none does.
    """
    first = source or next((node.key for node in plan.nodes if node.key not in new), "") or new[0]
    facts = look(_with_nodes(plan, [first]))
    answer = facts.nodes.get(first)
    cluster = answer.cluster if isinstance(answer, NodeFacts) else None
    group = next((row for row in cluster.groups if row.name == vmm_group(cluster)), None) if cluster else None
    if cluster is None or group is None:
        return source or (first if first not in new else ""), facts
    domain = cluster.domain or plan.dns_domain
    owners = sorted(f"{label}.{domain}".casefold() for label in possible_owners(cluster))
    source = source or f"{label_of(group.owner)}.{domain}".casefold()
    return source, look(_with_nodes(plan, list(dict.fromkeys((source, *owners, *new)))))


def _with_nodes(plan: Plan, nodes: Sequence[str]) -> Plan:
    return replace(plan, cluster=replace(plan.cluster, nodes=tuple(map(HostName.parse, nodes))))
