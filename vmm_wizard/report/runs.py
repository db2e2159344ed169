"""The runs of the journal, told to a person or to a program."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vmm_wizard.install.events import read_event
from vmm_wizard.install.journal import Run, Step, Told
from vmm_wizard.install.runs import UNFINISHED, Standing
from vmm_wizard.install.stopping import where_to_stop
from vmm_wizard.printable import printable, printable_json
from vmm_wizard.report.run import is_progress
from vmm_wizard.report.run import lines_of as lines_of_event
from vmm_wizard.texts import text


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run with what is told of it in a list. `standing`: where an unfinished one stands; `carried_out`: a process of
    this computer is at work on it now. `cluster` and `nodes` are empty where its answers cannot be read."""

    run: Run
    cluster: str
    nodes: tuple[str, ...]
    standing: Standing | None
    carried_out: bool

    @property
    def outcome(self) -> str:
        """How it ended, or how it is: an unfinished run that nobody is at work on was interrupted, however it ended."""
        if self.run.outcome in UNFINISHED:
            return "running" if self.carried_out else "interrupted"
        return self.run.outcome

    def as_json(self) -> dict[str, Any]:
        run = self.run
        return {
            "id": run.id,
            "job": run.job,
            "cluster": self.cluster,
            "nodes": list(self.nodes),
            "begun": run.started.isoformat(),
            "ended": run.ended.isoformat() if run.ended else None,
            "outcome": self.outcome,
            "owner": run.owner,
            "stands_at": self.standing.as_json() if self.standing else None,
            "stopping": where_to_stop(self.standing.step, self.standing.node) if self.standing else "",
        }


def _when(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def list_as_json(rows: Sequence[ListedRun]) -> str:
    """All runs as one JSON object, newest first."""
    return printable_json(json.dumps({"runs": [row.as_json() for row in rows]}, ensure_ascii=False, indent=2))


def list_as_text(rows: Sequence[ListedRun]) -> list[str]:
    """A line a run, and a second one for where an unfinished one stands."""
    lines = []
    for row in rows:
        run = row.run
        lines.append(f"{run.id}  {row.outcome:<11}  {run.job:<9}  {_when(run.started)}  {row.cluster}  {run.owner}")
        if row.standing is not None:
            lines.append(f"    {text('reports.runs.stands', standing=row.standing)}")
    return [printable(line) for line in lines] or [text("reports.runs.none")]


def run_as_json(row: ListedRun, steps: Sequence[Step], told: Sequence[Told]) -> str:
    """One run in full: its order, its steps with times, and every event as it was told."""
    document = {
        **row.as_json(),
        "order": row.run.order.as_json(),
        "steps": [_step_json(step) for step in steps],
        "events": [{"at": event.at.isoformat(), **event.event} for event in told],
    }
    return printable_json(json.dumps(document, ensure_ascii=False, indent=2))


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "node": step.node,
        "step": step.step,
        "state": step.state,
        "started": step.started.isoformat(),
        "ended": step.ended.isoformat() if step.ended else None,
        "detail": step.detail,
    }


def run_as_text(row: ListedRun, steps: Sequence[Step], told: Sequence[Told], width: int = 80) -> list[str]:
    """One run in full, without the progress and the log lines of setup."""
    run = row.run
    lines = [
        text("reports.runs.run", run=run.id, job=run.job, nodes=", ".join(row.nodes), cluster=row.cluster),
        text(
            f"reports.runs.times.{'ended' if run.ended else 'begun'}",
            outcome=row.outcome,
            begun=_when(run.started),
            owner=run.owner or text("reports.runs.somebody"),
            ended=_when(run.ended) if run.ended else "",
        ),
    ]
    if row.standing is not None:
        lines.append(text("reports.runs.stands", standing=row.standing))
        lines.append(where_to_stop(row.standing.step, row.standing.node))
    lines += ["", text("reports.runs.steps")]
    for step in steps:
        times = _when(step.started)
        if step.ended:
            times = text("reports.runs.until", begun=times, ended=f"{step.ended:%H:%M:%S}")
        detail = f": {step.detail}" if step.detail else ""
        lines.append(f"  {times}  {step.node or text('reports.run.all_nodes')} {step.step} {step.state}{detail}")
    lines += ["", text("reports.runs.told")]
    for event in told:
        lines += [f"  {event.at:%H:%M:%S} {line}" for line in lines_of_told(event, width)]
    return [printable(line) for line in lines]


def lines_of_told(told: Told, width: int = 80, *, in_full: bool = False) -> list[str]:
    """An event of the journal as lines for a person; none for one that this version cannot read, and unless `in_full`
    none for what only shows that something goes on."""
    try:
        event = read_event(told.event)
    except (ValueError, TypeError, KeyError):
        return []
    return [] if event is None or (is_progress(event) and not in_full) else lines_of_event(event, width)
