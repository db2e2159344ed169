"""The practice estate's directory: one AD-like domain with groups, tokens and rights, and what accounts do in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from uuid import UUID

from vmm_wizard.lab import schema
from vmm_wizard.lab.access import effective_mask
from vmm_wizard.lab.clock import Clock, SpedUpClock
from vmm_wizard.lab.descriptors import (
    AUTHENTICATED_USERS,
    CREATE_CHILD,
    EVERYONE,
    NETWORK,
    THIS_ORGANIZATION,
    WRITE_PROPERTY,
    Descriptor,
)
from vmm_wizard.lab.domain import build_domain, make_role_computer
from vmm_wizard.lab.entries import Entry, Values
from vmm_wizard.lab.logons import Credential, Logons
from vmm_wizard.lab.tree import GLOBAL_SECURITY_GROUP, NameTaken, NoSuchObject, Tree
from vmm_wizard.plan.names import DistinguishedName

__all__ = ["Directory", "Entry", "NameTaken", "NoSuchObject"]

#: Groups made for security have this bit of groupType; others never are in a token.
_SECURITY_GROUP = 0x80000000


class Directory(Tree):
    """One domain. `base` is its DN, `netbios` its short name.

    `logons` lends account states (locked, expired) to the computed attributes; `changed` is called after each change.
    A new directory holds what a domain holds on its first day: containers, Domain Admins and the other known groups.
    """

    def __init__(
        self,
        base: str,
        netbios: str,
        logons: Logons | None = None,
        clock: Clock | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(base, clock or SpedUpClock(), changed)
        self.netbios = netbios
        self.logons = logons
        #: DNs of what the estate made while it ran, in order.
        self.created: list[str] = []
        #: DNs of what clients gave another list of rights over LDAP, in order.
        self.redescribed: list[str] = []
        build_domain(self, netbios)

    def credential(self, entry: Entry) -> Credential | None:
        """The logon that belongs to an account, when it has one."""
        if self.logons is None or not entry.sid:
            return None
        return next((known for known in self.logons.credentials if known.sid == entry.sid), None)

    def members(self, group_dn: str) -> tuple[str, ...]:
        """The DNs of a group's direct members, those by primary group included."""
        group = self.require(group_dn)
        listed = [value.decode() for value in group.values("member")]
        rid = group.sid.rpartition("-")[2]
        primary = [entry.dn for entry in self if rid and entry.text("primaryGroupID") == rid]
        return tuple(dict.fromkeys([*listed, *primary]))

    def token_groups(self, dn: str) -> tuple[str, ...]:
        """The identifiers of all security groups that an account is in, directly, nested or by its primary group."""
        with self._lock:
            entry = self.require(dn)
            pending = list(self._groups_holding(entry.key))
            primary = self.find_by_sid(self.sid(rid)) if (rid := entry.number("primaryGroupID")) else None
            pending.extend([primary] if primary else [])
            found: dict[str, str] = {}
            while pending:
                group = pending.pop(0)
                if group.key in found or not group.number("groupType", GLOBAL_SECURITY_GROUP) & _SECURITY_GROUP:
                    continue
                found[group.key] = group.sid
                pending.extend(self._groups_holding(group.key))
        return tuple(found.values())

    def logon_sids(self, dn: str) -> frozenset[str]:
        """All identifiers in the token of an account that logged on over the network."""
        entry = self.require(dn)
        usual = (EVERYONE, NETWORK, AUTHENTICATED_USERS, THIS_ORGANIZATION)
        return frozenset({entry.sid, *self.token_groups(dn), *usual})

    def effective_mask(
        self,
        dn: str,
        sids: Collection[str],
        child_class_guid: UUID | None = None,
        attribute_guid: UUID | None = None,
    ) -> int:
        """What a token with these identifiers may do on an object; see access.effective_mask."""
        types = [guid for guid in (child_class_guid, attribute_guid) if guid is not None]
        return effective_mask(self.require(dn).descriptor, sids, types)

    # What accounts do while the estate runs

    def create(
        self,
        actor_dn: str,
        dn: str,
        classes: str | tuple[str, ...],
        attributes: Mapping[str, Values] | None = None,
        descriptor: Descriptor | None = None,
    ) -> str:
        """Add an object as an account would: it needs the right to create this class, and becomes the owner.

        Raises PermissionError with a sentence, and what `add` raises. The DN goes into `created`.
        """
        kind = classes if isinstance(classes, str) else classes[-1]
        with self._changing():
            parent = str(DistinguishedName.parse(dn).parent)
            actor = self.require(actor_dn)
            mask = self.effective_mask(parent, self.logon_sids(actor.dn), schema.class_guid(kind))
            if not mask & CREATE_CHILD:
                raise PermissionError(f"{actor.dn} may not create {kind} objects in {parent}")
            own = replace(self.default_descriptor(), owner=actor.sid)
            made = self.add(dn, classes, attributes, descriptor or own)
            self.created.append(made)
        return made

    def put(self, dn: str, kind: str, attributes: Mapping[str, Values], descriptor: Descriptor) -> str:
        """Add an object whose maker's rights were looked at; its DN goes into `created`. Raises what `add` raises."""
        with self._changing():
            made = self.add(dn, kind, attributes, descriptor)
            self.created.append(made)
        return made

    def redescribe(self, dn: str, descriptor: Descriptor) -> None:
        """Give an object another descriptor for somebody who may; its DN goes into `redescribed`."""
        with self._changing():
            self.set_descriptor(dn, descriptor)
            self.redescribed.append(self.require(dn).dn)

    def discard(self, dn: str) -> None:
        """Take away an object with all below it, as if the estate had never made them. Raises NoSuchObject."""
        with self._changing():
            for child in list(self.children(dn)):
                self.discard(child.dn)
            gone = self.require(dn).dn
            self.remove(gone)
            if gone in self.created:
                self.created.remove(gone)

    def write(self, actor_dn: str, dn: str, changes: Mapping[str, Values]) -> None:
        """Modify an object as an account would. Raises PermissionError with a sentence, and what `modify` raises."""
        sids = self.logon_sids(actor_dn)
        descriptor = self.require(dn).descriptor
        for name in changes:
            if not effective_mask(descriptor, sids, schema.attribute_guids(name)) & WRITE_PROPERTY:
                raise PermissionError(f"{actor_dn} may not write {name} of {dn}")
        self.modify(dn, changes)

    def create_computer(self, cno_dn: str, name: str, parent_dn: str) -> str:
        """Make (or take over) the computer object of a cluster role, as the cluster's own object `cno_dn` does it.

        Allowed with the right to create computers in `parent_dn`, in CN=Computers while the machine account quota
        lasts, or when the object is prestaged with full control for the cluster (CLU-05, PRESTAGE). Raises
        PermissionError with a sentence otherwise.
        """
        with self._changing():
            cno = self.require(cno_dn)
            made, is_new = make_role_computer(self, cno, self.logon_sids(cno.dn), name, parent_dn)
            if is_new:
                self.created.append(made)
        return made
