"""The list below a field: what was found for it, narrowed by what is typed. It takes no focus: the field walks it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from vmm_wizard.texts import counted
from vmm_wizard.wizard.suggesting import Suggestion

#: Rows of suggestions on a terminal of 24 lines; half of the lines beyond go to it as well.
ROWS = 5
MOST_ROWS = 14
_USUAL_HEIGHT = 24
#: What a list is painted from that has nothing to show, whatever room there is.
_NOTHING = ()


class FoundList(Static):
    """Some rows of suggestions and a line below them. Nothing is painted while nothing changes."""

    @dataclass
    class Clicked(Message):
        """A row was clicked."""

        row: Suggestion

    def __init__(self, rows: int = ROWS) -> None:
        super().__init__(classes="found", markup=False)
        self._usual_rows = rows
        self._rows: tuple[Suggestion, ...] = ()
        self._message = ""
        self._at = -1
        self._top = 0
        self._painted: tuple[object, ...] = _NOTHING
        self.display = False

    @property
    def chosen(self) -> Suggestion | None:
        """The row that Down and Up are on; None while they are in the field."""
        return self._rows[self._at] if 0 <= self._at < len(self._rows) else None

    @property
    def rows(self) -> tuple[Suggestion, ...]:
        """What is shown now."""
        return self._rows

    def show(self, rows: tuple[Suggestion, ...], message: str = "") -> None:
        """Show these suggestions, or `message` where there are none. Whoever is on a row stays on it."""
        if rows == self._rows and message == self._message:
            self._paint()
            return
        before = self.chosen
        self._rows, self._message = rows, message
        self._at = -1 if before is None else next(filter(lambda at: _is(rows[at], before), range(len(rows))), -1)
        self._paint()

    def move(self, step: int) -> bool:
        """Go down or up by rows, from the field into the list and back; False where there is nothing to go to."""
        if not self._rows or (self._at < 0 and step < 0):
            return False
        self._at = max(-1, min(self._at + step, len(self._rows) - 1))
        self._paint()
        return True

    def leave(self) -> None:
        """Go back to the field."""
        self._at = -1
        self._paint()

    def _capacity(self) -> int:
        more = max(0, self.screen.size.height - _USUAL_HEIGHT) // 2
        return min(self._usual_rows + more, MOST_ROWS)

    def _paint(self) -> None:
        # Before it is shown it has no width, but the field that it is in does.
        field = self.parent
        room, width = self._capacity(), max(20, field.size.width if isinstance(field, Widget) else 0)
        top = max(0, min(self._top, len(self._rows) - room))
        if self._at < 0:
            top = 0
        elif not top <= self._at < top + room:
            top = self._at if self._at < top else self._at - room + 1
        if self.chosen is not None and self.chosen.is_open and self._at - top > room // 2:
            # So that what is in it is seen.
            top = min(self._at - 1, len(self._rows) - room)
        self._top = top
        wanted = (self._rows, self._message, self._at, top, room, width) if self._rows or self._message else _NOTHING
        if wanted == self._painted:
            return
        self._painted = wanted
        lines = [self._line(at, width) for at in range(top, min(top + room, len(self._rows)))]
        below = self._below(top + room, width) if self._rows else self._message
        if below:
            lines.append(Content.styled(below, "dim"))
        self.update(Content("\n").join(lines))
        self.display = bool(lines)

    def _line(self, at: int, width: int) -> Content:
        head, rest = _cut(self._rows[at].line, width - 2)
        cut = f"{'>' if at == self._at else ' '} {head}{' ..' if rest else ''}"
        return Content.styled(cut.ljust(width), "reverse") if at == self._at else Content(cut)

    def _below(self, end: int, width: int) -> str:
        """The end of the chosen row where it was cut; else how many rows follow."""
        _, rest = _cut(self.chosen.line if self.chosen else "", width - 2)
        if rest:
            return f"  .. {rest}"
        left = len(self._rows) - end
        return f"  {counted('found.more', left)}" if left > 0 else ""

    def on_resize(self) -> None:
        self._paint()

    def on_click(self, event: Click) -> None:
        at = self._top + event.y
        if event.y < self._capacity() and at < len(self._rows):
            event.stop()
            self.post_message(self.Clicked(self._rows[at]))


def _cut(line: str, width: int) -> tuple[str, str]:
    """What of a line has room, up to the end of a word where that is not too early, and what has not."""
    if len(line) <= width:
        return line, ""
    at = line.rfind(" ", width // 2, width - 2)
    at = at if at > 0 else width - 3
    return line[:at].rstrip(), line[at:].strip()


def _is(row: Suggestion, other: Suggestion) -> bool:
    return (row.text, row.answers, row.opens, row.creates) == (other.text, other.answers, other.opens, other.creates)
