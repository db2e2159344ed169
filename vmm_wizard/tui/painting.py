"""Sends a terminal only what differs from what it shows: Textual repaints the screen with each Tab, for a few cells.

`Painter` reads what Textual writes (moves, styles, text) as a terminal would, keeps the cells, and writes the changes.
What it does not understand is passed on as it is, and then nothing is taken for known any more.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

if TYPE_CHECKING:
    from textual.driver import Driver

#: A cell: its sign, and the style it is in as an escape sequence has it.
Cell = tuple[str, str]

_TOKEN = re.compile(
    r"\x1b\[(?P<row>\d+);(?P<column>\d+)H"
    r"|\x1b\[(?P<style>[\d;:]*)m"
    r"|(?P<control>\x1b\[[0-?]*[ -/]*[@-~]|\x1b\].*?(?:\x07|\x1b\\)|\x1b[^\[\]]|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f])"
    r"|(?P<line>[\n\r]+)"
    r"|(?P<text>[^\x00-\x1f\x7f]+)",
    re.DOTALL,
)
#: The beginning of an escape sequence at the end of what was written: the rest comes with the next.
_BEGUN = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*)?$")
#: What moves or erases what is shown in ways that are not followed here.
_UPSETTING = re.compile(r"\x1b\[[0-9;]*[@A-HJ-MPSTXdfr]|\x1b\[\?(?:1049|1047|47)[hl]|\x1b[cDEM78]")
_BEGIN_UPDATE, _END_UPDATE = "\x1b[?2026h", "\x1b[?2026l"
#: Cells that stay may be written again rather than jumped over: a jump costs as much as so many letters.
_JUMP = 6


class Painter:
    """What a terminal shows, and the least that makes it show something else."""

    def __init__(self, spelt: Callable[[str], str] | None = None) -> None:
        """`spelt`: how a text is written for a terminal that does not know all signs."""
        self._spelt = spelt
        self._cells: dict[int, dict[int, Cell]] = {}
        self._size = (0, 0)
        self._rest = ""
        self._begun_update = False
        self._out: list[str] = []
        # Where Textual takes the cursor to be, and in which style; then the same as the terminal has it.
        self._row: int | None = None
        self._column = 0
        self._style = ""
        self._real: tuple[int, int] | None = None
        self._real_style: str | None = None

    def forget(self) -> None:
        """Take nothing for known: the next that is written is written in full."""
        self._cells.clear()
        self._real = None
        self._real_style = None

    def resized(self, size: tuple[int, int]) -> None:
        """Told before each write how large the terminal is: one that has changed shows who knows what."""
        if size != self._size:
            self._size = size
            self.forget()

    def changes(self, data: str) -> str:
        """What is to be sent for `data`; empty when the terminal shows all of it already."""
        data, self._rest = self._rest + data, ""
        if begun := _BEGUN.search(data):
            data, self._rest = data[: begun.start()], data[begun.start() :]
        self._out = []
        place = 0
        while place < len(data):
            match = _TOKEN.match(data, place)
            if match is None:
                # Nothing that Textual writes; whatever it does, it is not followed here.
                self._send(data[place])
                self._lose()
                place += 1
                continue
            self._take(match)
            place = match.end()
        self._arrive()
        return "".join(self._out)

    def _take(self, match: re.Match[str]) -> None:
        kind = match.lastgroup
        if kind == "column":
            self._row, self._column = int(match["row"]), int(match["column"])
        elif kind == "style":
            style = match["style"]
            self._style = "" if style in ("", "0") else f"{self._style};{style}".strip(";")
        elif kind == "text":
            self._write(self._spelt(match["text"]) if self._spelt else match["text"])
        elif kind == "line":
            # A place is always named before the next text.
            self._row = None
        else:
            self._control(match[0])

    def _control(self, sequence: str) -> None:
        if sequence == _BEGIN_UPDATE:
            self._begun_update = True
        elif sequence == _END_UPDATE and self._begun_update:
            # Nothing was to be shown: the terminal need not hear of it.
            self._begun_update = False
        else:
            if sequence == _END_UPDATE:
                self._arrive()
            self._send(sequence)
            if _UPSETTING.match(sequence):
                self._lose()

    def _lose(self) -> None:
        self.forget()
        self._row = None

    def _send(self, text: str) -> None:
        if self._begun_update:
            self._begun_update = False
            self._out.append(_BEGIN_UPDATE)
        self._out.append(text)

    def _write(self, text: str) -> None:
        row, column, end = self._row, self._column, self._column + len(text)
        shown = self._cells.setdefault(row or 0, {})
        if row is None or end - 1 > self._size[0] or not (text.isascii() or all(cell_len(sign) == 1 for sign in text)):
            # Where this goes, or how wide it is there, is not known for certain: as it is, and nothing is known of it.
            self._as_it_is(text)
            for place in range(column, column + cell_len(text) + 1):
                shown.pop(place, None)
            self._column = column + cell_len(text)
            return
        changed = [(place, sign) for place, sign in enumerate(text, column) if shown.get(place) != (sign, self._style)]
        self._paint(row, shown, changed)
        self._column = end

    def _as_it_is(self, text: str) -> None:
        if self._row is not None:
            self._send(f"\x1b[{self._row};{self._column}H")
        self._send(f"\x1b[0;{self._style}m{text}\x1b[0m" if self._style else f"\x1b[0m{text}")
        self._real, self._real_style = None, ""

    def _paint(self, row: int, shown: dict[int, Cell], changed: list[tuple[int, str]]) -> None:
        """Write these cells, each stretch of neighbours at once."""
        first = 0
        for place, (column, _) in enumerate(changed):
            if place + 1 < len(changed) and changed[place + 1][0] == column + 1:
                continue
            stretch = changed[first : place + 1]
            self._go(row, stretch[0][0], shown)
            if self._real_style != self._style:
                self._send(f"\x1b[0;{self._style}m" if self._style else "\x1b[0m")
                self._real_style = self._style
            self._send("".join([sign for _, sign in stretch]))
            shown.update((at, (sign, self._style)) for at, sign in stretch)
            self._real = (row, column + 1) if column < self._size[0] else None
            first = place + 1

    def _go(self, row: int, column: int, shown: dict[int, Cell]) -> None:
        """Have the terminal's cursor there; over a few letters of the same style by writing them once more."""
        if self._real == (row, column):
            return
        if self._real is not None and self._real[0] == row and 0 < column - self._real[1] <= _JUMP:
            between = [shown.get(place) for place in range(self._real[1], column)]
            if all(cell and cell[1] == self._real_style for cell in between):
                self._send("".join(cell[0] for cell in between if cell))
                return
        self._send(f"\x1b[{row};{column}H")

    def _arrive(self) -> None:
        """The cursor is where Textual has it, and writes in no style, when all is said."""
        if self._real_style:
            self._send("\x1b[0m")
            self._real_style = ""
        if self._row is not None and self._real != (self._row, self._column):
            self._send(f"\x1b[{self._row};{self._column}H")
            self._real = (self._row, self._column)


def painting(driver_class: type[Driver], painter: Painter) -> type[Driver]:
    """A driver like `driver_class` that sends only what changes."""
    import shutil

    class PaintingDriver(driver_class):  # type: ignore[misc, valid-type]
        """Writes through the painter."""

        def write(self, data: str) -> None:
            size = shutil.get_terminal_size()
            painter.resized((size.columns, size.lines))
            if changes := painter.changes(data):
                super().write(changes)

    made: Any = PaintingDriver
    return made  # type: ignore[no-any-return]
