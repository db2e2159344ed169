"""LDAP search filters: read from the wire, matched as AD matches them (RFC 4511 4.5.1.7, MS-ADTS 3.1.1.3.1.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from vmm_wizard.lab import ber, schema
from vmm_wizard.lab.descriptors import MalformedDescriptor, sid_to_bytes
from vmm_wizard.plan.names import DistinguishedName

BIT_AND = "1.2.840.113556.1.4.803"
BIT_OR = "1.2.840.113556.1.4.804"
IN_CHAIN = "1.2.840.113556.1.4.1941"

_DEEPEST = 100

#: True, False, or None for "cannot be said": a rule or an attribute that cannot be searched by.
Verdict = bool | None


class Candidate(Protocol):
    """An entry as a filter sees it."""

    def values(self, attribute: str) -> Sequence[bytes] | None:
        """The values of an attribute; None when it cannot be searched by."""

    def reaches(self, attribute: str, dn: str) -> bool:
        """Whether following `attribute` from this entry, as far as it goes, comes to the entry named `dn`."""

    def category_dn(self, name: str) -> str:
        """The objectCategory that a class name stands for."""


class Filter(Protocol):
    """Any filter."""

    def matches(self, entry: Candidate) -> Verdict:
        """Whether the entry is one that is asked for."""


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    parts: tuple[Filter, ...]

    def matches(self, entry: Candidate) -> Verdict:
        verdicts = [part.matches(entry) for part in self.parts]
        if False in verdicts:
            return False
        return None if None in verdicts else True


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them."""

    parts: tuple[Filter, ...]

    def matches(self, entry: Candidate) -> Verdict:
        verdicts = [part.matches(entry) for part in self.parts]
        if True in verdicts:
            return True
        return None if None in verdicts else False


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite. As in AD, an entry without the attribute does not have the value, so its opposite holds."""

    part: Filter

    def matches(self, entry: Candidate) -> Verdict:
        verdict = self.part.matches(entry)
        return None if verdict is None else not verdict


@dataclass(frozen=True, slots=True)
class Present:
    """The attribute has a value."""

    attribute: str

    def matches(self, entry: Candidate) -> Verdict:
        values = entry.values(self.attribute)
        return None if values is None else bool(values)


@dataclass(frozen=True, slots=True)
class Equal:
    """One of the values equals `value` by the rule of the attribute's syntax."""

    attribute: str
    value: bytes

    def matches(self, entry: Candidate) -> Verdict:
        if self.attribute.lower() == "anr":
            return _is_meant(entry, _text(self.value))
        values = entry.values(self.attribute)
        if values is None:
            return None
        wanted = self.value
        if self.attribute.lower() == "objectcategory" and b"=" not in wanted:
            wanted = entry.category_dn(_text(wanted)).encode()
        kind = schema.syntax(self.attribute)
        key = match_key(kind, wanted)
        return key is not None and any(match_key(kind, value) == key for value in values)


#: What ambiguous name resolution looks at (MS-ADTS 3.1.1.3.1.3.5, attributes with fANR).
_ANR = ("displayName", "givenName", "name", "physicalDeliveryOfficeName", "proxyAddresses", "sAMAccountName", "sn")


def _is_meant(entry: Candidate, text: str) -> bool:
    """`(anr=text)`: a name that begins with it, or first and last name that begin with its two halves, either way
    round. A `=` before the text asks for the whole name."""
    whole = text.startswith("=")
    wanted = text.removeprefix("=").strip().casefold()
    if not wanted:
        return False

    def fits(attribute: str, part: str) -> bool:
        names = [_text(value).casefold() for value in entry.values(attribute) or ()]
        return any(name == part if whole else name.startswith(part) for name in names)

    first, _, last = wanted.partition(" ")
    both = ((first, last.strip()), (last.strip(), first)) if last else ()
    return any(fits(attribute, wanted) for attribute in _ANR) or any(
        fits("givenName", given) and fits("sn", family) for given, family in both
    )


@dataclass(frozen=True, slots=True)
class Ordered:
    """One of the values is at least (or at most) `value`: by number for integers, by letter otherwise."""

    attribute: str
    value: bytes
    direction: Literal["at_least", "at_most"]

    def matches(self, entry: Candidate) -> Verdict:
        values = entry.values(self.attribute)
        if values is None:
            return None
        if schema.syntax(self.attribute) == "integer":
            limit = _number(self.value)
            numbers = [number for value in values if (number := _number(value)) is not None]
            if limit is None:
                return None
            return any(number >= limit if self.direction == "at_least" else number <= limit for number in numbers)
        letters = _text(self.value).casefold()
        texts = [_text(value).casefold() for value in values]
        return any(text >= letters if self.direction == "at_least" else text <= letters for text in texts)


