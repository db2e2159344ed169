"""Which findings may be accepted in the wizard, and what the plan says then."""

from __future__ import annotations

import pytest

from tests.building import a_plan
from vmm_wizard.checks.registry import Finding, Status, all_checks
from vmm_wizard.wizard.accepting import accept, objection


def finding(check_id: str, status: Status = Status.WARN, subject: str = "") -> Finding:
    topic = next(entry.topic for entry in all_checks() if entry.id == check_id)
    return Finding(check_id, "title", topic, "INST", status, subject, "read", "")


def test_a_warning_is_accepted_with_its_reason() -> None:
    plan = accept(a_plan(), finding("SQL-03"), "  test only ", "me", "2026-11-26")
    assert [str(row) for row in plan.accepted] == ["accepted by me on 2026-11-26: test only"]


def test_a_later_acceptance_takes_the_place_of_an_earlier_one() -> None:
    plan = accept(accept(a_plan(), finding("SQL-03"), "one"), finding("SQL-03"), "two")
    assert [row.reason for row in plan.accepted] == ["two"]


def test_what_is_well_cannot_be_accepted() -> None:
    assert "not open" in objection(a_plan(), finding("SQL-03", Status.PASS))


def test_what_rolls_setup_back_for_certain_cannot_be_accepted() -> None:
    with pytest.raises(ValueError, match="cannot be accepted"):
        accept(a_plan(), finding("DKM-01", Status.FAIL), "because")


def test_a_reason_is_wanted() -> None:
    with pytest.raises(ValueError, match="reason"):
        accept(a_plan(), finding("SQL-03"), "   ")
