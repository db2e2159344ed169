"""What stops an install before anything is begun: findings, unknowns, other people's work, another process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import tomlkit

from tests.building import a_node, good_facts
from tests.install.installing import FIRST, ROOT, SECOND, Site, finished, newest, notices, remote_task, runs, site
from vmm_wizard.checks.registry import Finding
from vmm_wizard.install.events import PreflightDone
from vmm_wizard.install.occupancy import Occupied, differences, make_way
from vmm_wizard.lab import contoso
from vmm_wizard.lab.tasks import ScheduledTask
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import NetbiosName
from vmm_wizard.plan.secrets import Secrets
from vmm_wizard.remote.run_files import setup_job, wrapper_file
from vmm_wizard.remote.task import RemoteTask


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as found:
        yield found


def test_a_run_that_cannot_begin_stores_no_password_anywhere(place: Site) -> None:
    node = place.served.estate.nodes[SECOND]
    node.state.pending_windows_update = True
    registered: list[str] = []
    for each in place.served.estate.nodes.values():
        each.scheduler.register = lambda name, *_: registered.append(name)  # type: ignore[method-assign]
    events = place.install()
    assert finished(events).result == "refused"
    (preflight,) = [event for event in events if isinstance(event, PreflightDone)]
    assert [finding.id for finding in preflight.blocking] == ["NOD-08"]
    assert registered == []


def test_what_a_rehearsal_may_see_otherwise_is_rehearsed_before_it_refuses(place: Site) -> None:
    place.served.estate.directory.remove(contoso.DKM)
    estate = place.served.estate
    estate.directory.add(contoso.DKM, "container")
    events = place.install()
    assert finished(events).result == "refused"
    (preflight,) = [event for event in events if isinstance(event, PreflightDone)]
    assert {"DKM-02", "RUN-02"} <= {finding.id for finding in preflight.blocking}


def test_an_unknown_among_the_minimum_stops_and_is_not_asked_about(place: Site) -> None:
    for service in place.served.estate.nodes[SECOND].services:
        service.cut()
    asked: list[tuple[Finding, ...]] = []

    def confirm(findings: tuple[Finding, ...]) -> bool:
        asked.append(findings)
        return True

    end = finished(place.install(confirm=confirm))
    assert end.result == "refused"
    assert asked == []
    assert place.setups() == {}


def test_other_unknowns_are_asked_about_once_and_then_installed(place: Site) -> None:
    # Windows did not say.
    for node in place.served.estate.nodes.values():
        node.state.secure_channel = None  # type: ignore[assignment]
    asked: list[list[str]] = []

    def confirm(findings: tuple[Finding, ...]) -> bool:
        asked.append(sorted({finding.id for finding in findings}))
        return True

    assert finished(place.install(confirm=confirm)).result == "installed"
    assert asked == [["NOD-11"]]


def test_unknowns_that_are_not_confirmed_stop_it(place: Site) -> None:
    place.served.estate.nodes[FIRST].state.secure_channel = None  # type: ignore[assignment]
    end = finished(place.install(confirm=lambda _: False))
    assert (end.result, end.changed) == ("refused", False)
    assert "not confirmed" in end.text
    assert (place.setups(), place.left()) == ({}, [])


def test_a_missing_password_stops_it_before_anybody_is_asked(place: Site) -> None:
    secrets = Secrets()
    known = place.served.secrets.get(place.plan.installing_account)
    assert known is not None
    secrets.put(place.plan.installing_account, known)
    events = place.install(secrets=secrets)
    assert len(events) == 1
    assert r"CONTOSO\svc-vmm is missing" in finished(events).text
    assert place.journal.runs() == ()


def test_a_second_process_is_refused_while_the_first_is_at_work(place: Site) -> None:
    other = replace(place.plan, database=replace(place.plan.database, name="AnotherDB"))
    first = place.installer().run()
    next(first)
    for plan in (place.plan, other):
        events = place.install(plan)
        assert len(events) == 1
        assert finished(events).result == "refused"
        assert "another vmm-wizard on this computer" in finished(events).text
    assert finished(list(first)).result == "installed"
    assert place.is_clean()


def test_another_computers_task_on_a_node_is_left_alone_and_named(place: Site) -> None:
    estate = place.served.estate
    installer = estate.account("vmm-setup")
    estate.nodes[SECOND].scheduler.register(
        "vmm-wizard-20200101-000000-abcdef", installer.account, installer.password, "", "PT2H"
    )
    events = place.install()
    assert finished(events).result == "refused"
    assert f"{SECOND} holds the scheduled task vmm-wizard-20200101-000000-abcdef" in finished(events).text
    assert "Unregister-ScheduledTask" in notices(events)[-1].remedy
    assert estate.nodes[SECOND].scheduler.names() == ("vmm-wizard-20200101-000000-abcdef",)
    assert place.setups() == {}


def test_a_setup_that_somebody_else_started_is_named(place: Site) -> None:
    place.served.estate.nodes[SECOND].processes.start("Setup")
    end = finished(place.install())
    assert end.result == "refused"
    assert f"running on {SECOND}: Setup" in end.text
    assert place.setups() == {}


def test_a_rehearsal_that_a_killed_process_left_is_taken_away(place: Site) -> None:
    left = remote_task(place, "rehearsal-of-somebody", SECOND)
    left.stage((wrapper_file(), setup_job("C:\\none.exe", [{"secret": 0}])))
    password = place.served.secrets.get(place.plan.installing_account)
    assert password is not None
    left.start(password)
    left.close()
    events = place.install()
    assert finished(events).result == "installed"
    assert any("removed the scheduled task vmm-wizard-rehearsal-of-somebody" in row.text for row in notices(events))
    assert place.is_clean()


def test_a_call_killed_while_it_rehearsed_leaves_nothing_to_the_next(place: Site) -> None:
    """Killed between the staging of its rehearsal and the start of the task: a folder that no task gives away."""
    place.install_until(lambda event: event.as_json().get("step") == "preflight")
    left = remote_task(place, f"rehearsal-{newest(place.journal).id}", SECOND)
    left.stage((wrapper_file(),))
    left.close()
    assert any(ROOT in text for text in place.left())
    assert finished(place.install()).result == "installed"
    assert place.is_clean()


class TestAnEditedPlan:
    """The plan was changed between a call that was cut off and the next one: it has another run."""

    def edited(self, plan: Plan) -> Plan:
        return replace(plan, cluster=replace(plan.cluster, role_name=NetbiosName("vmmprod")))

    def test_a_setup_that_runs_for_the_old_plan_is_named_with_how_to_go_on(self, place: Site) -> None:
        with place.held_in_setup():
            place.install_until(lambda event: event.as_json().get("step") == "setup")
            run = newest(place.journal)
            events = place.install(self.edited(place.plan))
        end = finished(events)
        assert (end.result, end.changed) == ("refused", False)
        assert run.id in end.text
        assert FIRST in end.text
        assert "cluster.role_name was 'vmm'" in end.text
        assert "put the answers back" in notices(events)[-1].remedy
        again = place.install()
        assert (finished(again).result, finished(again).changed) == ("installed", True)
        assert place.is_clean()

    def test_a_task_of_the_old_plan_that_only_waits_is_taken_away(self, place: Site) -> None:
        place.install_until(lambda event: event.as_json().get("step") == "start" and event.as_json()["state"] == "done")
        run = newest(place.journal)
        events = place.install(self.edited(place.plan))
        assert any(f"removed the scheduled task vmm-wizard-{run.id}" in row.text for row in notices(events))
        assert finished(events).result == "installed"
        assert place.is_clean()


def test_differences_show_old_values_but_no_product_key() -> None:
    old = tomlkit.dumps({"release": "2022", "registration": {"product_key": "SECRET"}, "cluster": {"role_name": "vmm"}})
    new = tomlkit.dumps({"release": "2022", "cluster": {"role_name": "vmm2"}, "domain": "contoso.lab"})
    found = differences(old, new)
    assert found == ["cluster.role_name was 'vmm'", "domain was not set", "registration.product_key"]


def test_a_rehearsal_is_cleared_away_when_the_run_is_cancelled_in_it(place: Site) -> None:
    cancel = threading.Event()
    scheduler = place.served.estate.nodes[FIRST].scheduler
    register = scheduler.register

    def registering(*arguments: str) -> ScheduledTask:
        task = register(*arguments)
        cancel.set()
        return task

    scheduler.register = registering  # type: ignore[assignment]
    end = finished(place.install(cancel=cancel))
    assert (end.result, end.changed) == ("cancelled", False)
    assert (place.setups(), place.left()) == ({}, [])


def test_a_fault_of_our_own_is_a_last_event_too_without_any_password(place: Site) -> None:
    """The run stays to be gone on with: nobody knows what the fault left."""
    password = place.served.secrets.get(place.plan.installing_account)
    assert password is not None

    def broken(_: tuple[Finding, ...]) -> bool:
        raise RuntimeError(f"broke with {password.reveal()}")

    place.served.estate.nodes[FIRST].state.secure_channel = None  # type: ignore[assignment]
    end = finished(place.install(confirm=broken))
    assert (end.result, end.changed) == ("failed", False)
    assert "unexpected error (RuntimeError: broke with ***)" in end.text
    assert runs(place.journal)[0][1] == "interrupted"
    assert place.told() == []


def test_an_account_that_is_not_shown_the_tasks_cannot_tell_whether_a_node_is_free(place: Site) -> None:
    place.install_until(lambda event: event.as_json()["event"] == "started")
    facts = good_facts(nodes={FIRST: a_node(tasks=None, is_administrator=False)})

    def nobody(run_id: str, node: str) -> RemoteTask:
        raise AssertionError(f"{run_id} on {node} was touched")

    with pytest.raises(Occupied, match="needs local administrator on vmm01") as occupied:
        list(make_way(newest(place.journal), facts, place.journal, nobody, 0.0))
    assert "connection.node_account" in occupied.value.remedy
