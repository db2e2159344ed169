"""Findings told to a person (lines of text) or to a program (JSON)."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence

from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.plan.model import Plan
from vmm_wizard.printable import printable_json

#: A word and a sign for each state: colour alone tells nothing to many.
SIGNS: dict[Status, tuple[str, str]] = {
    Status.PASS: ("+", "pass"),
    Status.WARN: ("!", "warn"),
    Status.FAIL: ("X", "FAIL"),
    Status.UNKNOWN: ("?", "unknown"),
    Status.NOT_APPLICABLE: ("-", "n/a"),
}

#: Worst first.
SEVERITY: tuple[Status, ...] = (Status.FAIL, Status.UNKNOWN, Status.WARN, Status.PASS, Status.NOT_APPLICABLE)


def worst(findings: Iterable[Finding]) -> Status:
    """The gravest state among `findings`; NOT_APPLICABLE when there are none."""
    seen = {finding.status for finding in findings}
    return next((status for status in SEVERITY if status in seen), Status.NOT_APPLICABLE)


def summary(findings: Sequence[Finding]) -> dict[str, int]:
    """How many findings are in each state; every state is a key."""
    counts = Counter(finding.status for finding in findings)
    return {status.value: counts[status] for status in Status}


def exit_code(findings: Sequence[Finding]) -> int:
    """0 good (warnings allowed), 1 at least one fail, 3 no fail but something unknown."""
    return {Status.FAIL: 1, Status.UNKNOWN: 3}.get(worst(findings), 0)


def exceptions_of(plan: Plan) -> list[dict[str, str]]:
    """The certificate exceptions that this plan makes, for every report."""
    return [
        {"host": str(row.host), "sha256": row.sha256, "reason": row.reason}
        for row in plan.connection.certificate_exceptions
    ]


def as_json(plan: Plan, findings: Sequence[Finding]) -> str:
    """The report as one JSON document."""
    document = {
        "findings": [finding.as_json() for finding in findings],
        "summary": summary(findings),
        "certificate_exceptions": exceptions_of(plan),
    }
    return printable_json(json.dumps(document, indent=2, ensure_ascii=False))


def sentence(findings: Sequence[Finding]) -> str:
    """The summary as one line."""
    counts = summary(findings)
    words = [f"{counts[status.value]} {SIGNS[status][1]}" for status in SEVERITY if counts[status.value]]
    return ", ".join(words) if words else "nothing was checked"


def _paragraph(text: str, indent: str, width: int) -> list[str]:
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
    """A finding as lines: state, id, subject and title; what was read; and the remedy where there is one.

    Commands are never broken inside a word, so that a copied line stays whole; a long one may exceed `width`.
    """
    sign, word = SIGNS[finding.status]
    about = f" ({finding.subject})" if finding.subject else ""
    lines = [f"{sign} {word:<7} {finding.id:<7} {finding.title}{about}"]
    lines += _paragraph(finding.evidence, "    ", width)
    if finding.remedy:
        lines += _paragraph("-> " + finding.remedy, "    ", width)
    return lines


def as_text(plan: Plan, findings: Sequence[Finding], width: int = 80, everything: bool = False) -> list[str]:
    """The report as lines: what is not good in full, worst first; the rest as one line each when `everything`."""
    lines: list[str] = []
    for status in SEVERITY:
        for finding in (row for row in findings if row.status is status):
            if status in (Status.FAIL, Status.UNKNOWN, Status.WARN):
                lines += [*lines_of(finding, width), ""]
            elif everything:
                lines += lines_of(finding, width)
    lines += [f"! {row}" for row in plan.connection.certificate_exceptions]
    lines.append(sentence(findings))
    return lines
