"""How the SQL probe gets to the server: logons, certificates, ports, named instances; and what goes wrong there."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.certificate_authority import CertificateAuthority
from tests.facts.asking_database import Probe
from tests.sql_estate import (
    ADMIN,
    ADMIN_PASSWORD,
    HOST,
    SQL_LOGIN,
    SQL_PASSWORD,
    STRANGER,
    STRANGER_PASSWORD,
    served,
)
from vmm_wizard.addresses import AddressBook
from vmm_wizard.facts.database import ask_database
from vmm_wizard.facts.model import NoAnswer, SqlFacts
from vmm_wizard.facts.questions import Trust
from vmm_wizard.lab.sql_browser import Instance, SqlBrowser
from vmm_wizard.plan.model import CertificateException
from vmm_wizard.plan.names import AccountName, HostName, SqlTarget
from vmm_wizard.plan.secrets import Secret

# --- logons


def test_a_sql_login_asks_without_any_domain(probe: Probe) -> None:
    facts = probe.facts(SQL_PASSWORD, account=AccountName.parse_with_logins(SQL_LOGIN))
    assert (facts.asked_as, facts.logged_on_as, facts.auth_scheme) == (SQL_LOGIN, SQL_LOGIN, "SQL")
    assert facts.is_sysadmin is True
    assert facts.driver.endswith("SQL login")


def test_a_sql_login_with_a_wrong_password_is_a_refused_logon_and_no_bad_logon_of_the_domain(probe: Probe) -> None:
    gap = probe.gap("wrong-canary-7Q", account=AccountName.parse_with_logins(SQL_LOGIN))
    assert gap.code == "logon"
    assert f"did not let the SQL login {SQL_LOGIN} in (error 18456)" in gap.reason
    assert "canary" not in gap.reason
    assert probe.estate.bad_logons(ADMIN) == 0
    assert probe.estate.server.connections_taken == 1


def test_an_account_without_a_login_is_told_so_and_is_no_bad_logon(probe: Probe) -> None:
    gap = probe.gap(STRANGER_PASSWORD, account=AccountName.parse(STRANGER))
    assert gap.code == "no_login"
    assert f"{HOST}:1433 has no login for {STRANGER} (error 18456)" in gap.reason
    assert probe.estate.bad_logons(STRANGER) == 0


def test_a_wrong_password_counts_once_and_is_a_refused_logon(probe: Probe) -> None:
    gap = probe.gap("wrong-canary-7Q")
    assert gap.code == "logon"
    assert "18452" in gap.reason
    assert "canary" not in gap.reason
    assert probe.estate.bad_logons(ADMIN) == 1
    assert probe.estate.server.connections_taken == 1


@pytest.mark.parametrize("spelling", ["vmm-setup@contoso.lab", "contoso.lab\\vmm-setup", "contoso\\VMM-Setup"])
def test_an_account_logs_on_in_each_of_its_spellings(probe: Probe, spelling: str) -> None:
    facts = probe.facts(account=AccountName.parse(spelling))
    assert (facts.logged_on_as, facts.asked_as) == (ADMIN, spelling)


def test_a_disabled_sql_login_is_its_own_reason_and_is_told_without_waiting(probe: Probe) -> None:
    probe.estate.state.windows_principal = _disabled  # type: ignore[method-assign]
    gap = probe.gap(deadline=60.0)
    assert (gap.code, "18470" in gap.reason) == ("no_login", True)


def _disabled(account: str, auth_scheme: str = "NTLM") -> Any:
    from vmm_wizard.lab.tds_tokens import SqlError

    raise SqlError(18470, f"Login failed for user '{account}'. Reason: The account is disabled.")


def test_without_a_password_nothing_is_asked(probe: Probe) -> None:
    answer = ask_database(probe.question(), None, probe.book(), 5.0)
    assert isinstance(answer, NoAnswer)
    assert answer.code == "not_asked"
    assert probe.estate.server.connections_taken == 0


def test_no_password_reaches_the_log(probe: Probe, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        probe.facts()
        probe.gap("wrong-canary-7Q")
    assert ADMIN_PASSWORD not in caplog.text
    assert "canary" not in caplog.text


# --- certificates


def test_a_certificate_of_an_unknown_authority_is_refused_and_no_logon_is_sent(probe: Probe, tmp_path: Path) -> None:
    stranger = CertificateAuthority(tmp_path / "other", "another authority")
    gap = probe.gap("wrong", trust=Trust(str(stranger.file)))
    assert gap.code == "certificate"
    assert gap.reason.startswith(f"SQL Server at {HOST}:1433 is not trusted: the certificate is not trusted: ")
    assert probe.estate.bad_logons(ADMIN) == 0


def test_the_systems_authorities_rule_when_the_plan_names_none(probe: Probe) -> None:
    assert probe.gap(trust=Trust()).code == "certificate"


def test_a_certificate_for_another_name_is_refused(probe: Probe) -> None:
    gap = probe.gap(host="sql02.contoso.lab", target=SqlTarget("sql02"))
    assert gap.code == "certificate"
    assert "sql02.contoso.lab" in gap.reason


@pytest.mark.parametrize("named", ["SQL01.contoso.lab", "*.contoso.lab"])
def test_a_certificate_matches_in_any_case_and_by_wildcard(tmp_path: Path, named: str) -> None:
    with served(tmp_path, certificate_host=named) as estate:
        assert Probe(estate).facts().is_sysadmin


def test_an_excepted_certificate_is_taken_by_its_fingerprint_and_no_other(probe: Probe) -> None:
    def excepted(sha256: str) -> Trust:
        return Trust("", (CertificateException(HostName(HOST), sha256, "self-signed until March"),))

    assert probe.facts(trust=excepted(probe.estate.certificate.sha256)).is_sysadmin
    gap = probe.gap(trust=excepted("00" * 32))
    assert gap.code == "certificate"
    assert probe.estate.certificate.sha256 in gap.reason


def test_a_server_without_encryption_is_refused_before_the_logon(tmp_path: Path) -> None:
    with served(tmp_path, encrypted=False) as estate:
        gap = Probe(estate).gap("wrong")
        assert (gap.code, "does not offer encryption" in gap.reason) == ("certificate", True)
        assert estate.bad_logons(ADMIN) == 0


def test_forced_encryption_is_spoken_and_told(probe: Probe) -> None:
    probe.estate.state.force_encryption = True
    assert probe.facts().force_encryption is True


def test_a_ca_file_that_is_not_there_is_told(probe: Probe) -> None:
    gap = probe.gap(trust=Trust("no-such-ca.pem"))
    assert (gap.code, "no-such-ca.pem" in gap.reason) == ("certificate", True)


# --- reaching the server


def test_a_refused_port_is_told_with_host_and_port(probe: Probe) -> None:
    probe.estate.server.behaviour = "refusing"
    gap = probe.gap()
    assert (gap.code, gap.reason) == ("unreachable", f"could not reach SQL Server at {HOST}:1433: refused")


def test_a_server_that_accepts_and_says_nothing_is_a_timeout(probe: Probe) -> None:
    probe.estate.server.behaviour = "silent"
    gap = probe.gap(deadline=0.3)
    assert gap.code == "timeout", gap.reason
    assert f"{HOST}:1433 accepted the connection and then said nothing" in gap.reason


def test_a_server_that_stops_answering_after_the_logon_is_a_timeout_too(probe: Probe) -> None:
    answer_now = threading.Event()
    moment = probe.estate.state.now()

    def stuck() -> datetime:
        answer_now.wait(60)
        return moment

    probe.estate.state.now = stuck
    gap = probe.gap(deadline=0.5)
    answer_now.set()
    assert (gap.code, f"{HOST}:1433 did not answer within 0.5 s" in gap.reason) == ("timeout", True)


def answering(*pieces: bytes) -> Callable[[socket.socket], None]:
    def speak(client: socket.socket) -> None:
        client.recv(4096)
        for piece in pieces:
            client.sendall(piece)

    return speak


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n",),
        (b"\x04\x01\x00\x08\x00\x00\x01\x00",),
        (b"\x04\x01\x00\x03" + bytes(9),),
    ],
)
def test_what_is_no_sql_server_is_a_reason_and_never_an_exception(probe: Probe, pieces: tuple[bytes, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                answering(*pieces)(client)

        threading.Thread(target=serve, daemon=True).start()
        book = AddressBook(Path("b"), {HOST: {"address": "127.0.0.1", "tds": listener.getsockname()[1]}})
        answer = ask_database(probe.question(), Secret("x"), book, 5.0)
    assert isinstance(answer, NoAnswer)
    assert answer.code in ("unreachable", "certificate")
    assert f"{HOST}:1433" in answer.reason


def test_a_host_outside_the_address_book_is_not_found(probe: Probe) -> None:
    answer = ask_database(probe.question(), Secret("x"), AddressBook(Path("book.toml")), 5.0)
    assert isinstance(answer, NoAnswer)
    assert (answer.code, "not in the address book" in answer.reason) == ("unreachable", True)


# --- named instances


def test_a_named_instance_is_found_through_sql_browser(probe: Probe) -> None:
    announced = [Instance("SQL01", "OTHER", "16.0", 9), Instance("SQL01", "VMM", "16.0", probe.estate.port)]
    with SqlBrowser(lambda: announced) as browser:
        question = probe.question(target=SqlTarget("sql01", "vmm"))
        answer = ask_database(question, Secret(ADMIN_PASSWORD), probe.book(browser=browser.port), 10.0)
    assert isinstance(answer, SqlFacts)
    assert answer.port == probe.estate.port


def test_a_port_that_is_given_needs_no_sql_browser(probe: Probe) -> None:
    question = probe.question(target=SqlTarget("sql01", "VMM", 1433))
    assert isinstance(ask_database(question, Secret(ADMIN_PASSWORD), probe.book(), 10.0), SqlFacts)


def test_sql_browser_that_keeps_silent_is_told(probe: Probe) -> None:
    with SqlBrowser(list) as browser:
        question = probe.question(target=SqlTarget("sql01", "VMM"))
        answer = ask_database(question, Secret(ADMIN_PASSWORD), probe.book(browser=browser.port), 0.3)
    assert isinstance(answer, NoAnswer)
    assert answer.code == "unreachable"
    assert f"SQL Browser at {HOST}:1434/udp did not answer for instance VMM" in answer.reason
