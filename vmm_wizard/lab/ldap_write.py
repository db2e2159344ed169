"""Additions and changes over LDAP, by the rights that a DC asks for: all of a request or nothing of it.

Nothing is ever deleted or renamed over LDAP here: the wizard never does, and a learner's estate stays what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from vmm_wizard.lab import ber, schema
from vmm_wizard.lab.access import effective_mask
from vmm_wizard.lab.descriptors import (
    BUILTIN_ADMINISTRATORS,
    CREATE_CHILD,
    DACL_PART,
    GROUP_PART,
    OWNER_PART,
    SACL_PART,
    WRITE_DAC,
    WRITE_OWNER,
    WRITE_PROPERTY,
    Descriptor,
    MalformedDescriptor,
)
from vmm_wizard.lab.directory import Directory, Entry, NameTaken, NoSuchObject
from vmm_wizard.lab.ldap_messages import (
    ATTRIBUTE_OR_VALUE_EXISTS,
    CONSTRAINT_VIOLATION,
    ENTRY_ALREADY_EXISTS,
    INSUFFICIENT_ACCESS_RIGHTS,
    INVALID_DN_SYNTAX,
    NAMING_VIOLATION,
    NO_SUCH_ATTRIBUTE,
    OBJECT_CLASS_VIOLATION,
    SD_FLAGS,
    SUCCESS,
    UNWILLING_TO_PERFORM,
    AddRequest,
    Message,
    Modification,
    ModifyRequest,
    Result,
    read_sd_flags,
)
from vmm_wizard.lab.ldap_search import (
    NO_SUCH_CONTROL,
    NOT_BOUND,
    SearchFailed,
    find_base,
    refuse_unknown_controls,
)
from vmm_wizard.lab.ldap_view import View
from vmm_wizard.plan.names import DistinguishedName

NO_RIGHT = Result(
    INSUFFICIENT_ACCESS_RIGHTS,
    "00000005: SecErr: DSID-03152870, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n\0",
)
_SYSTEM_ONLY = Result(
    CONSTRAINT_VIOLATION, "0000209A: AtrErr: DSID-0310083A, problem 1005 (CONSTRAINT_ATT_TYPE), data 0\n\0"
)

#: What the directory itself keeps, and refuses from everybody.
_KEPT = frozenset(
    (
        *("objectguid", "objectsid", "objectcategory", "instancetype", "whencreated"),
        *("whenchanged", "distinguishedname", "name", "memberof", "samaccounttype"),
        *("badpwdcount", "logoncount", "tokengroups"),
    )
)
_DESCRIPTOR = "ntsecuritydescriptor"
_ALL_PARTS = OWNER_PART | GROUP_PART | DACL_PART | SACL_PART


class _Refused(Exception):
    def __init__(self, result: Result) -> None:
        super().__init__(result.text)
        self.result = result


def add(message: Message, request: AddRequest, view: View | None) -> Result:
    """Put a new object into the tree (MS-ADTS 3.1.1.5.2): the right to create its class in the parent is needed."""
    try:
        return _add(message, request, _bound(view))
    except (SearchFailed, _Refused) as failure:
        return failure.result


def modify(message: Message, request: ModifyRequest, view: View | None) -> Result:
    """Change an object (MS-ADTS 3.1.1.5.3): each attribute needs its own right, the descriptor a right a part."""
    try:
        return _modify(message, request, _bound(view))
    except (SearchFailed, _Refused) as failure:
        return failure.result


def _bound(view: View | None) -> View:
    if view is None:
        raise _Refused(NOT_BOUND)
    return view


# --- add


def _add(message: Message, request: AddRequest, view: View) -> Result:
    refuse_unknown_controls(message)
    directory = view.directory
    name = _name(request.dn)
    given = {key.lower(): (key, values) for key, values in request.attributes}
    kind = _structural_class(given.pop("objectclass", ("", ()))[1])
    parent = find_base(view, str(name.parent))
    if kind not in schema.possible_children(parent.kind):
        raise _Refused(Result(NAMING_VIOLATION, f"00002099: NameErr: {kind} is no possible child of {parent.kind}\n\0"))
    guid = schema.class_guid(kind)
    mask = effective_mask(parent.descriptor, view.sids, () if guid is None else (guid,))
    if not mask & CREATE_CHILD:
        raise _Refused(NO_RIGHT)
    raw = given.pop(_DESCRIPTOR, ("", ()))[1]
    if _KEPT & given.keys():
        raise _Refused(_SYSTEM_ONLY)
    owner = _owner_of_new(directory, view)
    own = _read_descriptor(raw) if raw else directory.default_descriptor()
    try:
        directory.put(
            str(name),
            kind,
            {key: list(values) for key, values in given.values()},
            replace(own, owner=owner, group=own.group or owner),
        )
    except NameTaken:
        raise _Refused(
            Result(ENTRY_ALREADY_EXISTS, "00002071: UpdErr: problem 6005 (ENTRY_EXISTS), data 0\n\0")
        ) from None
    except NoSuchObject as missing:
        raise _Refused(Result(CONSTRAINT_VIOLATION, f"there is no {missing.dn}\0")) from None
    return Result(SUCCESS)


def _name(dn: str) -> DistinguishedName:
    try:
        return DistinguishedName.parse(dn)
    except ValueError:
        raise _Refused(Result(INVALID_DN_SYNTAX, f"'{dn}' is no distinguished name\0")) from None


def _structural_class(values: tuple[bytes, ...]) -> str:
    """The most specific of the classes that a client named, as the schema spells it."""
    named = [known for known in schema.CLASS_CHAINS if known.lower() in {value.decode().lower() for value in values}]
    if not named:
        raise _Refused(Result(OBJECT_CLASS_VIOLATION, "0000207D: UpdErr: problem 6002 (OBJ_CLASS_VIOLATION)\n\0"))
    return max(named, key=lambda known: len(schema.class_chain(known)))


def _owner_of_new(directory: Directory, view: View) -> str:
    """Who creates owns; what a domain administrator creates is Domain Admins' (MS-ADTS 6.1.3)."""
    admins = directory.sid(512)
    return admins if admins in view.sids else view.account.sid


