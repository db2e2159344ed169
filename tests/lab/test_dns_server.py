"""The estate's DNS, asked by dnspython's resolver and by raw questions over UDP and TCP."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.resolver
import dns.update
import pytest

from vmm_wizard.lab.dns_server import DnsServer, Zone, domain_zone, reverse_name

DOMAIN = "contoso.lab"


@pytest.fixture
def zone() -> Zone:
    zone = domain_zone(DOMAIN, ["dc01.contoso.lab"])
    zone.set("dc01.contoso.lab", "A", "10.0.0.10")
    zone.set("dc01.contoso.lab", "AAAA", "fd00::10")
    return zone


@pytest.fixture
def server(zone: Zone) -> Iterator[DnsServer]:
    reverse = Zone("0.0.10.in-addr.arpa", "dc01.contoso.lab")
    reverse.set(reverse_name("10.0.0.10"), "PTR", "dc01.contoso.lab.")
    with DnsServer([zone, reverse]) as running:
        yield running


def ask(server: DnsServer, name: str, kind: str = "A", *, tcp: bool = False) -> dns.message.Message:
    query = dns.message.make_query(name, kind)
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, server.address, timeout=10, port=server.port)


def values(response: dns.message.Message) -> list[str]:
    return [record.to_text() for records in response.answer for record in records]


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("dc01.contoso.lab", "A", "10.0.0.10"),
        ("DC01.Contoso.LAB", "A", "10.0.0.10"),
        ("dc01.contoso.lab", "AAAA", "fd00::10"),
        ("10.0.0.10.in-addr.arpa", "PTR", "dc01.contoso.lab."),
        ("_ldap._tcp.dc._msdcs.contoso.lab", "SRV", "0 100 389 dc01.contoso.lab."),
        ("_ldap._tcp.contoso.lab", "SRV", "0 100 389 dc01.contoso.lab."),
        ("_gc._tcp.contoso.lab", "SRV", "0 100 3268 dc01.contoso.lab."),
        ("contoso.lab", "NS", "dc01.contoso.lab."),
    ],
)
def test_a_record_is_answered_with_authority(server: DnsServer, name: str, kind: str, expected: str, tcp: bool) -> None:
    response = ask(server, name, kind, tcp=tcp)
    assert values(response) == [expected]
    assert response.flags & dns.flags.AA


def test_a_resolver_finds_the_domain_controllers(server: DnsServer) -> None:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [server.address]
    resolver.port = server.port
    (found,) = resolver.resolve(f"_ldap._tcp.dc._msdcs.{DOMAIN}", "SRV")
    assert str(found.target) == "dc01.contoso.lab."
    assert [str(address) for address in resolver.resolve_address("10.0.0.10")] == ["dc01.contoso.lab."]


def test_a_name_that_is_not_there_does_not_exist(server: DnsServer) -> None:
    response = ask(server, "vmm.contoso.lab")
    assert response.rcode() == dns.rcode.NXDOMAIN
    assert response.authority[0].rdtype == dns.rdatatype.SOA


@pytest.mark.parametrize("name", ["dc01.contoso.lab", "_msdcs.contoso.lab"])
def test_a_name_without_such_a_record_exists_all_the_same(server: DnsServer, name: str) -> None:
    response = ask(server, name, "MX")
    assert (response.rcode(), response.answer) == (dns.rcode.NOERROR, [])


def test_other_peoples_names_are_refused(server: DnsServer) -> None:
    assert ask(server, "www.example.org").rcode() == dns.rcode.REFUSED


def test_a_record_appears_and_goes_while_the_server_runs(server: DnsServer, zone: Zone) -> None:
    first = ask(server, DOMAIN, "SOA").answer[0][0].serial
    zone.set("vmm", "A", ["10.0.0.60", "10.1.0.60"])
    assert sorted(values(ask(server, "vmm.contoso.lab"))) == ["10.0.0.60", "10.1.0.60"]
    zone.remove("vmm.contoso.lab", "A")
    assert ask(server, "vmm.contoso.lab").rcode() == dns.rcode.NXDOMAIN
    assert ask(server, DOMAIN, "SOA").answer[0][0].serial > first


def test_an_alias_is_followed_inside_the_zone_and_only_named_outside(server: DnsServer, zone: Zone) -> None:
    zone.set("ldap", "CNAME", "dc01.contoso.lab.")
    zone.set("away", "CNAME", "www.example.org.")
    assert values(ask(server, "ldap.contoso.lab")) == ["dc01.contoso.lab.", "10.0.0.10"]
    assert values(ask(server, "away.contoso.lab")) == ["www.example.org."]


def test_aliases_that_name_each_other_end(server: DnsServer, zone: Zone) -> None:
    zone.set("a", "CNAME", "b.contoso.lab.")
    zone.set("b", "CNAME", "a.contoso.lab.")
    assert set(values(ask(server, "a.contoso.lab"))) == {"a.contoso.lab.", "b.contoso.lab."}


def test_an_answer_too_long_for_udp_comes_over_tcp(server: DnsServer, zone: Zone) -> None:
    zone.set("many", "A", [f"10.0.{n // 250}.{n % 250}" for n in range(500)])
    assert ask(server, "many.contoso.lab").flags & dns.flags.TC
    assert len(values(ask(server, "many.contoso.lab", tcp=True))) == 500


def test_dynamic_updates_are_not_taken(server: DnsServer) -> None:
    update = dns.update.UpdateMessage(DOMAIN)
    update.add("evil", 300, "A", "10.9.9.9")
    response = dns.query.udp(update, server.address, timeout=10, port=server.port)
    assert response.rcode() == dns.rcode.NOTIMP
    assert ask(server, "evil.contoso.lab").rcode() == dns.rcode.NXDOMAIN


@pytest.mark.parametrize("junk", [b"", b"\0", b"x" * 12, bytes(600)])
def test_junk_gets_no_answer_and_stops_nothing(server: DnsServer, junk: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(junk, (server.address, server.port))
    with socket.create_connection((server.address, server.port)) as client:
        client.sendall(len(junk).to_bytes(2, "big") + junk)
    assert values(ask(server, "dc01.contoso.lab")) == ["10.0.0.10"]


def test_a_silent_server_lets_the_client_wait(server: DnsServer) -> None:
    server.silent = True
    query = dns.message.make_query("dc01.contoso.lab", "A")
    with pytest.raises(dns.exception.Timeout):
        dns.query.udp(query, server.address, timeout=0.05, port=server.port)


def test_a_closed_server_frees_its_port(zone: Zone) -> None:
    with DnsServer([zone]) as first:
        port = first.port
    with DnsServer([zone], port=port) as second:
        assert second.port == port
        assert values(ask(second, "dc01.contoso.lab")) == ["10.0.0.10"]


@pytest.mark.parametrize(("name", "kind", "value"), [("x", "A", "10.0.0.256"), ("x.example.org.", "A", "10.0.0.1")])
def test_a_record_that_makes_no_sense_is_not_taken(zone: Zone, name: str, kind: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"x"):
        zone.set(name, kind, value)
