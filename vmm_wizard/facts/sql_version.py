"""Reads the version of a SQL Server from its first answer (PRELOGIN, MS-TDS 2.2.6.5): nobody logs on for that."""

from __future__ import annotations

import socket
import struct
import time
from typing import Final

from vmm_wizard.addresses import AddressError, Addresses
from vmm_wizard.texts import text

_PRELOGIN: Final = 0x12
_ANSWER: Final = 0x04
_END: Final = 0xFF
#: A version (0.0.0, as clients that know none say) and "no encryption wanted", which a server answers all the same.
_BODY: Final = struct.pack(">BHH", 0, 11, 6) + struct.pack(">BHH", 1, 17, 1) + bytes([_END]) + bytes(6) + bytes([0x00])
#: An answer that is longer is none.
_LONGEST: Final = 4096


def ask_version(host: str, port: int, addresses: Addresses, seconds: float) -> str:
    """The version such as 15.0.4430, by one exchange with the port (0: the usual one) within `seconds`.

    Raises AddressError when nobody answers there, or something that is no SQL Server.
    """
    endpoint = addresses.locate(host, "tds", port)
    until = time.monotonic() + seconds
    try:
        with socket.create_connection((endpoint.address, endpoint.port), timeout=seconds) as connection:
            connection.sendall(struct.pack(">BBHHBB", _PRELOGIN, 1, len(_BODY) + 8, 0, 0, 0) + _BODY)
            head = _read(connection, 8, until)
            length = struct.unpack_from(">H", head, 2)[0]
            if head[0] != _ANSWER or not 8 < length <= _LONGEST:
                raise ValueError("no answer to PRELOGIN")
            return read_version(_read(connection, length - 8, until))
    except (OSError, ValueError) as error:
        told = {"endpoint": endpoint, "kind": type(error).__name__}
        raise AddressError(text("reasons.sql_version.none", **told)) from None


def read_version(answer: bytes) -> str:
    """The version in the body of a server's PRELOGIN. Raises ValueError for other bytes."""
    at = 0
    while at + 5 <= len(answer) and answer[at] != _END:
        token, offset, length = struct.unpack_from(">BHH", answer, at)
        if token == 0 and length >= 4 and offset + 4 <= len(answer):
            major, minor, build = struct.unpack_from(">BBH", answer, offset)
            return f"{major}.{minor}.{build}"
        at += 5
    raise ValueError("PRELOGIN holds no version")


def _read(connection: socket.socket, size: int, until: float) -> bytes:
    data = b""
    while len(data) < size:
        connection.settimeout(max(0.01, until - time.monotonic()))
        part = connection.recv(size - len(data))
        if not part:
            raise ValueError("the answer is cut off")
        data += part
    return data
