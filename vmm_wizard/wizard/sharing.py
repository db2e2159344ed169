"""What can be taken out of the wizard: commands, a request, a picture; never a secret. Pure but for the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vmm_wizard import log
from vmm_wizard.checks.registry import Finding
from vmm_wizard.checks.remedies import Team
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.afterwards.model import FollowUp

#: What begins a comment in what a team pastes.
_COMMENT = {Team.SQL.value: "--"}


@dataclass(frozen=True, slots=True)
class Shared:
    """A text to take along: `what` it is, as part of a sentence, and the `name` that a file of it may have."""

    what: str
    text: str
    name: str

    @property
    def masked(self) -> str:
        """The text with every secret known to the process masked, its last line ended."""
        return log.masked(self.text.rstrip("\n")) + "\n"


def remedy_of(findings: Sequence[Finding]) -> Shared | None:
    """The commands that mend findings, alone: each once, and behind a comment who runs it where there are several.

    None where there is nothing to do.
    """
    steps = dict.fromkeys((step.whom.team.value, step.whom.words, step.step) for row in findings for step in row.steps)
    if steps:
        said = "\n".join(_commands(tuple(steps)))
    else:
        said = "\n".join(dict.fromkeys(row.remedy for row in findings if row.remedy))
    if not said:
        return None
    return alone(findings[0].id, said)


def alone(check_id: str, remedy: str) -> Shared:
    """What mends findings of a check, as it is said."""
    return Shared(text("see.share.remedy", id=check_id), remedy, f"{check_id}.txt")


def _commands(steps: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    """(team, who in words, command), as what can be pasted."""
    if len(steps) == 1:
        yield steps[0][2]
        return
    before = ""
    for team, words, command in steps:
        if words != before:
            yield f"{_COMMENT.get(team, '#')} {words}:"
        yield command
        before = words


def follow_ups_of(rows: Sequence[FollowUp]) -> Shared | None:
    """The commands of what follows an install and is open, each behind a comment that says what it does."""
    from vmm_wizard.afterwards.model import OPEN

    lines: list[str] = []
    for row in rows:
        for step in row.steps:
            if step.state in OPEN and step.command:
                sign = _COMMENT.get(step.who.value, "#")
                where = f" ({step.where})" if step.where else ""
                lines += [f"{sign} {row.code}: {step.text}{where}", *step.command.splitlines(), ""]
    return Shared(text("see.share.follow_ups"), "\n".join(lines).rstrip(), "follow-ups.txt") if lines else None


def requested_of(findings: Sequence[Finding]) -> tuple[tuple[str, str], ...]:
    """(team, how it is called) of the other teams that must act for findings, in their order."""
    from vmm_wizard.report import request

    teams = {team for row in findings for team in row.teams if request.requested((row,), team)}
    return tuple((team.value, request.called(team)) for team in request.TEAMS if team in teams)


def request_choices(findings: Sequence[Finding], follow_ups: Sequence[FollowUp]) -> tuple[tuple[str, str], ...]:
    """(team, how it is called and how many things it would be asked for) of the teams that there is a request to."""
    from vmm_wizard.report import request

    rows = []
    for team in request.TEAMS:
        number = len({row.id for row in request.requested(findings, team)}) + len(request.following(follow_ups, team))
        if number:
            rows.append((team.value, text("see.request.choice", team=request.called(team), number=number)))
    return tuple(rows)


def request_to(
    team: Team, plan: Plan, findings: Sequence[Finding], file: Path | None, follow_ups: Sequence[FollowUp] = ()
) -> Shared:
    """The request to a team, as the text of a mail or ticket."""
    from vmm_wizard.report import request

    said = request.as_text(plan, findings, team, file.name if file else "FILE", follow_ups)
    return Shared(text("see.share.request", team=request.called(team)), said, f"request-{team.value}.txt")


class NameRefusedError(ValueError):
    """A text that is no name of a file; the message is a sentence."""


def named(said: str) -> Path:
    """The path that was typed; raises NameRefusedError."""
    said = said.strip()
    if not said or re.search(r"[\x00-\x1f]", said):
        raise NameRefusedError(text("see.write.no_name"))
    try:
        return Path(said).expanduser()
    except RuntimeError:
        raise NameRefusedError(text("see.write.no_name")) from None


def answers_named(said: str) -> Path:
    """The path of an answer file that was typed, with the suffix that it lacks; raises NameRefusedError."""
    path = named(said)
    if path.name in ("", ".."):
        raise NameRefusedError(text("see.write.no_name"))
    return path if path.suffix else path.with_suffix(".toml")


def write(shared: Shared, path: Path, *, overwrite: bool = False) -> None:
    """Write the text to a file. Raises FileExistsError unless it may `overwrite`, and OSError as the system does."""
    with path.open("w" if overwrite else "x", encoding="utf-8") as file:
        file.write(shared.masked)
