"""LDAP messages as values: requests read from the wire, responses written to it (RFC 4511)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from vmm_wizard.lab import ber
from vmm_wizard.lab.ldap_filter import Filter, read_filter

START_TLS = "1.3.6.1.4.1.1466.20037"
WHO_AM_I = "1.3.6.1.4.1.4203.1.11.3"

PAGED_RESULTS = "1.2.840.113556.1.4.319"
SD_FLAGS = "1.2.840.113556.1.4.801"
DOMAIN_SCOPE = "1.2.840.113556.1.4.1339"

# Result codes (RFC 4511 appendix A).
SUCCESS = 0
OPERATIONS_ERROR = 1
PROTOCOL_ERROR = 2
TIME_LIMIT_EXCEEDED = 3
SIZE_LIMIT_EXCEEDED = 4
COMPARE_FALSE = 5
COMPARE_TRUE = 6
AUTH_METHOD_NOT_SUPPORTED = 7
STRONGER_AUTH_REQUIRED = 8
REFERRAL = 10
UNAVAILABLE_CRITICAL_EXTENSION = 12
SASL_BIND_IN_PROGRESS = 14
NO_SUCH_ATTRIBUTE = 16
CONSTRAINT_VIOLATION = 19
ATTRIBUTE_OR_VALUE_EXISTS = 20
NO_SUCH_OBJECT = 32
INVALID_DN_SYNTAX = 34
INVALID_CREDENTIALS = 49
INSUFFICIENT_ACCESS_RIGHTS = 50
UNAVAILABLE = 52
UNWILLING_TO_PERFORM = 53
NAMING_VIOLATION = 64
OBJECT_CLASS_VIOLATION = 65
ENTRY_ALREADY_EXISTS = 68

_MODIFY, _ADD, _DELETE, _RENAME = 0x66, 0x68, 0x4A, 0x6C
#: The tag of the response to each request that is refused to everybody.
_WRITE_RESPONSES = {_DELETE: 0x6B, _RENAME: 0x6D}

BIND_RESPONSE = 0x61
SEARCH_DONE = 0x65
MODIFY_RESPONSE = 0x67
ADD_RESPONSE = 0x69
COMPARE_RESPONSE = 0x6F
EXTENDED_RESPONSE = 0x78

BindMethod = Literal["simple", "sasl", "sicily_discovery", "sicily_negotiate", "sicily_response"]
_BIND_METHODS: dict[int, BindMethod] = {
    0x80: "simple",
    0xA3: "sasl",
    0x89: "sicily_discovery",
    0x8A: "sicily_negotiate",
    0x8B: "sicily_response",
}
Operation = Literal["add", "delete", "replace"]
_OPERATIONS: tuple[Operation, ...] = ("add", "delete", "replace")
Scope = Literal["base", "one", "subtree"]
_SCOPES: tuple[Scope, ...] = ("base", "one", "subtree")


@dataclass(frozen=True, slots=True)
class Control:
    """A control of a request."""

    oid: str
    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class BindRequest:
    """A bind. `credentials` is the password or the token; it never shows in the repr."""

    name: str
    method: BindMethod
    mechanism: str
    credentials: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class UnbindRequest:
    """The client says good-bye."""


@dataclass(frozen=True, slots=True)
class AbandonRequest:
    """The client no longer wants an answer; no answer is owed to this either."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search. `size_limit` counts entries, `time_limit` seconds; zero means no limit."""

    base: str
    scope: Scope
    size_limit: int
    time_limit: int
    types_only: bool
    filter: Filter
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """Does the object have this value?"""

    dn: str
    attribute: str
    value: bytes


@dataclass(frozen=True, slots=True)
class ExtendedRequest:
    """StartTLS, WhoAmI, or something unknown."""

    oid: str
    value: bytes


@dataclass(frozen=True, slots=True)
class AddRequest:
    """A new object with its attributes' values, by the names that the client spelled."""

    dn: str
    attributes: tuple[tuple[str, tuple[bytes, ...]], ...]


@dataclass(frozen=True, slots=True)
class Modification:
    """One step of a change: values to add, delete (none: all of them) or to put in the place of those there are."""

    operation: Operation
    attribute: str
    values: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ModifyRequest:
    """Changes of one object, all or none."""

    dn: str
    changes: tuple[Modification, ...]


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """A request to delete or rename something, which nobody may here; `response_tag` is the answer it wants."""

    response_tag: int


