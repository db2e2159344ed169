"""Follow-ups as lines for a terminal or a page of the wizard, as Markdown, and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from vmm_wizard.afterwards.model import OPEN, FollowUp, State, Step, Who
from vmm_wizard.printable import printable_json
from vmm_wizard.texts import text

#: A sign for each state: colour alone tells nothing to many.
SIGNS: dict[State, str] = {State.DONE: "+", State.TO_DO: "!", State.UNKNOWN: "?", State.NOT_NEEDED: "-"}


def called(who: Who) -> str:
    """What whoever does a step is called."""
    return text(f"afterwards.told.who.{who.value}")


def state_words(state: State) -> str:
    """A state for a reader."""
    return text(f"afterwards.told.state.{state.name.lower()}")


def sentence(rows: Iterable[FollowUp]) -> str:
    """How many follow-ups are in each state."""
    counts = Counter(row.state for row in rows)
    return ", ".join(f"{counts[state]} {state_words(state)}" for state in State if counts[state])


def lines_of(rows: Sequence[FollowUp], width: int = 80, everything: bool = False) -> list[str]:
    """What is open in full, with the commands on lines by themselves, which are never broken; the rest in one line
    each. `>` stands before the next step. `everything`: all steps of all of them. The last line counts."""
    lines: list[str] = []
    for row in rows:
        lines.append(f"{SIGNS[row.state]} {state_words(row.state):<10} {row.title} ({row.code})")
        if row.state in OPEN or everything:
            lines += [
                *_wrapped(row.why, "    ", width),
                *_wrapped(text("afterwards.told.read", evidence=row.evidence), "    ", width),
            ]
            lines += [line for step in _steps(row, everything) for line in _of_step(row, step, width)]
            lines.append("")
    return [*lines, sentence(rows)]


def brief(rows: Sequence[FollowUp], width: int = 80) -> list[str]:
    """One line for each follow-up, and below what is open its next step and whose it is: for the end of an install."""
    lines: list[str] = []
    for row in rows:
        lines.append(f"{SIGNS[row.state]} {state_words(row.state):<10} {row.title}")
        if row.next is not None:
            lines += _wrapped(text("afterwards.told.next", step=row.next.text, who=called(row.next.who)), "    ", width)
    return [*lines, sentence(rows)]


def _steps(row: FollowUp, everything: bool) -> Iterator[Step]:
    return (step for step in row.steps if everything or step.state in OPEN)


def _of_step(row: FollowUp, step: Step, width: int) -> Iterator[str]:
    number = row.steps.index(step) + 1
    line = f"{number}. {SIGNS[step.state]} {step.text} [{called(step.who)}]"
    yield from _wrapped(line, "  > " if step is row.next else "    ", width, "       ")
    if step.state not in OPEN:
        return
    if step.asked:
        yield from _wrapped(text("afterwards.told.already", asked=step.asked), "       ", width)
    if step.where:
        yield from _wrapped(f"{step.where}:" if step.command else step.where, "       ", width)
    yield from (f"         {line}" for line in step.command.splitlines())
    if step.verify:
        yield from _wrapped(text("afterwards.told.seen", what=step.verify), "       ", width)


def _wrapped(line: str, indent: str, width: int, later: str = "") -> list[str]:
    return textwrap.wrap(
        line,
        width,
        initial_indent=indent,
        subsequent_indent=later or indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def as_markdown(rows: Sequence[FollowUp], heading: str) -> str:
    """All follow-ups with all steps, as a page to keep or to work through."""
    lines = [f"# {heading}", "", f"{sentence(rows)[:1].upper()}{sentence(rows)[1:]}.", ""]
    for row in rows:
        lines += [
            f"## {row.title}: {state_words(row.state)}",
            "",
            row.why,
            "",
            text("afterwards.told.read_page", evidence=row.evidence),
            "",
        ]
        for number, step in enumerate(row.steps, 1):
            mark = "x" if step.state is State.DONE else " "
            lines.append(f"{number}. [{mark}] {step.text} ({called(step.who)}; {state_words(step.state)})")
            if step.asked:
                lines += ["", f"   {text('afterwards.told.already', asked=step.asked)}"]
            if step.where:
                lines += ["", f"   {step.where}:" if step.command else f"   {step.where}"]
            if step.command:
                lines += ["", "   ```", *(f"   {line}" for line in step.command.splitlines()), "   ```"]
            if step.verify:
                lines += ["", f"   {text('afterwards.told.seen', what=step.verify)}"]
            lines.append("")
    return "\n".join(lines)


def as_json(rows: Sequence[FollowUp], installed: bool) -> str:
    """The follow-ups as one JSON document; `installed`: whether the planned role is there at all."""
    counts = Counter(row.state for row in rows)
    document = {
        "installed": installed,
        "summary": {state.value: counts[state] for state in State},
        "follow_ups": [row.as_json() for row in rows],
    }
    return printable_json(json.dumps(document, indent=2, ensure_ascii=False))
