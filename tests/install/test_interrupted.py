"""Whatever ends a call, wherever: the next one goes on with its run, setup ran once on each node, nothing is left."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests import commands
from tests.estates import ANSWERS
from tests.install.installing import FIRST, QUICK, SECOND, Site, finished, newest, runs, site, steps
from vmm_wizard.install.events import Event, Progress, StepChanged
from vmm_wizard.lab.run_scripts import LOG, RUN_SCRIPTS, Answer, RunHost
from vmm_wizard.remote.bootstrap import ScriptRequest

#: Each place between two steps of a node, as (step, state) of the event that a call ends after.
BOUNDARIES = [
    (step, state)
    for step in ("preflight", "stage", "start", "setup", "clear", "verify")
    for state in ("started", "done")
]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as found:
        yield found


def reached(node: str, step: str, state: str) -> Callable[[Event], bool]:
    def stop(event: Event) -> bool:
        return isinstance(event, StepChanged) and (event.node, event.step, event.state) == (node, step, state)

    return stop


class TestACallThatEnds:
    @pytest.mark.long
    def test_between_any_two_steps_of_a_node_one_cut_after_the_other(self, place: Site) -> None:
        """Each call goes on where the one before was cut off, and is cut off one step later."""
        for node in (FIRST, SECOND):
            for boundary in BOUNDARIES:
                events = place.install_until(reached(node, *boundary))
                assert steps(events, node)[-1] == boundary
                assert runs(place.journal)[0][1] == "interrupted"
        events = place.install()
        assert (finished(events).result, finished(events).changed) == ("installed", True)
        assert place.is_clean()
        assert len(runs(place.journal)) == 1
        assert runs(place.journal)[0][1] == "installed"

    @pytest.mark.long
    def test_again_and_again_at_random_moments(self, place: Site) -> None:
        chance = random.Random(1)
        for _ in range(40):
            left = chance.randrange(1, 12)

            def soon(event: Event) -> bool:
                nonlocal left
                left -= 1
                return left < 0

            events = place.install_until(soon)
            if events[-1].as_json()["event"] == "finished":
                break
        assert finished(place.install()).result in ("installed", "unchanged")
        assert place.is_clean()
        assert {outcome for _, outcome in runs(place.journal)} <= {"installed", "unchanged"}

    @pytest.mark.long
    def test_after_everything_but_the_last_word_is_still_told_as_installed(self, place: Site) -> None:
        place.install_until(lambda event: isinstance(event, StepChanged) and (event.node, event.state) == ("", "done"))
        events = place.install()
        assert (finished(events).result, finished(events).changed) == ("installed", True)
        again = finished(place.install())
        assert (again.result, again.changed) == ("unchanged", False)

    @pytest.mark.long
    def test_while_setup_runs_is_followed_from_the_first_line_of_its_log(self, place: Site) -> None:
        place.install_until(lambda event: isinstance(event, Progress) and event.percent > 30)
        events = place.install()
        assert ("start", "skipped") in steps(events, FIRST)
        assert ("stage", "started") not in steps(events, FIRST)
        lines = [
            line for event in events for line in event.as_json().get("lines", []) if event.as_json()["node"] == FIRST
        ]
        assert lines[0].startswith("Main: ")
        assert place.is_clean()


class TestCancelling:
    @pytest.mark.parametrize(
        ("step", "state"),
        [("preflight", "started"), ("preflight", "done"), ("stage", "started"), ("stage", "done"), ("start", "done")],
    )
    def test_before_setup_runs_leaves_nothing(self, place: Site, step: str, state: str) -> None:
        cancel = threading.Event()
        at_it = reached(FIRST, step, state)
        events = place.install(cancel=cancel, on=lambda event: cancel.set() if at_it(event) else None)
        end = finished(events)
        assert (end.result, end.changed) == ("cancelled", False)
        assert (place.setups(), place.left()) == ({}, [])
        assert runs(place.journal)[0][1] == "cancelled"

    @pytest.mark.long
    def test_between_two_nodes_keeps_the_first_and_says_so(self, place: Site) -> None:
        cancel = threading.Event()
        done = reached(FIRST, "verify", "done")
        end = finished(place.install(cancel=cancel, on=lambda event: cancel.set() if done(event) else None))
        assert (end.result, end.changed) == ("cancelled", True)
        assert f"VMM is installed on {FIRST}" in end.text
        assert place.left() == []
        assert finished(place.install()).result == "installed"
        assert place.is_clean()

    def test_while_setup_runs_leaves_it_running_and_it_is_followed_later(self, place: Site) -> None:
        cancel = threading.Event()
        begun = reached(FIRST, "setup", "started")
        end = finished(place.install(cancel=cancel, on=lambda event: cancel.set() if begun(event) else None))
        assert (end.result, end.changed) == ("cancelled", True)
        assert f"setup goes on on {FIRST}" in end.text
        run = newest(place.journal)
        assert run.outcome == "interrupted"
        assert place.served.estate.nodes[FIRST].scheduler.names() == (f"vmm-wizard-{run.id}",)
        assert place.setups() == {FIRST: [None]}
        events = place.install()
        assert finished(events).result == "installed"
        assert newest(place.journal).id == run.id
        assert place.is_clean()

    def test_between_the_passwords_and_setups_begin_nothing_is_ended(
        self, place: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The wrapper has taken the passwords and not yet said that setup begins: what it does next cannot be seen."""
        cancel, looked = threading.Event(), threading.Event()
        looks = 0
        files = place.served.estate.nodes[FIRST].files
        exists, status = files.exists, RUN_SCRIPTS["run-status"]

        def slow(path: str) -> bool:
            if path == LOG and not cancel.is_set():
                cancel.set()
                assert looked.wait(20)
            return exists(path)

        def counted(host: RunHost, request: ScriptRequest) -> Answer:
            nonlocal looks
            looks += cancel.is_set()
            if looks > 4:
                looked.set()
            return status(host, request)

        files.exists = slow  # type: ignore[method-assign]
        monkeypatch.setitem(RUN_SCRIPTS, "run-status", counted)
        end = finished(place.install(cancel=cancel))
        assert end.result == "cancelled"
        assert f"setup goes on on {FIRST}" in end.text
        assert finished(place.install()).result == "installed"
        assert place.is_clean()

    @pytest.mark.long
    def test_a_run_that_is_taken_up_can_be_left_again(self, place: Site) -> None:
        place.install_until(reached(FIRST, "setup", "started"))
        cancel = threading.Event()
        cancel.set()
        assert finished(place.install(cancel=cancel)).result == "cancelled"
        assert finished(place.install()).result == "installed"
        assert place.is_clean()


