"""Host name -> address and port: by DNS, or by an address book that then is the only truth.

With a book, no name or address outside it is ever resolved or connected to.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from vmm_wizard.texts import text

#: A service by its field name. `browser` is SQL Browser on UDP; everything else is TCP.
Service = Literal["ldap", "ldaps", "tds", "browser", "winrm_http", "winrm_https"]

#: Domains that are named at the most: resolvers can have long lists of suffixes.
_MOST_DOMAINS = 6

STANDARD_PORTS: dict[Service, int] = {
    "ldap": 389,
    "ldaps": 636,
    "tds": 1433,
    "browser": 1434,
    "winrm_http": 5985,
    "winrm_https": 5986,
}


class AddressError(Exception):
    """A host cannot be located. The text is one sentence for the user."""


class AddressBookError(Exception):
    """An address book cannot be read. The text names the file and what is wrong in it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect: `host` is the name to verify in certificates, `address` and `port` where the socket goes.

    `shown_port` is the port as the user knows it, for messages.
    """

    host: str
    address: str
    port: int
    shown_port: int = 0

    def __str__(self) -> str:
        return f"{self.host}:{self.shown_port or self.port}"


class Addresses(Protocol):
    """How probes find hosts. Blocking; raises AddressError."""

    @property
    def ca_file(self) -> str | None:
        """A CA bundle (PEM path) that goes with these addresses, or None."""

    def locate(self, host: str, service: Service, port: int = 0) -> Endpoint:
        """The endpoint of a service; `port` overrides the standard port."""

    def locate_tcp(self, host: str, port: int) -> Endpoint:
        """The endpoint of any TCP port of a host."""

    def addresses_of(self, host: str) -> tuple[str, ...]:
        """All A and AAAA records of a name; empty when the name does not exist."""

    def names_of(self, address: str) -> tuple[str, ...]:
        """The PTR records of an address; empty when it has none."""

    def records_of(self, host: str) -> tuple[str, ...]:
        """All A and AAAA records of a name in DNS itself, whatever hosts files say; empty when DNS has none."""

    def domain_controllers(self, domain: str) -> tuple[str, ...]:
        """Host names by `_ldap._tcp.dc._msdcs.<domain>`, by priority and weight; empty when there are none."""

    def domains(self) -> tuple[str, ...]:
        """DNS names of the AD domains that this computer may be of, lower case; asks nobody, and raises nothing."""


@dataclass(frozen=True, slots=True)
class DnsServer:
    """A DNS server to ask instead of the system's."""

    address: str
    port: int


