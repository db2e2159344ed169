"""Uninstall over real sockets: passive nodes first, the role moved away, the database kept unless told otherwise."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from tests.install.finished import THIRD, install_at_once, removals
from tests.install.installing import FIRST, SECOND, Site, finished, notices, runs, site, steps
from tests.install.test_interrupted import reached
from vmm_wizard.install.events import StepChanged
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.lab import setup_run
from vmm_wizard.plan.names import HostName
from vmm_wizard.setup.log_phases import SetupKind

DATABASE = "VirtualManagerDB"


def uninstall(*nodes: str, **choices: object) -> Order:
    return Order(Job.UNINSTALL, nodes, **choices)  # type: ignore[arg-type]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    """VMM on both nodes of the plan; the first one is active."""
    with site(tmp_path) as found:
        install_at_once(found.served.estate, found.plan)
        yield found


def has_database(place: Site) -> bool:
    return place.served.estate.sql_servers["sql01.contoso.lab"].database(DATABASE) is not None


def owner(place: Site) -> str:
    role = place.served.estate.cluster.vmm_group()
    return f"{role.owner} {role.state}" if role else "no role"


def with_vmm(place: Site) -> list[str]:
    return [name for name, node in place.served.estate.nodes.items() if node.server is not None]


def test_a_passive_node_goes_and_the_role_is_left_alone(place: Site) -> None:
    events = place.install(order=uninstall(SECOND))
    end = finished(events)
    assert (end.result, end.changed, end.text) == ("done", True, f"VMM is off {SECOND}")
    assert (with_vmm(place), owner(place), has_database(place)) == ([FIRST], "VMM01 Online", True)
    assert removals(place.served.estate) == {SECOND: [0]}
    assert removals(place.served.estate, SetupKind.CONSOLE_UNINSTALL) == {SECOND: [0]}
    assert place.served.estate.nodes[SECOND].console is None
    assert "move" not in dict(steps(events, FIRST))
    assert place.left() == []
    assert place.told() == []
    text = next(row for row in notices(events) if "firewall" in row.text)
    assert "Disable-NetFirewallRule -DisplayGroup 'Windows Standards-Based Storage Management'" in text.remedy


@pytest.mark.long
def test_from_the_active_node_the_role_is_moved_before_setup_starts(place: Site) -> None:
    events = place.install(order=uninstall(FIRST))
    assert finished(events).result == "done"
    done = [(event.node, event.step, event.state.value) for event in events if isinstance(event, StepChanged)]
    assert done.index((SECOND, "move", "done")) < done.index((FIRST, "uninstall", "started"))
    assert (with_vmm(place), owner(place), has_database(place)) == ([SECOND], "VMM02 Online", True)
    assert not place.served.estate.cluster.vmm_group().is_broken  # type: ignore[union-attr]


def test_the_role_is_not_moved_for_it_while_jobs_run(place: Site) -> None:
    job = place.served.estate.vmm.add_job("Create virtual machine", r"CONTOSO\anna")
    end = finished(place.install(order=uninstall(FIRST)))
    assert (end.result, end.changed) == ("refused", False)
    assert "1 job runs on VMM: Create virtual machine" in end.text
    assert (owner(place), with_vmm(place), place.left()) == ("VMM01 Online", [FIRST, SECOND], [])
    events = place.install(order=uninstall(FIRST, although_jobs_run=True))
    assert finished(events).result == "done"
    failed = [row for row in notices(events) if row.text.startswith("a job failed with the move")]
    assert [row.remedy for row in failed] == [f"Restart-SCJob -Job (Get-SCJob -ID '{job.id}')"]
    assert (owner(place), with_vmm(place)) == ("VMM02 Online", [SECOND])


@pytest.mark.long
def test_cut_off_while_vmm_is_asked_for_its_jobs_it_goes_on(place: Site) -> None:
    events = place.install_until(reached(FIRST, "report", "started"), order=uninstall(FIRST))
    assert ("report", "started") in steps(events, FIRST)
    assert finished(place.install(order=uninstall(FIRST))).result == "done"
    assert (owner(place), with_vmm(place), place.left()) == ("VMM02 Online", [SECOND], [])
    assert removals(place.served.estate) == {FIRST: [0]}


def test_all_nodes_the_active_one_last_and_the_database_stays(place: Site) -> None:
    place.served.estate.cluster.move_group("vmm", SECOND)
    events = place.install(order=uninstall(FIRST, SECOND))
    end = finished(events)
    assert (end.result, end.text) == ("done", f"VMM is off {FIRST}, {SECOND}; no node has VMM any more")
    assert (with_vmm(place), owner(place), has_database(place)) == ([], "no role", True)
    assert "move" not in dict(steps(events, FIRST)) | dict(steps(events, SECOND))
    told = "\n".join(f"{row.text} -> {row.remedy}" for row in notices(events))
    for word in (
        f"database {DATABASE} stays on sql01",
        "DROP LOGIN [CONTOSO\\svc-vmm]",
        "Remove-ADObject -Identity 'CN=VMMDKM,DC=contoso,DC=lab' -Recursive",
        "the computer object CN=VMM,OU=Clusters,DC=contoso,DC=lab stays",
        "Remove-DnsServerResourceRecord -ZoneName 'contoso.lab' -Name 'vmm' -RRType A",
    ):
        assert word in told
    again = finished(place.install(order=uninstall(FIRST, SECOND)))
    assert (again.result, again.changed) == ("unchanged", False)
    assert removals(place.served.estate) == {FIRST: [0], SECOND: [0]}


@pytest.mark.parametrize("order", list(permutations((FIRST, SECOND, THIRD))))
@pytest.mark.long
def test_one_after_the_other_in_any_order_leaves_the_database(order: tuple[str, ...], tmp_path: Path) -> None:
    with site(tmp_path) as place:
        plan = place.plan
        place.plan = replace(plan, cluster=replace(plan.cluster, nodes=tuple(map(HostName, (FIRST, SECOND, THIRD)))))
        install_at_once(place.served.estate, place.plan)
        for node in order:
            assert finished(place.install(order=uninstall(node))).result == "done"
            assert node not in with_vmm(place)
        assert (with_vmm(place), owner(place), has_database(place)) == ([], "no role", True)
        assert removals(place.served.estate) == {node: [0] for node in order}


class TestTheDatabase:
    def test_is_removed_with_the_last_node_when_its_name_was_typed(self, place: Site) -> None:
        events = place.install(order=uninstall(FIRST, SECOND, remove_database=DATABASE))
        assert finished(events).result == "done"
        assert (with_vmm(place), has_database(place)) == ([], False)
        assert f"the last node with VMM: database {DATABASE} is removed" in "\n".join(
            row.text for row in notices(events)
        )

    def test_is_not_removed_by_another_name(self, place: Site) -> None:
        end = finished(place.install(order=uninstall(FIRST, SECOND, remove_database=DATABASE.lower())))
        assert (end.result, end.changed) == ("refused", False)
        assert "is not the name of the database" in end.text
        assert with_vmm(place) == [FIRST, SECOND]

    def test_is_not_removed_while_another_node_keeps_vmm(self, place: Site) -> None:
        end = finished(place.install(order=uninstall(SECOND, remove_database=DATABASE)))
        assert (end.result, end.changed) == ("refused", False)
        assert f"{FIRST} would keep VMM, and needs it" in end.text

    @pytest.mark.long
    @pytest.mark.long
    def test_is_kept_for_a_node_that_the_plan_does_not_name(self, place: Site) -> None:
        install_at_once(place.served.estate, place.plan, [THIRD])
        end = finished(place.install(order=uninstall(FIRST, SECOND, remove_database=DATABASE)))
        assert f"{THIRD} would keep VMM" in end.text
        assert finished(place.install(order=uninstall(FIRST, SECOND))).result == "done"
        assert (with_vmm(place), owner(place), has_database(place)) == ([THIRD], "VMM03 Online", True)

    def test_is_not_dropped_by_a_node_that_nobody_can_ask(self, place: Site) -> None:
        """A possible owner outside the plan that does not answer is taken to have VMM."""
        estate = place.served.estate
        install_at_once(estate, place.plan, [THIRD])
        estate.nodes[THIRD].power.restart(None)
        end = finished(place.install(order=uninstall(FIRST, SECOND, remove_database=DATABASE)))
        assert (end.result, end.changed) == ("refused", False)
        assert THIRD in end.text

    @pytest.mark.long
    def test_that_is_gone_wants_force(self, place: Site) -> None:
        sql = place.served.estate.sql_servers["sql01.contoso.lab"]
        end = finished(place.install(order=uninstall(FIRST, SECOND, force=True)))
        assert (end.result, end.changed) == ("refused", False)
        assert "setup need not be forced" in end.text
        sql.databases[:] = [row for row in sql.databases if row.name != DATABASE]
        end = finished(place.install(order=uninstall(FIRST, SECOND)))
        assert (end.result, with_vmm(place)) == ("failed", [FIRST, SECOND])
        assert "the database cannot be asked" not in end.text
        assert finished(place.install(order=uninstall(FIRST, SECOND, force=True))).result == "done"
        assert with_vmm(place) == []


class TestTheActiveNode:
    def test_is_not_uninstalled_when_no_other_node_can_take_the_role(self, place: Site) -> None:
        place.served.estate.cluster.members[1].state = "Paused"
        end = finished(place.install(order=uninstall(FIRST)))
        assert (end.result, end.changed) == ("refused", False)
        assert f"it owns role vmm, and none of {SECOND} can take it" in end.text
        assert removals(place.served.estate) == {}

    def test_is_not_uninstalled_when_the_role_comes_back_at_the_last_moment(self, place: Site) -> None:
        """Between the preflight and setup's start somebody moves the role to the node that is about to go."""

        def back(event: object) -> None:
            if getattr(event, "step", "") == "stage" and getattr(event, "state", "") == "done":
                place.served.estate.cluster.move_group("vmm", SECOND)

        events = place.install(order=uninstall(SECOND), on=back)
        end = finished(events)
        assert end.result == "failed"
        assert f"{SECOND} owns role vmm again" in end.text
        assert (removals(place.served.estate), with_vmm(place)) == ({}, [FIRST, SECOND])
        assert place.left() == []

    def test_a_role_that_does_not_come_online_elsewhere_ends_it(self, place: Site) -> None:
        place.served.estate.cluster.group("vmm").possible_owners.remove("VMM02")  # type: ignore[union-attr]
        end = finished(place.install(order=uninstall(FIRST)))
        assert end.result == "refused"
        assert removals(place.served.estate) == {}


