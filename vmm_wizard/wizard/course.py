"""A lesson: what to find in an estate with a fault, hints when stuck, and when it counts as found. Pure, no lab.

The wizard is handed a `Learning` by whoever opens it; where there is none, nothing here happens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from vmm_wizard.checks.explain import explain
from vmm_wizard.checks.registry import OPEN, Finding, Status
from vmm_wizard.texts import has, text
from vmm_wizard.wizard.flow import page_of_check


class Goal(StrEnum):
    """When a lesson is done: the finding was opened in full, or is gone, or a run has ended as it does here."""

    OPEN = "open"
    MEND = "mend"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in the estate: `check` and, where there are several, `subject` of its finding; `ends`: how a run
    ends there. `title` and `story` are told at the end."""

    title: str
    story: str
    check: str = ""
    subject: str = ""
    is_warning: bool = False
    ends: str = ""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson. `title` and `task` give nothing away; `hints` come one by one; `then` is the lesson after it."""

    number: int
    count: int
    title: str
    task: str
    hints: tuple[str, ...]
    goal: Goal
    fault: Fault
    why: str = ""
    then: str = ""

    @property
    def head(self) -> str:
        return text("course.head", number=self.number, count=self.count, title=self.title)


def lesson_of(
    name: str, title: str, fault: Fault, *, number: int, count: int, mend: bool = False, then: str = ""
) -> Lesson:
    """The lesson of a scenario: in the words of the catalogue where it has them, else made from the check.

    `title`: what it is called before it was found.
    """
    goal = Goal.RUN if fault.ends else Goal.MEND if mend else Goal.OPEN
    told = has(f"lessons.{name}.task")
    if told:
        hints = tuple(text(f"lessons.{name}.hint{place}") for place in (1, 2, 3))
    else:
        hints = _hints_of_run(fault) if goal is Goal.RUN else _hints_of_check(fault)
    kind = "warn" if goal is Goal.OPEN and fault.is_warning else goal.value
    return Lesson(
        number,
        count,
        title,
        text(f"lessons.{name}.task") if told else text(f"course.task.{kind}"),
        hints,
        goal,
        fault,
        text(f"lessons.{name}.why") if has(f"lessons.{name}.why") else "",
        then,
    )


def title_of(name: str, chapter: str, within: int) -> str:
    """What a lesson is called before it was found: a title of its own, else its chapter's with its place there."""
    if has(f"lessons.{name}.title"):
        return text(f"lessons.{name}.title")
    return text("course.unnamed", chapter=text(f"course.chapter.{chapter}"), within=within)


def _hints_of_check(fault: Fault) -> tuple[str, ...]:
    subject = f" ({fault.subject})" if fault.subject else ""
    return (
        text("course.generic.page", page=page_of_check(fault.check).name),
        text("course.generic.check", title=explain(fault.check).title),
        text("course.generic.line", id=fault.check, subject=subject),
    )


def _hints_of_run(fault: Fault) -> tuple[str, ...]:
    ends = text(f"course.ends.{fault.ends}")
    return text("course.generic.start"), text("course.generic.watch"), text("course.generic.end", ends=ends)


@dataclass
class Learning:
    """How far the learner is in a lesson. `on_found` is called once, when it is done.

    `next_wanted`: the wizard was left for the next lesson.
    """

    lesson: Lesson
    on_found: Callable[[], object] = lambda: None
    given: int = 0
    found: bool = False
    next_wanted: bool = False
    _seen: bool = field(default=False, init=False)

    # --- what is told

    def lines(self) -> tuple[tuple[str, str], ...]:
        """(heading, text): the task, when it is done, and the hints asked for so far. Headings may be empty."""
        goal = text(f"course.goal.{self.lesson.goal.value}")
        hints = (
            ("", text("course.hint", number=place, hint=self.lesson.hints[place - 1]))
            for place in range(1, self.given + 1)
        )
        return (("", f"{self.lesson.task} {goal}"), *hints)

    @property
    def left(self) -> int:
        """Hints that were not asked for yet."""
        return len(self.lesson.hints) - self.given

    def hint(self) -> None:
        """Have one more hint, if there is one."""
        self.given = min(self.given + 1, len(self.lesson.hints))

    def ending(self) -> tuple[tuple[str, str], ...]:
        """(heading, text) for the end: what it was, why it matters, how it is mended, and what comes next."""
        fault, why = self.lesson.fault, self.lesson.why
        rows = [(text("course.end.was"), f"{fault.title}. {' '.join(fault.story.split())}")]
        if fault.check:
            told = explain(fault.check)
            rows += [
                (text("course.end.why"), why or told.why),
                (text("course.end.otherwise"), told.otherwise),
                (text("course.end.mend"), told.mend),
            ]
        elif why:
            rows.append((text("course.end.why"), why))
        return (*rows, (text("course.end.next"), self.lesson.then or text("course.last")))

    # --- what happens

    def opened(self, findings: Sequence[Finding]) -> bool:
        """Findings were opened in full. Gives back whether that was it and mending it is still to come."""
        if self.found or not any(self._is_it(row) for row in findings):
            return False
        if self.lesson.goal is Goal.OPEN:
            self._done()
        return self.lesson.goal is Goal.MEND

    def looked(self, findings: Sequence[Finding]) -> None:
        """The estate was looked at. A lesson of mending is done when what was wrong there once is good."""
        mine = [row for row in findings if row.id == self.lesson.fault.check]
        if any(self._is_it(row) for row in mine):
            self._seen = True
        good = any(row.status is Status.PASS for row in mine) and not any(row.status in OPEN for row in mine)
        if self._seen and good and self.lesson.goal is Goal.MEND:
            self._done()

    def ended(self, result: str) -> None:
        """A run has ended, with this result."""
        if self.lesson.goal is Goal.RUN and result == self.lesson.fault.ends:
            self._done()

    def _is_it(self, row: Finding) -> bool:
        fault = self.lesson.fault
        wanted = row.id == fault.check and (not fault.subject or row.subject == fault.subject)
        return wanted and row.status is (Status.WARN if fault.is_warning else Status.FAIL)

    def _done(self) -> None:
        if not self.found:
            self.found = True
            self.on_found()
