"""The one bridge to threads: preflight and install run in daemon threads, and tell the screen by messages.

Nothing here is waited for: leaving sets the cancel flags and goes. The libraries that talk are loaded by the threads.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from textual.message import Message

from vmm_wizard import log
from vmm_wizard.checks.schedule import Job as JudgedJob
from vmm_wizard.install.events import Event, Finished
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.plan.model import Plan
from vmm_wizard.tui.messages import ConfirmWanted, Found, Looked, Mended, Offered, RunTold

if TYPE_CHECKING:
    from vmm_wizard.addresses import Addresses
    from vmm_wizard.checks.registry import Finding
    from vmm_wizard.facts.discovery import DiscoveryQuestion
    from vmm_wizard.mending.model import Offer
    from vmm_wizard.plan.secrets import Secrets
    from vmm_wizard.preflight import Preflight, Update

_log = logging.getLogger(__name__)
T = TypeVar("T")

#: Seconds between two messages: what arrives meanwhile goes along with the next one. A run's lines come at most twice
#: a second, since each repaint goes over the admin's SSH session.
LOOK_REST = 0.2
RUN_REST = 0.5


def judged_as(job: Job) -> JudgedJob:
    """What the checks are judged for when a job is to be done."""
    return JudgedJob.UNINSTALL if job is Job.UNINSTALL else JudgedJob.INSTALL


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


class Jobs:
    """Preflight and install of one wizard. `post` takes messages from any thread."""

    def __init__(self, secrets: Secrets, addresses: Addresses) -> None:
        self.secrets = secrets
        self.addresses = addresses
        self._post: Callable[[Message], object] = lambda _: None
        self._lock = threading.Lock()
        self._preflight: Preflight | None = None
        self._look_cancel = threading.Event()
        self._discover_cancel = threading.Event()
        self._discovered: object = None
        self._run_cancel = threading.Event()
        self._running = False

    def tell(self, post: Callable[[Message], object]) -> None:
        """From now on, post messages there."""
        self._post = post

    # --- preflight

    def look(self, plan: Plan, job: Job = Job.INSTALL, *, fresh: bool = False) -> None:
        """Ask what `plan` raises for a job, instead of what is being asked; answers come as `Looked`."""
        self._look_cancel.set()
        self._look_cancel = threading.Event()
        self._start("look", self._look, plan, job, fresh, self._look_cancel)

    def _look(self, plan: Plan, job: Job, fresh: bool, cancel: threading.Event) -> None:
        def deliver(updates: tuple[Update, ...]) -> None:
            if not cancel.is_set():
                self._send(Looked(updates[-1].findings_for(judged_as(job)), updates[-1].waiting))

        batches = Batches(deliver, LOOK_REST)
        try:
            for update in self._get_preflight().run(plan, fresh=fresh, cancel=cancel):
                batches.put(update)
        except Exception:
            _log.exception("preflight broke")
        batches.end()

    def _get_preflight(self) -> Preflight:
        from vmm_wizard.preflight import Preflight

        with self._lock:
            if self._preflight is None:
                self._preflight = Preflight(self.secrets, self.addresses)
            return self._preflight

    # --- discovery

    def discover(self, plan: Plan, *, fresh: bool = False) -> None:
        """Look for what answers can be chosen from, unless that was asked with the same domain, account and password;
        what is found comes as `Found`."""
        from vmm_wizard.facts.discovery import discovery_question

        question = discovery_question(plan, self.addresses.ca_file or "")
        access = question.access
        asked = (question.domain, access, plan.node_account, *map(self.secrets.get, plan.accounts[:3]))
        if not question.domain or (asked == self._discovered and not fresh):
            return
        self._discovered = asked
        self._discover_cancel.set()
        self._discover_cancel = threading.Event()
        self._start("discover", self._discover, question, self._discover_cancel)

    def _discover(self, question: DiscoveryQuestion, cancel: threading.Event) -> None:
        from vmm_wizard.facts.discovery import discover

        try:
            passwords = self._get_preflight().passwords
            for found in discover(question, self.secrets, passwords, self.addresses, cancel):
                if cancel.is_set():
                    return
                self._send(Found(found))
        except Exception:
            _log.exception("discovery broke")

    # --- mending

    def offer(self, plan: Plan, findings: Sequence[Finding]) -> None:
        """Look again, and find out what can be done about findings of one check; the answer comes as `Offered`."""
        self._start("offer", self._offer, plan, tuple(findings))

    def _offer(self, plan: Plan, findings: tuple[Finding, ...]) -> None:
        from vmm_wizard import paths
        from vmm_wizard.install.activity import ended_runs
        from vmm_wizard.install.journal import Journal, JournalError
        from vmm_wizard.mending.mend import WRONG, Mender
        from vmm_wizard.mending.model import Offer, Refusal

        subjects = {row.subject for row in findings}
        try:
            mender = Mender(plan, self._get_preflight(), ended_runs(Journal(paths.journal_file())))
            now = [row for row in mender.look(findings[0].id) if row.subject in subjects and row.status in WRONG]
            made = [mender.offer(row) for row in now]
        except JournalError as error:
            self._send(Mended(str(error)))
            return
        except Exception:
            _log.exception("an offer broke")
            self._send(Mended("unexpected error; the log file has the details"))
            return
        if not made:
            self._send(Mended(f"{findings[0].id}: nothing is wrong there any more"))
            return
        offers = tuple(row for row in made if isinstance(row, Offer))
        self._send(Offered(offers, tuple(row for row in made if isinstance(row, Refusal))))

    def mend(self, plan: Plan, offers: Sequence[Offer]) -> None:
        """Do what was offered and look again; how it ended comes as `Mended`."""
        self._start("mend", self._mend, plan, tuple(offers))

    def _mend(self, plan: Plan, offers: tuple[Offer, ...]) -> None:
        from vmm_wizard import paths
        from vmm_wizard.install.activity import RunActive, beside_no_run
        from vmm_wizard.mending.directory import ChangeRefused
        from vmm_wizard.mending.mend import WRONG, Mender

        name, said = offers[0].check_id, ""
        try:
            with beside_no_run(plan, paths.state_folder()):
                mender = Mender(plan, self._get_preflight())
                for row in offers:
                    try:
                        mender.carry_out(row)
                    except ChangeRefused as refused:
                        said = str(refused)
                places = {row.subject for row in offers}
                left = [row for row in mender.look(name) if row.subject in places and row.status in WRONG]
        except RunActive as active:
            self._send(Mended(str(active)))
            return
        except Exception:
            _log.exception("mending broke")
            self._send(Mended("unexpected error; the log file has the details"))
            return
        self._send(Mended(said or (f"{name} is still wrong: see the finding" if left else f"{name} is mended")))

    # --- install

    @property
    def running(self) -> bool:
        """Whether a run goes on."""
        return self._running

    def carry_out(self, plan: Plan, order: Order) -> None:
        """Carry out `order` on `plan`; its events come as `RunTold`, the last one is `Finished`."""
        self._look_cancel.set()
        self._run_cancel = threading.Event()
        self._running = True
        self._start("run", self._carry_out, plan, order, self._run_cancel)

    def stop(self) -> None:
        """Ask the run to stop between steps; a setup that runs on a node is left alone."""
        self._run_cancel.set()

    def close(self) -> None:
        """The wizard is being left: nothing more is wanted, and nothing is waited for."""
        self._look_cancel.set()
        self._discover_cancel.set()
        self._run_cancel.set()
        self._post = lambda _: None

    def _carry_out(self, plan: Plan, order: Order, cancel: threading.Event) -> None:
        from vmm_wizard import paths
        from vmm_wizard.install.engine import Runner
        from vmm_wizard.install.journal import Journal, JournalError

        def deliver(events: tuple[Event, ...]) -> None:
            if isinstance(events[-1], Finished):
                self._running = False
            self._send(RunTold(events))

        def confirm(findings: tuple[Finding, ...]) -> bool:
            return self._confirm(findings, cancel)

        batches = Batches(deliver, RUN_REST)
        try:
            journal = Journal(paths.journal_file())
            preflight, folder = self._get_preflight(), paths.state_folder()
            runner = Runner(plan, self.secrets, preflight, journal, folder, confirm, order=order)
            for event in runner.run(cancel):
                batches.put(event)
        except JournalError as error:
            batches.put(Finished("failed", False, str(error)))
        except Exception as error:
            _log.exception("the run broke")
            text = log.masked(f"unexpected error ({type(error).__name__}: {error}); the log file has the details")
            batches.put(Finished("failed", False, text))
        batches.end()

    def _confirm(self, findings: tuple[Finding, ...], cancel: threading.Event) -> bool:
        """Ask on the screen, from the run's thread."""
        reply: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._send(ConfirmWanted(findings, reply))
        while not cancel.is_set():
            try:
                return reply.get(timeout=0.2)
            except queue.Empty:
                continue
        return False

    # --- threads

    def _start(self, name: str, target: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=target, args=arguments, name=f"wizard {name}", daemon=True).start()

    def _send(self, message: Message) -> None:
        try:
            self._post(message)
        except RuntimeError:
            # The wizard was left between two words: its loop is closed, and nobody listens any more.
            _log.info("nobody listens any more: %s", type(message).__name__)
