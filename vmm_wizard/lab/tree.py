"""The objects of the practice directory as a tree: names, links, inheritance. What accounts may do: directory.py."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from uuid import uuid4

from vmm_wizard.lab import schema
from vmm_wizard.lab.access import READ, as_stored, inherited_aces
from vmm_wizard.lab.clock import Clock
from vmm_wizard.lab.descriptors import AUTHENTICATED_USERS, FULL_CONTROL, SYSTEM, Ace, Descriptor, allow, sid_to_bytes
from vmm_wizard.lab.entries import NEVER, Entry, Values, encode_values, filetime, generalized_time
from vmm_wizard.plan.names import DistinguishedName

#: groupType of a global group that counts for security.
GLOBAL_SECURITY_GROUP = -0x7FFFFFFE

_WORKSTATION_ACCOUNT = 0x1000
_NORMAL_ACCOUNT = 0x200
_PRINCIPALS = {"user", "computer", "group", "inetOrgPerson", "msDS-GroupManagedServiceAccount"}
#: Heads of naming contexts: nothing is inherited across their border.
_CONTEXT_HEADS = {"domainDNS", "configuration", "dMD"}
_FIRST_FREE_RID = 1103
_DOMAIN_SID = "S-1-5-21-3623811015-3361044348-30300820"


class NoSuchObject(LookupError):
    """No object has this name. `matched` is the nearest one above it that exists."""

    def __init__(self, dn: str, matched: str) -> None:
        super().__init__(f"there is no {dn}")
        self.dn = dn
        self.matched = matched


class NameTaken(ValueError):
    """An object of this name, or an account of this sAMAccountName, is there already."""


class Tree:
    """The naming contexts of one domain, safe to use from several threads. `changed` is called after each change."""

    def __init__(self, base: str, clock: Clock, changed: Callable[[], None]) -> None:
        name = DistinguishedName.parse(base)
        self.base = str(name)
        self.base_key = name.key
        self.dns_domain = name.dns_domain
        self.clock = clock
        #: Keys of the heads of naming contexts; a search does not cross from one into another.
        self.naming_contexts: list[str] = []
        self._changed = changed
        self._lock = threading.RLock()
        self._entries: dict[str, Entry] = {}
        self._children: dict[str, list[str]] = {}
        self._by_sam: dict[str, str] = {}
        self._by_sid: dict[str, str] = {}
        self._groups_of: dict[str, list[str]] | None = None
        self._depth = 0
        self._is_changed = False
        self._next_rid = _FIRST_FREE_RID

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the lock; tell of changes once, when the outermost of nested changes has let it go.

        Whoever is told may take locks of its own, which others may hold while they wait for this one.
        """
        tell = False
        try:
            with self._lock:
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                    if self._is_changed and not self._depth:
                        self._is_changed, tell = False, True
        finally:
            if tell:
                self._changed()

    def sid(self, rid: int | None = None) -> str:
        """The domain's own identifier, or that of the principal with this RID."""
        return _DOMAIN_SID if rid is None else f"{_DOMAIN_SID}-{rid}"

    def new_sid(self) -> str:
        """An identifier that nobody has yet."""
        with self._lock:
            self._next_rid += 1
            return self.sid(self._next_rid - 1)

    def get(self, dn: str) -> Entry | None:
        """The object of this name, however it is spelled; None when there is none. Raises ValueError for no DN."""
        return self._entries.get(DistinguishedName.parse(dn).key)

    def require(self, dn: str) -> Entry:
        """The object of this name. Raises NoSuchObject, and ValueError for text that is no DN."""
        name = DistinguishedName.parse(dn)
        entry = self._entries.get(name.key)
        if entry is not None:
            return entry
        above = name.parent
        while above and above.key not in self._entries:
            above = above.parent
        nearest = self._entries.get(above.key)
        raise NoSuchObject(dn, nearest.dn if nearest else "")

    def parent(self, entry: Entry) -> Entry | None:
        """The object above this one; None for the domain's root."""
        return self._entries.get(entry.parent_key)

    def children(self, dn: str) -> tuple[Entry, ...]:
        """The objects right below this one, of the same naming context or not."""
        with self._lock:
            return tuple(self._entries[key] for key in self._children.get(self.require(dn).key, ()))

    def subtree(self, dn: str) -> Iterator[Entry]:
        """The object and all below it in its naming context, parents first."""
        with self._lock:
            pending = [self.require(dn)]
            found = []
            while pending:
                entry = pending.pop()
                found.append(entry)
                below = [key for key in self._children.get(entry.key, ()) if key not in self.naming_contexts]
                pending.extend(self._entries[key] for key in reversed(below))
        return iter(found)

    def __iter__(self) -> Iterator[Entry]:
        with self._lock:
            return iter(list(self._entries.values()))

    def find_by_sam(self, sam: str) -> Entry | None:
        """The account or group with this sAMAccountName, in any case."""
        with self._lock:
            return self._entries.get(self._by_sam.get(sam.casefold(), "-"))

    def find_by_sid(self, sid: str) -> Entry | None:
        """The principal with this identifier."""
        with self._lock:
            return self._entries.get(self._by_sid.get(sid.upper(), "-"))

    def find_spn(self, spn: str) -> tuple[Entry, ...]:
        """All objects that hold this servicePrincipalName, in any case; more than one is a fault worth a scenario."""
        wanted = spn.casefold()
        return tuple(
            entry
            for entry in self
            if any(value.decode().casefold() == wanted for value in entry.values("servicePrincipalName"))
        )

    def add(
        self,
        dn: str,
        classes: str | tuple[str, ...],
        attributes: Mapping[str, Values] | None = None,
        descriptor: Descriptor | None = None,
        sid: str | None = None,
    ) -> str:
        """Put an object into the tree and return its DN. The most specific of `classes` is enough.

        Accounts and groups get an identifier and the attributes that AD fills in. `descriptor` holds explicit entries
        (None: what the schema gives); what the parent passes on is added unless it is protected. Raises NoSuchObject
        for a missing parent or member, NameTaken, and ValueError for no DN.
        """
        name = DistinguishedName.parse(dn)
        kind = classes if isinstance(classes, str) else classes[-1]
        with self._changing():
            if name.key in self._entries:
                raise NameTaken(f"{dn} exists already")
            parent = None if name.key == self.base_key else self.require(str(name.parent))
            if sid is None and kind in _PRINCIPALS:
                sid = self.new_sid()
            values = {key: encode_values(value) for key, value in (attributes or {}).items()}
            self._check_links(values)
            filled = self._filled_in(name, kind, sid, values)
            entry = Entry(str(name), name.key, parent.key if parent else "", kind, {}, Descriptor("", ""))
            entry = entry.with_values(filled | values)
            self._check_sam(entry)
            entry = replace(entry, descriptor=self._inherit(descriptor or self.default_descriptor(), entry, parent))
            self._store(entry)
            if parent is not None:
                self._children.setdefault(parent.key, []).append(entry.key)
        return entry.dn

    def remove(self, dn: str) -> None:
        """Take an object without children out of the tree and out of all groups. Raises NoSuchObject, ValueError."""
        with self._changing():
            entry = self.require(dn)
            if self._children.get(entry.key):
                raise ValueError(f"{entry.dn} has objects below it")
            for group in self._groups_holding(entry.key):
                left = tuple(value for value in group.values("member") if link_key(value) != entry.key)
                self._store(group.with_values({"member": left}))
            self._forget(entry)
            self._children[entry.parent_key].remove(entry.key)

    def modify(self, dn: str, changes: Mapping[str, Values]) -> None:
        """Replace these attributes of an object; an empty list takes one away. Raises NoSuchObject, NameTaken."""
        values = {name: encode_values(value) for name, value in changes.items()}
        with self._changing():
            self._check_links(values)
            stamp = (generalized_time(self.clock.date()).encode(),)
            before = self.require(dn)
            entry = before.with_values({**values, "whenChanged": stamp})
            self._check_sam(entry)
            self._forget(before)
            self._store(entry)

    def add_member(self, group_dn: str, member_dn: str) -> None:
        """Make one object a member of a group; nothing happens when it is one. Raises NoSuchObject."""
        with self._changing():
            group = self.require(group_dn)
            member = self.require(member_dn)
            if member.key not in {link_key(value) for value in group.values("member")}:
                self.modify(group.dn, {"member": (*group.values("member"), member.dn)})

    def set_descriptor(self, dn: str, descriptor: Descriptor) -> None:
        """Give an object other explicit entries; what is inherited, here and below, is worked out again."""
        with self._changing():
            pending = [self.require(dn).key]
            given: Descriptor | None = descriptor
            while pending:
                entry = self._entries[pending.pop()]
                explicit = given or entry.descriptor
                given = None
                parent = self._entries.get(entry.parent_key)
                self._store(replace(entry, descriptor=self._inherit(explicit, entry, parent)))
                pending.extend(self._children.get(entry.key, ()))

    def grant(self, dn: str, *aces: Ace) -> None:
        """Add explicit entries to an object's descriptor."""
        with self._changing():
            descriptor = self.require(dn).descriptor
            self.set_descriptor(dn, replace(descriptor, aces=(*aces, *descriptor.aces)))

    def default_descriptor(self, *more: Ace) -> Descriptor:
        """What the schema gives a new object (Domain Admins and SYSTEM everything, all users read it), and `more`."""
        admins = self.sid(512)
        usual = (allow(admins, FULL_CONTROL), allow(SYSTEM, FULL_CONTROL), allow(AUTHENTICATED_USERS, READ))
        return Descriptor(admins, admins, (*more, *usual))

    def _store(self, entry: Entry) -> None:
        self._is_changed = True
        self._entries[entry.key] = entry
        if sam := entry.text("sAMAccountName"):
            self._by_sam[sam.casefold()] = entry.key
        if sid := entry.sid:
            self._by_sid[sid] = entry.key
        self._groups_of = None

    def _forget(self, entry: Entry) -> None:
        self._is_changed = True
        del self._entries[entry.key]
        self._by_sam.pop(entry.text("sAMAccountName").casefold(), None)
        self._by_sid.pop(entry.sid, None)
        self._groups_of = None

    def _inherit(self, explicit: Descriptor, entry: Entry, parent: Entry | None) -> Descriptor:
        own = as_stored(ace for ace in explicit.aces if not ace.is_inherited)
        if explicit.protected or parent is None or entry.kind in _CONTEXT_HEADS:
            return replace(explicit, aces=own)
        guid = schema.class_guid(entry.kind)
        return replace(explicit, aces=own + inherited_aces(parent.descriptor, guid, explicit.owner, explicit.group))

    def _filled_in(
        self, name: DistinguishedName, kind: str, sid: str | None, given: Mapping[str, tuple[bytes, ...]]
    ) -> dict[str, tuple[bytes, ...]]:
        """What AD itself writes into a new object."""
        rdn, value = name.rdns[0]
        now = generalized_time(self.clock.date())
        filled: dict[str, Values] = {
            "objectClass": schema.class_chain(kind),
            rdn.lower(): value,
            "name": value,
            "distinguishedName": str(name),
            "instanceType": 4,
            "whenCreated": now,
            "whenChanged": now,
            "objectGUID": uuid4().bytes_le,
            "objectCategory": self.category_dn(kind),
        }
        if sid:
            filled["objectSid"] = sid_to_bytes(sid)
        if kind == "group":
            filled |= {"groupType": GLOBAL_SECURITY_GROUP, "sAMAccountType": 0x10000000, "sAMAccountName": value}
        elif kind in _PRINCIPALS:
            filled |= self._account_defaults(value, "computer" in schema.class_chain(kind))
        lower = {key.lower() for key in given}
        return {key: encode_values(values) for key, values in filled.items() if key.lower() not in lower}

    def _account_defaults(self, name: str, is_computer: bool) -> dict[str, Values]:
        return {
            "sAMAccountName": f"{name}$" if is_computer else name,
            "sAMAccountType": 0x30000001 if is_computer else 0x30000000,
            "userAccountControl": _WORKSTATION_ACCOUNT if is_computer else _NORMAL_ACCOUNT,
            "primaryGroupID": 515 if is_computer else 513,
            "accountExpires": NEVER,
            "pwdLastSet": filetime(self.clock.date()),
            "logonCount": 0,
        }

    def category_dn(self, name: str) -> str:
        """The objectCategory of a class, by its name or its CN."""
        return f"CN={schema.category(name) or name},CN=Schema,CN=Configuration,{self.base}"

    def _check_links(self, values: Mapping[str, tuple[bytes, ...]]) -> None:
        for name, links in values.items():
            if name.lower() == "memberof":
                raise ValueError("memberOf is worked out from the groups' member")
            if name.lower() == "member":
                for link in links:
                    self.require(link.decode())

    def _check_sam(self, entry: Entry) -> None:
        sam = entry.text("sAMAccountName")
        holder = self.find_by_sam(sam) if sam else None
        if holder is not None and holder.key != entry.key:
            raise NameTaken(f"{holder.dn} has the sAMAccountName {sam} already")

    def groups_of(self, dn: str) -> tuple[str, ...]:
        """The DNs of the groups that name this object as a member: its memberOf."""
        return tuple(group.dn for group in self._groups_holding(self.require(dn).key))

    def _groups_holding(self, key: str) -> list[Entry]:
        with self._lock:
            if self._groups_of is None:
                self._groups_of = {}
                for entry in self._entries.values():
                    for member in entry.values("member"):
                        self._groups_of.setdefault(link_key(member), []).append(entry.key)
            return [self._entries[group] for group in self._groups_of.get(key, ())]

    def reaches(self, entry: Entry, attribute: str, dn: str) -> bool:
        """Whether following `attribute` (as memberOf) from an object comes to `dn`, over any number of steps."""
        wanted = link_key(dn.encode())
        with self._lock:
            pending, seen = [entry], {entry.key}
            while pending:
                for key in self._linked(pending.pop(), attribute):
                    if key == wanted:
                        return True
                    following = self._entries.get(key)
                    if following is not None and key not in seen:
                        seen.add(key)
                        pending.append(following)
        return False

    def _linked(self, entry: Entry, attribute: str) -> list[str]:
        if attribute.lower() == "memberof":
            return [group.key for group in self._groups_holding(entry.key)]
        return [link_key(value) for value in entry.values(attribute)]


def link_key(value: bytes) -> str:
    """The key of the object that a DN-valued attribute names."""
    try:
        return DistinguishedName.parse(value.decode()).key
    except ValueError:
        return value.decode("utf-8", "replace").casefold()
