"""How the tests ask for one follow-up."""

from __future__ import annotations

from typing import Any

from tests.building import a_plan, installed_facts
from vmm_wizard.afterwards.follow_ups import follow_ups
from vmm_wizard.afterwards.model import FollowUp, State
from vmm_wizard.facts.model import Facts
from vmm_wizard.facts.vmm_report import VmmLibraryShare, VmmReport, VmmReportError
from vmm_wizard.plan.model import Plan

DONE, TO_DO, UNKNOWN, NOT_NEEDED = State.DONE, State.TO_DO, State.UNKNOWN, State.NOT_NEEDED


def follow_up(
    name: str, facts: Facts | None = None, plan: Plan | None = None, vmm: VmmReport | None = None
) -> FollowUp:
    """One follow-up of the finished estate, or of other facts."""
    rows = follow_ups(plan or a_plan(), facts or installed_facts(), vmm, "site.toml")
    (row,) = (row for row in rows if row.id == name)
    return row


def states(row: FollowUp) -> list[tuple[str, State]]:
    """(beginning of the text, state) of each step: the first three words."""
    return [(" ".join(step.text.split()[:3]), step.state) for step in row.steps]


def steps_about(row: FollowUp, **wanted: Any) -> list[str]:
    """The commands of the steps whose fields are as wanted."""
    return [step.command for step in row.steps if all(getattr(step, name) == value for name, value in wanted.items())]


def vmm_says(
    administrators: tuple[str, ...] = (), shares: tuple[str, ...] = (), silent: tuple[str, ...] = ()
) -> VmmReport:
    """VMM's own report; `silent` are parts that it did not tell."""
    library = tuple(VmmLibraryShare(path.rpartition("\\")[2], path, path.split("\\")[2]) for path in shares)
    errors = tuple(VmmReportError(part, "access denied") for part in silent)
    return VmmReport("10.22.1287.0", "VMM01", ("VMM01", "VMM02"), (), (), administrators, (), library, errors)
