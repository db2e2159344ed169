"""A work on a node as it is followed from here: its log piece by piece, how far it is, and what its end means."""

from __future__ import annotations

import codecs
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from vmm_wizard import log
from vmm_wizard.install.asking import Question, stuck_question
from vmm_wizard.install.events import Event, LogGrew, Notice, Progress
from vmm_wizard.install.verify import GOOD_EXIT_CODES
from vmm_wizard.install.watchdog import Verdict, Watchdog
from vmm_wizard.printable import printable
from vmm_wizard.setup.log import LogReader, SetupKind

if TYPE_CHECKING:
    from vmm_wizard.remote.task_run import RunResult, TaskStatus

#: What setup.exe's exit codes mean (section 1.3).
EXIT_CODES = {
    -1: "its process was ended from outside",
    13: "another version of VMM is installed (unconfirmed)",
    14: "setup's own prerequisite check failed (unconfirmed)",
    15: "setup refused its command line or answer file, or VMM is installed already (unconfirmed)",
    16: "the setup media is incomplete (unconfirmed)",
    17: "setup does not run on this machine (unconfirmed)",
    18: "another setup runs on this node (unconfirmed)",
}


#: What to do about a log that stands still, by what it most likely means.
_REMEDIES = {
    Verdict.SLOW: "nothing: it is waited for",
    Verdict.DIALOG: "the dialog cannot be answered: to end setup on {node}, leave this run (Ctrl+C) and run "
    "`vmm-wizard resume RUN --end-setup`",
    Verdict.UNKNOWN: "it is waited for; look at the processes Setup and SetupVM on {node}, and at SQL Server",
}


class Follower(ABC):
    """Reads one node's statuses. `stall` is how many seconds a log may stand still before the user is told."""

    def __init__(self, node: str, stall: float, step: str) -> None:
        self._node = node
        self._stall = stall
        self._step = step
        self._grew = time.monotonic()
        self._told = False
        #: How many sessions the node has on SQL Server; None: that cannot be asked.
        self.sessions: Callable[[], int | None] = lambda: None
        #: Where the next piece of the log begins, in bytes.
        self.offset = 0

    def take(self, status: TaskStatus) -> Iterator[Event]:
        """What a status says that is new."""
        if status.log_length < self.offset:
            # A new log was begun: what was read belonged to an older one.
            self._begin()
            self.offset = 0
            return
        if status.log_bytes and status.begun:
            self.offset += len(status.log_bytes)
            self._log_grew()
            lines = tuple(map(log.masked, self._feed(status.log_bytes)))
            if lines:
                yield LogGrew(self._node, lines)
        elif status.begun and status.result is None:
            yield from self._standing_still(status)
        if status.begun:
            yield from self._progress()

    def has_all(self, status: TaskStatus) -> bool:
        """Whether the log was read to its end, as far as `status` knows it."""
        return self.offset >= status.log_length

    def close(self) -> Iterator[Event]:
        """The log's last line, when it has no end."""
        lines = tuple(map(log.masked, self._rest()))
        if lines:
            yield LogGrew(self._node, lines)

    def question(self) -> Question | None:
        """What is to be asked of whoever started the run because of what was seen last; each is given once."""
        return None

    def _log_grew(self) -> None:
        self._grew, self._told = time.monotonic(), False

    def _standing_still(self, status: TaskStatus) -> Iterator[Event]:  # noqa: ARG002 - setup's processes are looked at
        if self._told or time.monotonic() - self._grew < self._stall:
            return
        self._told = True
        yield self._still(self._stall / 60)

    @abstractmethod
    def _begin(self) -> None:
        """A new log begins."""

    @abstractmethod
    def _feed(self, piece: bytes) -> list[str]:
        """The whole lines that a piece completes."""

    @abstractmethod
    def _rest(self) -> list[str]:
        """The last line, when it has no end."""

    def _still(self, minutes: float) -> Notice:
        """What to tell of a log that stands still."""
        return Notice(
            self._node,
            f"nothing was heard of {self._step} on {self._node} for {minutes:.0f} minutes",
            "long copies and installers may take their time; it is waited for",
        )

    def _progress(self) -> Iterator[Event]:
        return iter(())

    @abstractmethod
    def problem(self, result: RunResult) -> str:
        """Why a run that left a result is no success, in a sentence; empty when it is one."""

    @property
    def reader(self) -> LogReader | None:
        """What was read of setup's log; None for what has another one."""
        return None

    def explained(self, problem: str) -> tuple[str, str]:
        """(The problem with the log's most telling line and its cause, what to do about it.)"""
        return problem, ""