Request = (
    BindRequest
    | UnbindRequest
    | AbandonRequest
    | SearchRequest
    | CompareRequest
    | ExtendedRequest
    | AddRequest
    | ModifyRequest
    | WriteRequest
)


@dataclass(frozen=True, slots=True)
class Message:
    """One request with its number and its controls by OID."""

    number: int
    request: Request
    controls: Mapping[str, Control]


@dataclass(frozen=True, slots=True)
class Result:
    """How a request ended. `matched` is bytes because Sicily binds carry NTLM tokens in it."""

    code: int
    text: str = ""
    matched: bytes = b""
    referrals: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """The components of an LDAPResult."""
        parts = [ber.integer(self.code, ber.ENUMERATED), ber.octets(self.matched), ber.octets(self.text)]
        if self.referrals:
            parts.append(ber.element(0xA3, *(ber.octets(uri) for uri in self.referrals)))
        return b"".join(parts)


def read_message(data: bytes) -> Message:
    """One LDAPMessage. Raises MalformedBer for anything that is none."""
    outer = ber.elements(data)
    if len(outer) != 1 or outer[0][0] != ber.SEQUENCE:
        raise ber.MalformedBer("not an LDAP message")
    parts = ber.elements(outer[0][1])
    if len(parts) < 2 or parts[0][0] != ber.INTEGER:
        raise ber.MalformedBer("a message without a number")
    tag, content = parts[1]
    controls = {}
    if len(parts) > 2 and parts[2][0] == 0xA0:
        read = [_read_control(part) for kind, part in ber.elements(parts[2][1]) if kind == ber.SEQUENCE]
        controls = {control.oid: control for control in read}
    return Message(ber.to_int(parts[0][1]), _read_request(tag, content), controls)


def _read_control(content: bytes) -> Control:
    parts = ber.elements(content)
    if not parts or parts[0][0] != ber.OCTETS:
        raise ber.MalformedBer("a control without an OID")
    critical = any(tag == ber.BOOLEAN and part != b"\0" for tag, part in parts[1:])
    value = next((part for tag, part in parts[1:] if tag == ber.OCTETS), b"")
    return Control(ber.to_text(parts[0][1]), critical, value)


def _read_request(tag: int, content: bytes) -> Request:
    if tag == 0x60:
        return _read_bind(content)
    if tag == 0x63:
        return _read_search(content)
    if tag == 0x42:
        return UnbindRequest()
    if tag == 0x50:
        return AbandonRequest()
    if tag == 0x6E:
        name, assertion = ber.children(content, ber.OCTETS, ber.SEQUENCE)[:2]
        attribute, value = ber.children(assertion, ber.OCTETS, ber.OCTETS)[:2]
        return CompareRequest(ber.to_text(name), ber.to_text(attribute), value)
    if tag == 0x77:
        parts = dict(ber.elements(content))
        return ExtendedRequest(ber.to_text(parts.get(0x80, b"")), parts.get(0x81, b""))
    if tag == _ADD:
        return _read_add(content)
    if tag == _MODIFY:
        return _read_modify(content)
    if tag in _WRITE_RESPONSES:
        return WriteRequest(_WRITE_RESPONSES[tag])
    raise ber.MalformedBer(f"a request of kind {tag:#x}")


def _read_bind(content: bytes) -> BindRequest:
    _, name = ber.children(content, ber.INTEGER, ber.OCTETS)[:2]
    parts = ber.elements(content)
    if len(parts) < 3 or parts[2][0] not in _BIND_METHODS:
        raise ber.MalformedBer("a bind of an unknown kind")
    method = _BIND_METHODS[parts[2][0]]
    mechanism, credentials = "", parts[2][1]
    if method == "sasl":
        inner = ber.children(credentials, ber.OCTETS)
        mechanism, credentials = ber.to_text(inner[0]), inner[1] if len(inner) > 1 else b""
    # A Sicily bind puts the package name, NTLM, in the place of the user's; nothing is looked up by it.
    return BindRequest(ber.to_text(name), method, mechanism, credentials)


