"""Runs that this wizard does not carry out: found in the journal, and followed while another process is at work."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vmm_wizard.texts import text
from vmm_wizard.tui.messages import RunsFound, RunTold, UsualsFound
from vmm_wizard.tui.threads import Batches, Threads

if TYPE_CHECKING:
    from vmm_wizard.install.events import Event
    from vmm_wizard.install.journal import Journal, Run, Told
    from vmm_wizard.plan.model import Plan
    from vmm_wizard.wizard.unfinished import Unfinished

    #: An event, and when it was told.
    Row = tuple[Event, datetime]

_log = logging.getLogger(__name__)

#: Seconds between two messages of a run: each repaint goes over the admin's SSH session.
RUN_REST = 0.5


class FollowJobs(Threads):
    """Runs of other processes, and of earlier ones."""

    def __init__(self) -> None:
        super().__init__()
        self._run_cancel = threading.Event()
        self._running = False
        #: Whether the run that goes on is carried out by another process, and only followed here.
        self.watching = False

    @property
    def running(self) -> bool:
        """Whether a run goes on."""
        return self._running

    # --- what there is

    def find_runs(self, *, asked: bool = False) -> None:
        """Look for runs that never ended, the newest first; they come as `RunsFound`. None: no message, unless that was
        `asked` for."""
        self._start("runs", self._find_runs, asked)

    def _find_runs(self, asked: bool) -> None:
        from vmm_wizard import paths
        from vmm_wizard.install.journal import JournalError
        from vmm_wizard.wizard.unfinished import all_unfinished

        rows: tuple[Unfinished, ...] = ()
        try:
            rows = tuple(all_unfinished(paths.journal_file(), paths.state_folder()))
        except (JournalError, OSError) as error:
            # What cannot be read is told where it is used.
            _log.warning("unfinished runs: %s", error)
        if rows or asked:
            self._send(RunsFound(rows, asked))

    # --- following

    def attach(self, run: Run, plan: Plan) -> None:
        """Follow a run that another process of this computer carries out; its events come as `RunTold`."""
        self._run_cancel = threading.Event()
        self._running = self.watching = True
        self._start("attach", self._attach, run.id, plan, self._run_cancel)

    def _attach(self, run_id: str, plan: Plan, cancel: threading.Event) -> None:
        from vmm_wizard import paths
        from vmm_wizard.install.events import Finished
        from vmm_wizard.install.journal import Journal, JournalError
        from vmm_wizard.wizard.run_times import usual_times

        batches = Batches(self._deliver, RUN_REST)
        ended = False
        reason = text("run.attach.gone")
        try:
            journal = Journal(paths.journal_file())
            self._send(UsualsFound(usual_times(journal, run_id)))
            ended = self._follow(journal, run_id, plan, cancel, batches, self._tell_past(journal, run_id))
        except JournalError as error:
            reason = str(error)
        if not ended:
            said = text("run.attach.left") if cancel.is_set() else reason
            batches.put((Finished("cancelled", False, said), datetime.now(UTC)))
        batches.end()

    def _tell_past(self, journal: Journal, run_id: str) -> int:
        """Tell what earlier calls of a run told, as past; gives the number of the last row of them."""
        from vmm_wizard.install.runs import calls

        past, _ = calls(journal, run_id)
        self._send_past(past)
        return past[-1].number if past else 0

    def _send_past(self, rows: Iterable[Told]) -> None:
        told = tuple(_read(rows))
        if told:
            self._send(RunTold(tuple(row[0] for row in told), tuple(row[1] for row in told), is_past=True))

    def _follow(
        self, journal: Journal, run_id: str, plan: Plan, cancel: threading.Event, batches: Batches[Row], after: int
    ) -> bool:
        """Tell what another process tells of a run; whether that came to its last word. Raises JournalError."""
        from vmm_wizard import paths
        from vmm_wizard.install.events import Finished
        from vmm_wizard.install.holding import carried_out
        from vmm_wizard.install.runs import follow

        folder = paths.state_folder()
        last: Event | None = None
        rows = follow(journal, run_id, lambda: carried_out(plan, folder) == run_id, cancel, after)
        for event, at in _read(rows):
            last = event
            batches.put((event, at))
        return isinstance(last, Finished)

    def _deliver(self, rows: tuple[Row, ...]) -> None:
        from vmm_wizard.install.events import Finished

        if isinstance(rows[-1][0], Finished):
            self._running = self.watching = False
        self._send(RunTold(tuple(row[0] for row in rows), tuple(row[1] for row in rows)))


def _read(rows: Iterable[Told]) -> Iterator[Row]:
    """Events with their times; those of a newer version are passed over."""
    from vmm_wizard.install.events import read_event

    for row in rows:
        event = read_event(row.event)
        if event is not None:
            yield event, row.at
