"""Console: on any machine of the domain, once, whatever cuts a call off; and taken away again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.commands import run
from tests.estates import ANSWERS
from tests.install.finished import install_at_once
from tests.install.installing import FIRST, Site, finished, newest, notices, runs, site, steps
from tests.install.test_interrupted import Command
from vmm_wizard.install.events import Event, StepChanged
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.lab.node import Node
from vmm_wizard.lab.setup_machine import InstalledConsole
from vmm_wizard.setup.log_phases import SetupKind

HOST = "admin01.contoso.lab"
INSTALL = Order(Job.CONSOLE, (HOST,))
REMOVE = Order(Job.CONSOLE, (HOST,), remove=True)
STEPS = ("preflight", "stage", "start", "console", "clear", "verify")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as found:
        yield found


def machine(place: Site) -> Node:
    return place.served.estate.workstations[HOST]


def left(place: Site) -> list[str]:
    """What is left of runs on the machine."""
    node = machine(place)
    return [*node.scheduler.names(), *node.files.inside(r"C:\ProgramData\vmm-wizard")]


def exit_codes(place: Site, kind: SetupKind = SetupKind.CONSOLE) -> list[int | None]:
    return [row.exit_code for row in machine(place).records[kind]]


def test_it_is_installed_verified_and_unchanged_the_next_time(place: Site) -> None:
    events = place.install(order=INSTALL)
    end = finished(events)
    assert (end.result, end.changed) == ("done", True)
    assert end.text.endswith("connect the VMM console to vmm:8100")
    assert [step for step, state in steps(events, HOST) if state == "done"] == list(STEPS)
    installed = machine(place).console
    assert installed is not None
    assert installed.port == 8100
    assert (exit_codes(place), left(place), place.told()) == ([0], [], [])
    again = place.install(order=INSTALL)
    assert (finished(again).result, finished(again).changed) == ("unchanged", False)
    assert exit_codes(place) == [0]


def test_a_role_that_does_not_answer_from_there_is_told_and_one_that_does_is_not(place: Site) -> None:
    def unreached(events: list[Event]) -> list[str]:
        return [row.text for row in notices(events) if "does not answer" in row.text]

    assert unreached(place.install(order=INSTALL)) == [
        f"vmm.contoso.lab:8100 does not answer {HOST} (the name is not in DNS)"
    ]
    assert finished(place.install()).result == "installed"
    assert unreached(place.install(order=INSTALL)) == []


def test_it_is_taken_away_and_then_there_is_nothing_to_do(place: Site) -> None:
    machine(place).console = InstalledConsole(r"C:\VMM", "10.22.1287.0", 8100)
    assert finished(place.install(order=REMOVE)).result == "done"
    assert machine(place).console is None
    assert exit_codes(place, SetupKind.CONSOLE_UNINSTALL) == [0]
    assert finished(place.install(order=REMOVE)).result == "unchanged"
    assert left(place) == []


@pytest.mark.timeout(120)
@pytest.mark.parametrize("order", [INSTALL, REMOVE], ids=["install", "remove"])
@pytest.mark.long
def test_cut_off_between_any_two_steps_it_goes_on_and_setup_ran_once(place: Site, order: Order) -> None:
    if order.remove:
        machine(place).console = InstalledConsole(r"C:\VMM", "10.22.1287.0", 8100)
    for boundary in [(step, state) for step in STEPS for state in ("started", "done")]:
        installer = place.installer(order=order)
        last: Event | None = None
        with closing(installer.run()) as run:  # type: ignore[type-var]
            for last in run:
                if isinstance(last, StepChanged) and (last.step, last.state) == boundary:
                    break
        installer.preflight.close()
        assert isinstance(last, StepChanged), boundary
        assert newest(place.journal).outcome == "interrupted"
    assert finished(place.install(order=order)).result == "done"
    kind = SetupKind.CONSOLE_UNINSTALL if order.remove else SetupKind.CONSOLE
    assert exit_codes(place, kind) == [0]
    assert (left(place), len(runs(place.journal))) == ([], 1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pending_windows_update": True}, "wants a restart"),
        ({"os_build": 10240}, "Windows build 10240"),
        ({"dotnet_release": 378389}, "NOD-04"),
        ({"disable_domain_creds": 1}, "INS-03"),
        ({"part_of_domain": False}, "NOD-11"),
        ({"administrators": set()}, "cannot be asked"),
    ],
)
def test_what_stands_in_the_way_is_said_before_anything(place: Site, changes: dict[str, object], said: str) -> None:
    for name, value in changes.items():
        setattr(machine(place).state, name, value)
    end = finished(place.install(order=INSTALL))
    assert (end.result, end.changed) == ("refused", False)
    assert said in end.text
    assert (exit_codes(place), left(place)) == ([], [])


def test_without_media_there_it_is_refused_and_another_folder_may_be_named(place: Site) -> None:
    machine(place).state.media.path = r"D:\VMM"
    end = finished(place.install(order=INSTALL))
    assert end.result == "refused"
    assert "MED-01" in end.text
    machine(place).state.media.path = r"C:\Console"
    plan = replace(place.plan, media=replace(place.plan.media, path=r"C:\Console"))
    assert finished(place.install(plan, order=INSTALL)).result == "done"


def test_where_the_server_is_the_console_is_and_stays(place: Site) -> None:
    install_at_once(place.served.estate, place.plan)
    on_node = Order(Job.CONSOLE, (FIRST,))
    assert finished(place.install(order=on_node)).result == "unchanged"
    end = finished(place.install(order=replace(on_node, remove=True)))
    assert end.result == "refused"
    assert "cannot be removed while that is there" in end.text


def test_an_open_console_is_not_taken_away(place: Site) -> None:
    machine(place).console = InstalledConsole(r"C:\VMM", "10.22.1287.0", 8100)
    machine(place).state.settings.consoles = ["VmmAdminUI"]
    end = finished(place.install(order=REMOVE))
    assert end.result == "refused"
    assert "the console is open" in end.text


def test_the_command_tells_in_json_and_by_its_exit_code(place: Site) -> None:
    def console(*options: str) -> subprocess.CompletedProcess[str]:
        return run("console", str(ANSWERS / "contoso-ha.toml"), *options, environment=Command(place).environment)

    assert console("--on", "admin01").returncode == 2
    assert console("--yes").returncode == 2
    done = console("--on", "admin01", "--yes", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[-1])["result"] == "done"
    assert exit_codes(place) == [0]
