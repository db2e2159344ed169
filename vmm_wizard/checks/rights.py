"""What a security descriptor lets an account do: Windows' access check for directory objects, as a pure function.

Entries are weighed in stored order (canonical order is not assumed): for each bit the first entry that speaks of it
decides. Asked about everything (no object type), an entry for one attribute or one class grants nothing, but its
denial counts: the answer may say less than Windows would, never more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vmm_wizard.facts.model import Ace, SecurityDescriptor
from vmm_wizard.texts import text

CREATE_CHILD = 0x1
DELETE_CHILD = 0x2
LIST = 0x4
SELF = 0x8
READ_PROPERTY = 0x10
WRITE_PROPERTY = 0x20
DELETE_TREE = 0x40
LIST_OBJECT = 0x80
CONTROL_ACCESS = 0x100
DELETE = 0x10000
READ_CONTROL = 0x20000
WRITE_DAC = 0x40000
WRITE_OWNER = 0x80000
FULL_CONTROL = 0xF01FF
#: Reading everything, writing attributes and making children: the least that the service account should have (TTB).
READ_WRITE_CREATE = READ_CONTROL | LIST | READ_PROPERTY | LIST_OBJECT | WRITE_PROPERTY | CREATE_CHILD

CONTAINER_INHERIT = 0x2
NO_PROPAGATE = 0x4
INHERIT_ONLY = 0x8

EVERYONE = "S-1-1-0"
OWNER_RIGHTS = "S-1-3-4"
ADMINISTRATORS = "S-1-5-32-544"

#: schemaIDGUID of the class computer.
COMPUTER_CLASS = "bf967a86-0de6-11d0-a285-00aa003049e2"
#: schemaIDGUID of the attribute servicePrincipalName, and the property set that it is in (Public Information).
PRINCIPAL_NAMES = ("f3a64788-5306-11d1-a9c5-0000f80367c1", "e48d0154-bcf8-11d1-8702-00c04fb96050")
#: schemaIDGUID of the attribute dnsRecord.
DNS_RECORD = "e0fa1e69-9b45-11d0-afdd-00c04fd930c9"

_GENERIC = {
    0x10000000: FULL_CONTROL,
    0x80000000: READ_CONTROL | LIST | READ_PROPERTY | LIST_OBJECT,
    0x40000000: READ_CONTROL | SELF | WRITE_PROPERTY,
    0x20000000: READ_CONTROL | LIST,
}

#: The rights that have a name, by its key in the catalogue.
_NAMES = (
    (CREATE_CHILD, "create_children"),
    (DELETE_CHILD, "delete_children"),
    (LIST, "list"),
    (SELF, "validated_writes"),
    (READ_PROPERTY, "read_attributes"),
    (WRITE_PROPERTY, "write_attributes"),
    (DELETE_TREE, "delete_subtree"),
    (LIST_OBJECT, "list_object"),
    (CONTROL_ACCESS, "extended_rights"),
    (DELETE, "delete"),
    (READ_CONTROL, "read_permissions"),
    (WRITE_DAC, "change_permissions"),
    (WRITE_OWNER, "take_ownership"),
)


def words(mask: int) -> str:
    """The rights in `mask` in words; `Full Control` when all are there, `nothing` when none is."""
    if mask & FULL_CONTROL == FULL_CONTROL:
        return text("evidence.rights.full_control")
    named = [text(f"evidence.rights.{name}") for bit, name in _NAMES if mask & bit]
    return ", ".join(named) or text("evidence.shared.nothing")


def specific(mask: int) -> int:
    """`mask` with generic bits replaced by what they mean for directory objects (MS-ADTS 5.1.3.2)."""
    rights = mask & FULL_CONTROL
    for bit, meaning in _GENERIC.items():
        if mask & bit:
            rights |= meaning
    return rights


def is_deletion_protection(ace: Ace) -> bool:
    """Whether this entry is "Protect object from accidental deletion": Everyone denied deletion of this object only."""
    return (
        not ace.allow
        and ace.sid == EVERYONE
        and not ace.object_type
        and not ace.flags & (CONTAINER_INHERIT | INHERIT_ONLY)
        and bool(ace.mask & DELETE)
        and not specific(ace.mask) & ~(DELETE | DELETE_TREE)
    )


@dataclass(frozen=True, slots=True)
class Access:
    """What somebody may do: rights on the object, rights that every descendant will inherit, and whether the object
    is protected from accidental deletion (that denial is left out of `on_object`)."""

    on_object: int
    on_descendants: int
    protected: bool

    def covers(self, rights: int) -> bool:
        """Whether all of `rights` are there on this object and on all descendants."""
        return not rights & ~(self.on_object & self.on_descendants)


def _weigh(entries: Iterable[Ace], sids: frozenset[str], object_types: frozenset[str]) -> int:
    allowed = denied = 0
    for ace in entries:
        if ace.sid not in sids:
            continue
        fits = not ace.object_type or ace.object_type.lower() in object_types
        bits = specific(ace.mask)
        if ace.allow:
            if fits:
                allowed |= bits & ~denied
        elif fits or not object_types:
            denied |= bits & ~allowed
    return allowed


def rights_on_object(descriptor: SecurityDescriptor, sids: frozenset[str], *object_types: str) -> int:
    """The access mask that `sids` have on the object itself.

    `object_types`: a class GUID, or an attribute's with that of its property set, to ask about that one only
    (CREATE_CHILD of computers, for instance).
    The owner may always read and change permissions, unless an OWNER RIGHTS entry says what it may.
    """
    if descriptor.dacl is None:
        return FULL_CONTROL
    entries = [ace for ace in descriptor.dacl if not ace.flags & INHERIT_ONLY]
    types = frozenset(guid.lower() for guid in object_types if guid)
    owns = descriptor.owner in sids
    if not owns:
        return _weigh(entries, sids - {OWNER_RIGHTS}, types)
    if any(ace.sid == OWNER_RIGHTS for ace in entries):
        return _weigh(entries, sids | {OWNER_RIGHTS}, types)
    return _weigh(entries, sids, types) | READ_CONTROL | WRITE_DAC


def rights_on_descendants(descriptor: SecurityDescriptor, sids: frozenset[str]) -> int:
    """The access mask that every descendant of the object, at any depth and of any class, will inherit for `sids`.

    A grant that stops at the children (NO_PROPAGATE) or is for one class does not count; such a denial does.
    """
    if descriptor.dacl is None:
        return 0
    return _weigh((ace for ace in descriptor.dacl if _reaches_descendants(ace)), sids, frozenset())


def _reaches_descendants(ace: Ace) -> bool:
    if not ace.flags & CONTAINER_INHERIT:
        return False
    return not ace.allow or not (ace.flags & NO_PROPAGATE or ace.inherited_object_type)


def access(descriptor: SecurityDescriptor, sids: frozenset[str]) -> Access:
    """What `sids` may do with the object and its descendants, protection from accidental deletion set apart."""
    if descriptor.dacl is None:
        return Access(FULL_CONTROL, 0, False)
    rest = tuple(ace for ace in descriptor.dacl if not is_deletion_protection(ace))
    without = SecurityDescriptor(descriptor.owner, rest, descriptor.protected)
    return Access(
        rights_on_object(without, sids), rights_on_descendants(without, sids), len(rest) < len(descriptor.dacl)
    )
