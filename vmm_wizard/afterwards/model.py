"""What follows an install, as values: follow-ups, their steps, who does each, and how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from vmm_wizard.checks.registry import Finding, Status, all_checks, judge_one
from vmm_wizard.checks.remedies import Team
from vmm_wizard.facts.model import Facts, NotKnown
from vmm_wizard.facts.vmm_report import VmmReport
from vmm_wizard.plan.model import Plan
from vmm_wizard.printable import printable


class State(StrEnum):
    """How far a step has come. The values are those of the JSON document."""

    DONE = "done"
    TO_DO = "to do"
    UNKNOWN = "unknown"
    NOT_NEEDED = "not needed"


class Who(StrEnum):
    """Who does a step: whoever installs, or a team that can be asked for it (`request --for`)."""

    YOU = "you"
    AD = "ad"
    SQL = "sql"
    NODES = "nodes"
    NETWORK = "network"


#: What is still to be seen to.
OPEN = frozenset({State.TO_DO, State.UNKNOWN})

#: Where VMM keeps its settings on a node (TTB, HASQL).
REGISTRY = r"HKLM:\SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: `text` in words, `command` to paste (empty: by hand), `where` it is run, by whom.

    `read` is what the facts say of it, `verify` how it will be seen that it is done. `trial`: worth doing, but nothing
    can show that it was, so that it keeps no follow-up open. `asked`: where the admin has asked its team for it.
    """

    text: str
    who: Who
    state: State
    command: str = ""
    where: str = ""
    read: str = ""
    verify: str = ""
    trial: bool = False
    asked: str = ""

    def as_json(self) -> dict[str, Any]:
        """The step as the JSON document has it."""
        return {
            "text": self.text,
            "who": self.who.value,
            "state": self.state.value,
            "command": self.command,
            "where": self.where,
            "read": self.read,
            "verify": self.verify,
            "trial": self.trial,
            "asked": self.asked,
        }


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Something that follows an install. `why` is for somebody who has never done it; `evidence` is what was read."""

    id: str
    title: str
    why: str
    evidence: str
    steps: tuple[Step, ...]

    @property
    def code(self) -> str:
        """What stands for it in an answer file's `[[accepted]]` and `[[asked]]`: `AFT-SPN`."""
        return f"AFT-{self.id.upper()}"

    @property
    def state(self) -> State:
        """The state of all steps together: open while one is; not needed where none is."""
        states = {step.state for step in self.steps if not step.trial}
        for state in (State.TO_DO, State.UNKNOWN, State.DONE):
            if state in states:
                return state
        return State.NOT_NEEDED

    @property
    def next(self) -> Step | None:
        """The first step that is still to be seen to, in the order in which they must be done."""
        return next((step for step in self.steps if step.state in OPEN), None) if self.state in OPEN else None

    def of(self, who: Who) -> tuple[Step, ...]:
        """The open steps of one team, trials left out."""
        return tuple(step for step in self.steps if step.who is who and step.state in OPEN and not step.trial)

    def as_json(self) -> dict[str, Any]:
        """The follow-up as the JSON document has it."""
        return {
            "id": self.id,
            "code": self.code,
            "title": self.title,
            "state": self.state.value,
            "why": self.why,
            "evidence": self.evidence,
            "steps": [step.as_json() for step in self.steps],
        }


@dataclass(frozen=True, slots=True)
class View:
    """What a follow-up is made from: the plan, the facts, what VMM says (None: not asked), the answer file's name."""

    plan: Plan
    facts: Facts
    vmm: VmmReport | None = None
    file: str = "FILE"


def printable_step(step: Step) -> Step:
    """`step` with texts that can be shown, whatever an estate has answered."""
    return replace(
        step,
        text=printable(step.text),
        command=printable(step.command),
        where=printable(step.where),
        read=printable(step.read),
        verify=printable(step.verify),
    )


def judged(judge: Callable[[], tuple[State, str]]) -> tuple[State, str]:
    """What `judge` says (state, what was read); *unknown* with the reason when a fact is missing."""
    try:
        return judge()
    except NotKnown as gap:
        return State.UNKNOWN, gap.answer.reason


# --- what a check has judged already

_STATES = {
    Status.PASS: State.DONE,
    Status.WARN: State.TO_DO,
    Status.FAIL: State.TO_DO,
    Status.UNKNOWN: State.UNKNOWN,
    Status.NOT_APPLICABLE: State.NOT_NEEDED,
}


def found(view: View, check_id: str) -> dict[str, Finding]:
    """What a check says, by subject."""
    entry = next(entry for entry in all_checks() if entry.id == check_id)
    return {row.subject: row for row in judge_one(entry, view.plan, view.facts)}


def state_of(finding: Finding) -> tuple[State, str]:
    """A finding as a step's state and what was read; what the admin has accepted keeps nothing open."""
    if finding.accepted is not None and finding.status in (Status.WARN, Status.FAIL, Status.UNKNOWN):
        return State.NOT_NEEDED, f"{finding.evidence} ({finding.accepted})"
    return _STATES[finding.status], finding.evidence


def who_is(team: Team) -> Who:
    """The team of a remedy; the plan is your own."""
    return Who.YOU if team is Team.PLAN else Who(team.value)


def steps_of(finding: Finding, text: str, verify: str) -> Iterator[Step]:
    """The steps of a finding's remedy; a single one without a command where there is nothing to mend."""
    state, read = state_of(finding)
    if not finding.steps or state not in OPEN:
        yield Step(text, Who.YOU, state, read=read, verify=verify)
        return
    for one in finding.steps:
        yield Step(text, who_is(one.whom.team), state, one.step, one.whom.words, read, verify)
