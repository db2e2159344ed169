"""How far an installation has come, and what is judged then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.building import (
    a_cluster_with_role,
    a_node,
    a_plan,
    a_sql,
    an_installation,
    good_facts,
    installed_facts,
)
from tests.checks.asking import NOT_APPLICABLE, VMM01, VMM02, with_all_nodes, with_node
from vmm_wizard.checks.registry import all_checks, judge
from vmm_wizard.checks.schedule import (
    TABLE,
    UNNAMED,
    Job,
    Phase,
    Role,
    excuse,
    pending_nodes,
    situation,
    when,
)
from vmm_wizard.facts.model import Facts, NoAnswer, NotKnown
from vmm_wizard.plan.model import Database
from vmm_wizard.plan.names import SqlTarget

SILENT = NoAnswer("could not reach vmm01.contoso.lab:5985: refused", "unreachable")


def test_before_setup_the_first_node_is_first_and_the_rest_are_additional() -> None:
    state = situation(a_plan(), good_facts())
    assert state.role is Role.NONE
    assert state.nodes == {VMM01: Phase.FIRST, VMM02: Phase.ADDITIONAL}
    assert state.phase is Phase.FIRST
    assert pending_nodes(a_plan(), good_facts()) == (VMM01, VMM02)


def test_between_the_nodes_one_is_done_and_the_other_additional() -> None:
    state = situation(a_plan(), installed_facts(done=1))
    assert state.role is Role.OURS
    assert state.nodes == {VMM01: Phase.AFTER, VMM02: Phase.ADDITIONAL}
    assert state.phase is Phase.ADDITIONAL
    assert pending_nodes(a_plan(), installed_facts(done=1)) == (VMM02,)


def test_a_later_node_that_is_done_makes_the_first_one_additional() -> None:
    facts = with_node(with_node(installed_facts(done=1), VMM01, vmm=None), VMM02, vmm=an_installation())
    assert situation(a_plan(), facts).nodes == {VMM01: Phase.ADDITIONAL, VMM02: Phase.AFTER}


def test_afterwards_all_is_done() -> None:
    state = situation(a_plan(), installed_facts())
    assert state.phase is Phase.AFTER
    assert pending_nodes(a_plan(), installed_facts()) == ()


def test_it_is_worked_out_once_for_a_plan_and_facts_and_anew_for_others() -> None:
    plan, facts, later = a_plan(), good_facts(), installed_facts()
    state = situation(plan, facts)
    assert situation(plan, facts) is state
    assert situation(plan, later).phase is Phase.AFTER
    assert situation(replace(plan, cluster=replace(plan.cluster, nodes=())), later).nodes == {}
    assert situation(plan, facts) == state


@pytest.mark.parametrize(
    "facts",
    [
        with_all_nodes(installed_facts(), cluster=a_cluster_with_role("othervmm")),
        with_all_nodes(installed_facts(), cluster=replace(a_cluster_with_role(), name="othclu")),
        with_all_nodes(good_facts(), cluster=a_cluster_with_role()),
        with_node(good_facts(), vmm=an_installation()),
        with_node(installed_facts(), VMM02, vmm=an_installation(sql_database="OtherDB")),
    ],
    ids=["another role", "another cluster", "no planned node carries it", "no role", "another database on one node"],
)
def test_a_role_that_is_not_the_planned_one_is_foreign_and_no_node_is_done(facts: Facts) -> None:
    state = situation(a_plan(), facts)
    assert state.role is Role.FOREIGN
    assert state.phase is Phase.FIRST
    assert Phase.AFTER not in state.nodes.values()
    assert not state.ours


def test_a_role_is_ours_by_its_database_in_any_spelling() -> None:
    for machine, instance in (("SQL01", "MSSQLSERVER"), ("sql01.contoso.lab", "")):
        vmm = an_installation(sql_machine=machine, sql_instance=instance, sql_database="virtualmanagerdb")
        assert situation(a_plan(), with_all_nodes(installed_facts(), vmm=vmm)).role is Role.OURS


def test_a_database_that_has_joined_an_availability_group_is_still_ours() -> None:
    vmm = an_installation(sql_machine="sqlag", sql_instance="sqlag")
    facts = with_all_nodes(installed_facts(), vmm=vmm)
    assert situation(a_plan(), facts).role is Role.FOREIGN
    joined = replace(facts, sql=a_sql(listeners=("SQLAG:1433",)))
    assert situation(a_plan(), joined).role is Role.OURS


def test_a_named_instance_must_be_the_planned_one() -> None:
    plan = a_plan(database=Database(SqlTarget.parse("sql01\\PROD")))
    assert situation(plan, installed_facts()).role is Role.FOREIGN
    vmm = an_installation(sql_instance="prod")
    assert situation(plan, with_all_nodes(installed_facts(), vmm=vmm)).role is Role.OURS


def test_what_nobody_can_tell_is_unknown_and_says_who_is_silent() -> None:
    nobody = situation(a_plan(), good_facts(nodes={VMM01: SILENT, VMM02: SILENT}))
    assert nobody.role is Role.UNKNOWN
    assert nobody.phase is None
    assert nobody.nodes == {VMM01: None, VMM02: None}
    half = good_facts(nodes={VMM01: SILENT, VMM02: a_node(2, cluster=a_cluster_with_role())})
    state = situation(a_plan(), half)
    assert state.role is Role.UNKNOWN
    assert VMM01 in state.why
    with pytest.raises(NotKnown, match="did not answer"):
        assert state.ours
    unread = with_all_nodes(installed_facts(), vmm=an_installation(sql_database=""))
    assert situation(a_plan(), unread).role is Role.UNKNOWN


def test_one_silent_node_does_not_hide_that_there_is_no_role_or_that_it_is_ours() -> None:
    empty = good_facts(nodes={VMM01: SILENT, VMM02: a_node(2)})
    assert situation(a_plan(), empty).role is Role.NONE
    facts = installed_facts()
    running = replace(facts, nodes={**facts.nodes, VMM02: SILENT})
    state = situation(a_plan(), running)
    assert state.role is Role.OURS
    assert state.phase is Phase.ADDITIONAL, "not finished while one node cannot say so"


# --- the table


def test_every_row_of_the_table_is_a_check_and_says_why_it_rests() -> None:
    ids = {entry.id for entry in all_checks()}
    for rows in TABLE.values():
        assert set(rows) <= ids
        for rule in rows.values():
            assert rule.otherwise
            assert rule.phases < set(Phase)
    assert set(TABLE) == set(UNNAMED) == set(Job)


@pytest.mark.parametrize(
    ("check", "phases"),
    [
        ("ACC-04", {Phase.FIRST, Phase.ADDITIONAL, Phase.AFTER}),
        ("NAM-05", {Phase.FIRST, Phase.ADDITIONAL, Phase.AFTER}),
        ("CLU-07", {Phase.FIRST, Phase.ADDITIONAL, Phase.AFTER}),
        ("CLU-08", {Phase.FIRST, Phase.ADDITIONAL, Phase.AFTER}),
        ("SQL-05", {Phase.FIRST, Phase.ADDITIONAL, Phase.AFTER}),
        ("DKM-05", {Phase.FIRST, Phase.ADDITIONAL, Phase.AFTER}),
        ("INS-01", {Phase.FIRST, Phase.ADDITIONAL}),
        ("DKM-02", {Phase.FIRST, Phase.ADDITIONAL}),
        ("SQL-02", {Phase.FIRST, Phase.ADDITIONAL}),
        ("NOD-08", {Phase.FIRST, Phase.ADDITIONAL}),
        ("RUN-02", {Phase.FIRST, Phase.ADDITIONAL}),
        ("CLU-05", {Phase.FIRST}),
        ("NAM-04", {Phase.FIRST, Phase.ADDITIONAL, Phase.AFTER}),
        ("NOD-06", {Phase.FIRST, Phase.ADDITIONAL}),
        ("NOD-07", {Phase.FIRST, Phase.ADDITIONAL}),
        ("NOD-12", {Phase.FIRST, Phase.ADDITIONAL}),
        ("NOD-14", {Phase.FIRST, Phase.ADDITIONAL, Phase.AFTER}),
        ("NOD-15", {Phase.FIRST, Phase.ADDITIONAL, Phase.AFTER}),
        ("NOD-16", {Phase.FIRST, Phase.ADDITIONAL, Phase.AFTER}),
        ("NOD-17", {Phase.FIRST, Phase.ADDITIONAL, Phase.AFTER}),
        ("NOD-18", {Phase.FIRST, Phase.ADDITIONAL, Phase.AFTER}),
        ("NOD-19", {Phase.FIRST, Phase.ADDITIONAL}),
        ("NOD-20", {Phase.FIRST, Phase.ADDITIONAL}),
        ("MED-03", {Phase.FIRST, Phase.ADDITIONAL}),
        ("MED-04", {Phase.FIRST, Phase.ADDITIONAL}),
        ("RUN-01", {Phase.FIRST, Phase.ADDITIONAL}),
        ("RUN-03", {Phase.FIRST, Phase.ADDITIONAL}),
        ("RUN-04", set()),
        ("POST-01", {Phase.AFTER}),
        ("POST-02", {Phase.ADDITIONAL, Phase.AFTER}),
        ("POST-03", {Phase.ADDITIONAL, Phase.AFTER}),
        ("POST-04", {Phase.AFTER}),
        ("CLU-10", {Phase.FIRST, Phase.ADDITIONAL, Phase.AFTER}),
    ],
)
def test_what_is_judged_when(check: str, phases: set[Phase]) -> None:
    assert when(check).phases == phases


def test_a_rule_rests_only_where_the_phase_is_known() -> None:
    assert excuse("NOD-08", a_plan(), installed_facts(done=1), VMM01)
    assert not excuse("NOD-08", a_plan(), installed_facts(done=1), VMM02)
    assert not excuse("POST-02", a_plan(), good_facts(nodes={VMM01: SILENT, VMM02: SILENT}))
    assert excuse("POST-02", a_plan(), good_facts())


@pytest.mark.parametrize(
    ("check", "phases"),
    [
        ("RUN-04", {Phase.AFTER}),
        ("MED-01", {Phase.AFTER}),
        ("INS-02", {Phase.ADDITIONAL, Phase.AFTER}),
        ("SQL-02", {Phase.ADDITIONAL, Phase.AFTER}),
        ("NAM-05", set()),
        ("MED-04", set()),
        ("POST-02", set()),
    ],
)
def test_what_is_judged_before_an_uninstall(check: str, phases: set[Phase]) -> None:
    assert when(check, Job.UNINSTALL).phases == phases


def test_before_an_uninstall_only_nodes_that_have_vmm_are_judged() -> None:
    half = installed_facts(done=1)
    assert not excuse("RUN-04", a_plan(), half, VMM01, Job.UNINSTALL)
    assert "nothing to uninstall" in excuse("RUN-04", a_plan(), half, VMM02, Job.UNINSTALL)
    assert not excuse("SQL-02", a_plan(), half, job=Job.UNINSTALL)
    assert excuse("SQL-02", a_plan(), good_facts(), job=Job.UNINSTALL)


def test_what_no_phase_has_rests_even_while_nobody_knows_the_phase() -> None:
    silent = good_facts(nodes={VMM01: SILENT, VMM02: SILENT})
    assert "uninstalled" in excuse("RUN-04", a_plan(), silent, VMM01)
    assert not excuse("RUN-04", a_plan(), silent, VMM01, Job.UNINSTALL)


def test_a_plan_whose_nodes_are_done_needs_no_more_of_what_setup_needs() -> None:
    done = {row.id for row in judge(a_plan(), installed_facts()) if row.status is NOT_APPLICABLE}
    until = {check_id for check_id, rule in TABLE[Job.INSTALL].items() if Phase.AFTER not in rule.phases}
    assert until <= done
