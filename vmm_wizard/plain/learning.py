"""A lesson line by line: its task and hints, and a word when it is found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vmm_wizard.checks.registry import Finding
from vmm_wizard.plain.state import State
from vmm_wizard.texts import text


def _lines(rows: Iterable[tuple[str, str]]) -> list[str]:
    lines: list[str] = []
    for heading, said in rows:
        lines += ["", f"{heading}:", f"  {said}"] if heading else ["", said]
    return lines


def tell_task(state: State) -> None:
    """What the lesson wants, and the hints so far."""
    if state.learning is None:
        state.talk.say(text("course.no_lesson"))
        return
    if state.learning.found:
        state.talk.read_out([text("course.found_title"), *_lines(state.learning.ending())])
        return
    state.talk.read_out([state.learning.lesson.head, *_lines(state.learning.lines()), "", text("course.plain")])


def tell_hint(state: State) -> None:
    """One more hint."""
    if state.learning is not None:
        state.learning.hint()
    tell_task(state)


def opened(state: State, findings: Sequence[Finding]) -> None:
    """Findings were said in full."""
    if state.learning is not None:
        before = state.learning.found
        if state.learning.opened(findings):
            state.talk.say(text("course.opened_not_mended"))
        _tell_news(state, before)


def looked(state: State) -> None:
    """The estate was looked at."""
    if state.learning is not None:
        before = state.learning.found
        state.learning.looked(state.view.findings)
        _tell_news(state, before)


def ended(state: State) -> None:
    """A run has ended."""
    if state.learning is not None:
        before = state.learning.found
        state.learning.ended(state.result)
        _tell_news(state, before)


def _tell_news(state: State, before: bool) -> None:
    if state.learning is not None and state.learning.found and not before:
        tell_task(state)
