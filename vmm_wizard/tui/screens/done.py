"""The last page: how it ended, what was verified, how to connect; or what failed and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual import on
from textual.widget import Widget
from textual.widgets import Button, Static

from vmm_wizard.install.events import GOOD_RESULTS
from vmm_wizard.install.orders import Job
from vmm_wizard.tui.messages import QuitWanted
from vmm_wizard.tui.screens.dialogs import TextDialog
from vmm_wizard.tui.widgets.findings import FindingsList
from vmm_wizard.tui.widgets.form import PageView, Pane
from vmm_wizard.wizard import flow, pages
from vmm_wizard.wizard.finding_lines import lines_of
from vmm_wizard.wizard.run_state import RunState
from vmm_wizard.wizard.stale import since_run

#: Columns of a text in a dialog.
_DIALOG_WIDTH = 68


class Told(Pane):
    """A text in its full length: the page scrolls, and the text has the keys for that."""

    def allow_focus(self) -> bool:
        return any(isinstance(node, PageView) and node.max_scroll_y > 0 for node in self.ancestors)


class FollowUps(Told):
    """What is to be done once VMM runs."""

    help_text = "What follows the install, and the next step of each. Arrows scroll; `vmm-wizard after` tells all."


class DonePage(PageView):
    """The result in words, and the checks of a finished installation."""

    page = pages.DONE

    def body(self) -> Iterator[Widget]:
        with Told(id="result-pane"):
            yield Static("Nothing was done yet: see Run.", id="result", markup=False)
        with FollowUps(id="follow-ups"):
            yield Static(id="follow-up-lines", markup=False)
        yield FindingsList(id="done-findings")
        yield Button("Your first hour with VMM", id="first-hour", compact=True)
        yield Button("Quit", id="quit", compact=True)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#follow-ups").display = False

    def show(self, view: flow.View) -> None:
        super().show(view)
        rows = flow.findings_of(view, self.page) if view.result else ()
        installs = view.order.job in (Job.INSTALL, Job.REBUILD, Job.ADD_NODE)
        self.query_one("#first-hour").display = installs and view.result in GOOD_RESULTS
        self.query_one(".about", Static).update(since_run(view) or self.page.about)
        self.query_one(FindingsList).show(lines_of(view, rows))

    def follow(self, lines: Sequence[str]) -> None:
        """Show what follows the install; nothing: nothing is known of it."""
        pane = self.query_one("#follow-ups")
        pane.display = bool(lines)
        text = "\n".join(["What follows (vmm-wizard after FILE tells each step):", *lines])
        self.query_one("#follow-up-lines", Static).update(text)

    def tell(self, state: RunState) -> None:
        """Show how the run ended."""
        self.query_one("#result", Static).update("\n".join(state.ending()))

    @on(Button.Pressed, "#first-hour")
    def _first_hour(self, event: Button.Pressed) -> None:
        event.stop()
        from vmm_wizard.afterwards import first_hour

        lines = first_hour.lines_of(first_hour.sections(self.view.plan), _DIALOG_WIDTH)
        self.app.push_screen(TextDialog("Your first hour with VMM", "\n".join(lines)))

    @on(Button.Pressed, "#quit")
    def _quit(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(QuitWanted())
