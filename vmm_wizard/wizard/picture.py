"""Boxes, rows and tables as lines of text for a width, with states as data: what a picture is drawn with. Pure."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from vmm_wizard.printable import printable
from vmm_wizard.texts import text
from vmm_wizard.wizard.flow import Mark

#: Columns of the names of rows in a box, the blank behind them included.
LABEL = 11
#: Narrower boxes have their rows' names on lines by themselves.
_LABELS_FROM = 34


class Strokes(Enum):
    """What boxes are drawn with: corners top left, top right, bottom left, bottom right; across, down."""

    ASCII = "++++-|"
    SOLID = "┌┐└┘─│"

    @property
    def across(self) -> str:
        return self.value[4]

    @property
    def down(self) -> str:
        return self.value[5]


def strokes_for(encoding: str) -> Strokes:
    """Single lines where the terminal's encoding has them, else `+`, `-` and `|`."""
    try:
        Strokes.SOLID.value.encode(encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return Strokes.ASCII
    return Strokes.SOLID


def strokes_here() -> Strokes:
    """What boxes are drawn with in this terminal."""
    return strokes_for(getattr(sys.__stdout__, "encoding", "") or "")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line. `mark`: the state that its colour may follow; the words say it too."""

    text: str
    mark: Mark | None = None
    bold: bool = False


Line = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a box: what it is, its text, and its state where it has one. It is wrapped, never cut.

    A blank as label: one more of what the row above is."""

    label: str
    text: str
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """Something of the estate. A title that is too long is cut: its name is to stand in a row as well."""

    title: str
    mark: Mark | None
    rows: tuple[Row, ...]


def cells(said: str) -> int:
    """Columns that a text takes: two for wide letters, none for marks that stand on others."""
    if said.isascii():
        return len(said)
    return sum(_cell(letter) for letter in said)


def _cell(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in ("W", "F") else 1


def said_of(mark: Mark) -> str:
    """A state as sign and word."""
    return f"{mark.sign} {mark.word}" if mark.word else f"- {text('see.state.none')}"


def plain(lines: Iterable[Line]) -> list[str]:
    """The lines as text alone."""
    return ["".join(part.text for part in line).rstrip() for line in lines]


def width_of(line: Line) -> int:
    """Columns of a line."""
    return sum(cells(part.text) for part in line)


def cut(said: str, width: int) -> str:
    """`said` in `width` columns at most, three dots at its end where something is left out."""
    if cells(said) <= width:
        return said
    return _head(said, width - 3) + "..." if width > 3 else _head(said, width)


def _head(said: str, width: int) -> str:
    taken = 0
    for place, letter in enumerate(said):
        taken += _cell(letter)
        if taken > width:
            return said[:place]
    return said


def wrapped(said: str, width: int) -> list[str]:
    """`said` in lines of `width` columns at most; words that are longer are broken where they must be."""
    width = max(width, 2)
    lines, line = [], ""
    for word in printable(said).replace("\n", " ").replace("\t", " ").split(" "):
        joined = f"{line} {word}" if line else word
        if cells(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        while cells(word) > width:
            piece = _head(word, width) or word[0]
            # A distinguished name is read better when it is broken behind a comma.
            piece = piece[: piece.rfind(",") + 1] if "," in piece[len(piece) // 2 :] else piece
            lines.append(piece)
            word = word[len(piece) :]
        line = word
    return [*lines, line] if line or not lines else lines


def padded(line: Line, width: int) -> Line:
    """The line with blanks at its end."""
    missing = width - width_of(line)
    return (*line, Part(" " * missing)) if missing > 0 else line


def drawn(box: Box, width: int, strokes: Strokes, height: int = 0) -> list[Line]:
    """The box, exactly `width` columns wide (eight at least) and `height` lines high at least."""
    inner = width - 4
    body = [line for row in box.rows for line in _row(row, inner)]
    body += [()] * (height - 2 - len(body))
    down = Part(strokes.down)
    return [
        _top(box, width, strokes),
        *((down, Part(" "), *padded(line, inner), Part(" "), down) for line in body),
        (Part(strokes.value[2] + strokes.across * (width - 2) + strokes.value[3]),),
    ]


def _top(box: Box, width: int, strokes: Strokes) -> Line:
    left, right = strokes.value[0], strokes.value[1]
    state = said_of(box.mark) if box.mark is not None else ""
    taken = 4 + (cells(state) + 3 if state else 0)
    title = cut(printable(box.title), width - taken - 2)
    rest = width - taken - cells(title) - 1
    line: Line = (Part(f"{left}{strokes.across} "), Part(title, bold=True), Part(" " + strokes.across * rest))
    if state:
        line += (Part(" "), Part(state, box.mark), Part(" " + strokes.across))
    return (*line, Part(right))


def _row(row: Row, width: int) -> Iterator[Line]:
    beside = width >= _LABELS_FROM and bool(row.label)
    if row.label.strip() and not beside:
        yield (Part(cut(row.label, width)),)
    indent = LABEL if beside else 2 if row.label else 0
    lines = wrapped(row.text, width - indent)
    state = said_of(row.mark) if row.mark is not None else ""
    for number, said in enumerate(lines):
        head = f"{cut(row.label, LABEL - 1):<{LABEL}}" if beside and not number else " " * indent
        line: Line = (Part(head + said),)
        if state and number == len(lines) - 1:
            if width_of(line) + 1 + cells(state) <= width:
                line = (*padded(line, width - cells(state)), Part(state, row.mark))
            else:
                yield line
                said = cut(state, width)
                line = (*padded((), width - cells(said)), Part(said, row.mark))
        yield line


def beside(blocks: Sequence[Sequence[Line]], widths: Sequence[int], gap: int = 2) -> list[Line]:
    """Blocks of lines side by side, each as wide as its place in `widths`."""
    lines: list[Line] = []
    for number in range(max(map(len, blocks), default=0)):
        line: Line = ()
        for place, (block, width) in enumerate(zip(blocks, widths, strict=True)):
            line += padded(block[number] if number < len(block) else (), width)
            if place < len(blocks) - 1:
                line += (Part(" " * gap),)
        lines.append(line)
    return lines


def shared(width: int, number: int, gap: int = 2) -> list[int]:
    """The widths of `number` blocks side by side that fill `width`."""
    each, more = divmod(width - gap * (number - 1), number)
    return [each + (place < more) for place in range(number)]


def in_grid(boxes: Sequence[Box], width: int, least: int, strokes: Strokes) -> list[Line]:
    """Boxes in rows, as many side by side as fit when each is `least` columns wide; all of a row equally high."""
    number = max(1, min(len(boxes), (width + 2) // (least + 2)))
    widths = shared(width, number)
    lines: list[Line] = []
    for start in range(0, len(boxes), number):
        row = boxes[start : start + number]
        lines += in_row(row, widths[: len(row)], strokes)
    return lines


def in_row(boxes: Sequence[Box], widths: Sequence[int], strokes: Strokes) -> list[Line]:
    """Boxes side by side, all as high as the highest."""
    height = max(len(drawn(box, width, strokes)) for box, width in zip(boxes, widths, strict=True))
    blocks = [drawn(box, width, strokes, height) for box, width in zip(boxes, widths, strict=True)]
    return beside(blocks, widths)
