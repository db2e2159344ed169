"""Reads what Active Directory stores as bytes: security identifiers and security descriptors (MS-DTYP)."""

from __future__ import annotations

import struct
from typing import Final
from uuid import UUID

from vmm_wizard.facts.model import Ace, SecurityDescriptor
from vmm_wizard.texts import text

_HEADER: Final = struct.Struct("<BxHIIII")
_ACL: Final = struct.Struct("<BxHHxx")
_ACE: Final = struct.Struct("<BBH")
_WORD: Final = struct.Struct("<I")

_DACL_PRESENT: Final = 0x0004
_DACL_PROTECTED: Final = 0x1000
_SELF_RELATIVE: Final = 0x8000

_OBJECT_TYPE_PRESENT: Final = 0x1
_INHERITED_OBJECT_TYPE_PRESENT: Final = 0x2

#: Kinds of entries by number (MS-DTYP 2.4.4.1): those that grant, those that deny, those that carry object types.
#: Those that grant under a condition (9 and 11) are in none of them; see `parse_descriptor`.
_ALLOWED: Final = frozenset({0x00, 0x05})
_DENIED: Final = frozenset({0x01, 0x06, 0x0A, 0x0C})
_WITH_OBJECT_TYPES: Final = frozenset({0x05, 0x06, 0x0C})


class UnreadableDescriptor(ValueError):
    """Bytes that are no security identifier or descriptor. The text says where they stop making sense."""


def sid_text(data: bytes) -> str:
    """A binary security identifier as `S-1-5-...` (MS-DTYP 2.4.2). Bytes behind it are ignored.

    Raises UnreadableDescriptor when it is cut off or of another revision.
    """
    if len(data) < 8 or data[0] != 1 or len(data) < _sid_length(data):
        raise UnreadableDescriptor(text("reasons.descriptor.sid"))
    authority = int.from_bytes(data[2:8], "big")
    # Authorities of more than 32 bits are written in hexadecimal (MS-DTYP 2.4.2.1).
    first = str(authority) if authority < 1 << 32 else f"0x{authority:012X}"
    parts = struct.unpack_from(f"<{data[1]}I", data, 8)
    return "-".join(["S-1", first, *(str(part) for part in parts)])


def sid_bytes(written: str) -> bytes:
    """The binary form of `S-1-...`, as filters need it. Raises UnreadableDescriptor when the text is no identifier."""
    try:
        prefix, revision, first, *rest = written.split("-")
        parts = [int(part) for part in rest]
        if prefix.upper() != "S" or revision != "1" or len(parts) > 255:
            raise ValueError
        return struct.pack(f"<BB6s{len(parts)}I", 1, len(parts), int(first, 0).to_bytes(6, "big"), *parts)
    except (ValueError, OverflowError, struct.error):
        raise UnreadableDescriptor(text("reasons.descriptor.no_sid", sid=written)) from None


def parse_descriptor(data: bytes) -> SecurityDescriptor:
    """A self-relative security descriptor as it is stored (MS-DTYP 2.4.6): owner and DACL, entries in stored order.

    Entries that grant under a condition (kinds 9 and 11) grant nothing here, since a condition cannot be judged from
    outside; those that deny under one count as denying. Kinds that have no place in a DACL are left out, as Windows
    does. Raises UnreadableDescriptor when the bytes are cut off or inconsistent.
    """
    if len(data) < _HEADER.size:
        raise UnreadableDescriptor(text("reasons.descriptor.cut_off"))
    revision, control, owner_at, _, _, dacl_at = _HEADER.unpack_from(data)
    if revision != 1 or not control & _SELF_RELATIVE:
        raise UnreadableDescriptor(text("reasons.descriptor.not_relative"))
    owner = sid_text(data[owner_at:]) if owner_at else ""
    dacl: tuple[Ace, ...] | None = None
    if control & _DACL_PRESENT and dacl_at:
        dacl = _parse_acl(data, dacl_at)
    return SecurityDescriptor(owner, dacl, bool(control & _DACL_PROTECTED))


def _parse_acl(data: bytes, at: int) -> tuple[Ace, ...]:
    if len(data) < at + _ACL.size:
        raise UnreadableDescriptor(text("reasons.descriptor.list_cut_off"))
    _, size, count = _ACL.unpack_from(data, at)
    end = at + size
    if end > len(data):
        raise UnreadableDescriptor(text("reasons.descriptor.list_cut_off"))
    found: list[Ace] = []
    at += _ACL.size
    for _ in range(count):
        if at + _ACE.size > end:
            raise UnreadableDescriptor(text("reasons.descriptor.fewer_entries"))
        kind, flags, length = _ACE.unpack_from(data, at)
        if length < _ACE.size or at + length > end:
            raise UnreadableDescriptor(text("reasons.descriptor.entry_cut_off"))
        ace = _parse_ace(kind, flags, data[at + _ACE.size : at + length])
        if ace is not None:
            found.append(ace)
        at += length
    return tuple(found)


def _parse_ace(kind: int, flags: int, body: bytes) -> Ace | None:
    if kind not in _ALLOWED and kind not in _DENIED:
        return None
    mask, at = _word(body, 0)
    object_type = inherited_type = ""
    if kind in _WITH_OBJECT_TYPES:
        present, at = _word(body, at)
        if present & _OBJECT_TYPE_PRESENT:
            object_type, at = _guid(body, at)
        if present & _INHERITED_OBJECT_TYPE_PRESENT:
            inherited_type, at = _guid(body, at)
    return Ace(kind in _ALLOWED, sid_text(body[at:]), mask, flags, object_type, inherited_type)


def _word(data: bytes, at: int) -> tuple[int, int]:
    if len(data) < at + _WORD.size:
        raise UnreadableDescriptor(text("reasons.descriptor.entry_cut_off"))
    return int(_WORD.unpack_from(data, at)[0]), at + _WORD.size


def _guid(data: bytes, at: int) -> tuple[str, int]:
    if len(data) < at + 16:
        raise UnreadableDescriptor(text("reasons.descriptor.type_cut_off"))
    return str(UUID(bytes_le=data[at : at + 16])), at + 16


def _sid_length(data: bytes) -> int:
    return 8 + 4 * data[1]
