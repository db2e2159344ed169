"""The installation as a picture: domain, SQL Server, cluster, nodes, networks, who talks to whom, each with its state.

Pure: from what the wizard knows and a width to lines of text. Both faces of the wizard show it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from vmm_wizard.checks.acceptance import node_of
from vmm_wizard.checks.registry import Finding
from vmm_wizard.checks.schedule import vmm_group
from vmm_wizard.facts.model import (
    ClusterFacts,
    ClusterObjectFacts,
    DomainFacts,
    NoAnswer,
    NodeFacts,
    SqlFacts,
)
from vmm_wizard.texts import counted, text
from vmm_wizard.wizard import flow, pages
from vmm_wizard.wizard.flow import Mark, View
from vmm_wizard.wizard.picture import (
    Box,
    Line,
    Part,
    Row,
    Strokes,
    beside,
    cells,
    cut,
    drawn,
    in_grid,
    in_row,
    padded,
    said_of,
    shared,
    wrapped,
)
from vmm_wizard.wizard.run_state import NodeState, RunState
from vmm_wizard.wizard.talks import Talk, judged, name_of_controller, reached, sql_port, talks

#: The narrowest picture: what is asked for less is drawn so wide.
NARROWEST = 40
#: Columns from which domain and SQL Server stand side by side.
_SIDE_BY_SIDE = 76
#: Columns from which a talk is one line.
_TALK_IN_A_LINE = 100
#: Domain controllers that are named; the rest is counted.
_CONTROLLERS = 6
_BAR = 10


def topology(view: View, run: RunState | None, width: int, strokes: Strokes = Strokes.ASCII) -> tuple[Line, ...]:
    """The picture, no line wider than `width` (NARROWEST at least). `run`: the run that goes on or has ended, if any.

    Every name of the plan is in it, and each thing's state as sign and word. What is not known yet says so.
    """
    width = max(width, NARROWEST)
    upper = [_domain(view), _database(view)]
    lines: list[Line] = []
    if width >= _SIDE_BY_SIDE:
        widths = shared(width, 2)
        lines += in_row(upper, widths, strokes)
        ports = (text("see.up.directory"), text("see.up.sql", port=sql_port(view.plan)))
        lines += _arrows(ports, widths, strokes, "^^")
        lines += _cluster(view, run, width, strokes)
    else:
        lines += _on_a_rail([drawn(box, width - 4, strokes) for box in upper], strokes)
        cluster = _cluster(view, run, width - 4, strokes)
        heads = [f"{strokes.down}   ", f"{strokes.value[2]}{strokes.across * 2} "]
        lines += [(Part(heads[n] if n < 2 else "    "), *line) for n, line in enumerate(cluster)]
    console = view.plan.ports.console
    lower = [_consoles(), _hosts(view), _wizard()]
    widths = shared(width, 3)
    winrm = view.plan.connection.effective_winrm_port
    lower_ports = (f"{console}", f"{view.plan.ports.winrm}, {view.plan.ports.bits}", f"{winrm}")
    lines += _arrows(lower_ports, widths, strokes, "^v^")
    lines += in_row(lower, widths, strokes)
    return (
        *lines,
        (),
        *((Part(line, bold=True),) for line in wrapped(text("see.talks"), width)),
        *_talks(talks(view), width),
    )


def _on_a_rail(blocks: Sequence[Sequence[Line]], strokes: Strokes) -> Iterator[Line]:
    """Boxes below each other, at their left the line that the nodes reach them by."""
    for place, block in enumerate(blocks):
        for number, line in enumerate(block):
            if number == 1:
                corner = strokes.value[0] if not place else strokes.down
                head = f"{corner}{strokes.across}> "
            else:
                head = f"{strokes.down}   " if place or number > 1 else "    "
            yield (Part(head), *line)


def _arrows(labels: Sequence[str], widths: Sequence[int], strokes: Strokes, heads: str) -> list[Line]:
    """Two lines between boxes: an arrow at each box, upwards or downwards, with the ports that it goes along."""
    upper, lower = [], []
    for said, width, head in zip(labels, widths, heads, strict=True):
        upper.append([(Part(cut(f"  {head if head == '^' else strokes.down} {said}", width)),)])
        lower.append([(Part(f"  {head if head == 'v' else strokes.down}"),)])
    return [*beside(upper, widths), *beside(lower, widths)]


# --- boxes


def _of_page(view: View, page: pages.Page) -> list[Finding]:
    return [row for row in view.findings if flow.page_of(row) is page]


def _or_open(name: object) -> str:
    return str(name) if name else text("see.open")


def _domain(view: View) -> Box:
    plan, domain = view.plan, view.facts.domain
    rows = [Row(text("see.row.domain"), _or_open(plan.dns_domain))]
    rows += [
        Row(text("see.row.controller") if not place else " ", name) for place, name in enumerate(_controllers(view))
    ]
    installer = judged(view, [row for row in view.findings if row.id.startswith("INS-")])
    account = judged(view, _of_page(view, pages.ACCOUNT))
    container = judged(view, _of_page(view, pages.DKM))
    rows.append(Row(text("see.row.installer"), _or_open(plan.installing_account), installer))
    rows.append(Row(text("see.row.service"), _or_open(plan.service_account.name), account))
    rows.append(Row(text("see.row.dkm"), _or_open(plan.dkm.dn), container))
    connection = plan.connection
    others = {"directory": connection.directory_account, "nodes": connection.node_account}
    rows += [Row(text(f"see.row.as_{name}"), str(who)) for name, who in others.items() if who]
    marks = {reached(view, domain), installer, account, container}
    return Box(text("see.domain.title"), next(mark for mark in Mark if mark in marks), tuple(rows))


def _controllers(view: View) -> list[str]:
    """The domain controllers that are known; the one that is asked says so."""
    domain, asked = view.facts.domain, name_of_controller(view)
    known: list[str] = [str(view.plan.connection.directory_server)] if view.plan.connection.directory_server else []
    if isinstance(domain, DomainFacts):
        known += [domain.server, *(row.host for row in domain.controllers)]
    elif view.found is not None and not isinstance(view.found.controllers, NoAnswer):
        known += view.found.controllers
    names = list({name.casefold(): name for name in known}.values())
    shown = [
        text("see.asked", name=name) if name.casefold() == asked.casefold() else name for name in names[:_CONTROLLERS]
    ]
    if len(names) > _CONTROLLERS:
        shown.append(counted("see.more", len(names) - _CONTROLLERS))
    return shown or [text("see.any_controller")]


def _database(view: View) -> Box:
    plan, facts = view.plan, view.facts.sql
    database = plan.database
    server = _or_open(plan.sql_host)
    rows = [
        Row(text("see.row.server"), text("see.sql.listener", name=server) if database.is_listener else server),
        Row(text("see.row.instance"), database.target.instance or text("see.sql.default")),
        Row(text("see.row.port"), sql_port(plan, facts.port if isinstance(facts, SqlFacts) else 0)),
        Row(
            text("see.row.database"),
            text(f"see.sql.{'new' if database.create_new else 'kept'}", name=_or_open(database.name)),
        ),
    ]
    if isinstance(facts, SqlFacts):
        version = " ".join(filter(None, (facts.edition, facts.product_version)))
        rows.append(Row(text("see.row.version"), version))
        for replica in facts.replicas or ():
            rows.append(Row(text("see.row.replica"), f"{replica.server} ({replica.group})"))
    if database.admin_account or plan.connection.sql_account:
        rows.append(Row(text("see.row.as_sql"), str(plan.sql_account)))
    if database.admin_account and database.admin_account != plan.sql_account:
        rows.append(Row(text("see.row.setup_sql"), str(database.admin_account)))
    marks = {judged(view, _of_page(view, pages.SQL)), reached(view, facts)}
    return Box(text("see.sql.title"), next(mark for mark in Mark if mark in marks), tuple(rows))


def _seen_cluster(view: View) -> ClusterFacts | None:
    return next((node.cluster for node in view.facts.answering_nodes() if node.cluster is not None), None)


def _cluster(view: View, run: RunState | None, width: int, strokes: Strokes) -> list[Line]:
    """The cluster's box with the boxes of its nodes in it."""
    plan, seen = view.plan, _seen_cluster(view)
    of_node: dict[str | None, list[Finding]] = {}
    for row in view.findings:
        of_node.setdefault(node_of(row.subject, plan), []).append(row)
    own = [row for row in of_node.get(None, ()) if flow.page_of(row) is pages.CLUSTER]
    name = plan.cluster.name.qualified(plan.dns_domain)
    rows = [Row(text("see.row.name"), _or_open(name)), Row(text("see.row.object"), _cluster_object(view))]
    if seen is not None:
        rows.append(Row(text("see.row.witness"), seen.witness or text("see.no_witness")))
    rows.append(_role(view, seen))
    rows += _networks(view, seen)
    box = Box(text("see.cluster.title"), judged(view, own), tuple(rows))
    lines = drawn(box, width, strokes)
    nodes = [
        _node(view, run, seen, place, judged(view, of_node.get(node.key, ()))) for place, node in enumerate(plan.nodes)
    ]
    if not nodes:
        nodes = [Box(text("see.no_nodes"), Mark.OPEN, ())]
    longest = max(cells(f"{node.title}{said_of(node.mark or Mark.NONE)}") for node in nodes) + 10
    inner = in_grid(nodes, width - 4, min(max(24, longest), width - 4), strokes)
    down = Part(strokes.down)
    framed = [
        (down, Part(" "), *line, Part(" " * (width - 4 - sum(cells(p.text) for p in line))), Part(" "), down)
        for line in inner
    ]
    return [*lines[:-1], *framed, lines[-1]]


