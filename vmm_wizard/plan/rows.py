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

#: A check's, or that of what follows an install.
_CHECK_ID = re.compile(r"[A-Z]{2,6}-[0-9]{2}|AFT-[A-Z]+(?:-[A-Z]+)?")


@dataclass(frozen=True, slots=True)
class Rows:
    """How the rows of one answer are written.

    `columns` are the keys of a row, `required` those that must not be empty. `parse` makes a value of the texts by
    key, or raises ValueError with one sentence; `texts` is its inverse, without empty ones. `key` is what may not
    stand twice. `example` is a row for somebody who writes the first one.
    """

    columns: tuple[str, ...]
    required: tuple[str, ...]
    parse: Callable[[Mapping[str, str]], Any]
    texts: Callable[[Any], dict[str, str]]
    key: Callable[[Any], object]
    twice: str
    example: Mapping[str, str]


def one_line(text: str) -> str:
    """`text` without blanks at its ends; raises ValueError when it holds control characters or line breaks."""
    if UNSEEN.search(text):
        raise ValueError("it must not hold control characters or line breaks (write backslashes in single quotes)")
    return text.strip()


# --- certificate exceptions


def fingerprint(text: str) -> str:
    """A SHA-256 digest without separators, in lower case; raises ValueError for what is none."""
    digits = re.sub(r"[:\s-]", "", one_line(text)).lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise ValueError("a SHA-256 fingerprint has 64 hexadecimal digits")
    return digits


def _exception(row: Mapping[str, str]) -> CertificateException:
    name = HostName.parse(row.get("host", ""))
    reason = one_line(row.get("reason", ""))
    if not name:
        raise ValueError("a certificate exception needs the host it is for")
    if not reason:
        raise ValueError(f"the certificate exception for {name} needs a reason")
    return CertificateException(name, fingerprint(row.get("sha256", "")), reason)


EXCEPTIONS = Rows(
    ("host", "sha256", "reason"),
    ("host", "sha256", "reason"),
    _exception,
    lambda one: {"host": str(one.host), "sha256": one.sha256, "reason": one.reason},
    lambda one: one.host.key,
    "the host stands twice",
    {"host": "vmm01.contoso.lab", "sha256": "64 hexadecimal digits", "reason": "why, and until when"},
)


# --- findings accepted, and asked for


def check_id(text: str) -> str:
    """The id of a check in capitals; raises ValueError for what has not the form of one."""
    name = one_line(text).upper()
    if not _CHECK_ID.fullmatch(name):
        raise ValueError(f"{text!r} is not the id of a check, such as ACC-11")
    return name


def day(text: str) -> date | None:
    """A day as `2026-11-26`; None for nothing; raises ValueError with one sentence."""
    text = one_line(text)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a day such as 2026-11-26") from None


def _accepted(row: Mapping[str, str]) -> Acceptance:
    name = check_id(row.get("id", ""))
    reason = one_line(row.get("reason", ""))
    if not reason:
        raise ValueError(f"the acceptance of {name} needs a reason")
    return Acceptance(
        name, one_line(row.get("subject", "")), reason, one_line(row.get("by", "")), day(row.get("on", ""))
    )


def _asked(row: Mapping[str, str]) -> AskedFor:
    name = check_id(row.get("id", ""))
    team, ticket = one_line(row.get("team", "")).casefold(), one_line(row.get("ticket", ""))
    if team not in ASKED_TEAMS:
        raise ValueError(f"{team!r} is none of {', '.join(ASKED_TEAMS)}")
    if not ticket:
        raise ValueError(f"what was asked for {name} needs a ticket, or the name of who was asked")
    return AskedFor(name, one_line(row.get("subject", "")), team, ticket, day(row.get("on", "")))


def _without_empty(**texts: object) -> dict[str, str]:
    return {name: str(text) for name, text in texts.items() if text}


ACCEPTED = Rows(
    ("id", "subject", "reason", "by", "on"),
    ("id", "reason"),
    _accepted,
    lambda one: _without_empty(id=one.check, subject=one.subject, reason=one.reason, by=one.by, on=one.on),
    lambda one: (one.check, one.subject.casefold()),
    "it is accepted twice",
    {"id": "NOD-02", "subject": "vmm01.contoso.lab", "reason": "why", "by": "who", "on": "2026-11-26"},
)
ASKED = Rows(
    ("id", "subject", "team", "ticket", "on"),
    ("id", "team", "ticket"),
    _asked,
    lambda one: _without_empty(id=one.check, subject=one.subject, team=one.team, ticket=one.ticket, on=one.on),
    lambda one: (one.check, one.subject.casefold(), one.team),
    "it was asked of that team twice",
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
    except tomllib.TOMLDecodeError:
        row = None
    if not isinstance(row, dict) or not all(isinstance(text, str) for text in row.values()):
        raise ValueError(f"{line!r} is not a row such as {{ {', '.join(f'{n} = ...' for n in rows.columns)} }}")
    unknown = [name for name in row if name not in rows.columns]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is none of {', '.join(rows.columns)}")
    return rows.parse(row)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