def test_setup_that_takes_too_long_is_left_alone_and_followed_later(place: Site) -> None:
    with place.held_in_setup():
        end = finished(place.install(pace=replace(QUICK, limit=0.2)))
    assert end.result == "cancelled", end.text
    assert f"setup on {FIRST} has not ended" in end.text
    again = finished(place.install())
    assert again.result == "installed", again.text
    assert place.is_clean()


# --- processes of their own, ended by the system


class Command:
    """`vmm-wizard install --yes --json` in a process of its own, killed when it has said enough."""

    def __init__(self, place: Site) -> None:
        known = {name: value for name, value in os.environ.items() if not name.startswith("VMM_WIZARD_")}
        self.environment = known | {
            "VMM_WIZARD_ADDRESS_BOOK": str(place.served.folder / "address-book.toml"),
            "VMM_WIZARD_SECRETS": str(place.served.folder / "credentials.toml"),
            "VMM_WIZARD_STATE": str(place.state),
        }

    def start(self) -> commands.Forked | commands.Real:
        arguments = ("install", ANSWERS / "contoso-ha.toml", "--yes", "--json")
        return commands.start(*arguments, environment=self.environment, errors="hushed")

    def run(self, kill_after: str = "") -> list[str]:
        """The lines it said until it ended, or was killed right after one that holds `kill_after`."""
        said = []
        with self.start() as process:
            assert process.stdout is not None
            for line in process.stdout:
                said.append(line)
                if kill_after and kill_after in line:
                    process.kill()
            process.wait(60)
        return said

    def run_for(self, seconds: float) -> int:
        """Kill it after so long; its exit code."""
        with self.start() as process:
            try:
                process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
        return process.returncode


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGINT for another process")
def test_ctrl_c_while_setup_runs_is_exit_5_and_setup_goes_on(place: Site) -> None:
    command = Command(place)
    with command.start() as process:
        assert process.stdout is not None
        for line in process.stdout:
            if '"step": "setup", "state": "started"' in line:
                process.send_signal(signal.SIGINT)
                break
        rest = process.stdout.read()
        assert process.wait(60) == 5
    assert '"result": "cancelled", "changed": true' in rest.splitlines()[-1]
    assert finished(place.install()).result == "installed"
    assert place.is_clean()
