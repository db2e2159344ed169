"""The table of checks against nodes: within the width, in words or signs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.building import a_plan, good_facts
from tests.checks.asking import VMM01, VMM02, with_node
from vmm_wizard.checks.registry import Finding, Status, judge
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.plan.model import Acceptance, Plan
from vmm_wizard.plan.names import HostName
from vmm_wizard.report.matrix import as_document, as_text, matrix

SMALL = with_node(memory_bytes=2 * 1024**3)


def a_plan_of(number: int, label: str = "vmm") -> Plan:
    plan = a_plan()
    nodes = tuple(HostName(f"{label}{place:02}.contoso.lab") for place in range(1, number + 1))
    return replace(plan, cluster=replace(plan.cluster, nodes=nodes))


def about(node: str, status: Status = Status.PASS, check_id: str = "NOD-02") -> Finding:
    return Finding(check_id, "Processors and memory of every node", "node", "INST", status, node, "read", "")


def line_of(lines: list[str], check_id: str) -> str:
    return next(line for line in lines if line.startswith(check_id))


def test_each_node_has_its_column_and_says_its_state_in_words() -> None:
    lines = as_text(matrix(a_plan(), judge(a_plan(), SMALL)))
    assert lines[0].split() == ["vmm01", "vmm02"]
    assert line_of(lines, "NOD-02").split()[-4:] == ["X", "FAIL", "+", "pass"]
    assert max(map(len, lines)) <= 80


def test_checks_of_the_plan_as_a_whole_that_speak_of_nodes_are_in_it_and_others_are_not() -> None:
    table = matrix(a_plan(), judge(a_plan(), good_facts()))
    ids = [row.id for row in table.rows]
    assert "INS-02" in ids
    assert "NAM-01" not in ids
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("number", "label"), [(1, "vmm"), (3, "vmm"), (3, "a-node-of-vmm"), (16, "vmm")])
def test_the_table_fits_eighty_columns(number: int, label: str) -> None:
    plan = a_plan_of(number, label)
    rows = [about(node.key, Status.UNKNOWN) for node in plan.nodes]
    lines = as_text(matrix(plan, rows), 80)
    assert max(map(len, lines)) <= 80
    assert line_of(lines, "NOD-02").count("?") == number


def test_sixteen_nodes_are_numbered_signs_with_a_legend_of_both() -> None:
    plan = a_plan_of(16)
    rows = [about(node.key, Status.FAIL if number == 3 else Status.PASS) for number, node in enumerate(plan.nodes)]
    lines = as_text(matrix(plan, rows), 80)
    assert lines[0] == " 1 vmm01.contoso.lab"
    assert lines[15] == "16 vmm16.contoso.lab"
    assert lines[-1] == "+ pass, ! warn, X FAIL, ? unknown, - n/a, = accepted"
    heads = next(line for line in lines if line.split()[:2] == ["1", "2"])
    assert line_of(lines, "NOD-02").index("X") == heads.index("4")


def test_long_names_are_numbered_though_words_fit() -> None:
    plan = a_plan_of(2, "a-node-of-vmm")
    lines = as_text(matrix(plan, [about(node.key) for node in plan.nodes]))
    assert lines[0] == " 1 a-node-of-vmm01.contoso.lab"
    assert line_of(lines, "NOD-02").endswith("+ pass     + pass")


def test_the_gravest_of_several_counts_and_what_is_accepted_says_so() -> None:
    plan = a_plan()
    accepted = replace(about(VMM02, Status.FAIL), accepted=Acceptance("NOD-02", VMM02, "why"))
    table = matrix(plan, [about(VMM01), about(VMM01, Status.WARN), accepted])
    [row] = table.rows
    assert [cell.status for cell in row.cells if cell] == [Status.WARN, Status.FAIL]
    assert line_of(as_text(table), "NOD-02").split()[-4:] == ["!", "warn", "=", "accepted"]
    assert as_document(table) == {
        "nodes": [VMM01, VMM02],
        "rows": [
            {
                "id": "NOD-02",
                "title": "Processors and memory of every node",
                "cells": {
                    VMM01: {"status": "warn", "accepted": False},
                    VMM02: {"status": "fail", "accepted": True},
                },
            }
        ],
    }


def test_a_node_that_did_not_answer_is_unknown_in_its_own_column_only() -> None:
    facts = good_facts()
    silent = replace(facts, nodes={**facts.nodes, VMM02: NoAnswer("it did not answer", "timeout")})
    lines = as_text(matrix(a_plan(), judge(a_plan(), silent)))
    assert line_of(lines, "NOD-08").split()[-4:] == ["+", "pass", "?", "unknown"]


def test_without_nodes_it_says_so() -> None:
    assert as_text(matrix(a_plan_of(0), ())) == ["There is nothing that is judged for each node."]