class SetupFollower(Follower):
    """Follows setup.exe by SetupWizard.log."""

    def __init__(self, node: str, stall: float, step: str = "setup", kind: SetupKind = SetupKind.INSTALL) -> None:
        super().__init__(node, stall, step)
        self._kind = kind
        self._reader = LogReader(kind)
        self._shown = (-1, "")
        self._watchdog = Watchdog(node, stall, time.monotonic())
        self._question: Question | None = None

    def question(self) -> Question | None:
        asked, self._question = self._question, None
        return asked

    def _log_grew(self) -> None:
        self._watchdog.log_grew(time.monotonic())

    def _standing_still(self, status: TaskStatus) -> Iterator[Event]:
        self._watchdog.saw(status.watch)
        now = time.monotonic()
        if not self._watchdog.is_due(now):
            return
        before = self._watchdog.last
        found = self._watchdog.judge(now, self.sessions())
        stuck = found.verdict is Verdict.DIALOG
        if stuck:
            self._question = stuck_question(self._node, found.text)
        if before is None or before.verdict is not found.verdict or stuck:
            yield Notice(self._node, found.text, _REMEDIES[found.verdict].format(node=self._node))

    @property
    def reader(self) -> LogReader:
        """What was read of the log: how far setup came, what failed, whether it was rolled back."""
        return self._reader

    def _begin(self) -> None:
        self._reader = LogReader(self._kind)

    def _feed(self, piece: bytes) -> list[str]:
        return [line.text for line in self._reader.feed(piece)]

    def _rest(self) -> list[str]:
        return [line.text for line in self._reader.close()]

    def _progress(self) -> Iterator[Event]:
        now = (self._reader.percent, self._reader.phase)
        if now != self._shown:
            self._shown = now
            yield Progress(self._node, self._step, *now)

    def problem(self, result: RunResult) -> str:
        if result.exit_code is None:
            return f"setup was not started: {log.masked(result.error) or 'the wrapper gave no reason'}"
        if result.exit_code not in GOOD_EXIT_CODES:
            return f"setup ended with exit code {result.exit_code}: {self._meaning(result.exit_code)}"
        return ""

    def _meaning(self, code: int) -> str:
        """What an exit code means; of a failure the log tells whether it was rolled back."""
        if code in EXIT_CODES:
            return EXIT_CODES[code]
        reader = self._reader
        if reader.rollback_ended:
            return "setup failed and rolled itself back"
        if reader.rollback_begun:
            return "setup failed, and its rollback has not come to its end"
        if reader.changed_something and not reader.work.removes:
            return "setup failed, and its log tells of no rollback"
        return "setup failed"

    def explained(self, problem: str) -> tuple[str, str]:
        if not self._reader.failures:
            return problem, ""
        first = self._reader.failures[0]
        said = f"SetupWizard.log, line {first.line_number}: {log.masked(first.text)}"
        return f"{problem}. {said}. {first.cause}", first.remedy


class HandFollower(SetupFollower):
    """Follows a setup that somebody started at the node's console. Who closes that window takes the exit code with it:
    then the log tells of a failure, or what stands on the node is looked at."""

    def problem(self, result: RunResult) -> str:
        if result.exit_code is not None or result.error:
            return super().problem(result)
        if self.reader.failures or self.reader.rollback_begun:
            return "setup has ended, nobody saw its exit code, and its log tells of a failure"
        return ""


class ScriptFollower(Follower):
    """Follows a script of ours by its own log, whose lines are sentences."""

    def __init__(self, node: str, stall: float, step: str) -> None:
        super().__init__(node, stall, step)
        self._begin()

    def _begin(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._line = ""

    def _feed(self, piece: bytes) -> list[str]:
        *lines, self._line = (self._line + self._decoder.decode(piece)).replace("\r\n", "\n").split("\n")
        return [printable(line) for line in lines]

    def _rest(self) -> list[str]:
        rest, self._line = self._line + self._decoder.decode(b"", True), ""
        return [printable(rest)] if rest.strip() else []

    def problem(self, result: RunResult) -> str:
        if result.exit_code is None:
            return f"{self._step} came to nothing: {log.masked(result.error) or 'the wrapper gave no reason'}"
        return ""
