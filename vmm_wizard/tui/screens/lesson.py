"""A lesson in the wizard: its task and hints in a dialog, and a word when it is found. Nothing without a lesson."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content

from vmm_wizard.texts import text
from vmm_wizard.tui.jobs import Jobs
from vmm_wizard.tui.messages import FindingsChosen, Looked, RunEnded
from vmm_wizard.tui.screens.dialogs import TextDialog
from vmm_wizard.tui.screens.typing import TypingScreen
from vmm_wizard.wizard.answers import Answers
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


class LessonScreen(TypingScreen):
    """The part of the one screen that a learner's lesson is told by."""

    def __init__(self, answers: Answers, jobs: Jobs) -> None:
        super().__init__(answers, jobs)
        self.learning: Learning | None = None
        self._found_told = False

    def on_mount(self) -> None:
        if self.learning is not None:
            self.call_after_refresh(self.show_lesson)

    def show_lesson(self) -> None:
        """The task, and the hints that were asked for."""
        learning = self.learning
        if learning is None:
            self.say(text("course.no_lesson"))
            return
        if learning.found:
            self._tell_found()
            return

        def one_more(answer: str | None) -> None:
            if answer == "hint":
                learning.hint()
                self.show_lesson()

        self.app.push_screen(LessonDialog(learning), one_more)

    def _tell_found(self) -> None:
        learning = self.learning
        assert learning is not None
        self._found_told = True

        def go_on(answer: str | None) -> None:
            if answer == "next" and learning.lesson.then and not self.jobs.running:
                # What was answered in a practice estate need not be saved.
                learning.next_wanted = True
                self.jobs.close()
                self.app.exit(0)

        self.app.push_screen(FoundDialog(learning), go_on)

    def _tell_news(self) -> None:
        """Say that it is found, once, and not over another dialog."""
        if self.learning is not None and self.learning.found and not self._found_told and self.app.screen is self:
            self._tell_found()

    def on_screen_resume(self) -> None:
        self._tell_news()

    # --- what happens

    @on(FindingsChosen)
    def _opened(self, event: FindingsChosen) -> None:
        if self.learning is not None and self.learning.opened(event.findings):
            self.say(text("course.opened_not_mended"))

    @on(Looked)
    def _looked_for_learner(self, event: Looked) -> None:
        if self.learning is not None:
            self.learning.looked(event.findings)
            self._tell_news()

    @on(RunEnded)
    def _ended_for_learner(self, event: RunEnded) -> None:
        if self.learning is not None:
            self.learning.ended(event.result)
            self.call_after_refresh(self._tell_news)
