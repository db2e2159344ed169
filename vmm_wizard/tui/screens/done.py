"""The last page: how it ended, what was verified, how to connect; or what failed and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.widget import Widget
from textual.widgets import Button, Static

from vmm_wizard.install.orders import Job
from vmm_wizard.install.results import GOOD_RESULTS
from vmm_wizard.texts import text
from vmm_wizard.tui.messages import QuitWanted, SentenceSaid
from vmm_wizard.tui.screens.dialogs import TextDialog
from vmm_wizard.tui.sharing import Sharing
from vmm_wizard.tui.widgets.button import LineButton
from vmm_wizard.tui.widgets.findings import FindingsList
from vmm_wizard.tui.widgets.form import PageView, Pane
from vmm_wizard.wizard import flow, pages
from vmm_wizard.wizard.finding_lines import lines_of
from vmm_wizard.wizard.help import DONE_PAGE
from vmm_wizard.wizard.run_state import RunState
from vmm_wizard.wizard.sharing import Shared, follow_ups_of
from vmm_wizard.wizard.stale import since_run

if TYPE_CHECKING:
    from vmm_wizard.afterwards.model import FollowUp

#: Columns of a text in a dialog.
_DIALOG_WIDTH = 68


class Told(Pane):
    """A text in its full length: the page scrolls, and the text has the keys for that."""

    help_subject = DONE_PAGE

    def allow_focus(self) -> bool:
        return any(isinstance(node, PageView) and node.max_scroll_y > 0 for node in self.ancestors)


class FollowUps(Told):
    """What is to be done once VMM runs."""

    help_text = text("done.help")


class DonePage(PageView, Sharing):
    """The result in words, and the checks of a finished installation."""

    page = pages.DONE
    follow_up_rows: tuple[FollowUp, ...] = ()
    says_in_a_line = True
    help_text = text("done.page_help")
    help_subject = DONE_PAGE

    def body(self) -> Iterator[Widget]:
        with Told(id="result-pane"):
            yield Static(text("done.nothing"), id="result", markup=False)
        with FollowUps(id="follow-ups"):
            yield Static(id="follow-up-lines", markup=False)
        yield FindingsList(id="done-findings")
        yield LineButton(text("see.follow_ups.button"), id="all-follow-ups")
        yield LineButton(text("done.first_hour"), id="first-hour")
        yield LineButton(text("done.quit"), id="quit")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#follow-ups").display = False
        self.query_one("#all-follow-ups").display = False

    def show(self, view: flow.View) -> None:
        super().show(view)
        rows = flow.findings_of(view, self.page) if view.result else ()
        installs = view.order.job in (Job.INSTALL, Job.REBUILD, Job.ADD_NODE)
        self.query_one("#first-hour").display = installs and view.result in GOOD_RESULTS
        self.query_one(".about", Static).update(since_run(view) or self.page.about)
        self.query_one(FindingsList).show(lines_of(view, rows))

    def follow(self, lines: Sequence[str], rows: Sequence[FollowUp] = ()) -> None:
        """Show what follows the install; nothing: nothing is known of it."""
        self.follow_up_rows = tuple(rows)
        self.query_one("#all-follow-ups").display = bool(rows)
        pane = self.query_one("#follow-ups")
        pane.display = bool(lines)
        said = "\n".join([text("done.follows"), *lines])
        self.query_one("#follow-up-lines", Static).update(said)

    def tell(self, state: RunState) -> None:
        """Show how the run ended."""
        self.query_one("#result", Static).update("\n".join(state.ending()))

    @on(Button.Pressed, "#first-hour")
    def _first_hour(self, event: Button.Pressed) -> None:
        event.stop()
        from vmm_wizard.afterwards import first_hour

        lines = first_hour.lines_of(first_hour.sections(self.view.plan), _DIALOG_WIDTH)
        said = "\n".join(lines)
        shared = Shared(text("see.share.first_hour"), said, "first-hour.txt")
        self.app.push_screen(TextDialog(text("done.first_hour"), said, shared))

    @on(Button.Pressed, "#all-follow-ups")
    def _all_follow_ups(self, event: Button.Pressed) -> None:
        event.stop()
        from vmm_wizard.afterwards.told import lines_of as told_in_full

        lines = told_in_full(self.follow_up_rows, _DIALOG_WIDTH)
        self.app.push_screen(TextDialog(text("see.follow_ups.title"), "\n".join(lines), self.to_share()))

    def to_share(self) -> Shared | None:
        """The commands of what follows."""
        return follow_ups_of(self.follow_up_rows)

    def told(self, said: str) -> None:
        self.post_message(SentenceSaid(said))

    @on(Button.Pressed, "#quit")
    def _quit(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(QuitWanted())
