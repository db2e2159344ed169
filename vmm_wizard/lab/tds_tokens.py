"""TDS 7.4 as bytes: the tokens a SQL Server answers with, and the parameters that a client calls it with (MS-TDS)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import date, datetime

#: Latin1_General_CI_AS as TDS writes it: what every text column carries.
COLLATION = bytes.fromhex("0904d00034")

DONE_FINAL = 0x00
DONE_MORE = 0x01
DONE_ERROR = 0x02
DONE_COUNT = 0x10
DONE_ATTENTION = 0x20

ENV_DATABASE = 1
ENV_LANGUAGE = 2
ENV_PACKET_SIZE = 4
ENV_COLLATION = 7
ENV_BEGIN = 8
ENV_COMMIT = 9
ENV_ROLLBACK = 10

_TOKEN_ERROR = 0xAA
_TOKEN_INFO = 0xAB
_TOKEN_LOGIN_ACK = 0xAD
_TOKEN_COLUMNS = 0x81
_TOKEN_ROW = 0xD1
_TOKEN_ENV_CHANGE = 0xE3
_TOKEN_SSPI = 0xED
_TOKEN_RETURN_VALUE = 0xAC
_TOKEN_RETURN_STATUS = 0x79
_TOKEN_DONE = 0xFD
_TOKEN_DONE_PROCEDURE = 0xFE
_TOKEN_DONE_IN_PROCEDURE = 0xFF

#: Longest nvarchar in characters before a column must be nvarchar(max).
_NVARCHAR_LIMIT = 4000


class SqlError(Exception):
    """An error as SQL Server reports it: native number, message, state and severity (class)."""

    def __init__(self, number: int, message: str, state: int = 1, severity: int = 14) -> None:
        super().__init__(f"{number}: {message}")
        self.number = number
        self.message = message
        self.state = state
        self.severity = severity


class ProtocolError(Exception):
    """The client sent something that is not TDS as this server knows it."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A value of type sql_variant, as SERVERPROPERTY gives it. Clients that cannot read that type fail on it."""

    value: int | str


Value = None | int | float | str | bytes | datetime | Variant


@dataclass(frozen=True, slots=True)
class ResultSet:
    """The rows that one statement gave. A column without a name has an empty one."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a remote procedure call; `name` begins with @ or is empty."""

    name: str
    value: Value


