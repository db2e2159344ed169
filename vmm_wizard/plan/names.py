"""Value types for what an admin types: each parses one text and prints it back the same way.

Parsing is lenient where a check can say more than a parser: a role name of sixteen letters parses, NAM-01 judges it.
An empty value (`bool(value)` is false) means "not answered yet", so that half-finished plans are plans too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from vmm_wizard.texts import text

#: Longest NetBIOS name of a computer or a domain in characters (KB15).
NETBIOS_MAX = 15

#: Controls, ends of lines, and marks that turn the direction of writing: what is read would not be what is shown.
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DN_SPECIAL = set(',+"\\<>;=')
_DN_ESCAPED = re.compile(r'[,+"\\<>;=]|^[ #]| \Z')
_DN_KIND = re.compile(r"[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+")
#: Names of a directory that are kept in their parsed and printed forms: the same few are asked for again and again.
_DNS_KEPT = 4096
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?")
#: The name of a SQL Server login, as it stands alone: no domain, no blanks.
SQL_LOGIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")
_ACCOUNT_FORBIDDEN = set('"/\\[]:;|=,+*?<>@')
#: What Windows allows in no domain's NetBIOS name.
_NETBIOS_FORBIDDEN = set('"/\\:|*?<>')


class Advice(ValueError):
    """What was read is no value, and the sentence says itself what to write in its place."""


def _one_line(written: str, what: str) -> str:
    """`written` without blanks at its ends; `what` names the sentence of the catalogue for one that is no line."""
    if UNSEEN.search(written):
        raise ValueError(text(f"parsing.names.no_line.{what}"))
    return written.strip()


@dataclass(frozen=True, slots=True)
class AccountName:
    """A domain account as `DOMAIN\\user` or `user@domain.dns`; or a SQL Server login, which has no domain.

    `domain` is what stood before the backslash or after the at sign, `user` the rest. A gMSA keeps its final `$`.
    """

    domain: str = ""
    user: str = ""
    is_upn: bool = False

    @classmethod
    def parse(cls, written: str) -> AccountName:
        """Read `DOMAIN\\user` or `user@domain`; raises ValueError with one sentence when it is neither."""
        written = _one_line(written, "account")
        if not written:
            return cls()
        if "\\" in written:
            domain, _, user = written.partition("\\")
            upn = False
        elif "@" in written:
            user, _, domain = written.rpartition("@")
            upn = True
        else:
            raise Advice(text("parsing.names.account_without_domain", account=written))
        if not domain or not user:
            raise Advice(text("parsing.names.account_incomplete", account=written))
        bad = sorted({c for c in user if c in _ACCOUNT_FORBIDDEN})
        if bad:
            raise ValueError(text("parsing.names.account_letters", account=written, letters=" ".join(bad)))
        if not upn and "." not in domain:
            _hold_netbios(written, domain)
        if not (_HOST.fullmatch(domain) or domain == "."):
            raise ValueError(text("parsing.names.account_domain", account=written, domain=domain))
        return cls(domain, user, upn)

    @classmethod
    def parse_with_logins(cls, text: str) -> AccountName:
        """Read an account, or the name of a SQL Server login alone; raises ValueError with one sentence."""
        login = _one_line(text, "account")
        return cls("", login) if SQL_LOGIN.fullmatch(login) else cls.parse(text)

    @property
    def is_sql_login(self) -> bool:
        """Whether this is a login that only SQL Server knows: no domain is asked about its password."""
        return bool(self.user) and not self.domain

    def __str__(self) -> str:
        if not self.domain:
            return self.user
        return f"{self.user}@{self.domain}" if self.is_upn else f"{self.domain}\\{self.user}"

    def __bool__(self) -> bool:
        return bool(self.user)

    @property
    def key(self) -> str:
        """The same for two spellings that differ in case only."""
        return str(self).casefold()


def _hold_netbios(account: str, domain: str) -> None:
    """Raises ValueError with one sentence when the `domain` before a backslash can be no domain's NetBIOS name."""
    bad = sorted(_NETBIOS_FORBIDDEN.intersection(domain))
    if bad:
        raise ValueError(text("parsing.names.account_domain_letters", account=account, letters=" ".join(bad)))
    if len(domain) > NETBIOS_MAX:
        said = {"account": account, "domain": domain, "length": len(domain), "most": NETBIOS_MAX}
        raise Advice(text("parsing.names.account_domain_length", **said))


