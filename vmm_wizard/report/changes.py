"""What has changed since an earlier `check --json`: told to a person or to a program."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.printable import printable
from vmm_wizard.report.findings import lines_of, paragraph
from vmm_wizard.report.signs import SIGNS
from vmm_wizard.texts import text

#: Longest earlier report in bytes; a real one of sixteen nodes has some hundred thousand.
SIZE_MAX = 32 * 1024 * 1024

_WRONG = (Status.FAIL, Status.WARN)


class ReportError(ValueError):
    """A file that is no earlier report, in one sentence."""


class Kind(StrEnum):
    """What became of a finding. The values are the keys of the JSON report, in the order they are told.

    `GONE`: what was wrong is not looked at any more, because the plan or its phase is another.
    """

    NEW = "newly_wrong"
    LOST = "no_longer_known"
    STILL = "still_wrong"
    MENDED = "mended"
    GONE = "no_longer_asked"
    EVIDENCE = "evidence_changed"


@dataclass(frozen=True, slots=True)
class Earlier:
    """A finding of an earlier report."""

    id: str
    subject: str
    title: str
    status: Status
    evidence: str


@dataclass(frozen=True, slots=True)
class Change:
    """A finding then and now; None where it is not in that report."""

    kind: Kind
    before: Earlier | None
    now: Finding | None

    def as_json(self) -> dict[str, str]:
        either = self.now or self.before
        assert either is not None
        return {
            "id": either.id,
            "subject": either.subject,
            "title": either.title,
            "was": self.before.status.value if self.before else "",
            "status": self.now.status.value if self.now else "",
            "evidence_was": self.before.evidence if self.before else "",
            "evidence": self.now.evidence if self.now else "",
        }


def read_report(path: Path) -> tuple[Earlier, ...]:
    """The findings in a file that `check --json` has written. Raises ReportError, also when it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_MAX + 1)
        document = json.loads(data.decode("utf-8-sig")) if len(data) <= SIZE_MAX else None
    except OSError as error:
        raise ReportError(text("reports.changes.cannot_be_read", path=path, reason=error.strerror)) from None
    except (ValueError, RecursionError):
        document = None
    rows = document.get("findings") if isinstance(document, dict) else None
    try:
        if not isinstance(rows, list):
            raise TypeError
        return tuple(_earlier(row) for row in rows)
    except (KeyError, TypeError, ValueError):
        raise ReportError(text("reports.changes.no_report", path=path)) from None


def _earlier(row: Mapping[str, Any]) -> Earlier:
    texts = [row[name] for name in ("id", "subject", "title", "evidence")]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError
    check_id, subject, title, evidence = map(printable, texts)
    return Earlier(check_id, subject, title, Status(row["status"]), evidence)


def changes(before: Sequence[Earlier], now: Sequence[Finding]) -> tuple[Change, ...]:
    """What became of each finding, by check and subject; what is good and says the same is left out.

    A check may say several things of one subject: they are compared in their order.
    """
    earlier: dict[tuple[str, str], list[Earlier]] = {}
    for row in before:
        earlier.setdefault((row.id, row.subject.casefold()), []).append(row)
    found = []
    for finding in now:
        same = earlier.get((finding.id, finding.subject.casefold()), [])
        old = same.pop(0) if same else None
        found.append((_kind(old, finding), old, finding))
    left = [row for rows in earlier.values() for row in rows]
    rows = [Change(kind, old, finding) for kind, old, finding in found if kind is not None]
    rows += [Change(Kind.GONE, row, None) for row in left if row.status in (*_WRONG, Status.UNKNOWN)]
    order = list(Kind)
    return tuple(sorted(rows, key=lambda row: order.index(row.kind)))


def _kind(before: Earlier | None, now: Finding) -> Kind | None:
    was_open = before is not None and before.status in (*_WRONG, Status.UNKNOWN)
    if now.status in _WRONG:
        return Kind.STILL if before is not None and before.status in _WRONG else Kind.NEW
    if now.status is Status.UNKNOWN:
        return Kind.STILL if before is not None and before.status is Status.UNKNOWN else Kind.LOST
    if was_open:
        return Kind.MENDED if now.status is Status.PASS else Kind.GONE
    if before is not None and before.status is now.status and before.evidence != now.evidence:
        return Kind.EVIDENCE
    return None


def as_document(rows: Sequence[Change]) -> dict[str, list[dict[str, str]]]:
    """The changes for a JSON report: every kind is a key."""
    return {kind.value: [row.as_json() for row in rows if row.kind is kind] for kind in Kind}


def as_text(rows: Sequence[Change], since: str, width: int = 80, everything: bool = False) -> list[str]:
    """The changes as lines, what is worse first. What is good and was good is only named, unless `everything`."""
    if not rows:
        return [printable(text("reports.changes.nothing", since=since)), ""]
    lines = [printable(text("reports.changes.since", since=since)), ""]
    for kind in Kind:
        same = [row for row in rows if row.kind is kind]
        if same and kind is Kind.EVIDENCE and not everything:
            ids = ", ".join(dict.fromkeys(row.now.id for row in same if row.now))
            lines += [
                *paragraph(
                    text("reports.changes.evidence_only", heading=_heading(kind), number=len(same), checks=ids),
                    "",
                    width,
                ),
                "",
            ]
        elif same:
            lines += [f"{_heading(kind)} ({len(same)})", ""]
            for row in same:
                lines += [*_lines(row, width)]
            lines += [] if lines[-1] == "" else [""]
    return lines


def _heading(kind: Kind) -> str:
    return text(f"reports.changes.heading.{kind.name.lower()}")


def _lines(row: Change, width: int) -> Iterator[str]:
    either = row.now or row.before
    assert either is not None
    was = SIGNS[row.before.status][1] if row.before else ""
    if row.now is not None and row.kind in (Kind.NEW, Kind.LOST, Kind.STILL):
        head, *rest = lines_of(row.now, width)
        yield head
        if row.before is not None and row.before.status is not row.now.status:
            yield f"    {text('reports.changes.was', was=was)}"
        yield from rest
        if row.before is not None and row.kind is Kind.STILL and row.before.evidence != row.now.evidence:
            yield from paragraph(text("reports.changes.before", evidence=row.before.evidence), "    ", width)
        yield ""
        return
    about = f" ({either.subject})" if either.subject else ""
    sign = "+" if row.kind is Kind.MENDED else "-" if row.kind is Kind.GONE else "~"
    line = f"{sign} {either.id:<7} {either.title}{about}"
    yield line if row.kind is Kind.EVIDENCE else f"{line}: {text('reports.changes.was', was=was)}"
    if row.kind is Kind.EVIDENCE and row.before is not None and row.now is not None:
        yield from paragraph(text("reports.changes.before", evidence=row.before.evidence), "    ", width)
        yield from paragraph(text("reports.changes.now", evidence=row.now.evidence), "    ", width)
