"""The cluster itself: core group and witness, its name in the directory, its validation, and what shares it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.building import NOW, a_cluster, good_facts, installed_facts
from tests.checks.asking import (
    FAIL,
    NOT_APPLICABLE,
    PASS,
    UNKNOWN,
    VMM01,
    VMM02,
    WARN,
    failing,
    finding,
    findings,
    with_all_nodes,
    with_node,
)
from tests.checks.states.cluster import FOUR, clustered, core, validated, with_object
from vmm_wizard.checks.cluster_health import VALIDATION_AGE
from vmm_wizard.checks.remedies import Team
from vmm_wizard.facts.model import NameStatus, NoAnswer, ValidationReport, Workload

SILENT = NoAnswer("could not reach vmm01.contoso.lab:5985: refused", "unreachable")


# --- CLU-04


def test_a_name_that_is_down_fails_alone_and_says_how_to_look() -> None:
    facts = core("Failed", "Online")
    row = finding("CLU-04", facts, subject="core group")
    assert row.status is FAIL
    assert "Start-ClusterGroup -Name 'Cluster Group'" in row.remedy
    assert failing(facts) == {"CLU-04"}


def test_on_several_subnets_one_address_is_enough_and_none_is_not() -> None:
    assert finding("CLU-04", core("Online", "Offline", "Online"), subject="core group").status is PASS
    row = finding("CLU-04", core("Online", "Offline", "Offline"), subject="core group")
    assert row.status is FAIL
    assert "Second is Offline" in row.evidence


@pytest.mark.parametrize(("count", "witness", "status"), [(4, "", WARN), (3, "", PASS), (4, "Share", PASS)])
def test_only_an_even_number_of_nodes_needs_a_witness(count: int, witness: str, status: object) -> None:
    facts = clustered(nodes=FOUR[:count], witness=witness)
    assert finding("CLU-04", facts, subject="quorum").status is status


# --- CLU-06


def test_a_disabled_object_is_the_ad_teams_and_a_bad_status_the_node_admins() -> None:
    row = finding("CLU-06", good_facts(cluster_object=with_object(enabled=False)), subject="computer object")
    assert row.status is FAIL
    assert row.teams == (Team.AD,)
    assert "Enable-ADAccount -Identity 'vmmclu$'" in row.remedy
    status = finding("CLU-06", clustered(name_status=NameStatus(5, 9005)), subject="status")
    assert status.status is WARN
    assert "Kerberos 5, DNS 9005" in status.evidence
    assert status.teams == (Team.NODES,)


def test_a_name_that_was_never_online_is_not_called_wrong() -> None:
    row = finding("CLU-06", clustered(name_status=NameStatus(0xFFFFFFFF, 0)), subject="status")
    assert row.status is UNKNOWN
    assert "Kerberos" in row.evidence


def test_a_silent_directory_leaves_the_status_judged() -> None:
    rows = {row.subject: row.status for row in findings("CLU-06", good_facts(cluster_object=SILENT))}
    assert rows == {"computer object": UNKNOWN, "status": PASS}


# --- CLU-11


def test_the_newest_report_of_all_nodes_counts() -> None:
    old = ValidationReport("old.htm", NOW - timedelta(days=900), 7)
    facts = with_node(name=VMM01, validation=old)
    row = finding("CLU-11", facts)
    assert row.status is PASS
    assert VMM02 in row.evidence


def test_a_report_is_old_a_day_after_its_time_and_not_before() -> None:
    assert finding("CLU-11", validated(VALIDATION_AGE.days)).status is PASS
    row = finding("CLU-11", validated(VALIDATION_AGE.days + 1))
    assert row.status is WARN
    assert "Test-Cluster -Cluster 'vmmclu'" in row.remedy


def test_one_node_that_tells_is_enough_and_none_is_unknown() -> None:
    facts = good_facts()
    half = replace(facts, nodes={**facts.nodes, VMM01: SILENT})
    assert finding("CLU-11", half).status is PASS
    nobody = with_all_nodes(validation=None)
    assert finding("CLU-11", nobody).status is UNKNOWN


# --- CLU-12, CLU-13


@pytest.mark.parametrize("point", ["Dns", "None"])
def test_a_cluster_without_a_place_in_the_directory_is_warned_of(point: str) -> None:
    row = finding("CLU-12", clustered(access_point=point))
    assert row.status is WARN
    assert point in row.evidence


def test_many_virtual_machines_are_not_all_listed() -> None:
    machines = tuple(Workload(f"web{number:02}", "Virtual Machine") for number in range(20))
    row = finding("CLU-13", clustered(workloads=machines))
    assert row.status is FAIL
    assert "web00, web01, web02 and 17 more" in row.evidence


def test_an_availability_group_on_the_cluster_is_sql_server_too() -> None:
    row = finding("CLU-13", clustered(workloads=(Workload("AG1", "SQL Server Availability Group"),)))
    assert row.status is WARN
    assert "AG1" in row.evidence


def test_the_vmm_role_itself_is_no_stranger() -> None:
    assert finding("CLU-13", installed_facts()).status is PASS
    for check_id in ("CLU-04", "CLU-06", "CLU-11", "CLU-12"):
        assert {row.status for row in findings(check_id, installed_facts())} == {PASS}


def test_another_cluster_is_clu_01s_matter_alone() -> None:
    facts = with_all_nodes(cluster=a_cluster(name="othclu", witness="", access_point="Dns"))
    for check_id in ("CLU-04", "CLU-11", "CLU-12", "CLU-13"):
        assert {row.status for row in findings(check_id, facts)} == {NOT_APPLICABLE}
