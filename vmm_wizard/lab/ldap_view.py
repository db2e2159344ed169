"""The directory as one bound account sees it: which objects, which attributes, and those that are worked out for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from vmm_wizard.lab import schema
from vmm_wizard.lab.access import effective_mask
from vmm_wizard.lab.descriptors import (
    BUILTIN_ADMINISTRATORS,
    CREATE_CHILD,
    DACL_PART,
    GROUP_PART,
    OWNER_PART,
    READ_CONTROL,
    READ_PROPERTY,
    SACL_PART,
    WRITE_DAC,
    WRITE_OWNER,
    WRITE_PROPERTY,
    sid_to_bytes,
)
from vmm_wizard.lab.directory import Directory, Entry
from vmm_wizard.lab.entries import filetime

_DISABLED = 0x2
_LOCKED = 0x10
_PASSWORD_EXPIRED = 0x800000
_ALL_PARTS = OWNER_PART | GROUP_PART | DACL_PART | SACL_PART

#: More values than this of one attribute come in ranges (MaxValRange).
_LARGEST_ANSWER = 1500

Named = tuple[str, Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class View:
    """What the token with `sids` sees. `account` is the bound account, `name` its `NETBIOS\\sam` for WhoAmI.

    The groups are those of the moment of the bind, as in a real token. `missing`: objects (keys) that this controller
    does not have yet, with all below them.
    """

    directory: Directory
    account: Entry
    name: str
    sids: frozenset[str]
    missing: frozenset[str] = frozenset()

    def sees(self, entry: Entry) -> bool:
        """Whether the account may read the object; if not, it is not there for it."""
        if any(entry.key == key or entry.key.endswith(f",{key}") for key in self.missing):
            return False
        return bool(effective_mask(entry.descriptor, self.sids) & READ_PROPERTY)

    def candidate(self, entry: Entry) -> EntryView:
        """The object as filters and answers see it."""
        return EntryView(self, entry)


@dataclass(frozen=True, slots=True)
class EntryView:
    """One object as one account sees it."""

    view: View
    entry: Entry

    # What a filter asks

    def values(self, attribute: str) -> Sequence[bytes] | None:
        """The values of an attribute; None for one that AD works out per request: it cannot be searched by."""
        name = attribute.lower()
        if name in _CONSTRUCTED or name == "ntsecuritydescriptor":
            return None
        if name == "memberof":
            return [dn.encode() for dn in self.view.directory.groups_of(self.entry.dn)]
        live = self._live().get(name) if name in _LIVE else None
        return self.entry.values(name) if live is None else (str(live[1]).encode(),)

    def reaches(self, attribute: str, dn: str) -> bool:
        """Whether following an attribute from here comes to the object `dn`."""
        return self.view.directory.reaches(self.entry, attribute, dn)

    def category_dn(self, name: str) -> str:
        """The objectCategory that a class name stands for."""
        return self.view.directory.category_dn(name)

    # What an answer holds

    def answer(self, wanted: Sequence[str], is_base_search: bool, sd_flags: int | None) -> list[Named]:
        """The attributes to send back. `sd_flags` is None when the client sent no SD_FLAGS control."""
        found: dict[str, Named] = {}
        names = list(wanted) or ["*"]
        if "*" in names:
            found |= self._stored()
            if sd_flags is not None:
                names.append("nTSecurityDescriptor")
        for asked in names:
            name, _, option = asked.partition(";")
            for spelled, values in self._one(name, is_base_search, sd_flags):
                for shown, part in _in_ranges(spelled, values, option):
                    found[shown.lower()] = (shown, part)
        return list(found.values())

    def _stored(self) -> dict[str, Named]:
        stored: dict[str, Named] = {lower: (name, values) for lower, (name, values) in self.entry.attributes.items()}
        stored |= {name: (named[0], (str(named[1]).encode(),)) for name, named in self._live().items()}
        groups = self.values("memberOf")
        if groups:
            stored["memberof"] = ("memberOf", groups)
        ranged: dict[str, Named] = {}
        for spelled, values in stored.values():
            ranged |= {shown.lower(): (shown, part) for shown, part in _in_ranges(spelled, values, "")}
        return ranged

    def _one(self, name: str, is_base_search: bool, sd_flags: int | None) -> list[Named]:
        lower = name.lower()
        if lower == "ntsecuritydescriptor":
            descriptor = self._descriptor(sd_flags)
            return [("nTSecurityDescriptor", descriptor)] if descriptor else []
        if lower in _CONSTRUCTED:
            if lower == "tokengroups" and not is_base_search:
                return []
            constructed, work_out = _CONSTRUCTED[lower]
            worked_out = work_out(self)
            return [(constructed, worked_out)] if worked_out else []
        found = self.values(name) or ()
        stored = self.entry.attributes.get(lower)
        spelled = stored[0] if stored else _LIVE.get(lower, "memberOf" if lower == "memberof" else name)
        return [(spelled, found)] if found else []

    def _descriptor(self, sd_flags: int | None) -> list[bytes]:
        # Without the control a client asks for the SACL too, and only administrators may read that.
        parts = _ALL_PARTS if sd_flags is None else sd_flags & _ALL_PARTS or _ALL_PARTS
        if parts & SACL_PART and BUILTIN_ADMINISTRATORS not in self.view.sids:
            return []
        if not self._mask() & READ_CONTROL:
            return []
        return [self.entry.descriptor.to_bytes(parts)]

    def _mask(self, *types: str) -> int:
        guids = [guid for name in types for guid in schema.attribute_guids(name)]
        return effective_mask(self.entry.descriptor, self.view.sids, guids)

    # What is worked out

    def _live(self) -> dict[str, tuple[str, int]]:
        """What the account's state in the logons makes of its attributes."""
        directory = self.view.directory
        credential = directory.credential(self.entry)
        if credential is None or directory.logons is None:
            return {}
        now = directory.clock.date()
        live = {"badPwdCount": credential.bad_logons}
        control = self.entry.number("userAccountControl")
        if credential.state == "disabled":
            live["userAccountControl"] = control | _DISABLED
        if credential.state == "must_change":
            live["pwdLastSet"] = 0
        if credential.state == "expired":
            live["accountExpires"] = min(self.entry.number("accountExpires"), filetime(now - timedelta(days=1)))
        if directory.logons.is_locked(credential):
            live["lockoutTime"] = self.entry.number("lockoutTime") or filetime(now)
        return {name.lower(): (name, value) for name, value in live.items()}

    def _account_control_computed(self) -> list[bytes]:
        directory = self.view.directory
        if "user" not in schema.class_chain(self.entry.kind):
            return []
        credential = directory.credential(self.entry)
        computed = 0
        if credential is not None and directory.logons is not None:
            computed |= _LOCKED if directory.logons.is_locked(credential) else 0
            computed |= _PASSWORD_EXPIRED if credential.state in ("password_expired", "must_change") else 0
        return [str(computed).encode()]

    def _token_groups(self) -> list[bytes]:
        return [sid_to_bytes(sid) for sid in self.view.directory.token_groups(self.entry.dn)]

    def _children(self) -> list[bytes]:
        return [kind.encode() for kind in schema.possible_children(self.entry.kind)]

    def _children_effective(self) -> list[bytes]:
        allowed = []
        for kind in schema.possible_children(self.entry.kind):
            guid = schema.class_guid(kind)
            types = () if guid is None else (guid,)
            if effective_mask(self.entry.descriptor, self.view.sids, types) & CREATE_CHILD:
                allowed.append(kind.encode())
        return allowed

    def _attributes(self) -> list[bytes]:
        return [name.encode() for name in schema.possible_attributes(self.entry.kind)]

    def _attributes_effective(self) -> list[bytes]:
        names = schema.possible_attributes(self.entry.kind)
        return [name.encode() for name in names if self._mask(name) & WRITE_PROPERTY]

    def _sd_rights(self) -> list[bytes]:
        mask = self._mask()
        rights = OWNER_PART | GROUP_PART if mask & WRITE_OWNER else 0
        rights |= DACL_PART if mask & WRITE_DAC else 0
        rights |= SACL_PART if BUILTIN_ADMINISTRATORS in self.view.sids else 0
        return [str(rights).encode()]

    def _canonical_name(self) -> list[bytes]:
        directory = self.view.directory
        path: list[str] = []
        entry: Entry | None = self.entry
        while entry is not None and entry.key != directory.base_key:
            path.insert(0, entry.text("name"))
            entry = directory.parent(entry)
        return [f"{directory.dns_domain}/{'/'.join(path)}".encode()]

    def _created(self) -> Sequence[bytes]:
        return self.entry.values("whenCreated")

    def _primary_group_token(self) -> list[bytes]:
        return [self.entry.sid.rpartition("-")[2].encode()] if self.entry.kind == "group" else []


