"""Asks the directory for its tree of containers, one level at a time, and for containers that look like DKM's."""

from __future__ import annotations

from typing import Final

from vmm_wizard.facts.directory_domain import DomainView
from vmm_wizard.facts.directory_search import Found
from vmm_wizard.facts.discovery_model import Containers, FoundContainer

#: Containers of one level that are read at the most.
MOST: Final = 500
#: Containers by a likely name that are read at the most.
MOST_LIKELY: Final = 20

_HOLDERS: Final = "(|(objectClass=organizationalUnit)(objectClass=container)(objectClass=builtinDomain))"
#: Names that people give a DKM container: Microsoft's own example is VMMDKM (DKM).
_LIKELY: Final = "(&(objectClass=container)(|(cn=*DKM*)(cn=*VMM*)(cn=*distributed key*)))"
_ATTRIBUTES: Final = ("objectClass", "description")


def ask_children(view: DomainView, dn: str) -> tuple[FoundContainer, ...]:
    """The containers and organizational units right below an object (one search). Raises NoSuchObject."""
    rows = view.searcher.search(dn, "one", _HOLDERS, _ATTRIBUTES, most=MOST)
    return tuple(sorted(map(_container, rows), key=lambda row: row.dn.casefold()))


def ask_containers(view: DomainView) -> Containers:
    """The domain's own level, and what looks like a DKM container anywhere in it (two searches)."""
    base = view.naming.base
    likely = view.searcher.search(base, "subtree", _LIKELY, _ATTRIBUTES, most=MOST_LIKELY)
    rows = sorted(map(_container, likely), key=lambda row: ("dkm" not in row.dn.casefold(), row.dn.casefold()))
    return Containers(base, ask_children(view, base), tuple(rows))


def _container(row: Found) -> FoundContainer:
    classes = {each.casefold() for each in row.texts("objectClass")}
    kind = "unit" if "organizationalunit" in classes else "builtin" if "builtindomain" in classes else "container"
    return FoundContainer(row.dn, kind, row.text("description"))
