"""Reads from a logged-on connection what the SQL checks need: at most three batches, each part only where it may."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from vmm_wizard.addresses import Endpoint
from vmm_wizard.facts import sql_client, sql_queries
from vmm_wizard.facts.descriptor import UnreadableDescriptor, sid_text
from vmm_wizard.facts.questions import SqlQuestion
from vmm_wizard.facts.sql_client import Client, Row, Rows, SqlConnection
from vmm_wizard.facts.sql_model import (
    BackupFacts,
    DatabaseFacts,
    DatabaseUser,
    GroupListener,
    GroupReplica,
    RoleMember,
    SqlFacts,
)


@dataclass(frozen=True, slots=True)
class _Details:
    """What the third batch found; None: not allowed, or not asked."""

    service_account: str | None = None
    free_bytes: int | None = None
    replica_role: str | None = None
    force_encryption: bool | None = None
    leftover_files: tuple[str, ...] | None = None
    owners: tuple[RoleMember, ...] | None = None
    table_count: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    users: tuple[DatabaseUser, ...] | None = None
    backups: BackupFacts | None = None


def read_facts(connection: SqlConnection, question: SqlQuestion, client: Client, endpoint: Endpoint) -> SqlFacts:
    """Everything that the SQL checks need, in at most three batches over a connection that is logged on.

    Raises NativeError, TimeoutError and OSError.
    """
    values = {"database": question.database}
    ((row,),) = connection.run(sql_queries.SERVER, values)
    sets, _ = connection.run_as_far_as_allowed(sql_queries.DATABASE, values)
    details = _details(connection, question, row)
    version = str(row["product_version"] or "")
    return SqlFacts(
        server=question.host,
        port=endpoint.shown_port or endpoint.port,
        logged_on_as=str(row["login"] or ""),
        asked_as=str(question.account),
        driver=str(client),
        auth_scheme=_text(row, "auth_scheme"),
        is_sysadmin=_flag(row, "sysadmin"),
        product_version=version,
        product_level=str(row["product_level"] or ""),
        update_level=str(row["update_level"] or ""),
        major_version=int(version.partition(".")[0] or 0),
        engine_edition=_number(row, "engine_edition") or 0,
        edition=str(row["edition"] or ""),
        collation=str(row["collation"] or ""),
        machine_name=str(row["machine_name"] or ""),
        physical_name=str(row["physical_name"] or ""),
        instance=str(row["instance"] or ""),
        is_clustered=_flag(row, "is_clustered"),
        hadr_enabled=_flag(row, "hadr_enabled"),
        default_domain=_text(row, "default_domain"),
        utc_time=_time(row),
        service_account=details.service_account,
        force_encryption=details.force_encryption,
        data_path=_text(row, "data_path"),
        log_path=_text(row, "log_path"),
        data_free_bytes=details.free_bytes,
        leftover_files=details.leftover_files,
        database=_database(question, row, sets, details),
        listeners=_listeners(row, sets),
        replicas=_replicas(row, sets),
        replica_role=details.replica_role,
        group_listeners=_group_listeners(row, sets),
    )


def _database(question: SqlQuestion, server: Row, sets: list[Rows], details: _Details) -> DatabaseFacts | None:
    if server["database_id"] is None:
        return None
    row: Row = sets[0][0] if sets and sets[0] else {}
    may_look = server["database_access"] == 1
    is_vmm = server["global_setting_table"] is not None and server["library_table"] is not None
    group: str | None = None
    if len(sets) > 1:
        group = str(sets[1][0]["name"]) if sets[1] else ("" if server["view_definition"] == 1 else None)
    return DatabaseFacts(
        name=str(row.get("name") or question.database),
        collation=_text(row, "collation_name"),
        state=_text(row, "state_desc"),
        recovery_model=_text(row, "recovery_model_desc"),
        is_vmm=is_vmm if may_look else None,
        availability_group=group,
        owners=details.owners,
        table_count=details.table_count,
        versions=details.versions,
        users=details.users,
        created=_past(row, "created", _time(server)),
        backups=details.backups,
    )


def _listeners(server: Row, sets: list[Rows]) -> tuple[str, ...] | None:
    """Names of listeners as `name:port`; None where an empty list may only mean that this account sees none."""
    if len(sets) < 3:
        return None
    found = tuple(f"{row['dns_name']}:{row['port']}" for row in sets[2])
    return found if found or server["view_definition"] == 1 else None


def _group_listeners(server: Row, sets: list[Rows]) -> tuple[GroupListener, ...] | None:
    """The same listeners with their groups and subnets."""
    if _listeners(server, sets) is None:
        return None
    subnets: dict[str, dict[str, None]] = {}
    for row in sets[4] if len(sets) > 4 else ():
        if row["subnet"]:
            subnets.setdefault(str(row["dns_name"]).casefold(), {})[str(row["subnet"])] = None
    return tuple(
        GroupListener(
            str(row["group_name"]),
            str(row["dns_name"]),
            _number(row, "port") or 0,
            tuple(subnets.get(str(row["dns_name"]).casefold(), ())),
        )
        for row in sets[2]
    )


def _replicas(server: Row, sets: list[Rows]) -> tuple[GroupReplica, ...] | None:
    """The other replicas of this instance's groups; None as for listeners."""
    if len(sets) < 4:
        return None
    found = tuple(GroupReplica(str(row["group_name"]), str(row["server"])) for row in sets[3])
    return found if found or server["view_definition"] == 1 else None


