"""The picture of the installation: everything of the plan is in it, nothing is too wide, states are words."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.building import a_cluster, a_container, a_node, a_plan, a_sql, good_facts, installed_facts
from vmm_wizard.checks.registry import judge
from vmm_wizard.facts.model import Facts, NoAnswer
from vmm_wizard.install.events import Progress, StepChanged, StepState
from vmm_wizard.plan.model import Cluster, Connection, Database, DkmContainer, Library, Plan, ServiceAccount
from vmm_wizard.plan.names import AccountName, DistinguishedName, HostName, NetbiosName, SqlTarget
from vmm_wizard.wizard.flow import Mark, View
from vmm_wizard.wizard.picture import Strokes, cells, plain, said_of, strokes_for, width_of, wrapped
from vmm_wizard.wizard.run_state import RunState
from vmm_wizard.wizard.topology import NARROWEST, topology

WIDTHS = (60, 80, 120, 200)
FIRST, SECOND = "vmm01.contoso.lab", "vmm02.contoso.lab"

label = st.from_regex(r"[a-z][a-z0-9-]{0,13}[a-z0-9]", fullmatch=True)
host = st.one_of(label, label.map(lambda name: f"{name}.corp.example"))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Plans of every shape: nothing answered, one node, sixteen, with and without whatever may be left out."""
    nodes = draw(st.lists(host, max_size=16, unique_by=lambda name: name.partition(".")[0]))
    addresses = draw(st.lists(st.integers(1, 2**32 - 1).map(ip_address), max_size=3, unique=True))
    target = draw(st.builds(SqlTarget, host, st.sampled_from(["", "VMM"]), st.sampled_from([0, 1433, 50123])))
    account = draw(label)
    return Plan(
        domain=HostName(draw(st.sampled_from(["", "corp.example"]))),
        installing_account=AccountName.parse(f"CORP\\{draw(label)}"),
        service_account=ServiceAccount(AccountName.parse(f"CORP\\{account}")),
        dkm=DkmContainer(DistinguishedName.parse(f"CN={draw(label)},DC=corp,DC=example")),
        database=Database(target, draw(st.booleans()), draw(label)),
        cluster=Cluster(HostName(draw(host)), NetbiosName(draw(label)), tuple(addresses), tuple(map(HostName, nodes))),
        connection=Connection(directory_server=HostName(draw(st.sampled_from(["", "dc7"])))),
        library=Library(HostName(draw(st.sampled_from(["", "files3"])))),
    )


def names_of(plan: Plan) -> list[str]:
    """Everything that the plan calls by a name."""
    return [
        *filter(None, (plan.dns_domain, plan.sql_host, plan.role_fqdn, plan.library_host)),
        *filter(None, (plan.database.target.instance, str(plan.connection.directory_server))),
        str(plan.installing_account),
        str(plan.service_account.name),
        str(plan.dkm.dn),
        plan.database.name,
        str(plan.cluster.name),
        *map(str, plan.nodes),
        *map(str, plan.cluster.static_addresses),
    ]


def picture(facts: Facts, width: int = 80, plan: Plan | None = None, run: RunState | None = None) -> list[str]:
    plan = plan or a_plan()
    view = View(plan, findings=judge(plan, facts), facts=facts, running=run is not None)
    return plain(topology(view, run, width))


@given(plans(), st.sampled_from(WIDTHS), st.sampled_from(Strokes))
@settings(max_examples=60, deadline=None)
def test_every_name_of_the_plan_is_in_it_and_no_line_is_too_wide(plan: Plan, width: int, strokes: Strokes) -> None:
    lines = topology(View(plan, findings=judge(plan, Facts())), None, width, strokes)
    assert max(map(width_of, lines)) <= width
    text = plain(lines)
    assert [name for name in names_of(plan) if not is_in(name, text)] == []


def is_in(name: str, lines: list[str]) -> bool:
    """Whether a name is there: whole, or broken at the end of a line, going on in the next."""
    return any(_begins(name, lines, number) for number in range(len(lines)))


def _begins(name: str, lines: list[str], number: int) -> bool:
    if number >= len(lines):
        return False
    if name in lines[number]:
        return True
    pieces = [name[:length] for length in range(len(name) - 1, 3, -1) if f"{name[:length]} " in f"{lines[number]} "]
    return bool(pieces) and _begins(name[len(pieces[0]) :], lines, number + 1)


