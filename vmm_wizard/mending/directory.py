"""Changes in Active Directory, over the one bound connection: a container is made, entries are added to a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from vmm_wizard.checks.rights import CONTAINER_INHERIT, DELETE, DELETE_TREE, EVERYONE, FULL_CONTROL
from vmm_wizard.facts.descriptor import UnreadableDescriptor
from vmm_wizard.facts.directory_channel import DirectoryUnusable
from vmm_wizard.facts.model import Ace
from vmm_wizard.mending.entries import with_entries
from vmm_wizard.mending.model import Grant, GrantRights, MakeContainer
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.facts.directory import DirectorySession

#: Seconds for one request.
_SECONDS: Final = 20.0
#: Of a descriptor, only the access list is read and written.
_DACL: Final = 0x4

_SUCCESS, _INSUFFICIENT_RIGHTS, _ALREADY_EXISTS = 0, 50, 68


class ChangeRefused(Exception):
    """A change was not made, or not wholly. One sentence that says what was refused, and what was done before it."""


@dataclass(frozen=True, slots=True)
class _Doing:
    """What is being done to the object `dn`, for what is said when it goes wrong: "creating" it or "changing" its
    permissions."""

    what: str
    dn: str

    def failed(self, reason: str) -> ChangeRefused:
        """It was refused, for this reason."""
        return ChangeRefused(text(f"mending.directory.failed.{self.what}", dn=self.dn, reason=reason))

    def broke_off(self, reason: str) -> ChangeRefused:
        """There was no answer to it, for this reason."""
        return ChangeRefused(text(f"mending.directory.broke_off.{self.what}", dn=self.dn, reason=reason))


def make_container(session: DirectorySession, change: MakeContainer) -> None:
    """Make the container with the rights that the schema gives it, then add ours. Raises ChangeRefused.

    In two steps: a list of rights given at once would take the place of the schema's, with Domain Admins in it.
    """
    what = _Doing("creating", change.dn)
    _request(session, what, lambda connection: connection.add(change.dn, "container"))
    try:
        add_rights(session, GrantRights(change.dn, change.grants, protect=True))
    except ChangeRefused as refused:
        raise ChangeRefused(text("mending.directory.half_done", dn=change.dn, refused=refused)) from None


def add_rights(session: DirectorySession, change: GrantRights) -> None:
    """Read the object's access list, add entries, write it back: it alone, nothing else of the descriptor."""
    from ldap3 import BASE, MODIFY_REPLACE
    from ldap3.protocol.microsoft import security_descriptor_control

    control = security_descriptor_control(criticality=True, sdflags=_DACL)
    what = _Doing("changing", change.dn)

    def read(connection: Any) -> bytes:
        connection.search(change.dn, "(objectClass=*)", BASE, attributes=["nTSecurityDescriptor"], controls=control)
        rows = [row for row in connection.response or () if row["type"] == "searchResEntry"]
        values = [
            bytes(value)
            for row in rows
            for name, raw in row["raw_attributes"].items()
            if name.lower() == "ntsecuritydescriptor"
            for value in raw
        ]
        return values[0] if values else b""

    stored = _exchange(session, what, read)
    if not stored:
        raise what.failed(text("mending.directory.unread"))
    try:
        written = with_entries(stored, entries(change.grants, change.protect))
    except UnreadableDescriptor as error:
        raise what.failed(str(error)) from None
    _request(
        session,
        what,
        lambda connection: connection.modify(
            change.dn, {"nTSecurityDescriptor": [(MODIFY_REPLACE, [written])]}, controls=control
        ),
    )


def entries(grants: Sequence[Grant], protect: bool) -> tuple[Ace, ...]:
    """The entries that a change adds: Full Control for this object and all descendants, and the protection."""
    granted = tuple(Ace(True, grant.sid, FULL_CONTROL, CONTAINER_INHERIT) for grant in grants)
    return granted + ((Ace(False, EVERYONE, DELETE | DELETE_TREE),) if protect else ())


def _request(session: DirectorySession, what: _Doing, send: Callable[[Any], object]) -> None:
    def ask(connection: Any) -> Mapping[str, Any]:
        send(connection)
        result: Mapping[str, Any] = connection.result
        return result

    result = _exchange(session, what, ask)
    number = int(result["result"])
    if number == _SUCCESS:
        return
    name = {_INSUFFICIENT_RIGHTS: "no_right", _ALREADY_EXISTS: "exists_already"}.get(number, "otherwise")
    told = {"account": session.access.account, "said": result["description"], "number": number}
    raise what.failed(text(f"mending.directory.refused.{name}", **told))


def _exchange(session: DirectorySession, what: _Doing, ask: Callable[[Any], Any]) -> Any:
    try:
        return session.exchange(ask, _SECONDS)
    except DirectoryUnusable as failure:
        # After a request was sent and no answer came, nobody here knows: the check that follows looks again.
        raise what.broke_off(failure.answer.reason) from None
