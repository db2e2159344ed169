"""What a fix would do, as values: shown to the admin before anything is changed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grant:
    """Full Control, on an object and all descendants, for one principal; `name` is how messages call it."""

    sid: str
    name: str


@dataclass(frozen=True, slots=True)
class MakeContainer:
    """Make the container `dn`, grant, and protect it from accidental deletion."""

    dn: str
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class GrantRights:
    """Add entries to the access list of `dn`; `protect`: also the protection from accidental deletion."""

    dn: str
    grants: tuple[Grant, ...]
    protect: bool


@dataclass(frozen=True, slots=True)
class AddAdministrator:
    """Put a principal into the local group Administrators of a node."""

    node: str
    sid: str


@dataclass(frozen=True, slots=True)
class RemoveTasks:
    """Take scheduled tasks of ours, which nobody waits for any more, off a node, with their folders."""

    node: str
    tasks: tuple[str, ...]


Change = MakeContainer | GrantRights | AddAdministrator | RemoveTasks


@dataclass(frozen=True, slots=True)
class Offer:
    """A fix that can be made for one finding.

    `place` is the object or node that changes, `steps` each change as a sentence, `account` who makes it, `undo` what
    takes it back again: a step to paste each, or a sentence where nothing needs to be taken back.
    """

    check_id: str
    subject: str
    place: str
    steps: tuple[str, ...]
    account: str
    undo: tuple[str, ...]
    change: Change


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a fix is not made for one finding, and what to do instead (empty: the finding's own remedy says it)."""

    check_id: str
    subject: str
    reason: str
    remedy: str = ""