@dataclass(frozen=True, slots=True)
class DistinguishedName:
    """An LDAP distinguished name as its RDNs, outermost last: `(("CN", "VMMDKM"), ("DC", "corp"))` (RFC 4514)."""

    rdns: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> DistinguishedName:
        """Read an RFC 4514 name (also one in double quotes); raises ValueError with one sentence when it is none."""
        return cls(_rdns(text))

    def __str__(self) -> str:
        return _dn_text(self.rdns)

    def __bool__(self) -> bool:
        return bool(self.rdns)

    @property
    def parent(self) -> DistinguishedName:
        """The name without its first RDN; of the root, the root."""
        return DistinguishedName(self.rdns[1:])

    @property
    def dns_domain(self) -> str:
        """The DC parts as a DNS name, lower case, without a final dot; empty when there are none."""
        return ".".join(value for kind, value in self.rdns if kind.upper() == "DC").lower()

    @property
    def key(self) -> str:
        """The same for two spellings that differ in case or in blanks around separators only."""
        return _dn_key(self.rdns)


@lru_cache(_DNS_KEPT)
def _rdns(text: str) -> tuple[tuple[str, str], ...]:
    _one_line(text, "distinguished_name")
    text = _strip_unescaped(text)
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    return tuple(_rdn(part, text) for part in _split_dn(text)) if text else ()


@lru_cache(_DNS_KEPT)
def _dn_text(rdns: tuple[tuple[str, str], ...]) -> str:
    return ",".join(f"{kind}={_escape_rdn(value)}" for kind, value in rdns)


@lru_cache(_DNS_KEPT)
def _dn_key(rdns: tuple[tuple[str, str], ...]) -> str:
    return _dn_text(rdns).casefold()


def _split_dn(written: str) -> Iterator[str]:
    part, escaped = "", False
    for c in written:
        if escaped:
            part, escaped = part + c, False
        elif c == "\\":
            part, escaped = part + c, True
        elif c in ",;":
            yield part
            part = ""
        else:
            part += c
    if escaped:
        raise ValueError(text("parsing.names.dn_lone_backslash", name=written))
    yield part


def _rdn(part: str, whole: str) -> tuple[str, str]:
    kind, sign, raw = part.lstrip().partition("=")
    kind = kind.strip()
    if not sign or not _DN_KIND.fullmatch(kind):
        raise ValueError(text("parsing.names.dn_no_pair", part=part.strip(), name=whole))
    stripped = _strip_unescaped(raw)
    value = bytearray()
    i = 0
    while i < len(stripped):
        c = stripped[i]
        if c == "\\":
            pair = stripped[i + 1 : i + 3]
            if re.fullmatch(r"[0-9A-Fa-f]{2}", pair):
                value += bytes.fromhex(pair)
                i += 3
            else:
                value += stripped[i + 1 : i + 2].encode()
                i += 2
        elif c in _DN_SPECIAL and c != "=":
            raise Advice(text("parsing.names.dn_unescaped", part=part.strip(), name=whole, character=c))
        else:
            value += c.encode()
            i += 1
    if not value:
        raise ValueError(text("parsing.names.dn_no_value", part=part.strip(), name=whole))
    try:
        return kind, value.decode()
    except UnicodeDecodeError:
        raise ValueError(text("parsing.names.dn_not_utf8", part=part.strip(), name=whole)) from None


def _strip_unescaped(text: str) -> str:
    """`text` without blanks at its ends, but with a last one that a backslash protects (RFC 4514)."""
    stripped = text.strip()
    backslashes = len(stripped) - len(stripped.rstrip("\\"))
    return f"{stripped} " if backslashes % 2 and text.lstrip() != stripped else stripped


