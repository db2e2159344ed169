"""A run in a thread: carried out here, or followed while another process carries it out. What it tells and asks is
taken from one queue, in order."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vmm_wizard import log
from vmm_wizard.checks.registry import Finding
from vmm_wizard.install.asking import Question
from vmm_wizard.install.events import Event, Finished
from vmm_wizard.install.orders import Order
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.install.journal import Run
    from vmm_wizard.plan.secrets import Secrets
    from vmm_wizard.preflight import Preflight

_log = logging.getLogger(__name__)

#: Seconds between two looks whether a run was stopped that waits for an answer.
_TICK = 0.2


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


Told = Event | Asked | Unknowns


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

    def carry_out(self, plan: Plan, order: Order) -> None:
        """Begin a run, or go on with the one that these answers have begun."""
        self._begin(lambda: self._carry_out(plan, order))

    def attach(self, run: Run, plan: Plan) -> None:
        """Begin to follow a run of another process of this computer."""
        self.watching = True
        self._begin(lambda: self._attach(run, plan))

    def stop(self, *, end_setup: bool = False) -> None:
        """Ask the run to stop between steps; a setup that runs is left alone unless `end_setup`."""
        if end_setup:
            self._end_setup.set()
        self._cancel.set()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._cancel.is_set()

    def _begin(self, body: Callable[[], None]) -> None:
        self.running = True
        threading.Thread(target=body, name="plain run", daemon=True).start()

    def _carry_out(self, plan: Plan, order: Order) -> None:
        from vmm_wizard import paths
        from vmm_wizard.install.engine import Runner
        from vmm_wizard.install.journal import Journal, JournalError

        try:
            runner = Runner(
                plan,
                self.secrets,
                self.preflight,
                Journal(paths.journal_file()),
                paths.state_folder(),
                self._confirm,
                order=order,
                ask=self._ask,
                end_setup=self._end_setup,
            )
            for event in runner.run(self._cancel):
                self.told.put(event)
        except JournalError as error:
            self.told.put(Finished("failed", False, str(error)))
        except Exception as error:
            _log.exception("the run broke")
            self.told.put(Finished("failed", False, log.masked(text("plain.run_broke", error=f"{error!r}"))))

    def _attach(self, run: Run, plan: Plan) -> None:
        from vmm_wizard import paths
        from vmm_wizard.install.events import read_event
        from vmm_wizard.install.holding import carried_out
        from vmm_wizard.install.journal import Journal, JournalError
        from vmm_wizard.install.runs import follow

        last: Event | None = None
        said = text("plain.other_gone")
        try:
            journal, folder = Journal(paths.journal_file()), paths.state_folder()
            for row in follow(journal, run.id, lambda: carried_out(plan, folder) == run.id, self._cancel):
                event = read_event(row.event)
                if event is not None:
                    last = event
                    self.told.put(event)
        except JournalError as error:
            said = str(error)
        except Exception:
            _log.exception("following broke")
            said = text("plain.follow_broke")
        if not isinstance(last, Finished):
            self.told.put(Finished("cancelled", False, text("plain.no_longer_followed") if self.stopping else said))

    def _confirm(self, findings: tuple[Finding, ...]) -> bool:
        asked = Unknowns(findings)
        self.told.put(asked)
        while not self.stopping:
            try:
                return asked.reply.get(timeout=_TICK)
            except queue.Empty:
                continue
        return False

    def _ask(self, question: Question) -> str:
        asked = Asked(question)
        self.told.put(asked)
        while not self.stopping:
            try:
                return asked.reply.get(timeout=_TICK)
            except queue.Empty:
                continue
        return question.default
