"""What a descriptor grants to a set of identifiers, and what a child inherits: the rules of AD, as pure functions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from uuid import UUID

from vmm_wizard.lab.descriptors import (
    CONTAINER_INHERIT,
    CREATOR_GROUP,
    CREATOR_OWNER,
    FULL_CONTROL,
    GENERIC_ALL,
    GENERIC_BITS,
    GENERIC_EXECUTE,
    GENERIC_READ,
    GENERIC_WRITE,
    INHERIT_ONLY,
    INHERITED,
    LIST_CONTENTS,
    LIST_OBJECT,
    NO_PROPAGATE,
    OBJECT_INHERIT,
    OWNER_RIGHTS,
    READ_CONTROL,
    READ_PROPERTY,
    SELF,
    WRITE_DAC,
    WRITE_PROPERTY,
    Ace,
    Descriptor,
)

_INHERITABLE = OBJECT_INHERIT | CONTAINER_INHERIT | NO_PROPAGATE | INHERIT_ONLY

#: What reading is on a directory object.
READ = READ_CONTROL | LIST_CONTENTS | READ_PROPERTY | LIST_OBJECT

_GENERIC = {
    GENERIC_ALL: FULL_CONTROL,
    GENERIC_READ: READ,
    GENERIC_WRITE: READ_CONTROL | SELF | WRITE_PROPERTY,
    GENERIC_EXECUTE: READ_CONTROL | LIST_CONTENTS,
}


def map_generic(mask: int) -> int:
    """`mask` with its generic rights replaced by those of a directory object (MS-ADTS 5.1.3.2.1)."""
    mapped = mask & ~GENERIC_BITS
    for generic, rights in _GENERIC.items():
        if mask & generic:
            mapped |= rights
    return mapped


def effective_mask(descriptor: Descriptor, sids: Collection[str], object_types: Collection[UUID] = ()) -> int:
    """The rights that a token with `sids` has: the first entry that speaks about a right decides it.

    Entries for one class, attribute or property set count only when it is among `object_types`. The owner may read and
    change the DACL, unless an entry for OWNER RIGHTS says what he may instead.
    """
    granted = denied = 0
    bearer = set(sids)
    if descriptor.owner in bearer:
        if any(ace.sid == OWNER_RIGHTS and not ace.flags & INHERIT_ONLY for ace in descriptor.aces):
            bearer.add(OWNER_RIGHTS)
        else:
            granted = READ_CONTROL | WRITE_DAC
    for ace in descriptor.aces:
        if ace.flags & INHERIT_ONLY or ace.sid not in bearer:
            continue
        if ace.object_type is not None and ace.object_type not in object_types:
            continue
        if ace.allow:
            granted |= map_generic(ace.mask) & ~denied
        else:
            denied |= map_generic(ace.mask) & ~granted
    return granted


def as_stored(aces: Iterable[Ace]) -> tuple[Ace, ...]:
    """Explicit entries as AD keeps them: denials first, and a generic grant that children inherit as two entries."""
    stored: list[Ace] = []
    for ace in aces:
        if not ace.mask & GENERIC_BITS or ace.flags & INHERIT_ONLY:
            stored.append(ace)
            continue
        stored.append(replace(ace, mask=map_generic(ace.mask), flags=ace.flags & ~_INHERITABLE))
        if ace.flags & (CONTAINER_INHERIT | OBJECT_INHERIT):
            stored.append(replace(ace, flags=ace.flags | INHERIT_ONLY))
    return tuple(sorted(stored, key=lambda ace: ace.allow))


def inherited_aces(parent: Descriptor, child_class: UUID | None, owner: str, group: str) -> tuple[Ace, ...]:
    """The entries a new child of class `child_class` gets from its parent, in the parent's order (MS-DTYP 2.5.3.4)."""
    inherited: list[Ace] = []
    for ace in parent.aces:
        if ace.flags & CONTAINER_INHERIT:
            inherited.extend(_pass_on(ace, child_class, owner, group))
        elif ace.flags & OBJECT_INHERIT and not ace.flags & NO_PROPAGATE:
            # Every directory object can hold others, so this entry only travels on.
            inherited.append(replace(ace, flags=ace.flags | INHERIT_ONLY | INHERITED))
    return tuple(inherited)


def _pass_on(ace: Ace, child_class: UUID | None, owner: str, group: str) -> list[Ace]:
    here = ace.inherited_object_type is None or ace.inherited_object_type == child_class
    further = not ace.flags & NO_PROPAGATE
    sid = {CREATOR_OWNER: owner, CREATOR_GROUP: group}.get(ace.sid, ace.sid)
    if here and further and not ace.mask & GENERIC_BITS and sid == ace.sid:
        return [replace(ace, flags=(ace.flags & ~INHERIT_ONLY) | INHERITED)]
    entries = []
    if here:
        entries.append(
            replace(ace, mask=map_generic(ace.mask), sid=sid, flags=INHERITED, inherited_object_type=None),
        )
    if further:
        entries.append(replace(ace, flags=ace.flags | INHERIT_ONLY | INHERITED))
    return entries
