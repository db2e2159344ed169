"""The system views of an estate SQL Server as sqlite tables: what one session may see of its state."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from vmm_wizard.lab.sql import SYSTEM_DATABASES, VMM_TABLES, Database, Principal, SqlServer
from vmm_wizard.lab.tsql import quote_name

#: Views that only somebody with VIEW SERVER STATE may read.
STATE_VIEWS = frozenset(
    {
        "availability_group_listener_ip_addresses",
        "dm_exec_connections",
        "dm_hadr_availability_replica_states",
        "dm_os_volume_stats",
        "dm_server_services",
    }
)

#: Views that each database has of its own.
DATABASE_VIEWS = frozenset(
    {"database_principals", "database_role_members", "tables", "dbo.tbl_vmm_globalsetting", "dbo.backupset"}
)
#: Columns of VMM's own table of settings (Microsoft's article on a service that does not start after an upgrade).
_SETTINGS = "PropertyName, PropertyValue"

_Row = tuple[object, ...]
_Table = tuple[str, list[_Row]]


def _server_tables(server: SqlServer, principal: Principal) -> dict[str, _Table]:
    """The system views of the server: columns and rows, what may not be seen left out (metadata visibility)."""
    everything = principal.may_view_server_state
    names = [*SYSTEM_DATABASES, *(row.name for row in server.databases)]
    ids = {name.casefold(): number for number, name in enumerate(names, 1)}
    databases: list[_Row] = [
        (name, ids[name], server.collation, 160, "ONLINE", "SIMPLE", b"\x01", "2003-04-08T09:13:36.390")
        for name in SYSTEM_DATABASES
    ]
    databases += [
        (
            row.name,
            ids[row.name.casefold()],
            row.collation,
            row.compatibility_level,
            row.state,
            row.recovery_model,
            server.sid_of(row.owner),
            local_time(row.created),
        )
        for row in server.databases
    ]
    files: list[_Row] = [(ids["master"], 1, f"{server.data_path}master.mdf")]
    group_ids = {group.name: f"group-{number}" for number, group in enumerate(server.groups, 1)}
    drive = server.data_path[:3]
    return {
        "databases": (
            "name, database_id, collation_name, compatibility_level, state_desc, recovery_model_desc, owner_sid, "
            "create_date",
            databases,
        ),
        "master_files": ("database_id, file_id, physical_name", files if everything else []),
        "server_principals": (
            "name, type_desc, is_disabled, sid",
            [
                (row.name, "WINDOWS_LOGIN" if row.sid else "SQL_LOGIN", int(row.disabled), server.sid_of(row.name))
                for row in server.logins
                if everything or row.name.casefold() in principal.login_names
            ],
        ),
        "availability_groups": (
            "name, group_id",
            [(row.name, group_ids[row.name]) for row in server.groups if everything],
        ),
        "availability_databases_cluster": (
            "group_id, database_name",
            [(group_ids[row.name], name) for row in server.groups for name in row.databases if everything],
        ),
        "availability_group_listeners": (
            "group_id, listener_id, dns_name, port",
            [
                (group_ids[row.name], item.dns_name, item.dns_name, item.port)
                for row in server.groups
                for item in row.listeners
                if everything
            ],
        ),
        "availability_group_listener_ip_addresses": (
            "listener_id, ip_address, network_subnet_ip",
            [
                (item.dns_name, subnet.rpartition(".")[0] + ".28", subnet)
                for row in server.groups
                for item in row.listeners
                for subnet in item.subnets
            ],
        ),
        "availability_replicas": (
            "group_id, replica_id, replica_server_name",
            [
                (group_ids[row.name], f"{group_ids[row.name]}/{item.server}", item.server)
                for row in server.groups
                for item in row.replicas
                if everything
            ],
        ),
        "dm_hadr_availability_replica_states": (
            "group_id, replica_id, role_desc, is_local",
            [
                (
                    group_ids[row.name],
                    f"{group_ids[row.name]}/{item.server}",
                    item.role,
                    int(item.server.casefold() == server.server_name.casefold()),
                )
                for row in server.groups
                for item in row.replicas
            ],
        ),
        "dm_exec_sessions": (
            "session_id, host_name, program_name, login_name, database_id, is_user_process",
            _sessions(server, principal, ids),
        ),
        "dm_exec_connections": ("session_id, auth_scheme, net_transport", [(55, principal.auth_scheme, "TCP")]),
        "dm_os_volume_stats": (
            "argument0, argument1, volume_mount_point, available_bytes, total_bytes",
            [(row[0], row[1], drive, server.free_bytes, max(server.free_bytes, 500 * 1024**3)) for row in files],
        ),
        "dm_server_services": (
            "servicename, service_account, status_desc, startup_type_desc",
            [
                (f"SQL Server ({server.instance or 'MSSQLSERVER'})", server.service_account, "Running", "Automatic"),
                (
                    f"SQL Server Agent ({server.instance or 'MSSQLSERVER'})",
                    server.service_account,
                    "Running",
                    "Automatic",
                ),
            ],
        ),
    }


def local_time(time: datetime) -> str:
    """A time as a datetime of the server, whose time zone is UTC; in text, which sqlite can compare."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")


