"""Checks against nodes, to be walked through: a column for what is of no node, one a node, a row a check. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vmm_wizard.checks.acceptance import node_of
from vmm_wizard.checks.registry import OPEN, Finding
from vmm_wizard.printable import printable
from vmm_wizard.report.signs import ACCEPTED_SIGN, rank, sign_of
from vmm_wizard.texts import counted, text
from vmm_wizard.wizard.flow import Mark, View
from vmm_wizard.wizard.picture import Line, Part, cells, cut, padded, plain
from vmm_wizard.wizard.talks import judged

#: Columns of a cell with sign and word, and of one with the sign alone.
_WORD, _SIGN = 11, 5
#: Columns of a row's head: with a title at least so many, and without one.
_TITLED, _ID = 30, 9


@dataclass(frozen=True, slots=True)
class Cell:
    """What one check says of one node, the gravest first; nothing: it says nothing of it."""

    findings: tuple[Finding, ...] = ()
    mark: Mark = Mark.NONE

    @property
    def said(self) -> tuple[str, str]:
        """Sign and word."""
        if not self.findings:
            return " ", ""
        if self.mark in (Mark.ASKING, Mark.OPEN):
            return self.mark.sign, self.mark.word
        return sign_of(self.findings[0])

    @property
    def is_open(self) -> bool:
        """Whether something is to be seen to, or still to come."""
        return any(row.status in OPEN and not row.accepted for row in self.findings)


@dataclass(frozen=True, slots=True)
class Check:
    """A row: a check, and what it says of the plan as a whole (first) and of each node."""

    id: str
    title: str
    cells: tuple[Cell, ...]

    @property
    def is_open(self) -> bool:
        """Whether anything in it is to be seen to."""
        return any(cell.is_open for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Grid:
    """All checks against the plan as a whole and its nodes. `nodes` are the planned names, in order; `hidden`: how
    many checks are left out."""

    nodes: tuple[str, ...]
    rows: tuple[Check, ...]
    hidden: int = 0

    def where(self, column: int) -> str:
        """What a column is about, in full."""
        return text("see.grid.whole") if column == 0 else self.nodes[column - 1]


def grid(view: View, *, only_open: bool = False) -> Grid:
    """Every finding in its place. `only_open` leaves out the checks that are good everywhere, or do not apply."""
    nodes = tuple(node.key for node in view.plan.nodes)
    places = {node: place for place, node in enumerate(nodes, 1)}
    table: dict[str, list[list[Finding]]] = {}
    for finding in view.findings:
        row = table.setdefault(finding.id, [[] for _ in range(len(nodes) + 1)])
        row[places.get(node_of(finding.subject, view.plan) or "", 0)].append(finding)
    rows = tuple(_row(view, check_id, found) for check_id, found in table.items())
    shown = tuple(row for row in rows if row.is_open) if only_open else rows
    return Grid(nodes, shown, len(rows) - len(shown))


def _row(view: View, check_id: str, found: Sequence[Sequence[Finding]]) -> Check:
    title = next(row.title for cell in found for row in cell)
    return Check(check_id, title, tuple(_cell(view, cell) for cell in found))


def _cell(view: View, found: Sequence[Finding]) -> Cell:
    return Cell(tuple(sorted(found, key=rank)), judged(view, found))


@dataclass(frozen=True, slots=True)
class Layout:
    """How a grid is laid out in a width: columns of a row's head and of a cell, whether cells have words, how many
    columns there is room for."""

    head: int
    cell: int
    words: bool
    room: int


def layout(table: Grid, width: int) -> Layout:
    """Words while they fit, else signs; the rest of the width is the titles'. What does not fit is walked to."""
    number = len(table.nodes) + 1
    words = _TITLED + number * _WORD <= width
    cell = _WORD if words else _SIGN
    head = width - number * cell if width - number * cell >= _TITLED else _ID
    return Layout(head, cell, words, max((width - head) // cell, 1))


def heads(table: Grid, laid: Layout, first: int) -> Line:
    """The names of the columns from `first` on: the node's where that is short enough, else its number."""
    labels = [text("see.grid.plan"), *(node.partition(".")[0] for node in table.nodes)]
    if any(cells(label) >= laid.cell for label in labels[1:]):
        labels[1:] = [str(number) for number in range(1, len(labels))]
    shown = labels[first : first + laid.room]
    number = len(table.rows)
    count = text("see.grid.some", number=number, all=number + table.hidden) if table.hidden else ""
    count = count or text("see.grid.all", number=number)
    head = padded((Part(cut(count, laid.head - 1)),), laid.head)
    return (*head, Part("".join(f"{cut(label, laid.cell):<{laid.cell}}" for label in shown), bold=True))


def line(row: Check, laid: Layout, first: int, chosen: int | None) -> Line:
    """A row from column `first` on. The `chosen` cell stands in brackets."""
    name = f"{row.id:<{_ID}}{row.title}" if laid.head > _ID else row.id
    parts: list[Part] = list(padded((Part(cut(name, laid.head - 1)),), laid.head - 1))
    for place, cell in enumerate(row.cells[first : first + laid.room], first):
        sign, word = cell.said
        said = f"{sign} {word}".rstrip() if laid.words else sign
        left, right = "[]" if place == chosen else "  "
        mark = None if sign == ACCEPTED_SIGN[0] else cell.mark
        parts += padded((Part(left), Part(said or " ", mark), Part(right)), laid.cell)
    return tuple(parts)


def told(table: Grid, row: int, column: int) -> tuple[str, str]:
    """The cell in two sentences: which it is and its state; what was read."""
    check = table.rows[row]
    cell = check.cells[column]
    where = table.where(column)
    if not cell.findings:
        return f"{check.id} {where}", text("see.grid.nothing")
    state = " ".join(cell.said)
    more = len(cell.findings) - 1
    also = f" ({counted('see.more', more)})" if more else ""
    return f"{state}  {check.id} {where}: {check.title}", printable(cell.findings[0].evidence).replace("\n", " ") + also


def legend() -> str:
    """The signs in words, for where they stand alone."""
    return text("see.grid.legend")


def as_text(table: Grid, width: int) -> Iterator[str]:
    """The whole grid as lines; columns that do not fit follow below."""
    laid = layout(table, width)
    for first in range(0, len(table.nodes) + 1, laid.room):
        rows = [heads(table, laid, first), *(line(row, laid, first, None) for row in table.rows)]
        yield from plain(rows)
        yield ""
    yield legend()
