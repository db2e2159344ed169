"""One object of the practice directory: its name, its attributes as bytes, and who may do what with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from vmm_wizard.lab.descriptors import Descriptor, sid_from_bytes

Value = str | bytes | int | bool
Values = Value | Sequence[Value]
#: By attribute name in lower case: the name as the schema spells it, and the values.
Attributes = Mapping[str, tuple[str, tuple[bytes, ...]]]

#: "Never" in accountExpires, in 100 ns steps since 1601.
NEVER = 0x7FFFFFFFFFFFFFFF

_EPOCH_1601 = datetime(1601, 1, 1, tzinfo=UTC)


def filetime(moment: datetime) -> int:
    """A moment as AD counts it: 100 ns steps since 1601, UTC."""
    return (moment - _EPOCH_1601) // timedelta(microseconds=1) * 10


def generalized_time(moment: datetime) -> str:
    """A moment as AD prints it in whenCreated and currentTime."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S.0Z")


def encode_value(value: Value) -> bytes:
    """One value as LDAP carries it: text as UTF-8, booleans as TRUE and FALSE, integers as digits."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool):
        return b"TRUE" if value else b"FALSE"
    return str(value).encode()


def encode_values(values: Values) -> tuple[bytes, ...]:
    """One value or several, as LDAP carries them."""
    if isinstance(values, (str, bytes, int)):
        return (encode_value(values),)
    return tuple(encode_value(value) for value in values)


@dataclass(frozen=True, slots=True)
class Entry:
    """An object. `dn` is its name as written, `key` the form in which names are compared. Never changed in place."""

    dn: str
    key: str
    parent_key: str
    kind: str
    """The most specific class."""
    attributes: Attributes
    descriptor: Descriptor

    def values(self, name: str) -> tuple[bytes, ...]:
        """All stored values of an attribute, in any case; empty when there are none."""
        found = self.attributes.get(name.lower())
        return found[1] if found else ()

    def text(self, name: str) -> str:
        """The first value of an attribute as text; empty when there is none."""
        values = self.values(name)
        return values[0].decode() if values else ""

    def number(self, name: str, default: int = 0) -> int:
        """The first value of an attribute as an integer."""
        values = self.values(name)
        return int(values[0]) if values else default

    @property
    def sid(self) -> str:
        """The security identifier; empty for an object that is no principal."""
        values = self.values("objectSid")
        return sid_from_bytes(values[0]) if values else ""

    def with_values(self, changes: Mapping[str, tuple[bytes, ...]]) -> Entry:
        """The same object with these attributes replaced; an empty tuple takes one away."""
        attributes = dict(self.attributes)
        for name, values in changes.items():
            known = attributes.get(name.lower())
            if values:
                attributes[name.lower()] = (known[0] if known else name, values)
            else:
                attributes.pop(name.lower(), None)
        return replace(self, attributes=attributes)
