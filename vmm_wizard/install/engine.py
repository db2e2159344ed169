"""Carries an order out on a plan: locks, journal, cancelling and endings. What is done is in `procedures`."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vmm_wizard import log
from vmm_wizard.addresses import AddressError
from vmm_wizard.install.admission import blocking, missing_secrets, plan_key
from vmm_wizard.install.aftermath import look_after
from vmm_wizard.install.asking import Ask, take_default
from vmm_wizard.install.context import Confirm, Context
from vmm_wizard.install.details import BY_HAND
from vmm_wizard.install.doubt import without_a_judge
from vmm_wizard.install.endings import Detached, End, LostSight, NodeFailed, Pace, PasswordRefused, Refused
from vmm_wizard.install.events import Event, Finished, Notice, PreflightDone, RunStarted
from vmm_wizard.install.holding import Held, holding
from vmm_wizard.install.journal import Journal, JournalError, Outcome, Run
from vmm_wizard.install.occupancy import Occupied
from vmm_wizard.install.orders import Order
from vmm_wizard.install.procedures import Procedure, procedure
from vmm_wizard.install.results import Result
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.secrets import Secrets
from vmm_wizard.preflight import Preflight
from vmm_wizard.remote.errors import Cancelled, LogonRefused, RemoteError
from vmm_wizard.texts import text

_log = logging.getLogger(__name__)

__all__ = ["Runner", "blocking", "missing_secrets", "plan_key"]


@dataclass
class Runner:
    """Carries out `order` on `plan`. `state_folder` holds the lock that keeps a second process of this user from the
    same cluster; `confirm` is asked once about unknowns that do not stop a run."""

    plan: Plan
    secrets: Secrets
    preflight: Preflight
    journal: Journal
    state_folder: Path
    confirm: Confirm = lambda _: True
    pace: Pace = field(default_factory=Pace)
    order: Order = field(default_factory=Order)
    ask: Ask = take_default
    #: The second wish after cancelling: a setup that runs is ended on its node, and nothing more is begun.
    end_setup: threading.Event = field(default_factory=threading.Event)
    #: With it, cancelling hands the run over: what waits on a node is left there for the process that goes on with it.
    leaving: threading.Event = field(default_factory=threading.Event)

    def run(self, cancel: threading.Event | None = None) -> Iterator[Event]:
        """Carry it out, and tell how it goes; the last event is `Finished`, whatever happens. For one call.

        Setting `cancel` stops between steps; a setup that runs on a node is left running and is followed again by the
        next call, as is one whose call was killed.
        """
        for secret in self.secrets.values():
            log.mask(secret.reveal())
        missing = missing_secrets(self.plan, self.secrets, self.order.job, by_hand=self.order.by_hand)
        if missing:
            yield Finished(
                "refused", False, text("engine.context.password_missing", account=", ".join(map(str, missing)))
            )
            return
        try:
            with holding(self.plan, self.state_folder) as carrying:
                yield from self._locked(cancel or threading.Event(), carrying)
        except Held as held:
            yield Finished("refused", False, str(held))

    def _locked(self, cancel: threading.Event, carrying: Callable[[str], None]) -> Iterator[Event]:
        from vmm_wizard.plan.answers import dumps

        key = plan_key(self.plan)
        try:
            earlier = self.journal.unfinished(key, self.order)
            run = earlier or self.journal.begin(key, dumps(self.plan), self.order)
            if earlier:
                self.journal.resume(earlier.id)
        except JournalError as error:
            yield Finished("failed", False, str(error))
            return
        carrying(run.id)
        for event in self._journaled(run, earlier is not None, cancel):
            # What nobody attached to sees is lost by a full disk here; what was done is not: steps are written first.
            with contextlib.suppress(JournalError):
                self.journal.tell(run.id, kept(event))
            yield event

    def _journaled(self, run: Run, resumed: bool, cancel: threading.Event) -> Iterator[Event]:
        context = Context(
            *(self.plan, self.order, self.secrets, self.preflight, self.journal, run, self.pace, self.confirm, cancel),
            ask=self.ask,
            end_setup=self.end_setup,
            leaving=self.leaving,
        )
        work = procedure(context)
        outcome: Outcome = "interrupted"
        changed = False
        try:
            context.changed_before = resumed and work.had_changed()
            exceptions = tuple(map(str, self.plan.connection.certificate_exceptions))
            yield RunStarted(run.id, resumed, work.places, exceptions, self.order.job.value)
            end = yield from self._to_the_end(context, work, resumed)
            still_open = context.open_nodes()
            # A task that was started, and can neither be followed nor ended now, may have begun setup.
            begun = [self.journal.attempt(run.id, node).keys() & {"start", BY_HAND} for node in still_open]
            changed = context.changed or any(begun)
            if not end.resumable and not still_open:
                outcome = end.result
                yield from context.lock.release(resumed)
            if end.remedy or end.result == "failed":
                yield Notice("", end.text, end.remedy)
        except JournalError as error:
            # Nothing is done that the journal does not hold first. What runs on a node goes on, and is found again.
            remedy = text("engine.engine.journal")
            end, changed = End("failed", f"{error}; {remedy}"), context.changed
            yield Notice("", str(error), remedy)
        except Exception as error:
            _log.exception("the run broke")
            said = log.masked(text("engine.engine.unexpected", kind=type(error).__name__, error=error))
            end, changed = End("failed", said), context.changed
        finally:
            with contextlib.suppress(JournalError):
                self.journal.end(run.id, outcome)
        yield Finished(end.result, changed, end.text, end.findings)

    def _to_the_end(self, context: Context, work: Procedure, resumed: bool) -> Generator[Event, None, End]:
        """The run, and how it ended. Raises JournalError."""

        def ended(result: Result, said: str, remedy: str = "", *, resumable: bool = False) -> End:
            done = work.so_far()
            return context.end(result, f"{said}; {done}" if done else said, remedy, resumable=resumable)

        # Before anything was changed a refusal is one; after that it is a run that did not end.
        try:
            return (yield from work.go(resumed))
        except (Refused, Occupied) as refusal:
            return ended("failed" if context.changed else "refused", str(refusal), refusal.remedy)
        except Cancelled:
            if context.leaving.is_set():
                return ended("cancelled", text("engine.engine.handed_over"), resumable=True)
            return ended("cancelled", text("engine.engine.cancelled"))
        except Detached as stop:
            return ended("cancelled", str(stop), resumable=True)
        except NodeFailed as error:
            if isinstance(error, PasswordRefused):
                context.stop_password(self.plan.installing_account, str(error))
            after = yield from look_after(context, error)
            return ended("failed", f"{error}{after}", error.remedy)
        except LostSight as error:
            if error.refused is not None:
                context.stop_password(self.plan.node_account, str(error))
            return ended("failed", str(error), error.remedy, resumable=True)
        except (RemoteError, AddressError) as error:
            said, remedy = str(error), text("engine.engine.when_mended")
            if isinstance(error, LogonRefused):
                doubtful = without_a_judge(context, error)
                if not doubtful:
                    context.stop_password(self.plan.node_account, said)
                said, remedy = (doubtful, text("engine.doubt.wait")) if doubtful else (said, remedy)
            return ended("failed", said, remedy, resumable=True)


def kept(event: Event) -> dict[str, Any]:
    """An event as the journal keeps it: of a preflight only what stops it, for the rest can be asked again."""
    document = event.as_json()
    if isinstance(event, PreflightDone):
        document["findings"] = document["blocking"]
    return document
