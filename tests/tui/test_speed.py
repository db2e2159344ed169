"""What the wizard sends over the line, under a pty: little for a key and a Tab, nothing when nothing happens."""

import statistics
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("a pty is what POSIX has", allow_module_level=True)

from tests.tui.pty_meter import CTRL_N, CTRL_Q, TAB, first_paints, terminal, wizard_argv
from tests.tui.wizards import nowhere, ready_plan
from vmm_wizard.plan.answers import save


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Answers, and an estate in which nobody answers."""
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    save(ready_plan(), tmp_path / "practice.toml")
    nowhere(tmp_path)
    return tmp_path


def test_keys_and_tabs_cost_little_and_silence_nothing(place: Path) -> None:
    with terminal(wizard_argv(place)) as term:
        opening = term.until("Licence")
        term.bytes_until_rest(1)
        term.send(CTRL_N)
        term.until("CA file")
        term.bytes_until_rest(1)
        # With what is asked once they have rested, and painted: a few sentences.
        assert term.bytes_after(b"abcdefghijklmnopqrst") / 20 < 200
        assert term.bytes_after(b"u") < 4500
        tabs = [term.bytes_after(TAB) for _ in range(6)]
        assert statistics.median(tabs) < 1500
        assert max(tabs) < 4500
        assert term.bytes_within(3) == 0
        term.send(CTRL_Q)
        term.bytes_until_rest()
        down = b"\x1b[B"
        assert term.ended_after(down + b"\r") < opening


def test_the_first_paint_is_near_that_of_an_empty_application(place: Path) -> None:
    """In pairs, and by ratio: how long either takes says more of the machine."""
    floor, wizard = first_paints(wizard_argv(place), "Licence", 3)
    assert min(wizard.clock) < 3 * min(floor.clock)
