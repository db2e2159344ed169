"""A table of checks and states: each pair that can occur has a recorded estate, and `judge` finds exactly that one."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import tests.checks.states as folder
from tests.building import a_plan, good_facts
from tests.checks.states import Case
from vmm_wizard.checks.registry import Status, all_checks, judge

MODULES = [importlib.import_module(f"tests.checks.states.{row.name}") for row in pkgutil.iter_modules(folder.__path__)]
#: What each check can say of an estate that answers, by id.
STATES: dict[str, frozenset[str]] = {
    check_id: frozenset(words.split()) for module in MODULES for check_id, words in module.STATES.items()
}
CASES: list[Case] = [case for module in MODULES for case in module.CASES]

#: On the good estate, before anything is installed.
BASELINE = {(row.id, row.subject): row.status for row in judge(a_plan(), good_facts())}


def test_each_check_is_in_one_module() -> None:
    named = [check_id for module in MODULES for check_id in module.STATES]
    assert sorted(named) == sorted(set(named))
    assert set(named) <= {entry.id for entry in all_checks()}


@pytest.mark.parametrize("check_id", sorted(STATES))
def test_every_state_that_a_check_can_have_is_shown(check_id: str) -> None:
    shown = {case.status for case in CASES if case.check == check_id}
    assert STATES[check_id] <= {status.value for status in Status}
    assert shown == STATES[check_id]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check}-{case.status}-{case.says[:30]}")
def test_the_case_shows_that_state_and_nothing_else(case: Case) -> None:
    rows = judge(case.plan, case.facts)
    own = [row for row in rows if row.id == case.check]
    shown = [row for row in own if row.status.value == case.status and case.says in row.evidence]
    assert shown, [(row.status.value, row.evidence) for row in own]
    assert all(row.remedy and row.teams for row in shown if row.status in (Status.WARN, Status.FAIL))
    bad = (Status.WARN, Status.FAIL, Status.UNKNOWN)
    elsewhere = {row.id for row in rows if row.status in bad and row.id != case.check}
    assert elsewhere == case.also
