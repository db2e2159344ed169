"""Security identifiers and descriptors: their bytes, who may do what, and what children inherit."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from winacl.dtyp.security_descriptor import SECURITY_DESCRIPTOR

from vmm_wizard.lab.access import as_stored, effective_mask, inherited_aces, map_generic
from vmm_wizard.lab.descriptors import (
    CONTAINER_INHERIT,
    CREATE_CHILD,
    CREATOR_OWNER,
    DACL_PART,
    DELETE,
    FULL_CONTROL,
    GENERIC_ALL,
    GENERIC_READ,
    INHERIT_ONLY,
    INHERITED,
    NO_PROPAGATE,
    OBJECT_INHERIT,
    OWNER_PART,
    OWNER_RIGHTS,
    READ_CONTROL,
    WRITE_DAC,
    WRITE_PROPERTY,
    Ace,
    Descriptor,
    MalformedDescriptor,
    allow,
    deny,
    sid_from_bytes,
    sid_to_bytes,
)
from vmm_wizard.lab.schema import CLASS_GUIDS, COMPUTER_CLASS

ALICE = "S-1-5-21-1-2-3-1001"
BOB = "S-1-5-21-1-2-3-1002"
ADMINS = "S-1-5-21-1-2-3-512"
USER_CLASS = CLASS_GUIDS["user"]

sids = st.builds(
    lambda authority, parts: "-".join(["S-1", str(authority), *map(str, parts)]),
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(0, 2**32 - 1), max_size=15),
)
guids = st.none() | st.uuids()
aces = st.builds(Ace, st.booleans(), st.integers(0, 2**32 - 1), sids, st.integers(0, 31), guids, guids)
descriptors = st.builds(Descriptor, sids, sids, st.lists(aces, max_size=8).map(tuple), st.booleans())


@given(sids)
def test_an_identifier_comes_back_from_its_bytes(sid: str) -> None:
    assert sid_from_bytes(sid_to_bytes(sid)) == sid


def test_an_identifier_has_the_bytes_that_windows_gives_it() -> None:
    assert sid_to_bytes("S-1-5-32-544").hex() == "01020000000000052000000020020000"


def test_an_authority_beyond_32_bits_is_written_in_hexadecimal() -> None:
    assert sid_from_bytes(sid_to_bytes("S-1-0x0100000000AB-7")) == "S-1-0x0100000000AB-7"


@pytest.mark.parametrize("text", ["", "S-1", "S-2-5-32", "S-1-5-4294967296", "S-1-5" + "-1" * 16, "S-1-5-x"])
def test_text_that_is_no_identifier_is_refused(text: str) -> None:
    with pytest.raises(MalformedDescriptor):
        sid_to_bytes(text)


@given(descriptors)
def test_a_descriptor_comes_back_from_its_bytes(descriptor: Descriptor) -> None:
    assert Descriptor.from_bytes(descriptor.to_bytes()) == descriptor


@given(descriptors)
def test_winacl_reads_the_same_out_of_our_bytes(descriptor: Descriptor) -> None:
    seen = SECURITY_DESCRIPTOR.from_bytes(descriptor.to_bytes())
    assert str(seen.Owner) == descriptor.owner
    assert str(seen.Group) == descriptor.group
    read = [
        Ace(
            "ALLOWED" in type(ace).__name__,
            int(ace.Mask),
            str(ace.Sid),
            int(ace.AceFlags),
            *(
                UUID(str(kind)) if (kind := getattr(ace, name, None)) else None
                for name in ("ObjectType", "InheritedObjectType")
            ),
        )
        for ace in seen.Dacl.aces
    ]
    assert tuple(read) == descriptor.aces


@given(st.binary(max_size=200))
def test_bytes_that_are_no_descriptor_are_refused_and_nothing_else_happens(data: bytes) -> None:
    try:
        Descriptor.from_bytes(data)
    except MalformedDescriptor:
        return


@given(descriptors, st.integers(0, 400))
def test_a_descriptor_that_is_cut_off_is_refused(descriptor: Descriptor, length: int) -> None:
    data = descriptor.to_bytes()
    with pytest.raises(MalformedDescriptor):
        Descriptor.from_bytes(data[: min(length, len(data) - 1)])


def test_only_the_parts_that_are_asked_for_are_in_the_bytes() -> None:
    descriptor = Descriptor(ALICE, ADMINS, (allow(BOB, FULL_CONTROL),))
    assert Descriptor.from_bytes(descriptor.to_bytes(OWNER_PART)) == Descriptor(ALICE, "", ())
    assert Descriptor.from_bytes(descriptor.to_bytes(DACL_PART)) == Descriptor("", "", descriptor.aces)


def granted(*entries: Ace, to: tuple[str, ...] = (ALICE,), types: tuple[UUID, ...] = (), owner: str = ADMINS) -> int:
    return effective_mask(Descriptor(owner, owner, entries), to, types)


def test_a_denial_wins_over_a_grant_that_comes_after_it() -> None:
    assert granted(deny(BOB, DELETE), allow(ALICE, FULL_CONTROL), to=(ALICE, BOB)) == FULL_CONTROL & ~DELETE


def test_an_earlier_grant_is_not_taken_back_by_a_later_denial() -> None:
    assert granted(allow(ALICE, DELETE), deny(ALICE, DELETE)) == DELETE


def test_an_inherit_only_entry_says_nothing_about_the_object_itself() -> None:
    assert granted(allow(ALICE, FULL_CONTROL, CONTAINER_INHERIT | INHERIT_ONLY)) == 0


def test_a_grant_for_one_class_counts_only_for_that_class() -> None:
    entry = allow(ALICE, CREATE_CHILD, object_type=COMPUTER_CLASS)
    assert granted(entry) == 0
    assert granted(entry, types=(USER_CLASS,)) == 0
    assert granted(entry, types=(COMPUTER_CLASS,)) == CREATE_CHILD


def test_the_owner_may_always_read_and_change_who_may_what() -> None:
    assert granted(deny(ALICE, WRITE_DAC), owner=ALICE) == READ_CONTROL | WRITE_DAC


def test_owner_rights_say_what_the_owner_may_instead() -> None:
    assert granted(allow(OWNER_RIGHTS, READ_CONTROL), owner=ALICE) == READ_CONTROL


def test_full_control_given_as_a_generic_right_is_full_control() -> None:
    assert granted(allow(ALICE, GENERIC_ALL)) == FULL_CONTROL
    assert map_generic(GENERIC_READ) == 0x20094


def test_full_control_that_children_inherit_is_kept_as_two_entries() -> None:
    assert as_stored([allow(ALICE, GENERIC_ALL, CONTAINER_INHERIT)]) == (
        allow(ALICE, FULL_CONTROL),
        allow(ALICE, GENERIC_ALL, CONTAINER_INHERIT | INHERIT_ONLY),
    )


def test_denials_are_kept_in_front() -> None:
    assert as_stored([allow(ALICE, DELETE), deny(BOB, DELETE)]) == (deny(BOB, DELETE), allow(ALICE, DELETE))


def inherited(*entries: Ace, kind: UUID | None = None) -> tuple[Ace, ...]:
    return inherited_aces(Descriptor(ADMINS, ADMINS, entries), kind, BOB, ADMINS)


def test_a_child_inherits_what_containers_inherit_and_nothing_else() -> None:
    assert inherited(allow(ALICE, DELETE, CONTAINER_INHERIT), allow(BOB, DELETE)) == (
        allow(ALICE, DELETE, CONTAINER_INHERIT | INHERITED),
    )


def test_an_entry_not_to_be_propagated_reaches_the_children_only() -> None:
    assert inherited(allow(ALICE, DELETE, CONTAINER_INHERIT | NO_PROPAGATE)) == (allow(ALICE, DELETE, INHERITED),)


def test_an_inherit_only_entry_takes_effect_on_the_child() -> None:
    assert inherited(allow(ALICE, GENERIC_ALL, CONTAINER_INHERIT | INHERIT_ONLY)) == (
        allow(ALICE, FULL_CONTROL, INHERITED),
        allow(ALICE, GENERIC_ALL, CONTAINER_INHERIT | INHERIT_ONLY | INHERITED),
    )


def test_an_entry_for_children_of_one_class_passes_through_the_others() -> None:
    entry = Ace(True, WRITE_PROPERTY, ALICE, CONTAINER_INHERIT, None, USER_CLASS)
    (on_a_user,) = inherited(entry, kind=USER_CLASS)
    (on_a_computer,) = inherited(entry, kind=COMPUTER_CLASS)
    assert on_a_user.flags == CONTAINER_INHERIT | INHERITED
    assert on_a_computer.flags == CONTAINER_INHERIT | INHERITED | INHERIT_ONLY


def test_what_only_leaves_inherit_travels_on_without_effect() -> None:
    assert inherited(allow(ALICE, DELETE, OBJECT_INHERIT)) == (
        allow(ALICE, DELETE, OBJECT_INHERIT | INHERIT_ONLY | INHERITED),
    )


def test_the_creator_owner_becomes_the_owner_of_the_child() -> None:
    assert inherited(allow(CREATOR_OWNER, DELETE, CONTAINER_INHERIT)) == (
        allow(BOB, DELETE, INHERITED),
        allow(CREATOR_OWNER, DELETE, CONTAINER_INHERIT | INHERIT_ONLY | INHERITED),
    )
