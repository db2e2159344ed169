"""The page of the run: what stands in the way, the phase of each node, the log, and a button to start or stop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual import on
from textual.widget import Widget
from textual.widgets import Button, Log, Static

from vmm_wizard.tui.messages import StartWanted, StopWanted
from vmm_wizard.tui.widgets.form import PageView, Pane
from vmm_wizard.wizard import flow, pages
from vmm_wizard.wizard.run_state import RunState
from vmm_wizard.wizard.run_words import before, words
from vmm_wizard.wizard.stale import since_run

#: Lines of the log that are kept on the screen; SetupWizard.log on the node has all.
LOG_LINES = 2000


class RunLog(Log):
    """The log of the run; arrows scroll it while it has the focus."""

    help_text = "SetupWizard.log and the steps, as they come. Arrows scroll; End follows again."
    help_subject = "thing:run-log"


class RunPage(PageView):
    """Start, follow and stop a run."""

    page = pages.RUN

    def body(self) -> Iterator[Widget]:
        with Pane(id="run-pane"):
            yield Static(id="run-state", markup=False)
        yield Button(words(self.view.order.job).start, id="start", compact=True)
        yield RunLog(max_lines=LOG_LINES, id="log")

    def show(self, view: flow.View) -> None:
        super().show(view)
        begun = view.running or bool(view.result)
        self.query_one("#log").display = begun
        earlier = since_run(view)
        about = self.query_one(".about", Static)
        about.update(earlier or self.page.about)
        about.display = not begun or bool(earlier)
        button = self.query_one("#start", Button)
        button.label = "Stop" if view.running else "Start again" if view.result else words(view.order.job).start
        # A new label does not make the button as wide as it is: it would stand in the room of the old one.
        button.refresh(layout=True)
        if not view.running and not view.result:
            self.query_one("#run-state", Static).update(before(view))

    def tell(self, state: RunState, lines: Sequence[str]) -> None:
        """Show how far the run is, and more of its log."""
        self.query_one("#run-state", Static).update("\n".join(state.lines()))
        if lines:
            self.query_one(RunLog).write_lines(lines)

    def clear(self) -> None:
        """A new run begins."""
        self.query_one(RunLog).clear()

    @on(Button.Pressed, "#start")
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(StopWanted() if self.view.running else StartWanted())
