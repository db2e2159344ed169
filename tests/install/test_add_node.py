"""Add node over real sockets: what runs is read, what the answers say otherwise is refused, the third node joins."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.building import a_node, a_plan, installed_facts
from tests.building_sql import a_sql
from tests.commands import run
from tests.install.finished import THIRD, install_at_once
from tests.install.installing import FIRST, SECOND, Site, finished, notices, site
from tests.install.test_interrupted import Command, reached
from vmm_wizard.checks.registry import Status, judge
from vmm_wizard.facts.model import Facts, NoAnswer, NodeFacts, VmmPorts
from vmm_wizard.install.adoption import adopt
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.plan.answers import load
from vmm_wizard.plan.fields import set_field
from vmm_wizard.plan.model import Plan, Ports
from vmm_wizard.plan.names import AccountName, DistinguishedName, HostName

ANSWERS = """
domain = "contoso.lab"
installing_account = 'CONTOSO\\vmm-setup'
registration.eula_accepted = true
dkm.container = "CN=VMMDKM,DC=contoso,DC=lab"
media.path = 'C:\\VMM\\Media'
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    """VMM on two of three nodes, with ports of its own."""
    with site(tmp_path) as found:
        found.plan = replace(found.plan, ports=Ports(9100, 9101, 9102, 9103, 5985, 9443))
        install_at_once(found.served.estate, found.plan)
        yield found


def three(plan: Plan) -> Plan:
    nodes = tuple(map(HostName.parse, (FIRST, SECOND, THIRD)))
    return replace(plan, cluster=replace(plan.cluster, nodes=nodes))


