"""Quitting never waits for a probe: not for an estate that does not answer, and not for a run that is stuck in one."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("a pty is what POSIX has", allow_module_level=True)

from tests.tui.pty_meter import CTRL_N, CTRL_Q, PATIENCE, terminal, wizard_argv
from tests.tui.stalled import stalled_estate
from tests.tui.wizards import ready_plan

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
