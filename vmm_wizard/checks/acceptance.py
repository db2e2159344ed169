"""Findings that the admin accepts, or has asked another team to mend: what may be accepted, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from vmm_wizard.checks.certain import CERTAIN, why_certain
from vmm_wizard.checks.registry import OPEN, Finding, all_checks
from vmm_wizard.plan.answers import Objection
from vmm_wizard.plan.model import Acceptance, AskedFor, Plan
from vmm_wizard.plan.names import HostName
from vmm_wizard.texts import text

#: What follows an install, as accepted or asked for in an answer file; none of it is a check.
FOLLOW_UPS = frozenset(
    f"AFT-{name}"
    for name in (
        *("SPN", "SCP", "ALWAYS-ON", "BACKUP", "LIBRARY", "ADMINISTRATORS"),
        *("CONSOLES", "OWNERS", "ANTIVIRUS", "UPDATES", "EVALUATION", "ROTATE"),
    )
)


def objections(plan: Plan) -> Iterator[Objection]:
    """What is wrong with the acceptances and requests of a plan: no such check or node, or not to be accepted."""
    for index, acceptance in enumerate(plan.accepted):
        yield from _objections("accepted", index, acceptance, plan)
        if acceptance.check in CERTAIN:
            yield Objection("accepted", index, "id", acceptance.check, refusal(acceptance.check))
    for index, asked in enumerate(plan.asked):
        yield from _objections("asked", index, asked, plan)


def refusal(check_id: str) -> str:
    """Why the findings of a check cannot be accepted, as a part of a sentence; empty when they can be."""
    return text("evidence.acceptance.refusal", why=why_certain(check_id)) if check_id in CERTAIN else ""


def _objections(key: str, index: int, row: Acceptance | AskedFor, plan: Plan) -> Iterator[Objection]:
    if row.check in FOLLOW_UPS:
        if row.subject:
            yield Objection(
                key, index, "subject", f'"{row.subject}"', text("evidence.acceptance.no_subject", check=row.check)
            )
        return
    checks = {entry.id: entry for entry in all_checks()}
    entry = checks.get(row.check)
    if entry is None:
        near = get_close_matches(row.check, checks, n=3)
        found = text("evidence.shared.or").join(near)
        yield Objection(
            key,
            index,
            "id",
            row.check,
            text("evidence.acceptance.near", found=found) if near else text("evidence.acceptance.no_such_check"),
        )
    elif entry.per_node and node_of(row.subject, plan) is None:
        nodes = ", ".join(node.key for node in plan.nodes) or text("evidence.acceptance.no_nodes")
        read = f'"{row.subject}"' if row.subject else text("evidence.acceptance.not_given")
        yield Objection(key, index, "subject", read, text("evidence.acceptance.a_node", check=row.check, nodes=nodes))


def node_of(subject: str, plan: Plan) -> str | None:
    """The planned node that `subject` names, in short or in full, as findings name it; None when it is none."""
    try:
        host = HostName.parse(subject).qualified(plan.dns_domain)
    except ValueError:
        return None
    return next((node.key for node in plan.nodes if host and node.key == host.key), None)


@dataclass(frozen=True, slots=True)
class Idle:
    """An acceptance that matches nothing (any more), and what is there instead, as a part of a sentence."""

    acceptance: Acceptance
    why: str

    def __str__(self) -> str:
        check, subject = self.acceptance.check, self.acceptance.subject
        if subject:
            return text("evidence.acceptance.idle_subject", check=check, subject=subject, why=self.why)
        return text("evidence.acceptance.idle", check=check, why=self.why)


def idle(plan: Plan, findings: Sequence[Finding]) -> tuple[Idle, ...]:
    """The acceptances of `plan` that none of its findings need, for every report to mention."""
    used = {row.accepted for row in findings if row.accepted is not None}
    rows = (one for one in plan.accepted if one not in used and one.check not in FOLLOW_UPS)
    return tuple(Idle(one, _why(one, findings)) for one in rows)


def _why(acceptance: Acceptance, findings: Iterable[Finding]) -> str:
    if acceptance.check in CERTAIN:
        return refusal(acceptance.check)
    rows = [row for row in findings if row.id == acceptance.check and row.status in OPEN]
    if not rows:
        return text("evidence.acceptance.nothing_to_accept")
    subjects = ", ".join(row.subject or text("evidence.acceptance.the_plan") for row in rows)
    return text("evidence.acceptance.other_subjects", subjects=subjects)
