"""Checks against nodes as a table: what holds on which node, in words or signs, never by colour alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vmm_wizard.checks.acceptance import node_of
from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.plan.model import Plan
from vmm_wizard.report.signs import ACCEPTED_SIGN, SIGNS, rank, sign_of
from vmm_wizard.texts import text

#: Columns of an id and the blank behind it.
_ID = 9
#: Least columns that are left for a check's title.
_TITLE = 20
#: Columns of a cell with a sign and a word.
_WORD = 11
#: Columns of a cell with a sign alone.
_SIGN = 3


@dataclass(frozen=True, slots=True)
class Row:
    """What one check says of each node, in the matrix' order of nodes; None where it says nothing of one."""

    id: str
    title: str
    cells: tuple[Finding | None, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Every check that says something of single nodes, against the plan's nodes in their order."""

    nodes: tuple[str, ...]
    rows: tuple[Row, ...]


def matrix(plan: Plan, findings: Sequence[Finding]) -> Matrix:
    """The findings about the plan's nodes. Of several about one node by one check the gravest counts."""
    nodes = tuple(node.key for node in plan.nodes)
    table: dict[str, dict[str, Finding]] = {}
    for finding in sorted(findings, key=rank):
        node = node_of(finding.subject, plan)
        if node is not None:
            table.setdefault(finding.id, {}).setdefault(node, finding)
    ids = dict.fromkeys(finding.id for finding in findings)
    rows = []
    for check_id in ids:
        of_check = table.get(check_id)
        if of_check:
            title = next(iter(of_check.values())).title
            rows.append(Row(check_id, title, tuple(of_check.get(node) for node in nodes)))
    return Matrix(nodes, tuple(rows))


def as_document(table: Matrix) -> dict[str, Any]:
    """The matrix for a JSON report; a node of which a check says nothing is no key of its cells."""
    return {
        "nodes": list(table.nodes),
        "rows": [
            {
                "id": row.id,
                "title": row.title,
                "cells": {
                    node: {"status": cell.status.value, "accepted": cell.accepted is not None}
                    for node, cell in zip(table.nodes, row.cells, strict=True)
                    if cell is not None
                },
            }
            for row in table.rows
        ],
    }


def as_text(table: Matrix, width: int = 80) -> list[str]:
    """The matrix as lines of `width` at most: words while they fit, else signs under the nodes' numbers, explained."""
    if not table.nodes or not table.rows:
        return [text("reports.matrix.nothing")]
    words = _ID + _TITLE + _WORD * len(table.nodes) <= width
    cell = _WORD if words else _SIGN
    title = max(width - _ID - cell * len(table.nodes), 0)
    short = [node.partition(".")[0] for node in table.nodes]
    named = words and all(len(name) < _WORD for name in short)
    heads = short if named else [str(number) for number in range(1, len(short) + 1)]
    lines = []
    if not named:
        lines += [f"{number:>2} {node}" for number, node in enumerate(table.nodes, 1)]
        lines.append("")
    lines.append(" " * (_ID + title) + "".join(f"{head:<{cell}}" for head in heads))
    for row in table.rows:
        cells = "".join(f"{_cell(one, words):<{cell}}" for one in row.cells)
        lines.append(f"{row.id:<{_ID}}{_cut(row.title, title):<{title}}{cells}")
    if not words:
        known = [*(SIGNS[status] for status in Status), ACCEPTED_SIGN]
        lines += ["", ", ".join(f"{sign} {word}" for sign, word in known)]
    return [line.rstrip() for line in lines]


def _cell(finding: Finding | None, words: bool) -> str:
    if finding is None:
        return ""
    sign, word = sign_of(finding)
    return f"{sign} {word}" if words else sign


def _cut(text: str, width: int) -> str:
    """`text` in `width` columns with a blank behind it."""
    if len(text) < width:
        return text
    return f"{text[: max(width - 4, 0)]}..." if width > 8 else ""
