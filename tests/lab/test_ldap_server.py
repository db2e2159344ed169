"""The domain controller on the wire: binds, refusals and faults, seen by ldap3 and by raw sockets."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import ldap3
import pytest
import spnego
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ldap3.core.exceptions import LDAPExceptionError, LDAPSocketOpenError, LDAPSocketReceiveError
from ldap3.operation.bind import bind_operation
from spnego.channel_bindings import GssChannelBindings

from tests.lab.served_directory import AUTHORITY, BASE, PASSWORD, USERS, Served, serving
from vmm_wizard.lab import ber
from vmm_wizard.lab.certificates import der
from vmm_wizard.lab.ldap_bind import certificate_digest, ntlm_login
from vmm_wizard.lab.ldap_messages import WHO_AM_I
from vmm_wizard.lab.logons import LDAP_DATA, Refusal


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as running:
        yield running


@pytest.fixture
def ntlm(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Served:
    """The same, with the accounts known to NTLM."""
    users = tmp_path / "ntlm-users"
    users.write_text(served.logons.ntlm_user_file())
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    return served


def sub_code(connection: ldap3.Connection) -> str:
    """What stands behind "data" in a refused bind."""
    message: str = connection.result["message"]
    assert message.endswith("\0")
    return message.partition("data ")[2].partition(",")[0]


class TestSimpleBind:
    @pytest.mark.parametrize(
        "spelling",
        [
            "CONTOSO\\alice",
            "contoso\\ALICE",
            "contoso.lab\\alice",
            "alice@contoso.lab",
            f"CN=alice,{USERS}",
            "cn=Alice, cn=users, dc=contoso, dc=lab",
        ],
    )
    def test_an_account_has_many_names(self, served: Served, spelling: str) -> None:
        assert served.bound(spelling).extend.standard.who_am_i() == "u:CONTOSO\\alice"

    @pytest.mark.parametrize(
        "state", ["logon_hours", "workstation", "password_expired", "disabled", "expired", "must_change", "locked"]
    )
    def test_a_state_is_told_by_its_sub_code_when_the_password_is_right(self, served: Served, state: Refusal) -> None:
        served.user("bob", state=state)
        connection = served.connect("CONTOSO\\bob")
        assert not connection.bind()
        assert connection.result["description"] == "invalidCredentials"
        assert sub_code(connection) == LDAP_DATA[state]
        assert served.bad_logons("bob") == 0

    def test_a_wrong_password_is_counted_once_and_told_as_52e(self, served: Served) -> None:
        connection = served.connect(password="wrong")
        assert not connection.bind()
        assert sub_code(connection) == "52e"
        assert served.bad_logons("alice") == 1

    def test_an_unknown_account_is_told_as_525(self, served: Served) -> None:
        connection = served.connect("CONTOSO\\nobody")
        assert not connection.bind()
        assert sub_code(connection) == "525"

    def test_three_wrong_passwords_lock_and_then_the_right_one_is_refused_too(self, served: Served) -> None:
        for _ in range(3):
            assert not served.connect(password="wrong").bind()
        connection = served.connect()
        assert not connection.bind()
        assert sub_code(connection) == "775"

    def test_without_tls_a_password_is_refused_before_it_is_looked_at(self, served: Served) -> None:
        connection = served.connect(password="wrong", secure=False)
        assert not connection.bind()
        assert connection.result["description"] == "strongerAuthRequired"
        assert served.bad_logons("alice") == 0

    def test_start_tls_makes_the_password_welcome(self, served: Served) -> None:
        connection = served.connect(secure=False)
        connection.open()
        assert connection.start_tls()
        assert connection.bind()

    def test_a_name_without_a_password_is_nobody(self, served: Served) -> None:
        with raw(served) as client:
            bind = ber.element(0x60, ber.integer(3), ber.octets("CONTOSO\\alice"), ber.octets(b"", 0x80))
            assert result_code(exchange(client, 1, bind)) == 0
            who = exchange(client, 2, ber.element(0x77, ber.octets(WHO_AM_I, 0x80)))
            assert b"alice" not in who

    def test_a_failed_bind_ends_the_one_before(self, served: Served) -> None:
        connection = served.bound()
        assert not connection.rebind(user="CONTOSO\\alice", password="wrong")
        assert not connection.extend.standard.who_am_i()
        assert connection.result["description"] == "success"

    def test_a_password_that_is_no_text_is_a_wrong_one(self, served: Served) -> None:
        with raw(served, secure=True) as client:
            bind = ber.element(0x60, ber.integer(3), ber.octets("CONTOSO\\alice"), ber.octets(b"\xff\xfe", 0x80))
            assert result_code(exchange(client, 1, bind)) == 49
        assert served.bad_logons("alice") == 1

    def test_a_certificate_for_another_name_is_found_out(self, served: Served) -> None:
        connection = served.connect()
        connection.server.tls.valid_names = ["dc02.contoso.lab"]
        with pytest.raises(LDAPSocketOpenError):
            connection.bind()
        assert served.bad_logons("alice") == 0


class TestNtlmBind:
    def test_the_right_password_binds_over_sicily(self, ntlm: Served) -> None:
        connection = ntlm.connect(ntlm=True)
        assert connection.bind()
        assert connection.extend.standard.who_am_i() == "u:CONTOSO\\alice"

    def test_a_wrong_password_is_counted_once(self, ntlm: Served) -> None:
        connection = ntlm.connect(ntlm=True, password="wrong")
        assert not connection.bind()
        assert sub_code(connection) == "52e"
        assert ntlm.bad_logons("alice") == 1

    def test_an_unknown_account_is_told_as_525(self, ntlm: Served) -> None:
        connection = ntlm.connect("CONTOSO\\nobody", ntlm=True)
        assert not connection.bind()
        assert sub_code(connection) == "525"
        assert ntlm.logons.unknown_logons == {"CONTOSO\\nobody": 1}

    def test_a_locked_account_is_told_so_though_the_password_is_right(self, ntlm: Served) -> None:
        credential = ntlm.logons.find("CONTOSO\\alice")
        assert credential is not None
        credential.state = "locked"
        connection = ntlm.connect(ntlm=True)
        assert not connection.bind()
        assert sub_code(connection) == "775"
        assert ntlm.bad_logons("alice") == 0

    def test_without_tls_it_is_refused(self, ntlm: Served) -> None:
        connection = ntlm.connect(ntlm=True, secure=False)
        connection.open()
        assert not connection.bind()

    def test_a_server_that_allows_it_takes_ntlm_without_tls(self, ntlm: Served) -> None:
        ntlm.server.require_tls = False
        assert ntlm.connect(ntlm=True, secure=False).bind()

    def test_a_token_that_cannot_be_read_counts_for_nobody(self, ntlm: Served) -> None:
        with raw(ntlm, secure=True) as client:
            bind = ber.element(0x60, ber.integer(3), ber.octets("NTLM"), ber.octets(b"NTLMSSP\0junk", 0x8A))
            answer = exchange(client, 1, bind)
        assert result_code(answer) == 49
        assert b"data 57" in answer
        assert ntlm.bad_logons("alice") == 0


def spnego_bind(connection: ldap3.Connection, password: str, bindings: GssChannelBindings | None = None) -> bool:
    """A SASL GSS-SPNEGO bind of alice with pyspnego's initiator."""
    connection.open()
    client = spnego.client(
        "CONTOSO\\alice", password, hostname="dc01.contoso.lab", service="ldap", channel_bindings=bindings
    )
    token = client.step()
    while True:
        connection.sasl_in_progress = True
        request = bind_operation(connection.version, ldap3.SASL, None, None, "GSS-SPNEGO", token)
        result = connection.post_send_single_response(connection.send("bindRequest", request, None))[0]
        connection.sasl_in_progress = False
        connection.result = result
        if result["description"] != "saslBindInProgress":
            return bool(result["result"] == 0)
        token = client.step(result["saslCreds"])


