"""One work on one node: stage, start the task, hand the passwords over, follow it to its end, clear up.

What is true is read from the node, the journal only says which run it was and where to look: so the same run is taken
up again wherever it was cut off.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from vmm_wizard import log
from vmm_wizard.install.asking import END, Ask, take_default
from vmm_wizard.install.clearing import SetupRunning, left_behind, take_away
from vmm_wizard.install.details import boot_detail, boot_of, exit_code_detail, exit_code_of, staged_detail
from vmm_wizard.install.doubt import Doubt, no_doubt
from vmm_wizard.install.endings import (
    OUT_OF_SIGHT,
    Detached,
    LostSight,
    NodeFailed,
    Pace,
    SetupEnd,
    logon_refused,
)
from vmm_wizard.install.events import Event, Notice, Progress, StepChanged, StepState
from vmm_wizard.install.following import Follower
from vmm_wizard.install.node_words import ended_well, task_refused, with_node
from vmm_wizard.install.patience import patiently
from vmm_wizard.install.staging import require_as_written
from vmm_wizard.install.stopping import where_to_stop
from vmm_wizard.install.verify import RESTART_NEEDED
from vmm_wizard.install.works import Work
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote.errors import AnswerUnreadable, Cancelled, LogonRefused, RemoteError, ScriptFailed
from vmm_wizard.remote.restart import is_another_boot
from vmm_wizard.remote.task_run import RunResult, TaskStatus
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.install.journal import Journal
    from vmm_wizard.remote.task import RemoteTask

T = TypeVar("T")


@dataclass
class NodeRun:
    """One work on one node in one run. `passwords` gives the secret of an account, or raises NodeFailed.

    `guard` is called right before the task is started, and raises NodeFailed where it must not be any more.
    `task` makes one attempt a call (patience 0): how long a node may be away is decided here, and told. After
    `carry_out` or `take_up`, `exit_code` is setup's and `report` a script's; `begun` says whether it was seen to run.
    """

    work: Work
    node: str
    run_id: str
    task: RemoteTask
    passwords: Callable[[AccountName], Secret]
    journal: Journal
    pace: Pace = field(default_factory=Pace)
    cancel: threading.Event = field(default_factory=threading.Event)
    ask: Ask = take_default
    #: The step that sets the work going, and what it leaves on the node meanwhile.
    way: ClassVar[str] = "start"
    _traces: ClassVar[str] = "task"
    #: The wish to end a setup that runs here; nothing new is begun then.
    end_setup: threading.Event = field(default_factory=threading.Event)
    #: With it, who cancels leaves all as it is: another process goes on with it.
    leaving: threading.Event = field(default_factory=threading.Event)
    sessions: Callable[[], int | None] = lambda: None
    guard: Callable[[], None] = lambda: None
    #: Called before anything is begun; raises what must stop it.
    ready: Callable[[], None] = lambda: None
    doubt: Doubt = no_doubt
    exit_code: int | None = None
    report: Mapping[str, Any] | None = field(default=None, init=False)
    begun: bool = field(default=False, init=False)
    _runs: bool = field(default=False, init=False)
    _follower: Follower | None = field(default=None, init=False)
    _where: str = field(default="", init=False)
    _since: float = field(default=0.0, init=False)
    _ending: bool = field(default=False, init=False)

    @property
    def needs_restart(self) -> bool:
        """Whether setup wants Windows restarted."""
        return self.exit_code == RESTART_NEEDED

    def carry_out(self) -> Generator[Event, None, None]:
        """Stage, start, follow, clear. Raises NodeFailed, LostSight, Detached, Cancelled, JournalError."""
        yield from self._guarded(self._carry_out())

    def take_up(self) -> Generator[Event, None, bool]:
        """Go on with what an earlier call began here. False: it had not begun, or had failed; all of it was cleared
        away, and the work is to be done anew. Raises as `carry_out`."""
        return (yield from self._guarded(self._take_up()))

    def _guarded(self, work: Generator[Event, None, T]) -> Generator[Event, None, T]:
        try:
            return (yield from work)
        except Cancelled:
            if not self.leaving.is_set():
                yield from self._stop()
            raise
        except NodeFailed:
            yield from self._clear(self.pace.clearing)
            raise
        except OUT_OF_SIGHT as error:
            raise self._lost_sight(error) from None
        except RemoteError as error:
            yield from self._clear(self.pace.clearing)
            cramped = self.node if isinstance(error, ScriptFailed) else ""
            remedy = text("engine.node_run.mend", node=self.node)
            raise NodeFailed(with_node(self.node, error), remedy, cramped=cramped) from None
        finally:
            self.task.close()

    def _carry_out(self) -> Generator[Event, None, None]:
        if self.end_setup.is_set():
            raise Cancelled(self.node)
        self.ready()
        yield from self._step("stage", text("engine.node_run.staged"), self._stage, staged_detail(self.work))
        yield from self._set_going()
        yield from self._follow()
        yield from self._clear(self.pace.patience)

    def _take_up(self) -> Generator[Event, None, bool]:
        main = self.journal.attempt(self.run_id, self.node).get(self.work.step)
        if main is not None and main.state == "done":
            self.exit_code = exit_code_of(main)
            yield from self._clear(self.pace.patience)
            return True
        if main is None or main.state == "started":
            status = yield from self._patiently(self.task.status, self.pace.patience)
            is_started = status.begun or status.result is not None or status.is_active
            if is_started or self._still_waits(status):
                if is_started:
                    how = "by_hand" if self.work.by_hand else "by_task"
                    said = text(f"engine.node_run.there_already.{how}")
                    yield StepChanged(self.node, self.way, StepState.SKIPPED, said)
                else:
                    self.ready()
                    yield from self._set_going()
                yield from self._follow()
                yield from self._clear(self.pace.patience)
                return True
        yield from self._clear(self.pace.patience)
        return False

    def _still_waits(self, status: TaskStatus) -> bool:  # noqa: ARG002 - a task's key and passwords are made anew
        """Whether what was staged is to be left where it is, and only set going."""
        return False

    # --- steps

    def _set_going(self) -> Iterator[Event]:
        began = boot_detail((yield from self._boot_time(self.pace.patience)))
        yield from self._step("start", text("engine.node_run.started", account=self.task.account), self._start, began)

    def _step(self, name: str, done: str, act: Callable[[], None], detail: str = "") -> Iterator[Event]:
        self.journal.start(self.run_id, self.node, name, detail)
        yield StepChanged(self.node, name, StepState.STARTED)
        try:
            yield from self._patiently(act, self.pace.patience)
        except (NodeFailed, RemoteError) as error:
            yield self._step_failed(name, log.masked(str(error)))
            raise
        self.journal.finish(self.run_id, self.node, name)
        yield StepChanged(self.node, name, StepState.DONE, done)

    def _step_failed(self, name: str, text: str) -> Event:
        self.journal.finish(self.run_id, self.node, name, "failed", text)
        return StepChanged(self.node, name, StepState.FAILED, text)

    def _patiently(self, call: Callable[[], T], patience: float) -> Generator[Event, None, T]:
        usual = self._runs and self.work.log == "setup"
        while True:
            try:
                return (yield from patiently(self.task, self.node, call, self.pace.poll, patience, setup_runs=usual))
            except LogonRefused as refused:
                if not (yield from self.doubt(refused, patience)):
                    raise
                self.task.forgive()

    @property
    def _folder(self) -> str:
        return self._where or rf"C:\ProgramData\vmm-wizard\{self.run_id}"

    def _stage(self) -> None:
        staged = self.task.stage(self.work.files(self._folder))
        if staged.folder.casefold() != self._folder.casefold():
            # The node keeps ProgramData elsewhere: the command line must name the answer file where it really is.
            self._where = staged.folder
            staged = self.task.stage(self.work.files(self._folder))
        require_as_written(self.node, self.work, self.work.files(self._folder), staged)

    def _start(self) -> None:
        self.guard()
        started = self.task.start(self.passwords(self.task.account))
        if not started.failed_step:
            return
        raise task_refused(self.node, self.task.account, started)

    # --- following

    def _follow(self) -> Iterator[Event]:
        follower = self._follower = self._follower or self.work.follower(self.node, self.pace.stall)
        follower.sessions = self.sessions
        self._since = time.monotonic()
        while True:
            status = yield from self._status(follower)
            if status.begun and not self._runs:
                yield from self._begun()
            before = follower.offset
            yield from follower.take(status)
            if follower.offset != before and not follower.has_all(status):
                # More of the log is there, or a new one. A node that names more and sends none is asked as usual.
                continue
            if status.result is not None:
                break
            seconds = time.monotonic() - self._since
            problem = self._problem(status, seconds)
            if problem:
                raise (yield from self._stopped(problem, follower))
            if self.end_setup.is_set() and not status.begun:
                raise Cancelled(self.node)
            if self._runs and self._is_to_end(follower):
                yield from self._end_setup()
            if status.public_key is not None and not status.begun:
                yield from self._patiently(partial(self._hand_over, status), self.pace.patience)
            if seconds >= self.pace.limit and (self._runs or not self.work.by_hand):
                raise Detached(
                    text("engine.node_run.not_ended", step=self.work.step, node=self.node, hours=self.pace.limit / 3600)
                )
            self.task.pause(self.pace.poll)
        yield from follower.close()
        problem = follower.problem(status.result)
        if problem and self._ending:
            problem = text("engine.node_run.as_asked", step=self.work.step)
        if problem:
            raise self._failed(f"{self.node}: {problem}", follower, status.result)
        self.report = status.report
        yield from self._ended_well(status.result)

    def _status(self, follower: Follower) -> Generator[Event, None, TaskStatus]:
        ask = partial(self.task.status, follower.offset, self.work.log)
        return (yield from self._patiently(ask, self.pace.patience))

    def _problem(self, status: TaskStatus, seconds: float) -> str:
        """Why a run that has left no result will never leave one; empty while it may."""
        if status.is_active or (status.begun and status.setup_processes):
            # Setup may outlive its task: then it is waited for, and judged when it is gone.
            return ""
        if status.stopped_because:
            return f"{self.node}: {status.stopped_because}"
        if seconds >= self.pace.starting:
            return text("engine.node_run.not_run", node=self.node, seconds=seconds)
        return ""

    def _boot_time(self, patience: float) -> Generator[Event, None, datetime | None]:
        """Since when Windows runs there; None where it does not tell: it only serves to explain an end."""
        try:
            return (yield from self._patiently(self.task.boot_time, patience))
        except (ScriptFailed, AnswerUnreadable):
            return None

    def _stopped(self, problem: str, follower: Follower) -> Generator[Event, None, NodeFailed]:
        """Why a task has left no result, as far as the node can still tell."""
        before = boot_of(self.journal.attempt(self.run_id, self.node).get("start"))
        now = yield from self._boot_time(self.pace.clearing)
        if before and now and is_another_boot(before, now):
            said = text("engine.node_run.restarted", node=self.node, step=self.work.step, at=now)
            remedy = text("engine.node_run.find_out", node=self.node)
            return self._failed(said, follower, remedy=remedy)
        return self._failed(problem, follower)

    def _begun(self) -> Iterator[Event]:
        self._runs = self.begun = True
        self._since = time.monotonic()
        if self.work.step not in self.journal.attempt(self.run_id, self.node):
            self.journal.start(self.run_id, self.node, self.work.step)
        yield StepChanged(self.node, self.work.step, StepState.STARTED, where_to_stop(self.work.step, self.node))

    def _is_to_end(self, follower: Follower) -> bool:
        """Whether somebody wants the setup that runs here ended: by a wish of his own, or asked about one that seems to
        wait at a dialog."""
        if self.work.log != "setup":
            return False
        question = follower.question()
        if question is not None and not self._ending and not self.cancel.is_set():
            self._ending = self.ask(question) == END
        self._ending = self._ending or self.end_setup.is_set()
        return self._ending

    def _end_setup(self) -> Iterator[Event]:
        """End setup's processes; said again until they are gone, for the wrapper sees new ones now and then."""
        first = "end" not in self.journal.attempt(self.run_id, self.node)
        if first:
            self.journal.start(self.run_id, self.node, "end", text("engine.node_run.asked"))
            yield StepChanged(self.node, "end", StepState.STARTED)
        ended = yield from self._patiently(self.task.end_setup, self.pace.patience)
        if ended.ended:
            names = ", ".join(ended.ended)
            self.journal.finish(self.run_id, self.node, "end", "done", names)
            yield StepChanged(self.node, "end", StepState.DONE, text("engine.node_run.ended_processes", names=names))
        elif first and ended.errors:
            errors = "; ".join(ended.errors)
            yield Notice(self.node, text("engine.node_run.not_to_be_ended", node=self.node, errors=errors))

    def _hand_over(self, status: TaskStatus) -> None:
        if not status.secrets_waiting:
            secrets = [self.passwords(account) for account in self.work.secret_accounts]
            self.task.send_secrets(secrets, status)

    def _ended_well(self, result: RunResult) -> Iterator[Event]:
        self._runs = False
        self.exit_code = result.exit_code
        said = ended_well(self.work.step, self.exit_code)
        self.journal.finish(self.run_id, self.node, self.work.step, "done", exit_code_detail(self.exit_code))
        yield Progress(self.node, self.work.step, 100, said)
        yield StepChanged(self.node, self.work.step, StepState.DONE, said)

    def _failed(
        self, problem: str, follower: Follower, result: RunResult | None = None, remedy: str = ""
    ) -> NodeFailed:
        setup = None
        if follower.reader is not None and self._runs:
            setup = SetupEnd(self.node, follower.reader, result.exit_code if result else None)
        self._runs = False
        text, mend = follower.explained(problem)
        self.journal.finish(self.run_id, self.node, self.work.step, "failed", text)
        return NodeFailed(text, mend or remedy, setup, self.node if result is None else "")

    # --- the end

    def _stop(self) -> Iterator[Event]:
        """We were asked to stop: leave a setup that runs alone, take away everything that only waits."""
        if self._runs and not self.work.harmless:
            if not self.end_setup.is_set():
                raise Detached(self._goes_on)
            self.task.uncancelled()
            try:
                yield from self._follow()
            finally:
                yield from self._clear(self.pace.clearing)
            return
        if not self.journal.is_open(self.run_id, self.node):
            return
        try:
            yield from self._clear(self.pace.clearing)
        except LostSight as lost:
            raise Detached(str(lost)) from None
        if self.journal.is_open(self.run_id, self.node):
            raise Detached(text("engine.node_run.not_cleared", node=self.node))

    @property
    def _goes_on(self) -> str:
        return text("engine.node_run.goes_on", step=self.work.step, node=self.node)

    def _clear(self, patience: float) -> Iterator[Event]:
        """Take everything away, or tell what is left. Raises LostSight when setup runs there."""
        self.journal.start(self.run_id, self.node, "clear")
        yield StepChanged(self.node, "clear", StepState.STARTED)
        self.task.uncancelled()
        left = ""
        try:
            removal = yield from self._patiently(lambda: take_away(self.task, self.pace.poll), patience)
        except SetupRunning:
            self.journal.finish(self.run_id, self.node, "clear", "failed", self._goes_on)
            yield StepChanged(self.node, "clear", StepState.SKIPPED, self._goes_on)
            raise LostSight(self._goes_on) from None
        except RemoteError as error:
            left = with_node(self.node, error)
        else:
            if removal.left:
                left = "; ".join((text("engine.node_run.left", what=", ".join(removal.left)), *removal.errors))
        if left:
            yield self._step_failed("clear", left)
            yield left_behind(self.node, self.run_id, by_hand=self.work.by_hand)
            return
        self.journal.finish(self.run_id, self.node, "clear")
        yield StepChanged(self.node, "clear", StepState.DONE, text(f"engine.node_run.gone.{self._traces}"))

    def _lost_sight(self, error: RemoteError) -> LostSight:
        if isinstance(error, LogonRefused):
            return logon_refused(error)
        return LostSight(str(error), text("engine.node_run.when_it_answers", node=self.node))
