"""SQL Server and the database (SQL)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.building import GIB, a_plan, a_sql, good_facts, installed_facts
from tests.checks.states import Case
from vmm_wizard.facts.model import DatabaseFacts, Facts
from vmm_wizard.plan.model import Database
from vmm_wizard.plan.names import SqlTarget

STATES = {
    "SQL-06": "pass fail unknown not_applicable",
    "SQL-07": "pass fail unknown not_applicable",
    "SQL-10": "pass fail unknown",
    "SQL-13": "pass warn unknown not_applicable",
    "SQL-15": "pass warn fail unknown not_applicable",
}


def sql(**changes: Any) -> Facts:
    """The good estate with another SQL Server."""
    return good_facts(sql=a_sql(**changes))


#: A database that was prepared for VMM, and the plan that takes it.
PREPARED = DatabaseFacts("VirtualManagerDB", "Latin1_General_100_CI_AS", "ONLINE", "SIMPLE", False, "")
TAKES_IT = a_plan(database=Database(SqlTarget.parse("sql01"), create_new=False))
INSTALLED = installed_facts()


def prepared(**changes: Any) -> Facts:
    """The good estate where the database is there and the plan takes it."""
    return sql(hadr_enabled=True, database=replace(PREPARED, **changes))


CASES = (
    Case("SQL-06", "pass", "has no file of a database VirtualManagerDB"),
    Case("SQL-06", "fail", "VirtualManagerDB.mdf", sql(leftover_files=("C:\\SQL\\Data\\VirtualManagerDB.mdf",))),
    Case("SQL-06", "unknown", "the instance did not say", sql(leftover_files=None)),
    Case("SQL-06", "not_applicable", "its files are its own", prepared(), TAKES_IT),
    Case("SQL-07", "pass", "has no database VirtualManagerDB yet"),
    Case("SQL-07", "fail", "availability group AG1", prepared(availability_group="AG1"), TAKES_IT),
    Case("SQL-07", "unknown", "may not see", prepared(availability_group=None), TAKES_IT),
    Case("SQL-07", "not_applicable", "installed already", INSTALLED),
    Case("SQL-10", "pass", r"CONTOSO\svc-sql"),
    Case("SQL-10", "fail", "of that computer alone", sql(service_account=r".\sqlservice")),
    Case("SQL-10", "unknown", "could not be read", sql(service_account=None)),
    Case("SQL-13", "pass", "does not force"),
    Case("SQL-13", "warn", "forces encryption", sql(force_encryption=True)),
    Case("SQL-13", "unknown", "could not be read", sql(force_encryption=None)),
    Case("SQL-13", "not_applicable", "installed already", INSTALLED),
    Case("SQL-15", "pass", "200 GB free"),
    Case("SQL-15", "warn", "50 are recommended", sql(data_free_bytes=20 * GIB)),
    Case("SQL-15", "fail", "10 are the least", sql(data_free_bytes=9 * GIB)),
    Case("SQL-15", "unknown", "could not be read", sql(data_free_bytes=None)),
    Case("SQL-15", "not_applicable", "exists already", INSTALLED),
)
