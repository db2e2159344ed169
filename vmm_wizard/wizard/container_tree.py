"""The tree of containers as suggestions for the DKM container: likely ones first, then level by level, and new ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from vmm_wizard.facts.discovery_model import Containers, FoundContainer
from vmm_wizard.facts.model import NOT_ASKED, NoAnswer
from vmm_wizard.report.discovery import described
from vmm_wizard.texts import text
from vmm_wizard.wizard.found_keys import CONTAINER
from vmm_wizard.wizard.suggesting import Sight, Suggestion

#: What a new container is called; behind it a number where the name is taken.
NEW_NAME = "VMMDKM"
#: Top-level containers where nobody looks for keys: they come last.
_SYSTEM = ("CN=Builtin", "CN=ForeignSecurityPrincipals", "CN=Keys", "CN=System")
_FIRST = re.compile(r"(?:\\.|[^\\,])+")


def rows(sight: Sight) -> Iterator[Suggestion]:
    """Containers by a likely name, then the tree below the domain as far as it was opened."""
    read = sight.found.containers
    if isinstance(read, NoAnswer):
        return
    for row in read.likely:
        yield Suggestion(text("found.likely", dn=row.dn), {CONTAINER: row.dn})
    yield from _branch(sight, FoundContainer(read.base, "domain"), 0, read)


def is_open(sight: Sight, dn: str) -> bool:
    """Whether a line of the tree is open: the domain's at first, the others once they were opened."""
    is_base = isinstance(sight.found.containers, Containers) and dn == sight.found.containers.base
    return is_base != (dn in sight.asked.turned)


def _branch(sight: Sight, row: FoundContainer, depth: int, read: Containers) -> Iterator[Suggestion]:
    opened = is_open(sight, row.dn)
    answers = {CONTAINER: row.dn} if row.kind == "container" else {}
    name = row.dn if row.kind == "domain" else _first_name(row.dn)
    yield Suggestion(described(name, row.description), answers, depth=depth, opens=row.dn, is_open=opened)
    if not opened:
        return
    children = read.top if row.dn == read.base else sight.asked.children.get(row.dn, NOT_ASKED)
    if isinstance(children, NoAnswer):
        said = text("found.level.asking") if children is NOT_ASKED else children.reason
        yield Suggestion(said, depth=depth + 1)
        return
    made = f"CN={_new_name(children)},{row.dn}"
    new = Suggestion(text("found.create", name=_first_name(made)), {CONTAINER: made}, depth=depth + 1, creates=made)
    has_one = any(_is_likely(child) for child in children)
    if row.kind != "builtin" and not has_one:
        yield new
    for child in sorted(children, key=_order):
        yield from _branch(sight, child, depth + 1, read)
    if row.kind != "builtin" and has_one:
        yield new


def _order(row: FoundContainer) -> tuple[bool, bool, str]:
    name = _first_name(row.dn)
    return not _is_likely(row), name in _SYSTEM, name.casefold()


def _is_likely(row: FoundContainer) -> bool:
    return "dkm" in _first_name(row.dn).casefold()


def _first_name(dn: str) -> str:
    """The first part of a DN as it stands there, such as `CN=Keys`."""
    found = _FIRST.match(dn)
    return found[0] if found else dn


def _new_name(children: Sequence[FoundContainer]) -> str:
    """A name that none of the children has."""
    taken = {_first_name(row.dn).casefold() for row in children}
    names = (f"{NEW_NAME}{number or ''}" for number in (0, *range(2, len(taken) + 3)))
    return next(name for name in names if f"cn={name}".casefold() not in taken)
