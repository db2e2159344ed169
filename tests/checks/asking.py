"""How the tests ask one check: its findings, its worst state, and its only finding."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.building import a_plan, good_facts
from vmm_wizard.checks.registry import Finding, Status, all_checks, judge, judge_one
from vmm_wizard.facts.model import Facts, NodeFacts
from vmm_wizard.plan.model import Plan

PASS, WARN, FAIL = Status.PASS, Status.WARN, Status.FAIL
UNKNOWN, NOT_APPLICABLE = Status.UNKNOWN, Status.NOT_APPLICABLE

VMM01, VMM02 = "vmm01.contoso.lab", "vmm02.contoso.lab"


def findings(check_id: str, facts: Facts | None = None, plan: Plan | None = None) -> list[Finding]:
    """What one check says."""
    plan = plan or a_plan()
    entry = next(entry for entry in all_checks() if entry.id == check_id)
    return list(judge_one(entry, plan, facts or good_facts(plan)))


def finding(check_id: str, facts: Facts | None = None, plan: Plan | None = None, subject: str | None = None) -> Finding:
    """The only finding of a check, or the only one about `subject`."""
    rows = [row for row in findings(check_id, facts, plan) if subject is None or row.subject == subject]
    assert len(rows) == 1, rows
    return rows[0]


def about(check_id: str, facts: Facts | None = None, plan: Plan | None = None, subject: str = VMM01) -> Finding:
    """What a node check says of vmm01, or of another subject."""
    return finding(check_id, facts, plan, subject)


def failing(facts: Facts | None = None, plan: Plan | None = None) -> set[str]:
    """The ids of all checks that fail."""
    plan = plan or a_plan()
    return {row.id for row in judge(plan, facts or good_facts(plan)) if row.status is FAIL}


def with_node(facts: Facts | None = None, name: str = VMM01, **changes: Any) -> Facts:
    """Facts with one node changed."""
    facts = facts or good_facts()
    node = facts.nodes[name]
    assert isinstance(node, NodeFacts)
    return replace(facts, nodes={**facts.nodes, name: replace(node, **changes)})


def with_all_nodes(facts: Facts | None = None, **changes: Any) -> Facts:
    """Facts with the same change on every node."""
    facts = facts or good_facts()
    for name in facts.nodes:
        facts = with_node(facts, name, **changes)
    return facts
