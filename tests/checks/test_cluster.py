"""The failover cluster: membership, state, rights, and the role on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.building import (
    COMPUTER_CLASS,
    DOMAIN_COMPUTERS,
    a_cluster,
    a_cluster_object,
    a_cluster_with_role,
    a_descriptor,
    a_node,
    a_plan,
    a_role_object,
    an_installation,
    good_facts,
    installed_facts,
)
from tests.checks.asking import (
    FAIL,
    NOT_APPLICABLE,
    PASS,
    UNKNOWN,
    VMM01,
    VMM02,
    WARN,
    about,
    failing,
    finding,
    findings,
    with_all_nodes,
    with_node,
)
from vmm_wizard.facts.model import (
    Ace,
    ClusterGroup,
    ClusterNode,
    ComputerFacts,
    DomainFacts,
    Facts,
    NoAnswer,
    known,
)
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import HostName

SILENT = NoAnswer("could not reach vmm01.contoso.lab:5985: refused", "unreachable")


def with_nodes(*names: str) -> Plan:
    plan = a_plan()
    return replace(plan, cluster=replace(plan.cluster, nodes=tuple(HostName(name) for name in names)))


# --- CLU-01


def test_a_node_in_the_planned_cluster_passes() -> None:
    assert about("CLU-01").status is PASS


def test_a_node_without_a_cluster_fails_with_the_command_that_adds_it() -> None:
    row = about("CLU-01", with_node(cluster=None, cluster_error="The cluster service is not running"))
    assert row.status is FAIL
    assert "The cluster service is not running" in row.evidence
    assert "Add-ClusterNode -Cluster 'vmmclu' -Name 'vmm01'" in row.remedy


def test_where_no_node_is_in_the_planned_cluster_clu_01_fails_alone() -> None:
    for facts in (with_all_nodes(cluster=None), with_all_nodes(cluster=a_cluster(name="other"))):
        no_object = replace(facts, cluster_object=replace(a_cluster_object(), computer=ComputerFacts("vmmclu", False)))
        assert failing(no_object) == {"CLU-01"}
        for other in ("CLU-03", "CLU-05", "CLU-07", "CLU-09"):
            assert finding(other, no_object).status is NOT_APPLICABLE


def test_a_node_of_another_cluster_fails() -> None:
    row = about("CLU-01", with_node(cluster=a_cluster(name="othclu")))
    assert row.status is FAIL
    assert "othclu" in row.evidence


# --- CLU-02, CLU-03


def test_two_to_sixteen_nodes_pass_one_warns_and_seventeen_fail() -> None:
    assert finding("CLU-02").status is PASS
    assert finding("CLU-02", plan=with_nodes("vmm01")).status is WARN
    assert finding("CLU-02", plan=with_nodes(*(f"n{i}" for i in range(16)))).status is PASS
    assert finding("CLU-02", plan=with_nodes(*(f"n{i}" for i in range(17)))).status is FAIL
    assert finding("CLU-02", plan=with_nodes("vmm01", "VMM01")).status is FAIL


def test_the_node_that_carries_vmm_already_counts() -> None:
    plan = with_nodes("vmm01")
    facts = replace(good_facts(plan), nodes={VMM01: a_node(1, cluster=a_cluster_with_role(owner="VMM03"))})
    assert finding("CLU-02", facts, plan).status is PASS
    sixteen = with_nodes(*(f"n{i}" for i in range(16)))
    full = with_all_nodes(good_facts(sixteen), cluster=a_cluster_with_role(owner="VMM03"))
    assert finding("CLU-02", full, sixteen).status is FAIL


def test_the_number_is_unknown_while_a_node_is_silent() -> None:
    assert finding("CLU-02", good_facts(nodes={VMM01: SILENT, VMM02: a_node(2)})).status is UNKNOWN


@pytest.mark.parametrize(
    ("state", "status", "command"),
    [
        ("Paused", "Normal", "Resume-ClusterNode -Name 'VMM02'"),
        ("Down", "Normal", "Start-ClusterNode -Name 'VMM02'"),
        ("Down", "Quarantined", "Start-ClusterNode -Name 'VMM02' -ClearQuarantine"),
    ],
)
def test_a_planned_node_that_is_not_up_fails_alone_with_the_command(state: str, status: str, command: str) -> None:
    nodes = (ClusterNode("VMM01", "Up", "Normal"), ClusterNode("VMM02", state, status), ClusterNode("VMM03", "Up", ""))
    facts = with_all_nodes(cluster=a_cluster(nodes=nodes))
    row = about("CLU-03", facts, subject=VMM02)
    assert row.status is FAIL
    assert command in row.remedy
    assert about("CLU-03", facts).status is PASS
    assert failing(facts) == {"CLU-03"}


def test_another_node_of_the_cluster_that_is_not_up_only_warns() -> None:
    nodes = (*a_cluster().nodes[:2], ClusterNode("VMM03", "Down", "Normal"))
    facts = with_all_nodes(cluster=a_cluster(nodes=nodes))
    assert about("CLU-03", facts, subject="VMM03").status is WARN


def test_states_are_known_from_any_node_of_the_cluster() -> None:
    facts = good_facts(nodes={VMM01: SILENT, VMM02: a_node(2)})
    assert about("CLU-03", facts).status is PASS
    assert finding("CLU-03", good_facts(nodes={VMM01: SILENT, VMM02: SILENT})).status is UNKNOWN


# --- CLU-05


def no_right(**changes: Any) -> Facts:
    return good_facts(cluster_object=a_cluster_object(parent_descriptor=a_descriptor(), **changes))


def test_the_right_to_create_computers_passes_directly_or_by_a_group() -> None:
    assert finding("CLU-05").status is PASS
    by_group = a_descriptor(Ace(True, DOMAIN_COMPUTERS, 0x1, 0x2))
    assert finding("CLU-05", good_facts(cluster_object=a_cluster_object(parent_descriptor=by_group))).status is PASS


def test_no_right_fails_alone_with_the_grant_and_the_other_way() -> None:
    row = finding("CLU-05", no_right())
    assert row.status is FAIL
    assert r"dsacls 'OU=Clusters,DC=contoso,DC=lab' /I:T /G 'CONTOSO\vmmclu$:CC;computer'" in row.remedy
    assert "New-ADComputer -Name 'vmm' -Path 'OU=Clusters,DC=contoso,DC=lab' -Enabled $false" in row.remedy
    assert failing(no_right()) == {"CLU-05"}


def test_a_denial_wins_over_the_grant() -> None:
    group, cluster = DOMAIN_COMPUTERS, known(good_facts().cluster_object).computer.sid
    descriptor = a_descriptor(Ace(False, group, 0x1, 0x2, COMPUTER_CLASS), Ace(True, cluster, 0x1, 0x2))
    assert finding("CLU-05", good_facts(cluster_object=a_cluster_object(parent_descriptor=descriptor))).status is FAIL


def test_a_prestaged_object_needs_no_right() -> None:
    assert finding("CLU-05", replace(no_right(), role_object=a_role_object())).status is PASS
    foreign = replace(no_right(), role_object=a_role_object(descriptor=a_descriptor()))
    assert finding("CLU-05", foreign).status is NOT_APPLICABLE
    assert failing(foreign) == {"NAM-05"}


def test_the_default_container_has_a_quota() -> None:
    assert finding("CLU-05", no_right(parent_is_computers=True, created_count=9)).status is WARN
    assert finding("CLU-05", no_right(parent_is_computers=True, created_count=10)).status is FAIL
    assert finding("CLU-05", no_right(parent_is_computers=True, created_count=None)).status is UNKNOWN
    facts = no_right(parent_is_computers=True, created_count=0)
    domain = facts.domain
    assert isinstance(domain, DomainFacts)
    assert finding("CLU-05", replace(facts, domain=replace(domain, machine_account_quota=0))).status is FAIL


def test_a_cluster_without_a_computer_object_fails_and_silence_is_unknown() -> None:
    lost = good_facts(cluster_object=replace(a_cluster_object(), computer=ComputerFacts("vmmclu", False)))
    assert finding("CLU-05", lost).status is FAIL
    assert finding("CLU-05", good_facts(cluster_object=SILENT)).status is UNKNOWN
    unread = good_facts(cluster_object=a_cluster_object(parent_descriptor=None))
    assert finding("CLU-05", unread).status is UNKNOWN


# --- CLU-07, CLU-08


def test_a_cluster_without_vmm_passes_and_a_taken_group_name_warns() -> None:
    assert finding("CLU-07").status is PASS
    taken = a_cluster(groups=(ClusterGroup("VMM", "FileServer", "Online", "VMM03"),))
    assert finding("CLU-07", with_all_nodes(cluster=taken)).status is WARN


def test_the_planned_role_passes_and_says_what_it_is() -> None:
    row = finding("CLU-07", installed_facts())
    assert row.status is PASS
    assert "role vmm" in row.evidence


def test_another_role_or_one_that_no_planned_node_carries_fails() -> None:
    for name in ("othervmm", "vmm"):
        facts = with_all_nodes(cluster=a_cluster_with_role(name, owner="VMM03"))
        assert finding("CLU-07", facts).status is FAIL


def test_whose_role_it_is_stays_unknown_while_the_node_that_knows_is_silent() -> None:
    facts = good_facts(nodes={VMM01: SILENT, VMM02: a_node(2, cluster=a_cluster_with_role())})
    assert finding("CLU-07", facts).status is UNKNOWN


def test_a_node_without_vmm_passes_and_a_finished_one_says_what_is_installed() -> None:
    assert about("CLU-08").status is PASS
    row = about("CLU-08", installed_facts())
    assert row.status is PASS
    assert "10.22.1287.0" in row.evidence
    assert about("CLU-08", installed_facts(done=1), subject=VMM02).status is PASS


@pytest.mark.parametrize("changes", [{"sql_database": "OtherDB"}, {"sql_machine": "sql99"}, {"sql_instance": "OTHER"}])
def test_vmm_of_another_database_fails(changes: dict[str, str]) -> None:
    facts = with_node(installed_facts(), vmm=an_installation(**changes))
    assert about("CLU-08", facts).status is FAIL
    assert finding("CLU-07", facts).status is FAIL


def test_vmm_without_a_role_in_the_cluster_fails_and_nobody_is_told_to_remove_it_at_once() -> None:
    row = about("CLU-08", with_node(vmm=an_installation()))
    assert row.status is FAIL
    assert "look with its owner" in row.remedy


def test_vmm_whose_database_could_not_be_read_is_unknown() -> None:
    facts = with_node(installed_facts(), vmm=an_installation(sql_database=""))
    assert about("CLU-08", facts).status is UNKNOWN


def test_every_finding_about_a_cluster_that_nobody_sees_is_unknown() -> None:
    facts = good_facts(nodes={VMM01: SILENT, VMM02: SILENT})
    for check in ("CLU-01", "CLU-03", "CLU-07", "CLU-08", "CLU-09"):
        assert {row.status for row in findings(check, facts)} == {UNKNOWN}