def _cluster_object(view: View) -> str:
    label = view.plan.cluster.name.label.upper()
    name = f"{label}$" if label else text("see.open")
    facts = view.facts.cluster_object
    if not isinstance(facts, ClusterObjectFacts):
        return text("see.object.unknown", name=name)
    state = "missing" if not facts.computer.found else "enabled" if facts.computer.enabled else "disabled"
    return text(f"see.object.{state}", name=name)


def _role(view: View, seen: ClusterFacts | None) -> Row:
    name = f"{view.plan.role_fqdn or text('see.open')}:{view.plan.ports.console}"
    mark = judged(view, _of_page(view, pages.NAMES))
    group = vmm_group(seen) if seen is not None else None
    owner = next((row for row in seen.groups if row.name == group), None) if seen is not None and group else None
    if owner is not None:
        name = text("see.role_on", name=name, state=owner.state, node=owner.owner)
    return Row(text("see.role"), name, mark)


def _networks(view: View, seen: ClusterFacts | None) -> Iterator[Row]:
    """Each network of the cluster with the role's address on it; addresses of networks that are not known after."""
    addresses = [str(address) for address in view.plan.cluster.static_addresses]
    for place, network in enumerate(seen.networks if seen is not None else ()):
        inside = [one for one in addresses if any(_is_in(one, subnet) for subnet in network.subnets)]
        addresses = [one for one in addresses if one not in inside]
        use = {0: "none", 1: "nodes"}.get(network.role, "clients")
        said = f"{network.name} {', '.join(network.subnets)} {text(f'see.use.{use}')}"
        if inside:
            said += text("see.network.role", addresses=", ".join(inside))
        yield Row(text("see.row.networks") if not place else " ", said)
    if seen is None:
        yield Row(text("see.row.networks"), text("see.network.unknown"))
    if addresses:
        yield Row(text("see.row.addresses"), ", ".join(addresses))
    elif not view.plan.cluster.static_addresses:
        yield Row(text("see.row.addresses"), text("see.network.dhcp"))


