"""The practice estate's DNS: its own zones over UDP and TCP, with records that come and go while it runs."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.reversename
import dns.rrset

from vmm_wizard.lab.sockets import PATIENCE, Workers

_TTL = 60
_SMALLEST_PAYLOAD = 512
_LONGEST_CHAIN = 8
_PORTS_TO_TRY = 50


class Zone:
    """The records of one zone, safe to change while it is served.

    `origin` is the zone's name without a final dot, `server` the host name of its only name server. Names are given
    fully qualified or relative to the zone.
    """

    def __init__(self, origin: str, server: str) -> None:
        self.origin = dns.name.from_text(origin)
        self._server = dns.name.from_text(server)
        self._serial = 1
        self._lock = threading.RLock()
        self._records: dict[dns.name.Name, dict[dns.rdatatype.RdataType, tuple[str, ...]]] = {}
        self.set(origin, "NS", [self._server.to_text()])

    def set(self, name: str, kind: str, values: str | Sequence[str]) -> None:
        """Give a name exactly these records of a type ("A", "SRV", ...), in the text form of a zone file.

        Raises ValueError for a name outside the zone or a value that is none of its type.
        """
        owner, rdatatype = self._owner(name), dns.rdatatype.from_text(kind)
        texts = (values,) if isinstance(values, str) else tuple(values)
        try:
            for text in texts:
                dns.rdata.from_text(dns.rdataclass.IN, rdatatype, text)
        except dns.exception.DNSException as error:
            raise ValueError(f"{name} {kind} {texts}: {error}") from None
        with self._lock:
            self._records.setdefault(owner, {})[rdatatype] = texts
            self._serial += 1

    def remove(self, name: str, kind: str) -> None:
        """Take a name's records of a type away; nothing happens when there are none."""
        owner, rdatatype = self._owner(name), dns.rdatatype.from_text(kind)
        with self._lock:
            kinds = self._records.get(owner, {})
            kinds.pop(rdatatype, None)
            if not kinds:
                self._records.pop(owner, None)
            self._serial += 1

    def get(self, name: str, kind: str) -> tuple[str, ...]:
        """A name's records of a type as text."""
        with self._lock:
            return self._records.get(self._owner(name), {}).get(dns.rdatatype.from_text(kind), ())

    def _owner(self, name: str) -> dns.name.Name:
        owner = dns.name.from_text(name)
        if not owner.is_subdomain(self.origin):
            if name.endswith("."):
                raise ValueError(f"{name} is not in the zone {self.origin}")
            owner = dns.name.from_text(name, self.origin)
        return owner.canonicalize()

    def rrset(self, owner: dns.name.Name, kind: dns.rdatatype.RdataType) -> dns.rrset.RRset | None:
        """The records of a type that a name has, ready to be answered with."""
        if kind == dns.rdatatype.SOA and owner.canonicalize() == self.origin.canonicalize():
            return self.soa()
        with self._lock:
            values = self._records.get(owner.canonicalize(), {}).get(kind)
        if not values:
            return None
        return dns.rrset.from_text_list(owner, _TTL, dns.rdataclass.IN, kind, values)

    def soa(self) -> dns.rrset.RRset:
        """The zone's start of authority; its serial grows with every change."""
        text = f"{self._server} hostmaster.{self.origin} {self._serial} 900 600 86400 {_TTL}"
        return dns.rrset.from_text(self.origin, _TTL, dns.rdataclass.IN, dns.rdatatype.SOA, text)

    def kinds(self, owner: dns.name.Name) -> list[dns.rdatatype.RdataType]:
        """The types of records that a name has."""
        with self._lock:
            return list(self._records.get(owner.canonicalize(), {}))

    def holds(self, owner: dns.name.Name) -> bool:
        """Whether the name is there: it has records, or something below it has."""
        with self._lock:
            return any(known.is_subdomain(owner.canonicalize()) for known in self._records)


def domain_zone(domain: str, controllers: Iterable[str], ldap_port: int = 389, gc_port: int = 3268) -> Zone:
    """A domain's zone with the SRV records by which its controllers (fully qualified names) are found.

    The ports are the ones that Windows publishes: with an address book, the client gets the real ones from there.
    """
    hosts = list(controllers)
    zone = Zone(domain, hosts[0])
    for name, port in (
        ("_ldap._tcp", ldap_port),
        ("_ldap._tcp.dc._msdcs", ldap_port),
        ("_ldap._tcp.pdc._msdcs", ldap_port),
        ("_ldap._tcp.gc._msdcs", gc_port),
        ("_gc._tcp", gc_port),
        ("_kerberos._tcp", 88),
        ("_kerberos._udp", 88),
    ):
        zone.set(f"{name}.{domain}", "SRV", [f"0 100 {port} {host}." for host in hosts])
    return zone


def reverse_name(address: str) -> str:
    """The name under which an address has its PTR record, with a final dot."""
    return dns.reversename.from_address(address).to_text()


