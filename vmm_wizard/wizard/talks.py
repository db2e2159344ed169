"""Who talks to whom on which port, and whether that was seen to work (facts sheet, section 8). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.facts.model import DomainFacts, NetworkFacts, NoAnswer, NodeFacts, TcpAnswer
from vmm_wizard.plan.model import Plan, WinrmTransport
from vmm_wizard.setup.ini import DEFAULT_SQL_PORT
from vmm_wizard.texts import text
from vmm_wizard.wizard.flow import Mark, View, is_asked, waits_for


@dataclass(frozen=True, slots=True)
class Talk:
    """`who` opens connections to `whom` on `ports`, for a purpose. `mark`: what was seen of it; NONE: nobody tried."""

    who: str
    whom: str
    ports: str
    purpose: str
    mark: Mark = Mark.NONE


def judged(view: View, findings: Iterable[Finding]) -> Mark:
    """The gravest state among findings: a fail before what waits, what is unknown and what is only warned of."""
    marks = {_mark(view, row) for row in findings}
    return next((mark for mark in Mark if mark in marks), Mark.NONE)


def _mark(view: View, row: Finding) -> Mark:
    if row.status is Status.UNKNOWN and waits_for(view.plan, row):
        return Mark.OPEN
    if is_asked(view, row):
        return Mark.ASKING
    if row.accepted:
        return Mark.OK
    if row.status is Status.UNKNOWN:
        return Mark.UNKNOWN
    return {Status.FAIL: Mark.FAIL, Status.WARN: Mark.WARN, Status.PASS: Mark.OK}.get(row.status, Mark.NONE)


def reached(view: View, answer: object) -> Mark:
    """Whether somebody answered: what came back of a question."""
    if not isinstance(answer, NoAnswer):
        return Mark.OK
    if answer.code == "not_asked":
        return Mark.ASKING if view.waiting else Mark.NONE
    return Mark.UNKNOWN


def sql_port(plan: Plan, known: int = 0) -> str:
    """The port of SQL Server: as planned, else as seen, else the one of its kind of instance."""
    port = plan.database.target.port or known
    if port:
        return str(port)
    return text("see.sql.browser") if plan.database.target.instance else str(DEFAULT_SQL_PORT)


def talks(view: View) -> tuple[Talk, ...]:
    """Every connection of the installation, the ones that the wizard makes itself first."""
    plan = view.plan
    return tuple(_of_the_wizard(view)) + tuple(_of_the_nodes(view)) + tuple(_of_the_role(plan, view))


def name_of_controller(view: View) -> str:
    """The domain controller that is asked, as far as it is known."""
    if isinstance(view.facts.domain, DomainFacts):
        return view.facts.domain.server
    return str(view.plan.connection.directory_server) or text("see.any_controller")


def _sql_host(view: View) -> str:
    return view.plan.sql_host or text("see.sql.title")


def _of_the_wizard(view: View) -> Iterator[Talk]:
    plan, me = view.plan, text("see.wizard.title")
    yield Talk(
        me, name_of_controller(view), "636/389 TCP", text("see.talk.directory"), reached(view, view.facts.domain)
    )
    network = view.facts.network
    seen = _tcp(network.sql) if isinstance(network, NetworkFacts) else reached(view, network)
    yield Talk(me, _sql_host(view), f"{_sql_port(view)} TCP", text("see.talk.sql"), seen)
    purpose = "winrm_https" if plan.connection.winrm is WinrmTransport.HTTPS else "winrm"
    ports = f"{plan.connection.effective_winrm_port} TCP"
    states = [(node.label, reached(view, view.facts.nodes.get(node.key, NoAnswer("")))) for node in plan.nodes]
    for names, mark in _alike(states):
        yield Talk(me, names, ports, text(f"see.talk.{purpose}"), mark)


def _of_the_nodes(view: View) -> Iterator[Talk]:
    plan = view.plan
    nodes = text("see.nodes")
    controllers = text("see.controllers")
    yield Talk(nodes, controllers, text("see.ports.kerberos"), text("see.talk.kerberos"))
    yield Talk(nodes, controllers, text("see.ports.ldap"), text("see.talk.ldap"))
    yield Talk(nodes, text("see.dns"), "53 TCP+UDP", text("see.talk.dns"))
    states = []
    for node in plan.nodes:
        answer = view.facts.nodes.get(node.key, NoAnswer(""))
        states.append((node.label, _tcp(answer.sql) if isinstance(answer, NodeFacts) else reached(view, answer)))
    for names, mark in _alike(states):
        yield Talk(names, _sql_host(view), f"{_sql_port(view)} TCP", text("see.talk.database"), mark)
    if plan.database.target.instance and not plan.database.target.port:
        yield Talk(nodes, _sql_host(view), "1434 UDP", text("see.talk.browser"))
    yield Talk(nodes, nodes, text("see.ports.cluster"), text("see.talk.cluster"))


def _of_the_role(plan: Plan, view: View) -> Iterator[Talk]:
    role = plan.role_fqdn or text("see.role")
    network, ports = view.facts.network, plan.ports
    open_now = isinstance(network, NetworkFacts) and network.console.open
    yield Talk(text("see.consoles.title"), role, f"{ports.console} TCP", text("see.talk.console"), _if(open_now))
    yield Talk(text("see.who.winpe"), role, f"{ports.winpe_https}, {ports.winpe_http} TCP", text("see.talk.winpe"))
    yield Talk(text("see.who.wds"), role, f"{ports.wds} TCP", text("see.talk.wds"))
    hosts = text("see.hosts.title")
    yield Talk(role, hosts, f"{ports.winrm}, 5986 TCP", text("see.talk.agents"))
    yield Talk(role, hosts, f"{ports.bits} TCP", text("see.talk.bits"))
    yield Talk(role, hosts, "80, 135, 139, 445 TCP", text("see.talk.agent_install"))
    yield Talk(role, hosts, "49152-65535 TCP", text("see.talk.rpc"))
    if plan.library_host:
        yield Talk(role, plan.library_host, f"445, {ports.winrm}, {ports.bits} TCP", text("see.talk.library"))


def _if(seen: bool) -> Mark:
    return Mark.OK if seen else Mark.NONE


def _sql_port(view: View) -> str:
    network = view.facts.network
    return sql_port(view.plan, network.sql.port if isinstance(network, NetworkFacts) else 0)


def _tcp(answer: TcpAnswer) -> Mark:
    if answer.open:
        return Mark.OK
    return Mark.NONE if not answer.host or answer.error == "not asked" else Mark.FAIL


def _alike(states: list[tuple[str, Mark]]) -> Iterator[tuple[str, Mark]]:
    """Names of the same state together, in the order of the first of each; all together as the nodes."""
    marks = dict.fromkeys(mark for _, mark in states)
    for mark in marks:
        names = ", ".join(name for name, own in states if own is mark)
        yield (names if len(marks) > 1 or len(states) == 1 else text("see.each_node")), mark
    if not states:
        yield text("see.each_node"), Mark.NONE
