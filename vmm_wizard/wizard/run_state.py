"""A run as it is shown: events folded into a line or two a node, a log, and an ending. Pure, no Textual."""

from __future__ import annotations

from dataclasses import dataclass, field

from vmm_wizard.install.events import (
    GOOD_RESULTS,
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
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.install.stopping import where_to_stop
from vmm_wizard.plan.model import Plan
from vmm_wizard.printable import printable
from vmm_wizard.report.findings import SIGNS, sentence
from vmm_wizard.report.run import lines_of
from vmm_wizard.wizard.run_words import words

_BAR = 20
_STEPS = {
    "preflight": "checking",
    "stage": "staging",
    "start": "starting",
    "by hand": "waits for you",
    "setup": "setup runs",
    "uninstall": "setup takes VMM away",
    "console": "setup of the console runs",
    "prepare": "preparing",
    "report": "asking VMM",
    "move": "moving the role",
    "restart": "restarting",
    "clear": "clearing up",
    "verify": "verifying",
}
#: The steps in which setup.exe runs on a machine.
_SETUP = frozenset({"setup", "uninstall", "console"})


@dataclass
class NodeState:
    """How far a node is. `percent` is setup's own; `good`: verified, or there already."""

    name: str
    step: str = "waiting"
    percent: int = 0
    text: str = ""
    good: bool = False
    failed: bool = False

    def lines(self) -> list[str]:
        """Name, bar, step; and the phase below."""
        full = self.percent * _BAR // 100
        sign = "+" if self.good else "X" if self.failed else " "
        head = f"{sign} {self.name}"
        bar = f"  [{'#' * full}{'-' * (_BAR - full)}] {self.percent:3d}% {self.step}"
        return [head, bar, *([f"  {self.text}"] if self.text else [])]


@dataclass
class RunState:
    """A run folded from its events. `plan` and `order` are what was started."""

    plan: Plan
    order: Order = field(default_factory=Order)
    nodes: dict[str, NodeState] = field(default_factory=dict)
    headline: str = "Checking everything once more ..."
    verified: list[str] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)
    finished: Finished | None = None
    blocking: tuple[str, ...] = ()
    #: What stopping means now, as a sentence; empty before the first step and after the last.
    stopping: str = ""

    def __post_init__(self) -> None:
        for name in self.order.nodes or [node.key for node in self.plan.nodes]:
            self.nodes.setdefault(name, NodeState(name))

    @property
    def is_running_setup(self) -> bool:
        """Whether setup.exe runs on a node, so that stopping means leaving it alone."""
        return any(node.step in {_STEPS[step] for step in _SETUP} for node in self.nodes.values())

    def take(self, event: Event) -> list[str]:
        """Fold one event in; gives back its lines for the log (none for progress: the bar shows that)."""
        match event:
            case RunStarted():
                going = "Going on with" if event.resumed else "Run"
                self.headline = f"{going} {event.run}."
            case PreflightDone():
                self.headline = f"Checked: {sentence(event.findings)}."
                self.blocking = tuple(
                    f"{SIGNS[row.status][1]} {row.id}{f' ({row.subject})' if row.subject else ''}: {row.evidence}"
                    + (f"\n  -> {row.remedy}" if row.remedy else "")
                    for row in event.blocking
                )
            case StepChanged():
                self._step(event)
            case Progress():
                node = self._node(event.node)
                node.percent = event.percent
                node.text = event.text
            case Notice() if event.text.startswith("POST-"):
                pass  # shown as the finding that it is
            case Notice():
                self.notices.append((event.text, event.remedy))
            case Finished():
                self.finished, self.stopping = event, ""
                self.headline = f"{event.result}: {event.text}"
            case LogGrew():
                pass
        if isinstance(event, Progress):
            return []
        return [line for text in lines_of(event) for line in text.splitlines()]

    @property
    def _installs(self) -> bool:
        return self.order.job in (Job.INSTALL, Job.REBUILD, Job.ADD_NODE)

    def _node(self, name: str) -> NodeState:
        return self.nodes.setdefault(name, NodeState(name))

    def _step(self, event: StepChanged) -> None:
        word = _STEPS.get(event.step, event.step)
        if event.state is StepState.STARTED:
            said = where_to_stop(event.step, event.node)
            self.stopping = f"{said[:1].upper()}{said[1:]}."
        if event.step == "verify" and event.state is StepState.DONE:
            self.verified += [f"{event.node}: {part}" if event.node else part for part in event.text.split("; ")]
        if not event.node:
            return
        node = self._node(event.node)
        match event.state:
            case StepState.STARTED:
                node.step = word
                if event.step in _SETUP:
                    self.headline = f"Setup runs on {event.node}."
            case StepState.FAILED:
                node.step, node.failed, node.text = f"{word}: failed", True, event.text
            case StepState.SKIPPED if event.step in _SETUP or event.step == "prepare":
                already = "installed already" if event.step == "setup" else "nothing to do"
                node.step, node.good, node.percent, node.text = already, True, 100, ""
            case StepState.DONE if event.step == "verify":
                verified = "installed and verified" if self._installs else "done and verified"
                node.step, node.good, node.percent, node.text = verified, True, 100, ""
            case _:
                node.step = f"{word}: done"

    def lines(self) -> list[str]:
        """The run in lines: the headline, then each node."""
        # The whole sentence stands in the question that Stop asks.
        rows = [self.headline, *([f"({self.stopping.partition(':')[0].rstrip('.')})"] if self.stopping else []), ""]
        for node in self.nodes.values():
            rows += node.lines()
        return [*map(printable, rows), ""]

    def ending(self) -> list[str]:
        """How it ended: what was verified and how to connect, or what failed, why, and what to do."""
        if self.finished is None:
            return ["The run has not ended yet."]
        said = words(self.order.job)
        titles = {
            "installed": f"+ {said.done}",
            "unchanged": f"+ {said.unchanged}",
            "done": f"+ {said.done}",
            "refused": "X The run was not started.",
            "failed": "X The installation failed." if self._installs else "X The run failed.",
            "cancelled": "! The run was stopped.",
        }
        rows = [titles[self.finished.result], ""]
        good = self.finished.result in GOOD_RESULTS
        if good and not self._installs and self.finished.text:
            rows += [self.finished.text, ""]
        if good and self.order.job is not Job.UNINSTALL:
            rows += [
                f"Connect the VMM console to {self.plan.cluster.role_name}:{self.plan.ports.console}",
                "(the role's name, never a node's: the role moves from node to node).",
                "",
            ]
        elif not good:
            rows += [self.finished.text, *self._what_next(), ""]
        if self.verified:
            rows += ["Verified:", *(f"+ {text}" for text in self.verified), ""]
        if self.notices:
            rows.append("To know:")
            for text, remedy in self.notices:
                rows.append(f"! {text}")
                if remedy:
                    rows.append(f"  -> {remedy}")
            rows.append("")
        return list(map(printable, rows))

    def _what_next(self) -> list[str]:
        if self.finished is not None and self.finished.result == "cancelled":
            command = f"vmm-wizard {self.order.job.value} FILE"
            return ["", f"Start again, here or with `{command}`: it goes on where it was."]
        if self.blocking:
            return ["", *self.blocking, "", "Mend that, and start again."]
        return ["", "What was finished stays; after mending the cause, start again: it goes on from there."]
