"""The place of VMM's database, and what is there already."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.building import GIB, a_plan, a_sql, good_facts, installed_facts
from tests.checks.asking import FAIL, NOT_APPLICABLE, PASS, UNKNOWN, WARN, failing, finding
from vmm_wizard.checks.registry import Status
from vmm_wizard.facts.model import DatabaseFacts, Facts, SqlFacts
from vmm_wizard.plan.model import Database, Plan
from vmm_wizard.plan.names import SqlTarget

PREPARED = DatabaseFacts("VirtualManagerDB", "Latin1_General_100_CI_AS", "ONLINE", "SIMPLE", False, "")


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
    assert "needs a sysadmin" in row.evidence


# --- SQL-07


def test_a_member_of_a_group_fails_until_setup_has_run_everywhere() -> None:
    facts = with_database(availability_group="AG]1")
    row = finding("SQL-07", facts, existing())
    assert row.status is FAIL
    assert "ALTER AVAILABILITY GROUP [AG]]1] REMOVE DATABASE [VirtualManagerDB]" in row.remedy
    assert failing(facts, existing()) == {"SQL-07"}
    member = replace(PREPARED, is_vmm=True, availability_group="AG1")
    assert finding("SQL-07", changed(installed_facts(done=1), database=member)).status is FAIL
    assert finding("SQL-07", changed(installed_facts(), database=member)).status is NOT_APPLICABLE


def test_a_database_outside_of_groups_passes_also_where_there_can_be_none() -> None:
    assert finding("SQL-07", with_database(availability_group=""), existing()).status is PASS
    off = sql(hadr_enabled=False, database=replace(PREPARED, availability_group=None))
    assert finding("SQL-07", off, existing()).status is PASS


def test_groups_that_an_account_may_not_see_are_unknown() -> None:
    row = finding("SQL-07", with_database(availability_group=None), existing())
    assert row.status is UNKNOWN
    assert r"GRANT VIEW ANY DEFINITION TO [CONTOSO\vmm-setup]" in row.remedy


# --- SQL-15


@pytest.mark.parametrize(("gib", "status"), [(200, PASS), (50, PASS), (49.9, WARN), (10, WARN), (9.9, FAIL)])
def test_room_by_its_two_limits(gib: float, status: Status) -> None:
    assert finding("SQL-15", sql(data_free_bytes=int(gib * GIB))).status is status


def test_room_matters_until_the_database_is_made() -> None:
    assert finding("SQL-15", changed(installed_facts(), data_free_bytes=GIB)).status is NOT_APPLICABLE
