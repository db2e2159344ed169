"""What a TDS client sends after its logon: batches and procedure calls with typed parameters (MS-TDS 2.2.6.6)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from vmm_wizard.lab.tds_tokens import Parameter, ProtocolError, SqlError, Value

#: System procedures that clients call by number.
_PROCEDURES = {
    2: "sp_cursoropen",
    10: "sp_executesql",
    11: "sp_prepare",
    12: "sp_execute",
    13: "sp_prepexec",
    15: "sp_unprepare",
}


@dataclass(frozen=True, slots=True)
class Call:
    """A remote procedure call: name in lower case, parameters in order."""

    procedure: str
    parameters: tuple[Parameter, ...]


class Reader:
    """Bytes read from front to back. Raises ProtocolError when they end early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_done(self) -> bool:
        """Whether nothing is left."""
        return self._at >= len(self._data)

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        part = self._data[self._at : self._at + count]
        if len(part) != count:
            raise ProtocolError("the message ends in the middle of a value")
        self._at += count
        return part

    def number(self, size: int, signed: bool = False) -> int:
        """A little-endian integer of `size` bytes."""
        return int.from_bytes(self.take(size), "little", signed=signed)

    def text(self, characters: int) -> str:
        """Text of so many UTF-16 units."""
        return self.take(2 * characters).decode("utf-16-le")


def without_headers(data: bytes) -> bytes:
    """A message body without the ALL_HEADERS block that TDS 7.2 and later put in front."""
    if len(data) < 4:
        raise ProtocolError("the message is too short")
    total = int.from_bytes(data[:4], "little")
    if not 4 <= total <= len(data):
        raise ProtocolError("the header block is longer than the message")
    return data[total:]


def read_batch(data: bytes) -> str:
    """The text of a SQL batch."""
    return without_headers(data).decode("utf-16-le")


def read_call(data: bytes) -> Call:
    """A remote procedure call. Raises SqlError 8016 for a parameter type that is not known here."""
    reader = Reader(without_headers(data))
    length = reader.number(2)
    if length == 0xFFFF:
        number = reader.number(2)
        name = _PROCEDURES.get(number, f"procedure {number}")
    else:
        name = reader.text(length).lower().rpartition(".")[2]
    reader.take(2)
    parameters = []
    while not reader.is_done:
        label = reader.text(reader.number(1))
        reader.take(1)
        parameters.append(Parameter(label, _read_value(reader)))
    return Call(name, tuple(parameters))


def _read_chunks(reader: Reader) -> bytes | None:
    """A value of a (max) type: total length, then chunks, a chunk of length 0 last."""
    if reader.number(8) == 0xFFFFFFFFFFFFFFFF:
        return None
    data = b""
    while size := reader.number(4):
        data += reader.take(size)
    return data


def _read_sized(reader: Reader, kind: int) -> Value:
    """nvarchar, nchar, varchar, char, varbinary and binary, of limited length or (max)."""
    limit = reader.number(2)
    is_binary = kind in (0xA5, 0xAD)
    if not is_binary:
        reader.take(5)
    if limit == 0xFFFF:
        data = _read_chunks(reader)
    else:
        size = reader.number(2)
        data = None if size == 0xFFFF else reader.take(size)
    if data is None or is_binary:
        return data
    return data.decode("utf-16-le" if kind in (0xE7, 0xEF) else "cp1252")


def _read_long(reader: Reader, kind: int) -> Value:
    """ntext and text, as old drivers send them."""
    reader.take(4 + 5)
    size = reader.number(4, signed=True)
    return None if size < 0 else reader.take(size).decode("utf-16-le" if kind == 0x63 else "cp1252")


def _read_nullable(reader: Reader, kind: int) -> Value:
    """intn, bitn, floatn: their size comes with the value, and 0 is NULL."""
    reader.take(1)
    size = reader.number(1)
    if size == 0:
        return None
    data = reader.take(size)
    if kind == 0x6D:
        (value,) = struct.unpack("<f" if size == 4 else "<d", data)
        return float(value)
    return int.from_bytes(data, "little", signed=size > 1)


def _read_datetime2(reader: Reader) -> Value:
    scale = reader.number(1)
    size = reader.number(1)
    if size == 0:
        return None
    ticks = reader.number(size - 3) * 10 ** (7 - scale)
    days = reader.number(3)
    day = date(1, 1, 1) + timedelta(days=days)
    return datetime(day.year, day.month, day.day) + timedelta(microseconds=ticks // 10)  # noqa: DTZ001 - datetime2 has no zone


def _read_value(reader: Reader) -> Value:
    kind = reader.number(1)
    if kind in (0xE7, 0xEF, 0xA7, 0xAF, 0xA5, 0xAD):
        return _read_sized(reader, kind)
    if kind in (0x63, 0x23):
        return _read_long(reader, kind)
    if kind in (0x26, 0x68, 0x6D):
        return _read_nullable(reader, kind)
    if kind == 0x2A:
        return _read_datetime2(reader)
    fixed = {0x30: 1, 0x32: 1, 0x34: 2, 0x38: 4, 0x7F: 8}
    if kind in fixed:
        return reader.number(fixed[kind], signed=fixed[kind] > 1)
    raise SqlError(
        8016,
        f"The incoming tabular data stream (TDS) RPC protocol stream is incorrect. Data type 0x{kind:02X} is unknown.",
        1,
        16,
    )
