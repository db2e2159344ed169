"""A run that one wizard carries out, or follows while another process does: what it tells, and what it asks.

For both faces, and without one: `carry_out` and `attach` block, and a face has them done in a thread of its own. What
comes of them is handed to `tell` in order, from that thread; the last is a `Row` with `Finished`.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.checks.registry import Finding
    from vmm_wizard.install.asking import Question
    from vmm_wizard.install.events import Event, Finished
    from vmm_wizard.install.handing_over import Parting
    from vmm_wizard.install.journal import Journal
    from vmm_wizard.install.journal import Told as JournalRow
    from vmm_wizard.install.orders import Order
    from vmm_wizard.install.results import Result
    from vmm_wizard.plan.model import Plan
    from vmm_wizard.plan.secrets import Secrets
    from vmm_wizard.preflight import Preflight
    from vmm_wizard.wizard.run_times import Usuals

_log = logging.getLogger(__name__)
T = TypeVar("T")

#: Seconds between two looks whether a run was stopped that waits for an answer.
_TICK = 0.2


@dataclass(frozen=True, slots=True)
class Row:
    """An event, and when it was told."""

    event: Event
    at: datetime


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier calls of the run told: how it ended then is no end now."""

    rows: tuple[Row, ...]


@dataclass
class Asked:
    """A question of the run, which waits for the word in `reply`."""

    question: Question
    reply: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)


