"""The states of a finding. A module of its own, for who only counts or sorts them needs no check."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What a finding says. The values are those of the JSON report."""

    PASS = "pass"  # noqa: S105 - no password
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


#: What is not good yet: what can be accepted, or asked for.
OPEN = frozenset({Status.WARN, Status.FAIL, Status.UNKNOWN})
