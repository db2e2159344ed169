"""What stands before and beside a finding: the sign and the word of its state, what the answers say, and its rank."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmm_wizard.checks.status import Status
from vmm_wizard.printable import printable

if TYPE_CHECKING:
    from vmm_wizard.checks.registry import Finding

#: A word and a sign for each state: colour alone tells nothing to many.
SIGNS: dict[Status, tuple[str, str]] = {
    Status.PASS: ("+", "pass"),
    Status.WARN: ("!", "warn"),
    Status.FAIL: ("X", "FAIL"),
    Status.UNKNOWN: ("?", "unknown"),
    Status.NOT_APPLICABLE: ("-", "n/a"),
}

#: A finding that the admin accepts, whatever its state.
ACCEPTED_SIGN = ("=", "accepted")

#: Worst first.
SEVERITY: tuple[Status, ...] = (Status.FAIL, Status.UNKNOWN, Status.WARN, Status.PASS, Status.NOT_APPLICABLE)


def sign_of(finding: Finding) -> tuple[str, str]:
    """The sign and the word that stand before a finding."""
    return ACCEPTED_SIGN if finding.accepted else SIGNS[finding.status]


def rank(finding: Finding) -> int:
    """Where a finding stands in a report: the gravest is 0; what is accepted comes after all that is open."""
    place = SEVERITY.index(finding.status)
    last_open = SEVERITY.index(Status.WARN)
    if finding.accepted:
        return last_open + 1
    return place if place <= last_open else place + 1


def notes_of(finding: Finding) -> tuple[str, ...]:
    """What the answers say of a finding: that it is accepted and why, and whom the admin has asked."""
    accepted = [f"{SIGNS[finding.status][1]}, {finding.accepted}"] if finding.accepted else []
    return tuple(printable(note) for note in (*accepted, *map(str, finding.asked)))
