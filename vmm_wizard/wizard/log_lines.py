"""The log of a run as it is shown: of one machine or of all, all lines or only problems, with what was searched for.

Pure. Each row has its sign, because no colour may be the only one to say it: `>` the match one is at, `*` a match, `X`
a line that means failure, `!` one that means a warning.
"""

from __future__ import annotations

import textwrap
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from vmm_wizard.install.events import Event, LogGrew
from vmm_wizard.printable import printable
from vmm_wizard.setup.log_causes import UNEXPLAINED, explain, is_failure, is_warning
from vmm_wizard.texts import counted, text
from vmm_wizard.wizard.picture import cells

#: Lines that are kept; SetupWizard.log on the node has all.
KEPT = 2000
#: Lines that are shown before and after a problem.
CONTEXT = 2
#: The signs of our own sentences that are problems.
_OURS = {"X ": "X", "! ": "!"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `number` grows with each; `sign` is that of a problem, else empty; `node` the machine's full name
    (empty: the run as a whole); `is_setups`: it is of SetupWizard.log."""

    number: int
    node: str
    text: str
    sign: str = ""
    is_setups: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A line as it is shown, or (`number` 0) a row between lines. `is_more`: the rest of a line that is wider than the
    screen, which has the sign of its line and does not show it again."""

    number: int
    sign: str
    text: str
    is_match: bool = False
    is_more: bool = False

    def __str__(self) -> str:
        # A sentence of ours begins with its sign already.
        sign = " " if self.is_more or (self.sign and self.text.startswith(f"{self.sign} ")) else self.sign
        return f"{sign or ' '} {self.text}"


def wrapped(rows: Iterable[Row], width: int) -> list[Row]:
    """The rows in so many columns: what is longer goes on below, set in."""
    found: list[Row] = []
    for row in rows:
        first, *rest = _pieces(row.text, max(width - 2, 20))
        found += [replace(row, text=first), *(replace(row, text=piece, is_more=True) for piece in rest)]
    return found


@lru_cache(maxsize=2 * KEPT)
def _pieces(said: str, width: int) -> tuple[str, ...]:
    """A text in pieces of so many columns. Kept: the log is drawn twice a second, and most of it is as before."""
    columns = cells(said)
    if columns <= width:
        return (said,)
    # Of letters that take two columns there are fewer in a row.
    letters = max(width * len(said) // columns, 10)
    lead = " " * min(len(said) - len(said.lstrip()) + 2, letters // 2)
    return tuple(textwrap.wrap(said, letters, subsequent_indent=lead, break_on_hyphens=False)) or (said,)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is shown: the lines of `node` (empty: of all machines), only problems or all, and what is searched for."""

    node: str = ""
    only_problems: bool = False
    needle: str = ""


@dataclass
class LogLines:
    """The lines of one run, what of them is wanted, and at which match one is (its line's number; 0: at none)."""

    wanted: Wanted = field(default_factory=Wanted)
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=KEPT))
    at: int = 0
    _next: int = 1

    def add(self, event: Event, told: Iterable[str]) -> None:
        """What an event told, in lines."""
        node, is_setups = getattr(event, "node", ""), isinstance(event, LogGrew)
        for row in event.lines if isinstance(event, LogGrew) else told:
            said = printable(row)
            sign = _sign_of(said) if is_setups else _OURS.get(said[:2], "")
            self.lines.append(Line(self._next, node, said, sign, is_setups))
            self._next += 1

    # --- what is wanted

    @property
    def nodes(self) -> tuple[str, ...]:
        """The machines that have lines, in the order they came."""
        return tuple(dict.fromkeys(line.node for line in self.lines if line.node))

    def next_node(self) -> None:
        """Show the lines of the next machine; after the last one, those of all."""
        order = ("", *self.nodes)
        place = order.index(self.wanted.node) if self.wanted.node in order else 0
        self.wanted = replace(self.wanted, node=order[(place + 1) % len(order)])

    def turn_problems(self) -> None:
        """Show only problems, or all again."""
        self.wanted = replace(self.wanted, only_problems=not self.wanted.only_problems)

    def search(self, needle: str) -> None:
        """Search for a text, in any case of letters; an empty one ends the search."""
        self.wanted, self.at = replace(self.wanted, needle=needle.strip()), 0

    # --- what is shown

    def rows(self, width: int = 0) -> list[Row]:
        """What is shown, in order. `width`: columns for what is said of the cause of a problem."""
        chosen = [line for line in self.lines if self.wanted.node in ("", line.node)]
        if not self.wanted.only_problems:
            return [self._row(line) for line in chosen]
        return self._problems(chosen, width or 60)

    def _row(self, line: Line) -> Row:
        is_match = bool(self.wanted.needle) and self.wanted.needle.casefold() in line.text.casefold()
        sign = ">" if is_match and line.number == self.at else "*" if is_match else line.sign
        return Row(line.number, sign, line.text, is_match)

    def _problems(self, lines: Sequence[Line], width: int) -> list[Row]:
        near = {
            place + step
            for place, line in enumerate(lines)
            if line.sign
            for step in range(-CONTEXT, CONTEXT + 1)
            if 0 <= place + step < len(lines)
        }
        rows: list[Row] = []
        last, told = -1, UNEXPLAINED
        for place in sorted(near):
            if place > last + 1:
                rows.append(Row(0, "", counted("run.log.gap", place - last - 1)))
            line, last = lines[place], place
            rows.append(self._row(line))
            cause = explain(line.text) if line.sign and line.is_setups else UNEXPLAINED
            if cause is not UNEXPLAINED and cause is not told:
                told = cause
                said = textwrap.wrap(f"{cause.cause} {cause.remedy}", max(width - 7, 20))
                rows += [Row(0, "", f"{'->' if not number else '  '} {row}") for number, row in enumerate(said)]
        return rows

    # --- going to matches

    def matches(self) -> list[int]:
        """The numbers of the lines that match, in order."""
        return [row.number for row in self.rows() if row.is_match]

    def go(self, step: int) -> None:
        """Go to the next match (1) or the one before (-1), round and round; from nowhere to the last one."""
        found = self.matches()
        if not found:
            self.at = 0
        elif self.at not in found:
            self.at = found[-1]
        else:
            self.at = found[(found.index(self.at) + step) % len(found)]

    def head(self, *, follows: bool) -> str:
        """What is shown, in one line."""
        wanted = self.wanted
        parts = [wanted.node.partition(".")[0] or text("run.log.all_nodes")]
        if wanted.needle:
            found = self.matches()
            place = found.index(self.at) + 1 if self.at in found else 0
            values = {"needle": wanted.needle, "place": place, "number": len(found)}
            parts.append(text("run.log.match", **values) if found else text("run.log.no_match", needle=wanted.needle))
        chosen = [line for line in self.lines if wanted.node in ("", line.node)]
        if wanted.only_problems:
            parts.append(counted("run.log.problems", sum(1 for line in chosen if line.sign)))
        else:
            parts.append(counted("run.log.lines", len(chosen)))
        if not wanted.needle and not follows:
            parts.append(text("run.log.stands"))
        return text("run.log.head", parts=", ".join(parts))


def _sign_of(said: str) -> str:
    return "X" if is_failure(said) else "!" if is_warning(said) else ""
