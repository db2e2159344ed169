"""Setup as it is followed from here: its log piece by piece, how far it is, and what its end means."""

from __future__ import annotations

import time
from collections.abc import Iterator

from vmm_wizard import log
from vmm_wizard.install.events import Event, LogGrew, Notice, Progress
from vmm_wizard.install.verify import GOOD_EXIT_CODES
from vmm_wizard.remote.task_run import RunResult, TaskStatus
from vmm_wizard.setup.log import LogReader

#: What setup.exe's exit codes mean (section 1.3).
EXIT_CODES = {
    1: "setup failed and rolled itself back",
    13: "another version of VMM is installed (unconfirmed)",
    14: "setup's own prerequisite check failed (unconfirmed)",
    15: "setup refused its command line or answer file, or VMM is installed already (unconfirmed)",
    16: "the setup media is incomplete (unconfirmed)",
    17: "setup does not run on this machine (unconfirmed)",
    18: "another setup runs on this node (unconfirmed)",
}


class SetupFollower:
    """Reads one node's statuses. `stall` is how many seconds a log may stand still before the user is told."""

    def __init__(self, node: str, stall: float) -> None:
        self._node = node
        self._stall = stall
        self._reader = LogReader()
        self._shown = (-1, "")
        self._grew = time.monotonic()
        self._told = False
        #: Where the next piece of the log begins, in bytes.
        self.offset = 0

    def take(self, status: TaskStatus) -> Iterator[Event]:
        """What a status says that is new."""
        if status.log_length < self.offset:
            # Setup began a new log: what was read belonged to an older one.
            self._reader, self.offset = LogReader(), 0
            return
        if status.log_bytes and status.begun:
            self.offset += len(status.log_bytes)
            self._grew, self._told = time.monotonic(), False
            lines = tuple(log.masked(line.text) for line in self._reader.feed(status.log_bytes))
            if lines:
                yield LogGrew(self._node, lines)
        elif status.begun and status.result is None:
            yield from self._standing_still()
        now = (self._reader.percent, self._reader.phase)
        if now != self._shown and status.begun:
            self._shown = now
            yield Progress(self._node, "setup", *now)

    def _standing_still(self) -> Iterator[Event]:
        """Setup may wait for somebody at a dialog that nobody can see (PHX): tell it, end nothing."""
        if self._told or time.monotonic() - self._grew < self._stall:
            return
        self._told = True
        yield Notice(
            self._node,
            f"SetupWizard.log on {self._node} has not grown for {self._stall / 60:.0f} minutes",
            f"look at the processes Setup and SetupVM on {self._node}: one without processor time may wait at a dialog",
        )

    def has_all(self, status: TaskStatus) -> bool:
        """Whether the log was read to its end, as far as `status` knows it."""
        return self.offset >= status.log_length

    def close(self) -> Iterator[Event]:
        """The log's last line, when it has no end."""
        lines = tuple(log.masked(line.text) for line in self._reader.close())
        if lines:
            yield LogGrew(self._node, lines)

    def problem(self, result: RunResult) -> str:
        """Why a run that left a result is no success, in a sentence; empty when it is one."""
        if result.exit_code is None:
            return f"setup was not started: {log.masked(result.error) or 'the wrapper gave no reason'}"
        if result.exit_code not in GOOD_EXIT_CODES:
            return f"setup ended with exit code {result.exit_code}: {EXIT_CODES.get(result.exit_code, 'setup failed')}"
        return ""

    def explained(self, problem: str) -> tuple[str, str]:
        """(The problem with the log's most telling line and its cause, what to do about it.)"""
        if not self._reader.failures:
            return problem, ""
        first = self._reader.failures[0]
        said = f"SetupWizard.log, line {first.line_number}: {log.masked(first.text)}"
        return f"{problem}. {said}. {first.cause}", first.remedy
