"""What group policy defines on a node, as typed values: the winners of its last refresh (RSoP), with their GPO's name.

The local policy is no GPO here: what it says can be changed on the node, and stays. See `facts/model.py`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GovernedRight:
    """A user right by its constant (`SeBatchLogonRight`) and the SIDs that a GPO gives it to, and nobody else.

    What Windows could not resolve stands among them as the GPO has it.
    """

    right: str
    gpo: str
    sids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GovernedGroup:
    """The members that a GPO lets a local group have, and no others; those that do not resolve are kept as written."""

    gpo: str
    sids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddedMember:
    """An account that a GPO puts into the local Administrators beside whoever is there."""

    gpo: str
    sid: str


@dataclass(frozen=True, slots=True)
class GovernedValue:
    """A registry value that a GPO's security options set; `value` as RSoP writes it, a text."""

    gpo: str
    value: str


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """What GPOs define of what the checks look at. `administrators` None: no GPO defines the group's members.

    `added_administrators` None: this release of Windows does not log them.
    """

    rights: tuple[GovernedRight, ...]
    administrators: GovernedGroup | None
    added_administrators: tuple[AddedMember, ...] | None
    disable_domain_creds: GovernedValue | None
