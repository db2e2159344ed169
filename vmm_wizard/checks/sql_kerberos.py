"""Whether SQL Server can be logged on to with Kerberos: who holds its service principal names (SQL-09)."""

from __future__ import annotations

from collections.abc import Iterator

from vmm_wizard.checks.registry import Verdict, check, failed, passed, unknown, warned
from vmm_wizard.checks.remedies import AD_TEAM, Remedy, ask, powershell
from vmm_wizard.facts.model import DomainFacts, Facts, PrincipalNameFacts, RehearsalFacts, SqlFacts, known
from vmm_wizard.plan.model import Plan


@check("SQL-09", topic="database", source="PLANHA", needs=("database.host",))
def kerberos(plan: Plan, facts: Facts) -> Verdict:
    """A clustered database must have it (PLANHA); a standalone instance may do with NTLM.

    What a rehearsal saw from inside counts most, then a logon of the wizard's own with Kerberos. That the wizard used
    NTLM says nothing: it chose so itself. Then the service principal names tell what to expect.
    """
    inside = dict(_seen_inside(facts))
    ntlm = [node for node, scheme in inside.items() if scheme != "KERBEROS"]
    if inside and not ntlm:
        return passed(f"the rehearsal on {', '.join(inside)} logged on to SQL Server with Kerberos")
    sql = known(facts.sql)
    strict = _must_be_kerberos(plan, sql)
    if ntlm:
        evidence = f"the rehearsal on {', '.join(ntlm)} logged on to {sql.server} with {inside[ntlm[0]]}"
        verdict = failed if strict else warned
        return verdict(f"{evidence}{_kind(strict)}", _register(plan, facts, sql))
    if sql.auth_scheme == "KERBEROS":
        return passed(f"{sql.logged_on_as} logged on to {sql.server} with Kerberos")
    return _expected(plan, facts, sql, known(facts.principal_names))


def _seen_inside(facts: Facts) -> Iterator[tuple[str, str]]:
    """(node, scheme) of every rehearsal that logged on to SQL Server and may see how."""
    for node, answer in facts.rehearsals.items():
        if isinstance(answer, RehearsalFacts) and answer.sql_login and answer.sql_auth_scheme:
            yield node, answer.sql_auth_scheme.upper()


def _must_be_kerberos(plan: Plan, sql: SqlFacts) -> bool:
    return bool(sql.is_clustered) or plan.database.is_listener


def _kind(strict: bool) -> str:
    return "; a clustered one needs Kerberos" if strict else "; Kerberos is better, also for a standalone one"


def principal_names_of(plan: Plan, names: PrincipalNameFacts) -> dict[str, tuple[str, ...]]:
    """The holders (DNs) of each name that a client over TCP asks a ticket for: with a port, or with an instance."""
    head = f"MSSQLSvc/{plan.sql_host}:".casefold()
    return {name: holders for name, holders in names.holders.items() if name.casefold().startswith(head)}


def _expected(plan: Plan, facts: Facts, sql: SqlFacts, names: PrincipalNameFacts) -> Verdict:
    """What the directory lets expect of a logon with Kerberos."""
    wanted = principal_names_of(plan, names)
    strict = _must_be_kerberos(plan, sql)
    for name, holders in wanted.items():
        if len(holders) > 1:
            right = _holder_wanted(sql)
            keep = f" and leaves it to {' or '.join(right)}" if right else ""
            return failed(
                f"{name} is on {len(holders)} objects: {'; '.join(holders)}. With two holders there is no ticket",
                ask(
                    AD_TEAM,
                    f"setspn -Q {powershell(name)} shows the holders; setspn -D {powershell(name)} "
                    f"{powershell(_wrong(holders, names, right))} takes it from the wrong one{keep}",
                ),
            )
    held = {name: holders[0] for name, holders in wanted.items() if holders}
    if not held:
        if _elsewhere(facts, sql):
            return unknown(f"nobody here holds {' or '.join(wanted)}, and {sql.server} is of {sql.default_domain}")
        verdict = failed if strict else warned
        evidence = f"nobody holds {' or '.join(wanted) or f'a name for {plan.sql_host}'}"
        return verdict(f"{evidence}{_kind(strict)}", _register(plan, facts, sql))
    name, holder = next(iter(held.items()))
    right = _holder_wanted(sql)
    sam = names.accounts.get(holder, "")
    if right and sam and sam.casefold() not in {one.casefold() for one in right}:
        verdict = failed if strict else warned
        return verdict(
            f"{name} is on {holder}, and SQL Server runs as {sql.service_account}, which cannot read a ticket for it",
            ask(
                AD_TEAM,
                f"setspn -Q {powershell(name)} shows the holder; when it is no longer used there, setspn -D "
                f"{powershell(name)} {powershell(sam)}, then setspn -S {powershell(name)} {powershell(right[0])}",
            ),
        )
    return passed(f"{name} is on {holder} alone; a rehearsal shows what setup itself will get")


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
    holder = (_holder_wanted(sql) or ("the account that SQL Server runs as",))[0]
    if sql.default_domain and not holder.startswith("the account"):
        holder = f"{sql.default_domain}\\{holder}"
    names = (f"MSSQLSvc/{plan.sql_host}:{sql.port}", f"MSSQLSvc/{plan.sql_host}")
    del facts
    return ask(AD_TEAM, "; ".join(f"setspn -S {powershell(name)} {powershell(holder)}" for name in names))
