"""The request that goes to another team: who asks for what and why, what was read, the exact commands, and how it
will be seen that they are done. Ready to be sent; no secret can be in it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce

from vmm_wizard.afterwards.model import FollowUp, Who
from vmm_wizard.checks.explain import explain
from vmm_wizard.checks.registry import OPEN, Finding, Status
from vmm_wizard.checks.remedies import Team
from vmm_wizard.plan.model import Plan, Registration
from vmm_wizard.printable import printable
from vmm_wizard.report.signs import rank
from vmm_wizard.texts import counted, text

#: The teams that a request goes to, in the order of their pages.
TEAMS = (Team.AD, Team.SQL, Team.NETWORK, Team.NODES)
_WIDTH = 78
#: What the follow-ups of an install tell in full.
_FOLLOWED = frozenset({"POST-03", "POST-04", "SQL-17", "LIB-01"})


def requested(findings: Iterable[Finding], team: Team) -> tuple[Finding, ...]:
    """What `team` must do something for, gravest first: what is open, and not accepted."""
    mine = (row for row in findings if row.status in OPEN and not row.accepted and team in row.teams)
    return tuple(sorted(mine, key=rank))


def following(follow_ups: Iterable[FollowUp], team: Team) -> tuple[FollowUp, ...]:
    """What follows the install and has open steps for `team`."""
    return tuple(row for row in follow_ups if row.of(Who(team.value)))


def as_text(plan: Plan, findings: Sequence[Finding], team: Team, file: str, follow_ups: Sequence[FollowUp] = ()) -> str:
    """The request to `team`, as the text of a ticket or a mail; `file` is the answer file that will be checked again.

    `follow_ups`, once VMM is installed, take the place of the checks that they are made from. Commands stand on a line
    by themselves and are never broken. Says so when there is nothing to ask for.
    """
    rows = tuple(row for row in requested(findings, team) if not follow_ups or row.id not in _FOLLOWED)
    after = following(follow_ups, team)
    if not rows and not after:
        return text("reports.request.nothing", team=called(team))
    head = _head(plan, rows, team, len(after), bool(follow_ups))
    lines = [*head, *_points(rows, team), *_following(after, team, len({row.id for row in rows})), *_foot(file), ""]
    return printable("\n".join(lines))


def _head(plan: Plan, rows: Sequence[Finding], team: Team, more: int, installed: bool) -> Iterator[str]:
    number = len({row.id for row in rows}) + more
    things = counted("reports.request.things", number)
    nodes = ", ".join(str(node) for node in plan.nodes)
    cluster = plan.cluster.name.qualified(plan.dns_domain)
    stops = any(row.status is Status.FAIL for row in rows)
    sender = _sender(plan.registration)
    how = "will" if not installed else "have" if sender == _we() else "has"
    found = "installed" if installed else "stops" if stops else "goes_on"
    yield text("reports.request.subject", release=plan.release, cluster=cluster, things=things, team=called(team))
    yield ""
    said = text(
        f"reports.request.opening.{how}",
        sender=sender,
        release=plan.release,
        role=plan.cluster.role_name,
        cluster=cluster,
        nodes=nodes,
        server=plan.database.target,
        found=text(f"reports.request.found.{found}", things=things),
    )
    yield from _wrapped(said)


def _sender(registration: Registration) -> str:
    """Who asks, as far as the answers say more than setup's own defaults."""
    known = Registration()
    who = "" if registration.user_name == known.user_name else registration.user_name
    firm = "" if registration.company_name == known.company_name else registration.company_name
    return f"{who} ({firm})" if who and firm else who or firm or _we()


def _we() -> str:
    return text("reports.request.we")


def called(team: Team) -> str:
    """What a team is called in a request."""
    return text(f"reports.request.team.{team.value}")


def _points(rows: Sequence[Finding], team: Team) -> Iterator[str]:
    for number, check_id in enumerate(dict.fromkeys(row.id for row in rows), 1):
        same = [row for row in rows if row.id == check_id]
        told = explain(check_id)
        yield ""
        yield f"{number}. {same[0].title} ({check_id})"
        yield from _wrapped(_why(f"{told.why} {text(f'reports.request.stands.{same[0].status.value}')}"), "   ")
        for row in same:
            yield from _point(row, team)
        about = ", ".join(row.subject for row in same if row.subject)
        how = "about" if about else "all"
        said = text(f"reports.request.seen.{how}", check_id=check_id, about=about, asks=told.asks)
        yield from _wrapped(said, "   ")


def _point(row: Finding, team: Team) -> Iterator[str]:
    about = f"{row.subject}: " if row.subject else ""
    yield ""
    yield from _wrapped(_read(f"{about}{row.evidence}"), "   ")
    for step in row.steps:
        if step.whom.team is team:
            yield text("reports.request.do", whom=step.whom.words)
            yield f"     {step.step}"
    others = [called(other) for other in row.teams if other is not team and other in TEAMS]
    if others:
        names = reduce(lambda first, second: text("reports.request.both", first=first, second=second), others)
        yield from _wrapped(text("reports.request.others", teams=f"{names[0].upper()}{names[1:]}"), "   ")
    for asked in row.asked:
        if asked.team == team.value:
            yield f"   {text('reports.request.already', asked=asked)}"


def _following(rows: Sequence[FollowUp], team: Team, before: int) -> Iterator[str]:
    for number, row in enumerate(rows, before + 1):
        yield ""
        yield f"{number}. {row.title}"
        yield from _wrapped(_why(row.why), "   ")
        yield from _wrapped(_read(row.evidence), "   ")
        for step in row.of(Who(team.value)):
            yield ""
            yield from _wrapped(text("reports.request.please", what=step.text), "   ")
            if step.asked:
                yield f"   {text('reports.request.already', asked=step.asked)}"
            if step.where:
                yield from _wrapped(f"({step.where})", "   ")
            yield from (f"     {line}" for line in step.command.splitlines())
            if step.verify:
                yield from _wrapped(text("reports.request.seen_by", what=step.verify), "   ")


def _why(reason: str) -> str:
    return text("reports.request.why", reason=reason)


def _read(evidence: str) -> str:
    return text("reports.request.read", evidence=evidence)


def _foot(file: str) -> Iterator[str]:
    yield ""
    yield from _wrapped(text("reports.request.foot", file=file))


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
