"""Answers that are lists of tables: certificate exceptions, accepted findings, what was asked for. A row's keys and
texts, how a row becomes a value and back."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from vmm_wizard.plan.model import ASKED_TEAMS, Acceptance, AskedFor, CertificateException
from vmm_wizard.plan.names import UNSEEN, HostName
from vmm_wizard.texts import text

#: A check's, or that of what follows an install.
_CHECK_ID = re.compile(r"[A-Z]{2,6}-[0-9]{2}|AFT-[A-Z]+(?:-[A-Z]+)?")

#: Most letters of a row that are shown in a sentence.
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Rows:
    """How the rows of one answer are written.

    `columns` are the keys of a row, `required` those that must not be empty. `parse` makes a value of the texts by
    key, or raises ValueError with one sentence; `texts` is its inverse, without empty ones. `key` is what may not
    stand twice. `example` is a row for somebody who writes the first one; a value of it that is None
    is told in words, which are in the catalogue.
    """

    columns: tuple[str, ...]
    required: tuple[str, ...]
    parse: Callable[[Mapping[str, str]], Any]
    texts: Callable[[Any], dict[str, str]]
    key: Callable[[Any], object]
    example: Mapping[str, str | None]


def one_line(written: str) -> str:
    """`written` without blanks at its ends; raises ValueError when it holds control characters or line breaks."""
    if UNSEEN.search(written):
        raise ValueError(text("parsing.rows.control_characters"))
    return written.strip()


# --- certificate exceptions


def fingerprint(written: str) -> str:
    """A SHA-256 digest without separators, in lower case; raises ValueError for what is none."""
    digits = re.sub(r"[:\s-]", "", one_line(written)).lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise ValueError(text("parsing.rows.fingerprint"))
    return digits


def _exception(row: Mapping[str, str]) -> CertificateException:
    name = HostName.parse(row.get("host", ""))
    reason = one_line(row.get("reason", ""))
    if not name:
        raise ValueError(text("parsing.rows.exception_without_host"))
    if not reason:
        raise ValueError(text("parsing.rows.exception_without_reason", host=name))
    return CertificateException(name, fingerprint(row.get("sha256", "")), reason)


EXCEPTIONS = Rows(
    ("host", "sha256", "reason"),
    ("host", "sha256", "reason"),
    _exception,
    lambda one: {"host": str(one.host), "sha256": one.sha256, "reason": one.reason},
    lambda one: one.host.key,
    {"host": "vmm01.contoso.lab", "sha256": None, "reason": None},
)


# --- findings accepted, and asked for


def check_id(written: str) -> str:
    """The id of a check in capitals; raises ValueError for what has not the form of one."""
    name = one_line(written).upper()
    if not _CHECK_ID.fullmatch(name):
        raise ValueError(text("parsing.rows.no_check_id", read=written))
    return name


def day(written: str) -> date | None:
    """A day as `2026-11-26`; None for nothing; raises ValueError with one sentence."""
    written = one_line(written)
    if not written:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise ValueError(text("parsing.rows.no_day", read=written)) from None


def _accepted(row: Mapping[str, str]) -> Acceptance:
    name = check_id(row.get("id", ""))
    reason = one_line(row.get("reason", ""))
    if not reason:
        raise ValueError(text("parsing.rows.acceptance_without_reason", check=name))
    return Acceptance(
        name, one_line(row.get("subject", "")), reason, one_line(row.get("by", "")), day(row.get("on", ""))
    )


def _asked(row: Mapping[str, str]) -> AskedFor:
    name = check_id(row.get("id", ""))
    team, ticket = one_line(row.get("team", "")).casefold(), one_line(row.get("ticket", ""))
    if team not in ASKED_TEAMS:
        raise ValueError(text("parsing.rows.no_team", team=team, teams=", ".join(ASKED_TEAMS)))
    if not ticket:
        raise ValueError(text("parsing.rows.asked_without_ticket", check=name))
    return AskedFor(name, one_line(row.get("subject", "")), team, ticket, day(row.get("on", "")))


def _without_empty(**texts: object) -> dict[str, str]:
    return {name: str(text) for name, text in texts.items() if text}


ACCEPTED = Rows(
    ("id", "subject", "reason", "by", "on"),
    ("id", "reason"),
    _accepted,
    lambda one: _without_empty(id=one.check, subject=one.subject, reason=one.reason, by=one.by, on=one.on),
    lambda one: (one.check, one.subject.casefold()),
    {"id": "NOD-02", "subject": "vmm01.contoso.lab", "reason": None, "by": None, "on": "2026-11-26"},
)
ASKED = Rows(
    ("id", "subject", "team", "ticket", "on"),
    ("id", "team", "ticket"),
    _asked,
    lambda one: _without_empty(id=one.check, subject=one.subject, team=one.team, ticket=one.ticket, on=one.on),
    lambda one: (one.check, one.subject.casefold(), one.team),
    {"id": "DKM-02", "subject": "", "team": "ad", "ticket": "CHG-1", "on": "2026-11-26"},
)


# --- a row as one line of a form


def row_line(rows: Rows, value: Any) -> str:
    """A value as one line: its texts with blanks between where all are required, else an inline table."""
    texts = rows.texts(value)
    if rows.columns == rows.required:
        return " ".join(texts.values())
    return f"{{ {', '.join(f'{name} = {_quoted(text)}' for name, text in texts.items())} }}"


def parse_row_line(rows: Rows, line: str) -> Any:
    """The inverse of `row_line`; raises ValueError with one sentence."""
    if rows.columns == rows.required:
        return rows.parse(dict(zip(rows.columns, line.split(None, len(rows.columns) - 1), strict=False)))
    try:
        row = tomllib.loads(f"row = {line}")["row"]
    except (tomllib.TOMLDecodeError, RecursionError):
        row = None
    if not isinstance(row, dict) or not all(isinstance(written, str) for written in row.values()):
        shown = line if len(line) <= _SHOWN else f"{line[: _SHOWN - 3]}..."
        raise ValueError(text("parsing.rows.no_row", read=shown, columns=", ".join(f"{n} = ..." for n in rows.columns)))
    unknown = [name for name in row if name not in rows.columns]
    if unknown:
        raise ValueError(text("parsing.rows.unknown_column", column=unknown[0], columns=", ".join(rows.columns)))
    return rows.parse(row)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
