"""A run in a thread: carried out here, or followed while another process carries it out. What it tells and asks is
taken from one queue, in order."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from vmm_wizard import log, paths
from vmm_wizard.checks.registry import Finding
from vmm_wizard.install.asking import Question
from vmm_wizard.install.events import Event, Finished, RunStarted
from vmm_wizard.install.orders import Order
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.install.journal import Journal, Run
    from vmm_wizard.plan.secrets import Secrets
    from vmm_wizard.preflight import Preflight
    from vmm_wizard.wizard.run_times import Usuals

_log = logging.getLogger(__name__)
T = TypeVar("T")

#: Seconds between two looks whether a run was stopped that waits for an answer.
_TICK = 0.2


@dataclass(frozen=True, slots=True)
class Row:
    """An event and when it was told. `is_past`: an earlier call of the run told it."""

    event: Event
    at: datetime
    is_past: bool = False


@dataclass
class Asked:
    """A question of the run, whose thread waits for the word in `reply`."""

    question: Question
    reply: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)


@dataclass
class Unknowns:
    """The run asks whether to go on though this is unknown; its thread waits for `reply`."""

    findings: tuple[Finding, ...]
    reply: queue.SimpleQueue[bool] = field(default_factory=queue.SimpleQueue)


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The run goes on in a process of its own, and is followed here."""

    run: str
    process: int


@dataclass(frozen=True, slots=True)
class UsualTimes:
    """How long steps took in earlier runs."""

    usuals: Usuals


Told = Row | Asked | Unknowns | HandedOver | UsualTimes


