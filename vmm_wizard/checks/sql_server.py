"""Checks of the instance itself: how it is run, and how available it is (SQL-08, 10, 13, 17, 18, 19)."""

from __future__ import annotations

import re

from vmm_wizard.checks.registry import Verdict, check, failed, not_applicable, passed, unknown, warned
from vmm_wizard.checks.remedies import AD_TEAM, DBA, ask, down_level, in_plan, powershell, sql_name, sql_text
from vmm_wizard.checks.sql_database import needs_sysadmin
from vmm_wizard.checks.sql_kerberos import runs_as_local_user
from vmm_wizard.facts.model import Facts, SqlFacts, known
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text

#: Ends the force of encryption, for the instance that is asked.
_DO_NOT_FORCE = (
    "EXEC master.dbo.xp_instance_regwrite N'HKEY_LOCAL_MACHINE', "
    r"N'Software\Microsoft\Microsoft SQL Server\MSSQLServer\SuperSocketNetLib', N'ForceEncryption', REG_DWORD, 1"
)


@check(
    "SQL-08",
    topic="database",
    source="HASQL",
    needs=("database.host", "database.name"),
)
def primary_replica(plan: Plan, facts: Facts) -> Verdict:
    """A secondary replica cannot be written to; a listener is fine while its group stays where it is."""
    sql = known(facts.sql)
    host = plan.database.target.host
    listener = plan.database.is_listener or plan.database.target.label.casefold() in listener_names(sql)
    if sql.hadr_enabled is False:
        if not plan.database.is_listener:
            return passed(text("evidence.SQL-08.no_groups", host=host))
        return warned(text("evidence.SQL-08.no_listener", host=host), in_plan(text("evidence.SQL-08.mend_no_listener")))
    if sql.replica_role is None:
        return needs_sysadmin(sql, text("evidence.sql_server.replica_role"))
    if sql.replica_role not in ("", "PRIMARY"):
        return failed(
            text("evidence.SQL-08.secondary", server=sql.server, role=sql.replica_role),
            in_plan(text("evidence.SQL-08.mend_secondary")),
        )
    if not listener:
        if sql.replica_role:
            return passed(text("evidence.SQL-08.primary", host=host))
        return passed(text("evidence.SQL-08.direct", host=host))
    command = f"ALTER DATABASE {sql_name(plan.database.name)} SET RECOVERY FULL"
    return warned(
        text("evidence.SQL-08.listener", host=host, computer=sql.physical_name),
        ask(DBA, text("evidence.SQL-08.mend_listener", computer=sql.physical_name, command=command)),
    )


def listener_names(sql: SqlFacts) -> frozenset[str]:
    """The first labels of the listeners that the instance knows, in lower case."""
    return frozenset(re.split(r"[.:]", name)[0].casefold() for name in sql.listeners or ())


@check("SQL-10", topic="database", source="PREP", needs=("database.host",))
def service_account(plan: Plan, facts: Facts) -> Verdict:
    """It must be known to the domain: a domain account, LocalSystem or a virtual account, never a local user."""
    del plan
    sql = known(facts.sql)
    account = sql.service_account
    if account is None:
        return needs_sysadmin(sql, text("evidence.SQL-10.what"))
    both = {"server": sql.server, "account": account}
    if runs_as_local_user(sql):
        return failed(text("evidence.SQL-10.local_user", **both), ask(DBA, text("evidence.SQL-10.mend")))
    return passed(text("evidence.SQL-10.good", **both))


@check("SQL-13", topic="database", source="G25", needs=("database.host",))
def encryption_not_forced(plan: Plan, facts: Facts) -> Verdict:
    """One field report (VMM 2025) says that setup's first connection breaks: so this warns, and lowers nothing."""
    sql = known(facts.sql)
    if sql.force_encryption is None:
        return needs_sysadmin(sql, text("evidence.SQL-13.what"))
    if not sql.force_encryption:
        return passed(text("evidence.SQL-13.good", server=sql.server))
    return warned(
        text("evidence.SQL-13.forced", server=sql.server, release=plan.release),
        ask(DBA, text("evidence.SQL-13.mend", command=_DO_NOT_FORCE)),
    )


