"""Asks the directory about objects by name: the DKM container with its permissions."""

from __future__ import annotations

from typing import Final

from vmm_wizard.facts.directory_domain import DomainView
from vmm_wizard.facts.directory_search import NoSuchObject
from vmm_wizard.facts.model import ContainerFacts

#: Children of a DKM container that are listed; more say nothing new.
_MOST_CHILDREN: Final = 1000


def ask_container(view: DomainView, dn: str) -> ContainerFacts:
    """An object by name: class, descriptor, the asking account's own rights, children (two searches)."""
    asked_as = str(view.access.account)
    try:
        found = view.searcher.base(
            dn, ("objectClass", "allowedChildClassesEffective", "sDRightsEffective"), descriptor=True
        )
        children = view.searcher.search(dn, "one", "(objectClass=*)", most=_MOST_CHILDREN)
    except NoSuchObject as missing:
        return ContainerFacts(dn, False, asked_as=asked_as, referral=missing.referral)
    rights = found.number("sDRightsEffective")
    # AD gives a number for the one and no value at all for the other when this account has no right.
    classes = found.texts("allowedChildClassesEffective") if rights is not None else None
    return ContainerFacts(
        found.dn,
        True,
        found.texts("objectClass"),
        found.descriptor(),
        tuple(child.dn for child in children),
        asked_as,
        classes,
        rights,
    )
