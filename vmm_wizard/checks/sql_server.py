"""Checks of the instance itself: how it is run, and how available it is (SQL-08, 10, 13, 17, 18, 19)."""

from __future__ import annotations

import re

from vmm_wizard.checks.registry import Verdict, check, failed, not_applicable, passed, unknown, warned
from vmm_wizard.checks.remedies import AD_TEAM, DBA, ask, down_level, in_plan, powershell, sql_name, sql_text
from vmm_wizard.checks.sql_database import needs_sysadmin
from vmm_wizard.checks.sql_kerberos import runs_as_local_user
from vmm_wizard.facts.model import Facts, SqlFacts, known
from vmm_wizard.plan.model import Plan


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
            return passed(f"{host} is reached directly; it has no availability groups")
        return warned(
            f"{host} is to be a listener, and the instance behind it has availability groups switched off",
            in_plan("set database.listener = false, or write the name of a listener"),
        )
    if sql.replica_role is None:
        return needs_sysadmin(sql, "its role in availability groups")
    if sql.replica_role not in ("", "PRIMARY"):
        return failed(
            f"{sql.server} is {sql.replica_role} in an availability group",
            in_plan("write the server that is primary, or ask the DBA to fail the group over to this one"),
        )
    if not listener:
        return passed(f"{host} is reached directly{', and primary in its groups' if sql.replica_role else ''}")
    name = sql_name(plan.database.name)
    return warned(
        f"{host} is the listener of a group that is primary on {sql.physical_name}; the database joins it afterwards",
        ask(
            DBA,
            f"leave the group on {sql.physical_name} until setup has run on every node; then stop VMM's role and "
            f"ALTER DATABASE {name} SET RECOVERY FULL; make a full backup, add the database to the group, and make the "
            "logins on the other replicas (SQL-17)",
        ),
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
        return needs_sysadmin(sql, "the account that SQL Server runs as")
    evidence = f"SQL Server on {sql.server} runs as {account}"
    change = ask(
        DBA,
        "in SQL Server Configuration Manager, give the service SQL Server a domain account or a group managed one, "
        "and register its service principal names (SQL-09)",
    )
    if runs_as_local_user(sql):
        return failed(f"{evidence}, a user of that computer alone: it has no access to the directory", change)
    return passed(evidence)


@check("SQL-13", topic="database", source="G25", needs=("database.host",))
def encryption_not_forced(plan: Plan, facts: Facts) -> Verdict:
    """One field report (VMM 2025) says that setup's first connection breaks: so this warns, and lowers nothing."""
    sql = known(facts.sql)
    if sql.force_encryption is None:
        return needs_sysadmin(sql, "whether encryption is forced")
    if not sql.force_encryption:
        return passed(f"{sql.server} does not force encryption on its clients")
    return warned(
        f"{sql.server} forces encryption; a report of VMM 2025 says that setup's first connection then fails "
        f"(the plan is for {plan.release})",
        ask(
            DBA,
            "give the instance a certificate that every node trusts (SQL Server Configuration Manager, Protocols, "
            "Certificate), and leave encryption forced. Only if setup still fails to connect, agree on an exception "
            "for its length and put it back at once: EXEC master.dbo.xp_instance_regwrite N'HKEY_LOCAL_MACHINE', "
            "N'Software\\Microsoft\\Microsoft SQL Server\\MSSQLServer\\SuperSocketNetLib', N'ForceEncryption', "
            "REG_DWORD, 1; then restart the instance",
        ),
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
        return not_applicable(f"{sql.server} has no availability groups")
    group = sql.database.availability_group if sql.database else ""
    if group is None or sql.replicas is None:
        return needs_sysadmin(sql, "the replicas of its availability groups")
    if not group and not plan.database.is_listener:
        return not_applicable(f"{plan.database.name} is in no availability group")
    servers = list(dict.fromkeys(row.server for row in sql.replicas if not group or row.group == group))
    if not servers:
        return not_applicable(f"{group or 'the group'} has no other replica")
    name = down_level(plan.service_account.name, facts)
    said = {row.server: row for row in sql.replica_logins}
    if all(server in said and said[server].found for server in servers):
        return passed(f"{name} has a login on {', '.join(servers)}")
    lacking = [server for server in servers if server in said and said[server].found is False]
    silent = [server for server in servers if server not in lacking and not (server in said and said[server].found)]
    errors = "; ".join(said[server].error for server in silent if server in said)
    parts = [f"{name} has no login on {', '.join(lacking)}, which may become primary"] if lacking else []
    if silent:
        why = f" ({errors})" if errors else ""
        parts.append(f"whether {name} has a login on {', '.join(silent)} could not be asked{why}")
    open_ones = [*lacking, *silent]
    return warned("; ".join(parts), ask(DBA, f"on {', '.join(open_ones)}: {make_login(name)}"))


def make_login(name: str) -> str:
    """The T-SQL that gives a Windows account a login where it has none."""
    return f"IF SUSER_ID({sql_text(name)}) IS NULL CREATE LOGIN {sql_name(name)} FROM WINDOWS;"


_DIRECTIONS = {0: "switched off", 1: "inbound only", 2: "outbound only", 3: "two-way"}
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
        return unknown(f"{sql.server} did not say which domain it is of")
    if theirs.casefold() == domain.netbios_name.casefold():
        return passed(f"{sql.server} is of {theirs}, the nodes' own domain")
    if domain.trusts is None:
        return unknown(f"{sql.server} is of {theirs}; the trusts of {domain.dns_name} could not be read")
    trust = next((row for row in domain.trusts if row.netbios_name.casefold() == theirs.casefold()), None)
    show = f"Get-ADTrust -Filter * -Server {powershell(domain.dns_name)} | Format-Table Name, Direction, TrustType"
    if trust is None:
        return warned(
            f"{sql.server} is of {theirs}, with which {domain.dns_name} has no trust of its own; within one forest "
            "domains trust each other by way of others",
            ask(AD_TEAM, f"{show}; shows the trusts: make sure that {theirs} is trusted both ways"),
        )
    said = f"{sql.server} is of {theirs}; its trust with {domain.dns_name} is {_DIRECTIONS.get(trust.direction, '?')}"
    if trust.direction == _TWO_WAY:
        return passed(said)
    return failed(said, ask(AD_TEAM, f"{show}; shows the trusts: make that with {trust.dns_name} a two-way trust"))


@check("SQL-19", topic="database", source="SEED", needs=("database.host",))
def highly_available(plan: Plan, facts: Facts) -> Verdict:
    """A failover cluster instance, or a replica of an availability group; a standalone one only warns."""
    del plan
    sql = known(facts.sql)
    if sql.is_clustered:
        return passed(f"{sql.server} is a failover cluster instance, today on {sql.physical_name}")
    if sql.is_clustered is None:
        return unknown(f"{sql.server} did not say whether it is clustered")
    evidence = f"{sql.server} is a standalone instance on {sql.physical_name}"
    if sql.hadr_enabled:
        if sql.replica_role is None:
            return needs_sysadmin(sql, "its role in availability groups")
        if sql.replica_role:
            return passed(f"{sql.server} is a replica of an availability group ({sql.replica_role})")
        evidence += ", in no availability group yet"
    return warned(
        f"{evidence}: VMM stands still whenever it does",
        in_plan("choose a failover cluster instance or an instance with an availability group, on another cluster"),
    )
