"""Runs of one wizard: carried out in a thread, stopped, handed over to a process of their own, or only followed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from vmm_wizard.texts import text
from vmm_wizard.tui.messages import ConfirmWanted, HandedOver, QuestionAsked, RunsFound, RunTold, UsualsFound
from vmm_wizard.tui.threads import Batches, Threads
from vmm_wizard.wizard import carrying
from vmm_wizard.wizard.carrying import Carrying

if TYPE_CHECKING:
    from vmm_wizard.addresses import Addresses
    from vmm_wizard.install.events import Event
    from vmm_wizard.install.journal import Run
    from vmm_wizard.install.orders import Order
    from vmm_wizard.plan.model import Plan
    from vmm_wizard.plan.secrets import Secrets
    from vmm_wizard.preflight import Preflight

#: Seconds between two messages of a run: each repaint goes over the admin's SSH session.
RUN_REST = 0.5

#: An event, and when it was told.
Row = tuple["Event", datetime]


class RunJobs(Threads):
    """The runs of one wizard, one at a time."""

    def __init__(self, secrets: Secrets, addresses: Addresses) -> None:
        super().__init__()
        self.secrets = secrets
        self.addresses = addresses
        self._lock = threading.Lock()
        self._preflight: Preflight | None = None
        self._running = False
        #: The run that goes on; where none does, the last one, or none at all.
        self.run = Carrying(lambda _: None)
        #: Whether the estate ends with the wizard, so that nothing can go on without it.
        self.practice = False

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

    @property
    def watching(self) -> bool:
        """Whether the run that goes on is carried out by another process, and only followed here."""
        return self._running and self.run.watching

    @property
    def cannot_leave(self) -> str:
        """Why the run cannot go on without the wizard, or need not be let; empty when it can."""
        if not self._running:
            return text("run.leave.nothing")
        if self.practice:
            return text("run.leave.practice")
        return text("run.leave.watching") if self.watching else ""

    # --- what there is

    def find_runs(self, *, asked: bool = False) -> None:
        """Look for runs that never ended, the newest first; they come as `RunsFound`. None: no message, unless that was
        `asked` for."""
        self._start("runs", self._find_runs, asked)

    def _find_runs(self, asked: bool) -> None:
        from vmm_wizard import paths
        from vmm_wizard.wizard.unfinished import readable_unfinished

        rows = readable_unfinished(paths.journal_file(), paths.state_folder())
        if rows or asked:
            self._send(RunsFound(rows, asked))

    # --- one

    def carry_out(self, plan: Plan, order: Order) -> None:
        """Carry out `order` on `plan`; its events come as `RunTold`, the last one is `Finished`."""
        self._begin("run", lambda run: run.carry_out(plan, order, self.secrets, self._get_preflight))

    def attach(self, run: Run, plan: Plan) -> None:
        """Follow a run that another process of this computer carries out; its events come as `RunTold`."""
        self._begin("attach", lambda carried: carried.attach(run.id, plan), watching=True)

    def _begin(self, name: str, carry: Callable[[Carrying], None], *, watching: bool = False) -> None:
        batches = Batches(self._deliver, RUN_REST)
        self.run = run = Carrying(lambda told: self._take(told, batches), watching=watching)
        self._running = True

        def work() -> None:
            carry(run)
            batches.end()

        self._start(name, work)

    def stop(self, *, end_setup: bool = False, watched: bool | None = None) -> str:
        """Ask the run to stop, as `Carrying.stop` does; what is to be said of that."""
        return self.run.stop(end_setup=end_setup, watched=watched)

    def hand_over(self) -> None:
        """Let the run go on in a process of its own, and follow it here: `HandedOver` says when that is so. What cannot
        be handed over ends as one that was stopped."""
        self.run.hand_over()

    def close(self) -> None:
        """The wizard is being left: nothing more is wanted, and nothing is waited for."""
        self.run.let_be()
        if self._preflight is not None:
            self._preflight.kept.close(0)
        super().close()

    def end_sessions(self) -> None:
        """After `close`, once the screen is gone: nodes that answer have soon heard which shells they are to forget."""
        if self._preflight is not None:
            from vmm_wizard.remote.kept import LEAVING_SECONDS

            self._preflight.kept.close(LEAVING_SECONDS)

    # --- what it tells

    def _take(self, told: carrying.Told, batches: Batches[Row]) -> None:
        """Events go along in batches; what is asked, and what is for the whole run, goes at once."""
        if isinstance(told, carrying.Row):
            batches.put((told.event, told.at))
        elif isinstance(told, carrying.Past):
            self._send(_message([(row.event, row.at) for row in told.rows], is_past=True))
        elif isinstance(told, carrying.Asked):
            self._send(QuestionAsked(told.question, told.reply))
        elif isinstance(told, carrying.Unknowns):
            self._send(ConfirmWanted(told.findings, told.reply))
        elif isinstance(told, carrying.HandedOver):
            self._send(HandedOver(told.run, told.process, told.said))
        else:
            self._send(UsualsFound(told.usuals))

    def _deliver(self, rows: tuple[Row, ...]) -> None:
        from vmm_wizard.install.events import Finished

        if isinstance(rows[-1][0], Finished):
            self._running = False
        self._send(_message(rows))


def _message(rows: tuple[Row, ...] | list[Row], *, is_past: bool = False) -> RunTold:
    return RunTold(tuple(row[0] for row in rows), tuple(row[1] for row in rows), is_past=is_past)
