"""A table of checks and states: each pair that can occur has a recorded estate, and `judge` finds exactly that one."""

from __future__ import annotations

import dis
import importlib
import pkgutil
import types
from collections.abc import Iterator

import pytest

import tests.checks.states as folder
from tests.checks.states import Case
from vmm_wizard.checks import registry
from vmm_wizard.checks.registry import Check, Status, all_checks, judge

MODULES = [importlib.import_module(f"tests.checks.states.{row.name}") for row in pkgutil.iter_modules(folder.__path__)]
#: What each check can say of an estate that answers, by id.
STATES: dict[str, frozenset[str]] = {
    check_id: frozenset(words.split()) for module in MODULES for check_id, words in module.STATES.items()
}
CASES: list[Case] = [case for module in MODULES for case in module.CASES]

BAD = (Status.WARN, Status.FAIL, Status.UNKNOWN)
#: What makes a verdict, and which.
VERDICTS = {
    "passed": "pass",
    "warned": "warn",
    "failed": "fail",
    "unknown": "unknown",
    "not_applicable": "not_applicable",
}


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
    rows = judge(case.plan, case.facts, job=case.job)
    own = [row for row in rows if row.id == case.check]
    shown = [row for row in own if row.status.value == case.status and case.says in row.evidence]
    assert shown, [(row.status.value, row.evidence) for row in own]
    assert all(row.remedy and row.teams for row in shown if row.status in (Status.WARN, Status.FAIL))
    elsewhere = {row.id: row.status for row in rows if row.status in BAD and row.id != case.check}
    # One silence hides many facts; and what waits for another check says so.
    hidden = {check_id for check_id, status in elsewhere.items() if status is Status.UNKNOWN}
    hidden = hidden if case.status == "unknown" else set()
    first = {row.evidence.partition(" first")[0] for row in shown if case.status == "not_applicable"}
    assert set(elsewhere) - hidden - first <= case.also
    assert case.also <= set(elsewhere)


def reachable(function: types.FunctionType, seen: set[types.FunctionType]) -> Iterator[str]:
    """The states that a check's function can give, by the verdicts that it and what it calls in `checks` make."""
    for code in _codes(function.__code__):
        used = {row.argval for row in dis.get_instructions(code) if row.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
        if "Status" in used:
            yield from (status.value for status in Status if status.name in code.co_names)
        for name in used:
            called = function.__globals__.get(name)
            if not isinstance(called, types.FunctionType) or not called.__module__.startswith("vmm_wizard.checks."):
                continue
            if called.__module__ == registry.__name__:
                yield from (VERDICTS[name],) if name in VERDICTS else ()
            elif called not in seen:
                seen.add(called)
                yield from reachable(called, seen)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


@pytest.mark.parametrize("entry", all_checks(), ids=lambda entry: entry.id)
def test_no_state_that_a_check_can_give_is_left_out_of_the_table(entry: Check) -> None:
    judge_function = entry.judge
    assert isinstance(judge_function, types.FunctionType)
    assert set(reachable(judge_function, set())) <= STATES[entry.id]