@dataclass
class Unknowns:
    """The run asks whether to go on though this is unknown, and waits for `reply`."""

    findings: tuple[Finding, ...]
    reply: queue.SimpleQueue[bool] = field(default_factory=queue.SimpleQueue)


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The run goes on in a process of its own, and is followed here. `said`: what is to be said of it instead."""

    run: str
    process: int
    said: str = ""


@dataclass(frozen=True, slots=True)
class UsualTimes:
    """How long steps took in earlier runs."""

    usuals: Usuals


Told = Row | Past | Asked | Unknowns | HandedOver | UsualTimes


class Carrying:
    """One run. `watching`: another process carries it out, and it is only followed here."""

    def __init__(self, tell: Callable[[Told], None], *, watching: bool = False) -> None:
        self._tell = tell
        self.watching = watching
        #: Set once it is known what became of a run that was to be handed over.
        self.settled = threading.Event()
        self._cancel = threading.Event()
        self._end_setup = threading.Event()
        self._leaving = threading.Event()
        #: The hand-over, where there was one.
        self._parting: Parting | None = None

    def stop(self, *, end_setup: bool = False, watched: bool | None = None) -> str:
        """Ask the run to stop between steps; a setup that runs on a node is left alone unless `end_setup`. What is to
        be said of that. `watched`: whether it was asked about a run of another process (without it: whether it is one
        now), which is only followed no longer."""
        if end_setup:
            self._end_setup.set()
        if self._parting is not None and not (self.watching if watched is None else watched):
            return self._parting.stop()
        self._cancel.set()
        return text("running.ending") if end_setup else text("running.stopping")

    def let_be(self) -> None:
        """Nobody is here any more: what is followed is no longer, a run of our own stops between steps, and one that is
        being handed over goes on by itself."""
        self._cancel.set()

    def hand_over(self) -> None:
        """Let the run go on in a process of its own, and follow it here: `HandedOver` says when that is so. What cannot
        be handed over ends as one that was stopped."""
        from vmm_wizard.install.handing_over import Parting

        self._parting = self._parting or Parting(self._leaving)
        self._cancel.set()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop, or to go on by itself."""
        return self._cancel.is_set()

    @property
    def leaving(self) -> bool:
        """Whether it was asked to go on by itself."""
        return self._leaving.is_set()

    @property
    def is_parting(self) -> bool:
        """Whether it is being handed over, which it can still be stopped in."""
        return self._parting is not None and not self._parting.is_unwanted and not self.watching

    @property
    def ending_setup(self) -> bool:
        """Whether it was asked to end the setup that runs, too."""
        return self._end_setup.is_set()

    # --- carrying out

    def carry_out(self, plan: Plan, order: Order, secrets: Secrets, preflight: Callable[[], Preflight]) -> None:
        """Begin a run, or go on with the one that these answers have begun; comes back at its end."""
        self._to_the_end(lambda: self._carried_out(plan, order, secrets, preflight()), "failed")

    def _carried_out(self, plan: Plan, order: Order, secrets: Secrets, preflight: Preflight) -> Finished | None:
        """Carry the run out; its last word, None when that was told. Raises JournalError."""
        from vmm_wizard import paths
        from vmm_wizard.install.engine import Runner
        from vmm_wizard.install.events import Finished, RunStarted
        from vmm_wizard.install.journal import Journal

        journal = Journal(paths.journal_file())
        runner = Runner(
            plan,
            secrets,
            preflight,
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
                self._tell(Row(event, datetime.now(UTC)))
        if self.leaving and run_id and journal.run(run_id).outcome == "interrupted":
            return self._handed_over(journal, run_id, plan, secrets, preflight)
        return last

    def _to_the_end(self, carry: Callable[[], Finished | None], broken: Result) -> None:
        """Carry on until the last word, and tell that; `broken` is the result where an error takes its place."""
        from vmm_wizard import log
        from vmm_wizard.install.events import Finished
        from vmm_wizard.install.journal import JournalError

        try:
            last = carry()
        except JournalError as error:
            last = Finished(broken, False, str(error))
        except Exception as error:
            _log.exception("the run broke")
            said = log.masked(text("dialogs.broke.run", error=f"{type(error).__name__}: {error}"))
            last = Finished(broken, False, said)
        self.settled.set()
        if last is not None:
            self._tell(Row(last, datetime.now(UTC)))

    def _tell_earlier(self, journal: Journal, plan: Plan, order: Order) -> None:
        """What is usual, and what earlier calls told of a run that is now gone on with. Raises JournalError."""
        from vmm_wizard.install.admission import plan_key
        from vmm_wizard.wizard.run_times import usual_times

        earlier = journal.unfinished(plan_key(plan), order)
        self._tell(UsualTimes(usual_times(journal, earlier.id if earlier else "")))
        if earlier is not None:
            self._tell_past(journal.told(earlier.id))

    def _tell_past(self, rows: Iterable[JournalRow]) -> None:
        past = tuple(_read(rows))
        if past:
            self._tell(Past(past))

    def _handed_over(
        self, journal: Journal, run_id: str, plan: Plan, secrets: Secrets, preflight: Preflight
    ) -> Finished | None:
        """Start a process that goes on with the run, and follow it; None when the last word was told.

        Raises JournalError.
        """
        from vmm_wizard import paths
        from vmm_wizard.install.events import Finished
        from vmm_wizard.install.handing_over import NotHandedOver, hand_over_run

        run = (journal, run_id, plan, paths.state_folder())
        try:
            process, before = hand_over_run(*run, secrets, preflight.addresses, self._parting)
        except NotHandedOver as reason:
            if self._parting is not None and self._parting.is_unwanted:
                left = self.ending_setup
                return Finished("cancelled", True, text("run.leave.setup_left", run=run_id) if left else str(reason))
            return Finished("cancelled", True, text("run.leave.failed", reason=reason))
        self._cancel, self._leaving, self.watching = threading.Event(), threading.Event(), True
        said = self._parting.begun(process) if self._parting is not None else ""
        self._tell(HandedOver(run_id, process, said))
        self.settled.set()
        return self._follow(journal, run_id, plan, before)

    # --- following

    def attach(self, run_id: str, plan: Plan) -> None:
        """Follow a run that another process of this computer carries out; comes back at its end, or when stopped."""
        self.watching = True
        self._to_the_end(lambda: self._attached(run_id, plan), "cancelled")

    def _attached(self, run_id: str, plan: Plan) -> Finished | None:
        from vmm_wizard import paths
        from vmm_wizard.install.journal import Journal
        from vmm_wizard.install.runs import calls
        from vmm_wizard.wizard.run_times import usual_times

        journal = Journal(paths.journal_file())
        self._tell(UsualTimes(usual_times(journal, run_id)))
        past, _ = calls(journal, run_id)
        self._tell_past(past)
        return self._follow(journal, run_id, plan, past[-1].number if past else 0)

    def _follow(self, journal: Journal, run_id: str, plan: Plan, after: int) -> Finished | None:
        """Tell what another process tells of the run; what became of it, None when its last word was among that.

        Raises JournalError.
        """
        from vmm_wizard import paths
        from vmm_wizard.install.events import Finished
        from vmm_wizard.install.holding import carried_out
        from vmm_wizard.install.runs import follow

        folder, last = paths.state_folder(), None
        rows = follow(journal, run_id, lambda: carried_out(plan, folder) == run_id, self._cancel, after)
        for row in _read(rows):
            last = row.event
            self._tell(row)
        if isinstance(last, Finished):
            return None
        return Finished("cancelled", False, text("run.attach.left") if self.stopping else text("run.attach.gone"))

    # --- what a run asks

    def _confirm(self, findings: tuple[Finding, ...]) -> bool:
        asked = Unknowns(findings)
        self._tell(asked)
        return self._reply(asked.reply, False)

    def _ask(self, question: Question) -> str:
        """The answer to a question; that of nobody when the run is stopped meanwhile."""
        asked = Asked(question)
        self._tell(asked)
        return self._reply(asked.reply, question.default)

    def _reply(self, reply: queue.SimpleQueue[T], otherwise: T) -> T:
        while not self.stopping:
            try:
                return reply.get(timeout=_TICK)
            except queue.Empty:
                continue
        return otherwise


def _read(rows: Iterable[JournalRow]) -> Iterator[Row]:
    """Events with their times; those of a newer version are passed over."""
    from vmm_wizard.install.events import read_event

    for row in rows:
        event = read_event(row.event)
        if event is not None:
            yield Row(event, row.at)
