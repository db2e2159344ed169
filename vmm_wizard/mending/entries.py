"""More entries in a stored security descriptor: all that is there stays, byte by byte, whatever kind it is of."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from vmm_wizard.facts.descriptor import UnreadableDescriptor, sid_bytes
from vmm_wizard.facts.model import Ace
from vmm_wizard.texts import text

_HEADER: Final = struct.Struct("<BBHIIII")
_ACL: Final = struct.Struct("<BBHHH")
_ACE: Final = struct.Struct("<BBH")

_DACL_PRESENT: Final = 0x0004
_SELF_RELATIVE: Final = 0x8000
#: What of the control word speaks of the DACL (MS-DTYP 2.4.6): present, automatic inheritance, protection.
_DACL_CONTROL: Final = 0x0004 | 0x0100 | 0x0400 | 0x1000
_INHERITED: Final = 0x10
_ALLOW, _DENY = 0x00, 0x01
_LARGEST_ACL: Final = 0xFFFF


def with_entries(descriptor: bytes, more: Sequence[Ace]) -> bytes:
    """The DACL of a self-relative `descriptor` with `more` in it, as a descriptor that holds nothing but that DACL.

    In Windows' order: new denials first of all, new grants behind the explicit entries and before the inherited ones.
    `more` may have no object types. Raises UnreadableDescriptor: for bytes that make no sense, for an object without a
    DACL (where everybody may do everything, so that a grant would take away), and when it grows too large.
    """
    if len(descriptor) < _HEADER.size:
        raise UnreadableDescriptor(text("reasons.descriptor.cut_off"))
    revision, _, control, _, _, _, dacl_at = _HEADER.unpack_from(descriptor)
    if revision != 1 or not control & _SELF_RELATIVE:
        raise UnreadableDescriptor(text("reasons.descriptor.not_relative"))
    if not control & _DACL_PRESENT or not dacl_at:
        raise UnreadableDescriptor(text("mending.entries.no_list"))
    acl_revision, entries = _stored(descriptor, dacl_at)
    first_inherited = next((at for at, ace in enumerate(entries) if ace[1] & _INHERITED), len(entries))
    denials = [_entry(ace) for ace in more if not ace.allow]
    grants = [_entry(ace) for ace in more if ace.allow]
    ordered = [*denials, *entries[:first_inherited], *grants, *entries[first_inherited:]]
    body = b"".join(ordered)
    if _ACL.size + len(body) > _LARGEST_ACL:
        raise UnreadableDescriptor(text("mending.entries.too_large"))
    head = _HEADER.pack(1, 0, control & _DACL_CONTROL | _SELF_RELATIVE, 0, 0, 0, _HEADER.size)
    return head + _ACL.pack(acl_revision, 0, _ACL.size + len(body), len(ordered), 0) + body


def _stored(descriptor: bytes, at: int) -> tuple[int, list[bytes]]:
    """The revision of the list at `at`, and its entries as they are stored."""
    if len(descriptor) < at + _ACL.size:
        raise UnreadableDescriptor(text("reasons.descriptor.list_cut_off"))
    revision, _, size, count, _ = _ACL.unpack_from(descriptor, at)
    end = min(at + size, len(descriptor))
    found = []
    at += _ACL.size
    for _ in range(count):
        if at + _ACE.size > end:
            raise UnreadableDescriptor(text("reasons.descriptor.fewer_entries"))
        length = _ACE.unpack_from(descriptor, at)[2]
        if length < _ACE.size or at + length > end:
            raise UnreadableDescriptor(text("reasons.descriptor.entry_cut_off"))
        found.append(descriptor[at : at + length])
        at += length
    return revision, found


def _entry(ace: Ace) -> bytes:
    if ace.object_type or ace.inherited_object_type:
        raise ValueError("an entry with an object type is not written here")
    sid = sid_bytes(ace.sid)
    kind = _ALLOW if ace.allow else _DENY
    return _ACE.pack(kind, ace.flags, _ACE.size + 4 + len(sid)) + struct.pack("<I", ace.mask) + sid
