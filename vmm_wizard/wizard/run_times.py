"""How long steps of a run take: what is usual, by whom that is said, and how far a run is by it. Pure: no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vmm_wizard.install.orders import Job
from vmm_wizard.texts import counted, text

if TYPE_CHECKING:
    from vmm_wizard.install.journal import Journal, Step

#: The steps in which setup.exe runs on a machine.
SETUP_STEPS = frozenset({"setup", "uninstall", "console"})
#: Which of them a job is about.
SETUP_OF: Mapping[Job, str] = dict.fromkeys((Job.INSTALL, Job.REBUILD, Job.ADD_NODE), "setup") | {
    Job.UNINSTALL: "uninstall",
    Job.CONSOLE: "console",
}
#: Earlier runs that are looked at for how long steps take.
_LOOKED_AT = 20
#: How many earlier times are kept of a step: the newest ones.
KEPT = 10
_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Usual:
    """How long a step usually takes, in seconds. `times`: how often it was measured here; 0: published guides say so
    (section 12 of the facts: an author waits twenty minutes for setup)."""

    low: float
    high: float
    times: int = 0

    def __str__(self) -> str:
        if not self.times:
            return text("run.usual.guides", span=self.span)
        return counted("run.usual.here", self.times, span=self.span)

    @property
    def span(self) -> str:
        """From and to, in words."""
        low, high = round(self.low / _MINUTE), round(self.high / _MINUTE)
        return minutes(self.high) if low == high or not low else text("run.usual.span", low=low, high=high)

    def times_over(self, number: int) -> Usual:
        """What is usual for so many machines, one after another."""
        return Usual(self.low * number, self.high * number, self.times)


_GUIDES: Mapping[str, Usual] = {"setup": Usual(20 * _MINUTE, 20 * _MINUTE)}

#: The steps on one machine that a job consists of, each with its share of a usual run: seconds that nobody has said,
#: assumed so that the steps around setup count for something.
_COURSES: Mapping[Job, Mapping[str, float]] = {
    job: {"preflight": 60, "stage": 15, "start": 15, "setup": 1200, "verify": 60}
    for job in (Job.INSTALL, Job.REBUILD, Job.ADD_NODE)
} | {
    Job.PREPARE: {"preflight": 30, "stage": 15, "start": 15, "prepare": 600},
    Job.CONSOLE: {"preflight": 30, "stage": 15, "start": 15, "console": 300, "verify": 30},
    Job.VERIFY: {"stage": 15, "start": 15, "report": 60, "verify": 60},
    Job.FAILOVER: {"report": 60, "move": 60, "verify": 30},
    Job.UNINSTALL: {"preflight": 60, "stage": 15, "start": 15, "uninstall": 600, "verify": 60},
}


@dataclass
class Usuals:
    """How long steps took, by their names, in seconds, oldest first."""

    measured: dict[str, list[float]] = field(default_factory=dict)

    def add(self, step: str, seconds: float) -> None:
        """A step was seen to take so long."""
        self.measured[step] = [*self.measured.get(step, ()), seconds][-KEPT:]

    def of(self, step: str) -> Usual | None:
        """What is usual for a step: as measured here, else as guides say; None where nobody knows."""
        seen = self.measured.get(step)
        return Usual(min(seen), max(seen), len(seen)) if seen else _GUIDES.get(step)

    def share(self, job: Job, done: Iterable[str], now: str, percent: int) -> float:
        """How much of a job is done on a machine, from 0 to 1: steps `done`, and so much of the step `now`."""
        course = {step: self._seconds(step, assumed) for step, assumed in _COURSES[job].items()}
        past = sum(course.get(step, 0) for step in set(done) - {now})
        under_way = course.get(now, 0) * percent / 100 if now in course else 0
        return min(1.0, (past + under_way) / sum(course.values()))

    def _seconds(self, step: str, assumed: float) -> float:
        seen = self.measured.get(step)
        return max(sum(seen) / len(seen), 0.1) if seen else assumed


def measured(steps: Iterable[Step]) -> Usuals:
    """How long the steps took that ended well, as a journal has them, oldest first."""
    found = Usuals()
    for row in steps:
        if row.node and row.state == "done" and row.ended is not None:
            found.add(row.step, (row.ended - row.started).total_seconds())
    return found


def clock(seconds: float) -> str:
    """So many seconds as a clock shows them: 0:05, 12:34, 1:02:03."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    head = f"{hours}:{rest // 60:02d}" if hours else f"{rest // 60}"
    return f"{head}:{rest % 60:02d}"


def minutes(seconds: float) -> str:
    """So many seconds in words that change once a minute."""
    whole = max(0, int(seconds)) // 60
    if not whole:
        return text("run.time.short")
    if whole < 60:
        return text("run.time.minutes", minutes=whole)
    return text("run.time.hours", hours=whole // 60, minutes=whole % 60)


def usual_times(journal: Journal, without: str = "") -> Usuals:
    """How long steps took in the last runs of a journal; `without` a run, whose own times come with its events. Raises
    JournalError."""
    runs = [run for run in journal.runs()[:_LOOKED_AT] if run.id != without]
    return measured(step for run in reversed(runs) for step in journal.steps(run.id))