def _ask_dns(server: DnsServer | None, name: str, kind: str, timeout: float) -> list[str]:
    """Records of one kind as text; empty when there are none. Raises AddressError when nobody answers."""
    import dns.exception
    import dns.resolver

    resolver = dns.resolver.Resolver(configure=server is None)
    if server is not None:
        resolver.nameservers = [server.address]
        resolver.port = server.port
    try:
        answer = resolver.resolve(name, kind, lifetime=timeout, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as error:
        raise AddressError(text("reasons.addresses.no_dns_answer", name=name, kind=type(error).__name__)) from None
    if kind == "SRV":
        rows = sorted(answer, key=lambda row: (row.priority, -row.weight))
        return [str(row.target).rstrip(".") for row in rows]
    return [str(row) for row in answer]


def _ask_names(server: DnsServer | None, address: str, timeout: float) -> tuple[str, ...]:
    import dns.reversename

    name = dns.reversename.from_address(address).to_text(omit_final_dot=True)
    return tuple(text.rstrip(".") for text in _ask_dns(server, name, "PTR", timeout))


@dataclass(frozen=True, slots=True)
class SystemAddresses:
    """Addresses by the system's resolver and DNS. `timeout` is in seconds, for one question to DNS; how long a host's
    address is looked for, the system decides (hosts file, suffixes, NetBIOS), and whoever asks must be able to leave.
    """

    timeout: float = 5.0

    @property
    def ca_file(self) -> str | None:
        return None

    def locate(self, host: str, service: Service, port: int = 0) -> Endpoint:
        return self.locate_tcp(host, port or STANDARD_PORTS[service])

    def locate_tcp(self, host: str, port: int) -> Endpoint:
        found = self.addresses_of(host)
        if not found:
            raise AddressError(text("reasons.addresses.not_in_dns", host=host))
        return Endpoint(host, found[0], port, port)

    def addresses_of(self, host: str) -> tuple[str, ...]:
        try:
            return (str(ipaddress.ip_address(host)),)
        except ValueError:
            pass
        try:
            rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError:
            return ()
        return tuple(dict.fromkeys(str(row[4][0]) for row in rows))

    def names_of(self, address: str) -> tuple[str, ...]:
        return _ask_names(None, address, self.timeout)

    def records_of(self, host: str) -> tuple[str, ...]:
        return tuple(record for kind in ("A", "AAAA") for record in _ask_dns(None, host, kind, self.timeout))

    def domain_controllers(self, domain: str) -> tuple[str, ...]:
        return tuple(_ask_dns(None, f"_ldap._tcp.dc._msdcs.{domain}", "SRV", self.timeout))

    def domains(self) -> tuple[str, ...]:
        import dns.exception
        import dns.resolver

        names = [os.environ.get("USERDNSDOMAIN", "")]
        try:
            resolver = dns.resolver.Resolver()
            names += [name.to_text(omit_final_dot=True) for name in (resolver.domain, *resolver.search)]
        except (dns.exception.DNSException, OSError):
            pass
        return tuple(dict.fromkeys(name.casefold() for name in names if "." in name))[:_MOST_DOMAINS]


@dataclass(frozen=True, slots=True)
class AddressBook:
    """Addresses by a file: hosts with their services, a DNS server, a CA bundle. Nothing outside it exists."""

    path: Path
    hosts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    dns: DnsServer | None = None
    ca: Path | None = None
    timeout: float = 5.0

    @classmethod
    def load(cls, path: Path) -> AddressBook:
        """Read an address book; raises AddressBookError with one sentence when it cannot be used."""
        import tomllib

        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise AddressBookError(text("reasons.addresses.book_unreadable", file=path, why=error.strerror)) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise AddressBookError(text("reasons.addresses.book_not_toml", file=path, error=error)) from None
        hosts = document.get("hosts", {})
        if not isinstance(hosts, dict) or not all(isinstance(entry, dict) for entry in hosts.values()):
            raise AddressBookError(text("reasons.addresses.book_hosts", file=path))
        for name, entry in hosts.items():
            _verify_entry(path, name, entry)
        dns_table = document.get("dns")
        server = None
        if dns_table is not None:
            if not (
                isinstance(dns_table, dict)
                and isinstance(dns_table.get("address"), str)
                and _is_port(dns_table.get("port"))
            ):
                raise AddressBookError(text("reasons.addresses.book_dns", file=path))
            server = DnsServer(dns_table["address"], dns_table["port"])
        ca_text = document.get("ca_file")
        if ca_text is not None and not isinstance(ca_text, str):
            raise AddressBookError(text("reasons.addresses.book_ca_file", file=path, read=ca_text))
        ca = path.parent / ca_text if ca_text else None
        return cls(path, {name.casefold(): entry for name, entry in hosts.items()}, server, ca)

    @property
    def ca_file(self) -> str | None:
        return str(self.ca) if self.ca else None

    def _entry(self, host: str) -> Mapping[str, object]:
        wanted = host.rstrip(".").casefold()
        entry = self.hosts.get(wanted)
        if entry is None and "." not in wanted:
            entry = next((value for name, value in self.hosts.items() if name.partition(".")[0] == wanted), None)
        if entry is None:
            raise AddressError(text("reasons.addresses.not_in_book", host=host, book=self.path.name))
        return entry

    def locate(self, host: str, service: Service, port: int = 0) -> Endpoint:
        entry = self._entry(host)
        if port and port != STANDARD_PORTS[service]:
            return self.locate_tcp(host, port)
        where = entry.get(service)
        if not isinstance(where, int):
            raise AddressError(text("reasons.addresses.no_service", book=self.path.name, service=service, host=host))
        return Endpoint(host, str(entry["address"]), where, port or STANDARD_PORTS[service])

    def locate_tcp(self, host: str, port: int) -> Endpoint:
        entry = self._entry(host)
        tcp = entry.get("tcp")
        where = tcp.get(str(port)) if isinstance(tcp, dict) else None
        if where is None:
            standard = next(
                (name for name, number in STANDARD_PORTS.items() if number == port and name != "browser"), ""
            )
            where = entry.get(standard)
        if where is None and port in [value for key, value in entry.items() if key != "address"]:
            where = port
        if not isinstance(where, int):
            raise AddressError(text("reasons.addresses.no_port", book=self.path.name, port=port, host=host))
        return Endpoint(host, str(entry["address"]), where, port)

    def addresses_of(self, host: str) -> tuple[str, ...]:
        if self.dns is None:
            return ()
        return tuple(record for kind in ("A", "AAAA") for record in _ask_dns(self.dns, host, kind, self.timeout))

    def names_of(self, address: str) -> tuple[str, ...]:
        if self.dns is None:
            raise AddressError(text("reasons.addresses.no_dns_server", book=self.path.name))
        return _ask_names(self.dns, address, self.timeout)

    def records_of(self, host: str) -> tuple[str, ...]:
        if self.dns is None:
            raise AddressError(text("reasons.addresses.no_dns_server", book=self.path.name))
        return self.addresses_of(host)

    def domain_controllers(self, domain: str) -> tuple[str, ...]:
        if self.dns is None:
            return tuple(name for name, entry in self.hosts.items() if "ldaps" in entry and name.endswith("." + domain))
        return tuple(_ask_dns(self.dns, f"_ldap._tcp.dc._msdcs.{domain}", "SRV", self.timeout))

    def domains(self) -> tuple[str, ...]:
        controllers = (name for name, entry in self.hosts.items() if "ldaps" in entry or "ldap" in entry)
        found = dict.fromkeys(name.partition(".")[2] for name in controllers)
        return tuple(name for name in found if "." in name)[:_MOST_DOMAINS]


def _is_port(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536


def _verify_entry(path: Path, name: str, entry: dict[str, object]) -> None:
    where = f'{path}: table hosts."{name}"'
    address = entry.get("address")
    try:
        ipaddress.ip_address(str(address))
    except ValueError:
        raise AddressBookError(text("reasons.addresses.entry_address", table=where, read=address)) from None
    for key, value in entry.items():
        if key == "address":
            continue
        if key == "tcp":
            if not isinstance(value, dict) or not all(k.isdigit() and _is_port(v) for k, v in value.items()):
                raise AddressBookError(text("reasons.addresses.entry_tcp", table=where, read=value))
        elif key not in STANDARD_PORTS:
            raise AddressBookError(
                text("reasons.addresses.entry_key", table=where, key=key, allowed=", ".join(STANDARD_PORTS))
            )
        elif not _is_port(value):
            raise AddressBookError(text("reasons.addresses.entry_port", table=where, key=key, read=value))


def open_addresses(book: Path | None) -> Addresses:
    """The address book at `book`, or the system's own resolver for None. Raises AddressBookError."""
    return AddressBook.load(book) if book else SystemAddresses()
