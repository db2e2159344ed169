"""The request that goes to another team: who asks for what and why, what was read, the exact commands, and how it
will be seen that they are done. Ready to be sent; no secret can be in it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from vmm_wizard.afterwards.model import FollowUp, Who
from vmm_wizard.checks.explain import explain
from vmm_wizard.checks.registry import OPEN, Finding, Status
from vmm_wizard.checks.remedies import Team
from vmm_wizard.plan.model import Plan, Registration
from vmm_wizard.printable import printable
from vmm_wizard.report.signs import rank

#: What each team is called in a request.
CALLED: dict[Team, str] = {
    Team.AD: "the AD team",
    Team.SQL: "the DBAs",
    Team.NETWORK: "the network team",
    Team.NODES: "the administrators of the nodes",
}

_WIDTH = 78
#: What the follow-ups of an install tell in full.
_FOLLOWED = frozenset({"POST-03", "POST-04", "SQL-17", "LIB-01"})
_STANDS = {
    Status.FAIL: "Setup cannot go on without it.",
    Status.UNKNOWN: "It could not be judged; this is what would let it be.",
    Status.WARN: "Setup goes on without it, but it should be mended.",
}


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
        return f"Nothing that was found is for {CALLED[team]}.\n"
    head = _head(plan, rows, team, len(after), bool(follow_ups))
    lines = [*head, *_points(rows, team), *_following(after, team, len({row.id for row in rows})), *_foot(file), ""]
    return printable("\n".join(lines))


def _head(plan: Plan, rows: Sequence[Finding], team: Team, more: int, installed: bool) -> Iterator[str]:
    number = len({row.id for row in rows}) + more
    things = "one thing" if number == 1 else f"{number} things"
    nodes = ", ".join(str(node) for node in plan.nodes)
    cluster = plan.cluster.name.qualified(plan.dns_domain)
    stops = any(row.status is Status.FAIL for row in rows)
    because = (
        ", and setup runs unattended: where it meets such a fault, it takes everything back after ten to thirty minutes"
        if stops
        else "; setup could go on, but it is better mended before VMM is in use"
    )
    sender = _sender(plan.registration)
    done = f"{'have' if sender == 'We' else 'has'} installed" if installed else "will install"
    if installed:
        because = ""
    yield f"Subject: VMM {plan.release} on {cluster}: {things} for {CALLED[team]}"
    yield ""
    yield from _wrapped(
        f"{sender} {done} System Center Virtual Machine Manager (VMM) {plan.release}, which "
        f"manages virtual machines and their hosts, as the highly available role {plan.cluster.role_name} on cluster "
        f"{cluster} (nodes {nodes}), with its database on {plan.database.target}. A check that changes "
        f"nothing found {things} that only you can mend{because}."
    )


def _sender(registration: Registration) -> str:
    """Who asks, as far as the answers say more than setup's own defaults."""
    known = Registration()
    who = "" if registration.user_name == known.user_name else registration.user_name
    firm = "" if registration.company_name == known.company_name else registration.company_name
    return f"{who} ({firm})" if who and firm else who or firm or "We"


def _points(rows: Sequence[Finding], team: Team) -> Iterator[str]:
    for number, check_id in enumerate(dict.fromkeys(row.id for row in rows), 1):
        same = [row for row in rows if row.id == check_id]
        told = explain(check_id)
        yield ""
        yield f"{number}. {same[0].title} ({check_id})"
        yield from _wrapped(f"Why: {told.why} {_STANDS[same[0].status]}", "   ")
        for row in same:
            yield from _point(row, team)
        about = ", ".join(row.subject for row in same if row.subject)
        yield from _wrapped(
            f"Seen as done: the next check looks at it again, and {check_id} passes{f' for {about}' if about else ''}. "
            f"It looks at this: {told.asks}",
            "   ",
        )


def _point(row: Finding, team: Team) -> Iterator[str]:
    about = f"{row.subject}: " if row.subject else ""
    yield ""
    yield from _wrapped(f"Read: {about}{row.evidence}", "   ")
    for step in row.steps:
        if step.whom.team is team:
            yield f"   Please do ({step.whom.words}):"
            yield f"     {step.step}"
    others = [CALLED[other] for other in row.teams if other is not team and other in CALLED]
    if others:
        names = " and ".join(others)
        yield from _wrapped(f"{names[0].upper()}{names[1:]} will be asked for their part of it.", "   ")
    for asked in row.asked:
        if asked.team == team.value:
            yield f"   Already {asked}."


def _following(rows: Sequence[FollowUp], team: Team, before: int) -> Iterator[str]:
    for number, row in enumerate(rows, before + 1):
        yield ""
        yield f"{number}. {row.title}"
        yield from _wrapped(f"Why: {row.why}", "   ")
        yield from _wrapped(f"Read: {row.evidence}", "   ")
        for step in row.of(Who(team.value)):
            yield ""
            yield from _wrapped(f"Please: {step.text}", "   ")
            if step.asked:
                yield f"   Already {step.asked}."
            if step.where:
                yield from _wrapped(f"({step.where})", "   ")
            yield from (f"     {line}" for line in step.command.splitlines())
            if step.verify:
                yield from _wrapped(f"Seen as done: {step.verify}", "   ")


def _foot(file: str) -> Iterator[str]:
    yield ""
    yield from _wrapped(
        "Please change nothing beyond this, and show us anything that looks wrong instead of deleting it. Tell us "
        f"when it is done: we then run `vmm-wizard check {file}` again."
    )


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