def _backups(server: SqlServer) -> _Table:
    """The table of msdb that every backup leaves a row in."""
    return (
        "database_name, type, recovery_model, is_copy_only, backup_finish_date",
        [
            (row.name, backup.kind, backup.recovery_model, int(backup.copy_only), local_time(backup.finished))
            for row in server.databases
            for backup in row.backups
        ],
    )


def _sessions(server: SqlServer, principal: Principal, ids: dict[str, int]) -> list[_Row]:
    """Session 55 is the one that asks; the others show with VIEW SERVER STATE alone."""
    own: list[_Row] = [(55, "", "", principal.name, ids["master"], 1)]
    others: list[_Row] = [
        (number, row.host, row.program, row.login, ids.get(row.database.casefold(), 1), 1)
        for number, row in enumerate(server.clients, 60)
    ]
    return own + (others if principal.may_view_server_state else [])


def _database_tables(server: SqlServer) -> dict[str, _Table]:
    """The system views of each user database, by `database.view`."""
    found: dict[str, _Table] = {"msdb.dbo.backupset": _backups(server)}
    for row in server.databases:
        prefix = row.name.casefold()
        members = list(dict.fromkeys(row.owners))
        principals: list[_Row] = [("dbo", 1, server.sid_of(row.owner)), ("db_owner", 16384, None)]
        principals += [(name, number, server.sid_of(name)) for number, name in enumerate(members, 5)]
        found[f"{prefix}.database_principals"] = ("name, principal_id, sid", principals)
        found[f"{prefix}.database_role_members"] = (
            "role_principal_id, member_principal_id",
            [(16384, 1), *((16384, number) for number, _ in enumerate(members, 5))],
        )
        found[f"{prefix}.tables"] = (
            "name, object_id, is_ms_shipped",
            [(name, 1000 + n, 0) for n, name in enumerate(row.tables)],
        )
        if VMM_TABLES[0] in row.tables:
            found[f"{prefix}.dbo.{VMM_TABLES[0].casefold()}"] = _settings(row)
    return found


def _settings(database: Database) -> _Table:
    return _SETTINGS, list(database.settings.items())


def fill(connection: sqlite3.Connection, server: SqlServer, principal: Principal) -> None:
    """The views as tables; text compares as the instance's collation does."""
    collate = "BINARY" if server.is_case_sensitive else "NOCASE"
    with server.lock:
        tables = {**_server_tables(server, principal), **_database_tables(server)}
    for name, (columns, rows) in tables.items():
        typed = ", ".join(f"{column} COLLATE {collate}" for column in columns.split(", "))
        connection.execute(f"CREATE TABLE {quote_name(name)} ({typed})")
        if rows:
            marks = ", ".join("?" for _ in rows[0])
            connection.executemany(f"INSERT INTO {quote_name(name)} VALUES ({marks})", rows)  # noqa: S608 - our own names
