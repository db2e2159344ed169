"""The role's name and its computer object."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.building import (
    CLUSTER_SID,
    FULL,
    NOW,
    SERVICE_SID,
    a_cluster_object,
    a_descriptor,
    a_plan,
    a_role_object,
    good_facts,
    installed_facts,
    with_role_name,
)
from tests.checks.asking import FAIL, PASS, UNKNOWN, VMM01, WARN, failing, finding
from vmm_wizard.checks.registry import Status
from vmm_wizard.facts.model import Ace, Facts, NoAnswer
from vmm_wizard.plan.model import Database, Plan
from vmm_wizard.plan.names import HostName, SqlTarget

SILENT = NoAnswer("could not reach dc01.contoso.lab:636: refused", "unreachable")


@pytest.mark.parametrize("name", ["vmm", "VMM-01", "a" * 15, "1a"])
def test_a_netbios_name_passes(name: str) -> None:
    assert finding("NAM-01", plan=with_role_name(name)).status is PASS


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("a" * 16, "16 characters"),
        ("vmm_1", "holds _"),
        ("vmm.1", "holds ."),
        ("123", "all digits"),
        ("-vmm", "hyphen"),
        ("vmm-", "hyphen"),
        ("vmü", "holds ü"),
        ("12\u0663", "holds \u0663"),
    ],
)
def test_a_name_that_is_none_fails_alone_and_says_why(name: str, word: str) -> None:
    plan = with_role_name(name)
    row = finding("NAM-01", plan=plan)
    assert row.status is FAIL
    assert word in row.evidence
    assert failing(plan=plan) == {"NAM-01"}


@pytest.mark.parametrize("name", ["VMMCLU", "vmm02", "SQL01", "Contoso"])
def test_a_name_that_something_else_has_fails(name: str) -> None:
    assert finding("NAM-02", plan=with_role_name(name)).status is FAIL


def test_a_name_of_its_own_passes_once_the_domains_name_is_known() -> None:
    assert finding("NAM-02").status is PASS
    assert finding("NAM-02", good_facts(domain=SILENT)).status is UNKNOWN


def nodes_named(*names: str) -> Plan:
    plan = a_plan()
    return replace(plan, cluster=replace(plan.cluster, nodes=tuple(HostName(name) for name in names)))


def test_the_reserved_part_fails_in_capitals_and_warns_in_another_spelling() -> None:
    assert finding("NAM-03").status is PASS
    assert finding("NAM-03", plan=nodes_named("HQ-SCVMM-01")).status is FAIL
    assert finding("NAM-03", plan=nodes_named("hq-scvmm-01")).status is WARN
    assert finding("NAM-03", plan=with_role_name("A-SCVMM-B")).status is FAIL
    sql = a_plan(database=Database(SqlTarget.parse("X-SCVMM-SQL")))
    assert finding("NAM-03", plan=sql).status is FAIL


# --- NAM-05


def present(**changes: Any) -> Facts:
    return good_facts(role_object=a_role_object(**changes))


def test_an_absent_computer_object_passes() -> None:
    assert finding("NAM-05").status is PASS


@pytest.mark.parametrize("enabled", [False, True])
def test_a_prestaged_object_passes_enabled_or_not(enabled: bool) -> None:
    row = finding("NAM-05", present(enabled=enabled))
    assert row.status is PASS
    assert "prestaged" in row.evidence


@pytest.mark.parametrize(
    "use",
    [
        {"last_logon": NOW},
        {"created": NOW, "password_set": NOW + timedelta(days=30)},
        {"service_principal_names": ("HOST/vmm",)},
    ],
)
def test_an_object_in_use_fails_and_nobody_is_told_to_delete_it(use: dict[str, object]) -> None:
    facts = present(**use)
    row = finding("NAM-05", facts)
    assert row.status is FAIL
    assert "in use" in row.evidence
    assert "Get-ADComputer 'vmm'" in row.remedy
    assert "Owner" in row.remedy
    assert "Remove" not in row.remedy
    assert failing(facts) == {"NAM-05"}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"creator_sid": CLUSTER_SID}, PASS),
        ({"descriptor": a_descriptor(Ace(True, CLUSTER_SID, FULL), owner=CLUSTER_SID)}, PASS),
        ({"creator_sid": CLUSTER_SID, "enabled": True}, FAIL),
        ({"creator_sid": SERVICE_SID}, FAIL),
    ],
)
def test_what_a_removed_role_of_this_cluster_left_is_taken_again(changes: dict[str, object], status: Status) -> None:
    facts = present(**{"service_principal_names": ("HOST/vmm",), "last_logon": NOW, "enabled": False, **changes})
    row = finding("NAM-05", facts)
    assert row.status is status
    assert ("an earlier role of this cluster left it" in row.evidence) is (status is PASS)


def test_a_password_set_while_the_object_was_made_is_no_use() -> None:
    assert finding("NAM-05", present(created=NOW, password_set=NOW + timedelta(seconds=2))).status is PASS


def test_an_object_that_the_cluster_cannot_control_fails_with_the_grant() -> None:
    row = finding("NAM-05", present(descriptor=a_descriptor(Ace(True, SERVICE_SID, FULL))))
    assert row.status is FAIL
    assert r"dsacls 'CN=vmm,OU=Clusters,DC=contoso,DC=lab' /G 'CONTOSO\vmmclu$:GA'" in row.remedy


def test_an_object_of_a_maker_that_windows_does_not_trust_warns() -> None:
    descriptor = a_descriptor(Ace(True, CLUSTER_SID, FULL), owner=SERVICE_SID)
    assert finding("NAM-05", present(descriptor=descriptor)).status is WARN
    assert finding("NAM-05", present(descriptor=descriptor, creator_sid=CLUSTER_SID)).status is PASS


def test_what_could_not_be_read_is_unknown() -> None:
    assert finding("NAM-05", good_facts(role_object=SILENT)).status is UNKNOWN
    assert finding("NAM-05", present(descriptor=None)).status is UNKNOWN
    assert finding("NAM-05", replace(present(), cluster_object=SILENT)).status is UNKNOWN
    ungrouped = a_cluster_object()
    ungrouped = replace(ungrouped, computer=replace(ungrouped.computer, token_groups=None))
    assert finding("NAM-05", replace(present(), cluster_object=ungrouped)).status is UNKNOWN


def test_after_an_install_the_roles_own_object_passes_and_someone_elses_fails() -> None:
    facts = installed_facts()
    assert finding("NAM-05", facts).status is PASS
    other = replace(facts, role_object=a_role_object(last_logon=NOW, descriptor=a_descriptor(owner=SERVICE_SID)))
    assert finding("NAM-05", other).status is FAIL


def test_an_object_is_unknown_while_nobody_can_tell_whose_role_it_is() -> None:
    facts = replace(present(last_logon=NOW), nodes={VMM01: SILENT})
    assert finding("NAM-05", facts).status is UNKNOWN
