"""Accounts of the served estate over LDAP, TDS and WinRM together, with the libraries that clients are made of."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ldap3
import pytds
import pytest
import winrm
from pytds.login import SpnegoAuth
from winrm.exceptions import InvalidCredentialsError, WinRMError

from tests.estates import ServedEstate, serving_estate
from vmm_wizard.addresses import Service
from vmm_wizard.lab.logons import Credential

ACCOUNT = "CONTOSO\\vmm-setup"
NODE = "vmm01.contoso.lab"
WRONG = "Wr0ng-and-long"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedEstate]:
    with serving_estate(tmp_path) as running:
        yield running


def credential(served: ServedEstate) -> Credential:
    found = served.estate.logons.find(ACCOUNT)
    assert found is not None
    return found


def port_of(served: ServedEstate, host: str, service: Service) -> int:
    return served.book.locate(host, service).port


def over_ldap(served: ServedEstate, password: str) -> str:
    """The sub-code of a refused bind, or an empty text."""
    tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=served.book.ca_file, valid_names=["dc01.contoso.lab"])
    port = port_of(served, "dc01.contoso.lab", "ldaps")
    server = ldap3.Server("127.0.0.1", port, use_ssl=True, tls=tls, get_info=ldap3.NONE, connect_timeout=20)
    connection = ldap3.Connection(server, ACCOUNT, password, receive_timeout=20)
    if connection.bind():
        connection.unbind()
        return ""
    text: str = connection.result["message"]
    return text.partition("data ")[2].partition(",")[0]


def over_tds(served: ServedEstate, password: str) -> str:
    """How Windows refused a logon ("untrusted"), or an empty text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            pytds.connect(
                dsn="127.0.0.1",
                port=port_of(served, "sql01.contoso.lab", "tds"),
                auth=SpnegoAuth(ACCOUNT, password, protocol="ntlm"),
                cafile=served.book.ca_file,
                validate_host=False,
            ).close()
    except pytds.OperationalError as error:
        return "untrusted" if "The login is from an untrusted domain" in str(error) else str(error)
    return ""


def on_node(served: ServedEstate, password: str, command: str, **how: Any) -> winrm.Response:
    """One command on a node by pywinrm, NTLM over HTTP."""
    url = f"http://127.0.0.1:{port_of(served, NODE, 'winrm_http')}/wsman"
    session = winrm.Session(url, auth=(ACCOUNT, password), transport="ntlm", ca_trust_path=served.book.ca_file, **how)
    return session.run_cmd(command)


def over_winrm(served: ServedEstate, password: str) -> str:
    """How a node refused a logon ("401"), or an empty text."""
    try:
        answer = on_node(served, password, "hostname")
    except InvalidCredentialsError:
        return "401"
    assert answer.std_out == b"VMM01\r\n"
    return ""


def test_one_bad_logon_on_each_road_locks_all_roads(served: ServedEstate) -> None:
    assert over_ldap(served, WRONG) == "52e"
    assert over_tds(served, WRONG) == "untrusted"
    assert served.estate.report()["locked"] == ["CONTOSO\\svc-locked"]
    assert over_winrm(served, WRONG) == "401"
    assert credential(served).counted == 3
    assert ACCOUNT in served.estate.report()["locked"]

    right = credential(served).password
    assert (over_ldap(served, right), over_tds(served, right), over_winrm(served, right)) == ("775", "untrusted", "401")
    assert credential(served).counted == 3


def test_a_good_logon_on_one_road_forgives_the_bad_ones_of_another(served: ServedEstate) -> None:
    right = credential(served).password
    for _ in range(2):
        assert over_ldap(served, WRONG) == "52e"
        assert over_tds(served, WRONG) == "untrusted"
        assert over_winrm(served, right) == ""
    assert (over_ldap(served, right), over_tds(served, right)) == ("", "")
    assert credential(served).counted == 4


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (r"dir \\sql01\c$", "Access is denied"),
        ("sqlcmd -S sql01.contoso.lab -E -Q exit", "ANONYMOUS LOGON"),
        ("net user vmm-setup /domain", "System error 5"),
    ],
)
def test_a_session_has_no_credentials_for_another_computer(served: ServedEstate, command: str, said: str) -> None:
    answer = on_node(served, credential(served).password, command)
    assert answer.status_code == 1
    assert answer.std_out == b""
    assert said in answer.std_err.decode()


def test_a_session_needs_none_for_its_own_computer(served: ServedEstate) -> None:
    answer = on_node(served, credential(served).password, r"dir \\vmm01\c$")
    assert "Access is denied" not in answer.std_err.decode()


def test_a_node_refuses_command_lines_that_cmd_refuses(served: ServedEstate) -> None:
    right = credential(served).password
    fits = "echo " + "x" * 8186
    assert on_node(served, right, fits).std_out.strip() == b"x" * 8186
    refused = on_node(served, right, fits + "x")
    assert (refused.status_code, refused.std_out) == (1, b"")
    assert b"too long" in refused.std_err


def test_a_node_refuses_messages_that_are_not_encrypted(served: ServedEstate) -> None:
    with pytest.raises(WinRMError, match="Unencrypted traffic is disabled"):
        on_node(served, credential(served).password, "hostname", message_encryption="never")
