"""How the wizard's screen begins on a file of answers: at the first page that is still open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on

from vmm_wizard.texts import text
from vmm_wizard.tui.messages import Looked
from vmm_wizard.tui.screens.earlier import EarlierScreen
from vmm_wizard.wizard import flow

if TYPE_CHECKING:
    from vmm_wizard.plan.model import Plan
    from vmm_wizard.wizard.pages import Page


class OpeningScreen(EarlierScreen):
    """The part of the one screen that turns to the page where somebody goes on."""

    #: Whether a key was pressed since the wizard opened.
    has_begun = False
    #: Where somebody is who has opened a file in which all is answered, until it is known whether anything fails.
    _waits_at: tuple[Page, Plan] | None = None

    async def begin_at_open(self) -> None:
        """Of a file that was opened, or answers that were taken up: turn to the first page that is still open.

        Where none is, it is waited for what the checks say, as long as nobody does anything.
        """
        if not self.jobs.practice and not self.jobs.running and not await self._turn_to_open():
            self._waits_at = (self.page, self.answers.plan)

    async def _turn_to_open(self) -> bool:
        """Turn to the first page that is still open, and say so; whether there is one."""
        view = self.view
        page = flow.first_open(view)
        if page is None:
            return False
        if page is not self.page:
            await self.show_page(page)
        sign, word = flow.mark_of(view, page).value
        self.say(text("steps.begins", page=page.name, sign=sign, word=word))
        return True

    @on(Looked)
    async def _looked_for_the_beginning(self, event: Looked) -> None:
        if self._waits_at is None or event.waiting:
            return
        before, self._waits_at = self._waits_at, None
        if not self.has_begun and before == (self.page, self.answers.plan) and self.app.screen is self:
            await self._turn_to_open()