def test_open_consoles_stop_it(place: Site) -> None:
    place.served.estate.nodes[SECOND].state.settings.consoles.append("VmmAdminUi")
    end = finished(place.install(order=uninstall(SECOND)))
    assert (end.result, end.changed) == ("refused", False)
    assert "RUN-04" in end.text


def test_what_is_wrong_with_a_node_that_stays_stops_nothing(place: Site) -> None:
    place.served.estate.nodes[FIRST].state.settings.consoles.append("VmmAdminUi")
    assert finished(place.install(order=uninstall(SECOND))).result == "done"


def test_another_vmm_is_left_alone(place: Site) -> None:
    other = replace(place.plan, database=replace(place.plan.database, name="OtherDB"))
    end = finished(place.install(other, order=uninstall(SECOND)))
    assert (end.result, end.changed) == ("refused", False)
    assert "the VMM there is not this plan's" in end.text


def test_a_removal_that_fails_says_why_and_the_next_one_goes_on(place: Site) -> None:
    consoles = place.served.estate.nodes[SECOND].state.settings.consoles

    def opened(event: object) -> None:
        if getattr(event, "step", "") == "start" and getattr(event, "state", "") == "started" and not consoles:
            consoles.append("VmmAdminUi")

    end = finished(place.install(order=uninstall(SECOND), on=opened))
    assert (end.result, place.left()) == ("failed", [])
    assert "VMM console is open" in end.text
    consoles.clear()
    assert finished(place.install(order=uninstall(SECOND))).result == "done"
    assert removals(place.served.estate) == {SECOND: [1, 0]}


