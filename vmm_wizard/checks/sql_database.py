"""Checks of where VMM's database will live and of what is there already (SQL-06, 07, 14, 15, 16)."""

from __future__ import annotations

from vmm_wizard.checks.registry import Verdict, check, failed, not_applicable, passed, unknown, warned
from vmm_wizard.checks.remedies import DBA, ask, down_level, in_plan, same_account, sql_name, sql_text
from vmm_wizard.checks.schedule import Role, situation
from vmm_wizard.facts.model import AccountFacts, DatabaseFacts, Facts, NodeFacts, SqlFacts, known
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.releases import release_of_setup, requirements

_GIB = 2**30


def needs_sysadmin(sql: SqlFacts, what: str) -> Verdict:
    """The verdict for what SQL Server did not tell this account."""
    if sql.is_sysadmin is False:
        return unknown(f"needs sysadmin on {sql.server}, which {sql.logged_on_as} is not: {what} could not be read")
    return unknown(f"{what} could not be read on {sql.server} as {sql.logged_on_as}")


@check(
    "SQL-06",
    topic="database",
    source="PHX",
    needs=("database.host", "database.name"),
)
def no_leftover_files(plan: Plan, facts: Facts) -> Verdict:
    """CREATE DATABASE refuses to write over files; a database that is there has a right to its own."""
    sql = known(facts.sql)
    name = plan.database.name
    if sql.database is not None:
        return not_applicable(f"{sql.server} has a database {name}; its files are its own")
    if not plan.database.create_new:
        return not_applicable("setup will not create a database")
    if sql.leftover_files is None:
        return needs_sysadmin(sql, "whether files are left over")
    if not sql.leftover_files:
        return passed(f"{sql.server} has no file of a database {name} in {sql.data_path or 'its folder for data'}")
    found = ", ".join(sql.leftover_files)
    paths = ", ".join(sql_text(path) for path in sql.leftover_files)
    users = f"SELECT DB_NAME(database_id), physical_name FROM sys.master_files WHERE physical_name IN ({paths});"  # noqa: S608 - to be read, never run
    return failed(
        f"{sql.server} has {found}, and no database {name}",
        ask(
            DBA,
            f"{users} shows whether another database uses them. If none does, look how old they are and whose, and "
            "move them to another folder",
        ),
    )


@check(
    "SQL-07",
    topic="database",
    source="INST",
    needs=("database.host", "database.name"),
)
def in_no_availability_group(plan: Plan, facts: Facts) -> Verdict:
    """Setup and upgrade are not allowed on a member; it joins afterwards."""
    sql = known(facts.sql)
    name = plan.database.name
    if sql.database is None:
        return passed(f"{sql.server} has no database {name} yet, so it is in no availability group")
    if sql.hadr_enabled is False:
        return passed(f"{sql.server} has availability groups switched off")
    group = sql.database.availability_group
    if group is None:
        return unknown(
            f"{sql.logged_on_as} may not see the availability groups of {sql.server}",
            ask(DBA, f"GRANT VIEW ANY DEFINITION TO {sql_name(sql.logged_on_as)};"),
        )
    if not group:
        return passed(f"{name} is in no availability group of {sql.server}")
    return failed(
        f"{name} is in availability group {group}; setup is not allowed on a member",
        ask(
            DBA,
            f"on the primary replica, and until setup has run on every node: ALTER AVAILABILITY GROUP "
            f"{sql_name(group)} REMOVE DATABASE {sql_name(name)}; afterwards it joins again",
        ),
    )


@check(
    "SQL-14",
    topic="database",
    source="KBDES",
    needs=("database.host", "database.name"),
)
def existing_database(plan: Plan, facts: Facts) -> Verdict:
    """Empty, or VMM's own from before; never the one that another VMM lives in.

    Sure are the two tables that VMM is known by, the database's state and collation, and what a node's registry says.
    Whose it was and of which version it is cannot be told for sure from outside (unconfirmed), so that warns.
    """
    sql = known(facts.sql)
    found = sql.database
    if found is None:
        return not_applicable(f"{sql.server} has no database {plan.database.name}")
    if situation(plan, facts).ours:
        return passed(f"{found.name} on {sql.server} is the installed role's own")
    if not plan.database.create_new:
        return _taken(plan, facts, sql, found)
    return not_applicable(f"{found.name} is not to be taken: the plan creates a database (SQL-05)")


def _taken(plan: Plan, facts: Facts, sql: SqlFacts, found: DatabaseFacts) -> Verdict:
    """The verdict on a database that setup is to take."""
    where = f"{found.name} on {sql.server}"
    other = in_plan("choose another database")
    if found.state is not None and found.state != "ONLINE":
        return failed(f"{where} is {found.state}", ask(DBA, "bring the database online, or restore it from its backup"))
    if found.collation is not None and not case_insensitive(found.collation):
        return failed(f"{where} has {found.collation}, which is not case-insensitive", other)
    if found.is_vmm is None:
        return needs_sysadmin(sql, f"what {found.name} holds")
    if not found.is_vmm:
        if found.table_count:
            return warned(f"{where} holds {found.table_count} tables, and not those of VMM", other)
        return passed(f"{where} holds no tables of VMM")
    living = _foreign_nodes(plan, facts)
    if living:
        return failed(
            f"{where} is in use: VMM on {', '.join(living)} lives in it, in a role that is not this one", other
        )
    return warned(f"{where} holds VMM's tables{_history(plan, found)}", ask(DBA, _prove_it(plan, found)))


