"""One machine of a run as it is shown: which step it is at, how far, since when, and what is usual. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from vmm_wizard.install.events import Progress, StepChanged, StepState
from vmm_wizard.texts import text
from vmm_wizard.wizard.run_times import SETUP_STEPS, Usuals, minutes

_BAR = 12
#: The steps that have words of their own.
_STEPS = frozenset(
    (
        *("preflight", "stage", "start", "by hand", "setup", "uninstall", "console"),
        *("prepare", "report", "move", "restart", "end", "clear", "verify"),
    )
)
#: Steps that belong to what came before: they do not say how far a machine is.
_ASIDE = frozenset({"clear", "restart", "end"})
#: A usual time is told of a step that takes as long as this, in seconds, and of setup always.
_WORTH_TELLING = 60.0


def word_of(step: str) -> str:
    """A step in words."""
    return text(f"run.step.{step.replace(' ', '_')}") if step in _STEPS else step


@dataclass
class NodeState:
    """How far a machine is. `percent` is setup's own; `good`: verified, or there already.

    `step` is what it is at in words, `at` the step by its name, `state` how that stands (None: nothing was begun).
    Times are those of the run's events, None where nobody told.
    """

    name: str
    step: str = field(default_factory=lambda: text("run.machine.waiting"))
    at: str = ""
    state: StepState | None = None
    percent: int = 0
    text: str = ""
    good: bool = False
    failed: bool = False
    done: list[str] = field(default_factory=list)
    since: datetime | None = None
    until: datetime | None = None
    step_since: datetime | None = None
    _begins: dict[str, datetime] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Its name without the domain."""
        return self.name.partition(".")[0]

    @property
    def is_running_setup(self) -> bool:
        """Whether setup.exe runs there now."""
        return self.state is StepState.STARTED and self.at in SETUP_STEPS

    def progress(self, event: Progress) -> None:
        """Setup has come as far as that."""
        self.percent, self.text = event.percent, event.text

    def take(self, event: StepChanged, at: datetime | None, well: str) -> float | None:
        """A step has begun or ended; `well` says what a verified machine is. Gives how many seconds a step took that
        has ended well, where that is known."""
        if event.step == "stage" and event.state is StepState.STARTED:
            # Another attempt: what was before it says nothing of how far this one is, and how long it takes.
            self._begins.clear()
            self.percent = 0
        self.at, self.state = event.step, event.state
        self.since = self.since or at
        self.until = None
        took = None
        word = word_of(event.step)
        match event.state:
            case StepState.STARTED:
                # Said again by a call that takes the step up: it began when it was said first.
                begun = self._begins.setdefault(event.step, at) if at else None
                self.step_since = begun
                self.step, self.failed, self.text = word, False, ""
            case StepState.FAILED:
                self.step, self.failed, self.text = text("run.machine.failed", step=word), True, event.text
                self.until = at
            case StepState.SKIPPED if event.step in SETUP_STEPS or event.step == "prepare":
                self.step = text("run.machine.already") if event.step == "setup" else text("run.machine.nothing")
                self.end_well(at)
            case StepState.DONE if event.step == "verify":
                self.step = well
                self.end_well(at)
            case _:
                begun = self._begins.pop(event.step, None)
                if begun and at and event.state is StepState.DONE:
                    took = (at - begun).total_seconds()
                self.step = text("run.machine.done", step=word)
        if event.state in (StepState.DONE, StepState.SKIPPED) and event.step not in (*self.done, *_ASIDE):
            self.done.append(event.step)
        return took

    def end_well(self, at: datetime | None) -> None:
        """All is done there."""
        self.good, self.percent, self.text, self.until = True, 100, "", at

    def lines(self, now: datetime | None, usuals: Usuals, width: int, room: int = 0) -> list[str]:
        """Sign, name, bar and step; below, while something is done there, the phase, for how long, and what is usual.
        `width` is that of the longest name; a step that does not fit into `room` columns (0: any) stands below."""
        full = self.percent * _BAR // 100
        sign = "+" if self.good else "X" if self.failed else " " if self.state is None else ">"
        bar = f"[{'#' * full}{'-' * (_BAR - full)}] {self.percent:3d}%"
        head = f"{sign} {self.label:<{width}} {bar}"
        fits = not room or len(head) + 1 + len(self.step) <= room
        rows = [f"{head} {self.step}" if fits else head]
        below = ["" if fits else self.step, self.text, self._times(now, usuals)]
        return [*rows, *(f"  {row}" for row in below if row)]

    def _times(self, now: datetime | None, usuals: Usuals) -> str:
        if self.since is None or now is None or self.failed:
            return ""
        if self.good:
            return text("run.time.took", time=minutes(((self.until or now) - self.since).total_seconds()))
        if self.state is not StepState.STARTED:
            return ""
        so_far = minutes((now - (self.step_since or self.since)).total_seconds())
        usual = usuals.of(self.at)
        if usual is None or (usual.high < _WORTH_TELLING and self.at not in SETUP_STEPS):
            return text("run.time.since", time=so_far)
        return text("run.time.since_usual", time=so_far, usual=usual)
