"""Faults by step: each cell of fault_table.toml ends as it says there, and leaves nothing that must not be left.

The usual suite runs each fault at one step, so that every step is met; `VMM_WIZARD_ALL_FAULTS=1` runs them all.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.install.fault_cells import (
    CELLS,
    FAULTS,
    PACE,
    RENDERED,
    STEPS,
    expected,
    generalized,
    is_said,
    rendered,
    run_cell,
)
from vmm_wizard.facts import rehearsal
from vmm_wizard.install.results import GOOD_RESULTS


def core() -> tuple[tuple[str, str], ...]:
    """Of each fault one step: the next one where it can come there, so that all are met."""
    cells = []
    for number, (name, kind) in enumerate(FAULTS.items()):
        step = tuple(STEPS)[number % len(STEPS)]
        cells.append((name, step if step in kind.steps else kind.steps[number % len(kind.steps)]))
    return tuple(cells)


CORE = core()
RUN = CELLS if os.environ.get("VMM_WIZARD_ALL_FAULTS") else CORE


@pytest.fixture(autouse=True)
def _impatient_rehearsal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rehearsal gives a node that is away up as soon as the run does."""
    monkeypatch.setattr(rehearsal, "PATIENCE", PACE.patience)


def test_the_table_has_every_cell_and_is_rendered_from_it() -> None:
    assert tuple(expected()) == CELLS
    assert RENDERED.read_text(encoding="utf-8") == rendered()


def test_each_fault_and_each_step_is_in_the_usual_suite() -> None:
    assert {name for name, _ in CORE} == set(FAULTS)
    assert {step for _, step in CORE} == set(STEPS)


def test_what_the_table_allows() -> None:
    """Whatever happens: setup at most once a node until somebody starts it anew, and what ended badly says so."""
    for row in expected().values():
        assert all("+" not in codes for codes in row.setups.split())
        assert (row.result in GOOD_RESULTS) == (row.then == "")
        if row.journal in ("running", "interrupted") and row.then.startswith("installed"):
            assert row.then == "installed, 0 0"


def test_a_sentence_is_the_tables_whatever_the_time() -> None:
    text = "vmm01: its Windows began at 12:01:59 UTC; /tmp/a b/journal.sqlite: no room"
    assert is_said(generalized(text), text.replace("12:01:59", "03:00:00"))
    assert not is_said("no room", text)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("name", "step"), RUN, ids=[f"{name}-{step}" for name, step in RUN])
@pytest.mark.long
def test_a_cell_ends_as_the_table_says(name: str, step: str, tmp_path: Path) -> None:
    told = run_cell(name, step, tmp_path)
    row, found = expected()[name, step], told.outcome
    assert told.wrong == ()
    assert (found.result, found.journal, found.setups, found.then) == (row.result, row.journal, row.setups, row.then)
    assert is_said(row.says, found.says), found.says
