"""Asks the directory about objects and their permissions: the DKM container, the role's and the cluster's computers."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from vmm_wizard.facts.descriptor import UnreadableDescriptor, sid_bytes
from vmm_wizard.facts.directory_accounts import token_groups
from vmm_wizard.facts.directory_channel import DirectoryUnusable
from vmm_wizard.facts.directory_domain import DomainView, dn_key
from vmm_wizard.facts.directory_search import NoSuchObject, equals
from vmm_wizard.facts.model import ClusterObjectFacts, ComputerFacts, ContainerFacts
from vmm_wizard.plan.names import DistinguishedName

# A bit of userAccountControl (MS-ADTS 2.2.16).
_DISABLED: Final = 0x2
#: Children of a DKM container that are listed; more say nothing new.
_MOST_CHILDREN: Final = 1000

_COMPUTER_ATTRIBUTES: Final = (
    "objectSid",
    "sAMAccountName",
    "userAccountControl",
    "whenCreated",
    "lastLogon",
    "lastLogonTimestamp",
    "pwdLastSet",
    "servicePrincipalName",
    "mS-DS-CreatorSID",
    "description",
)


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


def ask_computer(view: DomainView, name: str, extra: str = "") -> ComputerFacts:
    """The computer object `name`, or one that the filter `extra` finds when none has that name (one search)."""
    own = equals("sAMAccountName", f"{name}$")
    wanted = f"(|{own}{extra})" if extra else own
    hits = view.searcher.search(
        view.naming.base, "subtree", f"(&(objectClass=computer){wanted})", _COMPUTER_ATTRIBUTES, descriptor=True
    )
    by_name = [row for row in hits if row.text("sAMAccountName").casefold() == f"{name}$".casefold()]
    found = next(iter(by_name or hits), None)
    if found is None:
        return ComputerFacts(name, False)
    logons = [when for when in map(found.file_time, ("lastLogon", "lastLogonTimestamp")) if when is not None]
    return ComputerFacts(
        name,
        True,
        found.dn,
        found.sid(),
        not (found.number("userAccountControl") or 0) & _DISABLED,
        found.generalized_time("whenCreated"),
        max(logons, default=None),
        found.file_time("pwdLastSet"),
        found.texts("servicePrincipalName"),
        found.descriptor(),
        found.sid("mS-DS-CreatorSID"),
        description=found.text("description"),
    )


def ask_cluster(view: DomainView, name: str) -> ClusterObjectFacts:
    """The cluster's computer object, what it is a member of, and where it lives (four searches)."""
    computer = ask_computer(view, name, equals("servicePrincipalName", f"MSClusterVirtualServer/{name}"))
    if not computer.found:
        return ClusterObjectFacts(computer)
    computer = replace(computer, token_groups=token_groups(view, computer.dn))
    parent = str(DistinguishedName.parse(computer.dn).parent)
    return ClusterObjectFacts(
        computer,
        parent,
        view.searcher.base(parent, ("objectClass",), descriptor=True).descriptor(),
        dn_key(parent) == dn_key(view.naming.computers_dn),
        _created_by(view, computer.sid),
    )


def _created_by(view: DomainView, sid: str) -> int | None:
    """How many computer objects a principal has made on the domain's quota; None when that cannot be read."""
    try:
        wanted = equals("mS-DS-CreatorSID", sid_bytes(sid))
        return len(view.searcher.search(view.naming.base, "subtree", wanted))
    except (UnreadableDescriptor, NoSuchObject):
        return None
    except DirectoryUnusable:
        if view.channel.is_closed:
            raise
        return None
