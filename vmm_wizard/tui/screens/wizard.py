"""The one screen: steps beside the page, help and status below; takes what is typed and shows what is known."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.widgets import Button, Static

from vmm_wizard.printable import printable
from vmm_wizard.texts import text
from vmm_wizard.tui.jobs import Jobs
from vmm_wizard.tui.messages import LookBroke, Looked, PageWanted
from vmm_wizard.tui.screens.help import PANEL
from vmm_wizard.tui.screens.job import JobPage
from vmm_wizard.tui.screens.lesson import LessonScreen
from vmm_wizard.tui.screens.seeing import SeeingScreen
from vmm_wizard.tui.starting import after_the_first_paint
from vmm_wizard.tui.widgets.button import LineButton
from vmm_wizard.tui.widgets.form import PageView
from vmm_wizard.tui.widgets.keys import KeysFooter
from vmm_wizard.tui.widgets.steps import Steps
from vmm_wizard.wizard import flow, pages
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.asked import asked_now

if TYPE_CHECKING:
    from vmm_wizard.checks.registry import Finding

#: Seconds between two looks for the fields of a new page.
FIELD_REST = 0.02
#: Columns of the buttons in the line below.
BUTTONS = 22
#: Columns from which the list of steps fits beside the page.
WIDE = 72


class WizardScreen(SeeingScreen, LessonScreen):
    """All pages, one at a time; each is made when it is first shown."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide"), (PANEL, "-panel")]  # noqa: RUF012 - as Textual declares it

    def __init__(self, answers: Answers, jobs: Jobs) -> None:
        super().__init__(answers, jobs)
        self.status = ""
        #: What was found out, of which answers.
        self._findings: flow.View = flow.View()
        self._looked_at = answers.plan
        self._turning = asyncio.Lock()
        #: Not set from when a page is turned to until its first field has the focus: keys wait for that.
        self.settled_down = asyncio.Event()
        self.settled_down.set()

    # --- what is known

    @property
    def view(self) -> flow.View:
        """What the wizard knows now."""
        plan = self.answers.plan
        accounts = {flow.account_at(plan, key) for page in pages.BY_ID.values() for key in page.passwords} - {""}
        by_key = {account.key: account for account in plan.accounts}
        given = frozenset(key for key in accounts if key in by_key and by_key[key] in self.jobs.secrets)
        return flow.View(
            plan,
            dict(self.answers.wrong),
            self._findings.findings,
            self._findings.waiting,
            given,
            self.jobs.running,
            self.result,
            self.found,
            self.answers.order,
            stale=self._findings.stale,
            before=self._findings.before,
            ran=self.run_state.plan if self.run_state else None,
            facts=self._findings.facts,
            asked=self.asked,
        )

    def compose(self) -> ComposeResult:
        with Horizontal(id="main"):
            yield Steps(self.view, self.page, id="steps")
            with Vertical(id="pages"):
                yield _view_class(self.page)(self.answers, self.view)
        yield Static(id="help", markup=False)
        with Horizontal(id="bar"):
            yield LineButton("Back", id="back")
            yield LineButton("Next", id="next")
            yield Static(id="status", markup=False)
        yield KeysFooter(compact=True)

    def on_mount(self) -> None:
        self.jobs.tell(self.post_message)
        self.call_after_refresh(after_the_first_paint, self.app)
        self.call_after_refresh(self.look)
        self.call_after_refresh(self.jobs.find_runs)
        if self.answers.is_opened:
            self.call_after_refresh(self.begin_at_open)

    def look(self, *, fresh: bool = False) -> None:
        """Have everything asked that the plan raises; not while a run does so itself."""
        if not self.jobs.running:
            plan = self.answers.plan
            old = frozenset[str]()
            # Not at the first look: nothing was said before that could be old, and all checks would be loaded here.
            if fresh or plan != self._looked_at:
                from vmm_wizard.wizard import stale

                old = stale.all_stale() if fresh else stale.stale_checks(self._looked_at, plan)
            self._findings, self._looked_at = replace(self._findings, stale=self._findings.stale | old), plan
            self.jobs.look(plan, self.answers.order.job, fresh=fresh)
            self.look_around(fresh=fresh)

    # --- what is found out

    @on(Looked)
    def _looked(self, event: Looked) -> None:
        event.stop()
        if not self.jobs.running:
            from vmm_wizard.wizard import stale

            before = stale.remembered(self._findings, event.findings, event.waiting)
            self._findings = flow.View(findings=event.findings, waiting=event.waiting, before=before, facts=event.facts)
            self.refresh_view()

    @on(LookBroke)
    def _look_broke(self, event: LookBroke) -> None:
        from vmm_wizard.wizard.stale import not_asked

        event.stop()
        if not self.jobs.running:
            known = self._findings
            rows = not_asked(known.findings, known.stale, event.why)
            self._findings = flow.View(findings=rows, facts=known.facts)
            self.say(text("steps.broke", why=event.why))

    def refresh_view(self) -> None:
        """Paint what is known: the steps, the page in front, the line below. Nothing while the screen is taken down."""
        steps = self.query_one_optional(Steps)
        if steps is None or not steps.is_attached:
            return
        view = self.view
        steps.show(view, self.page, narrow=self.size.width < WIDE)
        front = self._front()
        if front is not None and front.ready:
            front.show(view)
        text = printable(self.status) or asked_now(view.waiting, self.size.width - BUTTONS)
        status = self.query_one("#status", Static)
        if status.content != text:
            status.update(text)
        self.show_watchers(view, text)

    def say(self, text: str) -> None:
        """Show a sentence in the line below until something else is to be said."""
        self.status = text
        self.refresh_view()

    def on_resize(self, event: Resize) -> None:
        self.query_one(Steps).show(self.view, self.page, narrow=event.size.width < WIDE)

    # --- pages

    def _made(self, page: pages.Page) -> PageView | None:
        return next((made for made in self.made() if made.page is page), None)

    def _front(self) -> PageView | None:
        return self._made(self.page)

    async def show_page(self, page: pages.Page, key: str = "") -> None:
        """Put `page` in front, its first field ready; or the field of the answer `key`."""
        async with self._turning:
            self.leave()
            await self._turn_to(page, key)

    async def _turn_to(self, page: pages.Page, key: str) -> None:
        self.settled_down.clear()
        # Painted when the new page is there, not bit by bit.
        with self.app.batch_update():
            before = self._front()
            shown = self._made(page)
            if before is not None:
                before.display = False
            if shown is None:
                shown = _view_class(page)(self.answers, self.view)
                await self.query_one("#pages").mount(shown)
                if self.run_state is not None:
                    shown.tell(self.run_state)
                shown.follow(self.follow_ups, self.follow_up_rows)
            self.page = page
            # A key may have come before the first page was there to be hidden.
            for other in self.made():
                other.display = other is shown
            shown.scroll_home(animate=False)
            self.status = ""
            self.refresh_view()
            self.look_around()
        self.call_after_refresh(self._focus_first, shown, key)

    def _focus_first(self, page: PageView, key: str = "", patience: int = 200) -> None:
        """The first thing on the page that takes keys, or the field of the answer `key`; else the button that goes on.

        A new page's fields may not be there yet on a slow machine: they are waited for, some seconds at most.
        """
        if self._front() is not page:
            return
        chain = [widget for widget in self.focus_chain if page in widget.ancestors]
        wanted = next((widget for widget in chain if (row := self._field_of(widget)) and row.key == key), None)
        first = wanted or next(iter(chain), None)
        # The list of findings can be there before the fields above it.
        is_field = first is not None and any((node.id or "").startswith("field-") for node in first.ancestors)
        is_there = wanted is not None if key else is_field
        if page.page.keys and not is_there and patience:
            self.set_timer(FIELD_REST, partial(self._focus_first, page, key, patience - 1))
        else:
            self.set_focus(first or self.query_one("#next"), scroll_visible=wanted is not None)
            self.settled_down.set()

    def leave(self) -> None:
        """Take what is typed on the page in front."""
        front = self._front()
        if front is not None:
            front.commit()
        self.settle(leaving=True)

    @on(Button.Pressed, "#next")
    async def next_page(self) -> None:
        """The page after this one."""
        self.settle()
        await self.show_page(flow.next_page(self.page, self.answers.order.job))

    @on(Button.Pressed, "#back")
    async def previous_page(self) -> None:
        """The page before this one."""
        self.settle()
        await self.show_page(flow.previous_page(self.page, self.answers.order.job))

    @on(PageWanted)
    async def _page_wanted(self, event: PageWanted) -> None:
        event.stop()
        await self.show_page(pages.BY_ID[event.page])

    def walk_steps(self) -> bool:
        """Give the keys to the list of steps; False where the screen is too narrow for it."""
        if self.size.width < WIDE:
            return False
        self.query_one(Steps).walk()
        return True

    # --- the run

    async def answers_replaced(self) -> None:
        await self.query(PageView).remove()
        self._findings = flow.View()

    def take_findings(self, findings: tuple[Finding, ...]) -> None:
        self._findings = flow.View(findings=findings, facts=self._findings.facts)


def _view_class(page: pages.Page) -> type[PageView]:
    """What shows a page."""
    if page is pages.JOB:
        return JobPage
    from vmm_wizard.tui.screens.views import VIEWS

    return VIEWS[page.id]
