"""What is not saved outlives a terminal that goes, and is offered at the next start."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.tui.wizards import PATIENCE, SMALL, a_wizard, ready_plan, screen_text, to_page, until
from vmm_wizard.install.orders import Job
from vmm_wizard.tui.keeping import keep_unsaved
from vmm_wizard.tui.screens.dialogs import ChoiceDialog
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.recovery import keep, kept


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


async def test_answers_that_were_kept_are_offered_and_taken(tmp_path: Path, state: Path) -> None:
    assert keep(Answers(ready_plan()), state) is not None
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
        await until(pilot, lambda: "Answers that were not saved" in screen_text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: app.answers.plan == ready_plan())
        await to_page(pilot, "sql")
        await until(pilot, lambda: "VirtualManagerDB" in screen_text(pilot))
        assert app.answers.unsaved
        assert kept(state, None) is None
        assert "is kept, without passwords" in keep_unsaved(app)
        app.jobs.practice = True
        assert keep_unsaved(app) == ""


@pytest.mark.skipif(os.name != "posix", reason="a pseudo-terminal is POSIX's")
@pytest.mark.parametrize("is_told", [True, False], ids=["by a signal", "without one"])
def test_a_terminal_that_goes_loses_nothing_that_was_typed(
    tmp_path: Path, state: Path, request: pytest.FixtureRequest, is_told: bool
) -> None:
    """Without a signal it goes from a process that it does not control; that must not read its end for ever."""
    import fcntl
    import pty
    import struct
    import termios

    book = tmp_path / "book.toml"
    book.write_text('[dns]\naddress = "127.0.0.1"\nport = 1\n[hosts]\n', encoding="utf-8")
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environ = {**os.environ, "TERM": "xterm-256color", "VMM_WIZARD_ADDRESS_BOOK": str(book)}
    command = [sys.executable, "-m", "vmm_wizard"]
    wizard = subprocess.Popen(command, stdin=end, stdout=end, stderr=end, env=environ, start_new_session=True)
    request.addfinalizer(wizard.kill)
    os.close(end)
    deadline = time.monotonic() + PATIENCE

    def until_quiet(words: bytes = b"") -> None:
        said, quiet = b"", False
        while not quiet or words not in said:
            assert time.monotonic() < deadline, said
            quiet = not select.select([terminal], [], [], 1)[0]
            said += b"" if quiet else os.read(terminal, 65536)

    until_quiet(b"Licence")
    # The job below the first one.
    os.write(terminal, b"\x1b[B")
    os.write(terminal, b"\t\x1b[D")
    until_quiet()
    if is_told:
        wizard.send_signal(signal.SIGHUP)
    else:
        os.close(terminal)
    assert wizard.wait(PATIENCE) == -signal.SIGHUP
    if is_told:
        os.close(terminal)
    row = kept(state, None)
    assert row is not None
    assert row.order.job is Job.PREPARE
