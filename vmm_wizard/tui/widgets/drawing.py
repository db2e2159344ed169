"""Lines of text that know their states, scrolled by arrows; painted anew only where a line has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from vmm_wizard.texts import text
from vmm_wizard.wizard.flow import Mark
from vmm_wizard.wizard.picture import Line, Part

_CLASSES = {
    Mark.WRONG: "state--bad",
    Mark.FAIL: "state--bad",
    Mark.STOPPED: "state--bad",
    Mark.UNKNOWN: "state--doubt",
    Mark.WARN: "state--doubt",
    Mark.OK: "state--good",
}
#: The styles of states, for widgets that paint lines.
STATES = frozenset(_CLASSES.values())


def segments(widget: Widget, line: Iterable[Part]) -> list[Segment]:
    """A line for the screen, in the styles of `widget`."""
    return [Segment(part.text, _style(widget, part)) for part in line]


def _style(widget: Widget, part: Part) -> Style:
    name = _CLASSES.get(part.mark) if part.mark is not None else None
    style = widget.get_component_rich_style(name) if name else widget.rich_style
    return style + Style(bold=True) if part.bold else style


class Drawing(ScrollView, can_focus=True, inherit_bindings=False):
    """What `draw` gives for a width. `redraw` after something has changed: only lines that are others are painted."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(STATES)
    DEFAULT_CSS = "Drawing { scrollbar-size-vertical: 1; overflow-x: hidden; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_up", show=False),
        Binding("down", "scroll_down", show=False),
        Binding("pageup", "page_up", show=False),
        Binding("pagedown", "page_down", show=False),
        Binding("home", "scroll_home", show=False),
        Binding("end", "scroll_end", show=False),
    ]
    help_text = text("see.help.drawing")

    def __init__(self, draw: Callable[[int], tuple[Line, ...]], *, always: bool = False, id: str | None = None) -> None:
        """`always`: it takes keys though all of it is in sight."""
        super().__init__(id=id)
        self._draw = draw
        self._always = always
        self._drawn: tuple[Line, ...] = ()

    def allow_focus(self) -> bool:
        """Only what does not fit needs the keys."""
        return self._always or self.max_scroll_y > 0

    def redraw(self) -> None:
        """Draw again for the width that there is."""
        width = self.scrollable_content_region.width
        if not width or not self.display:
            return
        before, self._drawn = self._drawn, self._draw(width)
        if len(before) != len(self._drawn) or self.virtual_size.width != width:
            self.virtual_size = Size(width, len(self._drawn))
            self.refresh(layout=self.styles.height is not None and self.styles.height.is_auto)
            return
        for number, (old, new) in enumerate(zip(before, self._drawn, strict=True)):
            if old != new:
                self.refresh_line(number)

    def on_resize(self, event: Resize) -> None:  # noqa: ARG002
        self.redraw()

    def on_show(self) -> None:
        self.redraw()

    def render_line(self, y: int) -> Strip:
        number = y + self.scroll_offset.y
        line = self._drawn[number] if number < len(self._drawn) else ()
        return Strip(segments(self, line)).adjust_cell_length(self.size.width, self.rich_style)