def _details(connection: SqlConnection, question: SqlQuestion, server: Row) -> _Details:
    """The third batch: only the parts that this account may ask; none at all without VIEW SERVER STATE."""
    if server["view_state"] != 1:
        return _Details()
    values = {"database": question.database}
    parts = {"services": sql_queries.SERVICES, "volumes": sql_queries.VOLUMES, "replicas": sql_queries.REPLICAS}
    exists = server["database_id"] is not None
    if exists:
        parts["users"] = sql_queries.USERS
    elif server["sysadmin"] == 1 and server["data_path"]:
        values |= _file_names(server, question.database)
        parts["data_file"] = sql_queries.DATA_FILE
        parts["log_file"] = sql_queries.LOG_FILE
    if server["sysadmin"] == 1 and server["database_access"] == 1:
        parts["owners"] = sql_queries.owners(question.database)
        parts["tables"] = sql_queries.tables(question.database)
    if server["sysadmin"] == 1 and exists:
        parts["backups"] = sql_queries.BACKUPS
    if server["sysadmin"] == 1:
        parts["encryption"] = sql_queries.FORCE_ENCRYPTION
        if server["global_setting_table"] is not None:
            parts["versions"] = sql_queries.versions(question.database)
    sets, _ = connection.run_as_far_as_allowed("".join(parts.values()), values)
    found: Mapping[str, Rows] = dict(zip(parts, sets, strict=False))
    return _Details(
        service_account=_service_account(found.get("services")),
        free_bytes=_free_bytes(found.get("volumes"), str(server["data_path"] or "")),
        replica_role=_replica_role(found.get("replicas")),
        force_encryption=_force_encryption(found.get("encryption")),
        leftover_files=_leftovers(found, values),
        owners=_owners(found.get("owners")),
        table_count=_number(found["tables"][0], "tables") if found.get("tables") else None,
        versions={str(row["property"]): str(row["value"]) for row in found.get("versions", ())},
        users=_users(found.get("users")),
        backups=_backups(found.get("backups"), _time(server)),
    )


def _file_names(server: Row, database: str) -> dict[str, str]:
    """The files that CREATE DATABASE would make in the default folders; on Linux the separator is a slash."""

    def inside(folder: str, name: str) -> str:
        return folder.rstrip("\\/") + ("/" if folder.startswith("/") else "\\") + name

    data = str(server["data_path"])
    log = str(server["log_path"] or data)
    return {"data_file": inside(data, f"{database}.mdf"), "log_file": inside(log, f"{database}_log.ldf")}


