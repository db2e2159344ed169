"""The same bytes of a security descriptor, read by ours, by winacl and by impacket: three parsers agree."""

from __future__ import annotations

import importlib.util
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from winacl.dtyp.security_descriptor import SECURITY_DESCRIPTOR

from tests.facts.test_descriptor import as_winacl, guids, stored
from tests.real.conftest import need
from vmm_wizard.facts.descriptor import parse_descriptor
from vmm_wizard.facts.model import Ace


def by_impacket(raw: bytes) -> tuple[str, list[Ace]]:
    """Owner and entries as impacket reads them."""
    need(importlib.util.find_spec("impacket") is not None, "impacket is not installed (the extra `real`)")
    from impacket.ldap import ldaptypes

    read = ldaptypes.SR_SECURITY_DESCRIPTOR(data=raw)
    found = []
    for entry in read["Dacl"].aces:
        body: Any = entry["Ace"]
        kinds = entry["TypeName"]
        typed = "OBJECT" in kinds
        types = ("ObjectType", "InheritedObjectType")
        object_type, inherited = (_guid(body[name]) if typed else "" for name in types)
        found.append(
            Ace(
                "ALLOWED" in kinds,
                body["Sid"].formatCanonical(),
                body["Mask"]["Mask"],
                entry["AceFlags"],
                object_type,
                inherited,
            )
        )
    return read["OwnerSid"].formatCanonical(), found


def by_winacl(raw: bytes) -> tuple[str, list[Ace]]:
    """Owner and entries as winacl reads them."""
    read = SECURITY_DESCRIPTOR.from_bytes(raw)
    found = []
    for entry in read.Dacl.aces:
        types = (getattr(entry, name, None) for name in ("ObjectType", "InheritedObjectType"))
        object_type, inherited = (str(UUID(str(each))) if each else "" for each in types)
        kind = type(entry).__name__
        found.append(
            Ace("ALLOWED" in kind, str(entry.Sid), int(entry.Mask), int(entry.AceFlags), object_type, inherited)
        )
    return str(read.Owner), found


def _guid(raw: bytes) -> str:
    return str(UUID(bytes_le=raw)) if raw else ""


#: impacket reads the last byte of an authority alone; Windows has none above 19.
sids = st.builds(
    lambda authority, parts: "-".join(["S-1", str(authority), *map(str, parts)]),
    st.integers(0, 255),
    st.lists(st.integers(0, (1 << 32) - 1), min_size=1, max_size=15),
)
aces = st.builds(Ace, st.booleans(), sids, st.integers(0, (1 << 32) - 1), st.integers(0, 0x1F), guids, guids)


@settings(deadline=None)
@given(sids, st.lists(aces, min_size=1, max_size=6), st.booleans())
def test_owner_order_identifiers_masks_flags_and_types_are_the_same_to_all_three(
    owner: str, entries: list[Ace], protected: bool
) -> None:
    raw = stored(owner, [as_winacl(ace) for ace in entries], protected=protected)
    ours = parse_descriptor(raw)
    mine = (ours.owner, list(ours.dacl or ()))
    assert mine == (owner, entries)
    assert by_winacl(raw) == mine
    assert by_impacket(raw) == mine
