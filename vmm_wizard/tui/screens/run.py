"""The page of the run: what stands in the way, how far all and each machine is, the log, and what can be done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Button, Static

from vmm_wizard.texts import text
from vmm_wizard.tui.messages import LeaveWanted, SeeWanted, StartWanted, StopWanted
from vmm_wizard.tui.widgets.button import LineButton
from vmm_wizard.tui.widgets.form import PageView, Pane
from vmm_wizard.tui.widgets.picture import Picture
from vmm_wizard.tui.widgets.run_log import LogPanel, RunLog
from vmm_wizard.wizard import flow, pages
from vmm_wizard.wizard.run_state import RunState
from vmm_wizard.wizard.run_words import Words, before, words
from vmm_wizard.wizard.stale import since_run

#: Seconds between two looks at the clock.
TICK = 1.0
#: Lines of a terminal from which the picture stands below the log.
TALL = 50


class RunPage(PageView):
    """Start, follow and stop a run."""

    page = pages.RUN
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d,D", "leave", "Let it go on", show=False),
        Binding("b,B", "app.bell", "Bell on or off", show=False),
    ]

    state: RunState | None = None
    _ticking: Timer | None = None

    def body(self) -> Iterator[Widget]:
        yield Static(id="run-clock", markup=False)
        with Pane(id="run-pane"):
            yield Static(id="run-state", markup=False)
        with Horizontal(id="run-buttons"):
            yield LineButton(self._words.start, id="start")
            yield LineButton(text("run.button.leave"), id="leave")
            yield LineButton(text("see.short_button"), id="see")
        yield LogPanel(id="log-panel")
        yield Picture(self.view, TALL)

    def show(self, view: flow.View) -> None:
        super().show(view)
        begun = self._begun
        self.query_one("#log-panel").display = begun
        self.query_one("#run-clock").display = begun
        earlier = since_run(view)
        about = self.query_one(".about", Static)
        about.update(earlier or self.page.about)
        about.display = not begun or bool(earlier)
        self.query_one("#leave").display = view.running
        again = text("run.button.again") if view.result else self._words.start
        button = self.query_one("#start", Button)
        button.label = text("run.button.stop") if view.running else again
        # A new label does not make the button as wide as it is: it would stand in the room of the old one.
        button.refresh(layout=True)
        if not begun:
            self.query_one("#run-state", Static).update(before(view))
        elif self.state is not None:
            self._paint(self.state)
        self.query_one(Picture).show(view, self.state)
        self._tick_or_rest()

    def on_resize(self) -> None:
        self.query_one(Picture).resized()
        if self.state is not None and self._begun:
            self.call_after_refresh(self._paint, self.state)

    @property
    def _begun(self) -> bool:
        """Whether it is a run that is shown, and not what stands in the way of the next one."""
        return self.view.running or bool(self.view.result)

    @property
    def _words(self) -> Words:
        return words(self.view.order.job, remove=self.view.order.remove)

    def tell(self, state: RunState) -> None:
        """Show how far the run is, and what is new in its log."""
        self.state = state
        self._paint(state)
        log = self.query_one(RunLog)
        if log.model is not state.log:
            log.model = state.log
        log.update()

    def _paint(self, state: RunState) -> None:
        now = datetime.now(UTC)
        self._say("#run-clock", state.clock(now))
        room = self.query_one("#run-state").size.width
        self._say("#run-state", "\n".join(state.lines(now, room)))

    def _say(self, name: str, said: str) -> None:
        """Nothing is repainted that says the same."""
        line = self.query_one(name, Static)
        if line.content != said:
            line.update(said, layout=str(line.content).count("\n") != said.count("\n"))

    # --- the clock goes while a run does, and only in sight

    def _tick_or_rest(self) -> None:
        if self.view.running and self._ticking is None:
            self._ticking = self.set_interval(TICK, self._tick)
        elif not self.view.running and self._ticking is not None:
            self._ticking.stop()
            self._ticking = None

    def _tick(self) -> None:
        if self.display and self.screen.is_current and self.state is not None:
            self._paint(self.state)

    # --- what can be done

    @on(Button.Pressed, "#start")
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(StopWanted() if self.view.running else StartWanted())

    @on(Button.Pressed, "#see")
    def _see(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(SeeWanted())

    @on(Button.Pressed, "#leave")
    def action_leave(self) -> None:
        """Let the run go on without the wizard."""
        self.post_message(LeaveWanted())
