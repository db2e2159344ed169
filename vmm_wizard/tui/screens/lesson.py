"""A lesson in the wizard: its task and hints in a dialog, and a word when it is found. Nothing without a lesson."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on

from vmm_wizard.texts import text
from vmm_wizard.tui.jobs import Jobs
from vmm_wizard.tui.messages import FindingsChosen, Looked, RunEnded
from vmm_wizard.tui.screens.typing import TypingScreen
from vmm_wizard.wizard.answers import Answers

if TYPE_CHECKING:
    from vmm_wizard.wizard.course import Learning


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
        from vmm_wizard.tui.screens.lesson_dialogs import LessonDialog

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
        from vmm_wizard.tui.screens.lesson_dialogs import FoundDialog

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
