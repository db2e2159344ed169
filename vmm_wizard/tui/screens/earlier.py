"""What the wizard's screen does with runs that it did not begin: lists them, follows one, or goes on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on

from vmm_wizard.texts import text
from vmm_wizard.tui.asking import ask
from vmm_wizard.tui.messages import RunsFound
from vmm_wizard.tui.screens.running import RunScreen
from vmm_wizard.wizard import pages

if TYPE_CHECKING:
    from vmm_wizard.wizard.unfinished import Unfinished


class EarlierScreen(RunScreen):
    """The part of the one screen that takes up earlier runs, and those of other processes."""

    #: Runs that were found while a dialog was open: they are offered when it is closed.
    _held_runs: RunsFound | None = None

    def on_screen_resume(self) -> None:
        if self._held_runs is not None:
            self.call_after_refresh(self._offer_held_runs)

    def _offer_held_runs(self) -> None:
        if self._held_runs is not None and self.app.screen is self:
            held, self._held_runs = self._held_runs, None
            self.post_message(held)

    def list_runs(self) -> None:
        """Show the runs that never ended, to follow one or to go on with it."""
        if self.jobs.running:
            self.say(text("unfinished.busy"))
        else:
            self.jobs.find_runs(asked=True)

    @on(RunsFound)
    def _runs_found(self, event: RunsFound) -> None:
        event.stop()
        if self.jobs.running:
            return
        if self.app.screen is not self:
            # Something else is offered, or told: these come after it.
            self._held_runs = None if event.asked else event
            return
        if not event.rows:
            self.say(text("unfinished.none"))
        elif len(event.rows) == 1:
            self._offer(event.rows[0])
        else:
            self._list(event.rows)

    def _list(self, rows: tuple[Unfinished, ...]) -> None:
        answers = [(str(place), row.line) for place, row in enumerate(rows)]

        def chosen(answer: str | None) -> None:
            if answer:
                self._offer(rows[int(answer)])

        ask(self.app, text("unfinished.many"), text("unfinished.which"), answers, chosen)

    def _offer(self, row: Unfinished) -> None:
        what = ("watch", text("unfinished.follow")) if row.working else ("take", text("unfinished.go_on"))
        answers = (what, ("", text("unfinished.leave")))

        async def chosen(answer: str | None) -> None:
            if answer and row.plan != self.answers.plan and self.answers.unsaved:
                # They would be replaced by those of the run.
                self.say(text("unfinished.unsaved"))
            elif answer:
                await self._take_up(row, watch=answer == "watch")

        ask(self.app, text("unfinished.title"), "\n\n".join(row.sentences), answers, chosen)

    async def _take_up(self, row: Unfinished, *, watch: bool) -> None:
        """Make the answers those of the run, and follow it or get ready to go on with it."""
        from vmm_wizard.wizard.run_state import RunState

        self.answers.take(row.plan, row.run.order)
        await self.answers_replaced()
        await self.show_page(pages.RUN)
        if watch:
            self.begin(RunState(row.plan, row.run.order))
            self.jobs.attach(row.run, row.plan)
            self.show_run()
        else:
            self.look()
            self.say(text("unfinished.ready"))
