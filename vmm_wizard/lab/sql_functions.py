"""The scalar functions of T-SQL that a session of the estate's SQL Servers knows, and the types between them."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from vmm_wizard.lab.descriptors import sid_to_bytes
from vmm_wizard.lab.sql import SYSTEM_DATABASES, Principal, SqlServer
from vmm_wizard.lab.tds_tokens import SqlError, Value, Variant

#: What stands in front of a value that sqlite has no type for while it passes through.
_MARK = b"\x00tsql:"

_INTEGERS = {"int", "bigint", "smallint", "tinyint", "bit"}
_TEXTS = {"nvarchar", "varchar", "nchar", "char", "sysname", "ntext", "text"}

Scalar = None | int | float | str | bytes


def wrap(value: Variant | datetime) -> bytes:
    """A sql_variant or a datetime2 as bytes that sqlite carries."""
    if isinstance(value, datetime):
        return _MARK + json.dumps({"datetime": value.isoformat()}).encode()
    return _MARK + json.dumps({"variant": value.value}).encode()


def unwrap(value: Scalar) -> Value:
    """What `wrap` was given, any other value as it is."""
    if not isinstance(value, bytes) or not value.startswith(_MARK):
        return value
    content = json.loads(value[len(_MARK) :])
    if "datetime" in content:
        return datetime.fromisoformat(content["datetime"])
    return Variant(content["variant"])


def _variant(value: int | str | None) -> bytes | None:
    return None if value is None else wrap(Variant(value))


def cast(value: Scalar, kind: str, length: int) -> Scalar:
    """CAST(value AS kind(length)). Raises SqlError 245 or 243."""
    plain = unwrap(value)
    if isinstance(plain, Variant):
        plain = plain.value
    if plain is None:
        return None
    if kind in _TEXTS and isinstance(plain, bytes):
        return plain.decode("utf-16-le", "replace")
    if kind in _TEXTS:
        text = plain.isoformat(sep="T") if isinstance(plain, datetime) else str(plain)
        return text if length <= 0 else text[:length]
    if kind in _INTEGERS:
        try:
            number = int(plain) if not isinstance(plain, datetime) else 0
        except ValueError:
            text = f"Conversion failed when converting the nvarchar value '{plain!s}' to data type {kind}."
            raise SqlError(245, text, 1, 16) from None
        return int(bool(number)) if kind == "bit" else number
    if kind in ("float", "real", "decimal", "numeric"):
        return float(plain) if isinstance(plain, int | float | str) else None
    if kind in ("datetime2", "datetime", "datetimeoffset", "varbinary", "sql_variant"):
        return value
    raise SqlError(243, f"Type {kind} is not a defined system type.", 1, 16)


def convert(kind: str, length: int, value: Scalar, style: int = 0) -> Scalar:
    """CONVERT(kind(length), value, style): 126 of a date is ISO 8601, 127 the same with a Z; 1 of bytes is `0x...`."""
    plain = unwrap(value)
    if style == 1 and kind in _TEXTS and isinstance(plain, bytes):
        return f"0x{plain.hex().upper()}"
    text = cast(value, kind, length)
    if style == 127 and isinstance(text, str) and isinstance(unwrap(value), datetime):
        return text + "Z"
    return text


def quote_name(name: str | None, quote: str = "[") -> str | None:
    """QUOTENAME: None for a name over 128 characters, as SQL Server has it."""
    if name is None or len(name) > 128:
        return None
    close = {"[": "]", "(": ")", "<": ">", "{": "}"}.get(quote, quote)
    return quote + name.replace(close, close * 2) + close


class SessionFunctions:
    """The functions whose answer depends on who asks, and where. `database` is the session's current one."""

    def __init__(self, server: SqlServer, principal: Principal, database: str, host: str, application: str) -> None:
        self._server = server
        self._principal = principal
        self.database = database
        self._host = host
        self._application = application
        self.transactions = 0

    def table(self) -> dict[str, tuple[int, Callable[..., Scalar]]]:
        """Every function by name, with its number of arguments (-1: any)."""
        return {
            "TSQL_CAST": (3, cast),
            "TSQL_CONVERT": (-1, convert),
            "QUOTENAME": (-1, quote_name),
            "GLOBALVAR": (1, self._global),
            "SERVERPROPERTY": (1, self._server_property),
            "CONNECTIONPROPERTY": (1, self._connection_property),
            "DATABASEPROPERTYEX": (2, self._database_property),
            "SUSER_SNAME": (-1, self._login_name),
            "SUSER_NAME": (-1, self._login_name),
            "ORIGINAL_LOGIN": (0, self._login_name),
            "SYSTEM_USER": (0, self._login_name),
            "SUSER_ID": (-1, lambda *_: 260),
            "SUSER_SID": (1, lambda name: sid_to_bytes(sid) if (sid := self._server.own_sid(str(name))) else None),
            "CURRENT_USER": (0, self._user_name),
            "SESSION_USER": (0, self._user_name),
            "USER_NAME": (0, self._user_name),
            "IS_SRVROLEMEMBER": (-1, self._is_server_role_member),
            "IS_ROLEMEMBER": (-1, self._is_role_member),
            "HAS_PERMS_BY_NAME": (-1, self._has_permission),
            "HAS_DBACCESS": (1, self._has_access),
            "DB_ID": (-1, self._database_id),
            "DB_NAME": (-1, self._database_name),
            "OBJECT_ID": (-1, self._object_id),
            "DEFAULT_DOMAIN": (0, lambda: self._server.default_domain),
            "SYSUTCDATETIME": (0, self._now),
            "GETUTCDATE": (0, self._now),
            "SYSDATETIME": (0, self._now),
            "GETDATE": (0, self._now),
            "CURRENT_TIMESTAMP": (0, self._now),
            "FN_HADR_IS_PRIMARY_REPLICA": (1, self._is_primary),
            "HOST_NAME": (0, lambda: self._host),
            "APP_NAME": (0, lambda: self._application),
            "NEWID": (0, lambda: str(uuid.uuid4()).upper()),
            "LEN": (1, lambda text: None if text is None else len(str(text).rstrip())),
            "ISNULL": (2, lambda value, other: other if value is None else value),
            "CONCAT": (-1, lambda *parts: "".join("" if part is None else str(part) for part in parts)),
        }

    def _global(self, name: str) -> Scalar:
        major, minor, build = self._server.version
        year = {11: 2012, 12: 2014, 13: 2016, 14: 2017, 15: 2019, 16: 2022}.get(major, 2025)
        known: dict[str, Scalar] = {
            "version": f"Microsoft SQL Server {year} - {self._server.product_version} (X64) {self._server.edition}",
            "microsoftversion": major << 24 | minor << 16 | build,
            "servername": self._server.server_name,
            "servicename": self._server.instance or "MSSQLSERVER",
            "spid": 55,
            "trancount": self.transactions,
            "language": "us_english",
            "max_precision": 38,
            "rowcount": 0,
            "error": 0,
        }
        if name not in known:
            raise SqlError(137, f'Must declare the scalar variable "@@{name}".', 2, 15)
        return known[name]

    def _server_property(self, name: str) -> Scalar:
        server = self._server
        major, minor, build = server.version
        known: dict[str, int | str | None] = {
            "servername": server.server_name,
            "machinename": server.machine_name,
            "computernamephysicalnetbios": server.physical_name,
            "instancename": server.instance or None,
            "edition": server.edition,
            "engineedition": server.engine_edition,
            "productversion": server.product_version,
            "productmajorversion": str(major),
            "productminorversion": str(minor),
            "productbuild": str(build),
            "productlevel": server.product_level,
            "productupdatelevel": server.update_level or None,
            "collation": server.collation,
            "isclustered": int(server.is_clustered),
            "ishadrenabled": int(server.hadr_enabled),
            "isintegratedsecurityonly": 0,
            "issingleuser": 0,
            "instancedefaultdatapath": server.data_path,
            "instancedefaultlogpath": server.log_path,
        }
        return _variant(known.get(str(name).casefold()))

    def _connection_property(self, name: str) -> Scalar:
        known: dict[str, str] = {
            "auth_scheme": self._principal.auth_scheme,
            "net_transport": "TCP",
            "protocol_type": "TSQL",
        }
        return _variant(known.get(str(name).casefold()))

    def _database_property(self, name: str, attribute: str) -> Scalar:
        found = self._server.database(str(name))
        if found is None:
            return None
        known = {
            "collation": found.collation,
            "recovery": found.recovery_model,
            "status": found.state,
            "updateability": "READ_WRITE",
        }
        return _variant(known.get(str(attribute).casefold()))

    def _login_name(self, *sids: Scalar) -> Scalar:
        """The session's login; of a SID, whose it is, None for nobody's."""
        if not sids:
            return self._principal.name
        return self._server.login_of(sids[0]) if isinstance(sids[0], bytes) else None

    def _user_name(self) -> Scalar:
        return "dbo" if self._principal.is_sysadmin else "guest"

    def _is_server_role_member(self, role: str, *_: Scalar) -> Scalar:
        wanted = str(role).casefold()
        fixed = {
            "sysadmin",
            "serveradmin",
            "securityadmin",
            "processadmin",
            "setupadmin",
            "bulkadmin",
            "diskadmin",
            "dbcreator",
        }
        if wanted == "public":
            return 1
        return int(wanted in self._principal.roles or self._principal.is_sysadmin) if wanted in fixed else None

    def _is_role_member(self, role: str, *_: Scalar) -> Scalar:
        if str(role).casefold() != "db_owner":
            return None
        found = self._server.database(self.database)
        owners = (found.owner, *found.owners) if found else ()
        mine = any(owner.casefold() in self._principal.login_names for owner in owners)
        return int(self._principal.is_sysadmin or mine)

    def _has_permission(self, securable: str | None, _kind: str | None, permission: str, *_: Scalar) -> Scalar:
        if self._principal.is_sysadmin:
            return 1
        wanted = str(permission).upper()
        if securable is None and wanted == "VIEW SERVER STATE":
            return int(self._principal.may_view_server_state)
        if securable is None and wanted in ("CREATE ANY DATABASE", "ALTER ANY DATABASE"):
            return int("dbcreator" in self._principal.roles)
        return int(securable is None and wanted in ("CONNECT SQL", "VIEW ANY DATABASE"))

    def _has_access(self, name: str) -> Scalar:
        if not self._server.has_database(str(name)):
            return None
        return int(self._server.may_enter(self._principal, str(name)))

    def _database_id(self, *names: str) -> Scalar:
        wanted = str(names[0]) if names else self.database
        if wanted.casefold() in SYSTEM_DATABASES:
            return SYSTEM_DATABASES.index(wanted.casefold()) + 1
        found = self._server.database(wanted)
        return None if found is None else self._server.databases.index(found) + 5

    def _database_name(self, *_: Scalar) -> Scalar:
        return self.database

    def _object_id(self, name: str | None, *_: Scalar) -> Scalar:
        """The id of a table by a one- to three-part name; None where the caller may not look."""
        parts = [
            part[1:-1].replace("]]", "]") if part.startswith("[") else part
            for part in re.findall(r"\[(?:[^\]]|\]\])*\]|[^.\[\]]+", str(name or ""))
        ]
        if not parts:
            return None
        database = parts[-3] if len(parts) > 2 else self.database
        found = self._server.database(database)
        if found is None or not self._server.may_enter(self._principal, database):
            return None
        names = [table.casefold() for table in found.tables]
        return names.index(parts[-1].casefold()) + 1000 if parts[-1].casefold() in names else None

    def _is_primary(self, name: str) -> Scalar:
        for group in self._server.groups:
            if str(name).casefold() in (row.casefold() for row in group.databases):
                return int(self._server.local_role(group) == "PRIMARY")
        return None

    def _now(self) -> Scalar:
        return wrap(self._server.now().astimezone(UTC).replace(tzinfo=None))
