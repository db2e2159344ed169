"""Quitting never waits for a probe: not for an estate that does not answer, and not for a run that is stuck in one."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("a pty is what POSIX has", allow_module_level=True)

from tests.estates import serving_estate
from tests.tui.pty_meter import CTRL_N, CTRL_Q, PATIENCE, terminal, wizard_argv
from tests.tui.stalled import stalled_estate
from tests.tui.wizards import ready_plan
from vmm_wizard.install.journal import Journal

#: Seconds that leaving may take on a machine that is busy; a probe is waited for thirty.
AT_ONCE = 10.0
DOWN, ENTER = b"\x1b[B", b"\r"


@pytest.fixture
def reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    with stalled_estate(tmp_path, ready_plan()) as reached:
        yield reached


def test_while_the_estate_is_asked_and_does_not_answer(reached: threading.Event, tmp_path: Path) -> None:
    with terminal(wizard_argv(tmp_path)) as term:
        term.until("Licence")
        assert reached.wait(PATIENCE)
        term.bytes_until_rest()
        assert term.ended_after(CTRL_Q) < AT_ONCE


def test_while_a_run_is_stuck_in_a_question(reached: threading.Event, tmp_path: Path) -> None:
    with terminal(wizard_argv(tmp_path)) as term:
        term.until("Licence")
        term.bytes_until_rest()
        # The job that looks, which nothing has to be known for; then its pages, up to the run.
        term.send(b"v")
        term.until("What to verify")
        for _ in range(5):
            term.send(CTRL_N)
            term.bytes_until_rest()
        term.send(ENTER)
        term.until("Verify?")
        term.send(DOWN + ENTER)
        term.until("Elapsed")
        assert reached.wait(PATIENCE)
        term.send(CTRL_Q)
        term.until("Quit?")
        term.send(DOWN + ENTER)
        term.until("quit again to leave at once")
        assert term.ended_after(CTRL_Q) < AT_ONCE


@pytest.mark.long
def test_a_connection_that_breaks_lets_the_run_go_on_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "state"
    monkeypatch.setenv("VMM_WIZARD_STATE", str(state))
    folder = tmp_path / "estate"
    folder.mkdir()
    with serving_estate(folder, speed=120.0) as served, terminal(wizard_argv(folder)) as term:
        term.until("Licence")
        term.bytes_until_rest()
        for _ in range(9):
            term.send(CTRL_N)
            term.bytes_until_rest()
        term.until("Nothing known stands in the way")
        term.send(ENTER)
        term.until("Start the installation?")
        term.send(DOWN + ENTER)
        term.until("installing files")
        os.kill(term.process_id, signal.SIGHUP)
        # What the engine stands at may take a moment to be left, and Python to start.
        assert term.ended_after(b"") < PATIENCE
        journal = Journal(state / "journal.sqlite")
        due = time.monotonic() + PATIENCE
        while journal.runs()[0].outcome in ("running", "interrupted"):
            assert time.monotonic() < due, journal.runs()[0]
            threading.Event().wait(0.2)
        assert [run.outcome for run in journal.runs()] == ["installed"]
        report = served.estate.report()
        assert [len(runs) for runs in report["setups"].values() if runs] == [1, 1]
        assert not any(report["tasks"].values())