_LIVE = {
    name.lower(): name for name in ("userAccountControl", "pwdLastSet", "accountExpires", "lockoutTime", "badPwdCount")
}

_CONSTRUCTED: dict[str, tuple[str, Callable[[EntryView], Sequence[bytes]]]] = {
    name.lower(): (name, work_out)
    for name, work_out in (
        ("allowedAttributes", EntryView._attributes),
        ("allowedAttributesEffective", EntryView._attributes_effective),
        ("allowedChildClasses", EntryView._children),
        ("allowedChildClassesEffective", EntryView._children_effective),
        ("canonicalName", EntryView._canonical_name),
        ("createTimeStamp", EntryView._created),
        ("msDS-User-Account-Control-Computed", EntryView._account_control_computed),
        ("primaryGroupToken", EntryView._primary_group_token),
        ("sDRightsEffective", EntryView._sd_rights),
        ("tokenGroups", EntryView._token_groups),
    )
}


def _in_ranges(name: str, values: Sequence[bytes], option: str) -> list[Named]:
    """The values under the name that AD gives them: all, or the range that was asked for, or the first range."""
    first, last = 0, len(values) - 1
    if option.lower().startswith("range="):
        low, _, high = option[6:].partition("-")
        if not low.isdigit() or not (high == "*" or high.isdigit()) or int(low) > last:
            return []
        first = int(low)
        last = min(last, first + _LARGEST_ANSWER - 1, *([int(high)] if high != "*" else []))
    elif len(values) <= _LARGEST_ANSWER:
        return [(name, values)]
    else:
        last = _LARGEST_ANSWER - 1
    end = "*" if last >= len(values) - 1 else str(last)
    return [(f"{name};range={first}-{end}", values[first : last + 1])]
