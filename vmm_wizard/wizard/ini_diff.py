"""The answer file of the first node against that of the additional ones: what differs, and why. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby, zip_longest

from vmm_wizard.log import MASK
from vmm_wizard.plan.model import Plan
from vmm_wizard.setup.ini import SECTION, SERVER_INI, server_options
from vmm_wizard.texts import counted, text
from vmm_wizard.wizard.picture import Line, Part, beside, padded, wrapped

#: Columns from which the files stand side by side.
SIDE_BY_SIDE = 100
#: The keys that are known to differ, and why: each has its sentence.
EXPLAINED = frozenset({"CreateNewSqlDatabase", "HighlyAvailable2ndNode"})


class Sign(Enum):
    """What stands between the two files: the line is the same in both, another, or in one of them only."""

    SAME = "="
    OTHER = "<>"
    FIRST = "<"
    ADDITIONAL = ">"


@dataclass(frozen=True, slots=True)
class Pair:
    """A line of each file; an empty text where a file has none. `why`: a sentence about a difference."""

    sign: Sign
    first: str
    other: str
    why: str = ""

    @property
    def name(self) -> str:
        """The key that the line is about."""
        return (self.first or self.other).partition("=")[0]


def pairs(plan: Plan) -> tuple[Pair, ...]:
    """The lines of VMServer.ini for the first node beside those for an additional one, in order.

    The product key is masked. Raises ValueError with one sentence when an answer that setup needs is not there yet.
    """
    first, other = _file(plan, first=True), _file(plan, first=False)
    rows: list[Pair] = []
    matcher = difflib.SequenceMatcher(None, first, other, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            rows += [Pair(Sign.SAME, line, line) for line in first[a:b]]
        else:
            rows += _different(first[a:b], other[c:d])
    return tuple(rows)


def _file(plan: Plan, *, first: bool) -> list[str]:
    options = server_options(plan, first=first)
    if "ProductKey" in options:
        options["ProductKey"] = MASK
    return [f"[{SECTION}]", *(f"{key}={value}" for key, value in options.items())]


def _different(first: Sequence[str], other: Sequence[str]) -> Iterator[Pair]:
    """Lines that are not the same, those of one key beside each other."""
    by_key = {line.partition("=")[0]: line for line in other}
    for line in first:
        match = by_key.pop(line.partition("=")[0], "")
        yield Pair(Sign.OTHER if match else Sign.FIRST, line, match, _why(line))
    for line in by_key.values():
        yield Pair(Sign.ADDITIONAL, "", line, _why(line))


def _why(line: str) -> str:
    key = line.partition("=")[0]
    return text(f"see.why.{key}") if key in EXPLAINED else text("see.why.unknown")


def answer_files(plan: Plan, width: int, *, everything: bool = False) -> tuple[Line, ...]:
    """Both files as lines of `width` at most: side by side where that fits, else one below the other.

    Lines that are the same in both are counted; `everything` shows them all. While answers are missing: which.
    """
    head = [*_lines(text("see.diff.title", file=SERVER_INI), width, bold=True), ()]
    try:
        rows = pairs(plan)
    except ValueError as error:
        return (*head, *_lines(text("see.diff.not_yet", error=error), width))
    first, others = _names(plan)
    draw = _side_by_side if width >= SIDE_BY_SIDE else _unified
    number = sum(row.sign is not Sign.SAME for row in rows)
    foot = counted("see.diff.differences", number) if number else text("see.diff.none")
    return (*head, *draw(rows, first, others, width, everything), (), *_lines(foot, width))


def _names(plan: Plan) -> tuple[str, str]:
    first, *others = [node.label for node in plan.cluster.nodes]
    named = text("see.diff.others", names=", ".join(others)) if others else text("see.diff.no_others")
    return text("see.diff.first", name=first), named


def _lines(said: str, width: int, *, bold: bool = False, indent: str = "") -> list[Line]:
    return [(Part(f"{indent}{line}", bold=bold),) for line in wrapped(said, width - len(indent))]


def _same(rows: Sequence[Pair], width: int) -> Iterator[Line]:
    names = text("see.diff.span", first=rows[0].name, last=rows[-1].name) if len(rows) > 1 else rows[0].name
    yield from _lines(f"= {counted('see.diff.same', len(rows), names=names)}", width)


def _side_by_side(rows: Sequence[Pair], first: str, others: str, width: int, everything: bool) -> Iterator[Line]:
    half = (width - 6) // 2

    def line(left: str, sign: str, right: str, *, bold: bool) -> list[Line]:
        blocks = [[(Part(said, bold=bold),) for said in wrapped(half_text, half)] for half_text in (left, right)]
        return beside([blocks[0], [padded((Part(sign, bold=bold),), 2)], blocks[1]], [half, 2, half])

    yield from line(first, "", others, bold=True)
    for same, group in groupby(rows, lambda row: row.sign is Sign.SAME):
        block = list(group)
        if same and not everything:
            yield from _same(block, width)
            continue
        for row in block:
            yield from line(row.first, row.sign.value, row.other, bold=not same)
            yield from _lines(row.why, width, indent="    ") if row.why else ()


def _unified(rows: Sequence[Pair], first: str, others: str, width: int, everything: bool) -> Iterator[Line]:
    yield from _lines(f"< {first}", width, bold=True)
    yield from _lines(f"> {others}", width, bold=True)
    yield ()
    for same, group in groupby(rows, lambda row: row.sign is Sign.SAME):
        block = list(group)
        if same and not everything:
            yield from _same(block, width)
            continue
        for row in block:
            if same:
                yield from _lines(f"= {row.first}", width)
                continue
            for sign, said in zip_longest("<>", (row.first, row.other)):
                yield from _lines(f"{sign} {said}", width, bold=True) if said else ()
            yield from _lines(row.why, width, indent="    ")
