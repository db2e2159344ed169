"""The instance itself: how it is run and how it is reached."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.building import a_database, a_plan, a_sql, good_facts, installed_facts
from tests.checks.asking import FAIL, NOT_APPLICABLE, PASS, UNKNOWN, WARN, failing, finding
from vmm_wizard.checks.registry import Status
from vmm_wizard.facts.model import DomainFacts, Facts, GroupReplica, TrustFacts
from vmm_wizard.facts.sql_model import ReplicaLogin
from vmm_wizard.plan.model import Database
from vmm_wizard.plan.names import SqlTarget


def sql(**changes: Any) -> Facts:
    return good_facts(sql=a_sql(**changes))


# --- SQL-08


def test_a_direct_name_passes_alone_and_as_primary_and_a_secondary_fails() -> None:
    assert finding("SQL-08").status is PASS
    assert finding("SQL-08", sql(hadr_enabled=True, replica_role="")).status is PASS
    assert finding("SQL-08", sql(hadr_enabled=True, replica_role="PRIMARY")).status is PASS
    for role in ("SECONDARY", "RESOLVING"):
        facts = sql(hadr_enabled=True, replica_role=role)
        assert failing(facts) == {"SQL-08"}
        assert role in finding("SQL-08", facts).evidence


def test_a_listener_warns_with_the_way_into_the_group_told_or_recognised() -> None:
    facts = sql(hadr_enabled=True, replica_role="PRIMARY", listeners=("sqlag:1433",))
    told = a_plan(database=Database(SqlTarget.parse("sql01"), is_listener=True))
    recognised = a_plan(database=Database(SqlTarget.parse("SQLAG.contoso.lab")))
    for plan in (told, recognised):
        row = finding("SQL-08", facts, plan)
        assert row.status is WARN
        assert "ALTER DATABASE [VirtualManagerDB] SET RECOVERY FULL" in row.remedy
    assert finding("SQL-08", sql(hadr_enabled=False), told).status is WARN


# --- SQL-10


@pytest.mark.parametrize(
    ("account", "status"),
    [
        (r"CONTOSO\svc-sql", PASS),
        ("svc-sql@contoso.lab", PASS),
        (r"CONTOSO\gmsa-sql$", PASS),
        ("LocalSystem", PASS),
        (r"NT SERVICE\MSSQLSERVER", PASS),
        (r"NT-AUTORITÄT\NETZWERKDIENST", PASS),
        (r".\sql", FAIL),
        (r"SQLNODE1\sql", FAIL),
        (r"sql01\sql", FAIL),
    ],
)
def test_accounts_of_the_service(account: str, status: Status) -> None:
    assert finding("SQL-10", sql(service_account=account, physical_name="SQLNODE1")).status is status


def test_a_local_user_fails_alone() -> None:
    assert failing(sql(service_account=r".\sql")) == {"SQL-10"}


# --- SQL-13


def test_forced_encryption_only_warns_and_is_not_to_be_switched_off_first() -> None:
    assert finding("SQL-13").status is PASS
    row = finding("SQL-13", sql(force_encryption=True))
    assert row.status is WARN
    first, _, last_resort = row.remedy.partition("Only if")
    assert "certificate" in first
    assert "ForceEncryption" not in first
    assert last_resort.rstrip().endswith("REG_DWORD, 1; then restart the instance"), "how to put it back is told"


def test_what_a_lesser_account_is_not_told_is_unknown() -> None:
    facts = sql(force_encryption=None, service_account=None, is_sysadmin=False)
    assert finding("SQL-13", facts).status is UNKNOWN
    assert finding("SQL-10", facts).status is UNKNOWN


# --- SQL-17


def joined(group: str | None = "AG]1", **changes: Any) -> Facts:
    """After the installation, with the database in a group."""
    replicas = (GroupReplica("AG]1", "SQL05"), GroupReplica("AG2", "SQL06\\X"), GroupReplica("AG]1", "SQL07"))
    usual = {
        "hadr_enabled": True,
        "replica_role": "PRIMARY",
        "database": a_database(is_vmm=True, availability_group=group),
        "replicas": replicas,
    }
    return installed_facts(sql=a_sql(**{**usual, **changes}))


def test_the_other_replicas_of_the_databases_group_are_named_with_a_login_that_can_be_made_twice() -> None:
    row = finding("SQL-17", joined())
    assert row.status is WARN
    assert "a login on SQL05, SQL07 could not be asked" in row.evidence
    assert "SQL06" not in row.evidence
    assert r"IF SUSER_ID(N'CONTOSO\svc-vmm') IS NULL CREATE LOGIN [CONTOSO\svc-vmm] FROM WINDOWS;" in row.remedy


def test_a_replica_without_the_login_is_told_from_one_that_did_not_answer() -> None:
    logins = (ReplicaLogin("SQL05", False), ReplicaLogin("SQL07", None, "could not reach sql07"))
    row = finding("SQL-17", joined(replica_logins=logins))
    assert row.status is WARN
    assert r"CONTOSO\svc-vmm has no login on SQL05" in row.evidence
    assert "SQL07 could not be asked (could not reach sql07)" in row.evidence
    half = finding("SQL-17", joined(replica_logins=(ReplicaLogin("SQL05", True), *logins[1:])))
    assert "on SQL07:" in half.remedy
    good = finding("SQL-17", joined(replica_logins=tuple(ReplicaLogin(name, True) for name in ("SQL05", "SQL07"))))
    assert good.status is PASS


def test_logins_on_replicas_matter_once_the_role_exists_and_its_database_is_in_a_group() -> None:
    assert finding("SQL-17").status is NOT_APPLICABLE
    assert finding("SQL-17", installed_facts()).status is NOT_APPLICABLE
    assert finding("SQL-17", joined(group="")).status is NOT_APPLICABLE
    assert finding("SQL-17", joined(replicas=())).status is NOT_APPLICABLE
    assert finding("SQL-17", joined(group=None)).status is UNKNOWN
    listener = a_plan(database=Database(SqlTarget.parse("sql01"), is_listener=True))
    row = finding("SQL-17", joined(group=""), listener)
    assert row.status is WARN, "the database is about to join"
    assert "SQL06" in row.evidence


# --- SQL-18


def of_fabrikam(*trusts: TrustFacts, readable: bool = True) -> Facts:
    facts = sql(default_domain="Fabrikam")
    assert isinstance(facts.domain, DomainFacts)
    return replace(facts, domain=replace(facts.domain, trusts=trusts if readable else None))


@pytest.mark.parametrize(("direction", "status"), [(3, PASS), (2, FAIL), (1, FAIL), (0, FAIL)])
def test_another_domain_needs_a_trust_in_both_directions(direction: int, status: Status) -> None:
    others = TrustFacts("other.lab", "OTHER", 3)
    row = finding("SQL-18", of_fabrikam(others, TrustFacts("fabrikam.lab", "FABRIKAM", direction)))
    assert row.status is status
    assert "FABRIKAM" in row.evidence.upper()


def test_without_a_trust_of_its_own_it_warns_for_forests_trust_within() -> None:
    assert finding("SQL-18", of_fabrikam(TrustFacts("other.lab", "OTHER", 3))).status is WARN
    assert finding("SQL-18", of_fabrikam(readable=False)).status is UNKNOWN
    assert finding("SQL-18", sql(default_domain="contoso")).status is PASS
    assert finding("SQL-18", sql(default_domain=None)).status is UNKNOWN


# --- SQL-19


def test_clustered_or_in_a_group_passes_and_standalone_only_warns() -> None:
    assert finding("SQL-19").status is PASS
    assert finding("SQL-19", sql(is_clustered=False, hadr_enabled=True, replica_role="PRIMARY")).status is PASS
    for changes in ({"hadr_enabled": False}, {"hadr_enabled": True, "replica_role": ""}):
        facts = sql(is_clustered=False, **changes)
        assert finding("SQL-19", facts).status is WARN
        assert failing(facts) == set()
    assert finding("SQL-19", sql(is_clustered=False, hadr_enabled=True, replica_role=None)).status is UNKNOWN
    assert finding("SQL-19", installed_facts(sql=a_sql(is_clustered=False))).status is NOT_APPLICABLE
