"""What a library's file server says of itself, as typed values: the keys of the answer of `library-facts.ps1`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LibraryRole:
    """The cluster group that owns the file server's name. `kind` is its GroupType, such as `FileServer`."""

    name: str
    kind: str
    state: str


@dataclass(frozen=True, slots=True)
class ShareEntry:
    """One entry of a share's own access list, in stored order. `mask` holds the bits of file access."""

    allow: bool
    sid: str
    mask: int


@dataclass(frozen=True, slots=True)
class LibraryShare:
    """A share under the file server's name, the administrative ones left out."""

    name: str
    path: str
    entries: tuple[ShareEntry, ...]


@dataclass(frozen=True, slots=True)
class LibraryFacts:
    """`computer_name` is the machine that answered under the file server's name: for a role, the node that owns it.

    `cluster_name` is empty outside of a cluster; `role` None: no cluster group has the name. `shares` None: could not
    be read, and `error` says why of whatever could not.
    """

    computer_name: str
    cluster_name: str
    role: LibraryRole | None
    shares: tuple[LibraryShare, ...] | None
    error: str
