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
            word = "going on with" if event.resumed else "run"
            return [f"{word} {event.run}: {', '.join(event.nodes)}", *(f"! {row}" for row in event.exceptions)]
        case PreflightDone():
            said = sentence(event.findings) if event.findings else "nothing stands in the way"
            lines = [f"  preflight: {said}"]
            for finding in event.findings:
                if finding in event.blocking or finding.accepted:
                    lines += lines_of_finding(finding, width)
            return lines
        case StepChanged():
            text = f": {event.text}" if event.text else ""
            return [f"{_SIGNS[event.state]} {event.node or 'all nodes'} {event.step}{text}"]
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
