"""The runs that the journal knows: which may be gone on with, where each stands, and what one tells while it goes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from vmm_wizard.install.journal import Journal, Run, Step, Told
from vmm_wizard.texts import text

#: Outcomes of a run that never ended: somebody is at work on it, was killed at it, or it was left.
UNFINISHED = frozenset({"running", "interrupted"})
#: Seconds between two looks at the journal.
LOOK_SECONDS = 0.5


class NoSuchRun(Exception):
    """A word names no run, or more than one. One sentence."""


def find_run(journal: Journal, word: str) -> Run:
    """The run of this id, or the only one whose id begins or ends with `word`. Raises NoSuchRun, JournalError."""
    runs = journal.runs()
    found = [run for run in runs if run.id == word]
    found = found or [run for run in runs if word and (run.id.startswith(word) or run.id.endswith(word))]
    if len(found) == 1:
        return found[0]
    if found:
        raise NoSuchRun(
            text("engine.runs.several", word=word, number=len(found), runs=", ".join(run.id for run in found[:5]))
        )
    raise NoSuchRun(text("engine.runs.unknown", word=word, path=journal.path))


def unfinished_runs(journal: Journal) -> tuple[Run, ...]:
    """The runs that may be attached to or gone on with, newest first: never ended, and no later run of the same plan
    and order took their place. Raises JournalError."""
    newest: dict[tuple[str, str], Run] = {}
    for run in journal.runs():
        newest.setdefault((run.plan_key, run.order.key), run)
    return tuple(run for run in newest.values() if run.outcome in UNFINISHED)


def obstacle(journal: Journal, run: Run) -> str:
    """Why a run cannot be gone on with, as a sentence; empty when it can. Raises JournalError."""
    if run.outcome not in UNFINISHED:
        return text("engine.runs.over", run=run.id, outcome=run.outcome)
    newest = next(row for row in journal.runs() if (row.plan_key, row.order.key) == (run.plan_key, run.order.key))
    if newest.id != run.id:
        return text("engine.runs.replaced", run=run.id, later=newest.id)
    return ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run stands by the journal: the step that was started last, and on which node (empty: the run as a
    whole). What is true now, only the node knows."""

    node: str
    step: str
    state: str
    since: datetime

    def __str__(self) -> str:
        place = text("engine.runs.step_on", step=self.step, node=self.node) if self.node else self.step
        state = text("engine.runs.begun") if self.state == "started" else self.state
        return text("engine.runs.standing", place=place, state=state, since=self.since)

    def as_json(self) -> dict[str, str]:
        return {"node": self.node, "step": self.step, "state": self.state, "since": self.since.isoformat()}


def standing(steps: tuple[Step, ...]) -> Standing | None:
    """Where a run with these steps (in the order they were started) stands; None before its first."""
    if not steps:
        return None
    last = steps[-1]
    return Standing(last.node, last.step, last.state, last.ended or last.started)


def calls(journal: Journal, run_id: str) -> tuple[tuple[Told, ...], tuple[Told, ...]]:
    """What a run told before it was gone on with last, and since then: nothing yet, maybe. Raises JournalError."""
    told = journal.told(run_id)
    begins = [number for number, row in enumerate(told) if row.event.get("event") == "started"]
    at = begins[-1] if begins else 0
    # A run ends before it tells its last word: where that was told and it goes on, another process has taken it up.
    if told and told[-1].event.get("event") == "finished" and journal.run(run_id).outcome == "running":
        at = len(told)
    return told[:at], told[at:]


def follow(
    journal: Journal,
    run_id: str,
    is_carried_out: Callable[[], bool],
    stop: threading.Event,
    after: int = 0,
    look_seconds: float = LOOK_SECONDS,
) -> Iterator[Told]:
    """What a run tells with a number above `after`, as another process tells it, until its last word, or until nobody
    carries it out any more, or `stop` is set. Changes nothing. Raises JournalError."""
    while True:
        # Asked before the journal is: what was told until then is read below.
        goes_on = is_carried_out()
        for row in journal.told(run_id, after):
            after = row.number
            yield row
            if row.event.get("event") == "finished":
                return
        if not goes_on or stop.wait(look_seconds):
            return
