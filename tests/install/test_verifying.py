"""Verify over real sockets: each witness that is not as it should be is told, and with moves the role comes home."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.install.finished import THIRD, install_at_once
from tests.install.installing import FIRST, SECOND, Site, finished, newest, notices, runs, site, steps
from tests.install.test_failover import moves, no_tasks, owner
from tests.install.test_interrupted import reached
from vmm_wizard.install.events import Event, StepChanged
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.install.remembering import last_word
from vmm_wizard.plan.names import HostName

VERIFY = Order(Job.VERIFY)
WITH_MOVES = Order(Job.VERIFY, moves=True)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    """VMM on both nodes of the plan; the first one is active."""
    with site(tmp_path) as found:
        install_at_once(found.served.estate, found.plan)
        yield found


def said(events: list[Event], node: str) -> list[str]:
    """What the last step verify of a node told, piece by piece."""
    texts = [row.text for row in events if isinstance(row, StepChanged) and (row.node, row.step) == (node, "verify")]
    return texts[-1].split("; ")


def test_what_was_verified_is_told_and_nothing_is_changed(place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = moves(place, monkeypatch)
    events = place.install(order=VERIFY)
    end = finished(events)
    assert (end.result, end.changed) == ("done", False)
    assert end.text.startswith(f"VMM is verified on {FIRST}, {SECOND}: role vmm is online on {FIRST}; connect ")
    assert said(events, FIRST)[1:] == ["SCVMMService is Running", "cluster role vmm is Online on VMM01"]
    assert said(events, SECOND)[1] == "SCVMMService is Stopped, as on a passive node"
    assert said(events, "")[:3] == [
        "vmm.contoso.lab:8100 answers",
        "VMM lists vmm01, vmm02",
        "VMM's active node is vmm01, the role's owner vmm01",
    ]
    assert moved == []
    assert (place.left(), place.told()) == ([], [])
    # What VMM said is kept, for `after` to tell what only VMM knows.
    heard = last_word(place.journal, place.plan)
    assert heard is not None
    assert (heard.report.active_node, heard.run) == ("VMM01", newest(place.journal).id)
    other = replace(place.plan, cluster=replace(place.plan.cluster, name=HostName("other")))
    assert last_word(place.journal, other) is None


class TestWhatIsNotRight:
    def wrong(self, place: Site) -> str:
        events = place.install(order=WITH_MOVES)
        end = finished(events)
        assert (end.result, end.changed) == ("failed", False)
        assert steps(events, "")[-1] == ("verify", "failed")
        assert ("move", "started") not in steps(events, SECOND)
        assert place.left() == []
        return end.text

    def test_a_node_without_vmm(self, place: Site) -> None:
        place.plan = replace(
            place.plan, cluster=replace(place.plan.cluster, nodes=(*place.plan.cluster.nodes, HostName.parse(THIRD)))
        )
        assert f"{THIRD}: the registry does not hold VMM's setup key" in self.wrong(place)

    def test_a_node_that_vmm_does_not_list(self, place: Site) -> None:
        place.served.estate.cluster.remove_vmm_node(SECOND)
        assert "VMM lists vmm01, and not vmm02, where it is installed" in self.wrong(place)

    def test_nodes_of_two_versions(self, place: Site) -> None:
        node = place.served.estate.nodes[SECOND]
        assert node.server is not None
        node.server = replace(node.server, version="10.22.1711.0")
        assert f"VMM 10.22.1711.0 on {SECOND}" in self.wrong(place)

    def test_a_role_that_has_failed(self, place: Site) -> None:
        place.served.estate.cluster.fail_vmm_role()
        text = self.wrong(place)
        assert "cluster role vmm is Failed on VMM01" in text
        assert "POST-02: role vmm is Failed" in text


def test_checks_that_only_sql_servers_word_could_tell_of_are_named_as_not_verified(place: Site) -> None:
    for node in place.served.estate.nodes.values():
        if node.server is not None:
            node.server = replace(node.server, sql_machine="sqlag.contoso.lab", sql_instance="")
    place.served.estate.host_away("sql01.contoso.lab")
    events = place.install(order=VERIFY)
    assert finished(events).result == "done"
    assert said(events, "")[-1] == "not verified: POST-01 to POST-04"


def test_no_vmm_of_this_plan_is_refused(tmp_path: Path) -> None:
    with site(tmp_path) as place:
        end = finished(place.install(order=VERIFY))
        assert (end.result, end.changed) == ("refused", False)
        assert "the VMM of this plan was not found" in end.text


@pytest.mark.parametrize("confirmed", [True, False])
def test_without_vmms_own_word_the_user_says_whether_that_is_enough(place: Site, confirmed: bool) -> None:
    no_tasks(place)
    end = finished(place.install(order=VERIFY, confirm=lambda _: confirmed))
    assert end.result == ("done" if confirmed else "refused")
    assert ("what VMM says of itself could not be had" in end.text) == confirmed


class TestMoves:
    def test_the_role_goes_to_each_node_and_comes_home(self, place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        estate = place.served.estate
        install_at_once(estate, place.plan, (THIRD,))
        place.plan = replace(
            place.plan, cluster=replace(place.plan.cluster, nodes=(*place.plan.cluster.nodes, HostName.parse(THIRD)))
        )
        estate.cluster.move_group("vmm", SECOND)
        moved = moves(place, monkeypatch)
        events = place.install(order=WITH_MOVES)
        end = finished(events)
        assert (end.result, end.changed) == ("done", True)
        assert moved == ["VMM01", "VMM03", "VMM02"]
        assert owner(place) == "VMM02 Online"
        assert f"online on {SECOND}" in end.text
        assert (place.left(), place.told()) == ([], [])

    def test_running_jobs_refuse_it(self, place: Site) -> None:
        place.served.estate.vmm.add_job("Create virtual machine", r"CONTOSO\anna")
        events = place.install(order=WITH_MOVES)
        assert finished(events).result == "refused"
        assert any(row.text.startswith("a job runs: Create virtual machine") for row in notices(events))
        assert owner(place) == "VMM01 Online"
        assert finished(place.install(order=VERIFY)).result == "done"

    @pytest.mark.long
    def test_cut_off_anywhere_it_comes_home_by_one_move_each(
        self, place: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        moved = moves(place, monkeypatch)
        boundaries = [
            (FIRST, "report", "started"),
            ("", "verify", "done"),
            *((node, "move", state) for node in (SECOND, FIRST) for state in ("started", "done")),
            (FIRST, "report", "started"),
        ]
        for node, step, state in boundaries:
            place.install_until(reached(node, step, state), order=WITH_MOVES)
        assert finished(place.install(order=WITH_MOVES)).result == "done"
        assert moved == ["VMM02", "VMM01"]
        assert (owner(place), len(runs(place.journal))) == ("VMM01 Online", 1)
        assert (place.left(), place.told()) == ([], [])

    def test_cancelled_between_two_moves_it_is_told_that_the_role_is_not_home_and_it_goes_on_later(
        self, place: Site
    ) -> None:
        cancel = threading.Event()
        there = reached(SECOND, "move", "done")
        end = finished(
            place.install(order=WITH_MOVES, cancel=cancel, on=lambda event: cancel.set() if there(event) else None)
        )
        assert (end.result, end.changed, owner(place)) == ("cancelled", True, "VMM02 Online")
        assert f"has not been moved back to {FIRST} yet" in end.text
        assert finished(place.install(order=WITH_MOVES)).result == "done"
        assert (owner(place), len(runs(place.journal))) == ("VMM01 Online", 1)

    def test_a_role_that_cannot_go_everywhere_is_not_moved_at_all(self, place: Site) -> None:
        next(row for row in place.served.estate.cluster.members if row.name == "VMM02").state = "Paused"
        end = finished(place.install(order=WITH_MOVES))
        assert (end.result, owner(place)) == ("refused", "VMM01 Online")
        assert f"{SECOND} is Paused in its cluster" in end.text
