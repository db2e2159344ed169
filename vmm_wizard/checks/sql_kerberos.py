"""Whether SQL Server can be logged on to with Kerberos: who holds its service principal names (SQL-09)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from vmm_wizard.checks.registry import Verdict, check, failed, passed, unknown, warned
from vmm_wizard.checks.remedies import AD_TEAM, Remedy, ask, powershell
from vmm_wizard.facts.model import DomainFacts, Facts, PrincipalNameFacts, RehearsalFacts, SqlFacts, known
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text


@check("SQL-09", topic="database", source="PLANHA", needs=("database.host",))
def kerberos(plan: Plan, facts: Facts) -> Verdict:
    """A clustered database must have it (PLANHA); a standalone instance may do with NTLM.

    What a rehearsal saw from inside counts most, then a logon of the wizard's own with Kerberos. That the wizard used
    NTLM says nothing: it chose so itself. Then the service principal names tell what to expect.
    """
    inside = dict(_seen_inside(facts))
    ntlm = [node for node, scheme in inside.items() if scheme != "KERBEROS"]
    if inside and not ntlm:
        return passed(text("evidence.SQL-09.rehearsal_good", nodes=", ".join(inside)))
    sql = known(facts.sql)
    if ntlm:
        verdict, kind = _kind(plan, sql)
        found = {"nodes": ", ".join(ntlm), "server": sql.server, "scheme": inside[ntlm[0]]}
        return verdict(text(f"evidence.SQL-09.ntlm.{kind}", **found), _register(plan, facts, sql))
    if sql.auth_scheme == "KERBEROS":
        return passed(text("evidence.SQL-09.good", account=sql.logged_on_as, server=sql.server))
    return _expected(plan, facts, sql, known(facts.principal_names))


def _seen_inside(facts: Facts) -> Iterator[tuple[str, str]]:
    """(node, scheme) of every rehearsal that logged on to SQL Server and may see how."""
    for node, answer in facts.rehearsals.items():
        if isinstance(answer, RehearsalFacts) and answer.sql_login and answer.sql_auth_scheme:
            yield node, answer.sql_auth_scheme.upper()


def _kind(plan: Plan, sql: SqlFacts) -> tuple[Callable[[str, Remedy], Verdict], str]:
    """The verdict where it is not Kerberos, and the key of what kind of instance it is."""
    strict = bool(sql.is_clustered) or plan.database.is_listener
    return (failed, "clustered") if strict else (warned, "standalone")


def principal_names_of(plan: Plan, names: PrincipalNameFacts) -> dict[str, tuple[str, ...]]:
    """The holders (DNs) of each name that a client over TCP asks a ticket for: with a port, or with an instance."""
    head = f"MSSQLSvc/{plan.sql_host}:".casefold()
    return {name: holders for name, holders in names.holders.items() if name.casefold().startswith(head)}


def _expected(plan: Plan, facts: Facts, sql: SqlFacts, names: PrincipalNameFacts) -> Verdict:
    """What the directory lets expect of a logon with Kerberos."""
    wanted = principal_names_of(plan, names)
    for name, holders in wanted.items():
        if len(holders) > 1:
            found = text("evidence.SQL-09.twice", name=name, number=len(holders), holders="; ".join(holders))
            return failed(found, _take_from_wrong(name, holders, names, sql))
    held = {name: holders[0] for name, holders in wanted.items() if holders}
    verdict, kind = _kind(plan, sql)
    if not held:
        shown = text("evidence.shared.or").join(wanted)
        if _elsewhere(facts, sql):
            return unknown(text("evidence.SQL-09.elsewhere", names=shown, server=sql.server, domain=sql.default_domain))
        shown = shown or text("evidence.SQL-09.some_name", host=plan.sql_host)
        return verdict(text(f"evidence.SQL-09.nobody.{kind}", names=shown), _register(plan, facts, sql))
    name, holder = next(iter(held.items()))
    right = _holder_wanted(sql)
    sam = names.accounts.get(holder, "")
    if right and sam and sam.casefold() not in {one.casefold() for one in right}:
        step = text(
            "evidence.SQL-09.mend_another",
            show=f"setspn -Q {powershell(name)}",
            take=f"setspn -D {powershell(name)} {powershell(sam)}",
            give=f"setspn -S {powershell(name)} {powershell(right[0])}",
        )
        found = text("evidence.SQL-09.another", name=name, holder=holder, account=sql.service_account)
        return verdict(found, ask(AD_TEAM, step))
    return passed(text("evidence.SQL-09.expected", name=name, holder=holder))


def _take_from_wrong(name: str, holders: tuple[str, ...], names: PrincipalNameFacts, sql: SqlFacts) -> Remedy:
    """How a name with several holders gets to be on one alone."""
    right = _holder_wanted(sql)
    commands = {
        "show": f"setspn -Q {powershell(name)}",
        "take": f"setspn -D {powershell(name)} {powershell(_wrong(holders, names, right))}",
    }
    if not right:
        return ask(AD_TEAM, text("evidence.SQL-09.mend_twice", **commands))
    keep = text("evidence.shared.or").join(right)
    return ask(AD_TEAM, text("evidence.SQL-09.mend_twice_leave", **commands, holder=keep))


def _elsewhere(facts: Facts, sql: SqlFacts) -> bool:
    """Whether SQL Server is of another domain than the one that was asked."""
    ours = facts.domain.netbios_name if isinstance(facts.domain, DomainFacts) else ""
    return bool(ours and sql.default_domain) and ours.casefold() != str(sql.default_domain).casefold()


def runs_as_local_user(sql: SqlFacts) -> bool:
    """Whether SQL Server runs as a user of its own computer: `.\\user` or `host\\user` (PREP)."""
    authority, separator, _ = (sql.service_account or "").rpartition("\\")
    return bool(separator) and authority.casefold() in {".", sql.physical_name.casefold(), sql.machine_name.casefold()}


def _holder_wanted(sql: SqlFacts) -> tuple[str, ...]:
    """The logon names that should hold the names; empty when it is not known who runs SQL Server.

    A domain account itself; for what acts as the computer (LocalSystem, virtual accounts), the computer's account.
    """
    account = sql.service_account
    if account is None or runs_as_local_user(sql):
        return ()
    authority, separator, user = account.rpartition("\\")
    if separator and authority.casefold() == (sql.default_domain or "").casefold():
        return (user,)
    if "@" in account and not separator:
        return (account.partition("@")[0],)
    return tuple(dict.fromkeys(f"{name}$" for name in (sql.physical_name, sql.machine_name)))


def _wrong(holders: tuple[str, ...], names: PrincipalNameFacts, right: tuple[str, ...]) -> str:
    """The first holder, by logon name, that should not be one."""
    accounts = [names.accounts.get(dn) or dn for dn in holders]
    keep = {one.casefold() for one in right}
    return next((name for name in accounts if name.casefold() not in keep), accounts[-1])


def _register(plan: Plan, facts: Facts, sql: SqlFacts) -> Remedy:
    """How the names get to whom they belong; `setspn -S` looks for a second holder first."""
    wanted = _holder_wanted(sql)
    holder = wanted[0] if wanted else text("evidence.SQL-09.some_account")
    if wanted and sql.default_domain:
        holder = f"{sql.default_domain}\\{holder}"
    names = (f"MSSQLSvc/{plan.sql_host}:{sql.port}", f"MSSQLSvc/{plan.sql_host}")
    del facts
    return ask(AD_TEAM, "; ".join(f"setspn -S {powershell(name)} {powershell(holder)}" for name in names))
