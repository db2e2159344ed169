"""Security identifiers and descriptors of the practice directory, and their binary form on the wire (MS-DTYP 2.4)."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

# Rights on a directory object (MS-ADTS 5.1.3.2).
CREATE_CHILD: Final = 0x1
DELETE_CHILD: Final = 0x2
LIST_CONTENTS: Final = 0x4
SELF: Final = 0x8
READ_PROPERTY: Final = 0x10
WRITE_PROPERTY: Final = 0x20
DELETE_TREE: Final = 0x40
LIST_OBJECT: Final = 0x80
CONTROL_ACCESS: Final = 0x100
DELETE: Final = 0x10000
READ_CONTROL: Final = 0x20000
WRITE_DAC: Final = 0x40000
WRITE_OWNER: Final = 0x80000
#: What "Full Control" is on a directory object (DKM-02).
FULL_CONTROL: Final = 0xF01FF

GENERIC_ALL: Final = 0x10000000
GENERIC_EXECUTE: Final = 0x20000000
GENERIC_WRITE: Final = 0x40000000
GENERIC_READ: Final = 0x80000000
GENERIC_BITS: Final = GENERIC_ALL | GENERIC_EXECUTE | GENERIC_WRITE | GENERIC_READ

# Flags of an access control entry (MS-DTYP 2.4.4.1).
OBJECT_INHERIT: Final = 0x1
CONTAINER_INHERIT: Final = 0x2
NO_PROPAGATE: Final = 0x4
INHERIT_ONLY: Final = 0x8
INHERITED: Final = 0x10

# Parts of a descriptor, as the SD_FLAGS control names them (MS-ADTS 3.1.1.3.4.1.11).
OWNER_PART: Final = 0x1
GROUP_PART: Final = 0x2
DACL_PART: Final = 0x4
SACL_PART: Final = 0x8

# Well-known security identifiers (MS-DTYP 2.4.2.4).
EVERYONE: Final = "S-1-1-0"
CREATOR_OWNER: Final = "S-1-3-0"
CREATOR_GROUP: Final = "S-1-3-1"
OWNER_RIGHTS: Final = "S-1-3-4"
NETWORK: Final = "S-1-5-2"
PRINCIPAL_SELF: Final = "S-1-5-10"
AUTHENTICATED_USERS: Final = "S-1-5-11"
THIS_ORGANIZATION: Final = "S-1-5-15"
SYSTEM: Final = "S-1-5-18"
BUILTIN_ADMINISTRATORS: Final = "S-1-5-32-544"
BUILTIN_USERS: Final = "S-1-5-32-545"
BUILTIN_GUESTS: Final = "S-1-5-32-546"

_SELF_RELATIVE = 0x8000
_DACL_PROTECTED = 0x1000
_DACL_AUTO_INHERITED = 0x0400
_DACL_PRESENT = 0x0004

_HEADER = struct.Struct("<BBHIIII")
_ACL_HEADER = struct.Struct("<BBHHH")
_ACE_HEADER = struct.Struct("<BBHI")
_ACL_REVISION = 2
_ACL_REVISION_OBJECTS = 4
_ALLOW, _DENY, _ALLOW_OBJECT, _DENY_OBJECT = 0, 1, 5, 6
_HAS_OBJECT_TYPE, _HAS_INHERITED_TYPE = 1, 2

_SID_TEXT = re.compile(r"S-1-(0x[0-9A-Fa-f]{1,12}|\d{1,15})((?:-\d{1,10}){0,15})")


class MalformedDescriptor(ValueError):
    """Bytes or text that are no security identifier or descriptor."""


def sid_to_bytes(sid: str) -> bytes:
    """The binary form of `S-1-...` (MS-DTYP 2.4.2.2). Raises MalformedDescriptor."""
    match = _SID_TEXT.fullmatch(sid)
    if match is None:
        raise MalformedDescriptor(f"{sid!r} is not a security identifier")
    authority = int(match[1], 0)
    parts = [int(part) for part in match[2].split("-")[1:]]
    if authority >= 1 << 48 or any(part >= 1 << 32 for part in parts):
        raise MalformedDescriptor(f"{sid!r} holds a number that is too large")
    return struct.pack(f"<BB6s{len(parts)}I", 1, len(parts), authority.to_bytes(6, "big"), *parts)


def sid_length(data: bytes, offset: int = 0) -> int:
    """How many bytes the identifier at `offset` takes. Raises MalformedDescriptor when it is cut off."""
    if len(data) < offset + 8:
        raise MalformedDescriptor("a security identifier is cut off")
    length = 8 + 4 * data[offset + 1]
    if len(data) < offset + length:
        raise MalformedDescriptor("a security identifier is cut off")
    return length


@lru_cache(1024)
def sid_from_bytes(data: bytes) -> str:
    """The text form of a binary identifier. Raises MalformedDescriptor."""
    length = sid_length(data)
    if data[0] != 1 or data[1] > 15 or length != len(data):
        raise MalformedDescriptor(f"{data.hex()} is not a security identifier")
    authority = int.from_bytes(data[2:8], "big")
    parts = struct.unpack_from(f"<{data[1]}I", data, 8)
    first = str(authority) if authority < 1 << 32 else f"0x{authority:012X}"
    return "-".join(["S", "1", first, *(str(part) for part in parts)])


@dataclass(frozen=True, slots=True)
class Ace:
    """One access control entry: `mask` allowed (or denied) to `sid`.

    `object_type` narrows it to one child class, attribute or property set; `inherited_object_type` lets only children
    of one class inherit it.
    """

    allow: bool
    mask: int
    sid: str
    flags: int = 0
    object_type: UUID | None = None
    inherited_object_type: UUID | None = None

    @property
    def is_inherited(self) -> bool:
        """Whether it came from the parent object."""
        return bool(self.flags & INHERITED)

    def to_bytes(self) -> bytes:
        """The entry as MS-DTYP 2.4.4 lays it out."""
        body = sid_to_bytes(self.sid)
        kind = _ALLOW if self.allow else _DENY
        if self.object_type is not None or self.inherited_object_type is not None:
            kind = _ALLOW_OBJECT if self.allow else _DENY_OBJECT
            present = _HAS_OBJECT_TYPE if self.object_type is not None else 0
            present |= _HAS_INHERITED_TYPE if self.inherited_object_type is not None else 0
            guids = [guid.bytes_le for guid in (self.object_type, self.inherited_object_type) if guid is not None]
            body = struct.pack("<I", present) + b"".join(guids) + body
        return _ACE_HEADER.pack(kind, self.flags, _ACE_HEADER.size + len(body), self.mask) + body

    @classmethod
    def from_bytes(cls, data: bytes) -> Ace:
        """Read exactly one entry. Raises MalformedDescriptor for a kind that has no place in a DACL."""
        if len(data) < _ACE_HEADER.size:
            raise MalformedDescriptor("an access control entry is cut off")
        kind, flags, _, mask = _ACE_HEADER.unpack_from(data)
        offset = _ACE_HEADER.size
        types: list[UUID | None] = [None, None]
        if kind in (_ALLOW_OBJECT, _DENY_OBJECT):
            types, offset = _object_types(data, offset)
        elif kind not in (_ALLOW, _DENY):
            raise MalformedDescriptor(f"access control entry of kind {kind}")
        sid = sid_from_bytes(data[offset : offset + sid_length(data, offset)])
        return cls(kind in (_ALLOW, _ALLOW_OBJECT), mask, sid, flags, types[0], types[1])


def _object_types(data: bytes, offset: int) -> tuple[list[UUID | None], int]:
    if len(data) < offset + 4:
        raise MalformedDescriptor("an object access control entry is cut off")
    present = int.from_bytes(data[offset : offset + 4], "little")
    offset += 4
    types: list[UUID | None] = []
    for bit in (_HAS_OBJECT_TYPE, _HAS_INHERITED_TYPE):
        if not present & bit:
            types.append(None)
            continue
        if len(data) < offset + 16:
            raise MalformedDescriptor("an object access control entry is cut off")
        types.append(UUID(bytes_le=data[offset : offset + 16]))
        offset += 16
    return types, offset


@dataclass(frozen=True, slots=True)
class Descriptor:
    """Who owns an object and who may do what. `protected` descriptors inherit nothing. No SACL: the estate audits
    nothing."""

    owner: str
    group: str
    aces: tuple[Ace, ...] = ()
    protected: bool = False

    def to_bytes(self, parts: int = OWNER_PART | GROUP_PART | DACL_PART) -> bytes:
        """The self-relative form with the chosen parts only (MS-DTYP 2.4.6)."""
        control = _SELF_RELATIVE | _DACL_AUTO_INHERITED
        control |= _DACL_PROTECTED if self.protected else 0
        body = b""
        offsets = {OWNER_PART: 0, GROUP_PART: 0, DACL_PART: 0}
        if parts & DACL_PART:
            control |= _DACL_PRESENT
            offsets[DACL_PART] = _HEADER.size
            body += self._dacl()
        for part, sid in ((OWNER_PART, self.owner), (GROUP_PART, self.group)):
            if parts & part and sid:
                offsets[part] = _HEADER.size + len(body)
                body += sid_to_bytes(sid)
        return _HEADER.pack(1, 0, control, offsets[OWNER_PART], offsets[GROUP_PART], 0, offsets[DACL_PART]) + body

    def _dacl(self) -> bytes:
        entries = b"".join(ace.to_bytes() for ace in self.aces)
        typed = any(ace.object_type or ace.inherited_object_type for ace in self.aces)
        revision = _ACL_REVISION_OBJECTS if typed else _ACL_REVISION
        return _ACL_HEADER.pack(revision, 0, _ACL_HEADER.size + len(entries), len(self.aces), 0) + entries

    @classmethod
    def from_bytes(cls, data: bytes) -> Descriptor:
        """Read a self-relative descriptor; a part that is missing is empty. Raises MalformedDescriptor."""
        if len(data) < _HEADER.size:
            raise MalformedDescriptor("a security descriptor is cut off")
        revision, _, control, owner, group, _, dacl = _HEADER.unpack_from(data)
        if revision != 1 or not control & _SELF_RELATIVE:
            raise MalformedDescriptor("not a self-relative security descriptor")
        aces = _read_dacl(data, dacl) if control & _DACL_PRESENT and dacl else ()
        return cls(_read_sid(data, owner), _read_sid(data, group), aces, bool(control & _DACL_PROTECTED))


def _read_sid(data: bytes, offset: int) -> str:
    return sid_from_bytes(data[offset : offset + sid_length(data, offset)]) if offset else ""


def _read_dacl(data: bytes, offset: int) -> tuple[Ace, ...]:
    if len(data) < offset + _ACL_HEADER.size:
        raise MalformedDescriptor("an access control list is cut off")
    _, _, _, count, _ = _ACL_HEADER.unpack_from(data, offset)
    offset += _ACL_HEADER.size
    aces = []
    for _ in range(count):
        size = int.from_bytes(data[offset + 2 : offset + 4], "little")
        if size < _ACE_HEADER.size or len(data) < offset + size:
            raise MalformedDescriptor("an access control entry is cut off")
        aces.append(Ace.from_bytes(data[offset : offset + size]))
        offset += size
    return tuple(aces)


def allow(sid: str, mask: int, flags: int = 0, object_type: UUID | None = None) -> Ace:
    """An entry that grants `mask` to `sid`."""
    return Ace(True, mask, sid, flags, object_type)


def deny(sid: str, mask: int, flags: int = 0, object_type: UUID | None = None) -> Ace:
    """An entry that denies `mask` to `sid`."""
    return Ace(False, mask, sid, flags, object_type)
