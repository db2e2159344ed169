"""Passwords are proved by one bind each, over real sockets against the practice domain."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.facts.asking_directory import (
    HOST,
    RIGHT,
    SECONDS,
    WRONG,
    access,
    account,
    addresses,
    closed_port,
    leading_to,
    refusing_binds,
)
from tests.lab.served_directory import PASSWORD, Served, serving
from vmm_wizard.facts.directory import DirectorySession, open_session
from vmm_wizard.facts.directory_logon import kerberos_name, login_name
from vmm_wizard.facts.model import NoAnswer, PasswordFacts, known
from vmm_wizard.facts.passwords import Passwords, prove_password
from vmm_wizard.lab.logons import Refusal
from vmm_wizard.plan.model import Authentication
from vmm_wizard.plan.secrets import Secret

NODES = 16


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as running:
        yield running


@pytest.fixture
def passwords(served: Served) -> Iterator[Passwords]:
    ledger = Passwords(leading_to(served), SECONDS)
    yield ledger
    ledger.close()


def logons_of(served: Served, name: str = "CONTOSO\\alice") -> list[str]:
    """What the domain remembers of an account's logons, good and bad."""
    credential = served.logons.find(name)
    assert credential is not None
    return credential.last_via


def prove(served: Served, name: str, secret: Secret = RIGHT, **more: Authentication) -> PasswordFacts | NoAnswer:
    how = access(name, authentication=more.get("authentication", Authentication.AUTO))
    return prove_password(how.account, secret, how, leading_to(served), SECONDS)


