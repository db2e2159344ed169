"""What a check is about, told to somebody who meets it for the first time: `vmm-wizard explain ACC-01`."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from vmm_wizard.checks.registry import Check, all_checks
from vmm_wizard.texts import text

#: The parts of an explanation in the catalogue.
_PARTS = ("asks", "why", "since", "otherwise", "mend", "whom")


@dataclass(frozen=True, slots=True)
class Explanation:
    """A check explained. Each field is one sentence or a few.

    `asks`: what is looked at. `why`: what for. `since`: which releases it matters for. `otherwise`: what setup does
    when it is wrong, and when that shows.
    `mend`: what to do. `whom`: who can. `source`: where the rule comes from.
    """

    id: str
    title: str
    asks: str
    why: str
    since: str
    otherwise: str
    mend: str
    whom: str
    source: str

    def paragraphs(self) -> tuple[tuple[str, str], ...]:
        """(heading, text) in reading order."""
        return (
            (text("help.check.asks"), self.asks),
            (text("help.check.why"), self.why),
            (text("help.check.since"), self.since),
            (text("help.check.otherwise"), self.otherwise),
            (text("help.check.mend"), self.mend),
            (text("help.check.whom"), self.whom),
            (text("help.check.source"), self.source),
        )


class UnknownCheckError(LookupError):
    """There is no check of that id; the message names near ones."""


def explain(check_id: str) -> Explanation:
    """The explanation of a check, by its id in any case. Raises UnknownCheckError for an id that is none."""
    checks = {entry.id: entry for entry in all_checks()}
    entry = checks.get(check_id.strip().upper())
    if entry is None:
        near = difflib.get_close_matches(check_id.strip().upper(), checks, n=3)
        found = text("evidence.shared.or").join(near)
        raise UnknownCheckError(
            text("evidence.explain.near", id=check_id, found=found)
            if near
            else text("evidence.explain.no_such_check", id=check_id)
        )
    return _explanation(entry)


def explanations() -> tuple[Explanation, ...]:
    """All explanations, in the order of the checks."""
    return tuple(_explanation(entry) for entry in all_checks())


def _explanation(entry: Check) -> Explanation:
    parts = {part: text(f"checks.{entry.id}.{part}") for part in _PARTS}
    return Explanation(entry.id, entry.title, **parts, source=text(f"sources.{entry.source}"))
