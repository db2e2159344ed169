"""Which client library serves a question, and what a connection string and a parameter look like."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm_wizard.addresses import Endpoint
from vmm_wizard.facts.questions import SqlQuestion, Trust
from vmm_wizard.facts.sql_browser import read_answer
from vmm_wizard.facts.sql_client import (
    CertificateRefused,
    NativeError,
    NoClient,
    SqlPassword,
    choose_client,
    native_error,
    odbc_string,
    same_account,
)
from vmm_wizard.facts.sql_queries import quote_name, with_parameters
from vmm_wizard.lab.sql_browser import Instance, answer_to
from vmm_wizard.plan.model import Authentication, CertificateException
from vmm_wizard.plan.names import AccountName, HostName, SqlTarget
from vmm_wizard.plan.secrets import Secret

DRIVER = "ODBC Driver 18 for SQL Server"
TICKET = "vmm-setup@CONTOSO.LAB"
HOST = "sql01.contoso.lab"
QUESTION = SqlQuestion(
    HOST,
    SqlTarget("sql01"),
    False,
    "VirtualManagerDB",
    AccountName.parse("CONTOSO\\vmm-setup"),
    Authentication.AUTO,
    Trust(),
)
ENDPOINT = Endpoint(HOST, "127.0.0.1", 41433, 1433)


# --- the choice


def chosen(driver: str = DRIVER, holder: str = TICKET, **changes: object) -> str:
    return choose_client(dataclasses.replace(QUESTION, **changes), driver, holder, "1.17").library  # type: ignore[arg-type]


def test_a_ticket_of_the_right_account_and_microsofts_driver_go_together() -> None:
    assert chosen() == "odbc"


def test_without_driver_or_ticket_it_is_ntlm() -> None:
    assert chosen(driver="") == "python-tds"
    assert chosen(holder="") == "python-tds"


def test_a_sql_login_takes_microsofts_driver_where_there_is_one_and_needs_no_ticket() -> None:
    login = AccountName.parse_with_logins("sa")
    assert chosen(account=login, holder="") == "odbc"
    assert chosen(account=login, holder="", driver="") == "python-tds"
    assert chosen(account=login, trust=Trust("ca.pem")) == "python-tds"


def test_somebody_elses_ticket_is_never_used() -> None:
    assert chosen(holder="admin@CONTOSO.LAB") == "python-tds"
    assert chosen(holder="vmm-setup@FABRIKAM.LAB") == "python-tds"


def test_a_plan_that_says_ntlm_gets_ntlm() -> None:
    assert chosen(authentication=Authentication.NTLM) == "python-tds"


def test_trust_of_the_plans_own_needs_the_client_that_can_take_it() -> None:
    assert chosen(trust=Trust("ca.pem")) == "python-tds"
    assert chosen(trust=Trust("", (CertificateException(HostName(HOST), "ab" * 32, "why"),))) == "python-tds"
    other = CertificateException(HostName("dc01.contoso.lab"), "ab" * 32, "why")
    assert chosen(trust=Trust("", (other,))) == "odbc"


@pytest.mark.parametrize(
    ("driver", "holder", "trust", "says"),
    [
        ("", TICKET, Trust(), "not installed"),
        (DRIVER, "", Trust(), "no Kerberos ticket of CONTOSO\\vmm-setup"),
        (DRIVER, TICKET, Trust("ca.pem"), "no CA file"),
    ],
)
def test_kerberos_that_cannot_be_had_is_told_and_never_replaced_by_ntlm(
    driver: str, holder: str, trust: Trust, says: str
) -> None:
    with pytest.raises(NoClient) as caught:
        chosen(driver, holder, trust=trust, authentication=Authentication.KERBEROS)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("account", "holder", "same"),
    [
        ("CONTOSO\\vmm-setup", "VMM-Setup@CONTOSO.LAB", True),
        ("vmm-setup@contoso.lab", "CONTOSO\\vmm-setup", True),
        ("contoso.lab\\vmm-setup", "vmm-setup@CONTOSO.LAB", True),
        ("contoso.lab\\vmm-setup", "vmm-setup@CONTOSO.EXAMPLE", False),
        ("CONTOSO\\vmm-setup", "FABRIKAM\\vmm-setup", False),
        ("CONTOSO\\vmm-setup", "vmm-setup", False),
        ("CONTOSO\\vmm-setup", "", False),
    ],
)
def test_an_account_is_known_in_either_spelling(account: str, holder: str, same: bool) -> None:
    assert same_account(AccountName.parse(account), holder) is same


# --- connection strings and errors


def test_the_odbc_string_verifies_by_name_and_connects_by_address() -> None:
    text = odbc_string(DRIVER, ENDPOINT, 20, None)
    assert "SERVER=tcp:127.0.0.1,41433;" in text
    assert f"HostNameInCertificate={HOST};" in text
    assert "Encrypt=yes;TrustServerCertificate=no;" in text
    assert f"Trusted_Connection=yes;ServerSPN=MSSQLSvc/{HOST}:1433;" in text


@given(st.text(min_size=1, max_size=20).filter(lambda text: "\x00" not in text))
def test_no_password_can_add_a_key_to_the_odbc_string(password: str) -> None:
    text = odbc_string(DRIVER, ENDPOINT, 20, SqlPassword("sa", Secret(password)))
    _, _, tail = text.partition(";PWD=")
    if tail.startswith("{"):
        assert tail[-2:] == "};"
        assert tail[1:-2].replace("}}", "").count("}") == 0
        assert tail[1:-2].replace("}}", "}") == password
    else:
        assert tail == password + ";"


def test_a_native_number_is_read_from_either_clients_exception() -> None:
    text = (
        "[28000] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]Login failed for user 'x'. (18456) "
        "(SQLDriverConnect); [28000] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]Login failed. (4060)"
    )
    found = native_error(Exception("28000", text))
    assert isinstance(found, NativeError)
    assert (found.number, found.sentence) == (18456, "Login failed for user 'x'.")


def test_a_certificate_that_the_driver_refuses_is_told_as_one() -> None:
    text = (
        "[08001] [Microsoft][ODBC Driver 18 for SQL Server]SSL Provider: [error:0A000086:SSL routines::certificate "
        "verify failed:unable to get local issuer certificate] (-1) (SQLDriverConnect)"
    )
    with pytest.raises(CertificateRefused, match="unable to get local issuer certificate"):
        native_error(Exception("08001", text))


# --- parameters


def test_parameters_are_marked_as_each_client_wants_them() -> None:
    text = "SELECT DB_ID(@a), N'@a 5%', [x@a], @@SPID, @b, @a"
    assert with_parameters(text, {"a": "1", "b": "2"}, "qmark") == (
        "SELECT DB_ID(?), N'@a 5%', [x@a], @@SPID, ?, ?",
        ("1", "2", "1"),
    )
    assert with_parameters(text, {"a": "1", "b": "2"}, "pyformat") == (
        "SELECT DB_ID(%(a)s), N'@a 5%%', [x@a], @@SPID, %(b)s, %(a)s",
        {"a": "1", "b": "2"},
    )


def test_a_parameter_without_a_value_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        with_parameters("SELECT @missing", {}, "qmark")


@given(st.text(min_size=1, max_size=128))
def test_a_quoted_name_cannot_end_early(name: str) -> None:
    quoted = quote_name(name)
    assert quoted[0] == "["
    assert quoted[-1] == "]"
    assert "]" not in quoted[1:-1].replace("]]", "")
    assert quoted[1:-1].replace("]]", "]") == name


@pytest.mark.parametrize("name", ["", "x" * 129])
def test_a_name_that_sql_server_cannot_have_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="1 to 128"):
        quote_name(name)


# --- SQL Browser


def test_sql_browser_tells_the_port_of_the_instance_asked_for() -> None:
    instances = [Instance("SQL02", "ONE", "16.0", 1500), Instance("SQL02", "VMM", "16.0", 1600)]
    everything = answer_to(b"\x03", instances)
    assert read_answer(everything, "vmm") == 1600
    assert read_answer(everything, "three") is None
    assert read_answer(answer_to(b"\x04ONE\x00", instances), "one") == 1500
    assert answer_to(b"\x04THREE\x00", instances) == b""


@pytest.mark.parametrize("port", ["", "0", "70000", "x", "-1"])
def test_sql_browser_cannot_send_us_to_a_port_that_is_none(port: str) -> None:
    text = f"ServerName;S;InstanceName;VMM;tcp;{port};;".encode()
    assert read_answer(b"\x05" + len(text).to_bytes(2, "little") + text, "VMM") is None


@given(st.binary(max_size=200))
def test_any_datagram_is_an_answer_or_a_value_error(data: bytes) -> None:
    try:
        port = read_answer(data, "VMM")
    except ValueError:
        return
    assert port is None or 0 < port < 65536


@given(st.binary(max_size=60))
def test_any_request_to_sql_browser_gets_an_answer_or_silence(request: bytes) -> None:
    answer = answer_to(request, [Instance("S", "VMM", "16.0", 1600)])
    assert answer == b"" or answer[0] == 5
