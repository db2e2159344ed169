"""Searches and comparisons in the practice directory: scopes, limits, pages, referrals, as a DC answers them."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from vmm_wizard.lab import ber
from vmm_wizard.lab.descriptors import MalformedDescriptor
from vmm_wizard.lab.directory import Directory, Entry, NoSuchObject
from vmm_wizard.lab.ldap_filter import Equal
from vmm_wizard.lab.ldap_messages import (
    COMPARE_FALSE,
    COMPARE_TRUE,
    DOMAIN_SCOPE,
    INVALID_DN_SYNTAX,
    NO_SUCH_ATTRIBUTE,
    NO_SUCH_OBJECT,
    OPERATIONS_ERROR,
    PAGED_RESULTS,
    REFERRAL,
    SD_FLAGS,
    SEARCH_DONE,
    SIZE_LIMIT_EXCEEDED,
    SUCCESS,
    TIME_LIMIT_EXCEEDED,
    UNAVAILABLE_CRITICAL_EXTENSION,
    CompareRequest,
    Control,
    Message,
    Result,
    SearchRequest,
    paged_results,
    read_paged_results,
    read_sd_flags,
    result_response,
    search_entry,
    search_reference,
)
from vmm_wizard.lab.ldap_view import View
from vmm_wizard.plan.names import DistinguishedName

SUPPORTED_CONTROLS = (PAGED_RESULTS, SD_FLAGS, DOMAIN_SCOPE)

NOT_BOUND = Result(
    OPERATIONS_ERROR,
    "000004DC: LdapErr: DSID-0C090A58, comment: In order to perform this operation a successful bind must be completed "
    "on the connection., data 0, v4f7c\0",
)
NO_SUCH_CONTROL = Result(
    UNAVAILABLE_CRITICAL_EXTENSION,
    "000020EF: SvcErr: DSID-03140594, problem 5010 (UNAVAIL_EXTENSION), data 0\n\0",
)

_BY_IDENTITY = re.compile(r"<(SID|GUID)=([^>]+)>", re.IGNORECASE)

#: A response operation and its controls.
Response = tuple[bytes, tuple[bytes, ...]]


@dataclass
class Limits:
    """What the server allows. `page` is AD's MaxPageSize; `seconds` of estate time pass in every search."""

    page: int = 1000
    seconds: float = 0.0


@dataclass
class _Listing:
    """What is left of a listing that is fetched in pages."""

    request: SearchRequest
    keys: list[Entry]
    sent: int = 0