class Carrier:
    """One run. `told` gives what it tells; the last is `Finished`. `watching`: another process carries it out."""

    def __init__(self, secrets: Secrets, preflight: Preflight) -> None:
        self.secrets = secrets
        self.preflight = preflight
        self.told: queue.SimpleQueue[Told] = queue.SimpleQueue()
        self.running = False
        self.watching = False
        self._cancel = threading.Event()
        self._end_setup = threading.Event()
        self._leaving = threading.Event()

    def carry_out(self, plan: Plan, order: Order) -> None:
        """Begin a run, or go on with the one that these answers have begun."""
        self._begin(lambda: self._carry_out(plan, order))

    def attach(self, run: Run, plan: Plan) -> None:
        """Begin to follow a run of another process of this computer."""
        self.watching = True
        self._begin(lambda: self._attach(run.id, plan))

    def stop(self, *, end_setup: bool = False) -> None:
        """Ask the run to stop between steps; a setup that runs is left alone unless `end_setup`."""
        if end_setup:
            self._end_setup.set()
        self._cancel.set()

    def hand_over(self) -> None:
        """Let the run go on in a process of its own, and follow it here; what cannot be handed over is stopped."""
        self._leaving.set()
        self._cancel.set()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop, or to go on by itself."""
        return self._cancel.is_set()

    def _begin(self, body: Callable[[], Finished | None]) -> None:
        from vmm_wizard.install.journal import JournalError

        def run() -> None:
            try:
                last = body()
            except JournalError as error:
                last = Finished("failed", False, str(error))
            except Exception as error:
                _log.exception("the run broke")
                last = Finished("failed", False, log.masked(text("plain.run_broke", error=f"{error!r}")))
            if last is not None:
                self._tell(last)

        self.running = True
        threading.Thread(target=run, name="plain run", daemon=True).start()

    def _tell(self, event: Event) -> None:
        self.told.put(Row(event, datetime.now(UTC)))

    # --- carrying out

    def _carry_out(self, plan: Plan, order: Order) -> Finished | None:
        """Carry out a run; its last word, None when that was told. Raises JournalError."""
        from vmm_wizard.install.engine import Runner
        from vmm_wizard.install.journal import Journal

        journal = Journal(paths.journal_file())
        runner = Runner(
            plan,
            self.secrets,
            self.preflight,
            journal,
            paths.state_folder(),
            self._confirm,
            order=order,
            ask=self._ask,
            end_setup=self._end_setup,
            leaving=self._leaving,
        )
        self._tell_earlier(journal, plan, order)
        run_id, last = "", None
        for event in runner.run(self._cancel):
            run_id = event.run if isinstance(event, RunStarted) else run_id
            if isinstance(event, Finished):
                last = event
            else:
                self._tell(event)
        if self._leaving.is_set() and run_id and journal.run(run_id).outcome == "interrupted":
            return self._handed_over(journal, run_id, plan)
        return last

    def _tell_earlier(self, journal: Journal, plan: Plan, order: Order) -> None:
        """What is usual, and what earlier calls told of a run that is now gone on with. Raises JournalError."""
        from vmm_wizard.install.admission import plan_key
        from vmm_wizard.wizard.run_times import usual_times

        earlier = journal.unfinished(plan_key(plan), order)
        self.told.put(UsualTimes(usual_times(journal, earlier.id if earlier else "")))
        if earlier is not None:
            self._tell_past(journal, earlier.id)

    def _tell_past(self, journal: Journal, run_id: str, before: int | None = None) -> None:
        from vmm_wizard.install.events import read_event

        for row in journal.told(run_id):
            event = read_event(row.event)
            if event is not None and (before is None or row.number <= before):
                self.told.put(Row(event, row.at, is_past=True))

    def _handed_over(self, journal: Journal, run_id: str, plan: Plan) -> Finished | None:
        """Start a process that goes on with the run, and follow it. Raises JournalError."""
        from vmm_wizard.install.handing_over import NotHandedOver, hand_over_run

        run = (journal, run_id, plan, paths.state_folder())
        try:
            process, before = hand_over_run(*run, self.secrets, self.preflight.addresses)
        except NotHandedOver as reason:
            return Finished("cancelled", True, text("run.leave.failed", reason=reason))
        self._cancel, self._leaving, self.watching = threading.Event(), threading.Event(), True
        self.told.put(HandedOver(run_id, process))
        return self._follow(journal, run_id, plan, before)

    # --- following

    def _attach(self, run_id: str, plan: Plan) -> Finished | None:
        """Follow a run of another process; what became of it, None when its last word was told. Raises JournalError."""
        from vmm_wizard.install.journal import Journal
        from vmm_wizard.install.runs import calls
        from vmm_wizard.wizard.run_times import usual_times

        journal = Journal(paths.journal_file())
        self.told.put(UsualTimes(usual_times(journal, run_id)))
        past, _ = calls(journal, run_id)
        before = past[-1].number if past else 0
        self._tell_past(journal, run_id, before)
        return self._follow(journal, run_id, plan, before)

    def _follow(self, journal: Journal, run_id: str, plan: Plan, before: int) -> Finished | None:
        from vmm_wizard.install.events import read_event
        from vmm_wizard.install.holding import carried_out
        from vmm_wizard.install.runs import follow

        folder, last = paths.state_folder(), None
        for row in follow(journal, run_id, lambda: carried_out(plan, folder) == run_id, self._cancel, before):
            event = read_event(row.event)
            if event is not None:
                last = event
                self.told.put(Row(event, row.at))
        if isinstance(last, Finished):
            return None
        return Finished("cancelled", False, text("run.attach.left") if self.stopping else text("run.attach.gone"))

    # --- what a run asks

    def _confirm(self, findings: tuple[Finding, ...]) -> bool:
        asked = Unknowns(findings)
        self.told.put(asked)
        return self._reply(asked.reply, False)

    def _ask(self, question: Question) -> str:
        asked = Asked(question)
        self.told.put(asked)
        return self._reply(asked.reply, question.default)

    def _reply(self, reply: queue.SimpleQueue[T], otherwise: T) -> T:
        while not self.stopping:
            try:
                return reply.get(timeout=_TICK)
            except queue.Empty:
                continue
        return otherwise
