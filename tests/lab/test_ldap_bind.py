"""Binding to the domain controller: simple, NTLM and SPNEGO; what is refused, how it is told, and what is counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import ldap3
import pytest
import spnego
from ldap3.core.exceptions import LDAPSocketOpenError
from ldap3.operation.bind import bind_operation
from spnego.channel_bindings import GssChannelBindings

from tests.lab.served_directory import AUTHORITY, PASSWORD, USERS, Served, exchange, raw, result_code, serving
from vmm_wizard.lab import ber
from vmm_wizard.lab.certificates import der
from vmm_wizard.lab.ldap_bind import certificate_digest
from vmm_wizard.lab.ldap_messages import WHO_AM_I
from vmm_wizard.lab.logons import LDAP_DATA, Refusal


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as running:
        yield running


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
    def test_the_right_password_binds_over_sicily(self, served: Served) -> None:
        connection = served.connect(ntlm=True)
        assert connection.bind()
        assert connection.extend.standard.who_am_i() == "u:CONTOSO\\alice"

    def test_a_wrong_password_is_counted_once(self, served: Served) -> None:
        connection = served.connect(ntlm=True, password="wrong")
        assert not connection.bind()
        assert sub_code(connection) == "52e"
        assert served.bad_logons("alice") == 1

    def test_an_unknown_account_is_told_as_525(self, served: Served) -> None:
        connection = served.connect("CONTOSO\\nobody", ntlm=True)
        assert not connection.bind()
        assert sub_code(connection) == "525"
        assert served.logons.unknown_logons == {"CONTOSO\\nobody": 1}

    def test_a_locked_account_is_told_so_though_the_password_is_right(self, served: Served) -> None:
        credential = served.logons.find("CONTOSO\\alice")
        assert credential is not None
        credential.state = "locked"
        connection = served.connect(ntlm=True)
        assert not connection.bind()
        assert sub_code(connection) == "775"
        assert served.bad_logons("alice") == 0

    def test_without_tls_it_is_refused(self, served: Served) -> None:
        connection = served.connect(ntlm=True, secure=False)
        connection.open()
        assert not connection.bind()

    def test_a_server_that_allows_it_takes_ntlm_without_tls(self, served: Served) -> None:
        served.server.require_tls = False
        assert served.connect(ntlm=True, secure=False).bind()

    def test_a_token_that_cannot_be_read_counts_for_nobody(self, served: Served) -> None:
        with raw(served, secure=True) as client:
            bind = ber.element(0x60, ber.integer(3), ber.octets("NTLM"), ber.octets(b"NTLMSSP\0junk", 0x8A))
            answer = exchange(client, 1, bind)
        assert result_code(answer) == 49
        assert b"data 57" in answer
        assert served.bad_logons("alice") == 0


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
    def test_the_right_password_binds(self, served: Served) -> None:
        connection = served.connect()
        assert spnego_bind(connection, PASSWORD), connection.result
        assert connection.extend.standard.who_am_i() == "u:CONTOSO\\alice"

    def test_a_wrong_password_is_counted_once(self, served: Served) -> None:
        connection = served.connect()
        assert not spnego_bind(connection, "wrong")
        assert sub_code(connection) == "52e"
        assert served.bad_logons("alice") == 1

    def test_another_mechanism_is_not_supported(self, served: Served) -> None:
        connection = served.connect()
        connection.open()
        request = bind_operation(connection.version, ldap3.SASL, None, None, "DIGEST-MD5", b"")
        result = connection.post_send_single_response(connection.send("bindRequest", request, None))[0]
        assert result["description"] == "authMethodNotSupported"

    def test_where_channel_binding_is_wanted_its_absence_is_no_bad_logon(self, served: Served) -> None:
        served.server.require_channel_binding = True
        connection = served.connect(ntlm=True)
        assert not connection.bind()
        assert sub_code(connection) == "80090346"
        assert served.bad_logons("alice") == 0

    def test_where_channel_binding_is_wanted_it_is_accepted(self, served: Served) -> None:
        served.server.require_channel_binding = True
        digest = certificate_digest(der(AUTHORITY.issue(served.host)[0]))
        bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + digest)
        connection = served.connect()
        assert spnego_bind(connection, PASSWORD, bindings), connection.result
