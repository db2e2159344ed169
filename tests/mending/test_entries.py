"""Entries are added to a stored access list, and nothing that was there is lost, changed or put out of order."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm_wizard.checks.rights import CONTAINER_INHERIT, FULL_CONTROL, access, is_deletion_protection
from vmm_wizard.facts.descriptor import UnreadableDescriptor, parse_descriptor
from vmm_wizard.lab import descriptors as lab
from vmm_wizard.lab.schema import COMPUTER_CLASS
from vmm_wizard.mending.directory import entries
from vmm_wizard.mending.entries import with_entries
from vmm_wizard.mending.model import Grant

ADMINS = "S-1-5-21-1-2-3-512"
SETUP = "S-1-5-21-1-2-3-1103"

#: Entries of all shapes that the estate can write: for a class, inherited, denied.
ACES = st.lists(
    st.builds(
        lab.Ace,
        st.booleans(),
        st.integers(1, 0xFFFFFFFF),
        st.sampled_from([ADMINS, SETUP, "S-1-1-0", "S-1-5-32-544"]),
        st.sampled_from([0, 0x2, 0xA, 0x6]),
        st.sampled_from([None, COMPUTER_CLASS]),
    ),
    max_size=6,
)


def stored(own: list[lab.Ace], inherited: list[lab.Ace]) -> bytes:
    marked = [lab.Ace(ace.allow, ace.mask, ace.sid, ace.flags | lab.INHERITED, ace.object_type) for ace in inherited]
    return lab.Descriptor(ADMINS, ADMINS, (*own, *marked)).to_bytes()


@given(ACES, ACES)
def test_all_that_was_there_stays_in_its_order_and_ours_is_where_windows_looks_for_it(
    own: list[lab.Ace], inherited: list[lab.Ace]
) -> None:
    before = stored(own, inherited)
    after = with_entries(before, entries((Grant(SETUP, "setup"),), protect=True))
    old, new = list(lab.Descriptor.from_bytes(before).aces), list(lab.Descriptor.from_bytes(after).aces)
    assert new[0] == lab.deny("S-1-1-0", lab.DELETE | lab.DELETE_TREE)
    assert new[1 + len(own)] == lab.allow(SETUP, FULL_CONTROL, CONTAINER_INHERIT)
    assert [*new[1 : 1 + len(own)], *new[2 + len(own) :]] == old


@given(ACES)
def test_what_is_written_is_a_list_of_rights_and_nothing_else(own: list[lab.Ace]) -> None:
    after = lab.Descriptor.from_bytes(with_entries(stored(own, []), entries((Grant(SETUP, "setup"),), protect=False)))
    assert (after.owner, after.group) == ("", "")


def test_the_grant_is_what_the_check_asks_for() -> None:
    parsed = parse_descriptor(with_entries(stored([], []), entries((Grant(SETUP, "setup"),), protect=True)))
    granted = access(parsed, frozenset({SETUP}))
    assert granted.covers(FULL_CONTROL)
    assert granted.protected
    assert parsed.dacl is not None
    assert [is_deletion_protection(ace) for ace in parsed.dacl] == [True, False]


def test_a_protected_list_stays_protected_and_kinds_that_nobody_knows_stay_too() -> None:
    odd = struct.pack("<BBHI", 0x13, 0, 12, 0x1F) + b"\1\2\3\4"
    acl = struct.pack("<BBHHH", 4, 0, 8 + len(odd), 1, 0) + odd
    before = struct.pack("<BBHIIII", 1, 0, 0x8000 | 0x1000 | 0x0004, 0, 0, 0, 20) + acl
    after = with_entries(before, entries((Grant(SETUP, "setup"),), protect=False))
    assert struct.unpack_from("<H", after, 2)[0] == 0x9004
    assert after[20] == 4
    assert odd in after


@pytest.mark.parametrize(
    ("bytes_", "says"),
    [
        (b"", "cut off"),
        (b"\2" + b"\0" * 19, "revision"),
        (struct.pack("<BBHIIII", 1, 0, 0x8000, 0, 0, 0, 0), "everybody may do everything"),
        (struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20), "cut off"),
        (struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20) + struct.pack("<BBHHH", 2, 0, 8, 3, 0), "fewer entries"),
    ],
)
def test_bytes_that_make_no_sense_are_not_written_back(bytes_: bytes, says: str) -> None:
    with pytest.raises(UnreadableDescriptor, match=says):
        with_entries(bytes_, entries((Grant(SETUP, "setup"),), protect=True))


def test_a_list_that_would_grow_too_large_is_left() -> None:
    many = [lab.allow(f"S-1-5-21-1-2-3-{number}", 0x10) for number in range(1820)]
    with pytest.raises(UnreadableDescriptor, match="beyond what Windows stores"):
        with_entries(stored(many, []), entries((Grant(SETUP, "setup"),), protect=True))
