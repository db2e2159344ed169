"""The table of checks to walk through: what is of no node has a column, what does not fit is walked to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.building import a_container, a_node, a_plan, good_facts
from vmm_wizard.checks.registry import Status, judge
from vmm_wizard.facts.model import Facts, NoAnswer
from vmm_wizard.plan.model import Acceptance, Plan
from vmm_wizard.plan.names import HostName
from vmm_wizard.wizard.flow import View
from vmm_wizard.wizard.grid import Grid, as_text, grid, heads, layout, line, told
from vmm_wizard.wizard.picture import plain, width_of

VMM01, VMM02 = "vmm01.contoso.lab", "vmm02.contoso.lab"
GIB = 1024**3
SMALL = good_facts(
    dkm=a_container(found=False), nodes={VMM01: a_node(memory_bytes=2 * GIB), VMM02: NoAnswer("silent", "timeout")}
)


def of(facts: Facts, plan: Plan | None = None, **options: bool) -> Grid:
    plan = plan or a_plan()
    return grid(View(plan, findings=judge(plan, facts), facts=facts), **options)


def a_plan_of(number: int, label: str = "vmm") -> Plan:
    nodes = tuple(HostName(f"{label}{place:02}.contoso.lab") for place in range(1, number + 1))
    return a_plan(cluster=replace(a_plan().cluster, nodes=nodes))


def place_of(table: Grid, check_id: str) -> int:
    return next(place for place, row in enumerate(table.rows) if row.id == check_id)


def test_every_finding_has_its_place() -> None:
    plan = a_plan()
    table = of(SMALL)
    placed = [row for check in table.rows for cell in check.cells for row in cell.findings]
    assert sorted(map(id, placed)) != []
    assert len(placed) == len(judge(plan, SMALL))


def test_what_is_of_no_node_stands_in_the_first_column() -> None:
    table = of(SMALL)
    dkm = table.rows[place_of(table, "DKM-01")]
    assert dkm.cells[0].said == ("X", "FAIL")
    assert [cell.findings for cell in dkm.cells[1:]] == [(), ()]
    memory = table.rows[place_of(table, "NOD-02")]
    assert [cell.said for cell in memory.cells] == [(" ", ""), ("X", "FAIL"), ("?", "unknown")]


def test_only_what_is_not_ok_leaves_out_what_is_good_everywhere_and_counts_it() -> None:
    everything, some = of(SMALL), of(SMALL, only_open=True)
    ids = [row.id for row in some.rows]
    assert {"DKM-01", "NOD-02"} <= set(ids)
    assert "NAM-01" not in ids
    assert some.hidden == len(everything.rows) - len(some.rows)
    assert of(good_facts(), only_open=True).rows == ()


def test_what_is_accepted_is_not_left_over() -> None:
    plan = a_plan(accepted=(Acceptance("NOD-02", VMM01, "a lab"),))
    facts = good_facts(nodes={VMM01: a_node(1, logical_processors=4), VMM02: a_node(2)})
    table = of(facts, plan)
    cell = table.rows[place_of(table, "NOD-02")].cells[1]
    assert (cell.said, cell.is_open) == (("=", "accepted"), False)


def test_what_waits_for_an_answer_says_so() -> None:
    table = of(Facts(), Plan())
    assert table.rows[place_of(table, "DKM-01")].cells[0].said == (".", "open")
    asking = View(a_plan(), findings=judge(a_plan(), Facts()), waiting=("directory",))
    row = grid(asking).rows[place_of(grid(asking), "DKM-01")]
    assert row.cells[0].said == ("~", "asking")


@pytest.mark.parametrize(("number", "width"), [(2, 60), (2, 80), (5, 80), (16, 80), (16, 120), (16, 200)])
def test_no_line_is_wider_than_the_screen(number: int, width: int) -> None:
    table = of(good_facts(), a_plan_of(number))
    laid = layout(table, width)
    for first in range(number + 1):
        lines = [heads(table, laid, first), *(line(row, laid, first, first) for row in table.rows)]
        assert max(map(width_of, lines)) <= width


def test_words_while_they_fit_else_signs() -> None:
    assert layout(of(good_facts()), 80).words
    assert not layout(of(good_facts(), a_plan_of(16)), 120).words
    assert layout(of(good_facts(), a_plan_of(16)), 240).words


def test_with_sixteen_nodes_the_columns_are_numbered_and_walked_to() -> None:
    table = of(good_facts(), a_plan_of(16, "a-vmm-node"))
    laid = layout(table, 80)
    assert laid.room < 17
    shown = plain([heads(table, laid, 17 - laid.room)])[0].split()
    assert shown[-1] == "16"
    assert told(table, place_of(table, "NOD-08"), 16)[0].startswith("? unknown  NOD-08 a-vmm-node16.contoso.lab: ")


def test_the_chosen_cell_stands_in_brackets() -> None:
    table = of(SMALL)
    laid = layout(table, 100)
    row = table.rows[place_of(table, "NOD-02")]
    assert "[X FAIL]" in plain([line(row, laid, 0, 1)])[0]
    assert "[? unknown]" in plain([line(row, laid, 0, 2)])[0]
    assert "[" not in plain([line(row, laid, 0, None)])[0]


def test_a_cell_is_told_in_two_sentences() -> None:
    table = of(SMALL)
    first, second = told(table, place_of(table, "NOD-02"), 1)
    assert first == f"X FAIL  NOD-02 {VMM01}: Processors and memory"
    assert "2" in second
    assert told(table, place_of(table, "NOD-02"), 0)[1] == "This check says nothing of it."
    assert "the plan as a whole" in told(table, place_of(table, "DKM-01"), 0)[0]


def test_as_text_nothing_is_left_out() -> None:
    table = of(good_facts(), a_plan_of(16))
    lines = list(as_text(table, 80))
    assert max(map(len, lines)) <= 80
    assert sum(one.startswith("NOD-08") for one in lines) == 2
    assert any("16" in one.split() for one in lines)


@pytest.mark.parametrize("status", [Status.PASS, Status.FAIL])
def test_the_gravest_of_several_counts(status: Status) -> None:
    findings = tuple(
        replace(row, status=status if row.id == "NAM-01" else row.status) for row in judge(a_plan(), SMALL)
    )
    table = grid(View(a_plan(), findings=findings))
    assert table.rows[place_of(table, "NAM-01")].cells[0].findings[0].status is status