@dataclass(frozen=True, slots=True)
class Substrings:
    """One of the values begins with, holds in this order, and ends in the given pieces. Text only, as in AD."""

    attribute: str
    initial: bytes = b""
    middle: tuple[bytes, ...] = ()
    final: bytes = b""

    def matches(self, entry: Candidate) -> Verdict:
        values = entry.values(self.attribute)
        if values is None:
            return None
        if schema.syntax(self.attribute) not in ("text", "class", "time"):
            return False
        return any(self._fits(_text(value).casefold()) for value in values)

    def _fits(self, text: str) -> bool:
        initial, final = _text(self.initial).casefold(), _text(self.final).casefold()
        if not text.startswith(initial) or not text.endswith(final):
            return False
        at, end = len(initial), len(text) - len(final)
        for piece in self.middle:
            wanted = _text(piece).casefold()
            found = text.find(wanted, at, max(end, 0))
            if found < 0:
                return False
            at = found + len(wanted)
        return at <= end


@dataclass(frozen=True, slots=True)
class Extensible:
    """A matching rule of AD: all bits (803), any bit (804), in the chain of links (1941); no rule means equality."""

    rule: str
    attribute: str
    value: bytes

    def matches(self, entry: Candidate) -> Verdict:
        values = entry.values(self.attribute)
        if values is None or not self.attribute:
            return None
        if not self.rule:
            return Equal(self.attribute, self.value).matches(entry)
        if self.rule == IN_CHAIN:
            return entry.reaches(self.attribute, _text(self.value))
        bits = _number(self.value)
        if self.rule not in (BIT_AND, BIT_OR) or bits is None:
            return None
        numbers = [number for value in values if (number := _number(value)) is not None]
        return any(number & bits == bits if self.rule == BIT_AND else number & bits != 0 for number in numbers)


def read_filter(tag: int, content: bytes, depth: int = 0) -> Filter:
    """The filter in one BER element. Raises MalformedBer, also for one that is nested deeper than a hundred times."""
    if depth > _DEEPEST:
        raise ber.MalformedBer("a filter that is nested too deep")
    if tag in (0xA0, 0xA1):
        parts = tuple(read_filter(kind, part, depth + 1) for kind, part in ber.elements(content))
        return And(parts) if tag == 0xA0 else Or(parts)
    if tag == 0xA2:
        inner = ber.elements(content)
        if len(inner) != 1:
            raise ber.MalformedBer("a negation of other than one filter")
        return Not(read_filter(*inner[0], depth + 1))
    if tag == 0x87:
        return Present(ber.to_text(content))
    if tag == 0xA4:
        return _read_substrings(content)
    if tag == 0xA9:
        return _read_extensible(content)
    if tag not in (0xA3, 0xA5, 0xA6, 0xA8):
        raise ber.MalformedBer(f"a filter of kind {tag:#x}")
    raw_name, value = ber.children(content, ber.OCTETS, ber.OCTETS)[:2]
    name = ber.to_text(raw_name)
    if tag == 0xA5:
        return Ordered(name, value, "at_least")
    if tag == 0xA6:
        return Ordered(name, value, "at_most")
    return Equal(name, value)


def _read_substrings(content: bytes) -> Filter:
    raw_name, raw_pieces = ber.children(content, ber.OCTETS, ber.SEQUENCE)[:2]
    pieces = ber.elements(raw_pieces)
    tags = [tag for tag, _ in pieces]
    in_order = tags == sorted(tags) and tags.count(0x80) <= 1 and tags.count(0x82) <= 1
    if not pieces or not in_order or not set(tags) <= {0x80, 0x81, 0x82}:
        raise ber.MalformedBer("a substring filter with pieces out of order")
    return Substrings(
        ber.to_text(raw_name),
        next((piece for tag, piece in pieces if tag == 0x80), b""),
        tuple(piece for tag, piece in pieces if tag == 0x81),
        next((piece for tag, piece in pieces if tag == 0x82), b""),
    )


def _read_extensible(content: bytes) -> Filter:
    parts = dict(ber.elements(content))
    if 0x83 not in parts:
        raise ber.MalformedBer("an extensible filter without a value")
    return Extensible(ber.to_text(parts.get(0x81, b"")), ber.to_text(parts.get(0x82, b"")), parts[0x83])


def match_key(kind: schema.Syntax, value: bytes) -> object:
    """What two equal values of a syntax have in common."""
    if kind == "integer":
        return _number(value)
    if kind == "dn":
        return dn_key(_text(value))
    if kind == "octets":
        return value
    if kind == "sid":
        return _sid_key(value)
    if kind == "guid":
        return _guid_key(value)
    if kind == "time":
        return _text(value)[:14]
    return _text(value).casefold()


def dn_key(text: str) -> str:
    """The same for all spellings of one distinguished name; text that is none is itself."""
    try:
        return DistinguishedName.parse(text).key
    except ValueError:
        return text.casefold()


def _sid_key(value: bytes) -> bytes:
    # AD takes the text form of a SID in a filter as well as its bytes.
    if value[:2].upper() == b"S-":
        try:
            return sid_to_bytes(_text(value).upper())
        except MalformedDescriptor:
            return value
    return value


def _guid_key(value: bytes) -> bytes:
    if len(value) == 36:
        try:
            return UUID(_text(value)).bytes_le
        except ValueError:
            return value
    return value


def _number(value: bytes) -> int | None:
    try:
        return int(value)
    except ValueError:
        return None


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
