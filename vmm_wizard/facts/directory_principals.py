"""Asks about everybody that a plan names in one search: accounts, computers, and who holds service principal names."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from vmm_wizard.facts.descriptor import UnreadableDescriptor, parse_descriptor, sid_bytes
from vmm_wizard.facts.directory_channel import DirectoryUnusable
from vmm_wizard.facts.directory_domain import DomainView, dn_key
from vmm_wizard.facts.directory_search import Found, NoSuchObject, Searcher, equals
from vmm_wizard.facts.model import (
    NOT_ASKED,
    AccountFacts,
    ClusterObjectFacts,
    ComputerFacts,
    NoAnswer,
    PrincipalNameFacts,
    SecurityDescriptor,
)
from vmm_wizard.facts.questions import PrincipalsQuestion
from vmm_wizard.plan.names import AccountName, DistinguishedName
from vmm_wizard.texts import text

T = TypeVar("T")

# Bits of userAccountControl (MS-ADTS 2.2.16).
_DISABLED: Final = 0x2
_PASSWORD_NEVER_EXPIRES: Final = 0x10000

_ATTRIBUTES: Final = (
    "objectSid",
    "objectClass",
    "sAMAccountName",
    "userPrincipalName",
    "userAccountControl",
    "msDS-User-Account-Control-Computed",
    "accountExpires",
    "pwdLastSet",
    "msDS-UserPasswordExpiryTimeComputed",
    "whenCreated",
    "lastLogon",
    "lastLogonTimestamp",
    "servicePrincipalName",
    "mS-DS-CreatorSID",
    "description",
    "msDS-GroupMSAMembership",
    "allowedAttributesEffective",
    "sDRightsEffective",
)


@dataclass(frozen=True, slots=True)
class Principals:
    """The answers to a `PrincipalsQuestion`, each by itself: one that fails leaves the others. `accounts` go by
    `AccountName.key`, `computers` by the name that was asked for, case-folded."""

    accounts: Mapping[str, AccountFacts | NoAnswer] = field(default_factory=dict)
    role: ComputerFacts | NoAnswer = NOT_ASKED
    cluster: ClusterObjectFacts | NoAnswer = NOT_ASKED
    computers: Mapping[str, ComputerFacts | NoAnswer] = field(default_factory=dict)
    names: PrincipalNameFacts | NoAnswer = NOT_ASKED


def ask_principals(view: DomainView, question: PrincipalsQuestion) -> Principals:
    """Everybody at once: one search for all, then one for the groups of each account and of the cluster's object, and
    one for the place where the cluster makes its roles' objects.

    Service principal names are looked for in the whole forest where it has more than one domain and the controller is
    a global catalog: that is a bind and a search more.
    """
    rows = _find_all(view, question)
    role = _part(view, lambda: _computer(rows, question.role)) if question.role else NOT_ASKED
    cluster = _part(view, lambda: _cluster(view, rows, question.cluster, role)) if question.cluster else NOT_ASKED
    return Principals(
        {name.key: _part(view, lambda name=name: _account(view, rows, name)) for name in question.accounts},  # type: ignore[misc]
        role,
        cluster,
        {name.casefold(): _part(view, lambda name=name: _member(view, rows, name)) for name in question.computers},  # type: ignore[misc]
        _part(view, lambda: _names(view, rows, question.names, role)) if question.names else NOT_ASKED,
    )


def _part(view: DomainView, ask: Callable[[], T]) -> T | NoAnswer:
    """One of the answers, or why there is none; raises DirectoryUnusable when the connection is gone."""
    try:
        return ask()
    except NoSuchObject:
        return NoAnswer(text("reasons.directory_principals.lost_object", endpoint=view.channel.endpoint), "unreadable")
    except DirectoryUnusable as failure:
        if view.channel.is_closed:
            raise
        return failure.answer


# --- the one search


def _find_all(view: DomainView, question: PrincipalsQuestion) -> list[Found]:
    wanted = [row for name in question.accounts for row in _account_filters(view, name)]
    labels = [name for name in (question.role, question.cluster, *question.computers) if name]
    wanted += [equals("sAMAccountName", f"{label}$") for label in labels]
    if question.cluster:
        wanted.append(equals("servicePrincipalName", _cluster_name(question.cluster)))
    if not _asks_catalog(view):
        wanted += [equals("servicePrincipalName", text) for text in question.names]
    wanted = list(dict.fromkeys(wanted))
    if not wanted:
        return []
    text = wanted[0] if len(wanted) == 1 else f"(|{''.join(wanted)})"
    return view.searcher.search(view.naming.base, "subtree", text, _ATTRIBUTES, descriptor=True)


def _asks_catalog(view: DomainView) -> bool:
    return view.naming.other_domains and view.open_catalog is not None


def _is_own(view: DomainView, name: AccountName) -> bool:
    naming = view.naming
    return name.domain.casefold() in (naming.dns_name.casefold(), naming.netbios_name.casefold())


def _account_filters(view: DomainView, name: AccountName) -> list[str]:
    wanted = [equals("userPrincipalName", str(name))] if name.is_upn else []
    return [*wanted, equals("sAMAccountName", name.user)] if _is_own(view, name) else wanted


def _same(left: str, right: str) -> bool:
    """Whether AD takes two names for one: it ignores case and accents."""
    return left.casefold() == right.casefold() or _plain(left) == _plain(right)


def _plain(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text)
    return "".join(each for each in spread if not unicodedata.combining(each)).casefold()


def _has_class(row: Found, name: str) -> bool:
    return name in {each.casefold() for each in row.texts("objectClass")}


# --- accounts


def _account(view: DomainView, rows: list[Found], name: AccountName) -> AccountFacts:
    naming = view.naming
    if not _is_own(view, name) and not name.is_upn:
        names = {"netbios_name": naming.netbios_name, "dns_name": naming.dns_name}
        told = {"name": name, "domain": name.domain, "server": view.server, **names}
        raise DirectoryUnusable(text("reasons.directory_principals.other_domain", **told), "not_asked")
    found = account_row(rows, name, _is_own(view, name))
    if found is None:
        return AccountFacts(str(name), False, domain_dns=naming.dns_name)
    control = found.number("userAccountControl") or 0
    return AccountFacts(
        str(name),
        True,
        found.dn,
        found.text("sAMAccountName"),
        found.sid(),
        found.texts("objectClass"),
        naming.dns_name,
        control,
        found.number("msDS-User-Account-Control-Computed") or 0,
        found.file_time("accountExpires"),
        found.file_time("msDS-UserPasswordExpiryTimeComputed"),
        found.number("pwdLastSet") == 0 and not control & _PASSWORD_NEVER_EXPIRES,
        _token_groups(view, found.dn),
        str(view.access.account),
        # AD gives a number for the one and no value at all for the other when this account has no right.
        found.texts("allowedAttributesEffective") if found.number("sDRightsEffective") is not None else None,
        _password_readers(found),
        found.descriptor(),
        found.file_time("pwdLastSet"),
    )


def account_row(rows: list[Found], name: AccountName, own: bool) -> Found | None:
    """The account, an explicit userPrincipalName before one that AD makes of the sAMAccountName."""
    users = [row for row in rows if _has_class(row, "user")]
    if name.is_upn:
        for row in users:
            if _same(row.text("userPrincipalName"), str(name)):
                return row
    return next((row for row in users if own and _same(row.text("sAMAccountName"), name.user)), None)


def _password_readers(row: Found) -> SecurityDescriptor | None:
    """Who may retrieve a managed account's password: a descriptor of its own, which counts like an object's."""
    raw = row.all("msDS-GroupMSAMembership")
    try:
        return parse_descriptor(raw[0]) if raw else None
    except UnreadableDescriptor:
        return None


def _token_groups(view: DomainView, dn: str) -> tuple[str, ...] | None:
    """All groups in an account's token, which a base search alone gives; None when we may not read them."""
    return view.searcher.base(dn, ("tokenGroups",)).sids("tokenGroups") or None