class SearchFailed(Exception):
    """A search that ends without a listing."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.text)
        self.result = result


@dataclass
class Searcher:
    """The searches of one connection; cookies of paged results are good on this connection only."""

    directory: Directory
    limits: Limits
    stop: threading.Event
    _listings: dict[bytes, _Listing] = field(default_factory=dict)

    def search(self, message: Message, request: SearchRequest, view: View | None) -> Iterator[Response]:
        """The answers to one search, the last of them SearchResultDone."""
        try:
            if view is None:
                raise SearchFailed(NOT_BOUND)
            refuse_unknown_controls(message)
            yield from self._listed(message, request, view)
        except SearchFailed as failure:
            yield result_response(SEARCH_DONE, failure.result), ()

    def _listed(self, message: Message, request: SearchRequest, view: View) -> Iterator[Response]:
        if self._takes_too_long(request.time_limit):
            raise SearchFailed(Result(TIME_LIMIT_EXCEEDED))
        paging = message.controls.get(PAGED_RESULTS)
        flags = _sd_flags(message.controls.get(SD_FLAGS))
        size, cookie = read_paged_results(paging.value) if paging else (0, b"")
        listing, references = self._listing(message, request, view, cookie)
        if paging and not size and cookie:
            yield result_response(SEARCH_DONE, Result(SUCCESS)), (paged_results(b""),)
            return
        allowed = min(size or self.limits.page, self.limits.page)
        if request.size_limit:
            allowed = min(allowed, max(request.size_limit - listing.sent, 0))
        page, listing.keys = listing.keys[:allowed], listing.keys[allowed:]
        listing.sent += len(page)
        for entry in page:
            attributes = view.candidate(entry).answer(request.attributes, request.scope == "base", flags)
            shown = [(name, ()) for name, _ in attributes] if request.types_only else attributes
            yield search_entry(entry.dn, shown), ()
        yield from ((search_reference(uri), ()) for uri in references)
        yield self._done(listing, request, is_paged=paging is not None)

    def _done(self, listing: _Listing, request: SearchRequest, is_paged: bool) -> Response:
        out_of_size = bool(request.size_limit) and listing.sent >= request.size_limit
        if listing.keys and (out_of_size or not is_paged):
            ended = (paged_results(b""),) if is_paged else ()
            return result_response(SEARCH_DONE, Result(SIZE_LIMIT_EXCEEDED)), ended
        if not is_paged:
            return result_response(SEARCH_DONE, Result(SUCCESS)), ()
        cookie = b""
        if listing.keys:
            cookie = secrets.token_bytes(16)
            self._listings[cookie] = listing
        return result_response(SEARCH_DONE, Result(SUCCESS)), (paged_results(cookie),)

    def _listing(
        self, message: Message, request: SearchRequest, view: View, cookie: bytes
    ) -> tuple[_Listing, list[str]]:
        if cookie:
            listing = self._listings.pop(cookie, None)
            if listing is None or (listing.request.base, listing.request.filter) != (request.base, request.filter):
                raise SearchFailed(NO_SUCH_CONTROL)
            return listing, []
        base = find_base(view, request.base)
        found = [
            entry
            for entry in self._in_scope(base, request)
            if request.filter.matches(view.candidate(entry)) is True and view.sees(entry)
        ]
        wants_references = DOMAIN_SCOPE not in message.controls
        return _Listing(request, found), self._references(base, request) if wants_references else []

    def _in_scope(self, base: Entry, request: SearchRequest) -> Iterator[Entry]:
        if request.scope == "base":
            return iter([base])
        if request.scope == "one":
            heads = self.directory.naming_contexts
            return (entry for entry in self.directory.children(base.dn) if entry.key not in heads)
        return self.directory.subtree(base.dn)

    def _references(self, base: Entry, request: SearchRequest) -> list[str]:
        """Where the naming contexts below are that this search does not enter (RFC 4511 4.5.3)."""
        if request.scope == "base":
            return []
        below = []
        for key in self.directory.naming_contexts:
            head = self.directory.require(key)
            above = self._context_of(self.directory.parent(head))
            in_scope = head.parent_key == base.key if request.scope == "one" else _is_below(head.key, base.key)
            if in_scope and above == self._context_of(base):
                name = DistinguishedName.parse(head.dn)
                host = name.dns_domain if name.rdns[0][0].upper() == "DC" else self.directory.dns_domain
                one = "??base" if request.scope == "one" else ""
                below.append(f"ldap://{host}/{head.dn}{one}")
        return below

    def _context_of(self, entry: Entry | None) -> str:
        while entry is not None and entry.key not in self.directory.naming_contexts:
            entry = self.directory.parent(entry)
        return entry.key if entry else ""

    def _takes_too_long(self, time_limit: int) -> bool:
        seconds = self.limits.seconds
        if seconds <= 0:
            return False
        self.directory.clock.wait(min(seconds, time_limit) if time_limit else seconds, self.stop)
        return 0 < time_limit < seconds


def compare(request: CompareRequest, view: View | None) -> Result:
    """Whether an object has a value (RFC 4511 4.10)."""
    if view is None:
        return NOT_BOUND
    try:
        candidate = view.candidate(find_base(view, request.dn))
    except SearchFailed as failure:
        return failure.result
    if not candidate.values(request.attribute):
        return Result(NO_SUCH_ATTRIBUTE)
    same = Equal(request.attribute, request.value).matches(candidate)
    return Result(COMPARE_TRUE if same else COMPARE_FALSE)


def refuse_unknown_controls(message: Message) -> None:
    """Raise SearchFailed when a critical control is one that this server does not know."""
    if any(control.critical and oid not in SUPPORTED_CONTROLS for oid, control in message.controls.items()):
        raise SearchFailed(NO_SUCH_CONTROL)


def find_base(view: View, text: str) -> Entry:
    """The object that a request names: by DN, or as AD also takes it, by `<SID=...>` or `<GUID=...>`.

    Raises SearchFailed with noSuchObject and the nearest object above, a referral for another domain's name, or
    invalidDNSyntax.
    """
    directory = view.directory
    identity = _BY_IDENTITY.fullmatch(text.strip())
    if identity:
        found = _by_identity(directory, identity[1].upper(), identity[2])
        if found is not None and view.sees(found):
            return found
        raise SearchFailed(_no_such_object(""))
    try:
        name = DistinguishedName.parse(text)
    except ValueError:
        problem = "0000208F: NameErr: DSID-03100225, problem 2006 (BAD_NAME), data 8350, best match of:"
        raise SearchFailed(Result(INVALID_DN_SYNTAX, f"{problem}\n\t'{text}'\n\0")) from None
    if name.dns_domain and name.key != directory.base_key and not _is_below(name.key, directory.base_key):
        text = f"0000202B: RefErr: DSID-0310082F, data 0, 1 access points\n\tref 1: '{name.dns_domain}'\n\0"
        raise SearchFailed(Result(REFERRAL, text, referrals=(f"ldap://{name.dns_domain}/{name}",)))
    try:
        entry = directory.require(str(name))
    except NoSuchObject as missing:
        raise SearchFailed(_no_such_object(missing.matched)) from None
    if not view.sees(entry):
        above = directory.parent(entry)
        raise SearchFailed(_no_such_object(above.dn if above else ""))
    return entry


def _by_identity(directory: Directory, kind: str, value: str) -> Entry | None:
    try:
        if kind == "SID":
            return directory.find_by_sid(value)
        guid = UUID(value).bytes_le
    except (ValueError, MalformedDescriptor):
        return None
    return next((entry for entry in directory if guid in entry.values("objectGUID")), None)


def _no_such_object(matched: str) -> Result:
    text = f"0000208D: NameErr: DSID-03100241, problem 2001 (NO_OBJECT), data 0, best match of:\n\t'{matched}'\n\0"
    return Result(NO_SUCH_OBJECT, text, matched.encode())


def _is_below(key: str, above: str) -> bool:
    return key.endswith(f",{above}")


def _sd_flags(control: Control | None) -> int | None:
    if control is None:
        return None
    try:
        return read_sd_flags(control.value)
    except ber.MalformedBer:
        raise SearchFailed(NO_SUCH_CONTROL) from None
