"""Findings in full: what one check says of different subjects is told of each."""

from __future__ import annotations

from dataclasses import replace

from tests.building import a_node, a_plan, good_facts
from vmm_wizard.checks.registry import Finding, Status, judge
from vmm_wizard.wizard.finding_lines import lines_of, paragraphs
from vmm_wizard.wizard.flow import View

GIB = 1024**3
FACTS = good_facts(
    nodes={"vmm01.contoso.lab": a_node(memory_bytes=2 * GIB), "vmm02.contoso.lab": a_node(2, memory_bytes=3 * GIB)}
)


def of(check_id: str) -> tuple[Finding, ...]:
    return tuple(row for row in judge(a_plan(), FACTS) if row.id == check_id and row.status is Status.FAIL)


def test_each_subject_is_told_with_what_was_read_of_it() -> None:
    rows = of("NOD-02")
    assert len(rows) == 2
    told = paragraphs(rows)
    assert [said for heading, said in told if heading == "Where"] == [row.subject for row in rows]
    assert [said for heading, said in told if heading == "What was read"] == [row.evidence for row in rows]
    assert [said for heading, said in told if heading == "What to do"] == [row.remedy for row in rows]
    assert [heading for heading, _ in told].count("Why") == 1


def test_what_is_the_same_is_said_once() -> None:
    row = of("NOD-02")[0]
    told = paragraphs((row, row))
    assert [heading for heading, _ in told].count("What was read") == 1


def test_a_host_is_named_by_its_first_label_and_an_address_whole() -> None:
    row = of("NOD-02")[0]
    host, address = replace(row, subject="vmm01.contoso.lab"), replace(row, subject="10.10.0.50")
    assert lines_of(View(), (host,))[0].text.startswith("vmm01: ")
    assert lines_of(View(), (address,))[0].text.startswith("10.10.0.50: ")