# --- modify


def _modify(message: Message, request: ModifyRequest, view: View) -> Result:
    refuse_unknown_controls(message)
    directory = view.directory
    entry = find_base(view, request.dn)
    values: dict[str, tuple[bytes, ...]] = {}
    descriptor: Descriptor | None = None
    for change in request.changes:
        name = change.attribute.lower()
        if name == _DESCRIPTOR:
            descriptor = _new_descriptor(message, change, view, entry, descriptor or entry.descriptor)
            continue
        if name in _KEPT or name == "objectclass":
            raise _Refused(_SYSTEM_ONLY)
        if not effective_mask(entry.descriptor, view.sids, schema.attribute_guids(name)) & WRITE_PROPERTY:
            raise _Refused(NO_RIGHT)
        values[change.attribute] = _changed(change, values.get(change.attribute, entry.values(name)))
    try:
        if values:
            directory.modify(entry.dn, values)
    except (NameTaken, NoSuchObject, ValueError) as error:
        raise _Refused(Result(CONSTRAINT_VIOLATION, f"{error}\0")) from None
    if descriptor is not None:
        directory.redescribe(entry.dn, descriptor)
    return Result(SUCCESS)


def _changed(change: Modification, before: tuple[bytes, ...]) -> tuple[bytes, ...]:
    if change.operation == "replace":
        return change.values
    if change.operation == "add":
        if set(change.values) & set(before):
            raise _Refused(
                Result(ATTRIBUTE_OR_VALUE_EXISTS, "00002083: AtrErr: problem 1006 (ATT_OR_VALUE_EXISTS)\n\0")
            )
        return (*before, *change.values)
    gone = set(change.values) or set(before)
    if not gone or not gone <= set(before):
        raise _Refused(Result(NO_SUCH_ATTRIBUTE, "00002085: AtrErr: problem 1001 (NO_ATTRIBUTE_OR_VAL)\n\0"))
    return tuple(value for value in before if value not in gone)


#: The right that each part of a descriptor wants.
_RIGHTS: Mapping[int, int] = {OWNER_PART: WRITE_OWNER, GROUP_PART: WRITE_OWNER, DACL_PART: WRITE_DAC}


def _new_descriptor(message: Message, change: Modification, view: View, entry: Entry, before: Descriptor) -> Descriptor:
    """The descriptor after the parts that SD_FLAGS names were replaced; without the control, all parts are meant."""
    control = message.controls.get(SD_FLAGS)
    try:
        parts = _ALL_PARTS if control is None else read_sd_flags(control.value) & _ALL_PARTS or _ALL_PARTS
    except ber.MalformedBer:
        raise _Refused(NO_SUCH_CONTROL) from None
    if change.operation != "replace" or len(change.values) != 1:
        raise _Refused(Result(UNWILLING_TO_PERFORM, "a security descriptor can only be replaced\0"))
    given = _read_descriptor(change.values)
    mask = effective_mask(entry.descriptor, view.sids)
    wanted = 0
    for part, right in _RIGHTS.items():
        wanted |= right if parts & part else 0
    if mask & wanted != wanted or (parts & SACL_PART and BUILTIN_ADMINISTRATORS not in view.sids):
        raise _Refused(NO_RIGHT)
    return Descriptor(
        given.owner if parts & OWNER_PART and given.owner else before.owner,
        given.group if parts & GROUP_PART and given.group else before.group,
        given.aces if parts & DACL_PART else before.aces,
        given.protected if parts & DACL_PART else before.protected,
    )


def _read_descriptor(values: tuple[bytes, ...]) -> Descriptor:
    try:
        return Descriptor.from_bytes(values[0])
    except MalformedDescriptor as error:
        raise _Refused(Result(CONSTRAINT_VIOLATION, f"0000051B: {error}\0")) from None