@check(
    "SQL-17",
    topic="database",
    source="HASQL",
    needs=("database.host", "service_account.name"),
)
def login_on_replicas(plan: Plan, facts: Facts) -> Verdict:
    """Setup makes the login where it runs; each other replica that answers says whether it is there as well."""
    sql = known(facts.sql)
    if sql.hadr_enabled is False:
        return not_applicable(text("evidence.SQL-17.no_groups", server=sql.server))
    group = sql.database.availability_group if sql.database else ""
    if group is None or sql.replicas is None:
        return needs_sysadmin(sql, text("evidence.SQL-17.what"))
    if not group and not plan.database.is_listener:
        return not_applicable(text("evidence.SQL-17.no_member", database=plan.database.name))
    servers = list(dict.fromkeys(row.server for row in sql.replicas if not group or row.group == group))
    if not servers:
        return not_applicable(text("evidence.SQL-17.alone", group=group or text("evidence.SQL-17.some_group")))
    name = down_level(plan.service_account.name, facts)
    said = {row.server: row for row in sql.replica_logins}
    if all(server in said and said[server].found for server in servers):
        return passed(text("evidence.SQL-17.good", account=name, servers=", ".join(servers)))
    lacking = [server for server in servers if server in said and said[server].found is False]
    silent = [server for server in servers if server not in lacking and not (server in said and said[server].found)]
    errors = "; ".join(said[server].error for server in silent if server in said)
    parts = [text("evidence.SQL-17.lacking", account=name, servers=", ".join(lacking))] if lacking else []
    if silent and errors:
        parts.append(text("evidence.SQL-17.silent_why", account=name, servers=", ".join(silent), errors=errors))
    elif silent:
        parts.append(text("evidence.SQL-17.silent", account=name, servers=", ".join(silent)))
    open_ones = ", ".join([*lacking, *silent])
    return warned("; ".join(parts), ask(DBA, text("evidence.SQL-17.mend", servers=open_ones, command=make_login(name))))


def make_login(name: str) -> str:
    """The T-SQL that gives a Windows account a login where it has none."""
    return f"IF SUSER_ID({sql_text(name)}) IS NULL CREATE LOGIN {sql_name(name)} FROM WINDOWS;"


#: What a trust's direction means, by its key in the catalogue.
_DIRECTIONS = {0: "off", 1: "inbound", 2: "outbound", 3: "both_ways"}
_TWO_WAY = 3


@check(
    "SQL-18",
    topic="database",
    source="PREP",
    needs=("database.host",),
)
def two_way_trust(plan: Plan, facts: Facts) -> Verdict:
    """The nodes' own domain, or one with a trust in both directions: one-way is not supported."""
    del plan
    sql = known(facts.sql)
    domain = known(facts.domain)
    theirs = sql.default_domain
    if not theirs:
        return unknown(text("evidence.SQL-18.not_told", server=sql.server))
    if theirs.casefold() == domain.netbios_name.casefold():
        return passed(text("evidence.SQL-18.same", server=sql.server, theirs=theirs))
    both = {"server": sql.server, "theirs": theirs, "domain": domain.dns_name}
    if domain.trusts is None:
        return unknown(text("evidence.SQL-18.unreadable", **both))
    trust = next((row for row in domain.trusts if row.netbios_name.casefold() == theirs.casefold()), None)
    show = f"Get-ADTrust -Filter * -Server {powershell(domain.dns_name)} | Format-Table Name, Direction, TrustType"
    if trust is None:
        return warned(
            text("evidence.SQL-18.none", **both),
            ask(AD_TEAM, text("evidence.SQL-18.mend_none", command=f"{show};", theirs=theirs)),
        )
    said = text(f"evidence.SQL-18.trust.{_DIRECTIONS.get(trust.direction, 'unknown')}", **both)
    if trust.direction == _TWO_WAY:
        return passed(said)
    return failed(said, ask(AD_TEAM, text("evidence.SQL-18.mend", command=f"{show};", theirs=trust.dns_name)))


@check("SQL-19", topic="database", source="SEED", needs=("database.host",))
def highly_available(plan: Plan, facts: Facts) -> Verdict:
    """A failover cluster instance, or a replica of an availability group; a standalone one only warns."""
    del plan
    sql = known(facts.sql)
    both = {"server": sql.server, "computer": sql.physical_name}
    if sql.is_clustered:
        return passed(text("evidence.SQL-19.clustered", **both))
    if sql.is_clustered is None:
        return unknown(text("evidence.SQL-19.not_told", server=sql.server))
    evidence = text("evidence.SQL-19.standalone", **both)
    if sql.hadr_enabled:
        if sql.replica_role is None:
            return needs_sysadmin(sql, text("evidence.sql_server.replica_role"))
        if sql.replica_role:
            return passed(text("evidence.SQL-19.replica", server=sql.server, role=sql.replica_role))
        evidence = text("evidence.SQL-19.in_no_group", **both)
    return warned(evidence, in_plan(text("evidence.SQL-19.mend")))
