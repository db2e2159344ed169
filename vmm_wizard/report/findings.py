"""Findings told to a person (lines of text) or to a program (JSON)."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from vmm_wizard.checks.acceptance import idle
from vmm_wizard.checks.registry import OPEN, Finding, Status
from vmm_wizard.plan.model import Plan
from vmm_wizard.printable import printable, printable_json
from vmm_wizard.report.signs import SEVERITY, SIGNS, notes_of, rank, sign_of
from vmm_wizard.texts import text


def worst(findings: Iterable[Finding]) -> Status:
    """The gravest state among `findings` that nobody accepted; NOT_APPLICABLE when there are none."""
    seen = {finding.status for finding in findings if not finding.accepted}
    return next((status for status in SEVERITY if status in seen), Status.NOT_APPLICABLE)


def summary(findings: Sequence[Finding]) -> dict[str, int]:
    """How many findings are in each state, those that are accepted apart; every state is a key."""
    counts = Counter(finding.status for finding in findings if not finding.accepted)
    accepted = sum(1 for finding in findings if finding.accepted)
    return {**{status.value: counts[status] for status in Status}, "accepted": accepted}


def exit_code(findings: Sequence[Finding]) -> int:
    """0 good (warnings allowed, and what is accepted), 1 at least one fail, 3 no fail but something unknown."""
    return {Status.FAIL: 1, Status.UNKNOWN: 3}.get(worst(findings), 0)


def exceptions_of(plan: Plan) -> list[dict[str, str]]:
    """The certificate exceptions that this plan makes, for every report."""
    return [
        {"host": str(row.host), "sha256": row.sha256, "reason": row.reason}
        for row in plan.connection.certificate_exceptions
    ]


def as_json(plan: Plan, findings: Sequence[Finding], **more: Any) -> str:
    """The report as one JSON document; `more` are further keys of it."""
    document = {
        "findings": [finding.as_json() for finding in findings],
        "summary": summary(findings),
        "certificate_exceptions": exceptions_of(plan),
        "accepted_for_nothing": [str(row) for row in idle(plan, findings)],
        **more,
    }
    return printable_json(json.dumps(document, indent=2, ensure_ascii=False))


def sentence(findings: Sequence[Finding]) -> str:
    """The summary as one line."""
    counts = summary(findings)
    words = [f"{counts[status.value]} {SIGNS[status][1]}" for status in SEVERITY if counts[status.value]]
    if counts["accepted"]:
        words.append(f"{counts['accepted']} accepted")
    return ", ".join(words) if words else text("reports.findings.nothing")


def _remark(text: str, width: int) -> list[str]:
    return textwrap.wrap(f"! {text}", width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def paragraph(text: str, indent: str, width: int) -> list[str]:
    """`text` wrapped at `width` with its own line ends; words, and so commands, stay whole."""
    lines: list[str] = []
    for line in text.splitlines() or [""]:
        lines += textwrap.wrap(
            line,
            width,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return lines


def lines_of(finding: Finding, width: int = 80) -> list[str]:
    """A finding as lines: state, id, subject and title; what the answers say of it; what was read; the remedy.

    Commands are never broken inside a word, so that a copied line stays whole; a long one may exceed `width`.
    """
    sign, word = sign_of(finding)
    about = f" ({finding.subject})" if finding.subject else ""
    lines = [f"{sign} {word:<8} {finding.id:<7} {finding.title}{about}"]
    for note in notes_of(finding):
        lines += paragraph(note, "    ", width)
    lines += paragraph(finding.evidence, "    ", width)
    if finding.remedy:
        lines += paragraph("-> " + finding.remedy, "    ", width)
    return lines


def remarks(plan: Plan, findings: Sequence[Finding]) -> tuple[str, ...]:
    """What every report says besides its findings: certificate exceptions, and acceptances that match nothing."""
    return tuple(printable(str(row)) for row in (*plan.connection.certificate_exceptions, *idle(plan, findings)))


def as_text(plan: Plan, findings: Sequence[Finding], width: int = 80, everything: bool = False) -> list[str]:
    """The report as lines: what is not good in full, worst first; the rest as well when `everything`."""
    lines: list[str] = []
    for finding in sorted(findings, key=rank):
        if finding.status in OPEN:
            lines += [*lines_of(finding, width), ""]
        elif everything:
            lines += lines_of(finding, width)
    return [*lines, *ending(plan, findings, width)]


def ending(plan: Plan, findings: Sequence[Finding], width: int = 80) -> list[str]:
    """The last lines of every report: its remarks, and how many findings are in which state."""
    return [*(line for row in remarks(plan, findings) for line in _remark(row, width)), sentence(findings)]
