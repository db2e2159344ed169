"""Findings accepted in the wizard, and that taken back: the plan with the acceptance in it, or without it."""

from __future__ import annotations

import getpass
from collections.abc import Collection, Sequence
from dataclasses import replace

from vmm_wizard.checks.acceptance import FOLLOW_UPS, idle, objections
from vmm_wizard.checks.registry import OPEN, Finding
from vmm_wizard.plan.model import Acceptance, Plan
from vmm_wizard.plan.rows import ACCEPTED
from vmm_wizard.texts import text
from vmm_wizard.wizard.finding_lines import Line, lines_of
from vmm_wizard.wizard.flow import View, waits_for, worst_first

#: Names in a sentence; the rest are counted.
_NAMED = 4


def objection(plan: Plan, finding: Finding) -> str:
    """Why a finding cannot be accepted, as a sentence; empty when it can be."""
    if finding.accepted or finding.status not in OPEN:
        return text("findings.nothing_to_accept")
    if waits_for(plan, finding):
        return text("findings.accept.waits")
    trial = ACCEPTED.parse({"id": finding.id, "subject": finding.subject, "reason": "a reason"})
    return next((row.allowed for row in objections(replace(plan, accepted=(trial,), asked=()))), "")


def acceptable(plan: Plan, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Those of the findings that can be accepted."""
    return tuple(row for row in findings if not objection(plan, row))


def accepted(findings: Sequence[Finding]) -> tuple[Acceptance, ...]:
    """What the answers say of findings that are accepted, each once."""
    return tuple(dict.fromkeys(row.accepted for row in findings if row.accepted is not None))


def accept(plan: Plan, finding: Finding, reason: str, by: str = "", on: str = "") -> Plan:
    """`plan` with the finding accepted for a reason; an earlier acceptance of it goes. `on` is a day as 2026-11-26.

    Raises ValueError with a sentence when it cannot be accepted, or a text is none.
    """
    said = objection(plan, finding)
    if said:
        raise ValueError(said)
    texts = {"id": finding.id, "subject": finding.subject, "reason": reason.strip(), "by": by.strip(), "on": on}
    row = ACCEPTED.parse(texts)
    kept = (one for one in plan.accepted if ACCEPTED.key(one) != ACCEPTED.key(row))
    return replace(plan, accepted=(*kept, row))


def take_back(plan: Plan, rows: Collection[Acceptance]) -> Plan:
    """`plan` without these acceptances."""
    return replace(plan, accepted=tuple(row for row in plan.accepted if row not in rows))


def names_of(findings: Sequence[Finding] | Sequence[Acceptance]) -> str:
    """The checks and subjects of findings, or of acceptances, as a part of a sentence; of many the first ones."""
    names = (
        f"{row.id if isinstance(row, Finding) else row.check}{f' ({row.subject})' if row.subject else ''}"
        for row in findings
    )
    each = list(dict.fromkeys(names))
    if len(each) > _NAMED:
        return text("findings.accept.more", names=", ".join(each[:_NAMED]), number=len(each) - _NAMED)
    return ", ".join(each)


def open_lines(view: View) -> tuple[Line, ...]:
    """The findings that are open or accepted, worst first; not those that only wait for an answer."""
    rows = (row for row in worst_first(view.findings, view) if row.status in OPEN)
    return lines_of(view, [row for row in rows if not waits_for(view.plan, row)])


def idle_rows(view: View) -> tuple[Acceptance, ...]:
    """The acceptances of findings that no finding needs any more; what follows an install is no finding."""
    return tuple(row.acceptance for row in idle(view.plan, view.findings) if row.acceptance.check not in FOLLOW_UPS)


def user() -> str:
    """The name that somebody is logged on by; empty where the system does not say it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
