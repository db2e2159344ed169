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
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.remote.task_run import RunResult, TaskStatus

#: What setup.exe's exit codes mean (section 1.3), by the keys of the catalogue.
_EXIT_CODES = {
    -1: "ended",
    13: "other_version",
    14: "prerequisites",
    15: "refused",
    16: "media",
    17: "machine",
    18: "other_setup",
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
            text("engine.following.unheard", step=self._step, node=self._node, minutes=minutes),
            text("engine.following.long_work"),
            calls=True,
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
            remedy = text(f"engine.following.still.{found.verdict.name.lower()}", node=self._node)
            yield Notice(self._node, found.text, remedy, calls=found.verdict is not Verdict.SLOW)

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
            return text(
                "engine.following.not_started", reason=log.masked(result.error) or text("engine.following.no_reason")
            )
        if result.exit_code not in GOOD_EXIT_CODES:
            return text("engine.following.exit_code", code=result.exit_code, meaning=self._meaning(result.exit_code))
        return ""

    def _meaning(self, code: int) -> str:
        """What an exit code means; of a failure the log tells whether it was rolled back."""
        if code in _EXIT_CODES:
            return text(f"engine.following.exit_codes.{_EXIT_CODES[code]}")
        reader = self._reader
        if reader.rollback_ended:
            return text("engine.following.rolled_back")
        if reader.rollback_begun:
            return text("engine.following.rollback_unfinished")
        if reader.changed_something and not reader.work.removes:
            return text("engine.following.no_rollback")
        return text("engine.following.failed")

    def explained(self, problem: str) -> tuple[str, str]:
        if not self._reader.failures:
            return problem, ""
        first = self._reader.failures[0]
        said = text("engine.following.log_line", number=first.line_number, line=log.masked(first.text))
        return f"{problem}. {said}. {first.cause}", first.remedy


class HandFollower(SetupFollower):
    """Follows a setup that somebody started at the node's console. Who closes that window takes the exit code with it:
    then the log tells of a failure, or what stands on the node is looked at."""

    def problem(self, result: RunResult) -> str:
        if result.exit_code is not None or result.error:
            return super().problem(result)
        if self.reader.failures or self.reader.rollback_begun:
            return text("engine.following.failed_unseen")
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
            return text(
                "engine.following.came_to_nothing",
                step=self._step,
                reason=log.masked(result.error) or text("engine.following.no_reason"),
            )
        return ""
