"""Checks of where VMM's database will live and of what is there already (SQL-06, 07, 14, 15, 16)."""

from __future__ import annotations

from collections.abc import Iterator

from vmm_wizard.checks.registry import Verdict, check, failed, not_applicable, passed, unknown, warned
from vmm_wizard.checks.remedies import DBA, ask, down_level, in_plan, same_account, sql_name, sql_text
from vmm_wizard.checks.schedule import Role, situation
from vmm_wizard.facts.model import AccountFacts, DatabaseFacts, Facts, NodeFacts, SqlFacts, known
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.releases import release_of_setup, requirements
from vmm_wizard.texts import counted, text

_GIB = 2**30


def needs_sysadmin(sql: SqlFacts, what: str) -> Verdict:
    """The verdict for what SQL Server did not tell this account."""
    both = {"server": sql.server, "account": sql.logged_on_as}
    if sql.is_sysadmin is False:
        return unknown(text("evidence.sql_database.needs_sysadmin", **both, what=what))
    return unknown(text("evidence.sql_database.unreadable", **both, what=what))


@check(
    "SQL-06",
    topic="database",
    source="PHX",
    needs=("database.host", "database.name"),
)
def no_leftover_files(plan: Plan, facts: Facts) -> Verdict:
    """CREATE DATABASE refuses to write over files; a database that is there has a right to its own."""
    sql = known(facts.sql)
    both = {"server": sql.server, "database": plan.database.name}
    if sql.database is not None:
        return not_applicable(text("evidence.SQL-06.there", **both))
    if not plan.database.create_new:
        return not_applicable(text("evidence.SQL-06.not_made"))
    if sql.leftover_files is None:
        return needs_sysadmin(sql, text("evidence.SQL-06.what"))
    if not sql.leftover_files:
        folder = sql.data_path or text("evidence.SQL-06.folder")
        return passed(text("evidence.SQL-06.good", **both, folder=folder))
    paths = ", ".join(sql_text(path) for path in sql.leftover_files)
    users = f"SELECT DB_NAME(database_id), physical_name FROM sys.master_files WHERE physical_name IN ({paths});"  # noqa: S608 - to be read, never run
    return failed(
        text("evidence.SQL-06.left", **both, files=", ".join(sql.leftover_files)),
        ask(DBA, text("evidence.SQL-06.mend", command=users)),
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
    both = {"server": sql.server, "database": plan.database.name}
    if sql.database is None:
        return passed(text("evidence.SQL-07.no_database", **both))
    if sql.hadr_enabled is False:
        return passed(text("evidence.SQL-07.switched_off", server=sql.server))
    group = sql.database.availability_group
    if group is None:
        return unknown(
            text("evidence.SQL-07.not_seen", server=sql.server, account=sql.logged_on_as),
            ask(DBA, f"GRANT VIEW ANY DEFINITION TO {sql_name(sql.logged_on_as)};"),
        )
    if not group:
        return passed(text("evidence.SQL-07.good", **both))
    command = f"ALTER AVAILABILITY GROUP {sql_name(group)} REMOVE DATABASE {sql_name(plan.database.name)}"
    return failed(
        text("evidence.SQL-07.member", database=plan.database.name, group=group),
        ask(DBA, text("evidence.SQL-07.mend", command=command)),
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
        return not_applicable(text("evidence.SQL-14.absent", server=sql.server, database=plan.database.name))
    if situation(plan, facts).ours:
        return passed(text("evidence.SQL-14.ours", server=sql.server, database=found.name))
    if not plan.database.create_new:
        return _taken(plan, facts, sql, found)
    return not_applicable(text("evidence.SQL-14.not_taken", database=found.name))


def _taken(plan: Plan, facts: Facts, sql: SqlFacts, found: DatabaseFacts) -> Verdict:
    """The verdict on a database that setup is to take."""
    both = {"server": sql.server, "database": found.name}
    other = in_plan(text("evidence.SQL-14.mend"))
    if found.state is not None and found.state != "ONLINE":
        return failed(
            text("evidence.SQL-14.state", **both, state=found.state), ask(DBA, text("evidence.SQL-14.mend_state"))
        )
    if found.collation is not None and not case_insensitive(found.collation):
        return failed(text("evidence.SQL-14.case_sensitive", **both, collation=found.collation), other)
    if found.is_vmm is None:
        return needs_sysadmin(sql, text("evidence.SQL-14.what", database=found.name))
    if not found.is_vmm:
        if found.table_count:
            return warned(counted("evidence.SQL-14.others_tables", found.table_count, **both), other)
        return passed(text("evidence.SQL-14.no_tables", **both))
    living = _foreign_nodes(plan, facts)
    if living:
        return failed(text("evidence.SQL-14.in_use", **both, nodes=", ".join(living)), other)
    seen = "; ".join(_history(plan, found))
    evidence = text("evidence.SQL-14.kept", **both)
    if seen:
        evidence = text("evidence.SQL-14.kept_with_history", **both, seen=seen)
    return warned(evidence, ask(DBA, _prove_it(plan, found)))


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


def _history(plan: Plan, found: DatabaseFacts) -> Iterator[str]:
    """What else was seen in a database of VMM."""
    yield from (f"{name} {value}" for name, value in found.versions.items())
    releases = {release_of_setup(value) for value in found.versions.values()} - {None}
    if releases and releases != {plan.release}:
        shown = ", ".join(sorted(filter(None, releases)))
        yield text("evidence.SQL-14.seen_release", found=shown, planned=plan.release)
    users = [
        text(
            "evidence.SQL-14.seen_user",
            program=user.program or text("evidence.SQL-14.some_program"),
            computer=user.host or text("evidence.SQL-14.some_computer"),
        )
        for user in found.users or ()
    ]
    if users:
        yield text("evidence.SQL-14.seen_users", users=", ".join(users))


def _prove_it(plan: Plan, found: DatabaseFacts) -> str:
    """How to be sure of a database of VMM, before setup writes into it."""
    who = (
        "SELECT host_name, program_name, login_name FROM sys.dm_exec_sessions "  # noqa: S608 - shown
        f"WHERE database_id = DB_ID({sql_text(found.name)});"
    )
    return text("evidence.SQL-14.mend_kept", command=who, release=plan.release)


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
        return not_applicable(text("evidence.SQL-16.absent", server=sql.server, database=plan.database.name))
    if plan.database.create_new and not situation(plan, facts).ours:
        return not_applicable(text("evidence.SQL-16.to_be_made"))
    if found.owners is None:
        return needs_sysadmin(sql, text("evidence.SQL-16.what", database=found.name))
    account = plan.service_account.name
    name = down_level(account, facts)
    both = {"account": name, "database": found.name}
    for owner in found.owners:
        if same_account(owner.name, account, facts):
            return passed(text("evidence.SQL-16.good", **both))
    groups = facts.service_account.sids if isinstance(facts.service_account, AccountFacts) else frozenset()
    by_group = next((owner for owner in found.owners if owner.sid and owner.sid in groups), None)
    if by_group is not None:
        return passed(text("evidence.SQL-16.by_group", **both, group=by_group.name))
    if not groups or (isinstance(facts.service_account, AccountFacts) and facts.service_account.token_groups is None):
        return unknown(text("evidence.SQL-16.groups_unreadable", **both))
    user = sql_name(name)
    owners = ", ".join(owner.name for owner in found.owners) or text("evidence.shared.nobody")
    remedy = ask(
        DBA,
        f"USE {sql_name(found.name)}; IF SUSER_ID({sql_text(name)}) IS NULL CREATE LOGIN {user} FROM WINDOWS; "
        f"IF USER_ID({sql_text(name)}) IS NULL CREATE USER {user} FOR LOGIN {user}; "
        f"ALTER ROLE [db_owner] ADD MEMBER {user};",
    )
    if found.is_vmm and not situation(plan, facts).ours:
        # VMM's own from before, to be taken by another service account.
        return warned(text("evidence.SQL-16.no_owner_yet", **both, owners=owners), remedy)
    return failed(text("evidence.SQL-16.no_owner", **both, owners=owners), remedy)


@check("SQL-15", topic="database", source="REQ*", needs=("database.host",))
def room_for_data(plan: Plan, facts: Facts) -> Verdict:
    """Free space of the volume that new data files go to."""
    sql = known(facts.sql)
    if sql.data_free_bytes is None:
        return needs_sysadmin(sql, text("evidence.SQL-15.what"))
    need = requirements(plan.release).hardware
    free = sql.data_free_bytes / _GIB
    folder = sql.data_path or text("evidence.SQL-15.folder")
    evidence = text("evidence.SQL-15.found", server=sql.server, free=f"{free:.0f}", folder=folder)
    room = ask(DBA, text("evidence.SQL-15.mend", recommended=need.sql_disk_recommended_gb))
    if free < need.sql_disk_minimum_gb:
        return failed(text("evidence.SQL-15.least", found=evidence, least=need.sql_disk_minimum_gb), room)
    if free < need.sql_disk_recommended_gb:
        return warned(text("evidence.SQL-15.little", found=evidence, recommended=need.sql_disk_recommended_gb), room)
    return passed(evidence)
