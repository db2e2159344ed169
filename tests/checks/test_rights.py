"""The access check: what a descriptor lets somebody do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.building import COMPUTER_CLASS, FULL, GENERIC_ALL, INHERIT_ONLY, PROTECTION, a_descriptor
from vmm_wizard.checks.rights import (
    CREATE_CHILD,
    DELETE,
    FULL_CONTROL,
    OWNER_RIGHTS,
    READ_CONTROL,
    WRITE_DAC,
    WRITE_PROPERTY,
    access,
    is_deletion_protection,
    rights_on_descendants,
    rights_on_object,
    words,
)
from vmm_wizard.facts.model import Ace, SecurityDescriptor

ME = "S-1-5-21-1-2-3-1104"
GROUP = "S-1-5-21-1-2-3-1200"
OTHER = "S-1-5-21-1-2-3-9999"
MINE = frozenset({ME, GROUP, "S-1-1-0", "S-1-5-11"})
CI = 0x2


def on_object(*aces: Ace, owner: str = OTHER) -> int:
    return rights_on_object(a_descriptor(*aces, owner=owner), MINE)


def below(*aces: Ace) -> int:
    return rights_on_descendants(a_descriptor(*aces, owner=OTHER), MINE)


def test_a_grant_to_me_or_my_group_counts_and_one_to_another_does_not() -> None:
    assert on_object(Ace(True, ME, FULL)) == FULL_CONTROL
    assert on_object(Ace(True, GROUP, FULL)) == FULL_CONTROL
    assert on_object(Ace(True, OTHER, FULL)) == 0


def test_a_denial_before_a_grant_wins_and_one_after_it_comes_too_late() -> None:
    deny, allow = Ace(False, GROUP, CREATE_CHILD), Ace(True, ME, FULL)
    assert on_object(deny, allow) == FULL_CONTROL & ~CREATE_CHILD
    assert on_object(allow, deny) == FULL_CONTROL


def test_generic_all_is_full_control_also_when_stored_as_two_entries() -> None:
    assert on_object(Ace(True, ME, GENERIC_ALL)) == FULL_CONTROL
    stored = a_descriptor(Ace(True, ME, FULL), Ace(True, ME, GENERIC_ALL, 0x3 | INHERIT_ONLY), owner=OTHER)
    assert access(stored, MINE).covers(FULL_CONTROL)


def test_an_inherit_only_entry_says_nothing_of_the_object_itself() -> None:
    entry = Ace(True, ME, FULL, CI | INHERIT_ONLY)
    assert on_object(entry) == 0
    assert below(entry) == FULL_CONTROL


def test_a_grant_without_inheritance_does_not_reach_descendants() -> None:
    assert below(Ace(True, ME, FULL)) == 0
    assert below(Ace(True, ME, FULL, 0x1)) == 0, "inherited by objects alone: the directory's objects are containers"


def test_a_grant_that_stops_at_the_children_or_is_for_one_class_does_not_count_below_but_such_a_denial_does() -> None:
    grant = Ace(True, ME, FULL, CI)
    assert below(Ace(True, ME, FULL, CI | 0x4)) == 0
    assert below(Ace(True, ME, FULL, CI, inherited_object_type=COMPUTER_CLASS)) == 0
    assert below(Ace(False, ME, DELETE, CI | 0x4), grant) == FULL_CONTROL & ~DELETE
    assert below(Ace(False, ME, DELETE, CI, inherited_object_type=COMPUTER_CLASS), grant) == FULL_CONTROL & ~DELETE


def test_a_grant_for_one_class_holds_for_that_class_alone() -> None:
    descriptor = a_descriptor(Ace(True, ME, CREATE_CHILD, 0, COMPUTER_CLASS), owner=OTHER)
    assert rights_on_object(descriptor, MINE) == 0
    assert rights_on_object(descriptor, MINE, COMPUTER_CLASS.upper()) == CREATE_CHILD
    assert rights_on_object(descriptor, MINE, "bf967aba-0de6-11d0-a285-00aa003049e2") == 0


def test_a_denial_for_another_class_does_not_touch_the_one_asked_about() -> None:
    descriptor = a_descriptor(
        Ace(False, ME, CREATE_CHILD, 0, "bf967aba-0de6-11d0-a285-00aa003049e2"),
        Ace(True, ME, CREATE_CHILD),
        owner=OTHER,
    )
    assert rights_on_object(descriptor, MINE, COMPUTER_CLASS) == CREATE_CHILD
    assert rights_on_object(descriptor, MINE) == 0, "asked about everything, a part that is denied is not everything"


def test_the_owner_may_read_and_change_permissions_unless_owner_rights_say_otherwise() -> None:
    assert on_object(owner=ME) == READ_CONTROL | WRITE_DAC
    assert on_object(Ace(False, ME, FULL), owner=ME) == READ_CONTROL | WRITE_DAC
    assert on_object(Ace(True, OWNER_RIGHTS, READ_CONTROL), owner=ME) == READ_CONTROL
    assert on_object(Ace(True, OWNER_RIGHTS, FULL)) == 0, "owner rights are the owner's alone"


def test_no_dacl_allows_everything_and_an_empty_one_nothing() -> None:
    assert rights_on_object(SecurityDescriptor(OTHER, None), MINE) == FULL_CONTROL
    assert rights_on_object(SecurityDescriptor(OTHER, ()), MINE) == 0


def test_protection_from_accidental_deletion_is_told_apart_from_a_real_denial() -> None:
    protected = access(a_descriptor(PROTECTION, Ace(True, ME, FULL, CI), owner=OTHER), MINE)
    assert protected.protected
    assert protected.covers(FULL_CONTROL)
    for real in (
        Ace(False, "S-1-1-0", 0x10040, CI),
        Ace(False, "S-1-1-0", 0x10040 | WRITE_PROPERTY),
        Ace(False, GROUP, 0x10040),
        Ace(False, "S-1-1-0", 0x40),
        Ace(True, "S-1-1-0", 0x10040),
    ):
        assert not is_deletion_protection(real)
    denied = access(a_descriptor(Ace(False, "S-1-1-0", 0x10040, CI), Ace(True, ME, FULL, CI), owner=OTHER), MINE)
    assert not denied.protected
    assert not denied.covers(FULL_CONTROL)


def test_rights_are_told_in_words() -> None:
    assert words(FULL_CONTROL) == "Full Control"
    assert words(0) == "nothing"
    assert words(CREATE_CHILD | DELETE) == "create children, delete"


ACES = st.builds(
    Ace,
    allow=st.booleans(),
    sid=st.sampled_from([ME, GROUP, OTHER, "S-1-1-0", OWNER_RIGHTS]),
    mask=st.one_of(st.integers(0, FULL), st.sampled_from([FULL, GENERIC_ALL, 0x80000000, 0x40000000, 0x20000000])),
    flags=st.integers(0, 0x1F),
    object_type=st.sampled_from(["", COMPUTER_CLASS]),
    inherited_object_type=st.sampled_from(["", COMPUTER_CLASS]),
)
DACLS = st.lists(ACES, max_size=8).map(tuple)


@given(DACLS)
def test_nobody_gets_a_right_that_no_entry_grants(dacl: tuple[Ace, ...]) -> None:
    denials_only = tuple(Ace(False, ace.sid, ace.mask, ace.flags) for ace in dacl)
    assert rights_on_object(SecurityDescriptor(OTHER, denials_only), MINE) == 0
    assert rights_on_descendants(SecurityDescriptor(OTHER, denials_only), MINE) == 0


@given(DACLS, ACES)
def test_a_denial_in_front_never_adds_a_right(dacl: tuple[Ace, ...], ace: Ace) -> None:
    deny = Ace(False, ace.sid, ace.mask, ace.flags, ace.object_type, ace.inherited_object_type)
    before, after = SecurityDescriptor(OTHER, dacl), SecurityDescriptor(OTHER, (deny, *dacl))
    assert not rights_on_object(after, MINE) & ~rights_on_object(before, MINE)
    assert not rights_on_descendants(after, MINE) & ~rights_on_descendants(before, MINE)


@given(DACLS, ACES)
def test_a_grant_at_the_end_never_takes_a_right(dacl: tuple[Ace, ...], ace: Ace) -> None:
    allow = Ace(True, ace.sid, ace.mask, ace.flags, ace.object_type, ace.inherited_object_type)
    before, after = SecurityDescriptor(OTHER, dacl), SecurityDescriptor(OTHER, (*dacl, allow))
    assert not rights_on_object(before, MINE) & ~rights_on_object(after, MINE)


@given(DACLS)
def test_asking_about_one_class_never_tells_less_than_asking_about_everything(dacl: tuple[Ace, ...]) -> None:
    descriptor = SecurityDescriptor(OTHER, dacl)
    everything = rights_on_object(descriptor, MINE)
    assert not everything & ~rights_on_object(descriptor, MINE, COMPUTER_CLASS)
