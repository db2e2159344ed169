"""SQL Server and the database (SQL)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.building import (
    GIB,
    SQL_SERVICE_DN,
    a_cluster_with_role,
    a_database,
    a_plan,
    a_rehearsal,
    a_sql,
    an_installation,
    good_facts,
    installed_facts,
    the_names,
)
from tests.checks.asking import with_all_nodes
from tests.checks.states import Case
from vmm_wizard.facts.model import (
    DomainFacts,
    Facts,
    GroupReplica,
    RoleMember,
    SqlFacts,
    TrustFacts,
)
from vmm_wizard.facts.sql_model import ReplicaLogin
from vmm_wizard.plan.model import Database
from vmm_wizard.plan.names import SqlTarget

STATES = {
    "SQL-06": "pass fail unknown not_applicable",
    "SQL-07": "pass fail unknown not_applicable",
    "SQL-08": "pass warn fail unknown not_applicable",
    "SQL-09": "pass warn fail unknown",
    "SQL-10": "pass fail unknown",
    "SQL-13": "pass warn unknown not_applicable",
    "SQL-14": "pass warn fail unknown not_applicable",
    "SQL-15": "pass warn fail unknown not_applicable",
    "SQL-16": "pass warn fail unknown not_applicable",
    "SQL-17": "pass warn unknown not_applicable",
    "SQL-18": "pass warn fail unknown",
    "SQL-19": "pass warn unknown not_applicable",
}


def sql(**changes: Any) -> Facts:
    """The good estate with another SQL Server."""
    return good_facts(sql=a_sql(**changes))


#: The plan that takes a prepared database, and one that names a listener.
TAKES_IT = a_plan(database=Database(SqlTarget.parse("sql01"), create_new=False))
LISTENER = a_plan(database=Database(SqlTarget.parse("sql01"), is_listener=True))
INSTALLED = installed_facts()
IN_GROUPS = {"hadr_enabled": True, "replica_role": "PRIMARY"}
NAME = "MSSQLSvc/sql01.contoso.lab:1433"


def prepared(**changes: Any) -> Facts:
    """The good estate where the database is there."""
    return sql(hadr_enabled=True, database=a_database(**changes))


def held(*holders: str, **changes: Any) -> Facts:
    """The good estate with other holders of SQL Server's name."""
    accounts = {SQL_SERVICE_DN: "svc-sql", "CN=old,DC=contoso,DC=lab": "old"}
    return replace(sql(**changes), principal_names=the_names(holders={NAME: holders}, accounts=accounts))


def trusting(*trusts: TrustFacts) -> Facts:
    """The good estate with SQL Server in the domain FABRIKAM."""
    facts = sql(default_domain="FABRIKAM", service_account=None, auth_scheme="KERBEROS")
    assert isinstance(facts.domain, DomainFacts)
    return replace(facts, domain=replace(facts.domain, trusts=trusts))


def joined(**changes: Any) -> Facts:
    """The installed estate, its database in a group with another replica."""
    replicas = (GroupReplica("AG1", "SQL05"), GroupReplica("AG2", "SQL06"))
    owned = a_database(is_vmm=True, table_count=900, availability_group="AG1")
    found = INSTALLED.sql
    assert isinstance(found, SqlFacts)
    return replace(INSTALLED, sql=replace(found, **{**IN_GROUPS, "database": owned, "replicas": replicas, **changes}))


def foreign() -> Facts:
    """Another VMM on the cluster that uses the very database."""
    facts = prepared(is_vmm=True, table_count=900)
    return with_all_nodes(facts, cluster=a_cluster_with_role("oldvmm"), vmm=an_installation())


def seen_inside(scheme: str, **changes: Any) -> Facts:
    """The good estate with a rehearsal that logged on with that scheme."""
    return replace(sql(**changes), rehearsals={"vmm01.contoso.lab": a_rehearsal(sql_auth_scheme=scheme)})


NO_SERVICE = frozenset({"SQL-10"})

#: A database of VMM's with an empty DKM container beside it.
KEYS_LOST = frozenset({"DKM-05"})

