"""Checks of where VMM's database will live and of what is there already (SQL-06, 07, 15)."""

from __future__ import annotations

from vmm_wizard.checks.registry import Verdict, check, failed, not_applicable, passed, unknown, warned
from vmm_wizard.checks.remedies import DBA, ask, sql_name, sql_text
from vmm_wizard.facts.model import Facts, SqlFacts, known
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.releases import requirements

_GIB = 2**30


def needs_sysadmin(sql: SqlFacts, what: str) -> Verdict:
    """The verdict for what SQL Server did not tell this account."""
    why = "needs a sysadmin to ask, which it is not" if sql.is_sysadmin is False else "the instance did not say"
    return unknown(f"{what} could not be read on {sql.server} as {sql.logged_on_as}: {why}")


@check(
    "SQL-06",
    title="No files are left over from a database of that name",
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
    title="The database is in no availability group while setup runs",
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


@check("SQL-15", title="There is room for the database", topic="database", source="REQ*", needs=("database.host",))
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
