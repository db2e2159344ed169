"""A finding accepted in the wizard: the plan with the acceptance in it. Pure."""

from __future__ import annotations

from dataclasses import replace

from vmm_wizard.checks.acceptance import objections
from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.rows import ACCEPTED
from vmm_wizard.texts import text

#: What can be accepted: what is open.
_OPEN = (Status.FAIL, Status.WARN, Status.UNKNOWN)


def objection(plan: Plan, finding: Finding) -> str:
    """Why a finding cannot be accepted, as a sentence; empty when it can be."""
    if finding.accepted or finding.status not in _OPEN:
        return text("findings.nothing_to_accept")
    trial = ACCEPTED.parse({"id": finding.id, "subject": finding.subject, "reason": "a reason"})
    return next((row.allowed for row in objections(replace(plan, accepted=(trial,), asked=()))), "")


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