def _is_in(address: str, subnet: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(subnet, strict=False)
    except ValueError:
        return False


def _node(view: View, run: RunState | None, seen: ClusterFacts | None, place: int, mark: Mark) -> Box:
    node = view.plan.nodes[place]
    answer = view.facts.nodes.get(node.key, NoAnswer(""))
    if mark is Mark.NONE:
        mark = reached(view, answer)
    rows = [Row("", str(node))]
    member = next((row for row in seen.nodes if row.name.casefold() == node.label.casefold()), None) if seen else None
    if member is not None:
        rows.append(Row("", text("see.node.member", state=member.state)))
    if isinstance(answer, NodeFacts):
        if answer.vmm is not None:
            rows.append(Row("", text("see.node.vmm", version=answer.vmm.version, state=answer.vmm.service_state)))
    elif answer.code != "not_asked":
        rows.append(Row("", text("see.node.silent")))
    told = run.nodes.get(node.key) if run is not None and (view.running or view.result) else None
    if told is not None:
        rows += _progress(told)
        mark = _mark_in_run(told, mark)
    return Box(f"{place + 1} {node.label}", mark, tuple(rows))


def _progress(told: NodeState) -> Iterator[Row]:
    full = max(0, min(told.percent, 100)) * _BAR // 100
    yield Row("", f"[{'#' * full}{'-' * (_BAR - full)}] {told.percent:3d}%")
    yield Row("", told.step)
    if told.text:
        yield Row("", told.text)


def _mark_in_run(told: NodeState, mark: Mark) -> Mark:
    if told.failed:
        return Mark.FAIL
    if told.good:
        return Mark.OK
    return Mark.RUNNING if told.step != NodeState("").step else mark


def _consoles() -> Box:
    return Box(text("see.consoles.title"), None, (Row("", text("see.consoles.what")),))


def _hosts(view: View) -> Box:
    rows = [Row("", text("see.hosts.what"))]
    if view.plan.library_host:
        rows.append(Row("", text("see.hosts.library", name=view.plan.library_host)))
    return Box(text("see.hosts.title"), None, tuple(rows))


def _wizard() -> Box:
    return Box(text("see.wizard.title"), None, (Row("", text("see.wizard.what")),))


# --- who talks to whom


def _talks(rows: Sequence[Talk], width: int) -> Iterator[Line]:
    yield from _in_one_line(rows, width) if width >= _TALK_IN_A_LINE else _in_two_lines(rows, width)


def _in_two_lines(rows: Sequence[Talk], width: int) -> Iterator[Line]:
    for row in rows:
        yield from ((Part(line),) for line in wrapped(f"{row.who} -> {row.whom}", width))
        state = said_of(row.mark)
        *others, last = wrapped(f"{row.ports}: {row.purpose}", width - 4 - cells(state) - 2)
        yield from ((Part(f"    {line}"),) for line in others)
        yield (*padded((Part(f"    {last}"),), width - cells(state)), Part(state, row.mark))


def _in_one_line(rows: Sequence[Talk], width: int) -> Iterator[Line]:
    state = max(cells(said_of(row.mark)) for row in rows)
    names = [[getattr(row, name) for row in rows] for name in ("who", "whom", "ports")]
    widths = [min(max(map(cells, column)), 28) for column in names]
    widths += [width - sum(widths) - state - 8, state]
    for row in rows:
        texts = zip((row.who, row.whom, row.ports, row.purpose), widths, strict=False)
        blocks: list[list[Line]] = [[(Part(line),) for line in wrapped(said, columns)] for said, columns in texts]
        yield from beside([*blocks, [(Part(said_of(row.mark), row.mark),)]], widths)
