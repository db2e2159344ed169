"""The log of a run on the screen: scrolled, followed, searched, of one machine or of all, all lines or only problems.

Drawn line by line from the pure model: only the lines in sight are sent, and nothing when nothing is new.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Input, Static

from vmm_wizard.texts import text
from vmm_wizard.tui.widgets.inputs import LineInput
from vmm_wizard.wizard.log_lines import LogLines, Row, wrapped


class RunLog(ScrollView, can_focus=True):
    """The lines themselves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash,ctrl+f", "find", "Search", show=False),
        Binding("n", "match(1)", "Next match", show=False),
        Binding("N,shift+n", "match(-1)", "Match before", show=False),
        Binding("p,P", "problems", "Only problems", show=False),
        Binding("m,M", "machine", "Machine", show=False),
        Binding("escape", "all", "All lines", show=False),
    ]

    @dataclass
    class FindWanted(Message):
        """What is to be searched for shall be asked."""

    @dataclass
    class Changed(Message):
        """Other lines are shown, or they are followed or no longer."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.model = LogLines()
        self._rows: list[Row] = []
        self._width = 0
        #: Whether new lines are followed: until somebody scrolls up, and again once the last line is in sight.
        self.follows = True
        self._is_own_scroll = False

    help_subject = "thing:run-log"

    @property
    def help_text(self) -> str:
        """What the keys do here."""
        return text("run.log.help")

    @property
    def lines(self) -> list[str]:
        """The lines that are shown."""
        return [row.text for row in self._rows]

    def update(self) -> None:
        """Lines were added to the model, or others are wanted."""
        first = self._top_number()
        # The scrollbar comes with the lines: there is room for it from the first on.
        self._width = max(self.region.width - self.styles.scrollbar_size_vertical, 1)
        self._rows = wrapped(self.model.rows(self._width), self._width)
        self.virtual_size = Size(self._width, len(self._rows))
        if self.follows:
            self._to_end()
            # How far one can scroll is known anew only once that is laid out.
            self.call_after_refresh(self._to_end)
        elif first and first != self._top_number():
            # Lines above went: what was read stays where it was.
            place = next((place for place, row in enumerate(self._rows) if row.number >= first), 0)
            self._scroll(place)
        self.refresh()
        self.post_message(self.Changed())

    def _top_number(self) -> int:
        top = int(self.scroll_offset.y)
        return next((row.number for row in self._rows[top:] if row.number), 0)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if not self._is_own_scroll and self.follows is not self.is_vertical_scroll_end:
            self.follows = self.is_vertical_scroll_end
            self.post_message(self.Changed())

    def on_resize(self) -> None:
        if self.region.width - self.styles.scrollbar_size_vertical != self._width:
            self.update()
        self._to_end()

    def _to_end(self) -> None:
        if self.follows:
            self._scroll(max(0, len(self._rows) - self.size.height))

    def _scroll(self, row: int) -> None:
        self._is_own_scroll = True
        try:
            self.scroll_to(y=row, animate=False, immediate=True)
        finally:
            self._is_own_scroll = False

    def render_line(self, y: int) -> Strip:
        x, top = self.scroll_offset
        style = self.rich_style
        if top + y >= len(self._rows):
            return Strip.blank(self.size.width, style)
        row = self._rows[top + y]
        if row.sign == ">":
            style += Style(reverse=True)
        elif row.sign:
            style += Style(bold=True)
        return Strip([Segment(str(row), style)]).crop_extend(x, x + self.size.width, style)

    # --- keys

    def action_find(self) -> None:
        self.post_message(self.FindWanted())

    def action_match(self, step: int) -> None:
        self.model.go(step)
        self.update()
        self.show_match()

    def action_problems(self) -> None:
        self.model.turn_problems()
        self._anew()

    def action_machine(self) -> None:
        self.model.next_node()
        self._anew()

    def action_all(self) -> None:
        """No search and no filter any more."""
        self.model.search("")
        if self.model.wanted.only_problems:
            self.model.turn_problems()
        self._anew()

    def _anew(self) -> None:
        self.follows = True
        self.update()

    def show_match(self) -> None:
        """Bring the match that one is at into sight."""
        place = next((place for place, row in enumerate(self._rows) if row.sign == ">"), None)
        if place is not None:
            self.follows = False
            self._scroll(max(0, place - self.size.height // 2))
            self.post_message(self.Changed())


class LogPanel(Vertical):
    """The log, a line above it that says what is shown, and a line below it to search."""

    def compose(self) -> ComposeResult:
        yield Static(id="log-head", markup=False)
        yield RunLog(id="log")
        yield LineInput(placeholder=text("run.log.find"), id="log-find")

    def on_mount(self) -> None:
        self.query_one("#log-find").display = False

    @property
    def log_view(self) -> RunLog:
        """The lines."""
        return self.query_one(RunLog)

    @on(RunLog.Changed)
    def _changed(self, event: RunLog.Changed) -> None:
        event.stop()
        log = self.log_view
        self.query_one("#log-head", Static).update(log.model.head(follows=log.follows))

    @on(RunLog.FindWanted)
    def _find_wanted(self, event: RunLog.FindWanted) -> None:
        event.stop()
        line = self.query_one("#log-find", LineInput)
        line.value = self.log_view.model.wanted.needle
        line.display = True
        line.focus()

    @on(Input.Submitted, "#log-find")
    def _find(self, event: Input.Submitted) -> None:
        event.stop()
        log = self.log_view
        log.model.search(event.value)
        log.action_match(-1)
        self._close()

    def key_escape(self) -> None:
        """Out of the line to search, without a search."""
        if self.query_one("#log-find").display:
            self._close()

    def _close(self) -> None:
        self.query_one("#log-find").display = False
        self.log_view.focus()
