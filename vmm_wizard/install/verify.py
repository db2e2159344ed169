"""Is it really installed? Judged by witnesses on the node and the cluster, never by an exit code alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vmm_wizard.checks.schedule import vmm_group
from vmm_wizard.facts.model import ClusterGroup, Facts, NetworkFacts, NoAnswer, NodeFacts, VmmFacts
from vmm_wizard.plan.model import Plan

#: Exit codes of setup.exe that are good: success, and success with a restart to come (G25, PHX).
RESTART_NEEDED = 3010
GOOD_EXIT_CODES = frozenset({0, RESTART_NEEDED})


@dataclass(frozen=True, slots=True)
class Witness:
    """One thing that was looked at after setup: its name, whether it is as it should be, and what was seen."""

    name: str
    good: bool
    text: str


def witnesses(plan: Plan, facts: Facts, node: str, exit_code: int | None) -> tuple[Witness, ...]:
    """What says that VMM is installed on `node`: exit code, registry, service, cluster group; and the console port.

    On a passive node the service is stopped by design (CPS). The console port is told, but a wizard's host that a
    firewall keeps from it is no reason to call an install failed.
    """
    return (_exit_code(exit_code), *_on_the_node(plan, facts, node))


def standing(plan: Plan, facts: Facts, node: str) -> tuple[Witness, ...]:
    """What says that VMM stands on `node`, whoever installed it: registry, service, cluster group; the console port."""
    return tuple(_on_the_node(plan, facts, node))


def console(plan: Plan, facts: Facts, owner: str) -> Witness:
    """Whether the console port answers: on the role's name from here or, where a firewall keeps this computer from it,
    by its listening on the node that owns the role."""
    where = f"{plan.role_fqdn}:{plan.ports.console}"
    answer = facts.nodes.get(owner)
    listens = isinstance(answer, NodeFacts) and any(row.port == plan.ports.console for row in answer.ports or ())
    if not isinstance(facts.network, NetworkFacts):
        return Witness("console port", listens, f"whether {where} answers was not seen from here")
    if facts.network.console.open:
        return Witness("console port", True, f"{where} answers")
    error = f"{where} does not answer this computer ({facts.network.console.error})"
    return Witness("console port", listens, f"{error}, but {owner} listens on it" if listens else error)


def _exit_code(code: int | None) -> Witness:
    text = "setup's exit code is not known" if code is None else f"setup ended with exit code {code}"
    return Witness("exit code", code in GOOD_EXIT_CODES, text)


def _on_the_node(plan: Plan, facts: Facts, node: str) -> Iterator[Witness]:
    answer = facts.nodes.get(node)
    if not isinstance(answer, NodeFacts):
        reason = f" ({answer.reason})" if isinstance(answer, NoAnswer) else ""
        yield Witness("node", False, f"{node} did not answer after setup{reason}")
        return
    role = _role(plan, answer)
    yield _registry(answer.vmm)
    yield _service(answer.vmm, role, node)
    yield _group(plan, role)
    if isinstance(facts.network, NetworkFacts):
        console = facts.network.console
        said = "answers" if console.open else f"does not answer from here ({console.error})"
        yield Witness("console port", True, f"{console.host}:{console.port} {said}")


def _role(plan: Plan, answer: NodeFacts) -> ClusterGroup | None:
    """The planned role on the node's cluster, when it carries VMM."""
    cluster = answer.cluster
    name = vmm_group(cluster) if cluster else None
    if cluster is None or name is None or name.casefold() != plan.cluster.role_name.key:
        return None
    return next((row for row in cluster.groups if row.name == name), None)


def _registry(vmm: VmmFacts | None) -> Witness:
    if vmm is None:
        return Witness("registry", False, "the registry does not hold VMM's setup key")
    return Witness("registry", True, f"registry: VMM {vmm.version} in {vmm.install_path}")


def _service(vmm: VmmFacts | None, role: ClusterGroup | None, node: str) -> Witness:
    state = (vmm.service_state if vmm else "") or "missing"
    owner = role is not None and role.owner.partition(".")[0].casefold() == node.partition(".")[0].casefold()
    good = state.casefold() == ("running" if owner else "stopped")
    design = ", as on a passive node" if good and not owner else ""
    return Witness("service", good, f"SCVMMService is {state}{design}")


def _group(plan: Plan, role: ClusterGroup | None) -> Witness:
    if role is None:
        return Witness("cluster group", False, f"the cluster has no role {plan.cluster.role_name} that runs VMM")
    online = role.state.casefold() == "online"
    return Witness("cluster group", online, f"cluster role {role.name} is {role.state} on {role.owner}")


def how_to_connect(plan: Plan) -> str:
    """Where the console connects to: the role's name, never the cluster's or a node's (HAC)."""
    return f"connect the VMM console to {plan.cluster.role_name}:{plan.ports.console}"
