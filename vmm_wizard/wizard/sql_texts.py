"""The ways in which people write down a SQL Server: `host\\instance,port`, `tcp:...`, connection strings. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vmm_wizard.plan.names import SqlTarget

_SERVER = ("server", "data source", "datasource", "addr", "address", "network address", "servername")
_DATABASE = ("database", "initial catalog", "databasename")
_PROTOCOL = re.compile(r"(?i)(?:tcp|admin|lpc):")
_JDBC = re.compile(r"(?i)(?:jdbc:)?sqlserver://")
_COLON_PORT = re.compile(r":(\d{1,5})\Z")


def sql_parts(text: str, *, whole_only: bool = False) -> Mapping[str, str] | None:
    """The answers that a text about a SQL Server holds, by key; None where it is a plain host name or nothing such.

    `whole_only`: only what can be nothing else, which `host\\instance` and `host,port` are not.
    """
    fields = _fields(text)
    server = fields.get("server", "") if fields else text
    if whole_only and not fields and not _PROTOCOL.match(text):
        return None
    plain = _COLON_PORT.sub(r",\1", _PROTOCOL.sub("", server.strip(), count=1))
    if not fields and plain == text and not re.search(r"[\\,]", text):
        return None
    try:
        target = SqlTarget.parse(plain)
    except ValueError:
        return None
    if not target:
        return None
    parts = {
        "database.host": target.host,
        "database.instance": target.instance,
        "database.port": str(target.port or ""),
    }
    return {**parts, **({"database.name": fields["database"]} if fields.get("database") else {})}


def _fields(text: str) -> dict[str, str]:
    """The server and the database of a connection string; empty when it is none."""
    found: dict[str, str] = {}
    rest = _JDBC.sub("server=", text, count=1)
    for part in rest.split(";"):
        name, sign, value = part.partition("=")
        name, value = " ".join(name.split()).casefold(), value.strip().strip("\"'{}").strip()
        if sign and name in _SERVER:
            found.setdefault("server", value)
        elif sign and name in _DATABASE:
            found.setdefault("database", value)
    return found if found.get("server") else {}
