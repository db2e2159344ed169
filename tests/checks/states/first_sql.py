"""SQL Server: reached, let in, fit for the release, and its database as planned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.building import a_plan, a_sql, good_facts, installed_facts
from tests.checks.asking import VMM01, with_all_nodes, with_node
from tests.checks.states import Case
from vmm_wizard.facts.model import DatabaseFacts, Facts, NoAnswer, TcpAnswer
from vmm_wizard.plan.model import Connection, Database, Plan
from vmm_wizard.plan.names import AccountName, SqlTarget

STATES = {
    "SQL-01": "pass warn fail unknown",
    "SQL-02": "pass fail unknown not_applicable",
    "SQL-03": "pass warn fail unknown",
    "SQL-04": "pass warn fail unknown",
    "SQL-05": "pass fail unknown",
    "SQL-11": "pass warn fail",
    "SQL-12": "pass fail unknown",
}

SILENT = NoAnswer("could not reach SQL Server at sql01.contoso.lab:1433: refused", "unreachable")
CLOSED = TcpAnswer("sql01.contoso.lab", 1433, False, "timed out")


def sql(**changes: Any) -> Facts:
    """The good estate with another SQL Server."""
    return good_facts(sql=a_sql(**changes))


def on(target: str, **changes: Any) -> Plan:
    """The plan with another SQL Server."""
    return a_plan(database=Database(SqlTarget.parse(target), **changes))


def closed_to_all() -> Facts:
    """SQL Server lets nobody through, this computer neither."""
    facts = with_all_nodes(sql=CLOSED)
    return replace(facts, network=replace(facts.network, sql=CLOSED))


DBA = a_plan(connection=Connection(sql_account=AccountName.parse(r"CONTOSO\dba")))
GONE = {VMM01: NoAnswer("could not reach vmm01.contoso.lab:5985: refused", "unreachable")}
EXISTS = sql(database=DatabaseFacts("VirtualManagerDB", "Latin1_General_100_CI_AS", is_vmm=False))

CASES = (
    Case("SQL-01", "pass", "accepts connections from the node"),
    Case("SQL-01", "warn", "from this computer it does", with_node(sql=CLOSED)),
    Case("SQL-01", "fail", "timed out", closed_to_all()),
    Case("SQL-01", "unknown", "vmm01.contoso.lab:5985: refused", good_facts(nodes={**good_facts().nodes, **GONE})),
    Case("SQL-02", "pass", "is sysadmin"),
    Case("SQL-02", "fail", "is not sysadmin", sql(is_sysadmin=False)),
    Case("SQL-02", "unknown", "and setup will use", sql(asked_as=r"CONTOSO\dba", logged_on_as=r"CONTOSO\dba"), DBA),
    Case("SQL-02", "not_applicable", "VMM is installed already", installed_facts()),
    Case("SQL-03", "pass", "Standard Edition"),
    Case("SQL-03", "warn", "newer than what this wizard knows", sql(major_version=18, product_version="18.0.1.1")),
    Case("SQL-03", "fail", "VMM does not take", sql(engine_edition=4, edition="Express Edition (64-bit)")),
    Case("SQL-03", "unknown", SILENT.reason, good_facts(sql=SILENT)),
    Case("SQL-04", "pass", "Latin1_General_100_CI_AS"),
    Case("SQL-04", "warn", "SQL_Latin1_General_CP1_CI_AS", sql(collation="SQL_Latin1_General_CP1_CI_AS")),
    Case("SQL-04", "fail", "not case-insensitive", sql(collation="Latin1_General_100_CS_AS")),
    Case("SQL-04", "unknown", SILENT.reason, good_facts(sql=SILENT)),
    Case("SQL-05", "pass", "setup will create it"),
    Case("SQL-05", "fail", "and the plan is to create it", EXISTS),
    Case("SQL-05", "fail", "and the plan is to use an existing one", plan=on("sql01", create_new=False)),
    Case("SQL-05", "unknown", SILENT.reason, good_facts(sql=SILENT)),
    Case("SQL-11", "pass", "sql01: 5 characters"),
    Case("SQL-11", "warn", "is a qualified name", plan=on("sql01.contoso.lab")),
    Case("SQL-11", "fail", "15 at most", plan=on("sql-of-the-north"), also=frozenset({"SQL-09"})),
    Case("SQL-12", "pass", "which is none of"),
    Case("SQL-12", "fail", "a node of vmmclu", sql(physical_name="VMM03")),
    Case("SQL-12", "unknown", SILENT.reason, good_facts(sql=SILENT)),
)
