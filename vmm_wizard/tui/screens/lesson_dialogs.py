"""The dialogs of a lesson: its task with the hints so far, and what it was."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from vmm_wizard.texts import text
from vmm_wizard.tui.screens.dialogs import TextDialog
from vmm_wizard.wizard.course import Learning


def _content(rows: Iterable[tuple[str, str]]) -> Content:
    """Headings in bold, an empty row after each text."""
    parts: list[Content] = []
    for heading, said in rows:
        parts += [*([Content.styled(heading, "bold")] if heading else []), Content(f"{said}\n")]
    return Content("\n").join(parts)


class LessonDialog(TextDialog):
    """The task and the hints so far; returns `hint` when one more is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "dismiss('hint')", "Hint"),
        Binding("f8,alt+l", "dismiss", "Back"),
    ]

    def __init__(self, learning: Learning) -> None:
        super().__init__(learning.lesson.head, _content((*learning.lines(), ("", text("course.keys")))))
        left = learning.left
        self.hint = text("course.more_hints", left=left) if left else text("course.no_more_hints")


class FoundDialog(TextDialog):
    """What it was; returns `next` when the next lesson is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("n", "dismiss('next')", "Next")]

    def __init__(self, learning: Learning) -> None:
        super().__init__(text("course.found_title"), _content(learning.ending()))
        self.hint = text("course.go_on") if learning.lesson.then else text("course.stay")