def _owners(rows: Rows | None) -> tuple[RoleMember, ...] | None:
    if rows is None:
        return None
    return tuple(RoleMember(str(row["member"]), _sid(row["sid"])) for row in rows if row["member"] is not None)


def _sid(value: object) -> str:
    """`0x0105...` as `S-1-5-...`; empty for what is no SID of Windows, such as a SQL login's identifier."""
    try:
        return sid_text(bytes.fromhex(str(value or "").removeprefix("0x")))
    except (UnreadableDescriptor, ValueError):
        return ""


def _users(rows: Rows | None) -> tuple[DatabaseUser, ...] | None:
    if rows is None:
        return None
    columns = ("host_name", "program_name", "login_name")
    return tuple(DatabaseUser(*(str(row[name] or "").strip() for name in columns)) for row in rows)


def _service_account(rows: Rows | None) -> str | None:
    for row in rows or ():
        if str(row["servicename"]).startswith("SQL Server ("):
            return str(row["service_account"])
    return None


def _free_bytes(rows: Rows | None, data_path: str) -> int | None:
    """Free bytes of the volume that new data files go to: the longest mount point that the path begins with."""
    fitting = [row for row in rows or () if data_path.casefold().startswith(str(row["volume_mount_point"]).casefold())]
    if not fitting:
        return None
    best = max(fitting, key=lambda row: len(str(row["volume_mount_point"])))
    return int(str(best["available_bytes"]))


def _replica_role(rows: Rows | None) -> str | None:
    """This replica's role; with several groups, SECONDARY (or RESOLVING) when it is not primary of all. Empty: none."""
    if rows is None:
        return None
    roles = sql_client.columns(rows, "role_desc")
    return next((role for role in roles if role != "PRIMARY"), "PRIMARY") if roles else ""


def _force_encryption(rows: Rows | None) -> bool | None:
    return None if not rows else str(rows[0]["Data"]) == "1"


def _leftovers(found: Mapping[str, Rows], values: Mapping[str, str]) -> tuple[str, ...] | None:
    if "data_file" not in found or "log_file" not in found:
        return None
    return tuple(
        values[name] for name in ("data_file", "log_file") if found[name] and found[name][0]["File Exists"] == 1
    )


def _backups(rows: Rows | None, now: datetime | None) -> BackupFacts | None:
    """The newest of each kind (HASQL); None when they could not be read."""
    if rows is None or now is None:
        return None
    full = [row for row in rows if row["type"] == "D"]
    chained = [row for row in full if str(row["recovery_model"]).upper() == "FULL"]
    log = [row for row in rows if row["type"] == "L"]
    return BackupFacts(*(_newest(some, now) for some in (full, chained, log)))


def _newest(rows: Iterable[Row], now: datetime) -> datetime | None:
    times = [time for row in rows if (time := _past(row, "finished", now)) is not None]
    return max(times, default=None)


def _past(row: Row, name: str, now: datetime | None) -> datetime | None:
    """A time of the server's own clock in UTC: as long before its `now` there as before `now` in UTC."""
    then, local = _text(row, name), _text(row, "now")
    if then is None or local is None or now is None:
        return None
    return now - (datetime.fromisoformat(local) - datetime.fromisoformat(then))


def _text(row: Row, name: str) -> str | None:
    value = row.get(name)
    return None if value is None else str(value)


def _number(row: Row, name: str) -> int | None:
    value = row.get(name)
    return value if isinstance(value, int) else None


def _flag(row: Row, name: str) -> bool | None:
    number = _number(row, name)
    return None if number is None else number == 1


def _time(row: Row) -> datetime | None:
    value = row.get("utc_time")
    return datetime.fromisoformat(str(value)).replace(tzinfo=UTC) if value else None
