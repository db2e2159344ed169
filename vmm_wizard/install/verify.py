"""Is it really installed? Judged by witnesses on the node and the cluster, never by an exit code alone."""

from __future__ import annotations

from dataclasses import dataclass

from vmm_wizard.checks.schedule import vmm_group
from vmm_wizard.facts.model import Facts, NetworkFacts, NodeFacts
from vmm_wizard.plan.model import Plan


@dataclass(frozen=True, slots=True)
class Witness:
    """One thing that was looked at after setup: its name, whether it is as it should be, and what was seen."""

    name: str
    good: bool
    text: str


def witnesses(plan: Plan, facts: Facts, node: str) -> tuple[Witness, ...]:
    """What says that VMM is installed on `node`: registry, service, cluster group; and, for the role, port 8100.

    On a passive node the service is stopped by design (CPS). The console port is told, but a wizard's host that a
    firewall keeps from it is no reason to call an install failed.
    """
    answer = facts.nodes.get(node)
    if not isinstance(answer, NodeFacts):
        return (Witness("node", False, f"{node} did not answer after setup"),)
    vmm = answer.vmm
    if vmm is None:
        return (Witness("registry", False, "the registry does not hold VMM's setup key"),)
    rows = [Witness("registry", True, f"registry: VMM {vmm.version} in {vmm.install_path}")]
    cluster = answer.cluster
    group = vmm_group(cluster) if cluster else None
    role = next((row for row in cluster.groups if row.name == group), None) if cluster else None
    if role is None or role.name.casefold() != plan.cluster.role_name.key:
        rows.append(Witness("cluster group", False, f"the cluster has no role {plan.cluster.role_name}"))
        return tuple(rows)
    online = role.state.casefold() == "online"
    rows.append(Witness("cluster group", online, f"cluster role {role.name} is {role.state} on {role.owner}"))
    owner = role.owner.partition(".")[0].casefold() == node.partition(".")[0].casefold()
    wanted = "running" if owner else "stopped"
    state = vmm.service_state or "missing"
    good = state.casefold() == wanted
    rows.append(Witness("service", good, f"SCVMMService is {state}" + ("" if owner else ", as on a passive node")))
    if isinstance(facts.network, NetworkFacts):
        console = facts.network.console
        said = "answers" if console.open else f"does not answer from here ({console.error})"
        rows.append(Witness("console port", True, f"{console.host}:{console.port} {said}"))
    return tuple(rows)


def how_to_connect(plan: Plan) -> str:
    """Where the console connects to: the role's name, never the cluster's or a node's (HAC)."""
    return f"connect the VMM console to {plan.cluster.role_name}:{plan.ports.console}"