def _escape_rdn(value: str) -> str:
    escaped = _DN_ESCAPED.sub(r"\\\g<0>", value)
    return _CONTROL.sub(lambda found: f"\\{ord(found[0]):02X}", escaped)


@dataclass(frozen=True, slots=True)
class HostName:
    """A host name, short or fully qualified. Printed as typed; compared by `key`."""

    text: str = ""

    @classmethod
    def parse(cls, written: str) -> HostName:
        """Read a host name; raises ValueError with one sentence for anything that cannot be one (an address too)."""
        written = _one_line(written, "host_name")
        if not written:
            return cls()
        if ":" in written or re.fullmatch(r"[0-9.]+", written):
            raise Advice(text("parsing.names.host_is_address", name=written))
        if not _HOST.fullmatch(written) or len(written) > 255:
            raise ValueError(text("parsing.names.host_is_none", name=written))
        return cls(written.rstrip("."))

    def __str__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        return bool(self.text)

    @property
    def label(self) -> str:
        """The part before the first dot: the computer name."""
        return self.text.partition(".")[0]

    @property
    def suffix(self) -> str:
        """The DNS domain after the first dot, lower case; empty for a short name."""
        return self.text.partition(".")[2].lower()

    @property
    def key(self) -> str:
        """The same for two spellings that differ in case only."""
        return self.text.casefold()

    def qualified(self, domain: str) -> HostName:
        """This name, with `domain` added when it has no suffix of its own."""
        return self if not self.text or "." in self.text or not domain else HostName(f"{self.text}.{domain}")


@dataclass(frozen=True, slots=True)
class NetbiosName:
    """A NetBIOS computer or role name as typed; NAM-01 judges its length and letters."""

    text: str = ""

    @classmethod
    def parse(cls, written: str) -> NetbiosName:
        """Read a name without white space; raises ValueError with one sentence when it holds some."""
        written = _one_line(written, "netbios_name")
        if re.search(r"\s", written):
            raise ValueError(text("parsing.names.netbios_blanks", name=written))
        return cls(written)

    def __str__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        return bool(self.text)

    @property
    def key(self) -> str:
        """The same for two spellings that differ in case only."""
        return self.text.casefold()


@dataclass(frozen=True, slots=True)
class SqlTarget:
    """Where SQL Server is: a host, FCI name or listener, an instance (empty: the default one), a port (0: found)."""

    host: str = ""
    instance: str = ""
    port: int = 0

    @classmethod
    def parse(cls, written: str) -> SqlTarget:
        """Read `host`, `host\\instance` or `host\\instance,port`; raises ValueError with one sentence otherwise."""
        written = _one_line(written, "sql_server_name")
        if not written:
            return cls()
        rest, comma, port_text = written.partition(",")
        port = 0
        if comma:
            if not re.fullmatch(r"\s*\d{1,5}\s*", port_text) or not 0 < int(port_text) < 65536:
                raise ValueError(text("parsing.names.sql_port", name=written))
            port = int(port_text)
        host, backslash, instance = rest.strip().partition("\\")
        if not host:
            raise Advice(text("parsing.names.sql_no_host", name=written))
        if backslash and not re.fullmatch(r"[A-Za-z_#][A-Za-z0-9_$#]{0,15}", instance):
            raise ValueError(text("parsing.names.sql_instance", name=written, instance=instance))
        if not _HOST.fullmatch(host) and not re.fullmatch(r"[0-9A-Fa-f:.]+", host):
            raise ValueError(text("parsing.names.sql_host", name=written, host=host))
        return cls(host, "" if instance.upper() == "MSSQLSERVER" else instance, port)

    def __str__(self) -> str:
        text = f"{self.host}\\{self.instance}" if self.instance else self.host
        return f"{text},{self.port}" if self.port else text

    def __bool__(self) -> bool:
        return bool(self.host)

    @property
    def label(self) -> str:
        """The computer name: the part of the host before the first dot."""
        return self.host.partition(".")[0]
