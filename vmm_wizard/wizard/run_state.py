"""A run as it is shown: events folded into how far all is, some lines a machine, a log, and an ending. Pure.

No Textual and no clock: times come in with the events, and `now` as a value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

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
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.install.results import GOOD_RESULTS
from vmm_wizard.install.stopping import where_to_stop
from vmm_wizard.install.verify import how_to_connect, how_to_connect_again
from vmm_wizard.plan.model import Plan
from vmm_wizard.printable import printable
from vmm_wizard.report.findings import sentence
from vmm_wizard.report.run import lines_of
from vmm_wizard.report.signs import SIGNS
from vmm_wizard.texts import counted, text
from vmm_wizard.wizard.log_lines import LogLines
from vmm_wizard.wizard.run_nodes import NodeState
from vmm_wizard.wizard.run_times import SETUP_OF, Usual, Usuals, clock
from vmm_wizard.wizard.run_words import words

__all__ = ["NodeState", "RunState"]

_BAR = 16


@dataclass
class RunState:
    """A run folded from its events. `plan` and `order` are what was started; `usuals` is how long steps took before.

    Times come with the events, as the journal has them, so that a run that is attached to or gone on with shows how
    long it has really taken: `begun` is its begin, `ended` its end, None while it is not known.
    """

    plan: Plan
    order: Order = field(default_factory=Order)
    usuals: Usuals = field(default_factory=Usuals)
    log: LogLines = field(default_factory=LogLines)
    nodes: dict[str, NodeState] = field(default_factory=dict)
    run: str = ""
    headline: str = field(default_factory=lambda: text("run.state.checking"))
    verified: list[str] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)
    finished: Finished | None = None
    blocking: tuple[str, ...] = ()
    #: What stopping means now, as a sentence; empty before the first step and after the last.
    stopping: str = ""
    begun: datetime | None = None
    ended: datetime | None = None

    def __post_init__(self) -> None:
        target = (self.order.target,) if self.order.target else ()
        for name in target or self.order.nodes or [node.key for node in self.plan.nodes]:
            self._node(name)

    @property
    def is_running_setup(self) -> bool:
        """Whether setup.exe runs on a node, so that stopping means leaving it alone."""
        return any(node.is_running_setup for node in self.nodes.values())

    def take(self, event: Event, at: datetime | None = None) -> list[str]:
        """Fold one event in that was told `at` that time; gives back its lines for the log (none for progress: the bar
        shows that)."""
        match event:
            case RunStarted():
                self._start(event, at)
            case PreflightDone():
                self.headline = text("run.state.checked", found=sentence(event.findings))
                self.blocking = tuple(
                    f"{SIGNS[row.status][1]} {row.id}{f' ({row.subject})' if row.subject else ''}: {row.evidence}"
                    + (f"\n  -> {row.remedy}" if row.remedy else "")
                    for row in event.blocking
                )
            case StepChanged():
                self._step(event, at)
            case Progress():
                self._node(event.node).progress(event)
            case Notice() if event.text.startswith("POST-"):
                pass  # shown as the finding that it is
            case Notice():
                self.notices.append((event.text, event.remedy))
            case Finished():
                self._finish(event, at)
            case LogGrew():
                pass
        if isinstance(event, Progress):
            return []
        lines = [line for row in lines_of(event) for line in row.splitlines()]
        self.log.add(event, lines)
        return lines

    def _start(self, event: RunStarted, at: datetime | None) -> None:
        """The run begins, or one goes on: what an earlier call told of its end and its findings is over."""
        self.run, self.begun = event.run, self.begun or at
        self.finished, self.ended, self.blocking = None, None, ()
        self.verified.clear()
        self.notices.clear()
        for name in event.nodes:
            self._node(name)
        run = event.run
        self.headline = text("run.state.resumed", run=run) if event.resumed else text("run.state.started", run=run)

    def _finish(self, event: Finished, at: datetime | None) -> None:
        self.finished, self.stopping, self.ended = event, "", at
        self.headline = f"{event.result}: {event.text}"
        if event.result in GOOD_RESULTS:
            for node in self.nodes.values():
                node.end_well(node.until or at)

    @property
    def _installs(self) -> bool:
        return self.order.job in (Job.INSTALL, Job.REBUILD, Job.ADD_NODE)

    def _node(self, name: str) -> NodeState:
        return self.nodes.setdefault(name, NodeState(name))

    def _step(self, event: StepChanged, at: datetime | None) -> None:
        if event.state is StepState.STARTED:
            said = where_to_stop(event.step, event.node)
            self.stopping = f"{said[:1].upper()}{said[1:]}."
        if event.step == "verify" and event.state is StepState.DONE:
            parts = filter(None, _without_place(event.text, self.plan).split("; "))
            self.verified += [f"{event.node}: {part}" if event.node else part for part in parts]
        if not event.node:
            return
        well = text("run.machine.installed") if self._installs else text("run.machine.verified")
        node = self._node(event.node)
        seconds = node.take(event, at, well)
        if seconds is not None:
            self.usuals.add(event.step, seconds)
        if node.is_running_setup:
            self.headline = text("run.state.setup", node=event.node)

    # --- how far it is

    @property
    def percent(self) -> int:
        """How far the whole run is, by the usual times of its steps; 100 only when every machine is done."""
        shares = [
            1.0 if node.good else self.usuals.share(self.order.job, node.done, node.at, node.percent)
            for node in self.nodes.values()
        ]
        whole = sum(shares) / len(shares) if shares else 0.0
        return 100 if all(node.good for node in self.nodes.values()) else min(99, int(whole * 100))

    def clock(self, now: datetime | None) -> str:
        """How long it has taken so far (or took), to the second, and what is usual in all; empty where no time was
        told."""
        if self.begun is None or now is None:
            return ""
        so_far = clock(((self.ended or now) - self.begun).total_seconds())
        if self.finished is not None:
            return text("run.clock.took", time=so_far)
        usual = self._usual_in_all()
        return text("run.clock.usual", time=so_far, span=usual.span) if usual else text("run.clock.so_far", time=so_far)

    def _usual_in_all(self) -> Usual | None:
        usual = self.usuals.of(SETUP_OF.get(self.order.job, ""))
        return usual.times_over(len(self.nodes)) if usual and len(self.nodes) > 1 else None

    @property
    def _stopping_in_short(self) -> str:
        """The whole sentence stands in the question that Stop asks."""
        said = self.stopping.partition(":")[0].rstrip(".")
        for node in self.nodes.values():
            said = said.replace(node.name, node.label)
        return said

    def lines(self, now: datetime | None = None, room: int = 0) -> list[str]:
        """The run in lines: the headline, how far all is, then each machine. `room`: how many columns there are."""
        rows = [self.headline, *([f"({self._stopping_in_short})"] if self.stopping else [])]
        done = sum(node.good for node in self.nodes.values())
        full = self.percent * _BAR // 100
        told = counted("run.state.overall", len(self.nodes), done=done)
        rows += [f"[{'#' * full}{'-' * (_BAR - full)}] {self.percent:3d}%, {told}"]
        width = max((len(node.label) for node in self.nodes.values()), default=0)
        for node in self.nodes.values():
            rows += node.lines(now, self.usuals, width, room)
        return [*map(printable, rows)]

    def ending(self) -> list[str]:
        """How it ended: what was verified and how to connect, or what failed, why, and what to do."""
        if self.finished is None:
            return [text("run.end.open")]
        said, result = words(self.order.job, remove=self.order.remove), self.finished.result
        titles = {
            "installed": f"+ {said.done}",
            "unchanged": f"+ {said.unchanged}",
            "done": f"+ {said.done}",
            "refused": text("run.end.refused"),
            "failed": text("run.end.install_failed") if self._installs else text("run.end.failed"),
            "cancelled": text("run.end.cancelled"),
        }
        rows = [titles[result], ""]
        good = result in GOOD_RESULTS
        last = _without_place(self.finished.text, self.plan)
        if good and not self._installs and last:
            rows += [f"{last[:1].upper()}{last[1:]}.", ""]
        if good and self.order.job is not Job.UNINSTALL and not self.order.remove:
            place = f"{self.plan.cluster.role_name}:{self.plan.ports.console}"
            rows += [text("run.end.connect", place=place), text("run.end.connect_why"), ""]
        elif not good:
            rows += [self.finished.text, *self._what_next(), ""]
        if self.verified:
            rows += [text("run.end.verified"), *(f"+ {row}" for row in self.verified), ""]
        if self.notices:
            rows.append(text("run.end.to_know"))
            for row, remedy in self.notices:
                rows.append(f"! {row}")
                if remedy:
                    rows.append(f"  -> {remedy}")
            rows.append("")
        return list(map(printable, rows))

    def _what_next(self) -> list[str]:
        if self.finished is not None and self.finished.result == "cancelled":
            return ["", text("run.end.again", job=self.order.job.value)]
        if self.blocking:
            return ["", *self.blocking, "", text("run.end.mend")]
        return ["", text("run.end.goes_on")]


def _without_place(said: str, plan: Plan) -> str:
    """The engine's last sentence without where to connect, at its end: the page says that in words of its own."""
    for place in (how_to_connect(plan), how_to_connect_again(plan)):
        said = said.removesuffix(place)
    return said.rstrip(" ;:")
