"""Filters and messages as bytes: what a client writes is what is matched, and nothing in between breaks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.operation.search import search_operation
from pyasn1.codec.ber import encoder

from vmm_wizard.lab import ber
from vmm_wizard.lab.ldap_filter import And, Equal, Extensible, Filter, Not, Or, Ordered, Present, Substrings
from vmm_wizard.lab.ldap_messages import BindRequest, SearchRequest, read_message

letters = st.text("abcABC*", max_size=4)


class Plain:
    """An entry that is just its attributes; `tokengroups` cannot be searched by."""

    def __init__(self, attributes: Mapping[str, Sequence[bytes]]) -> None:
        self.attributes = attributes

    def values(self, attribute: str) -> Sequence[bytes] | None:
        return None if attribute == "tokengroups" else self.attributes.get(attribute.lower(), ())

    def reaches(self, attribute: str, dn: str) -> bool:
        return dn.encode() in self.attributes.get(attribute, ())

    def category_dn(self, name: str) -> str:
        return f"CN={name},CN=Schema"


def as_sent_by_ldap3(text: str) -> Filter:
    """A filter in its text form, sent by ldap3 and read by us."""
    operation = search_operation(
        "DC=x", text, "SUBTREE", "ALWAYS", ["cn"], 7, 9, True, auto_escape=True, auto_encode=True
    )
    content = encoder.encode(operation)
    request = read_message(ber.element(ber.SEQUENCE, ber.integer(1), content)).request
    assert isinstance(request, SearchRequest)
    assert (request.base, request.scope, request.size_limit, request.time_limit) == ("DC=x", "subtree", 7, 9)
    assert request.types_only
    assert request.attributes == ("cn",)
    return request.filter


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(cn=x)", Equal("cn", b"x")),
        ("(cn=*)", Present("cn")),
        ("(cn=a*b*c*d)", Substrings("cn", b"a", (b"b", b"c"), b"d")),
        ("(cn=*b*)", Substrings("cn", b"", (b"b",), b"")),
        ("(n>=5)", Ordered("n", b"5", "at_least")),
        ("(n<=5)", Ordered("n", b"5", "at_most")),
        ("(cn~=x)", Equal("cn", b"x")),
        ("(u:1.2.840.113556.1.4.803:=2)", Extensible("1.2.840.113556.1.4.803", "u", b"2")),
        (
            "(&(a=1)(|(b=2)(!(c=3))))",
            And((Equal("a", b"1"), Or((Equal("b", b"2"), Not(Equal("c", b"3")))))),
        ),
        (r"(objectSid=\01\00\ff)", Equal("objectSid", b"\x01\x00\xff")),
    ],
)
def test_a_filter_of_ldap3_is_read_as_it_was_meant(text: str, expected: Filter) -> None:
    assert as_sent_by_ldap3(text) == expected


@pytest.mark.parametrize(
    ("typed", "is_meant"),
    [
        ("ad", True),
        ("LOVE", True),
        ("ada love", True),
        ("love ada", True),
        ("ada x", False),
        ("=ada", True),
        ("=ad", False),
        ("vela", False),
        ("", False),
        ("ada*", False),
    ],
)
def test_an_ambiguous_name_means_whoever_has_one_that_begins_so(typed: str, is_meant: bool) -> None:
    entry = Plain({"givenname": [b"Ada"], "sn": [b"Lovelace"], "description": [b"vela"]})
    assert Equal("anr", typed.encode()).matches(entry) is is_meant


@given(letters, st.lists(letters.filter(bool), max_size=3), letters, st.text("abcABC*", max_size=12))
def test_substrings_match_as_a_pattern_would(initial: str, middle: list[str], final: str, value: str) -> None:
    pattern = ".*".join(re.escape(piece) for piece in [initial, *middle, final])
    expected = re.fullmatch(pattern, value, re.IGNORECASE | re.DOTALL) is not None
    pieces = Substrings("cn", initial.encode(), tuple(piece.encode() for piece in middle), final.encode())
    assert pieces.matches(Plain({"cn": [value.encode()]})) is expected


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_integers_are_compared_as_numbers(value: int, limit: int) -> None:
    entry = Plain({"pwdlastset": [str(value).encode()]})
    assert Ordered("pwdLastSet", str(limit).encode(), "at_least").matches(entry) is (value >= limit)
    assert Ordered("pwdLastSet", str(limit).encode(), "at_most").matches(entry) is (value <= limit)
    assert Equal("pwdLastSet", str(limit).encode()).matches(entry) is (value == limit)


def test_what_cannot_be_searched_by_is_neither_true_nor_false() -> None:
    unknown, yes, no = Present("tokengroups"), Present("cn"), Present("sn")
    entry = Plain({"cn": [b"x"]})
    assert Not(unknown).matches(entry) is None
    assert And((unknown, no)).matches(entry) is False
    assert And((unknown, yes)).matches(entry) is None
    assert Or((unknown, yes)).matches(entry) is True
    assert Or((unknown, no)).matches(entry) is None


def test_an_empty_conjunction_is_true_and_an_empty_disjunction_false() -> None:
    assert And(()).matches(Plain({})) is True
    assert Or(()).matches(Plain({})) is False


@given(st.integers(-(2**63), 2**63 - 1))
def test_an_integer_comes_back_from_its_bytes(number: int) -> None:
    ((tag, content),) = ber.elements(ber.integer(number))
    assert (tag, ber.to_int(content)) == (ber.INTEGER, number)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_elements_come_back_from_their_bytes(first: bytes, second: bytes) -> None:
    assert ber.elements(ber.octets(first) + ber.octets(second)) == [(ber.OCTETS, first), (ber.OCTETS, second)]


@given(st.binary(max_size=100))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    try:
        read_message(ber.element(ber.SEQUENCE, data))
    except ber.MalformedBer:
        return


def test_a_password_does_not_show_in_a_request() -> None:
    bind = ber.element(0x60, ber.integer(3), ber.octets("CONTOSO\\alice"), ber.octets("canary", 0x80))
    request = read_message(ber.element(ber.SEQUENCE, ber.integer(1), bind)).request
    assert isinstance(request, BindRequest)
    assert request.credentials == b"canary"
    assert "canary" not in repr(request)