def _short_text(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("utf-16-le")


def _long_text(text: str) -> bytes:
    return struct.pack("<H", len(text)) + text.encode("utf-16-le")


def _message(token: int, number: int, text: str, state: int, severity: int, server: str) -> bytes:
    body = struct.pack("<iBB", number, state, severity) + _long_text(text)
    body += _short_text(server) + _short_text("") + struct.pack("<i", 1)
    return bytes([token]) + struct.pack("<H", len(body)) + body


def error(problem: SqlError, server: str) -> bytes:
    """An ERROR token."""
    return _message(_TOKEN_ERROR, problem.number, problem.message, problem.state, problem.severity, server)


def info(number: int, text: str, server: str) -> bytes:
    """An INFO token (severity 0), as for a changed database context."""
    return _message(_TOKEN_INFO, number, text, 2, 0, server)


def done(status: int = DONE_FINAL, rows: int = 0) -> bytes:
    """A DONE token: a statement of a batch, or the batch, has ended."""
    return struct.pack("<BHHQ", _TOKEN_DONE, status, 0xC1 if status & DONE_COUNT else 0, rows)


def done_in_procedure(status: int, rows: int = 0) -> bytes:
    """A DONEINPROC token: a statement inside a procedure has ended."""
    return struct.pack("<BHHQ", _TOKEN_DONE_IN_PROCEDURE, status, 0xC1 if status & DONE_COUNT else 0, rows)


def done_procedure(status: int = DONE_FINAL) -> bytes:
    """A DONEPROC token: a procedure has ended."""
    return struct.pack("<BHHQ", _TOKEN_DONE_PROCEDURE, status, 0, 0)


def return_status(value: int) -> bytes:
    """A procedure's return status."""
    return bytes([_TOKEN_RETURN_STATUS]) + struct.pack("<i", value)


def return_handle(handle: int) -> bytes:
    """The output parameter with the handle of a prepared statement."""
    head = bytes([_TOKEN_RETURN_VALUE]) + struct.pack("<H", 0) + _short_text("") + b"\x01"
    return head + struct.pack("<IH", 0, 0) + b"\x26\x04\x04" + struct.pack("<i", handle)


def sspi(token: bytes) -> bytes:
    """The server's part of a Windows logon."""
    return bytes([_TOKEN_SSPI]) + struct.pack("<H", len(token)) + token


def _env_change(kind: int, new: bytes, old: bytes) -> bytes:
    body = bytes([kind]) + new + old
    return bytes([_TOKEN_ENV_CHANGE]) + struct.pack("<H", len(body)) + body


def env_text(kind: int, new: str, old: str) -> bytes:
    """An ENVCHANGE with text values: database, language, packet size."""
    return _env_change(kind, _short_text(new), _short_text(old))


def env_collation() -> bytes:
    """An ENVCHANGE that tells the collation."""
    return _env_change(ENV_COLLATION, bytes([len(COLLATION)]) + COLLATION, b"\x00")


def env_transaction(kind: int, descriptor: int) -> bytes:
    """An ENVCHANGE for a transaction that began (8), was committed (9) or rolled back (10)."""
    number = b"\x08" + struct.pack("<Q", descriptor)
    return _env_change(kind, number, b"\x00") if kind == ENV_BEGIN else _env_change(kind, b"\x00", number)


def login_acknowledged(version: tuple[int, int, int]) -> bytes:
    """A LOGINACK token of TDS 7.4; `version` is major, minor and build of the product."""
    major, minor, build = version
    body = b"\x01\x74\x00\x00\x04" + _short_text("Microsoft SQL Server") + struct.pack(">BBH", major, minor, build)
    return bytes([_TOKEN_LOGIN_ACK]) + struct.pack("<H", len(body)) + body


# --- result sets


def _kind(values: list[Value]) -> str:
    """The wire type that holds all values of a column."""
    present = [value for value in values if value is not None]
    if any(isinstance(value, Variant) for value in present):
        return "variant"
    if present and all(isinstance(value, int) for value in present):
        return "int" if all(-(2**31) <= int(value) < 2**31 for value in present if isinstance(value, int)) else "bigint"
    if present and all(isinstance(value, int | float) for value in present):
        return "float"
    if present and all(isinstance(value, bytes) for value in present):
        return "binary"
    if present and all(isinstance(value, datetime) for value in present):
        return "datetime2"
    return "max" if any(len(str(value)) > _NVARCHAR_LIMIT for value in present) else "nvarchar"


_TYPE_INFO: dict[str, bytes] = {
    "int": b"\x26\x04",
    "bigint": b"\x26\x08",
    "float": b"\x6d\x08",
    "nvarchar": b"\xe7" + struct.pack("<H", 2 * _NVARCHAR_LIMIT) + COLLATION,
    "max": b"\xe7\xff\xff" + COLLATION,
    "binary": b"\xa5" + struct.pack("<H", 8000),
    "datetime2": b"\x2a\x07",
    "variant": b"\x62" + struct.pack("<I", 8009),
}
_NULL: dict[str, bytes] = {
    "int": b"\x00",
    "bigint": b"\x00",
    "float": b"\x00",
    "nvarchar": b"\xff\xff",
    "max": b"\xff" * 8,
    "binary": b"\xff\xff",
    "datetime2": b"\x00",
    "variant": b"\x00" * 4,
}


def _datetime2(value: datetime) -> bytes:
    """Ticks of 100 ns since midnight in five bytes, then days since the first of January of year 1 in three."""
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    ticks = (seconds * 1_000_000 + value.microsecond) * 10
    days = (value.date() - date(1, 1, 1)).days
    return ticks.to_bytes(5, "little") + days.to_bytes(3, "little")


def _variant(value: int | str) -> bytes:
    if isinstance(value, int):
        data = b"\x38\x00" + struct.pack("<i", value)
    else:
        text = value.encode("utf-16-le")
        data = b"\xe7\x07" + COLLATION + struct.pack("<H", len(text)) + text
    return struct.pack("<I", len(data)) + data


def _cell(value: Value, kind: str) -> bytes:
    if value is None:
        return _NULL[kind]
    if kind == "variant":
        inner = value.value if isinstance(value, Variant) else value
        return _variant(inner if isinstance(inner, int) else str(inner))
    if kind in ("int", "bigint") and isinstance(value, int):
        return b"\x04" + struct.pack("<i", value) if kind == "int" else b"\x08" + struct.pack("<q", value)
    if kind == "float" and isinstance(value, int | float):
        return b"\x08" + struct.pack("<d", value)
    if kind == "binary" and isinstance(value, bytes):
        return struct.pack("<H", len(value)) + value
    if kind == "datetime2" and isinstance(value, datetime):
        return b"\x08" + _datetime2(value)
    text = str(value).encode("utf-16-le")
    if kind == "max":
        return struct.pack("<QI", len(text), len(text)) + text + b"\x00" * 4
    return struct.pack("<H", len(text)) + text


def result_set(result: ResultSet) -> bytes:
    """COLMETADATA and one ROW token a row; each column has the type that its values need."""
    kinds = [_kind([row[i] for row in result.rows]) for i in range(len(result.columns))]
    out = bytearray([_TOKEN_COLUMNS]) + struct.pack("<H", len(kinds))
    for name, kind in zip(result.columns, kinds, strict=True):
        out += struct.pack("<IH", 0, 9) + _TYPE_INFO[kind] + _short_text(name[:127])
    for row in result.rows:
        out.append(_TOKEN_ROW)
        for value, kind in zip(row, kinds, strict=True):
            out += _cell(value, kind)
    return bytes(out)
