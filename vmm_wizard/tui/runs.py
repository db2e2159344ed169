"""Runs that one wizard carries out in a thread, stops, and hands over to a process of their own."""

from __future__ import annotations

import logging
import queue
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from vmm_wizard import log
from vmm_wizard.texts import text
from vmm_wizard.tui.attaching import RUN_REST, FollowJobs
from vmm_wizard.tui.messages import ConfirmWanted, HandedOver, QuestionAsked, UsualsFound
from vmm_wizard.tui.threads import Batches

if TYPE_CHECKING:
    from vmm_wizard.addresses import Addresses
    from vmm_wizard.checks.registry import Finding
    from vmm_wizard.install.asking import Question
    from vmm_wizard.install.engine import Runner
    from vmm_wizard.install.events import Event, Finished
    from vmm_wizard.install.journal import Journal
    from vmm_wizard.install.orders import Order
    from vmm_wizard.plan.model import Plan
    from vmm_wizard.plan.secrets import Secrets
    from vmm_wizard.preflight import Preflight
    from vmm_wizard.tui.attaching import Row

_log = logging.getLogger(__name__)
T = TypeVar("T")


class RunJobs(FollowJobs):
    """The runs of one wizard."""

    def __init__(self, secrets: Secrets, addresses: Addresses) -> None:
        super().__init__()
        self.secrets = secrets
        self.addresses = addresses
        self._lock = threading.Lock()
        self._preflight: Preflight | None = None
        self._end_setup = threading.Event()
        self._leaving = threading.Event()
        #: Set once it is known what became of a run that was to be handed over.
        self.settled = threading.Event()
        #: Whether the estate ends with the wizard, so that nothing can go on without it.
        self.practice = False

    def _get_preflight(self) -> Preflight:
        from vmm_wizard.preflight import Preflight

        with self._lock:
            if self._preflight is None:
                self._preflight = Preflight(self.secrets, self.addresses)
            return self._preflight

    def carry_out(self, plan: Plan, order: Order) -> None:
        """Carry out `order` on `plan`; its events come as `RunTold`, the last one is `Finished`."""
        self._run_cancel, self._end_setup, self._leaving = threading.Event(), threading.Event(), threading.Event()
        self._running, self.watching = True, False
        self.settled.clear()
        self._start("run", self._carry_out, plan, order, self._run_cancel, self._end_setup, self._leaving)

    @property
    def cannot_leave(self) -> str:
        """Why the run cannot go on without the wizard, or need not be let; empty when it can."""
        if not self._running:
            return text("run.leave.nothing")
        if self.practice:
            return text("run.leave.practice")
        return text("run.leave.watching") if self.watching else ""

    def stop(self, *, end_setup: bool = False) -> None:
        """Ask the run to stop between steps; a setup that runs on a node is left alone unless `end_setup`."""
        if end_setup:
            self._end_setup.set()
        self._run_cancel.set()

    def hand_over(self) -> None:
        """Let the run go on in a process of its own, and follow it here: `HandedOver` says when that is so. What cannot
        be handed over ends as one that was stopped."""
        self._leaving.set()
        self._run_cancel.set()

    def close(self) -> None:
        """The wizard is being left: nothing more is wanted, and nothing is waited for."""
        self._run_cancel.set()
        super().close()

    def _carry_out(
        self,
        plan: Plan,
        order: Order,
        cancel: threading.Event,
        end_setup: threading.Event,
        leaving: threading.Event,
    ) -> None:
        from vmm_wizard import paths
        from vmm_wizard.install.engine import Runner
        from vmm_wizard.install.events import Finished
        from vmm_wizard.install.journal import Journal, JournalError

        batches = Batches(self._deliver, RUN_REST)
        try:
            journal = Journal(paths.journal_file())
            runner = Runner(
                plan,
                self.secrets,
                self._get_preflight(),
                journal,
                paths.state_folder(),
                lambda findings: self._confirm(findings, cancel),
                order=order,
                ask=lambda question: self._ask(question, cancel),
                end_setup=end_setup,
                leaving=leaving,
            )
            self._tell_earlier(journal, plan, order)
            run_id, last = self._tell(runner, cancel, batches)
            if leaving.is_set() and run_id and journal.run(run_id).outcome == "interrupted":
                last = self._handed_over(journal, run_id, plan, batches)
        except JournalError as error:
            last = Finished("failed", False, str(error))
        except Exception as error:
            _log.exception("the run broke")
            said = log.masked(text("dialogs.broke.run", error=f"{type(error).__name__}: {error}"))
            last = Finished("failed", False, said)
        self.settled.set()
        if last is not None:
            batches.put((last, datetime.now(UTC)))
        batches.end()

    def _tell_earlier(self, journal: Journal, plan: Plan, order: Order) -> None:
        """What is usual, and what earlier calls told of a run that is now gone on with. Raises JournalError."""
        from vmm_wizard.install.admission import plan_key
        from vmm_wizard.wizard.run_times import usual_times

        earlier = journal.unfinished(plan_key(plan), order)
        self._send(UsualsFound(usual_times(journal, earlier.id if earlier else "")))
        if earlier is not None:
            self._send_past(journal.told(earlier.id))

    def _tell(self, runner: Runner, cancel: threading.Event, batches: Batches[Row]) -> tuple[str, Event | None]:
        """Carry a run out and tell all of it but its last word: its id, and that word."""
        from vmm_wizard.install.events import Finished, RunStarted

        run_id, last = "", None
        for event in runner.run(cancel):
            if isinstance(event, RunStarted):
                run_id = event.run
            if isinstance(event, Finished):
                last = event
            else:
                batches.put((event, datetime.now(UTC)))
        return run_id, last

    def _handed_over(self, journal: Journal, run_id: str, plan: Plan, batches: Batches[Row]) -> Finished | None:
        """Start a process that goes on with the run, and follow it; the run's last word, or what became of it instead;
        None when the last word was told. Raises JournalError."""
        from vmm_wizard import paths
        from vmm_wizard.install.events import Finished
        from vmm_wizard.install.handing_over import NotHandedOver, hand_over_run

        run = (journal, run_id, plan, paths.state_folder())
        try:
            process, before = hand_over_run(*run, self.secrets, self.addresses)
        except NotHandedOver as reason:
            return Finished("cancelled", True, text("run.leave.failed", reason=reason))
        self._run_cancel = cancel = threading.Event()
        self.watching = True
        self._send(HandedOver(run_id, process))
        self.settled.set()
        if self._follow(journal, run_id, plan, cancel, batches, before):
            return None
        said = text("run.attach.left") if cancel.is_set() else text("run.attach.gone")
        return Finished("cancelled", False, said)

    # --- what a run asks

    def _confirm(self, findings: tuple[Finding, ...], cancel: threading.Event) -> bool:
        """Ask on the screen, from the run's thread."""
        reply: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._send(ConfirmWanted(findings, reply))
        return self._reply(reply, cancel, False)

    def _ask(self, question: Question, cancel: threading.Event) -> str:
        """Ask on the screen, from the run's thread; the answer of nobody when the run is stopped meanwhile."""
        reply: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._send(QuestionAsked(question, reply))
        return self._reply(reply, cancel, question.default)

    def _reply(self, reply: queue.SimpleQueue[T], cancel: threading.Event, otherwise: T) -> T:
        while not cancel.is_set():
            try:
                return reply.get(timeout=0.2)
            except queue.Empty:
                continue
        return otherwise