# --- computers


def _computer_row(rows: list[Found], name: str) -> Found | None:
    computers = [row for row in rows if _has_class(row, "computer")]
    return next((row for row in computers if _same(row.text("sAMAccountName"), f"{name}$")), None)


def _computer(rows: list[Found], name: str) -> ComputerFacts:
    found = _computer_row(rows, name)
    return _as_computer(name, found) if found else ComputerFacts(name, False)


def _as_computer(name: str, found: Found) -> ComputerFacts:
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


def _member(view: DomainView, rows: list[Found], name: str) -> ComputerFacts:
    """A computer with the groups in its token."""
    computer = _computer(rows, name)
    return replace(computer, token_groups=_token_groups(view, computer.dn)) if computer.found else computer


def _cluster_name(cluster: str) -> str:
    return f"MSClusterVirtualServer/{cluster}"


def _cluster(view: DomainView, rows: list[Found], name: str, role: ComputerFacts | NoAnswer) -> ClusterObjectFacts:
    """The cluster's object, by its name or else by the service principal name of a cluster, and where it lives."""
    found = _computer_row(rows, name) or next((row for row in rows if _holds(row, _cluster_name(name))), None)
    if found is None:
        return ClusterObjectFacts(ComputerFacts(name, False))
    computer = replace(_as_computer(name, found), token_groups=_token_groups(view, found.dn))
    parent = str(DistinguishedName.parse(computer.dn).parent)
    in_computers = dn_key(parent) == dn_key(view.naming.computers_dn)
    is_old = isinstance(role, ComputerFacts) and role.found
    is_new = isinstance(role, ComputerFacts) and not role.found
    return ClusterObjectFacts(
        computer,
        parent,
        # Where the role's object is there already, nobody needs to make one beside the cluster's.
        None if is_old else view.searcher.base(parent, ("objectClass",), descriptor=True).descriptor(),
        in_computers,
        # The quota matters in CN=Computers alone, and only while the role's object is still to be made.
        _created_by(view, computer.sid) if in_computers and is_new else None,
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


# --- service principal names


def _names(
    view: DomainView, rows: list[Found], names: tuple[str, ...], role: ComputerFacts | NoAnswer
) -> PrincipalNameFacts:
    forest_wide = not view.naming.other_domains
    if _asks_catalog(view):
        text = "".join(equals("servicePrincipalName", name) for name in names)
        rows, forest_wide = _search_forest(view, f"(|{text})")
    holders = {name: tuple(row.dn for row in rows if _holds(row, name)) for name in names}
    points: tuple[str, ...] = ()
    if isinstance(role, ComputerFacts) and role.found:
        # Consoles find the server by a connection point below the role's computer object (PHX).
        found = view.searcher.search(role.dn, "subtree", "(objectClass=serviceConnectionPoint)")
        points = tuple(point.dn for point in found)
    accounts = {row.dn: row.text("sAMAccountName") for row in rows if any(row.dn in held for held in holders.values())}
    return PrincipalNameFacts(holders, points, forest_wide, accounts)


def _holds(row: Found, name: str) -> bool:
    return name.casefold() in {text.casefold() for text in row.texts("servicePrincipalName")}


def _search_forest(view: DomainView, wanted: str) -> tuple[list[Found], bool]:
    """Search the forest by the controller's global catalog; the domain alone, and False, when it is none."""
    attributes = ("servicePrincipalName", "sAMAccountName")
    assert view.open_catalog is not None
    try:
        catalog = view.open_catalog()
    except DirectoryUnusable:
        return view.searcher.search(view.naming.base, "subtree", wanted, attributes), False
    try:
        return Searcher(catalog, view.searcher.seconds).search("", "subtree", wanted, attributes), True
    finally:
        catalog.close()
