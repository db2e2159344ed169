"""What preflight could not see and setup meets late: told with the log's line, its cause and remedy; the node clean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.install.installing import FIRST, SECOND, Site, finished, notices, runs, site, steps
from vmm_wizard.checks.registry import Status
from vmm_wizard.install.events import Event, StepChanged
from vmm_wizard.lab import setup_run
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.node import Node
from vmm_wizard.lab.scenarios import Scenario, apply
from vmm_wizard.lab.setup_machine import InstalledServer
from vmm_wizard.lab.setup_run import SetupRun

DKM_LOST = Scenario("", "", "", (), "", ({"kind": "dkm_rights", "rights": "read"},))
ROLE_LOST = Scenario("", "", "", (), "", ({"kind": "sql_role", "server": "sql01.contoso.lab"},))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as found:
        yield found


def when_setup_runs(node: str, act: Callable[[], object]) -> Callable[[Event], None]:
    """Do something as soon as setup is seen to run on a node."""

    def on(event: Event) -> None:
        if isinstance(event, StepChanged) and (event.node, event.step, event.state) == (node, "setup", "started"):
            act()

    return on


def give_back(estate: Estate) -> None:
    """The rights that the hooks take away."""
    for login in estate.sql_servers["sql01.contoso.lab"].logins:
        if login.name == estate.account("vmm-setup").account:
            login.roles.add("sysadmin")


def test_a_sql_role_that_goes_while_setup_runs_is_told_by_line_cause_and_remedy(place: Site) -> None:
    estate = place.served.estate
    events = place.install(on=when_setup_runs(FIRST, lambda: apply(ROLE_LOST, estate)))
    end = finished(events)
    assert (end.result, end.changed) == ("failed", True)
    assert "exit code 1" in end.text
    assert "SetupWizard.log, line " in end.text
    assert "is not sysadmin there" in end.text
    assert "SQL-02" in notices(events)[-1].remedy
    assert (place.setups(), place.left()) == ({FIRST: [1]}, [])
    assert estate.report()["installed"][FIRST] is False

    give_back(estate)
    assert finished(place.install()).result == "installed"
    assert place.setups() == {FIRST: [1, 0], SECOND: [0]}
    assert (place.left(), place.told()) == ([], [])


def test_dkm_rights_that_go_while_setup_runs_are_told(place: Site) -> None:
    estate = place.served.estate
    events = place.install(on=when_setup_runs(FIRST, lambda: apply(DKM_LOST, estate)))
    assert finished(events).result == "failed"
    assert "lacks Full Control of the DKM container" in finished(events).text
    assert "DKM-02" in notices(events)[-1].remedy
    assert place.left() == []
    assert runs(place.journal)[0][1] == "failed"


@pytest.mark.long
def test_a_winrm_that_goes_deaf_while_setup_runs_is_told(place: Site) -> None:
    settings = place.served.estate.nodes[FIRST].state.settings
    deaf = "The client cannot connect to the destination specified in the request."
    events = place.install(on=when_setup_runs(FIRST, lambda: setattr(settings, "winrm_loop_error", deaf)))
    assert finished(events).result == "failed"
    assert "NOD-14" in notices(events)[-1].remedy
    assert place.left() == []
    assert "NOD-14" in {row.id for row in place.served.check(place.served.plan).findings if row.status is Status.FAIL}


def test_the_second_run_after_a_failed_one_is_a_new_one_with_a_preflight_of_its_own(place: Site) -> None:
    place.install(on=when_setup_runs(FIRST, lambda: apply(DKM_LOST, place.served.estate)))
    events = place.install()
    assert (finished(events).result, finished(events).changed) == ("refused", False)
    assert "DKM-02" in finished(events).text
    assert place.setups() == {FIRST: [1]}


def test_the_first_nodes_failure_never_starts_the_second(place: Site) -> None:
    events = place.install(on=when_setup_runs(FIRST, lambda: apply(ROLE_LOST, place.served.estate)))
    assert steps(events, SECOND) == []
    assert SECOND not in place.setups()


@pytest.mark.long
def test_the_second_nodes_failure_leaves_the_first_good_and_says_so(place: Site) -> None:
    estate = place.served.estate
    events = place.install(on=when_setup_runs(SECOND, lambda: apply(ROLE_LOST, estate)))
    end = finished(events)
    assert (end.result, end.changed) == ("failed", True)
    assert f"VMM is installed on {FIRST}" in end.text
    assert place.setups() == {FIRST: [0], SECOND: [1]}
    assert place.left() == []
    assert estate.report()["roles"]["vmm"]["state"] == "Online"
    assert estate.report()["installed"] == {FIRST: True, SECOND: False, "vmm03.contoso.lab": False}

    give_back(estate)
    again = place.install()
    assert (finished(again).result, finished(again).changed) == ("installed", True)
    assert steps(again, FIRST) == [("setup", "skipped")]
    assert place.setups() == {FIRST: [0], SECOND: [1, 0]}


def test_before_each_node_the_preflight_is_fresh(place: Site) -> None:
    """A right that went while the first node was installed stops the second before anything is staged there."""
    estate = place.served.estate

    def on(event: Event) -> None:
        if isinstance(event, StepChanged) and (event.node, event.step, event.state) == (FIRST, "verify", "done"):
            estate.nodes[SECOND].state.pending_windows_update = True

    events = place.install(on=on)
    end = finished(events)
    assert (end.result, end.changed) == ("failed", True)
    assert f"not started on {SECOND}: NOD-08" in end.text
    assert f"VMM is installed on {FIRST}" in end.text
    assert [step for step in steps(events, SECOND) if step[0] != "preflight"] == []
    assert place.left() == []


@pytest.mark.long
def test_exit_code_3010_is_good_and_asks_for_a_restart(place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup_run, "SUCCEEDED", 3010)
    events = place.install()
    assert finished(events).result == "installed"
    assert [row.node for row in notices(events) if "wants a restart" in row.text] == [FIRST, SECOND]


def test_any_other_exit_code_is_a_failure(place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup_run, "SUCCEEDED", 99)
    end = finished(place.install())
    assert end.result == "failed"
    assert "setup ended with exit code 99" in end.text
    assert place.left() == []


def test_an_answer_file_that_does_not_read_back_fails_before_the_task_is_registered(place: Site) -> None:
    files = place.served.estate.nodes[FIRST].files
    write = files.write
    registered: list[str] = []

    def scanned(path: str, data: bytes) -> None:
        write(path, data.replace(b"VMMDKM", b"VMM***") if path.endswith("VMServer.ini") else data)

    def on(event: Event) -> None:
        if isinstance(event, StepChanged) and event.step == "stage" and event.state == "failed":
            registered.extend(place.served.estate.nodes[FIRST].scheduler.names())

    files.write = scanned  # type: ignore[method-assign]
    events = place.install(on=on)
    end = finished(events)
    assert (end.result, end.changed) == ("failed", False)
    assert "VMServer.ini does not read back" in end.text
    assert ("stage", "failed") in steps(events, FIRST)
    assert "start" not in dict(steps(events, FIRST))
    assert registered == []
    assert (place.setups(), place.left()) == ({}, [])


class TestAWitnessThatIsMissing:
    """Setup says 0, and what it should have made is not there."""

    @pytest.mark.long
    def test_the_registry(self, place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(SetupRun, "_post_install", lambda self, parsed: 0)
        end = finished(place.install())
        assert end.result == "failed"
        assert "the registry does not hold VMM's setup key" in end.text
        assert (place.setups(), place.left()) == ({FIRST: [0]}, [])

    @pytest.mark.long
    def test_the_cluster_group(self, place: Site) -> None:
        def gone() -> None:
            place.served.estate.cluster.remove_vmm_role()

        end = finished(place.install(on=when_cleared(gone)))
        assert end.result == "failed"
        assert "the cluster has no role vmm that runs VMM" in end.text

    def test_the_group_is_not_online(self, place: Site) -> None:
        def offline() -> None:
            role = place.served.estate.cluster.vmm_group()
            assert role is not None
            role.state = "Failed"

        end = finished(place.install(on=when_cleared(offline)))
        assert end.result == "failed"
        assert "cluster role vmm is Failed" in end.text
        assert SECOND not in place.setups()

    @pytest.mark.long
    def test_the_service(self, place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        install = Node.install

        def without_service(self: Node, server: InstalledServer) -> None:
            install(self, server)
            monkeypatch.setattr(type(self), "service_state", property(lambda _: ""))

        monkeypatch.setattr(Node, "install", without_service)
        end = finished(place.install())
        assert end.result == "failed"
        assert "SCVMMService is missing" in end.text

    def test_what_comes_up_late_is_waited_for(self, place: Site) -> None:
        """The role is pending for two looks, as a cluster brings up names and addresses."""
        looks = 0
        installer = place.installer()
        expire = installer.preflight.passwords.expire

        def pending() -> None:
            nonlocal looks
            role = place.served.estate.cluster.vmm_group()
            assert role is not None
            role.state = "Pending"
            looks = 1

        def each_look() -> None:
            nonlocal looks
            role = place.served.estate.cluster.vmm_group()
            looks += 1 if looks else 0
            if looks == 4 and role is not None:
                role.state = "Online"
            expire()

        installer.preflight.passwords.expire = each_look  # type: ignore[method-assign]
        events = []
        for event in installer.run():
            events.append(event)
            when_cleared(pending)(event)
        assert finished(events).result == "installed"
        assert looks > 3


def when_cleared(act: Callable[[], object]) -> Callable[[Event], None]:
    """Do something to the first node once setup has ended and was cleared away there, before it is verified."""

    def on(event: Event) -> None:
        if isinstance(event, StepChanged) and (event.node, event.step, event.state) == (FIRST, "clear", "done"):
            act()

    return on
