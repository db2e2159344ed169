"""The door to the plain wizard: `run_plain` on the terminal, the pipe or the log that the process has."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vmm_wizard import paths
from vmm_wizard.plain.estate import Estate
from vmm_wizard.plain.session import Session
from vmm_wizard.plain.state import State
from vmm_wizard.plain.talk import Talk
from vmm_wizard.plain.terminal import Terminal
from vmm_wizard.wizard.answers import Answers

if TYPE_CHECKING:
    from vmm_wizard.addresses import Addresses
    from vmm_wizard.plan.secrets import Secrets
    from vmm_wizard.wizard.course import Learning


def run_plain(
    file: Path | None,
    addresses: Addresses,
    secrets: Secrets,
    *,
    keeps: bool = True,
    learning: Learning | None = None,
) -> int:
    """Ask for the answers of `file` (which need not exist) line by line, and come back when it is left.

    `keeps`: what is not saved when the input ends is kept in the state folder. `learning`: a lesson to do there. Exit
    codes as the wizard's: 0 good, installed or nothing done, 1 when a run was refused, 4 when it failed, 5 when it was
    cancelled.
    """
    end_by_signals()
    folder: Path | None = None
    if keeps:
        with suppress(OSError):
            folder = paths.state_folder()
    answers = Answers.opened(file)
    return Session(State(answers, Estate(secrets, addresses), Talk(Terminal()), folder, learning=learning)).run()


def end_by_signals() -> None:
    """A terminal that goes, and a request to end, are the end of the input: what is not saved is kept.

    A hang-up is heard once: the shell and the system each send one, and the second must not cut short what the first
    began. Whoever asks for the end twice gets it.
    """

    def end(number: int, *_: object) -> None:
        if number == getattr(signal, "SIGHUP", None):
            signal.signal(number, lambda *_: None)
        raise EOFError

    for name in ("SIGHUP", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
