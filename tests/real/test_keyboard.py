"""The whole install by keyboard alone, on a terminal of 80x24 in tmux: once in the wizard, once in `--plain`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.real.conftest import need
from vmm_wizard.wizard import pages

#: Seconds that anything on the screen may take; far more than it does.
PATIENCE = 60.0
#: Seconds between two looks at the screen.
LOOK = 0.1
#: Said, with the exit code, when the program has ended.
ENDED = "ended with"
#: Fast enough that setup takes some seconds a node.
SPEED = "600"


class Terminal:
    """A program on a terminal of its own, driven by keys alone."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        # The socket is short, and gone at the end.
        self._place = tempfile.TemporaryDirectory(prefix="vmm-tmux-")
        program = [sys.executable, "-m", "vmm_wizard", *arguments]
        unset = "env -u VMM_WIZARD_ADDRESS_BOOK -u VMM_WIZARD_SECRETS -u VMM_WIZARD_PLAIN"
        # How it ended is said on the terminal, which stays: tmux itself sometimes misses that a pane has died.
        shell = f"{unset} {' '.join(program)}; echo {ENDED} $?; exec cat"
        self._state = folder / "state"
        keep = ["set-option", "-g", "history-limit", "20000", ";"]
        self._tmux("-f", os.devnull, *keep, "new-session", "-d", "-x", "80", "-y", "24", shell)

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-S", f"{self._place.name}/socket", *arguments]
        environ = {**os.environ, "VMM_WIZARD_STATE": str(self._state), "LC_ALL": "C.UTF-8"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def end(self) -> None:
        """End the terminal and what runs in it."""
        kill = ["tmux", "-S", f"{self._place.name}/socket", "kill-server"]
        subprocess.run(kill, capture_output=True, check=False, timeout=30)
        self._place.cleanup()

    def press(self, *keys: str) -> None:
        """Press keys, named as tmux does."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type a text, letter by letter."""
        self._tmux("send-keys", "-l", text)

    def screen(self) -> str:
        """What stands on the screen."""
        return self._tmux("capture-pane", "-p")

    def said(self) -> str:
        """All that was ever said, without the empty lines below it; what is broken at the edge is one line."""
        return self._tmux("capture-pane", "-p", "-J", "-S", "-").rstrip()

    def until(self, holds: Callable[[str], object]) -> str:
        """Wait for a screen of which something holds; it is given back."""
        deadline = time.monotonic() + PATIENCE
        while not holds(shown := self.screen()):
            assert time.monotonic() < deadline, f"never came about:\n{shown}"
            time.sleep(LOOK)
        return shown

    def until_words(self, *words: str) -> str:
        """Wait until all of these stand on the screen, in the list of steps or beside it, however they are broken."""
        return self.until(lambda shown: all(any(word in part for part in _parts(shown)) for word in words))


def _parts(shown: str) -> tuple[str, str]:
    """The screen in words: line by line, and what stands beside the list of steps."""
    rows = [line.replace("|", "\u2502") for line in shown.splitlines()]
    beside = [row.partition("\u2502")[2] for row in rows]
    return " ".join(" ".join(rows).split()), " ".join(" ".join(beside).split())


Open = Callable[..., Terminal]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    if os.environ.get("VMM_WIZARD_REQUIRE_REAL") != "1":
        pytest.skip("two whole installs on a terminal; VMM_WIZARD_REQUIRE_REAL=1 runs them")
    need(shutil.which("tmux") is not None, "no tmux")
    terminals: list[Terminal] = []

    def start(*arguments: str) -> Terminal:
        terminals.append(Terminal(tmp_path, *arguments))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.end()


def test_the_wizard_installs_by_keyboard_alone(opened: Open) -> None:
    terminal = opened("lab", "--speed", SPEED)
    for page in pages.PAGES[: pages.PAGES.index(pages.RUN)]:
        terminal.until_words(f"> {page.name}")
        if page is pages.REVIEW:
            terminal.until_words("Nothing known stands in the way")
        terminal.press("C-n")
    terminal.until_words(f"> {pages.RUN.name}", "1. vmm01.contoso.lab", "Start the installation")
    terminal.press("Enter")
    terminal.until_words("Start the installation?", "Yes:")
    terminal.press("Down", "Enter")
    terminal.until_words(f"> {pages.DONE.name}", "VMM is installed on every node")
    terminal.press("C-q")
    terminal.until_words(f"{ENDED} 0")


def test_the_plain_wizard_installs_by_keyboard_alone(opened: Open) -> None:
    terminal = opened("lab", "--plain", "--speed", SPEED)
    answers = {"Start the installation?": "2", "Read your first hour": "no"}
    before, ended = "", False
    while not ended:
        said = _next_question(terminal, before)
        ended = said.splitlines()[-1].startswith(ENDED)
        question = " ".join(said[len(before) :].split())
        before = said
        if not ended:
            terminal.type(next((typed for words, typed in answers.items() if words in question), ""))
            terminal.press("Enter")
    told = " ".join(terminal.said().split())
    for words in ("vmm01.contoso.lab, setup: done", "vmm02.contoso.lab, setup: done", "installed: connect the VMM"):
        assert words in told
    assert "VMM is installed on every node." in told
    assert "Password of CONTOSO\\vmm-setup (given; not shown; Enter keeps it)" in told
    assert told.endswith(f"{ENDED} 0")


def _next_question(terminal: Terminal, before: str) -> str:
    """All that was said once the next question stands at its end, or the program has ended."""
    deadline = time.monotonic() + PATIENCE
    while True:
        said = terminal.said()
        last = said.rpartition("\n")[2]
        if said != before and (last.endswith(":") or last.startswith(ENDED)):
            return said
        assert time.monotonic() < deadline, f"no question came:\n{terminal.screen()}"
        time.sleep(LOOK)