@given(st.integers(0, 60), st.text(max_size=80))
@settings(deadline=None)
def test_names_too_long_for_any_box_are_broken_and_not_lost(width: int, odd: str) -> None:
    plan = a_plan(database=replace(a_plan().database, name=f"x{odd}y" * 3))
    lines = topology(View(plan), None, width)
    assert max(map(width_of, lines)) <= max(width, NARROWEST)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_state_is_a_word(width: int) -> None:
    silent = NoAnswer("could not reach it", "unreachable")
    facts = good_facts(dkm=a_container(found=False), nodes={FIRST: a_node(), SECOND: silent})
    text = "\n".join(picture(facts, width))
    for word in ("+ ok", "X FAIL", "? unknown", "- not tried"):
        assert word in text
    assert ". open" in "\n".join(plain(topology(View(Plan(), findings=judge(Plan(), Facts())), None, width)))
    asking = View(a_plan(), findings=judge(a_plan(), Facts()), waiting=("directory",))
    assert "~ asking" in "\n".join(plain(topology(asking, None, width)))
    assert {said_of(mark) for mark in Mark} >= {"! warn", "~ running", "X stopped"}


def test_what_is_not_known_says_so() -> None:
    text = "\n".join(picture(Facts(), plan=Plan()))
    assert "not answered yet" in text
    assert "no nodes named yet" in text
    assert "one that DNS names" in text
    assert "not known until a node answers" in text


def test_networks_show_where_the_role_has_its_addresses() -> None:
    lines = picture(good_facts(), 120)
    assert any("Front 10.0.0.0/24 (nodes and clients): the role has 10.0.0.50" in line for line in lines)
    assert any("Heartbeat 192.168.9.0/24 (nodes only)" in line and "the role" not in line for line in lines)


def test_an_address_in_no_network_is_not_forgotten() -> None:
    facts = good_facts(nodes={FIRST: a_node(cluster=a_cluster(networks=()))})
    assert any("10.0.0.50, 10.0.1.50" in line for line in picture(facts))


def test_once_installed_the_role_says_where_it_runs() -> None:
    text = "\n".join(picture(installed_facts(), 120))
    assert "vmm.contoso.lab:8100, Online on VMM01" in text
    assert "VMM 10.22.1287.0, Running" in text
    assert "VMM 10.22.1287.0, Stopped" in text


def test_the_node_whose_sql_port_is_closed_is_told_apart() -> None:
    shut = a_node(2)
    shut = replace(shut, sql=replace(shut.sql, open=False, error="refused"))
    lines = picture(good_facts(nodes={FIRST: a_node(), SECOND: shut}), 120)
    rows = [line for line in lines if "VMM's database" in line]
    assert [(row.split()[0], row.split()[-1]) for row in rows] == [("vmm01", "ok"), ("vmm02", "FAIL")]


def test_ports_are_those_of_the_plan() -> None:
    plan = a_plan(
        database=Database(SqlTarget("sql01", "VMM", 50123)),
        ports=replace(a_plan().ports, console=8200, bits=8443),
        connection=Connection(winrm_port=15985),
    )
    text = "\n".join(picture(Facts(), 120, plan))
    for port in ("50123", "8200", "8443", "15985"):
        assert port in text
    named = replace(plan, database=Database(SqlTarget("sql01", "VMM")))
    text = "\n".join(picture(good_facts(sql=a_sql(port=0)), 120, named))
    assert "told by SQL Browser" in text
    assert "1434 UDP" in text


def test_during_a_run_each_node_has_its_bar_and_its_phase() -> None:
    run = RunState(a_plan())
    run.take(StepChanged(FIRST, "setup", StepState.STARTED))
    run.take(Progress(FIRST, "setup", 40, "installing files"))
    lines = picture(good_facts(), 80, run=run)
    text = "\n".join(lines)
    assert "[####------]  40%" in text
    assert "installing files" in text
    assert next(line for line in lines if "1 vmm01" in line).count("~ running") == 1
    run.take(StepChanged(FIRST, "setup", StepState.FAILED, "setup ended with 1"))
    assert "X FAIL" in next(line for line in picture(good_facts(), run=run) if "1 vmm01" in line)


def test_sixteen_nodes_all_have_their_box() -> None:
    nodes = tuple(HostName(f"vmm{number:02}") for number in range(1, 17))
    plan = a_plan(cluster=replace(a_plan().cluster, nodes=nodes))
    text = "\n".join(picture(Facts(), 120, plan))
    assert all(f"{number} vmm{number:02}" in text for number in range(1, 17))


# --- what it is drawn with


@pytest.mark.parametrize(
    ("encoding", "strokes"),
    [
        ("utf-8", Strokes.SOLID),
        ("cp437", Strokes.SOLID),
        ("ascii", Strokes.ASCII),
        ("cp1252", Strokes.ASCII),
        ("", Strokes.ASCII),
        ("no such", Strokes.ASCII),
    ],
)
def test_lines_are_drawn_with_what_the_terminal_has(encoding: str, strokes: Strokes) -> None:
    assert strokes_for(encoding) is strokes


@given(st.text(max_size=60), st.integers(2, 40))
def test_wrapping_keeps_the_width_of_wide_letters_too(said: str, width: int) -> None:
    assert all(cells(line) <= width for line in wrapped(said, width))


def test_wide_letters_take_two_columns() -> None:
    assert (cells("abc"), cells("日本"), cells("e\u0301")) == (3, 4, 1)
    assert wrapped("日本語", 4) == ["日本", "語"]