def _foreign_nodes(plan: Plan, facts: Facts) -> list[str]:
    """The planned nodes that carry another VMM which uses this very database, by their registry."""
    if situation(plan, facts).role is not Role.FOREIGN:
        return []
    labels = {plan.database.target.label.casefold()}
    if isinstance(facts.sql, SqlFacts):
        labels.add(facts.sql.machine_name.casefold())
    return [
        name
        for name, node in facts.nodes.items()
        if isinstance(node, NodeFacts)
        and node.vmm is not None
        and node.vmm.sql_database.casefold() == plan.database.name.casefold()
        and node.vmm.sql_machine.partition(".")[0].casefold() in labels
    ]


def _history(plan: Plan, found: DatabaseFacts) -> str:
    """What else was seen in a database of VMM, as the end of a sentence."""
    parts = [f"{name} {value}" for name, value in found.versions.items()]
    releases = {release_of_setup(value) for value in found.versions.values()} - {None}
    if releases and releases != {plan.release}:
        parts.append(f"which looks like VMM {', '.join(sorted(filter(None, releases)))}, not {plan.release}")
    users = [f"{user.program or 'a program'} on {user.host or 'a computer'}" for user in found.users or ()]
    if users:
        parts.append(f"and it is open to {', '.join(users)}")
    return f" ({'; '.join(parts)})" if parts else ""


def _prove_it(plan: Plan, found: DatabaseFacts) -> str:
    """How to be sure of a database of VMM, before setup writes into it."""
    columns = "host_name, program_name, login_name"
    who = f"SELECT {columns} FROM sys.dm_exec_sessions WHERE database_id = DB_ID({sql_text(found.name)});"  # noqa: S608 - shown
    return (
        f"make sure that no other VMM lives in it: {who} shows who is in. It must come from VMM {plan.release}, highly "
        "available and with the same update rollup as the media. Back it up first"
    )


def case_insensitive(collation: str) -> bool:
    """Whether a collation compares without regard to case (PREP)."""
    return "_CI_" in f"{collation.upper()}_"


@check(
    "SQL-16",
    topic="database",
    source="KBDBO",
    needs=("database.host", "database.name", "service_account.name"),
)
def service_account_is_owner(plan: Plan, facts: Facts) -> Verdict:
    """db_owner, directly or by a group, for ever; in a new database setup sees to it (PREDB)."""
    sql = known(facts.sql)
    found = sql.database
    if found is None:
        return not_applicable(
            f"{sql.server} has no database {plan.database.name} yet; setup gives the role in a new one"
        )
    if plan.database.create_new and not situation(plan, facts).ours:
        return not_applicable("the plan creates a database, and setup gives the role in it (SQL-05)")
    if found.owners is None:
        return needs_sysadmin(sql, f"who is in db_owner of {found.name}")
    account = plan.service_account.name
    name = down_level(account, facts)
    for owner in found.owners:
        if same_account(owner.name, account, facts):
            return passed(f"{name} is in db_owner of {found.name}")
    groups = facts.service_account.sids if isinstance(facts.service_account, AccountFacts) else frozenset()
    by_group = next((owner for owner in found.owners if owner.sid and owner.sid in groups), None)
    if by_group is not None:
        return passed(f"{name} is in db_owner of {found.name} as a member of {by_group.name}")
    if not groups or (isinstance(facts.service_account, AccountFacts) and facts.service_account.token_groups is None):
        return unknown(f"{name} is not in db_owner of {found.name} by name, and its groups could not be read")
    user = sql_name(name)
    held = ", ".join(owner.name for owner in found.owners) or "nobody"
    evidence = f"db_owner of {found.name} holds {held}, not {name}"
    remedy = ask(
        DBA,
        f"USE {sql_name(found.name)}; IF SUSER_ID({sql_text(name)}) IS NULL CREATE LOGIN {user} FROM WINDOWS; "
        f"IF USER_ID({sql_text(name)}) IS NULL CREATE USER {user} FOR LOGIN {user}; "
        f"ALTER ROLE [db_owner] ADD MEMBER {user};",
    )
    if found.is_vmm and not situation(plan, facts).ours:
        # VMM's own from before, to be taken by another service account.
        return warned(f"{evidence}; setup, run by a sysadmin, adds it (KBDBO, unconfirmed for a kept database)", remedy)
    return failed(evidence, remedy)


@check("SQL-15", topic="database", source="REQ*", needs=("database.host",))
def room_for_data(plan: Plan, facts: Facts) -> Verdict:
    """Free space of the volume that new data files go to."""
    sql = known(facts.sql)
    if sql.data_free_bytes is None:
        return needs_sysadmin(sql, "the free space of the volume for data files")
    need = requirements(plan.release).hardware
    free = sql.data_free_bytes / _GIB
    evidence = f"{sql.server} has {free:.0f} GB free for data files ({sql.data_path or 'default folder'})"
    room = ask(DBA, f"make room on that volume: {need.sql_disk_recommended_gb} GB are recommended for VMM's database")
    if free < need.sql_disk_minimum_gb:
        return failed(f"{evidence}; {need.sql_disk_minimum_gb} are the least", room)
    if free < need.sql_disk_recommended_gb:
        return warned(f"{evidence}; {need.sql_disk_recommended_gb} are recommended", room)
    return passed(evidence)
