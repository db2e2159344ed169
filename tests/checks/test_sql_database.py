"""The place of VMM's database, and what is there already."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.building import (
    DOMAIN_SID,
    DOMAIN_USERS,
    GIB,
    SERVICE_SID,
    a_cluster_with_role,
    a_database,
    a_plan,
    a_sql,
    an_account,
    an_installation,
    good_facts,
    installed_facts,
)
from tests.checks.asking import FAIL, NOT_APPLICABLE, PASS, UNKNOWN, WARN, failing, finding, with_all_nodes
from vmm_wizard.checks.registry import Status
from vmm_wizard.facts.model import DatabaseUser, Facts, NoAnswer, RoleMember, SqlFacts
from vmm_wizard.plan.model import Database, Plan
from vmm_wizard.plan.names import SqlTarget

PREPARED = a_database()
SILENT = NoAnswer("could not reach dc01.contoso.lab:636: refused", "unreachable")


def sql(**changes: Any) -> Facts:
    return good_facts(sql=a_sql(**changes))


def with_database(**changes: Any) -> Facts:
    return sql(hadr_enabled=True, database=replace(PREPARED, **changes))


def existing() -> Plan:
    return a_plan(database=Database(SqlTarget.parse("sql01"), create_new=False))


def changed(facts: Facts, **changes: Any) -> Facts:
    """Facts with the SQL Server changed."""
    assert isinstance(facts.sql, SqlFacts)
    return replace(facts, sql=replace(facts.sql, **changes))


# --- SQL-06


def test_a_left_over_file_fails_alone_and_is_shown_before_it_is_moved() -> None:
    path = "D:\\O'Brien\\VirtualManagerDB_log.ldf"
    row = finding("SQL-06", sql(leftover_files=(path,)))
    assert row.status is FAIL
    assert path in row.evidence
    assert "physical_name IN (N'D:\\O''Brien\\VirtualManagerDB_log.ldf')" in row.remedy
    assert "delete" not in row.remedy.lower()
    assert failing(sql(leftover_files=(path,))) == {"SQL-06"}


def test_files_matter_only_where_a_database_is_to_be_made() -> None:
    assert finding("SQL-06").status is PASS
    assert finding("SQL-06", with_database()).status is NOT_APPLICABLE
    assert finding("SQL-06", sql(leftover_files=("x",)), existing()).status is NOT_APPLICABLE
    assert finding("SQL-06", changed(installed_facts(), leftover_files=("x",))).status is NOT_APPLICABLE


def test_files_that_were_not_looked_for_are_unknown_and_it_says_what_is_missing() -> None:
    row = finding("SQL-06", sql(leftover_files=None, is_sysadmin=False))
    assert row.status is UNKNOWN
    assert "needs sysadmin on sql01.contoso.lab" in row.evidence


# --- SQL-07


def test_a_member_of_a_group_fails_until_setup_has_run_everywhere() -> None:
    facts = with_database(availability_group="AG]1")
    row = finding("SQL-07", facts, existing())
    assert row.status is FAIL
    assert "ALTER AVAILABILITY GROUP [AG]]1] REMOVE DATABASE [VirtualManagerDB]" in row.remedy
    assert failing(facts, existing()) == {"SQL-07"}
    member = replace(PREPARED, is_vmm=True, availability_group="AG1")
    assert finding("SQL-07", changed(installed_facts(done=1), hadr_enabled=True, database=member)).status is FAIL
    assert finding("SQL-07", changed(installed_facts(), hadr_enabled=True, database=member)).status is NOT_APPLICABLE


def test_a_database_outside_of_groups_passes_also_where_there_can_be_none() -> None:
    assert finding("SQL-07", with_database(availability_group=""), existing()).status is PASS
    off = sql(hadr_enabled=False, database=replace(PREPARED, availability_group=None))
    assert finding("SQL-07", off, existing()).status is PASS


def test_groups_that_an_account_may_not_see_are_unknown() -> None:
    row = finding("SQL-07", with_database(availability_group=None), existing())
    assert row.status is UNKNOWN
    assert r"GRANT VIEW ANY DEFINITION TO [CONTOSO\vmm-setup]" in row.remedy


# --- SQL-14


def test_an_empty_database_may_be_taken_and_a_vmms_own_only_warns_with_what_was_seen() -> None:
    assert finding("SQL-14", with_database(), existing()).status is PASS
    seen = with_database(
        is_vmm=True,
        table_count=900,
        versions={"ServerVersion": "10.19.2445.0"},
        users=(DatabaseUser("OLDVMM01", "VMM", "CONTOSO\\svc-old"),),
    )
    row = finding("SQL-14", seen, existing())
    assert row.status is WARN
    assert "ServerVersion 10.19.2445.0; which looks like VMM 2019, not 2022" in row.evidence
    assert "open to VMM on OLDVMM01" in row.evidence
    assert "sys.dm_exec_sessions" in row.remedy
    assert "DROP" not in row.remedy.upper().replace("DROPPED", "")
    # Its keys are not in the container of this plan.
    assert failing(seen, existing()) == {"DKM-05"}


def test_the_same_version_is_no_other_one_and_an_unknown_one_is_only_told() -> None:
    for version in ("10.22.1287.0", "99.1"):
        facts = with_database(is_vmm=True, table_count=900, versions={"V": version})
        row = finding("SQL-14", facts, existing())
        assert row.status is WARN
        assert version in row.evidence
        assert "looks like" not in row.evidence


@pytest.mark.parametrize("state", ["OFFLINE", "RESTORING", "RECOVERY_PENDING", "SUSPECT"])
def test_a_database_that_is_not_online_fails_alone(state: str) -> None:
    assert failing(with_database(state=state), existing()) == {"SQL-14"}


def test_the_database_that_a_foreign_role_here_uses_fails_and_another_ones_does_not() -> None:
    used = with_all_nodes(
        with_database(is_vmm=True), cluster=a_cluster_with_role("oldvmm"), vmm=an_installation(sql_machine="SQL01")
    )
    row = finding("SQL-14", used, existing())
    assert row.status is FAIL
    assert "vmm01.contoso.lab, vmm02.contoso.lab" in row.evidence
    elsewhere = with_all_nodes(used, vmm=an_installation(sql_machine="sql09"))
    assert finding("SQL-14", elsewhere, existing()).status is WARN


def test_a_database_that_the_plan_would_create_is_the_business_of_another_check() -> None:
    row = finding("SQL-14", with_database(is_vmm=True))
    assert row.status is NOT_APPLICABLE
    assert "SQL-05" in row.evidence
    assert finding("SQL-14", installed_facts()).status is PASS


# --- SQL-16


def test_the_service_account_is_found_in_each_spelling_and_by_its_groups() -> None:
    for name in ("CONTOSO\\svc-vmm", "contoso\\SVC-VMM", "svc-vmm@contoso.lab"):
        assert finding("SQL-16", with_database(owners=(RoleMember(name),)), existing()).status is PASS
    by_group = with_database(owners=(RoleMember("CONTOSO\\Datenbank-Eigentümer", DOMAIN_USERS),))
    row = finding("SQL-16", by_group, existing())
    assert row.status is PASS
    assert "as a member of CONTOSO\\Datenbank-Eigentümer" in row.evidence


def test_without_the_role_it_fails_alone_with_the_grant_before_and_after_setup() -> None:
    facts = with_database(owners=(RoleMember("sa"), RoleMember("CONTOSO\\x", f"{DOMAIN_SID}-9999")))
    row = finding("SQL-16", facts, existing())
    assert row.status is FAIL
    assert "USE [VirtualManagerDB];" in row.remedy
    assert "ALTER ROLE [db_owner] ADD MEMBER [CONTOSO\\svc-vmm];" in row.remedy
    assert failing(facts, existing()) == {"SQL-16"}
    lost = changed(installed_facts(), database=a_database(is_vmm=True, owners=()))
    assert failing(lost) == {"SQL-16"}
    assert "nobody" in finding("SQL-16", lost).evidence


def test_groups_that_could_not_be_read_are_no_proof_of_a_missing_role() -> None:
    facts = with_database(owners=(RoleMember("CONTOSO\\x", f"{DOMAIN_SID}-9999"),))
    blind = replace(facts, service_account=an_account("svc-vmm", SERVICE_SID, token_groups=None))
    assert finding("SQL-16", blind, existing()).status is UNKNOWN
    assert finding("SQL-16", replace(facts, service_account=SILENT), existing()).status is UNKNOWN


# --- SQL-15


@pytest.mark.parametrize(("gib", "status"), [(200, PASS), (50, PASS), (49.9, WARN), (10, WARN), (9.9, FAIL)])
def test_room_by_its_two_limits(gib: float, status: Status) -> None:
    assert finding("SQL-15", sql(data_free_bytes=int(gib * GIB))).status is status


def test_room_matters_until_the_database_is_made() -> None:
    assert finding("SQL-15", changed(installed_facts(), data_free_bytes=GIB)).status is NOT_APPLICABLE
