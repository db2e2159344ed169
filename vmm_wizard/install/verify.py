"""Is it really installed? Judged by witnesses on the node and the cluster, never by an exit code alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vmm_wizard.checks.schedule import vmm_group
from vmm_wizard.facts.model import ClusterGroup, Facts, NetworkFacts, NoAnswer, NodeFacts, VmmFacts
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text

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
        return Witness("console port", listens, text("engine.verify.unseen", where=where))
    if facts.network.console.open:
        return Witness("console port", True, text("engine.verify.answers", where=where))
    error = text("engine.verify.no_answer", where=where, error=facts.network.console.error)
    return Witness(
        "console port", listens, text("engine.verify.listens", error=error, owner=owner) if listens else error
    )


def silent(node: str, answer: NoAnswer | None) -> Witness:
    """That a node does not answer after setup, and why, where that is known."""
    if answer is None:
        return Witness("node", False, text("engine.verify.silent", node=node))
    return Witness("node", False, text("engine.verify.silent_because", node=node, reason=answer.reason))


def _exit_code(code: int | None) -> Witness:
    said = text("engine.verify.exit_unknown") if code is None else text("engine.verify.exit_code", code=code)
    return Witness("exit code", code in GOOD_EXIT_CODES, said)


def _on_the_node(plan: Plan, facts: Facts, node: str) -> Iterator[Witness]:
    answer = facts.nodes.get(node)
    if not isinstance(answer, NodeFacts):
        yield silent(node, answer)
        return
    role = _role(plan, answer)
    yield _registry(answer.vmm)
    yield _service(answer.vmm, role, node)
    yield _group(plan, role)
    if isinstance(facts.network, NetworkFacts):
        console = facts.network.console
        where = f"{console.host}:{console.port}"
        said = text("engine.verify.answers", where=where)
        if not console.open:
            said = text("engine.verify.no_answer_here", where=where, error=console.error)
        yield Witness("console port", True, said)


def _role(plan: Plan, answer: NodeFacts) -> ClusterGroup | None:
    """The planned role on the node's cluster, when it carries VMM."""
    cluster = answer.cluster
    name = vmm_group(cluster) if cluster else None
    if cluster is None or name is None or name.casefold() != plan.cluster.role_name.key:
        return None
    return next((row for row in cluster.groups if row.name == name), None)


def _registry(vmm: VmmFacts | None) -> Witness:
    if vmm is None:
        return Witness("registry", False, text("engine.verify.no_registry"))
    return Witness("registry", True, text("engine.verify.registry", version=vmm.version, path=vmm.install_path))


def _service(vmm: VmmFacts | None, role: ClusterGroup | None, node: str) -> Witness:
    state = vmm.service_state if vmm else ""
    owner = role is not None and role.owner.partition(".")[0].casefold() == node.partition(".")[0].casefold()
    good = state.casefold() == ("running" if owner else "stopped")
    said = text("engine.verify.service", state=state or text("engine.verify.missing"))
    if good and not owner:
        said = text("engine.verify.passive_service", state=state)
    return Witness("service", good, said)


def _group(plan: Plan, role: ClusterGroup | None) -> Witness:
    if role is None:
        return Witness("cluster group", False, text("engine.verify.no_role", role=plan.cluster.role_name))
    online = role.state.casefold() == "online"
    return Witness(
        "cluster group", online, text("engine.verify.role", role=role.name, state=role.state, owner=role.owner)
    )


def how_to_connect_again(plan: Plan) -> str:
    """Where consoles connect to once the role has moved, by its full name (HAC)."""
    return text("engine.verify.connect_again", role=plan.role_fqdn, port=plan.ports.console)


def how_to_connect(plan: Plan) -> str:
    """Where the console connects to: the role's name, never the cluster's or a node's (HAC)."""
    return text("engine.verify.connect", role=plan.cluster.role_name, port=plan.ports.console)