def add_node(place: Site, file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return run("add-node", str(file), *options, environment=Command(place).environment)


class TestCommand:
    def test_with_little_more_than_an_account_the_third_node_joins(self, place: Site, tmp_path: Path) -> None:
        file, whole = tmp_path / "little.toml", tmp_path / "whole.toml"
        file.write_text(ANSWERS, encoding="utf-8")
        done = add_node(place, file, "--node", "vmm03", "-o", str(whole), "--yes", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert (rows[0]["job"], rows[0]["nodes"]) == ("add-node", [THIRD])
        assert (rows[-1]["result"], rows[-1]["changed"]) == ("installed", True)
        assert place.setups() == {THIRD: [0]}
        assert place.left() == []
        estate = place.served.estate
        assert estate.nodes[THIRD].server == estate.nodes[FIRST].server
        role = estate.cluster.vmm_group()
        assert role is not None
        assert (role.owner, role.possible_owners) == ("VMM01", ["VMM01", "VMM02", "VMM03"])
        plan = load(whole)
        assert [node.key for node in plan.nodes] == [FIRST, SECOND, THIRD]
        assert (plan.ports, str(plan.service_account.name)) == (place.plan.ports, "CONTOSO\\svc-vmm")
        assert (plan.database.name, plan.cluster.static_addresses) == (
            place.plan.database.name,
            place.plan.cluster.static_addresses,
        )

    def test_answers_that_say_otherwise_are_refused_with_both_values(self, place: Site, tmp_path: Path) -> None:
        file = tmp_path / "other.toml"
        file.write_text(ANSWERS + 'ports.console = 8100\ndatabase.name = "OtherDB"\n', encoding="utf-8")
        done = add_node(place, file, "--node", "vmm03", "--yes")
        assert done.returncode == 1
        assert "ports.console is 8100 in the answers and 9100 in the VMM that runs (registry of vmm01" in done.stderr
        assert "database.name is OtherDB in the answers and VirtualManagerDB" in done.stderr
        assert place.setups() == {}

    def test_what_cannot_be_read_is_asked_for(self, place: Site, tmp_path: Path) -> None:
        file = tmp_path / "less.toml"
        lines = [line for line in ANSWERS.splitlines() if "dkm" not in line]
        file.write_text("\n".join(lines), encoding="utf-8")
        done = add_node(place, file, "--node", "vmm03", "--from", "vmm02", "--yes")
        assert done.returncode == 2
        assert "not to be read from the VMM that runs: dkm.container" in done.stderr


class TestProcedure:
    def test_cut_off_it_goes_on_and_the_other_nodes_are_left_alone(self, place: Site) -> None:
        place.plan = three(place.plan)
        order = Order(Job.ADD_NODE, (THIRD,))
        # The build that runs has an update rollup, which the media has not.
        for name in (FIRST, SECOND):
            node = place.served.estate.nodes[name]
            assert node.server is not None
            node.server = replace(node.server, version="10.22.1508.0")
        events = place.install_until(reached(THIRD, "setup", "started"), order=order)
        assert f"VMM 10.22.1508.0 runs, and the media on {THIRD} is 10.22.1287.0" in [
            row.text for row in notices(events)
        ]
        place.install_until(reached(THIRD, "clear", "done"), order=order)
        end = finished(place.install(order=order))
        assert (end.result, end.changed) == ("installed", True)
        assert place.setups() == {THIRD: [0]}
        assert finished(place.install(order=order)).result == "unchanged"

    def test_a_lost_node_that_was_evicted_is_replaced(self, place: Site) -> None:
        estate = place.served.estate
        estate.nodes[SECOND].power.restart(None)
        estate.cluster.remove_vmm_node(SECOND)
        estate.cluster.members[:] = [row for row in estate.cluster.members if row.name != "VMM02"]
        nodes = tuple(map(HostName.parse, (FIRST, THIRD)))
        place.plan = replace(place.plan, cluster=replace(place.plan.cluster, nodes=nodes))
        end = finished(place.install(order=Order(Job.ADD_NODE, (THIRD,))))
        assert end.result == "installed", end.text
        assert place.setups() == {THIRD: [0]}

    def test_without_a_role_to_join_it_is_refused(self, tmp_path: Path) -> None:
        with site(tmp_path) as place:
            place.plan = three(place.plan)
            end = finished(place.install(order=Order(Job.ADD_NODE, (THIRD,))))
            assert (end.result, end.changed) == ("refused", False)
            assert "there is no role vmm of this plan that a node could join" in end.text


VMM01, VMM03 = "vmm01.contoso.lab", "vmm03.contoso.lab"


def running(**changes: object) -> Facts:
    """The finished estate, and a third node beside it."""
    facts = installed_facts()
    nodes = {**facts.nodes, VMM03: a_node(3)}
    first = nodes[VMM01]
    assert isinstance(first, NodeFacts)
    assert first.vmm is not None
    nodes[VMM01] = replace(first, vmm=replace(first.vmm, **changes))
    return replace(facts, nodes=nodes)


class TestAdopt:
    def test_a_whole_plan_agrees_with_the_vmm_that_it_made(self) -> None:
        plan = a_plan()
        keys = ("database.host", "database.name", "cluster.name", "cluster.role_name", "service_account.name")
        found = adopt(plan, running(), VMM01, [VMM03], keys)
        assert found.conflicts == ()
        assert [node.key for node in found.plan.nodes] == [VMM01, "vmm02.contoso.lab", VMM03]

    @pytest.mark.parametrize(
        ("key", "value", "said"),
        [
            (
                "service_account.name",
                AccountName.parse(r"CONTOSO\other"),
                "VMM that runs (service SCVMMService on vmm01.contoso.lab)",
            ),
            ("database.name", "Other", "and VirtualManagerDB in the VMM that runs (registry of vmm01.contoso.lab)"),
            ("cluster.name", HostName.parse("elsewhere.contoso.lab"), "cluster.name is elsewhere.contoso.lab in the"),
            ("ports.console", 8100, "ports.console is 8100 in the answers and 9100 in the VMM that runs"),
        ],
    )
    def test_each_answer_that_differs_is_a_sentence_with_both_values(self, key: str, value: object, said: str) -> None:
        ports = VmmPorts(9100, 8101, 8102, 8103, 5985, 443)
        found = adopt(set_field(a_plan(), key, value), running(ports=ports), VMM01, [VMM03], [key])
        assert len(found.conflicts) == 1
        assert said in found.conflicts[0]

    def test_a_port_that_the_registry_does_not_have_stays_as_answered(self) -> None:
        found = adopt(a_plan(), running(ports=VmmPorts(9100, 0, 0, 0, 0, 0)), VMM01, [VMM03], ())
        assert found.plan.ports == replace(Ports(), console=9100)

    @pytest.mark.parametrize("listener", [True, False])
    def test_a_listener_is_known_by_sql_server_alone(self, listener: bool) -> None:
        names = ("sql01:1433",) if listener else ("other:1433",)
        facts = replace(running(), sql=a_sql(listeners=names))
        assert adopt(a_plan(), facts, VMM01, [VMM03], ()).plan.database.is_listener is listener

    def test_a_node_without_vmm_or_without_an_answer_gives_nothing(self) -> None:
        assert "has no VMM" in adopt(a_plan(), running(), VMM03, [VMM03], ()).conflicts[0]
        silent = replace(running(), nodes={VMM01: NoAnswer("it is down")})
        assert adopt(a_plan(), silent, VMM01, [VMM03], ()).conflicts == (f"{VMM01} did not answer: it is down",)

    @pytest.mark.parametrize(("new", "status"), [(14, Status.PASS), (15, Status.FAIL)])
    def test_sixteen_nodes_at_most_with_those_that_are_there(self, new: int, status: Status) -> None:
        names = [f"vmm{number:02}.contoso.lab" for number in range(3, 3 + new)]
        facts = running()
        facts = replace(facts, nodes={**facts.nodes, **{name: a_node(3) for name in names}})
        found = adopt(a_plan(), facts, VMM01, names, ())
        assert len(found.plan.nodes) == 2 + new
        rows = [row for row in judge(found.plan, facts, frozenset({"cluster"})) if row.id == "CLU-02"]
        assert [row.status for row in rows] == [status]

    def test_the_container_is_never_made_up(self) -> None:
        bare = set_field(a_plan(), "dkm.container", DistinguishedName())
        assert "dkm.container" in adopt(bare, running(), VMM01, [VMM03], ()).plan.missing()
