"""A run goes on in a process of its own, without a terminal: whoever sees the run may log off.

The process is `vmm-wizard resume RUN`. Its passwords go through a pipe to its standard input: they are in no argument,
no variable and no file.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from vmm_wizard import log
from vmm_wizard.install.holding import carried_out
from vmm_wizard.install.journal import Journal, JournalError
from vmm_wizard.plan.secrets import STANDARD_INPUT, Secrets, piped
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.addresses import Addresses
    from vmm_wizard.plan.model import Plan

#: Seconds that the process may take until it carries the run out.
START_SECONDS = 60.0
#: Seconds that it may take to end where it is not wanted any more.
END_SECONDS = 10.0
#: Seconds between two looks at it.
LOOK_SECONDS = 0.1


class NotHandedOver(Exception):
    """The process could not be started, or ended before it carried the run out. One sentence."""


class Parting:
    """A hand-over under way, which somebody may want to stop after all: nobody's word is lost between two processes.

    `leaving` is the flag that has the run left where it stands; it is taken back where that is not too late.
    """

    def __init__(self, leaving: threading.Event) -> None:
        self._leaving = leaving
        self._lock = threading.Lock()
        self._process = 0
        self._is_unwanted = False
        leaving.set()

    @property
    def is_unwanted(self) -> bool:
        """Whether the run shall be stopped instead."""
        return self._is_unwanted

    def stop(self) -> str:
        """The run shall be stopped, wherever it is carried out now; what is to be said of that."""
        with self._lock:
            self._is_unwanted = True
            if not self._process:
                self._leaving.clear()
                return text("running.stopping")
            return self._stop_there()

    def begun(self, process: int) -> str:
        """The run goes on in this process; what is to be said where somebody had wanted it stopped, else nothing."""
        with self._lock:
            self._process = process
            return self._stop_there() if self._is_unwanted else ""

    def _stop_there(self) -> str:
        """A process is asked to stop its run between two steps; Windows has no way to ask one without a console."""
        if sys.platform == "win32":
            return text("run.leave.too_late", process=self._process)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGTERM)
        return text("run.leave.stopping_there", process=self._process)


def hand_over_run(
    journal: Journal,
    run_id: str,
    plan: Plan,
    folder: Path,
    secrets: Secrets,
    addresses: Addresses,
    parting: Parting | None = None,
) -> tuple[int, int]:
    """Hand over a run of `plan` that was just left; gives the id of the process, and the number of the last row that
    was told before. Raises NotHandedOver, also where the run shall be stopped meanwhile (`parting`), and JournalError
    where nothing was begun."""
    before = max((row.number for row in journal.told(run_id)), default=0)

    def has_begun() -> bool:
        # A journal that cannot be read for a moment says nothing of the process.
        with contextlib.suppress(JournalError):
            return carried_out(plan, folder) == run_id or bool(journal.told(run_id, before))
        return False

    book = getattr(addresses, "path", None)
    unwanted = (lambda: parting.is_unwanted) if parting else (lambda: False)
    return hand_over(run_id, secrets, book if isinstance(book, Path) else None, has_begun, unwanted), before


def hand_over(
    run_id: str,
    secrets: Secrets,
    book: Path | None,
    has_begun: Callable[[], bool],
    unwanted: Callable[[], bool] = lambda: False,
) -> int:
    """Start a process that goes on with a run, which nobody carries out now, and come back when it `has_begun`; gives
    its process id. `book` is the address book in use. Raises NotHandedOver, also when it is `unwanted` before that."""
    if unwanted():
        raise NotHandedOver(text("run.leave.stopped"))
    command = [*_ourselves(), "resume", run_id, "--yes", "--secrets", STANDARD_INPUT]
    if book is not None:
        command += ["--address-book", str(book.absolute())]
    with tempfile.TemporaryFile() as said:
        try:
            process = _start(command, said.fileno())
        except OSError as error:
            raise NotHandedOver(text("engine.handing_over.no_process", reason=error.strerror or error)) from None
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            process.stdin.write(piped(secrets))
        with contextlib.suppress(OSError):
            process.stdin.close()
        due = time.monotonic() + START_SECONDS
        while not has_begun():
            if process.poll() is not None:
                said.seek(0)
                raise NotHandedOver(_last_line(said.read().decode("utf-8", "replace")))
            if unwanted():
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(END_SECONDS)
                raise NotHandedOver(text("run.leave.stopped"))
            if time.monotonic() > due:
                process.terminate()
                raise NotHandedOver(text("engine.handing_over.not_begun", seconds=START_SECONDS))
            time.sleep(LOOK_SECONDS)
    return process.pid


def _ourselves() -> list[str]:
    """The command line of this program. What lies in the current folder is no part of it: -P keeps Python from taking
    a module of there, which would be handed the passwords."""
    return [sys.executable, "-P", "-m", "vmm_wizard"]


def _start(command: list[str], said: int) -> subprocess.Popen[bytes]:
    """A process that outlives this one and its terminal. Raises OSError."""
    if sys.platform == "win32":
        # Not proved on a real Windows: a service of SSH may put what it starts into a job that ends with the session,
        # which a process may leave only where that is allowed.
        apart = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        for flags in (apart | subprocess.CREATE_BREAKAWAY_FROM_JOB, apart):
            with contextlib.suppress(PermissionError):
                return subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=said,
                    creationflags=flags,
                )
        raise PermissionError(text("engine.handing_over.forbidden"))
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
    )


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return log.masked(lines[-1].removeprefix("vmm-wizard: ")) if lines else text("engine.handing_over.without_a_word")