class TestOneBind:
    @pytest.mark.parametrize("authentication", [Authentication.AUTO, Authentication.NTLM])
    @pytest.mark.parametrize("name", ["CONTOSO\\alice", "alice@contoso.lab", "contoso.lab\\alice"])
    def test_the_right_password_is_accepted_after_one_logon(
        self, served: Served, name: str, authentication: Authentication
    ) -> None:
        assert known(prove(served, name, authentication=authentication)) == PasswordFacts(name, True)
        assert logons_of(served) == ["ldap"]

    @pytest.mark.parametrize("authentication", [Authentication.AUTO, Authentication.NTLM])
    def test_a_wrong_password_is_refused_and_counted_once(self, served: Served, authentication: Authentication) -> None:
        proof = known(prove(served, "CONTOSO\\alice", WRONG, authentication=authentication))
        assert (proof.accepted, proof.refusal) == (False, "52e")
        assert served.bad_logons("alice") == 1

    def test_starttls_serves_where_ldaps_is_closed(self, served: Served) -> None:
        how = access()
        proof = prove_password(how.account, RIGHT, how, leading_to(served, ldaps=False), SECONDS)
        assert known(proof).accepted

    @pytest.mark.parametrize(
        ("state", "code"),
        [
            ("password_expired", "532"),
            ("disabled", "533"),
            ("expired", "701"),
            ("must_change", "773"),
            ("locked", "775"),
        ],
    )
    def test_an_account_that_may_not_log_on_is_refused_with_the_reason(
        self, served: Served, state: Refusal, code: str
    ) -> None:
        served.user("bob", state=state)
        proof = known(prove(served, "CONTOSO\\bob"))
        assert (proof.accepted, proof.refusal) == (False, code)
        assert proof.meaning

    @pytest.mark.parametrize(("state", "word"), [("logon_hours", "hours"), ("workstation", "workstations")])
    def test_hours_and_workstations_say_nothing_of_the_password(
        self, served: Served, state: Refusal, word: str
    ) -> None:
        served.user("bob", state=state)
        answer = prove(served, "CONTOSO\\bob")
        assert isinstance(answer, NoAnswer)
        assert answer.code == "no_login"
        assert word in answer.reason

    def test_ntlm_proves_its_channel_where_the_controller_asks(self, served: Served) -> None:
        served.server.require_channel_binding = True
        assert known(prove(served, "CONTOSO\\alice", authentication=Authentication.NTLM)).accepted

    def test_a_channel_that_somebody_decrypts_is_no_wrong_password(self, served: Served) -> None:
        from vmm_wizard.lab.certificates import CertificateAuthority, der

        served.server.require_channel_binding = True
        served.server.certificate = der(CertificateAuthority.create("Another").issue(HOST)[0])
        answer = prove(served, "CONTOSO\\alice", authentication=Authentication.NTLM)
        assert isinstance(answer, NoAnswer)
        assert answer.code == "denied"
        assert "channel binding" in answer.reason
        assert served.bad_logons("alice") == 0

    def test_an_empty_password_is_never_sent(self, served: Served) -> None:
        answer = prove(served, "CONTOSO\\alice", Secret(""))
        assert isinstance(answer, NoAnswer)
        assert answer.code == "not_asked"
        assert logons_of(served) == []

    def test_no_log_holds_the_password(self, served: Served, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        canary = Secret("Canary-8861")
        answer = prove(served, "CONTOSO\\alice", canary)
        assert "Canary-8861" not in caplog.text + repr(answer)


class TestOtherAnswers:
    @pytest.mark.parametrize(
        ("code", "text", "expected", "word"),
        [
            (8, "00002028: LdapErr: DSID-0C090202, data 0, v4f7c\0", "denied", "stronger"),
            (7, "", "denied", "does not offer"),
            (51, "", "unreachable", "busy"),
            (53, "", "denied", "unwillingToPerform"),
            (49, "80090346: LdapErr: DSID-0C0906A7, comment: x, data 80090346, v4563\0", "denied", "channel binding"),
        ],
    )
    def test_results_that_are_no_verdict(self, tmp_path: Path, code: int, text: str, expected: str, word: str) -> None:
        with refusing_binds(tmp_path, code, text) as book:
            answer = prove_password(account(), RIGHT, access(), book, SECONDS)
        assert isinstance(answer, NoAnswer)
        assert answer.code == expected
        assert word in answer.reason

    @pytest.mark.parametrize("text", ["", "data 999, v1db1\0", "no code at all"])
    def test_a_refusal_without_a_known_code_still_stops_the_account(self, tmp_path: Path, text: str) -> None:
        with refusing_binds(tmp_path, 49, text) as book:
            proof = known(prove_password(account(), RIGHT, access(), book, SECONDS))
        assert not proof.accepted
        assert proof.meaning


class TestLedger:
    def test_sixteen_nodes_with_a_wrong_password_are_one_bad_logon(self, served: Served, passwords: Passwords) -> None:
        together = threading.Barrier(NODES)

        def ask(_: int) -> Secret | NoAnswer:
            together.wait(SECONDS)
            return passwords.usable(account(), WRONG, access())

        with ThreadPoolExecutor(NODES) as pool:
            answers = list(pool.map(ask, range(NODES)))
        assert {answer.code for answer in answers if isinstance(answer, NoAnswer)} == {"logon"}
        assert not [answer for answer in answers if isinstance(answer, Secret)]
        assert served.bad_logons("alice") == 1

    def test_a_proved_password_is_handed_out_without_another_bind(self, served: Served, passwords: Passwords) -> None:
        with ThreadPoolExecutor(NODES) as pool:
            answers = list(pool.map(lambda _: passwords.usable(account(), RIGHT, access()), range(NODES)))
        assert answers == [RIGHT] * NODES
        assert logons_of(served) == ["ldap"]

    def test_a_refused_password_is_not_tried_again_until_it_changes(self, served: Served, passwords: Passwords) -> None:
        assert isinstance(passwords.usable(account(), WRONG, access()), NoAnswer)
        assert isinstance(passwords.usable(account(), Secret(WRONG.reveal()), access()), NoAnswer)
        assert served.bad_logons("alice") == 1
        assert passwords.usable(account(), RIGHT, access()) == RIGHT

    @pytest.mark.parametrize("other", ["alice@contoso.lab", "contoso.lab\\alice", "contoso\\ALICE"])
    def test_another_spelling_of_the_account_is_stopped_too(
        self, served: Served, passwords: Passwords, other: str
    ) -> None:
        assert isinstance(passwords.usable(account(), WRONG, access()), NoAnswer)
        assert isinstance(passwords.usable(account(other), WRONG, access()), NoAnswer)
        assert served.bad_logons("alice") == 1

    def test_another_spelling_has_to_be_proved_by_itself(self, served: Served, passwords: Passwords) -> None:
        assert passwords.usable(account(), RIGHT, access()) == RIGHT
        assert isinstance(passwords.usable(account("bob@contoso.lab"), RIGHT, access()), NoAnswer)
        assert passwords.usable(account("alice@contoso.lab"), RIGHT, access()) == RIGHT
        assert logons_of(served) == ["ldap", "ldap"]

    def test_spellings_asked_at_once_are_still_one_bad_logon(self, served: Served, passwords: Passwords) -> None:
        names = ["CONTOSO\\alice", "alice@contoso.lab", "contoso.lab\\alice"] * 5
        with ThreadPoolExecutor(len(names)) as pool:
            answers = list(pool.map(lambda name: passwords.usable(account(name), WRONG, access()), names))
        assert all(isinstance(answer, NoAnswer) for answer in answers)
        assert served.bad_logons("alice") == 1

    def test_a_controller_out_of_reach_is_no_verdict(self, served: Served, passwords: Passwords) -> None:
        served.server.refusing = True
        answer = passwords.usable(account(), RIGHT, access())
        assert isinstance(answer, NoAnswer)
        assert answer.code == "unreachable"
        assert "could not reach dc01.contoso.lab:636" in answer.reason
        served.server.refusing = False
        assert passwords.usable(account(), RIGHT, access()) == RIGHT

    def test_what_another_server_refused_is_stopped(self, served: Served, passwords: Passwords) -> None:
        assert passwords.usable(account(), RIGHT, access()) == RIGHT
        assert not passwords.is_refused(RIGHT)
        passwords.refuse(account(), RIGHT, access(), "SQL Server refused the logon")
        assert passwords.is_refused(RIGHT)
        answer = passwords.usable(account("alice@contoso.lab"), RIGHT, access())
        assert isinstance(answer, NoAnswer)
        assert "SQL Server" in answer.reason
        assert logons_of(served) == ["ldap"]

    def test_the_user_may_ask_to_try_again(self, served: Served, passwords: Passwords) -> None:
        credential = served.logons.find("CONTOSO\\alice")
        assert credential is not None
        credential.state = "disabled"
        assert isinstance(passwords.usable(account(), RIGHT, access()), NoAnswer)
        credential.state = None
        assert isinstance(passwords.usable(account(), RIGHT, access()), NoAnswer)
        passwords.forget(account(), access())
        assert passwords.usable(account(), RIGHT, access()) == RIGHT

    def test_without_a_password_nobody_is_asked(self, served: Served, passwords: Passwords) -> None:
        answer = passwords.usable(account(), None, access())
        assert isinstance(answer, NoAnswer)
        assert answer.code == "not_asked"
        assert logons_of(served) == []

    def test_nothing_shows_a_password(self, passwords: Passwords) -> None:
        passwords.usable(account(), RIGHT, access())
        assert PASSWORD not in repr(vars(passwords))


class TestSessions:
    def test_the_bind_that_proves_is_the_bind_that_asks(self, served: Served, passwords: Passwords) -> None:
        how = access()
        with ThreadPoolExecutor(NODES) as pool:
            sessions = list(pool.map(lambda _: open_session(how, RIGHT, passwords), range(NODES)))
        assert all(session is sessions[0] for session in sessions)
        assert isinstance(sessions[0], DirectorySession)
        assert known(sessions[0].domain()).dns_name == "contoso.lab"
        assert passwords.usable(how.account, RIGHT, how) == RIGHT
        assert logons_of(served) == ["ldap"]

    def test_a_wrong_password_opens_none(self, served: Served, passwords: Passwords) -> None:
        answers = [open_session(access(), WRONG, passwords) for _ in range(3)]
        assert [answer.code for answer in answers if isinstance(answer, NoAnswer)] == ["logon"] * 3
        assert served.bad_logons("alice") == 1

    def test_one_that_ended_is_opened_again(self, served: Served, passwords: Passwords) -> None:
        first = known(open_session(access(), RIGHT, passwords))
        first.close()
        assert isinstance(first.domain(), NoAnswer)
        second = known(open_session(access(), RIGHT, passwords))
        assert known(second.domain()).netbios_name == "CONTOSO"
        assert logons_of(served) == ["ldap", "ldap"]

    def test_a_password_changed_meanwhile_is_tried_once_and_stopped(self, served: Served, passwords: Passwords) -> None:
        known(open_session(access(), RIGHT, passwords)).close()
        credential = served.logons.find("CONTOSO\\alice")
        assert credential is not None
        credential.password = "changed"
        for _ in range(3):
            answer = open_session(access(), RIGHT, passwords)
            assert isinstance(answer, NoAnswer)
            assert answer.code == "logon"
        assert isinstance(passwords.usable(account(), RIGHT, access()), NoAnswer)
        assert served.bad_logons("alice") == 1

    def test_an_idle_session_that_the_controller_dropped_is_found_out(
        self, served: Served, passwords: Passwords
    ) -> None:
        session = known(open_session(access(), RIGHT, passwords))
        assert session.is_alive()
        assert known(session.domain())
        assert session.is_alive()
        served.server.close()
        assert not session.is_alive()
        answer = session.domain()
        assert isinstance(answer, NoAnswer)
        assert answer.code == "unreachable"


class TestNames:
    def test_a_dns_domain_is_written_behind_the_user(self) -> None:
        assert login_name(account("contoso.lab\\alice")) == "alice@contoso.lab"
        assert login_name(account("CONTOSO\\alice")) == "CONTOSO\\alice"
        assert login_name(account("alice@contoso.com")) == "alice@contoso.com"

    def test_kerberos_wants_a_realm(self) -> None:
        assert kerberos_name(account("CONTOSO\\alice"), "contoso.lab") == "alice@CONTOSO.LAB"
        assert kerberos_name(account("alice@contoso.com"), "contoso.lab") == "alice@CONTOSO.COM"


def test_a_name_without_an_address_is_not_reached(tmp_path: Path) -> None:
    book = addresses(None, dc02_contoso_lab={"ldaps": closed_port()})
    answer = prove_password(account(), RIGHT, access(), book, SECONDS)
    assert isinstance(answer, NoAnswer)
    assert answer.code == "unreachable"
    assert "dc01.contoso.lab" in answer.reason


class TestWhoCanJudge:
    def test_nobody_when_the_controller_that_answered_is_gone(self, tmp_path: Path) -> None:
        how = access("CONTOSO\\alice")
        with serving(tmp_path) as served:
            ledger = Passwords(leading_to(served), SECONDS)
            # Before the first bind nobody here knows whether there is a way to a controller at all.
            assert ledger.can_be_judged(how)
            assert isinstance(ledger.prove(how.account, RIGHT, how), PasswordFacts)
            assert ledger.can_be_judged(how)
        assert not ledger.can_be_judged(how)
        ledger.close()

    def test_where_none_was_ever_reached_a_refusal_counts(self, tmp_path: Path) -> None:
        how = access("CONTOSO\\alice")
        ledger = Passwords(addresses(None), SECONDS)
        assert isinstance(ledger.prove(how.account, RIGHT, how), NoAnswer)
        assert ledger.can_be_judged(how)
