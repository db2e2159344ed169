"""A run told as it goes: one line for a person, one JSON object a line for a program."""

from __future__ import annotations

import json

from vmm_wizard.install.events import (
    Event,
    Finished,
    LogGrew,
    Notice,
    PreflightDone,
    Progress,
    RunStarted,
    StepChanged,
    StepState,
)
from vmm_wizard.printable import printable, printable_json
from vmm_wizard.report.findings import lines_of as lines_of_finding
from vmm_wizard.report.findings import sentence
from vmm_wizard.texts import text

_SIGNS = {StepState.STARTED: ">", StepState.DONE: "+", StepState.SKIPPED: "-", StepState.FAILED: "X"}


def is_progress(event: Event) -> bool:
    """Whether an event only shows that something goes on: for a terminal, not for a file."""
    return isinstance(event, Progress | LogGrew)


def as_json(event: Event) -> str:
    """The event as one line of JSON."""
    return printable_json(json.dumps(event.as_json(), ensure_ascii=False))


def lines_of(event: Event, width: int = 80) -> list[str]:
    """The event as lines for a person, harmless to a terminal whatever a node has said."""
    return [printable(line) for line in _lines(event, width)]


def _lines(event: Event, width: int) -> list[str]:
    match event:
        case RunStarted():
            key = "resumed" if event.resumed else "begun"
            head = text(f"reports.run.head.{key}", run=event.run, nodes=", ".join(event.nodes))
            return [head, *(f"! {row}" for row in event.exceptions)]
        case PreflightDone():
            said = sentence(event.findings) if event.findings else text("engine.shared.nothing_in_the_way")
            lines = [f"  {text('reports.run.preflight', said=said)}"]
            for finding in event.findings:
                if finding in event.blocking or finding.accepted:
                    lines += lines_of_finding(finding, width)
            return lines
        case StepChanged():
            told = f": {event.text}" if event.text else ""
            return [f"{_SIGNS[event.state]} {event.node or text('reports.run.all_nodes')} {event.step}{told}"]
        case Progress():
            return [f"  {event.node} {event.percent:3d}% {event.text}"]
        case LogGrew():
            return [f"    {line}" for line in event.lines]
        case Notice():
            first, *rest = event.remedy.splitlines() or [""]
            remedy = [f"    -> {first}", *(f"       {row}" for row in rest)] if event.remedy else []
            return [f"! {event.text}", *remedy]
        case Finished():
            return [f"{event.result}: {event.text}"]