class TestSpnegoBind:
    def test_the_right_password_binds(self, ntlm: Served) -> None:
        connection = ntlm.connect()
        assert spnego_bind(connection, PASSWORD), connection.result
        assert connection.extend.standard.who_am_i() == "u:CONTOSO\\alice"

    def test_a_wrong_password_is_counted_once(self, ntlm: Served) -> None:
        connection = ntlm.connect()
        assert not spnego_bind(connection, "wrong")
        assert sub_code(connection) == "52e"
        assert ntlm.bad_logons("alice") == 1

    def test_another_mechanism_is_not_supported(self, ntlm: Served) -> None:
        connection = ntlm.connect()
        connection.open()
        request = bind_operation(connection.version, ldap3.SASL, None, None, "DIGEST-MD5", b"")
        result = connection.post_send_single_response(connection.send("bindRequest", request, None))[0]
        assert result["description"] == "authMethodNotSupported"

    def test_where_channel_binding_is_wanted_its_absence_is_no_bad_logon(self, ntlm: Served) -> None:
        ntlm.server.require_channel_binding = True
        connection = ntlm.connect(ntlm=True)
        assert not connection.bind()
        assert sub_code(connection) == "80090346"
        assert ntlm.bad_logons("alice") == 0

    def test_where_channel_binding_is_wanted_it_is_accepted(self, ntlm: Served) -> None:
        ntlm.server.require_channel_binding = True
        digest = certificate_digest(der(AUTHORITY.issue(ntlm.host)[0]))
        bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + digest)
        connection = ntlm.connect()
        assert spnego_bind(connection, PASSWORD, bindings), connection.result

    @given(st.binary(max_size=300))
    def test_who_a_token_names_is_read_out_of_any_bytes_without_harm(self, data: bytes) -> None:
        name = ntlm_login(b"NTLMSSP\0\x03\0\0\0" + data)
        assert name is None or name


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


def raw(served: Served, secure: bool = False) -> socket.socket:
    """A socket to the server without an LDAP library."""
    port = served.server.ldaps_port if secure else served.server.port
    client = socket.create_connection(("127.0.0.1", port), timeout=20)
    if not secure:
        return client
    context = ssl.create_default_context(cafile=str(served.ca_file))
    return context.wrap_socket(client, server_hostname=served.host)


def exchange(client: socket.socket, number: int, operation: bytes) -> bytes:
    """Send one request and read one response message."""
    client.sendall(ber.element(ber.SEQUENCE, ber.integer(number), operation))
    data = b""
    while (size := ber.message_size(data)) is None or len(data) < size:
        chunk = client.recv(4096)
        assert chunk, "the server hung up"
        data += chunk
    return data


def result_code(message: bytes) -> int:
    """The result code in a response message."""
    (_, content) = ber.elements(ber.elements(message)[0][1])[1]
    return ber.to_int(ber.elements(content)[0][1])


def is_hung_up(client: socket.socket) -> bool:
    """Whether the server closes the connection without an LDAP answer (a TLS alert may come first)."""
    try:
        while chunk := client.recv(4096):
            if chunk[0] == ber.SEQUENCE:
                return False
    except ConnectionError:
        return True
    return True


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