def answer(zones: Sequence[Zone], query: dns.message.Message) -> dns.message.Message:
    """What a server that is authoritative for `zones`, and nothing else, answers."""
    response = dns.message.make_response(query)
    if query.opcode() != dns.opcode.QUERY:
        response.set_rcode(dns.rcode.NOTIMP)
        return response
    if len(query.question) != 1:
        response.set_rcode(dns.rcode.FORMERR)
        return response
    question = query.question[0]
    zone = _zone_of(zones, question.name)
    if zone is None or question.rdclass != dns.rdataclass.IN:
        response.set_rcode(dns.rcode.REFUSED)
        return response
    response.flags |= dns.flags.AA
    _look_up(zones, zone, question.name, question.rdtype, response)
    return response


def _look_up(
    zones: Sequence[Zone],
    zone: Zone,
    name: dns.name.Name,
    kind: dns.rdatatype.RdataType,
    response: dns.message.Message,
) -> None:
    for _ in range(_LONGEST_CHAIN):
        wanted = zone.kinds(name) if kind == dns.rdatatype.ANY else [kind]
        found = [records for each in wanted if (records := zone.rrset(name, each)) is not None]
        alias = zone.rrset(name, dns.rdatatype.CNAME)
        response.answer.extend(found or ([alias] if alias else []))
        if found:
            return
        if alias is None:
            if not zone.holds(name):
                response.set_rcode(dns.rcode.NXDOMAIN)
            response.authority.append(zone.soa())
            return
        name = dns.name.from_text(alias[0].to_text())
        following = _zone_of(zones, name)
        if following is None:
            return
        zone = following


def _zone_of(zones: Sequence[Zone], name: dns.name.Name) -> Zone | None:
    holding = [zone for zone in zones if name.is_subdomain(zone.origin)]
    return max(holding, key=lambda zone: len(zone.origin), default=None)


class DnsServer:
    """Answers for `zones` on one port of `host`, over UDP and TCP. With `silent` set it answers nothing."""

    def __init__(self, zones: Sequence[Zone], host: str = "127.0.0.1", port: int = 0) -> None:
        self.zones = zones
        self.silent = False
        self._udp, self._tcp = _bind_both(host, port)
        self.address: str = host
        self.port: int = self._udp.getsockname()[1]
        self._workers = Workers(f"dns {self.port}")

    def start(self) -> Self:
        """Answer until `close`."""
        self._workers.run(self._serve_udp)
        self._workers.run(self._serve_tcp)
        return self

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering and wait for the threads to end."""
        self._workers.stop.set()
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            # A thread that waits in recvfrom is not woken by closing its socket; a datagram wakes it everywhere.
            waker.sendto(b"", (self.address, self.port))
        self._workers.close(self._tcp)
        self._udp.close()

    def _serve_udp(self) -> None:
        while not self._workers.stop.is_set():
            try:
                data, client = self._udp.recvfrom(65535)
            except OSError:
                # Windows reports here that an earlier client's port was closed.
                continue
            reply = self._reply(data, over_udp=True)
            if reply is not None:
                with contextlib.suppress(OSError):
                    self._udp.sendto(reply, client)

    def _serve_tcp(self) -> None:
        while not self._workers.stop.is_set():
            try:
                client, _ = self._tcp.accept()
            except OSError:
                return
            self._workers.run(self._serve_client, client)

    def _serve_client(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            self._workers.hold(client)
            client.settimeout(PATIENCE)
            while head := _read_exactly(client, 2):
                reply = self._reply(_read_exactly(client, int.from_bytes(head, "big")), over_udp=False)
                if reply is None and not self.silent:
                    break
                if reply is not None:
                    client.sendall(len(reply).to_bytes(2, "big") + reply)
        self._workers.release(client)

    def _reply(self, data: bytes, over_udp: bool) -> bytes | None:
        """The bytes to answer with; None for what is no question, and while the server is silent."""
        if self.silent:
            return None
        try:
            query = dns.message.from_wire(data)
            if query.flags & dns.flags.QR:
                return None
            response = answer(self.zones, query)
        except dns.exception.DNSException:
            return None
        if not over_udp:
            return response.to_wire(max_size=65535)
        size = max(query.payload, _SMALLEST_PAYLOAD) if query.edns >= 0 else _SMALLEST_PAYLOAD
        try:
            return response.to_wire(max_size=size)
        except dns.exception.TooBig:
            short = dns.message.make_response(query)
            short.flags |= dns.flags.TC | dns.flags.AA
            return short.to_wire(max_size=size)


def _bind_both(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """A UDP and a listening TCP socket on the same port. Raises OSError when the port is taken."""
    for attempt in range(_PORTS_TO_TRY):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind((host, port))
            return udp, socket.create_server((host, udp.getsockname()[1]))
        except OSError:
            udp.close()
            # A free UDP port may be taken for TCP: another one may be free for both.
            if port or attempt == _PORTS_TO_TRY - 1:
                raise
    raise AssertionError("not reached")


def _read_exactly(client: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = client.recv(size - len(data))
        if not chunk:
            return b""
        data += chunk
    return data