CASES = (
    Case("SQL-06", "pass", "has no file of a database VirtualManagerDB"),
    Case("SQL-06", "fail", "VirtualManagerDB.mdf", sql(leftover_files=("S:\\Data\\VirtualManagerDB.mdf",))),
    Case("SQL-06", "unknown", "could not be read", sql(leftover_files=None)),
    Case("SQL-06", "not_applicable", "its files are its own", prepared(), TAKES_IT),
    Case("SQL-07", "pass", "has no database VirtualManagerDB yet"),
    Case("SQL-07", "fail", "availability group AG1", prepared(availability_group="AG1"), TAKES_IT),
    Case("SQL-07", "unknown", "may not see", prepared(availability_group=None), TAKES_IT),
    Case("SQL-07", "not_applicable", "installed already", INSTALLED),
    Case("SQL-08", "pass", "reached directly"),
    Case("SQL-08", "warn", "is the listener of a group", sql(**IN_GROUPS), LISTENER),
    Case("SQL-08", "warn", "switched off", plan=LISTENER),
    Case("SQL-08", "fail", "is SECONDARY", sql(hadr_enabled=True, replica_role="SECONDARY")),
    Case("SQL-08", "unknown", "its role", sql(hadr_enabled=True, replica_role=None)),
    Case("SQL-08", "not_applicable", "installed already", INSTALLED),
    Case("SQL-09", "pass", "alone; a rehearsal shows"),
    Case("SQL-09", "pass", "the rehearsal on", seen_inside("KERBEROS")),
    Case("SQL-09", "warn", "with NTLM", seen_inside("NTLM", is_clustered=False), also=frozenset({"SQL-19"})),
    Case("SQL-09", "fail", "with NTLM", seen_inside("NTLM")),
    Case("SQL-09", "fail", "nobody holds", held()),
    Case("SQL-09", "fail", "is on 2 objects", held(SQL_SERVICE_DN, "CN=old,DC=contoso,DC=lab")),
    Case("SQL-09", "fail", "cannot read a ticket", held("CN=old,DC=contoso,DC=lab")),
    Case("SQL-09", "unknown", "is of FABRIKAM", held(default_domain="FABRIKAM"), also=frozenset({"SQL-18"})),
    Case("SQL-10", "pass", r"CONTOSO\svc-sql"),
    Case("SQL-10", "fail", "of that computer alone", sql(service_account=r".\sqlservice", auth_scheme="KERBEROS")),
    Case("SQL-10", "unknown", "could not be read", sql(service_account=None)),
    Case("SQL-13", "pass", "does not force"),
    Case("SQL-13", "warn", "forces encryption", sql(force_encryption=True)),
    Case("SQL-13", "unknown", "could not be read", sql(force_encryption=None)),
    Case("SQL-13", "not_applicable", "installed already", INSTALLED),
    Case("SQL-14", "pass", "holds no tables of VMM", prepared(), TAKES_IT),
    Case("SQL-14", "pass", "the installed role's own", INSTALLED),
    Case("SQL-14", "warn", "holds VMM's tables", prepared(is_vmm=True, table_count=900), TAKES_IT, KEYS_LOST),
    Case("SQL-14", "warn", "holds 7 tables", prepared(table_count=7), TAKES_IT),
    Case("SQL-14", "fail", "is RESTORING", prepared(state="RESTORING"), TAKES_IT),
    Case("SQL-14", "fail", "not case-insensitive", prepared(collation="Latin1_General_100_CS_AS"), TAKES_IT),
    Case("SQL-14", "fail", "lives in it", foreign(), TAKES_IT, KEYS_LOST | {"CLU-07", "CLU-08", "CLU-09"}),
    Case("SQL-14", "unknown", "what VirtualManagerDB holds", prepared(is_vmm=None), TAKES_IT),
    Case("SQL-14", "not_applicable", "has no database"),
    Case("SQL-15", "pass", "200 GB free"),
    Case("SQL-15", "warn", "50 are recommended", sql(data_free_bytes=20 * GIB)),
    Case("SQL-15", "fail", "10 are the least", sql(data_free_bytes=9 * GIB)),
    Case("SQL-15", "unknown", "could not be read", sql(data_free_bytes=None)),
    Case("SQL-15", "not_applicable", "exists already", INSTALLED),
    Case("SQL-16", "pass", r"CONTOSO\svc-vmm is in db_owner", prepared(), TAKES_IT),
    Case("SQL-16", "fail", r"holds sa, not CONTOSO\svc-vmm", prepared(owners=(RoleMember("sa"),)), TAKES_IT),
    Case(
        "SQL-16",
        "warn",
        "setup, run by a sysadmin, adds it",
        prepared(owners=(RoleMember("sa"),), is_vmm=True),
        TAKES_IT,
        KEYS_LOST | {"SQL-14"},
    ),
    Case("SQL-16", "unknown", "who is in db_owner", prepared(owners=None), TAKES_IT),
    Case("SQL-16", "not_applicable", "yet"),
    Case("SQL-17", "warn", "SQL05 could not be asked", joined()),
    Case("SQL-17", "warn", "no login on SQL05", joined(replica_logins=(ReplicaLogin("SQL05", False),))),
    Case("SQL-17", "pass", "has a login on SQL05", joined(replica_logins=(ReplicaLogin("SQL05", True),))),
    Case("SQL-17", "unknown", "the replicas", joined(replicas=None)),
    Case("SQL-17", "not_applicable", "does not exist yet"),
    Case("SQL-17", "not_applicable", "has no availability groups", INSTALLED),
    Case("SQL-18", "pass", "the nodes' own domain"),
    Case("SQL-18", "pass", "is two-way", trusting(TrustFacts("fabrikam.lab", "FABRIKAM", 3)), also=NO_SERVICE),
    Case("SQL-18", "warn", "no trust of its own", trusting(), also=NO_SERVICE),
    Case("SQL-18", "fail", "outbound only", trusting(TrustFacts("fabrikam.lab", "FABRIKAM", 2)), also=NO_SERVICE),
    Case("SQL-18", "unknown", "did not say", sql(default_domain=None, auth_scheme="KERBEROS")),
    Case("SQL-19", "pass", "failover cluster instance, today on SQLNODE1"),
    Case("SQL-19", "warn", "is a standalone instance", sql(is_clustered=False)),
    Case("SQL-19", "unknown", "did not say", sql(is_clustered=None)),
    Case("SQL-19", "not_applicable", "exists already", INSTALLED),
)
