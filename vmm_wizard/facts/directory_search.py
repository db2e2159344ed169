"""Searches in the directory: bounded, in pages, referrals never followed; values decoded from what AD stores."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from vmm_wizard.facts.descriptor import UnreadableDescriptor, parse_descriptor, sid_text
from vmm_wizard.facts.directory_channel import Channel, DirectoryUnusable, Page, Scope
from vmm_wizard.facts.model import SecurityDescriptor
from vmm_wizard.texts import text

#: Seconds that the server's own time limit ends before ours, so that its answer arrives and the connection stays good.
_GRACE: Final = 1.0
_PAGED_RESULTS: Final = "1.2.840.113556.1.4.319"

_SUCCESS, _TIME_LIMIT, _SIZE_LIMIT, _REFERRAL, _ADMIN_LIMIT = 0, 3, 4, 10, 11
_NO_SUCH_OBJECT, _INVALID_DN, _INSUFFICIENT_RIGHTS, _BUSY, _UNAVAILABLE = 32, 34, 50, 51, 52

#: What is said of each result, as the catalogue names it, and the `NoAnswer` code.
_RESULTS: Final[Mapping[int, tuple[str, str]]] = {
    _TIME_LIMIT: ("time_limit", "timeout"),
    _SIZE_LIMIT: ("size_limit", "unreadable"),
    _ADMIN_LIMIT: ("admin_limit", "unreadable"),
    _INVALID_DN: ("invalid_dn", "unreadable"),
    _INSUFFICIENT_RIGHTS: ("insufficient_rights", "denied"),
    _BUSY: ("busy", "unreachable"),
    _UNAVAILABLE: ("unavailable", "unreachable"),
}

_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)
_NEVER: Final = (0, 0x7FFFFFFFFFFFFFFF)


class NoSuchObject(Exception):
    """The base of a search is not in this directory; `referral` is the URL of where it may be, or empty."""

    def __init__(self, referral: str = "") -> None:
        super().__init__(referral)
        self.referral = referral


@dataclass(frozen=True)
class Found:
    """An object that a search found: its DN and its attributes' raw values, by name in lower case."""

    dn: str
    values: Mapping[str, tuple[bytes, ...]]

    def all(self, name: str) -> tuple[bytes, ...]:
        """The raw values of an attribute; empty when it has none or this account may not read it."""
        return self.values.get(name.lower(), ())

    def texts(self, name: str) -> tuple[str, ...]:
        """The values as text."""
        return tuple(value.decode(errors="replace") for value in self.all(name))

    def text(self, name: str) -> str:
        """The first value as text; empty when there is none."""
        return next(iter(self.texts(name)), "")

    def number(self, name: str) -> int | None:
        """The first value as an integer; None when there is none."""
        try:
            return int(self.text(name))
        except ValueError:
            return None

    def sids(self, name: str) -> tuple[str, ...]:
        """The values as `S-1-...`; those that are none are left out."""
        found = []
        for value in self.all(name):
            try:
                found.append(sid_text(value))
            except UnreadableDescriptor:
                continue
        return tuple(found)

    def sid(self, name: str = "objectSid") -> str:
        """The first value as `S-1-...`; empty when there is none."""
        return next(iter(self.sids(name)), "")

    def descriptor(self) -> SecurityDescriptor | None:
        """The object's security descriptor; None when this account may not read it, or it makes no sense."""
        raw = self.all("nTSecurityDescriptor")
        try:
            return parse_descriptor(raw[0]) if raw else None
        except UnreadableDescriptor:
            return None

    def file_time(self, name: str) -> datetime | None:
        """A Windows file time (100 ns since 1601) as an aware date in UTC; None for never, or none."""
        ticks = self.number(name)
        if ticks is None or ticks in _NEVER or ticks < 0:
            return None
        try:
            return _EPOCH + timedelta(microseconds=ticks // 10)
        except OverflowError:
            return None

    def generalized_time(self, name: str) -> datetime | None:
        """A date such as `20260131093000.0Z`, aware and in UTC; None for none."""
        text = self.text(name).partition(".")[0].rstrip("Z")
        try:
            return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            return None


def equals(attribute: str, value: str | bytes) -> str:
    """The filter `(attribute=value)`, the value escaped (RFC 4515): whatever is in it, it stays a value."""
    return f"({attribute}={escaped(value)})"


def escaped(value: str | bytes) -> str:
    """A value as it stands in a filter, also between asterisks (RFC 4515)."""
    raw = value.encode() if isinstance(value, str) else value
    plain = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@$"
    return "".join(chr(byte) if byte in plain and isinstance(value, str) else f"\\{byte:02x}" for byte in raw)


class Searcher:
    """Searches on one channel. `seconds` bounds each of them."""

    def __init__(self, channel: Channel, seconds: float) -> None:
        self.channel = channel
        self.seconds = seconds

    def base(
        self, dn: str, attributes: Sequence[str], wanted: str = "(objectClass=*)", *, descriptor: bool = False
    ) -> Found:
        """The object `dn` itself. Raises NoSuchObject (also when `wanted` does not match) and DirectoryUnusable."""
        for found in self.search(dn, "base", wanted, attributes, descriptor=descriptor):
            return found
        raise NoSuchObject

    def search(
        self,
        dn: str,
        scope: Scope,
        wanted: str,
        attributes: Sequence[str] = (),
        *,
        descriptor: bool = False,
        most: int = 1000,
    ) -> list[Found]:
        """The objects that match the filter `wanted`, `most` at the most. No attributes: the DNs alone.

        `descriptor` also fetches owner, group and DACL. Raises NoSuchObject and DirectoryUnusable.
        """
        names = [*attributes, "nTSecurityDescriptor"] if descriptor else list(attributes) or ["1.1"]
        until = time.monotonic() + self.seconds
        found: list[Found] = []
        for page in self._pages(dn, scope, wanted, names, descriptor, until, most):
            found.extend(page)
            if len(found) >= most:
                break
        return found[:most]

    def _pages(
        self, dn: str, scope: Scope, wanted: str, names: list[str], descriptor: bool, until: float, most: int
    ) -> Iterator[list[Found]]:
        cookie: Any = None
        while True:
            left = until - time.monotonic()
            page = Page(dn, scope, wanted, tuple(names), descriptor, cookie, most)
            result, rows = self.channel.search(page, left, left + _GRACE if left > 0 else left)
            entries = [_found(row) for row in rows]
            self._judge(result, dn)
            yield entries
            controls = result.get("controls") or {}
            cookie = controls.get(_PAGED_RESULTS, {}).get("value", {}).get("cookie")
            if scope == "base" or not cookie:
                return

    def _judge(self, result: Mapping[str, Any], dn: str) -> None:
        number = int(result["result"])
        if number == _SUCCESS:
            return
        if number == _NO_SUCH_OBJECT:
            raise NoSuchObject
        if number == _REFERRAL:
            raise NoSuchObject(next(iter(result.get("referrals") or ()), ""))
        name, code = _RESULTS.get(number, ("otherwise", "unreadable"))
        said = text(f"reasons.directory_search.results.{name}", said=result["description"])
        told = {"endpoint": self.channel.endpoint, "said": said, "dn": dn}
        raise DirectoryUnusable(text(f"reasons.directory_search.{'failed_at' if dn else 'failed'}", **told), code)


def _found(row: Mapping[str, Any]) -> Found:
    values = {str(name).lower(): tuple(bytes(value) for value in raw) for name, raw in row["raw_attributes"].items()}
    return Found(str(row["dn"]), values)
