"""One setup on one node that somebody starts at its console: staged, waited for, followed and cleared as a task's is.

For where no task may keep a password (DisableDomainCreds, Protected Users), and for a change board.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import ClassVar

from vmm_wizard.install.details import BY_HAND
from vmm_wizard.install.endings import Detached
from vmm_wizard.install.events import Event, Notice, StepChanged, StepState
from vmm_wizard.install.following import Follower
from vmm_wizard.install.node_run import NodeRun
from vmm_wizard.remote.task_run import RunResult, TaskStatus
from vmm_wizard.setup.by_hand import command_line
from vmm_wizard.texts import text


def _all_of(accounts: Sequence[object]) -> str:
    """The accounts whose passwords are asked for, as a part of a sentence; empty without any."""
    if not accounts:
        return ""
    return reduce(lambda first, second: text("engine.hand_run.both", first=first, second=second), map(str, accounts))


@dataclass
class HandRun(NodeRun):
    """A NodeRun whose work a person starts. No password is handed over, and none is stored."""

    way: ClassVar[str] = BY_HAND
    _traces: ClassVar[str] = "files"
    #: Since when setup's processes are gone without a word of how it ended.
    _quiet: float | None = field(default=None, init=False)

    def _set_going(self) -> Iterator[Event]:
        self.guard()
        self.journal.start(self.run_id, self.node, BY_HAND)
        yield StepChanged(self.node, BY_HAND, StepState.STARTED)
        account, asked = self.task.account, _all_of(self.work.secret_accounts)
        passwords = text("engine.hand_run.asks", asked=asked) if asked else text("engine.hand_run.asks_nothing")
        yield Notice(
            self.node,
            text("engine.hand_run.start", node=self.node, account=account),
            f"{command_line(self._folder)}\n{passwords}",
            calls=True,
        )

    def _still_waits(self, status: TaskStatus) -> bool:
        """Somebody was told to start what lies there, and may be typing the passwords: it is not taken from him."""
        staged = self.journal.attempt(self.run_id, self.node).get("stage")
        return status.folder_exists and staged is not None and staged.state == "done"

    def _begun(self) -> Iterator[Event]:
        step = self.journal.attempt(self.run_id, self.node).get(BY_HAND)
        if step is not None and not step.ended:
            self.journal.finish(self.run_id, self.node, BY_HAND)
            yield StepChanged(self.node, BY_HAND, StepState.DONE, text("engine.hand_run.started"))
        yield from super()._begun()

    def _status(self, follower: Follower) -> Generator[Event, None, TaskStatus]:
        """As the node tells it; where setup is over and its window was closed, with a result that knows nothing."""
        status = yield from super()._status(follower)
        if not status.begun or status.result is not None or status.setup_processes:
            self._quiet = None
            return status
        now = time.monotonic()
        self._quiet = now if self._quiet is None else self._quiet
        if now - self._quiet < self.pace.closing:
            return status
        return replace(status, result=RunResult("setup", None, "", "", ""))

    def _problem(self, status: TaskStatus, seconds: float) -> str:
        if not status.folder_exists:
            return text("engine.hand_run.taken_away", node=self.node, folder=self._folder)
        if not status.begun and seconds >= self.pace.by_hand:
            return text("engine.hand_run.nobody", node=self.node, hours=self.pace.by_hand / 3600)
        return ""

    def _end_setup(self) -> Iterator[Event]:
        """Only what a run started itself is ended by it."""
        said = text("engine.hand_run.not_ended", node=self.node)
        yield Notice(self.node, said, text("engine.hand_run.end_there", node=self.node))
        raise Detached(self._goes_on)

    def _stop(self) -> Iterator[Event]:
        if self._runs:
            raise Detached(self._goes_on)
        yield from super()._stop()
