"""SQL Server and the database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.building import a_cluster, a_plan, a_rehearsal, a_sql, good_facts, installed_facts
from tests.checks.asking import (
    FAIL,
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
from vmm_wizard.checks.registry import Status
from vmm_wizard.facts.model import DatabaseFacts, Facts, NetworkFacts, NoAnswer, TcpAnswer
from vmm_wizard.plan.model import Connection, Database, Plan, Release
from vmm_wizard.plan.names import AccountName, SqlTarget

SILENT = NoAnswer("could not reach sql01.contoso.lab:1433: timed out", "timeout")
CLOSED = TcpAnswer("sql01.contoso.lab", 1433, False, "refused")
OPEN = TcpAnswer("sql01.contoso.lab", 1433, True, "")
CONSOLE = TcpAnswer("vmm.contoso.lab", 8100, False, "refused")
VMM_DATABASE = DatabaseFacts("VirtualManagerDB", is_vmm=True)


def sql(**changes: Any) -> Facts:
    return good_facts(sql=a_sql(**changes))


def on(target: str) -> Plan:
    return a_plan(database=Database(SqlTarget.parse(target)))


def existing() -> Plan:
    return a_plan(database=Database(SqlTarget.parse("sql01"), create_new=False))


# --- SQL-01


def test_an_open_port_passes_from_each_node() -> None:
    assert [row.status for row in findings("SQL-01")] == [PASS, PASS]


def test_a_port_closed_to_one_node_warns_there_and_one_closed_to_all_fails() -> None:
    facts = with_node(sql=CLOSED)
    assert about("SQL-01", facts).status is WARN
    assert about("SQL-01", facts, subject=VMM02).status is PASS
    everywhere = replace(with_all_nodes(sql=CLOSED), network=NetworkFacts(CLOSED, (), CONSOLE))
    row = about("SQL-01", everywhere)
    assert row.status is FAIL
    assert "refused" in row.evidence
    assert "Test-NetConnection 'sql01.contoso.lab' -Port 1433" in row.remedy
    unseen = with_all_nodes(good_facts(network=SILENT), sql=CLOSED)
    assert about("SQL-01", unseen).status is FAIL


def test_a_named_instance_that_did_not_answer_is_named_and_the_browser_mentioned() -> None:
    closed = TcpAnswer("sql01.contoso.lab", 0, False, "the Browser did not answer")
    facts = replace(with_all_nodes(sql=closed), network=NetworkFacts(CLOSED, (), CONSOLE))
    row = about("SQL-01", facts, on("sql01\\PROD"))
    assert "PROD" in row.evidence
    assert "-Port 1433" in row.remedy
    assert "Browser" in row.remedy


# --- SQL-02


def test_sysadmin_passes_and_a_login_without_it_fails_alone_with_the_grant() -> None:
    assert finding("SQL-02").status is PASS
    row = finding("SQL-02", sql(is_sysadmin=False))
    assert row.status is FAIL
    assert r"ALTER SERVER ROLE [sysadmin] ADD MEMBER [CONTOSO\vmm-setup];" in row.remedy
    assert r"CREATE LOGIN [CONTOSO\vmm-setup] FROM WINDOWS" in row.remedy
    assert failing(sql(is_sysadmin=False)) == {"SQL-02"}


def test_an_answer_given_to_another_identity_is_unknown() -> None:
    facts = sql(asked_as=r"CONTOSO\dba", logged_on_as=r"CONTOSO\dba")
    row = finding("SQL-02", facts, a_plan(connection=Connection(sql_account=AccountName.parse(r"CONTOSO\dba"))))
    assert row.status is UNKNOWN
    assert r"CONTOSO\dba" in row.evidence


def test_the_account_is_recognised_in_another_spelling() -> None:
    plan = a_plan(installing_account=AccountName.parse("vmm-setup@contoso.lab"))
    assert finding("SQL-02", good_facts(plan), plan).status is PASS


def test_a_good_password_without_a_login_fails_and_an_unproved_one_does_not() -> None:
    refused = NoAnswer("sql01.contoso.lab does not let CONTOSO\\vmm-setup in (18456)", "no_login")
    row = finding("SQL-02", good_facts(sql=refused))
    assert row.status is FAIL
    assert row.evidence == refused.reason
    assert failing(good_facts(sql=refused)) == {"SQL-02"}
    assert finding("SQL-02", good_facts(sql=refused, passwords={})).status is UNKNOWN
    other = a_plan(connection=Connection(sql_account=AccountName.parse(r"CONTOSO\dba")))
    assert finding("SQL-02", good_facts(other, sql=refused), other).status is UNKNOWN
    assert finding("SQL-02", good_facts(sql=SILENT)).status is UNKNOWN
    assert finding("SQL-02", sql(is_sysadmin=None)).status is UNKNOWN


def test_a_rehearsal_wins_both_ways() -> None:
    good, bad = a_rehearsal(), a_rehearsal(sql_sysadmin=False)
    assert finding("SQL-02", replace(sql(is_sysadmin=False), rehearsals={VMM01: good})).status is PASS
    assert finding("SQL-02", good_facts(rehearsals={VMM01: good, VMM02: bad})).status is FAIL
    refused = a_rehearsal(sql_login="", sql_sysadmin=None, sql_error="login failed")
    assert finding("SQL-02", good_facts(rehearsals={VMM01: refused})).status is FAIL


def test_a_rehearsal_as_another_login_proves_nothing_about_setups() -> None:
    database = Database(SqlTarget.parse("sql01"), admin_account=AccountName.parse(r"CONTOSO\sql-admin"))
    plan = a_plan(database=database)
    refused = a_rehearsal(sql_login="", sql_sysadmin=None, sql_error="login failed")
    for rehearsal in (a_rehearsal(), refused):
        facts = replace(good_facts(plan), rehearsals={VMM01: rehearsal})
        assert finding("SQL-02", facts, plan).status is UNKNOWN, "asked as the installing account, in these facts"


# --- SQL-03, SQL-04


@pytest.mark.parametrize(
    ("release", "changes", "status"),
    [
        (Release.VMM_2022, {}, PASS),
        (Release.VMM_2022, {"major_version": 16}, WARN),
        (Release.VMM_2022, {"major_version": 12}, FAIL),
        (Release.VMM_2022, {"major_version": 99}, WARN),
        (Release.VMM_2016, {"major_version": 15}, FAIL),
        (Release.VMM_2016, {"major_version": 11, "product_level": "SP1"}, WARN),
        (Release.VMM_2016, {"major_version": 11, "product_level": "SP4"}, PASS),
        (Release.VMM_2025, {"major_version": 16}, PASS),
        (Release.VMM_2025, {"major_version": 13}, FAIL),
        (Release.VMM_2022, {"engine_edition": 4, "edition": "Express Edition"}, FAIL),
        (Release.VMM_2022, {"engine_edition": 8}, FAIL),
    ],
)
def test_versions_and_editions_by_release(release: Release, changes: dict[str, object], status: Status) -> None:
    assert finding("SQL-03", sql(**changes), a_plan(release=release)).status is status


def test_express_fails_alone() -> None:
    assert failing(sql(engine_edition=4, edition="Express Edition (64-bit)")) == {"SQL-03"}


@pytest.mark.parametrize(
    ("collation", "status"),
    [
        ("Latin1_General_100_CI_AS", PASS),
        ("SQL_Latin1_General_CP1_CI_AS", WARN),
        ("French_100_CI_AS", WARN),
        ("Latin1_General_100_CS_AS", FAIL),
        ("Latin1_General_BIN2", FAIL),
    ],
)
def test_collations(collation: str, status: Status) -> None:
    assert finding("SQL-04", sql(collation=collation)).status is status


def test_a_case_sensitive_instance_fails_alone() -> None:
    assert failing(sql(collation="Latin1_General_100_CS_AS")) == {"SQL-04"}


def test_the_mapping_follows_the_nodes_language_and_a_rehearsals_first_of_all() -> None:
    french = with_all_nodes(sql(collation="French_100_CI_AS"), ui_culture="fr-FR")
    assert finding("SQL-04", french).status is PASS
    seen_inside = replace(french, rehearsals={VMM01: a_rehearsal(ui_culture="en-US")})
    assert finding("SQL-04", seen_inside).status is WARN
    assert finding("SQL-04", with_all_nodes(ui_culture="vi-VN")).status is WARN


def test_without_a_node_the_mapping_is_unknown_but_case_sensitivity_is_not() -> None:
    nodes = {VMM01: SILENT, VMM02: SILENT}
    assert finding("SQL-04", good_facts(nodes=nodes)).status is UNKNOWN
    assert finding("SQL-04", replace(sql(collation="Latin1_General_100_CS_AS"), nodes=nodes)).status is FAIL


# --- SQL-05


def test_a_new_database_must_be_absent_and_an_existing_one_there() -> None:
    assert finding("SQL-05").status is PASS
    row = finding("SQL-05", sql(database=VMM_DATABASE))
    assert row.status is FAIL
    assert "EXEC sp_helpdb N'VirtualManagerDB'" in row.remedy
    assert "DROP" not in row.remedy
    assert failing(sql(database=VMM_DATABASE)) == {"SQL-05"}
    assert finding("SQL-05", sql(database=VMM_DATABASE), existing()).status is PASS
    assert finding("SQL-05", plan=existing()).status is FAIL


def test_after_an_install_the_roles_own_database_passes_and_a_lost_one_fails() -> None:
    assert finding("SQL-05", installed_facts()).status is PASS
    assert finding("SQL-05", installed_facts(sql=a_sql())).status is FAIL


def test_a_database_is_unknown_while_nobody_can_tell_whose_role_it_is() -> None:
    facts = replace(sql(database=VMM_DATABASE), nodes={VMM01: SILENT, VMM02: SILENT})
    assert finding("SQL-05", facts).status is UNKNOWN
    assert finding("SQL-05", good_facts(sql=SILENT)).status is UNKNOWN


# --- SQL-11, SQL-12


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("sql01", PASS),
        ("sql01\\PROD,1500", PASS),
        ("a" * 15, PASS),
        ("sql01.contoso.lab", WARN),
        ("a" * 16, FAIL),
        ("a" * 16 + ".contoso.lab", FAIL),
        ("localhost", FAIL),
        ("LOCALHOST.localdomain", FAIL),
        ("10.0.0.5", FAIL),
        ("fd00::5", FAIL),
    ],
)
def test_names_of_a_sql_server(target: str, status: Status) -> None:
    assert finding("SQL-11", plan=on(target)).status is status


def test_sql_on_any_node_of_the_cluster_fails() -> None:
    assert finding("SQL-12").status is PASS
    for node in ("VMM01", "VMM03"):
        assert finding("SQL-12", sql(physical_name=node)).status is FAIL
    assert finding("SQL-12", good_facts(sql=SILENT), on("vmm01\\X")).status is FAIL


def test_where_sql_runs_is_unknown_without_sql_or_without_the_cluster() -> None:
    assert finding("SQL-12", good_facts(sql=SILENT)).status is UNKNOWN
    assert finding("SQL-12", good_facts(nodes={VMM01: SILENT, VMM02: SILENT})).status is UNKNOWN
    outside = with_all_nodes(cluster=a_cluster(name="other"))
    assert finding("SQL-12", outside).status is PASS, "CLU-01 fails; the planned nodes are known all the same"
