"""How a TDS connection begins: PRELOGIN and LOGIN7 (MS-TDS 2.2.6.4, 2.2.6.5)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from vmm_wizard.lab.tds_tokens import ProtocolError


class Encryption(StrEnum):
    """What the instance offers. `OFFERED` is the default: the client decides; `REQUIRED` is Force Encryption."""

    UNSUPPORTED = "unsupported"
    OFFERED = "offered"
    REQUIRED = "required"


class Wish(IntEnum):
    """The encryption byte of PRELOGIN."""

    OFF = 0
    ON = 1
    NOT_SUPPORTED = 2
    REQUIRED = 3


def read_prelogin(data: bytes) -> Wish:
    """What the client wishes about encryption. Raises ProtocolError."""
    at = 0
    while True:
        if at >= len(data):
            raise ProtocolError("PRELOGIN has no terminator")
        if data[at] == 0xFF:
            return Wish.NOT_SUPPORTED
        if at + 5 > len(data):
            raise ProtocolError("PRELOGIN is cut short")
        token, offset, length = struct.unpack(">BHH", data[at : at + 5])
        if token == 1 and length:
            return Wish(data[offset] & 3) if offset < len(data) else Wish.NOT_SUPPORTED
        at += 5


def agreed_encryption(offer: Encryption, wish: Wish) -> Wish:
    """The server's answer to a wish, by the table in MS-TDS 2.2.6.5."""
    if offer is Encryption.UNSUPPORTED:
        return Wish.NOT_SUPPORTED
    if offer is Encryption.REQUIRED:
        return Wish.ON if wish is Wish.ON else Wish.REQUIRED
    return Wish.ON if wish in (Wish.ON, Wish.REQUIRED) else wish


def prelogin_answer(version: tuple[int, int, int], answer: Wish) -> bytes:
    """The server's PRELOGIN: version, encryption, instance accepted, thread id, no MARS."""
    major, minor, build = version
    fields = [
        (0, struct.pack(">BBHH", major, minor, build, 0)),
        (1, bytes([answer])),
        (2, b"\x00"),
        (3, b""),
        (4, b"\x00"),
    ]
    offset = 5 * len(fields) + 1
    head = b""
    body = b""
    for token, value in fields:
        head += struct.pack(">BHH", token, offset + len(body), len(value))
        body += value
    return head + b"\xff" + body


@dataclass(frozen=True, slots=True)
class LoginRecord:
    """What LOGIN7 says. `sspi` is the first token of a Windows logon, empty for a SQL login."""

    host: str
    user: str
    password: str
    application: str
    server: str
    library: str
    database: str
    packet_size: int
    is_integrated: bool
    sspi: bytes

    def __repr__(self) -> str:
        return f"LoginRecord(user={self.user!r}, application={self.application!r}, database={self.database!r})"


def _unscramble(data: bytes) -> str:
    """The password: each byte XOR 0xA5, its halves swapped."""
    plain = bytes((byte ^ 0xA5) >> 4 | ((byte ^ 0xA5) << 4) & 0xF0 for byte in data)
    return plain.decode("utf-16-le")


def read_login(data: bytes) -> LoginRecord:
    """A LOGIN7 record. Raises ProtocolError when it is cut short."""
    if len(data) < 94:
        raise ProtocolError("LOGIN7 is too short")

    def field(position: int, width: int = 2) -> bytes:
        offset, count = struct.unpack_from("<HH", data, position)
        part = data[offset : offset + width * count]
        if len(part) != width * count:
            raise ProtocolError("LOGIN7 points outside itself")
        return part

    def text(position: int) -> str:
        return field(position).decode("utf-16-le")

    sspi = field(78, width=1)
    return LoginRecord(
        host=text(36),
        user=text(40),
        password=_unscramble(field(44)),
        application=text(48),
        server=text(52),
        library=text(60),
        database=text(68),
        packet_size=struct.unpack_from("<I", data, 8)[0] or 4096,
        is_integrated=bool(data[25] & 0x80) or bool(sspi),
        sspi=sspi,
    )