@pytest.mark.parametrize("wanted", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_restart_that_setup_asks_for_is_made_once_when_it_is_wanted(
    wanted: bool, place: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = place.served.estate.nodes[SECOND]
    monkeypatch.setattr(setup_run, "SUCCEEDED", 3010)
    before = node.power.boot_time
    events = place.install(order=uninstall(SECOND, restart=wanted))
    assert finished(events).result == "done"
    assert (node.power.boot_time > before) is wanted
    assert steps(events, SECOND).count(("restart", "done")) == wanted
    assert any(f"VMM is off {SECOND}, and Windows wants a restart" in row.text for row in notices(events)) is not wanted
    assert owner(place) == "VMM01 Online"


#: Each place between two steps of a node whose role is moved away, as the event that a call ends after.
BOUNDARIES = [
    (SECOND if step == "move" else FIRST, step, state)
    for step in ("preflight", "move", "stage", "start", "uninstall", "clear", "verify", "console")
    for state in ("started", "done")
]


@pytest.mark.long
def test_cut_off_between_any_two_steps_the_same_order_goes_on(place: Site) -> None:
    """Each call goes on where the one before was cut off: setup runs once, and the role is never broken."""
    order = uninstall(FIRST)
    for node, step, state in BOUNDARIES:
        events = place.install_until(reached(node, step, state), order=order)
        assert steps(events, node)[-1] == (step, state), [row.as_json() for row in events[-4:]]
        assert runs(place.journal)[0][1] == "interrupted"
    end = finished(place.install(order=order))
    assert (end.result, end.changed) == ("done", True)
    assert (with_vmm(place), owner(place), has_database(place)) == ([SECOND], "VMM02 Online", True)
    for work in (SetupKind.UNINSTALL, SetupKind.CONSOLE_UNINSTALL):
        assert removals(place.served.estate, work) == {FIRST: [0]}
    assert (place.left(), place.told(), runs(place.journal)[0][1]) == ([], [], "done")
    assert len(runs(place.journal)) == 1


@pytest.mark.long
def test_cut_off_at_random_moments_all_nodes_go_and_the_database_stays(place: Site) -> None:
    order, chance = uninstall(FIRST, SECOND), random.Random(3)
    for _ in range(8):
        told = iter(range(chance.randrange(4, 30)))
        place.install_until(lambda _, told=told: next(told, None) is None, order=order)  # type: ignore[misc]
    assert finished(place.install(order=order)).result in ("done", "unchanged")
    assert (with_vmm(place), owner(place), has_database(place)) == ([], "no role", True)
    assert removals(place.served.estate) == {FIRST: [0], SECOND: [0]}
    assert place.left() == []


def test_without_vmm_there_is_nothing_to_do(tmp_path: Path) -> None:
    with site(tmp_path) as place:
        end = finished(place.install(order=uninstall(FIRST, SECOND)))
        assert (end.result, end.changed) == ("unchanged", False)
