"""Prepare: what setup wants is brought to each node once, whatever cuts a call off, and VMM can be installed then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.estates import of_status
from tests.install.finished import install_at_once
from tests.install.installing import FIRST, SECOND, Site, finished, newest, notices, runs, site, steps
from vmm_wizard.checks.registry import Status
from vmm_wizard.install.events import Event, LogGrew, StepChanged
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.lab.file_share import SharedFile
from vmm_wizard.lab.node import AdkState
from vmm_wizard.lab.scenarios import scenario
from vmm_wizard.plan.model import Plan

WITH_RESTART = Order(Job.PREPARE, restart=True)
PREPARE = Order(Job.PREPARE)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, scenario("nothing-prepared")) as found:
        yield replace(found, plan=found.served.plan)


def prepare(place: Site, order: Order = WITH_RESTART, plan: Plan | None = None) -> list[Event]:
    return place.install(plan, order=order)


#: Each place where a call may end, by the event that it ends after: (step, state), or the first lines of the log.
BOUNDARIES = [
    *(
        (step, state)
        for step in ("preflight", "stage", "start", "prepare", "clear", "restart", "verify")
        for state in ("started", "done")
    ),
]
BOUNDARIES.insert(7, ("log", ""))


def cut_after(place: Site, node: str, boundary: tuple[str, str]) -> Event:
    """Prepare in a call that ends right after this event of this node; its last event."""
    installer = place.installer(order=WITH_RESTART)
    last: Event | None = None
    with closing(installer.run()) as run:  # type: ignore[type-var]
        for last in run:
            told = last.as_json()
            place_told = (told.get("step", told["event"]), told.get("state", ""))
            if (told.get("node"), place_told) == (node, boundary):
                break
    installer.preflight.close()
    assert last is not None
    return last


def brought(place: Site) -> dict[str, int]:
    """How often each kind of thing was installed, by node."""
    return {
        name: sum(product.startswith("Microsoft") for product in node.state.products)
        for name, node in place.served.estate.nodes.items()
    }


def test_everything_is_brought_both_nodes_restart_and_check_is_content(place: Site) -> None:
    boots = {name: place.served.estate.nodes[name].power.boot_time for name in (FIRST, SECOND)}
    events = prepare(place)
    end = finished(events)
    assert (end.result, end.changed) == ("done", True)
    for node in (FIRST, SECOND):
        assert [step for step, state in steps(events, node) if state == "done"] == [
            "preflight",
            "stage",
            "start",
            "prepare",
            "clear",
            "restart",
            "verify",
        ]
        assert place.served.estate.nodes[node].power.boot_time > boots[node]
    assert any("copied 50 %" in line for event in events if isinstance(event, LogGrew) for line in event.lines)
    assert of_status(place.served.check(place.plan).findings, Status.FAIL, Status.UNKNOWN, Status.WARN) == []
    assert place.left() == place.told() == []
    assert finished(prepare(place)).result == "unchanged"


@pytest.mark.long
def test_one_node_is_down_at_a_time(place: Site) -> None:
    down: list[list[str]] = []

    def look(event: Event) -> None:
        nodes = place.served.estate.nodes
        down.append([name for name, node in nodes.items() if node.power.is_down])

    place.install(order=WITH_RESTART, on=look)
    assert max(map(len, down)) <= 1
    order = [event.node for event in prepare(place) if isinstance(event, StepChanged) and event.step == "restart"]
    assert order == []


def test_without_leave_to_restart_it_says_that_one_is_wanted(place: Site) -> None:
    events = prepare(place, PREPARE)
    end = finished(events)
    assert end.result == "done"
    assert f"{FIRST}, {SECOND} must be restarted" in end.text
    assert [row.node for row in notices(events) if "wants a restart" in row.text] == [FIRST, SECOND]
    assert ("NOD-08", FIRST) in of_status(place.served.check(place.plan).findings, Status.FAIL)
    assert finished(prepare(place)).result == "done"
    assert ("NOD-08", FIRST) not in of_status(place.served.check(place.plan).findings, Status.FAIL)


def test_only_the_nodes_of_the_order_are_touched(place: Site) -> None:
    events = prepare(place, Order(Job.PREPARE, nodes=(SECOND,)))
    assert finished(events).result == "done"
    assert steps(events, FIRST) == []
    assert place.served.estate.nodes[SECOND].state.media.exists
    assert not place.served.estate.nodes[FIRST].state.media.exists


@pytest.mark.timeout(240)
@pytest.mark.long
def test_cut_off_after_any_event_it_goes_on_and_brings_nothing_twice(place: Site) -> None:
    """Each call goes on where the one before was cut off, and is cut off one step later."""
    for node in (FIRST, SECOND):
        for boundary in BOUNDARIES:
            assert cut_after(place, node, boundary).as_json()["event"] != "finished", (node, boundary)
            assert newest(place.journal).outcome == "interrupted"
    assert finished(prepare(place)).result == "done"
    assert len(runs(place.journal)) == 1
    assert {name: node.setups for name, node in place.served.estate.nodes.items() if node.setups} == {}
    assert of_status(place.served.check(place.plan).findings, Status.FAIL, Status.UNKNOWN, Status.WARN) == []
    assert brought(place)[FIRST] == brought(place)[SECOND] == 3
    assert place.left() == place.told() == []


def test_a_share_that_refuses_fails_with_the_part_and_goes_on_when_it_is_mended(place: Site) -> None:
    share = place.served.estate.share
    share.readers = {place.served.estate.account("svc-vmm").sid}
    end = finished(prepare(place))
    assert (end.result, end.changed) == ("failed", False)
    assert "media: Access to the path" in end.text
    assert place.left() == []
    share.readers = None
    assert finished(prepare(place)).result == "done"


def test_a_node_whose_media_are_another_file_is_told(place: Site) -> None:
    state = place.served.estate.nodes[FIRST].state
    state.media.exists, state.media.version = True, "10.22.1515.0"
    end = finished(prepare(place))
    assert end.result == "failed"
    assert f"setup.exe on {SECOND} is not the same file as on {FIRST}" in end.text


def test_a_wrong_digest_takes_nothing(place: Site) -> None:
    plan = replace(place.plan, prepare=replace(place.plan.prepare, media_sha256="ab" * 32))
    end = finished(prepare(place, plan=plan))
    assert end.result == "failed"
    assert "and not abab" in end.text
    assert not place.served.estate.nodes[FIRST].state.media.exists


def test_an_installer_that_fails_does_not_cost_the_others(place: Site) -> None:
    place.served.estate.share.put(r"packages\msodbcsql.msi", SharedFile(1, "x", product="x", exit_code=1603))
    end = finished(prepare(place))
    assert (end.result, end.changed) == ("failed", True)
    assert "msodbcsql.msi ended with exit code 1603" in end.text
    assert place.served.estate.nodes[FIRST].state.adk.windows_pe


def test_what_no_source_is_named_for_is_left_and_named(place: Site) -> None:
    plan = replace(place.plan, prepare=replace(place.plan.prepare, winpe_source=""))
    events = prepare(place, plan=plan)
    assert finished(events).result == "done"
    assert any("Windows PE (prepare.winpe_source is empty)" in row.text for row in notices(events))


def test_an_account_that_may_not_run_tasks_is_refused_before_anything(place: Site) -> None:
    place.served.estate.nodes[FIRST].state.disable_domain_creds = 1
    end = finished(prepare(place))
    assert (end.result, end.changed) == ("refused", False)
    assert "INS-03" in end.text
    assert runs(place.journal)[0][1] == "refused"


def test_a_node_that_does_not_come_back_is_told_and_the_run_can_go_on(place: Site) -> None:
    node = place.served.estate.nodes[FIRST]
    original = node.power.restart
    node.power.restart = lambda _away: original(None)  # type: ignore[method-assign]
    end = finished(place.install(order=WITH_RESTART, pace=replace(place.pace, patience=1.0)))
    assert end.result == "failed"
    assert f"{FIRST} has not come back" in end.text
    assert newest(place.journal).outcome == "interrupted"


def test_the_clusters_module_is_installed_where_it_lacks(tmp_path: Path) -> None:
    with site(tmp_path, scenario("cluster-module-missing")) as place:
        assert not place.served.estate.nodes[SECOND].state.cluster_tools
        events = prepare(place)
        assert (finished(events).result, finished(events).changed) == ("done", True)
        assert place.served.estate.nodes[SECOND].state.cluster_tools
        assert of_status(place.served.check(place.plan).findings, Status.FAIL, Status.UNKNOWN, Status.WARN) == []
        assert ("prepare", "skipped") in steps(events, FIRST)


def test_a_node_that_owns_vmms_role_gives_it_away_before_it_restarts(tmp_path: Path) -> None:
    with site(tmp_path) as place:
        estate = place.served.estate
        install_at_once(estate, place.plan)
        owner = estate.cluster.vmm_group()
        assert owner is not None
        name = next(host for host in (FIRST, SECOND) if host.startswith(owner.owner.casefold()))
        other = SECOND if name == FIRST else FIRST
        estate.nodes[name].state.pending_windows_update = True
        events = prepare(place, Order(Job.PREPARE, nodes=(name,), restart=True))
        assert finished(events).result == "done"
        assert ("move", "done") in steps(events, other)
        assert not estate.nodes[name].state.pending_windows_update


def test_the_only_node_with_vmm_up_is_not_restarted(tmp_path: Path) -> None:
    with site(tmp_path) as place:
        estate = place.served.estate
        install_at_once(estate, place.plan)
        owner = estate.cluster.vmm_group()
        assert owner is not None
        name = next(host for host in (FIRST, SECOND) if host.startswith(owner.owner.casefold()))
        estate.nodes[SECOND if name == FIRST else FIRST].power.restart(None)
        estate.nodes[name].state.pending_windows_update = True
        end = finished(prepare(place, Order(Job.PREPARE, nodes=(name,), restart=True)))
        assert end.result == "refused"
        assert f"{name} is not restarted while another node of its cluster is away" in end.text


def test_a_kit_that_is_there_gets_the_files_of_wsim_alone(place: Site) -> None:
    for name in (FIRST, SECOND):
        node = place.served.estate.nodes[name]
        node.state.adk = AdkState(wsim_copied=False)
    plan = replace(place.plan, prepare=replace(place.plan.prepare, adk_source="", winpe_source="", packages=()))
    assert finished(prepare(place, plan=plan)).result == "done"
    assert place.served.estate.nodes[FIRST].state.adk.wsim_copied