def _read_search(content: bytes) -> SearchRequest:
    kinds = (ber.OCTETS, ber.ENUMERATED, ber.ENUMERATED, ber.INTEGER, ber.INTEGER, ber.BOOLEAN)
    base, scope, _, size, time, types_only = ber.children(content, *kinds)[:6]
    parts = ber.elements(content)
    number = ber.to_int(scope)
    if len(parts) < 8 or parts[7][0] != ber.SEQUENCE or not 0 <= number < len(_SCOPES):
        raise ber.MalformedBer("a search without a filter, attributes or a known scope")
    size_limit, time_limit = ber.to_int(size), ber.to_int(time)
    if size_limit < 0 or time_limit < 0:
        raise ber.MalformedBer("a limit below zero")
    return SearchRequest(
        ber.to_text(base),
        _SCOPES[number],
        size_limit,
        time_limit,
        types_only != b"\0",
        read_filter(*parts[6]),
        tuple(ber.to_text(name) for _, name in ber.elements(parts[7][1])),
    )


def _read_attribute(content: bytes) -> tuple[str, tuple[bytes, ...]]:
    name, values = ber.children(content, ber.OCTETS, ber.SET)[:2]
    return ber.to_text(name), tuple(value for _, value in ber.elements(values))


def _read_add(content: bytes) -> AddRequest:
    name, listed = ber.children(content, ber.OCTETS, ber.SEQUENCE)[:2]
    return AddRequest(ber.to_text(name), tuple(_read_attribute(part) for _, part in ber.elements(listed)))


def _read_modify(content: bytes) -> ModifyRequest:
    name, listed = ber.children(content, ber.OCTETS, ber.SEQUENCE)[:2]
    changes = []
    for _, part in ber.elements(listed):
        number, attribute = ber.children(part, ber.ENUMERATED, ber.SEQUENCE)[:2]
        if not 0 <= ber.to_int(number) < len(_OPERATIONS):
            raise ber.MalformedBer("a change of an unknown kind")
        changes.append(Modification(_OPERATIONS[ber.to_int(number)], *_read_attribute(attribute)))
    return ModifyRequest(ber.to_text(name), tuple(changes))


def write_message(number: int, operation: bytes, controls: Sequence[bytes] = ()) -> bytes:
    """One LDAPMessage around a response."""
    parts = [ber.integer(number), operation]
    if controls:
        parts.append(ber.element(0xA0, *controls))
    return ber.element(ber.SEQUENCE, *parts)


def result_response(tag: int, result: Result) -> bytes:
    """A response that is an LDAPResult and nothing more."""
    return ber.element(tag, result.encode())


def bind_response(result: Result, sasl_credentials: bytes | None = None) -> bytes:
    """A BindResponse, with the server's SASL token when there is one."""
    extra = b"" if sasl_credentials is None else ber.octets(sasl_credentials, 0x87)
    return ber.element(BIND_RESPONSE, result.encode(), extra)


def extended_response(result: Result, oid: str = "", value: bytes | None = None) -> bytes:
    """An ExtendedResponse."""
    name = ber.octets(oid, 0x8A) if oid else b""
    return ber.element(EXTENDED_RESPONSE, result.encode(), name, b"" if value is None else ber.octets(value, 0x8B))


def search_entry(dn: str, attributes: Sequence[tuple[str, Sequence[bytes]]]) -> bytes:
    """A SearchResultEntry."""
    listed = [
        ber.element(ber.SEQUENCE, ber.octets(name), ber.element(ber.SET, *(ber.octets(value) for value in values)))
        for name, values in attributes
    ]
    return ber.element(0x64, ber.octets(dn), ber.element(ber.SEQUENCE, *listed))


def search_reference(uri: str) -> bytes:
    """A SearchResultReference: the rest of what was asked for is at this place."""
    return ber.element(0x73, ber.octets(uri))


def paged_results(cookie: bytes) -> bytes:
    """The response control of paged results (RFC 2696); an empty cookie ends the listing."""
    value = ber.element(ber.SEQUENCE, ber.integer(0), ber.octets(cookie))
    return ber.element(ber.SEQUENCE, ber.octets(PAGED_RESULTS), ber.octets(value))


def read_paged_results(value: bytes) -> tuple[int, bytes]:
    """Page size and cookie of a request's control. Raises MalformedBer."""
    (inner,) = ber.children(value, ber.SEQUENCE)[:1]
    size, cookie = ber.children(inner, ber.INTEGER, ber.OCTETS)[:2]
    return ber.to_int(size), cookie


def read_sd_flags(value: bytes) -> int:
    """Which parts of descriptors the SD_FLAGS control asks for. Raises MalformedBer."""
    (inner,) = ber.children(value, ber.SEQUENCE)[:1]
    (flags,) = ber.children(inner, ber.INTEGER)[:1]
    return ber.to_int(flags)
