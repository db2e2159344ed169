"""What a run tells while it goes: typed events, the same for the wizard and for `install --json`.

As JSON each has `event`; what else it has, by event:

| event | keys |
|---|---|
| started | run, job, resumed, nodes, certificate_exceptions (accepted by fingerprint, as sentences) |
| preflight | node (before whose setup it was made), step, blocking, findings |
| step | node (empty: the run as a whole), step, state, text |
| progress | node, step, percent, text |
| log | node, lines |
| notice | node, text, remedy, calls (whether somebody has to act) |
| finished | result, changed, text: always the last |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vmm_wizard.checks.registry import Finding, finding_from_json
from vmm_wizard.install.results import Result


class StepState(StrEnum):
    """Where a step stands."""

    STARTED = "started"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run has begun, or an unfinished one of the same plan was taken up again. `exceptions` are the certificates that
    the plan accepts by fingerprint, as sentences."""

    run: str
    resumed: bool
    nodes: tuple[str, ...]
    exceptions: tuple[str, ...] = ()
    job: str = "install"

    def as_json(self) -> dict[str, Any]:
        return {
            "event": "started",
            "run": self.run,
            "job": self.job,
            "resumed": self.resumed,
            "nodes": list(self.nodes),
            "certificate_exceptions": list(self.exceptions),
        }


@dataclass(frozen=True, slots=True)
class PreflightDone:
    """The preflight right before setup on `node`; `blocking` stop it."""

    findings: tuple[Finding, ...]
    blocking: tuple[Finding, ...]
    node: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "event": "preflight",
            "node": self.node,
            "step": "preflight",
            "blocking": [finding.as_json() for finding in self.blocking],
            "findings": [finding.as_json() for finding in self.findings],
        }


@dataclass(frozen=True, slots=True)
class StepChanged:
    """A step of a node (empty node: of the whole run) started or ended. `text` is one sentence for the user."""

    node: str
    step: str
    state: StepState
    text: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"event": "step", "node": self.node, "step": self.step, "state": self.state.value, "text": self.text}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far setup is on a node: 0 to 100, and its phase in words."""

    node: str
    step: str
    percent: int
    text: str

    def as_json(self) -> dict[str, Any]:
        return {"event": "progress", "node": self.node, "step": self.step, "percent": self.percent, "text": self.text}


@dataclass(frozen=True, slots=True)
class LogGrew:
    """New lines of SetupWizard.log, secrets masked."""

    node: str
    lines: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {"event": "log", "node": self.node, "lines": list(self.lines)}


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should read: a dropped connection, a failure with cause and remedy, what was left. `calls`:
    somebody has to act, who may be looking elsewhere."""

    node: str
    text: str
    remedy: str = ""
    calls: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "event": "notice",
            "node": self.node,
            "text": self.text,
            "remedy": self.remedy,
            "calls": self.calls,
        }


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of every run.

    `changed`: setup was begun on a node by this run, in this call or in one that it goes on from. What was staged and
    taken away again is no change.
    """

    result: Result
    changed: bool
    text: str
    findings: tuple[Finding, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"event": "finished", "result": self.result, "changed": self.changed, "text": self.text}


Event = RunStarted | PreflightDone | StepChanged | Progress | LogGrew | Notice | Finished


def read_event(document: Mapping[str, Any]) -> Event | None:
    """The event that `as_json` made this of, as the journal keeps it; None for one of a newer version.

    Raises ValueError, TypeError or KeyError for what is none.
    """
    row = {key: value for key, value in document.items() if key != "event"}
    match document.get("event"):
        case "started":
            exceptions = tuple(row["certificate_exceptions"])
            return RunStarted(row["run"], bool(row["resumed"]), tuple(row["nodes"]), exceptions, row["job"])
        case "preflight":
            findings = tuple(map(finding_from_json, row["findings"]))
            return PreflightDone(findings, tuple(map(finding_from_json, row["blocking"])), row["node"])
        case "step":
            return StepChanged(row["node"], row["step"], StepState(row["state"]), row["text"])
        case "progress":
            return Progress(row["node"], row["step"], int(row["percent"]), row["text"])
        case "log":
            return LogGrew(row["node"], tuple(row["lines"]))
        case "notice":
            return Notice(row["node"], row["text"], row["remedy"], bool(row.get("calls")))
        case "finished":
            return Finished(row["result"], bool(row["changed"]), row["text"])
    return None
