"""Checks of the instance itself: how it is run and how it is reached (SQL-10, 13)."""

from __future__ import annotations

from vmm_wizard.checks.registry import Verdict, check, failed, passed, warned
from vmm_wizard.checks.remedies import DBA, ask
from vmm_wizard.checks.sql_database import needs_sysadmin
from vmm_wizard.facts.model import Facts, SqlFacts, known
from vmm_wizard.plan.model import Plan


@check("SQL-10", title="SQL Server's own account", topic="database", source="PREP", needs=("database.host",))
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
    if _is_local(account, sql):
        return failed(f"{evidence}, a user of that computer alone: it has no access to the directory", change)
    return passed(evidence)


def _is_local(account: str, sql: SqlFacts) -> bool:
    """Whether an account is a user of SQL Server's own computer: `.\\user` or `host\\user`."""
    authority, separator, _ = account.rpartition("\\")
    own = {".", sql.physical_name.casefold(), sql.machine_name.casefold()}
    return bool(separator) and authority.casefold() in own


@check(
    "SQL-13", title="Encryption is not forced on every client", topic="database", source="G25", needs=("database.host",)
)
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
