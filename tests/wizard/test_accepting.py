"""Which findings may be accepted in the wizard, and what the plan says then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.building import a_plan
from vmm_wizard.checks.registry import Finding, Status, all_checks
from vmm_wizard.plan.model import Plan
from vmm_wizard.wizard.accepting import accept, accepted, idle_rows, names_of, objection, open_lines, take_back
from vmm_wizard.wizard.flow import View


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


def test_what_waits_for_an_answer_has_judged_nothing_to_be_accepted() -> None:
    assert "waits for an answer" in objection(Plan(), finding("SQL-03", Status.UNKNOWN))


def test_an_acceptance_is_taken_back_and_the_others_stay() -> None:
    plan = accept(accept(a_plan(), finding("SQL-03"), "one"), finding("NOD-02", subject="vmm01.contoso.lab"), "two")
    found = replace(finding("SQL-03"), accepted=plan.accepted[0])
    after = take_back(plan, accepted([found, finding("SQL-04")]))
    assert names_of(after.accepted) == "NOD-02 (vmm01.contoso.lab)"


def test_the_list_to_accept_from_has_what_is_open_or_accepted_and_what_nothing_needs_any_more() -> None:
    plan = accept(accept(a_plan(), finding("SQL-03"), "one"), finding("SQL-09"), "two")
    shown = (replace(finding("SQL-03"), accepted=plan.accepted[0]), finding("SQL-04", Status.PASS), finding("SQL-10"))
    view = View(plan, findings=shown)
    assert [line.head for line in open_lines(view)] == ["! warn SQL-10", "= accepted SQL-03"]
    assert names_of(idle_rows(view)) == "SQL-09"
