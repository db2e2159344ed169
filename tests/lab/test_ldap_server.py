"""The domain controller on the wire: what nobody may do, bad input and faults, by ldap3 and by raw sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import ldap3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ldap3.core.exceptions import LDAPExceptionError, LDAPSocketOpenError, LDAPSocketReceiveError

from tests.lab.served_directory import BASE, USERS, Served, exchange, is_hung_up, raw, result_code, serving
from vmm_wizard.lab import ber


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as running:
        yield running


class TestNobody:
    def test_anybody_reads_what_the_server_says_about_itself(self, served: Served) -> None:
        connection = served.connect(user="", password="", secure=False)
        connection.authentication = ldap3.ANONYMOUS
        assert connection.bind()
        assert connection.search("", "(objectClass=*)", ldap3.BASE, attributes=["*"])
        found = connection.response[0]["attributes"]
        assert found["defaultNamingContext"] == [BASE]
        assert found["dnsHostName"] == ["dc01.contoso.lab"]
        assert found["isGlobalCatalogReady"] == ["TRUE"]
        assert found["ldapServiceName"] == ["contoso.lab:dc01$@CONTOSO.LAB"]
        assert found["currentTime"][0].endswith(".0Z")
        assert "1.2.840.113556.1.4.801" in found["supportedControl"]

    def test_nothing_else(self, served: Served) -> None:
        connection = served.connect(user="", password="", secure=False)
        connection.authentication = ldap3.ANONYMOUS
        assert connection.bind()
        assert not connection.search(BASE, "(objectClass=*)")
        assert connection.result["description"] == "operationsError"
        assert "000004DC" in connection.result["message"]


class TestReadOnly:
    def test_nothing_is_written_by_clients(self, served: Served) -> None:
        connection = served.bound()
        dn = f"CN=alice,{USERS}"
        assert not connection.modify(dn, {"description": [(ldap3.MODIFY_REPLACE, ["x"])]})
        assert connection.result["description"] == "insufficientAccessRights"
        assert not connection.add(f"CN=x,{USERS}", "user")
        assert connection.result["description"] == "insufficientAccessRights"
        assert not connection.delete(dn)
        assert connection.result["description"] == "insufficientAccessRights"
        assert not connection.modify_dn(dn, "CN=other")
        assert connection.result["description"] == "insufficientAccessRights"

    def test_values_are_compared(self, served: Served) -> None:
        connection = served.bound()
        assert connection.compare(f"CN=alice,{USERS}", "displayName", "ALICE example")
        assert not connection.compare(f"CN=alice,{USERS}", "displayName", "Bob")
        assert connection.result["description"] == "compareFalse"
        connection.compare(f"CN=alice,{USERS}", "telephoneNumber", "1")
        assert connection.result["description"] == "noSuchAttribute"

    def test_an_unknown_extended_operation_is_a_protocol_error(self, served: Served) -> None:
        connection = served.bound()
        connection.extended("1.2.3.4")
        assert connection.result["description"] == "protocolError"


NESTED = b"\xa3\x06\x04\x02cn\x04\x00"
for _ in range(150):
    NESTED = ber.element(0xA2, NESTED)


class TestBadInput:
    @pytest.mark.parametrize(
        "data",
        [
            b"GET / HTTP/1.1\r\n\r\n",
            b"\x30\x80junk",
            b"\x30\x84\xff\xff\xff\xff",
            b"\x30\x00",
            b"\x30\x05\x02\x01\x01\x60\x00",
            b"\x30\x03\x02\x01\x01",
            ber.element(
                0x30,
                ber.integer(1),
                ber.element(
                    0x63,
                    ber.octets(BASE),
                    ber.integer(2, 0x0A),
                    ber.integer(0, 0x0A),
                    ber.integer(0),
                    ber.integer(0),
                    ber.element(1, b"\0"),
                    NESTED,
                    ber.element(0x30),
                ),
            ),
        ],
    )
    def test_what_is_not_ldap_closes_the_connection_and_nothing_else(self, served: Served, data: bytes) -> None:
        with raw(served) as client:
            client.sendall(data)
            assert is_hung_up(client)
        assert served.bound()

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.binary(max_size=120))
    def test_no_bytes_at_all_disturb_the_server(self, served: Served, content: bytes) -> None:
        with raw(served) as client:
            client.sendall(ber.element(0x30, ber.integer(1), content))
            client.shutdown(socket.SHUT_WR)
            while client.recv(4096):
                pass

    def test_requests_hidden_behind_start_tls_close_the_connection(self, served: Served) -> None:
        start = ber.element(0x30, ber.integer(1), ber.element(0x77, ber.octets("1.3.6.1.4.1.1466.20037", 0x80)))
        with raw(served) as client:
            client.sendall(start + ber.element(0x30, ber.integer(2), ber.element(0x42)))
            assert is_hung_up(client)

    def test_a_client_without_tls_on_the_ldaps_port_is_dropped(self, served: Served) -> None:
        with socket.create_connection(("127.0.0.1", served.server.ldaps_port), timeout=20) as client:
            client.sendall(b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00")
            assert is_hung_up(client)


class TestFaults:
    def test_a_refusing_server_closes_at_once(self, served: Served) -> None:
        served.server.refusing = True
        with pytest.raises(LDAPExceptionError):
            served.connect().bind()

    def test_a_silent_server_lets_the_client_wait(self, served: Served) -> None:
        connection = served.bound()
        served.server.silent = True
        connection.server.connect_timeout = connection.receive_timeout = 1
        connection.socket.settimeout(0.1)
        with pytest.raises(LDAPSocketReceiveError):
            connection.search(BASE, "(objectClass=*)", ldap3.BASE)

    def test_closing_the_server_cuts_its_clients(self, served: Served) -> None:
        with raw(served) as client:
            assert result_code(exchange(client, 1, ber.element(0x60, ber.integer(3), ber.octets(""), b"\x80\0"))) == 0
            served.server.close()
            assert is_hung_up(client)
        with pytest.raises(LDAPSocketOpenError):
            served.connect().bind()
