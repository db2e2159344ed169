"""What an uninstall is decided by, from facts alone; and what it says stays behind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.building import a_node, a_plan, good_facts, installed_facts
from tests.building_sql import a_database, a_sql
from vmm_wizard.facts.model import Facts, NoAnswer, NodeFacts
from vmm_wizard.install import leftovers, removal
from vmm_wizard.install.removal import Decision
from vmm_wizard.install.role import Role, role_of

VMM01, VMM02, VMM03 = (f"vmm{number:02}.contoso.lab" for number in (1, 2, 3))
SILENT = NoAnswer("it is down", "unreachable")


def with_nodes(facts: Facts, **nodes: NodeFacts | NoAnswer) -> Facts:
    return replace(facts, nodes={**facts.nodes, **{f"{name}.contoso.lab": row for name, row in nodes.items()}})


def the_role() -> Role:
    role = role_of(a_plan(), installed_facts())
    assert role is not None
    return role


def test_who_does_not_answer_is_taken_to_have_vmm() -> None:
    plan = a_plan()
    assert removal.carriers(plan, installed_facts()) == (VMM01, VMM02)
    assert removal.carriers(plan, installed_facts(done=1)) == (VMM01,)
    assert removal.carriers(plan, with_nodes(installed_facts(done=1), vmm02=SILENT)) == (VMM01, VMM02)
    hidden = a_node(2, unreadable=("vmm: access denied",))
    assert removal.carriers(plan, with_nodes(installed_facts(done=1), vmm02=hidden)) == (VMM01, VMM02)
    assert removal.carriers(plan, good_facts()) == ()


def test_a_possible_owner_that_the_plan_does_not_name_is_looked_at() -> None:
    plan, facts = a_plan(), installed_facts()
    first = facts.nodes[VMM01]
    assert isinstance(first, NodeFacts)
    assert first.cluster is not None
    owners = ("VMM01", "VMM02", "VMM03")
    services = tuple(replace(row, possible_owners=owners) for row in first.cluster.services)
    facts = with_nodes(facts, vmm01=replace(first, cluster=replace(first.cluster, services=services)))
    assert [host.key for host in removal.outsiders(plan, facts)] == [VMM03]
    wide = removal.with_outsiders(plan, facts)
    assert [node.key for node in wide.nodes] == [VMM01, VMM02, VMM03]
    assert removal.with_outsiders(wide, facts) is wide
    assert removal.carriers(wide, facts) == (VMM01, VMM02, VMM03)
    assert removal.carriers(wide, with_nodes(facts, vmm03=a_node(3))) == (VMM01, VMM02)


@given(st.permutations([VMM01, VMM02, VMM03]))
def test_the_owner_is_always_the_last(nodes: list[str]) -> None:
    ordered = removal.in_order(nodes, the_role())
    assert ordered[-1] == VMM01
    assert ordered[:-1] == [node for node in nodes if node != VMM01]
    assert removal.in_order(nodes, None) == nodes


def test_the_role_goes_to_a_node_that_stays_before_one_that_goes_too() -> None:
    facts, role = installed_facts(), replace(the_role(), possible_owners=frozenset())
    second = facts.nodes[VMM02]
    assert isinstance(second, NodeFacts)
    facts = with_nodes(facts, vmm03=second)
    role = replace(role, members={**role.members, "vmm03": "Up"})
    assert removal.heir(facts, role, [VMM02, VMM03], []) == VMM02
    assert removal.heir(facts, role, [VMM02, VMM03], [VMM02]) == VMM03
    assert removal.heir(facts, role, [VMM02], [VMM02]) == VMM02
    assert removal.heir(facts, replace(role, members={"vmm02": "Down"}), [VMM02], []) == ""


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("database", ["kept", "gone", "lost"])
@pytest.mark.parametrize("down", [True, False])
def test_a_decision_is_read_back_from_the_journal(last: bool, database: removal.Fate, down: bool) -> None:
    decision = Decision(last, database, down)
    assert Decision.read(str(decision)) == decision
    assert Decision.read("something else") == Decision(last=False)


def test_when_setup_may_be_forced() -> None:
    def lost(**sql: object) -> str:
        return removal.database_is_lost(good_facts(sql=a_sql(**sql)))

    assert lost(database=a_database(is_vmm=True)) == ""
    assert "no such database" in lost(database=None)
    assert "SUSPECT" in lost(database=a_database(state="SUSPECT"))
    assert "did not answer (it is down)" in removal.database_is_lost(good_facts(sql=SILENT))


def test_what_stays_has_a_command_and_says_what_needs_it() -> None:
    plan, facts = a_plan(), good_facts(sql=a_sql(database=a_database(is_vmm=True)))
    kept = {row.text: row.remedy for row in leftovers.in_the_estate(plan, facts, database_kept=True)}
    assert any("without its keys database VirtualManagerDB cannot be read" in text for text in kept)
    assert any("DROP DATABASE [VirtualManagerDB]" in remedy for remedy in kept.values())
    gone = [row.text for row in leftovers.in_the_estate(plan, good_facts(), database_kept=False)]
    assert not [text for text in gone if text.startswith("database")]
    agent = good_facts(nodes={VMM01: a_node(1, agent_installed=True)})
    assert any("the VMM agent stays" in row.text for row in leftovers.on_the_node(agent, VMM01))
    assert len(list(leftovers.on_the_node(good_facts(), VMM01))) == 1
