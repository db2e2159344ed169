"""Checks against nodes, walked through with the arrows; a step paints the two rows that it is about, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from vmm_wizard.checks.registry import Finding
from vmm_wizard.texts import text
from vmm_wizard.tui.messages import ACCEPT, FIELD, MEND
from vmm_wizard.tui.widgets.drawing import STATES, segments
from vmm_wizard.wizard.grid import Grid, Layout, heads, layout, line, told


class GridView(Widget, can_focus=True):
    """A grid of which one cell is chosen. Posts `Moved` when it is another, and `Opened` on Enter."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(STATES)
    DEFAULT_CSS = "GridView { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1, 0)", show=False),
        Binding("down", "step(1, 0)", show=False),
        Binding("left", "step(0, -1)", show=False),
        Binding("right", "step(0, 1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "step(-100000, 0)", show=False),
        Binding("end", "step(100000, 0)", show=False),
        Binding("enter", "open", show=False),
        Binding("m,M", f"open('{MEND}')", show=False),
        Binding("a,A", f"open('{ACCEPT}')", show=False),
        Binding("g,G", f"open('{FIELD}')", show=False),
    ]

    @dataclass
    class Moved(Message):
        """Another cell is chosen, or what it says has changed. `said`: two sentences about it."""

        said: tuple[str, str]

    @dataclass
    class Opened(Message):
        """The findings of the chosen cell shall be shown in full, or what `act` says be done about them."""

        findings: tuple[Finding, ...]
        act: str = ""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.table = Grid((), ())
        self.row, self.column = 0, 0
        self._top, self._first = 0, 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the chosen cell says."""
        return self.table.rows[self.row].cells[self.column].findings if self.table.rows else ()

    def show(self, table: Grid) -> None:
        """Show this grid: the chosen check and node stay chosen, and only rows that are others are painted."""
        before, self.table = self.table, table
        chosen = before.rows[self.row].id if self.row < len(before.rows) else ""
        self.row = next((place for place, row in enumerate(table.rows) if row.id == chosen), 0)
        self.column = min(self.column, len(table.nodes))
        if (
            [row.id for row in before.rows] != [row.id for row in table.rows]
            or before.nodes != table.nodes
            or (before.hidden != table.hidden)
        ):
            self._follow()
            self.refresh()
        else:
            for place, (old, new) in enumerate(zip(before.rows, table.rows, strict=True)):
                if old != new:
                    self._paint(place)
        self._tell()

    def _laid(self) -> Layout:
        return layout(self.table, self.size.width)

    @property
    def _rows_seen(self) -> int:
        return max(self.size.height - 1, 1)

    def _follow(self) -> bool:
        """Scroll as little as shows the chosen cell; whether that was needed."""
        before = self._top, self._first
        room = self._laid().room
        self._top = min(max(self._top, self.row - self._rows_seen + 1, 0), self.row)
        self._first = min(max(self._first, self.column - room + 1, 0), self.column)
        self._first = min(self._first, max(len(self.table.nodes) + 1 - room, 0))
        return (self._top, self._first) != before

    def _paint(self, row: int) -> None:
        y = row - self._top + 1
        if 1 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def _tell(self) -> None:
        said = told(self.table, self.row, self.column) if self.table.rows else (text("see.grid.empty"), "")
        self.post_message(self.Moved(said))

    def action_step(self, rows: int, columns: int) -> None:
        """Choose the cell that many rows and columns away, as far as there are so many."""
        before = self.row
        self.row = max(0, min(self.row + rows, len(self.table.rows) - 1))
        self.column = max(0, min(self.column + columns, len(self.table.nodes)))
        if self._follow():
            self.refresh()
        else:
            for row in {before, self.row}:
                self._paint(row)
        self._tell()

    def action_page(self, pages: int) -> None:
        """A screenful up or down."""
        self.action_step(pages * self._rows_seen, 0)

    def action_open(self, act: str = "") -> None:
        """Show what the cell says in full; or mend, accept or go to the field of it, as far as that can be done."""
        if self.findings:
            self.post_message(self.Opened(self.findings, act))

    def on_resize(self, event: Resize) -> None:  # noqa: ARG002
        self._follow()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        laid, row = self._laid(), self._top + y - 1
        if y == 0:
            parts = heads(self.table, laid, self._first)
        elif row < len(self.table.rows):
            parts = line(self.table.rows[row], laid, self._first, self.column if row == self.row else None)
        else:
            parts = ()
        style = self.rich_style + Style(bold=True) if row == self.row and y and self.has_focus else self.rich_style
        strip = Strip(segments(self, parts)).adjust_cell_length(self.size.width, style)
        return strip.apply_style(Style(bold=True)) if row == self.row and y else strip
