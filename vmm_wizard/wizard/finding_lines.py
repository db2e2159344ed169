"""Findings as both faces of the wizard list them, and as they show one in full. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmm_wizard.checks.status import Status
from vmm_wizard.report.signs import notes_of, sign_of
from vmm_wizard.texts import text
from vmm_wizard.wizard.flow import View, is_asked, was

if TYPE_CHECKING:
    from vmm_wizard.checks.registry import Finding


def _short(subject: str) -> str:
    """A host by its first label; an address whole."""
    label, _, rest = subject.partition(".")
    return subject if label.isdigit() and rest else label


@dataclass(frozen=True, slots=True)
class Line:
    """Findings that say the same, as one line of the list.

    What is good is one line a check, for all nodes; else one line for each thing read, for all checks that it stops.
    `asking`: they are unknown because the answer has not come yet. `before`: what was said before it was asked again.
    """

    findings: tuple[Finding, ...]
    asking: bool = False
    before: Finding | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What the line is recognised by when the list changes."""
        return self.findings[0].id, self.findings[0].subject

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the checks, each once."""
        return tuple(dict.fromkeys(row.id for row in self.findings))

    @property
    def sign(self) -> tuple[str, str]:
        """Sign and word of its state."""
        return ("~", "asking") if self.asking else sign_of(self.findings[0])

    @property
    def head(self) -> str:
        """Sign, word and first id."""
        return f"{' '.join(self.sign)} {self.ids[0]}"

    @property
    def whole(self) -> str:
        """All of it."""
        return f"{self.head} {self.text}"

    @property
    def text(self) -> str:
        """What stands behind sign, word and first id."""
        first = self.findings[0]
        others = len(self.ids) - 1
        more = text("findings.more", number=others, said="") if others else ""
        subjects = dict.fromkeys(_short(row.subject) for row in self.findings if row.subject)
        about = f"{', '.join(subjects)}: " if subjects and not others else ""
        if self.before is not None:
            word = sign_of(self.before)[1]
            return f"{more}{about}{text('steps.again', word=word, evidence=self.before.evidence)}"
        if first.status is Status.PASS or (self.asking and not others):
            return f"{about}{first.title}"
        notes = "; ".join(notes_of(first))
        if notes and not self.asking:
            return f"{more}{about}{notes}: {first.evidence}"
        return f"{more}{about}{text('findings.asking') if self.asking else first.evidence}"


def lines_of(view: View, findings: Sequence[Finding]) -> tuple[Line, ...]:
    """The lines of a list of these findings, in their order."""
    groups: dict[Hashable, list[Finding]] = {}
    earlier: dict[Hashable, Finding | None] = {}
    for row in findings:
        asked, old = is_asked(view, row), was(view, row)
        if old is not None and old.status in (Status.PASS, Status.NOT_APPLICABLE):
            old = None
        if asked:
            said: Hashable = (old.evidence, old.remedy) if old else ""
        else:
            said = row.id if row.status is Status.PASS else (row.evidence, row.remedy)
        key = ("asked" if asked else row.status, said, row.accepted, row.asked)
        groups.setdefault(key, []).append(row)
        earlier[key] = old
    return tuple(Line(tuple(rows), is_asked(view, rows[0]), earlier[key]) for key, rows in groups.items())


def title_of(findings: Sequence[Finding]) -> str:
    """What stands above findings that say the same: sign, word, id and title."""
    first = findings[0]
    ids = {row.id for row in findings}
    title = first.title if len(ids) == 1 else text("findings.title_more", number=len(ids) - 1)
    return f"{' '.join(sign_of(first))} {first.id} {title}"


def paragraphs(findings: Sequence[Finding]) -> tuple[tuple[str, str], ...]:
    """Findings that say the same, or those of one check, in full, as (heading, text): what was read, what to do, and
    why it is asked. Where one check says different things of its subjects, each is told with its subjects."""
    ids = tuple(dict.fromkeys(row.id for row in findings))
    parts: list[tuple[str, str]] = []
    if len(ids) > 1:
        rows = [f"{row.id} {row.title}{f' ({row.subject})' if row.subject else ''}" for row in findings]
        parts.append((text("findings.part.waiting"), "\n".join(rows)))
    groups: dict[Hashable, list[Finding]] = {}
    for row in findings:
        groups.setdefault((row.evidence, row.remedy) if len(ids) == 1 else "", []).append(row)
    for group in groups.values():
        parts += _said_of(group, where=len(ids) == 1)
    if len(ids) == 1:
        # The glossary is read only where somebody opens a finding.
        from vmm_wizard.wizard.help import help_of_check

        parts += help_of_check(findings[0].id).paragraphs()
    return tuple(parts)


def _said_of(findings: Sequence[Finding], *, where: bool) -> Iterator[tuple[str, str]]:
    """Of which subjects, what the answers say of it, what was read, and what to do."""
    subjects = [row.subject for row in findings if row.subject]
    if where and subjects:
        yield text("findings.part.where"), ", ".join(subjects)
    notes = dict.fromkeys(note for row in findings for note in notes_of(row))
    if notes:
        yield text("findings.part.notes"), "\n".join(notes)
    yield text("findings.part.read"), "\n".join(dict.fromkeys(row.evidence for row in findings))
    if findings[0].remedy:
        yield text("findings.part.remedy"), findings[0].remedy
