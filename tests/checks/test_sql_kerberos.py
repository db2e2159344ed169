"""Who holds SQL Server's service principal names, and how setup will log on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.building import SQL_SERVICE_DN, a_plan, a_rehearsal, a_sql, good_facts
from tests.checks.asking import FAIL, PASS, UNKNOWN, VMM01, VMM02, WARN, failing, finding
from vmm_wizard.checks.registry import Status
from vmm_wizard.facts.model import Facts, NoAnswer, PrincipalNameFacts
from vmm_wizard.plan.model import Database, Plan
from vmm_wizard.plan.names import SqlTarget

PORT = "MSSQLSvc/sql01.contoso.lab:1433"
OTHER = "CN=Old,DC=contoso,DC=lab"
COMPUTER = "CN=SQLNODE1,CN=Computers,DC=contoso,DC=lab"
ACCOUNTS = {SQL_SERVICE_DN: "svc-sql", OTHER: "old-sql", COMPUTER: "SQLNODE1$"}
SILENT = NoAnswer("could not reach dc01.contoso.lab:636: refused", "unreachable")


def held(*holders: str, name: str = PORT, **changes: Any) -> Facts:
    """The good estate where the name is held by these."""
    facts = good_facts(sql=a_sql(**changes))
    return replace(facts, principal_names=PrincipalNameFacts({name: holders}, accounts=ACCOUNTS))


def rehearsed(scheme: str, facts: Facts | None = None, node: str = VMM01) -> Facts:
    facts = facts or good_facts()
    return replace(facts, rehearsals={**facts.rehearsals, node: a_rehearsal(sql_auth_scheme=scheme)})


def listener() -> Plan:
    return a_plan(database=Database(SqlTarget.parse("sql01"), is_listener=True))


# --- from inside


def test_what_a_rehearsal_saw_wins_over_the_directory_both_ways() -> None:
    assert finding("SQL-09", rehearsed("KERBEROS", held())).status is PASS
    assert finding("SQL-09", rehearsed("NTLM")).status is FAIL
    one_of_two = rehearsed("NTLM", rehearsed("KERBEROS"), VMM02)
    row = finding("SQL-09", one_of_two)
    assert row.status is FAIL
    assert VMM02 in row.evidence


def test_ntlm_only_warns_on_a_standalone_instance_that_is_no_listener() -> None:
    alone = rehearsed("NTLM", good_facts(sql=a_sql(is_clustered=False)))
    assert finding("SQL-09", alone).status is WARN
    assert finding("SQL-09", alone, listener()).status is FAIL


def test_a_rehearsal_that_could_not_see_how_it_logged_on_says_nothing() -> None:
    assert "alone; a rehearsal shows" in finding("SQL-09", rehearsed("")).evidence
    refused = a_rehearsal(sql_login="", sql_auth_scheme="NTLM", sql_error="login failed")
    assert finding("SQL-09", good_facts(rehearsals={VMM01: refused})).status is PASS


# --- from the wizard's own logon


def test_the_wizards_own_ntlm_proves_nothing_and_its_kerberos_does() -> None:
    assert finding("SQL-09", good_facts(sql=a_sql(auth_scheme="NTLM"))).status is PASS
    assert finding("SQL-09", held(auth_scheme="KERBEROS")).status is PASS
    assert finding("SQL-09", held(auth_scheme="NTLM")).status is FAIL


# --- from the directory


def test_a_name_that_nobody_holds_is_registered_for_sql_servers_account() -> None:
    row = finding("SQL-09", held())
    assert row.status is FAIL
    assert f"setspn -S '{PORT}' 'CONTOSO\\svc-sql'" in row.remedy
    assert failing(held()) == {"SQL-09"}
    assert finding("SQL-09", held(is_clustered=False)).status is WARN


def test_a_name_with_two_holders_fails_also_on_a_standalone_one_and_is_left_to_the_right_one() -> None:
    facts = held(SQL_SERVICE_DN, OTHER, is_clustered=False)
    row = finding("SQL-09", facts)
    assert row.status is FAIL
    assert OTHER in row.evidence
    assert row.remedy.index("setspn -Q") < row.remedy.index("setspn -D"), "look first"
    assert f"setspn -D '{PORT}' 'old-sql'" in row.remedy
    assert "leaves it to svc-sql" in row.remedy


@pytest.mark.parametrize(
    ("account", "holder", "status"),
    [
        (r"CONTOSO\svc-sql", SQL_SERVICE_DN, PASS),
        (r"contoso\SVC-SQL", SQL_SERVICE_DN, PASS),
        ("svc-sql@contoso.lab", SQL_SERVICE_DN, PASS),
        (r"CONTOSO\svc-sql", OTHER, FAIL),
        (r"NT SERVICE\MSSQLSERVER", COMPUTER, PASS),
        ("LocalSystem", COMPUTER, PASS),
        (r"NT-AUTORITÄT\NETZWERKDIENST", COMPUTER, PASS),
        ("LocalSystem", OTHER, FAIL),
        (None, OTHER, PASS),
    ],
)
def test_the_holder_is_who_runs_sql_server(account: str | None, holder: str, status: Status) -> None:
    assert finding("SQL-09", held(holder, service_account=account)).status is status


def test_a_named_instance_is_known_by_its_name() -> None:
    plan = a_plan(database=Database(SqlTarget.parse("sql01\\VMM")))
    facts = held(SQL_SERVICE_DN, name="MSSQLSvc/sql01.contoso.lab:VMM")
    assert finding("SQL-09", facts, plan).status is PASS


def test_what_was_not_asked_is_unknown() -> None:
    assert finding("SQL-09", good_facts(principal_names=SILENT)).status is UNKNOWN
    assert finding("SQL-09", good_facts(sql=SILENT)).status is UNKNOWN
    row = finding("SQL-09", held(default_domain="FABRIKAM"))
    assert row.status is UNKNOWN
    assert "FABRIKAM" in row.evidence
