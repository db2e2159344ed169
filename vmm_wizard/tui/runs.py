"""Runs of one wizard in threads: carried out here, or followed while another process carries one out."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from textual.message import Message

from vmm_wizard import log
from vmm_wizard.install.asking import Question
from vmm_wizard.install.events import Event, Finished
from vmm_wizard.install.orders import Order
from vmm_wizard.plan.model import Plan
from vmm_wizard.tui.messages import ConfirmWanted, QuestionAsked, RunTold, UnfinishedFound

if TYPE_CHECKING:
    from vmm_wizard.addresses import Addresses
    from vmm_wizard.checks.registry import Finding
    from vmm_wizard.install.journal import Run
    from vmm_wizard.plan.secrets import Secrets
    from vmm_wizard.preflight import Preflight

_log = logging.getLogger(__name__)
T = TypeVar("T")

#: Seconds between two messages of a run: each repaint goes over the admin's SSH session.
RUN_REST = 0.5


class Batches(Generic[T]):
    """Hands over what was put in batches, each `rest` seconds after the first of them was put; the last one at once."""

    def __init__(self, deliver: Callable[[tuple[T, ...]], None], rest: float) -> None:
        self._deliver = deliver
        self._rest = rest
        self._items: queue.SimpleQueue[T | None] = queue.SimpleQueue()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="batches", daemon=True)
        self._thread.start()

    def put(self, item: T) -> None:
        """Hand `item` over with the next batch."""
        self._items.put(item)

    def end(self) -> None:
        """Hand over what is left, and wait until that is done."""
        self._ending.set()
        self._items.put(None)
        self._thread.join()

    def _run(self) -> None:
        ended = False
        while not ended:
            batch = [self._items.get()]
            self._ending.wait(self._rest)
            while not self._items.empty():
                batch.append(self._items.get())
            ended = None in batch
            items = tuple(item for item in batch if item is not None)
            if items:
                self._deliver(items)


class RunJobs:
    """The runs of one wizard. `post` takes messages from any thread."""

    def __init__(self, secrets: Secrets, addresses: Addresses) -> None:
        self.secrets = secrets
        self.addresses = addresses
        self._post: Callable[[Message], object] = lambda _: None
        self._lock = threading.Lock()
        self._preflight: Preflight | None = None
        self._run_cancel = threading.Event()
        self._end_setup = threading.Event()
        self._running = False
        #: Whether the run that goes on is carried out by another process, and only followed here.
        self.watching = False

    def tell(self, post: Callable[[Message], object]) -> None:
        """From now on, post messages there."""
        self._post = post

    def _get_preflight(self) -> Preflight:
        from vmm_wizard.preflight import Preflight

        with self._lock:
            if self._preflight is None:
                self._preflight = Preflight(self.secrets, self.addresses)
            return self._preflight

    @property
    def running(self) -> bool:
        """Whether a run goes on."""
        return self._running

    def carry_out(self, plan: Plan, order: Order) -> None:
        """Carry out `order` on `plan`; its events come as `RunTold`, the last one is `Finished`."""
        self._run_cancel, self._end_setup = threading.Event(), threading.Event()
        self._running, self.watching = True, False
        self._start("run", self._carry_out, plan, order, self._run_cancel, self._end_setup)

    def stop(self, *, end_setup: bool = False) -> None:
        """Ask the run to stop between steps; a setup that runs on a node is left alone unless `end_setup`."""
        if end_setup:
            self._end_setup.set()
        self._run_cancel.set()

    def close(self) -> None:
        """The wizard is being left: nothing more is wanted, and nothing is waited for."""
        self._run_cancel.set()
        self._post = lambda _: None

    def _carry_out(self, plan: Plan, order: Order, cancel: threading.Event, end_setup: threading.Event) -> None:
        from vmm_wizard import paths
        from vmm_wizard.install.engine import Runner
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
            )
            for event in runner.run(cancel):
                batches.put(event)
        except JournalError as error:
            batches.put(Finished("failed", False, str(error)))
        except Exception as error:
            _log.exception("the run broke")
            text = log.masked(f"unexpected error ({type(error).__name__}: {error}); the log file has the details")
            batches.put(Finished("failed", False, text))
        batches.end()

    def _deliver(self, events: tuple[Event, ...]) -> None:
        if isinstance(events[-1], Finished):
            self._running = self.watching = False
        self._send(RunTold(events))

    # --- runs of other processes, and of earlier ones

    def find_runs(self) -> None:
        """Look for runs that never ended; they come as `UnfinishedFound`, the newest first. None: no message."""
        self._start("runs", self._find_runs)

    def _find_runs(self) -> None:
        from vmm_wizard import paths
        from vmm_wizard.install.journal import JournalError
        from vmm_wizard.plan.answers import AnswersError
        from vmm_wizard.wizard.unfinished import unfinished

        try:
            found = unfinished(paths.journal_file(), paths.state_folder())
        except (JournalError, AnswersError, OSError) as error:
            # What cannot be read is told where it is used.
            _log.warning("unfinished runs: %s", error)
            return
        if found is not None:
            self._send(UnfinishedFound(found.run, found.plan, found.here, found.working))

    def attach(self, run: Run, plan: Plan) -> None:
        """Follow a run that another process of this computer carries out; its events come as `RunTold`."""
        self._run_cancel = threading.Event()
        self._running = self.watching = True
        self._start("attach", self._attach, run, plan, self._run_cancel)

    def _attach(self, run: Run, plan: Plan, cancel: threading.Event) -> None:
        from vmm_wizard import paths
        from vmm_wizard.install.events import read_event
        from vmm_wizard.install.holding import carried_out
        from vmm_wizard.install.journal import Journal, JournalError
        from vmm_wizard.install.runs import follow

        batches = Batches(self._deliver, RUN_REST)
        last: Event | None = None
        text = "the other process has gone: start the run here to go on with it"
        try:
            journal, folder = Journal(paths.journal_file()), paths.state_folder()
            for row in follow(journal, run.id, lambda: carried_out(plan, folder) == run.id, cancel):
                last = read_event(row.event)
                if last is not None:
                    batches.put(last)
        except JournalError as error:
            text = str(error)
        if not isinstance(last, Finished):
            goes_on = "no longer followed here; the run goes on in its own process"
            batches.put(Finished("cancelled", False, goes_on if cancel.is_set() else text))
        batches.end()

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

    # --- threads

    def _start(self, name: str, target: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=target, args=arguments, name=f"wizard {name}", daemon=True).start()

    def _send(self, message: Message) -> None:
        try:
            self._post(message)
        except RuntimeError:
            # The wizard was left between two words: its loop is closed, and nobody listens any more.
            _log.info("nobody listens any more: %s", type(message).__name__)
