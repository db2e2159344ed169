"""Security descriptors as AD stores them, read as winacl reads them."""

from __future__ import annotations

import struct
from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from winacl.dtyp.ace import (
    ACCESS_ALLOWED_ACE,
    ACCESS_ALLOWED_CALLBACK_ACE,
    ACCESS_ALLOWED_OBJECT_ACE,
    ACCESS_DENIED_ACE,
    ACCESS_DENIED_OBJECT_ACE,
    SYSTEM_AUDIT_ACE,
    AceFlags,
    ACEType,
)
from winacl.dtyp.acl import ACL
from winacl.dtyp.guid import GUID
from winacl.dtyp.security_descriptor import SE_SACL, SECURITY_DESCRIPTOR
from winacl.dtyp.sid import SID

from vmm_wizard.facts.descriptor import UnreadableDescriptor, parse_descriptor, sid_bytes, sid_text
from vmm_wizard.facts.model import Ace, SecurityDescriptor

EVERYONE = "S-1-1-0"
DOMAIN = "S-1-5-21-1004336348-1177238915-682003330"
FULL_CONTROL = 0xF01FF

sids = st.builds(
    lambda authority, parts: "-".join(["S-1", authority, *map(str, parts)]),
    st.one_of(
        st.integers(0, (1 << 32) - 1).map(str),
        st.integers(1 << 32, (1 << 48) - 1).map(lambda number: f"0x{number:012X}"),
    ),
    st.lists(st.integers(0, (1 << 32) - 1), max_size=15),
)
guids = st.one_of(st.just(""), st.uuids().map(str))
aces = st.builds(Ace, st.booleans(), sids, st.integers(0, (1 << 32) - 1), st.integers(0, 0x1F), guids, guids)


def as_winacl(ace: Ace) -> object:
    """The same entry made by winacl."""
    typed = bool(ace.object_type or ace.inherited_object_type)
    kinds = {
        (True, False): ACCESS_ALLOWED_ACE,
        (False, False): ACCESS_DENIED_ACE,
        (True, True): ACCESS_ALLOWED_OBJECT_ACE,
        (False, True): ACCESS_DENIED_OBJECT_ACE,
    }
    made = kinds[ace.allow, typed]()
    made.AceFlags = AceFlags(ace.flags)
    made.Mask = ace.mask
    made.Sid = SID.from_string(ace.sid)
    if typed:
        made.Flags = 0
        made.ObjectType = GUID.from_string(ace.object_type) if ace.object_type else None
        made.InheritedObjectType = GUID.from_string(ace.inherited_object_type) if ace.inherited_object_type else None
    return made


def stored(owner: str, entries: list[object] | None, *, protected: bool = False) -> bytes:
    """A self-relative descriptor written by winacl."""
    descriptor = SECURITY_DESCRIPTOR()
    descriptor.Control = SE_SACL.SE_SELF_RELATIVE
    if protected:
        descriptor.Control |= SE_SACL.SE_DACL_PROTECTED
    descriptor.Owner = SID.from_string(owner)
    descriptor.Group = SID.from_string(EVERYONE)
    if entries is not None:
        descriptor.Control |= SE_SACL.SE_DACL_PRESENT
        descriptor.Dacl = ACL()
        descriptor.Dacl.AclRevision = 4
        descriptor.Dacl.aces = entries
    return bytes(descriptor.to_bytes())


@given(sids)
def test_a_security_identifier_reads_back_as_it_was_written(text: str) -> None:
    assert sid_text(sid_bytes(text)) == text
    assert sid_bytes(text) == SID.from_string(text).to_bytes()
    assert sid_text(sid_bytes(text)) == str(SID.from_bytes(sid_bytes(text)))


@pytest.mark.parametrize("text", ["", "S-1", "S-2-5-32", "S-1-5-x", "S-1-5-4294967296", "S-1-281474976710656-1"])
def test_text_that_is_no_security_identifier_is_refused(text: str) -> None:
    with pytest.raises(UnreadableDescriptor):
        sid_bytes(text)


@given(sids, st.lists(aces, max_size=6), st.booleans())
def test_owner_and_entries_come_back_in_stored_order(owner: str, entries: list[Ace], protected: bool) -> None:
    read = parse_descriptor(stored(owner, [as_winacl(ace) for ace in entries], protected=protected))
    assert read.owner == owner
    assert read.dacl == tuple(entries)
    assert read.protected is protected


@given(st.lists(aces, min_size=1, max_size=4))
def test_winacl_sees_the_same_in_the_same_bytes(entries: list[Ace]) -> None:
    raw = stored(EVERYONE, [as_winacl(ace) for ace in entries])
    oracle = SECURITY_DESCRIPTOR.from_bytes(raw)
    read = parse_descriptor(raw)
    assert read.owner == str(oracle.Owner)
    assert read.dacl is not None
    assert [(str(ace.Sid), int(ace.Mask), int(ace.AceFlags)) for ace in oracle.Dacl.aces] == [
        (ace.sid, ace.mask, ace.flags) for ace in read.dacl
    ]


def test_no_dacl_is_not_an_empty_dacl() -> None:
    assert parse_descriptor(stored(EVERYONE, None)).dacl is None
    assert parse_descriptor(stored(EVERYONE, [])).dacl == ()


def test_a_grant_under_a_condition_grants_nothing() -> None:
    conditional = ACCESS_ALLOWED_CALLBACK_ACE()
    conditional.AceFlags = AceFlags(0)
    conditional.Mask = FULL_CONTROL
    conditional.Sid = SID.from_string(EVERYONE)
    conditional.ApplicationData = b"artx"
    plain = Ace(True, f"{DOMAIN}-1105", FULL_CONTROL, 2)
    assert parse_descriptor(stored(EVERYONE, [conditional, as_winacl(plain)])).dacl == (plain,)


def test_an_audit_entry_among_the_others_is_left_out() -> None:
    audit = SYSTEM_AUDIT_ACE()
    audit.AceType = ACEType.SYSTEM_AUDIT_ACE_TYPE
    audit.AceFlags = AceFlags(0x40)
    audit.Mask = FULL_CONTROL
    audit.Sid = SID.from_string(EVERYONE)
    plain = Ace(False, EVERYONE, 0x10040)
    assert parse_descriptor(stored(EVERYONE, [audit, as_winacl(plain)])).dacl == (plain,)


def test_object_types_are_lower_case_with_hyphens() -> None:
    computer = "bf967a86-0de6-11d0-a285-00aa003049e2"
    ace = Ace(True, EVERYONE, 0x1, 0, computer, "")
    read = parse_descriptor(stored(EVERYONE, [as_winacl(ace)]))
    assert read.dacl is not None
    assert read.dacl[0].object_type == str(UUID(computer.upper()))


@given(st.lists(aces, min_size=1, max_size=3), st.data())
def test_cut_off_bytes_are_refused_and_never_read_as_less(entries: list[Ace], data: st.DataObject) -> None:
    raw = stored(EVERYONE, [as_winacl(ace) for ace in entries])
    shorter = raw[: data.draw(st.integers(0, len(raw) - 1))]
    with pytest.raises(UnreadableDescriptor):
        parse_descriptor(shorter)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_one_way(raw: bytes) -> None:
    with suppress(UnreadableDescriptor):
        assert isinstance(parse_descriptor(raw), SecurityDescriptor)


def test_an_absolute_descriptor_is_refused() -> None:
    with pytest.raises(UnreadableDescriptor):
        parse_descriptor(struct.pack("<BxHIIII", 1, 0x0004, 0, 0, 0, 0))
