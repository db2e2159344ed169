"""Kerberos with the extra, against a real AD domain controller (Samba)."""

from __future__ import annotations

import importlib.util
import subprocess
import time

import pytest

from tests.facts.asking_directory import account_of
from tests.real import samba
from tests.real.conftest import need
from tests.real.samba import PASSWORD, REALM, SambaDomain, file_time
from vmm_wizard.facts.directory import DirectorySession, open_session
from vmm_wizard.facts.model import NoAnswer, PasswordFacts, known
from vmm_wizard.facts.passwords import Passwords, prove_password
from vmm_wizard.plan.model import Authentication
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret


@pytest.fixture
def domain(monkeypatch: pytest.MonkeyPatch) -> SambaDomain:
    """The domain, with a Kerberos configuration and no ticket."""
    for module in ("gssapi", "krb5"):
        need(importlib.util.find_spec(module) is not None, f"the Kerberos extra is not installed (no {module})")
    running = samba.samba_domain()
    monkeypatch.setenv("KRB5_CONFIG", str(running.krb5_conf()))
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{running.place / 'ccache'}")
    (running.place / "ccache").unlink(missing_ok=True)
    return running


def prove(domain: SambaDomain, account: str, password: str = PASSWORD, ldaps: int = 636) -> PasswordFacts | NoAnswer:
    access = domain.access(account, Authentication.KERBEROS)
    return prove_password(access.account, Secret(password), access, domain.addresses(ldaps=ldaps), 20)


@pytest.mark.parametrize("ldaps", [636, 1])
def test_a_password_is_proved_by_kerberos_over_ldaps_and_starttls(domain: SambaDomain, ldaps: int) -> None:
    domain.user(f"kerb-{ldaps}")
    assert known(prove(domain, f"kerb-{ldaps}", ldaps=ldaps)).accepted
    assert known(prove(domain, f"kerb-{ldaps}@{REALM}", ldaps=ldaps)).accepted


def test_a_wrong_password_is_told_and_counts_once(domain: SambaDomain) -> None:
    dn = domain.user("kerb-typo")
    assert known(prove(domain, "kerb-typo", "not this one")).refusal == "52e"
    assert domain.value(dn, "badPwdCount") == "1"


def test_accounts_that_may_not_log_on_are_refused(domain: SambaDomain) -> None:
    domain.user("kerb-disabled", control=514)
    domain.user("kerb-expired", f"accountExpires: {file_time(time.time() - 86400)}")
    domain.modify(domain.user("kerb-change"), "pwdLastSet", "0")
    names = ("kerb-disabled", "kerb-expired", "kerb-change", "kerb-nobody")
    proofs = {name: known(prove(domain, name)) for name in names}
    assert not any(proof.accepted for proof in proofs.values())
    assert proofs["kerb-disabled"].refusal == "533"
    assert proofs["kerb-change"].refusal == "532"
    assert proofs["kerb-nobody"].refusal == "525"


def test_a_realm_that_nobody_serves_is_no_wrong_password(domain: SambaDomain) -> None:
    answer = prove(domain, "kerb@nowhere.example")
    assert isinstance(answer, NoAnswer)
    assert answer.code == "denied"


def test_a_session_reads_the_directory(domain: SambaDomain) -> None:
    domain.user("kerb-reader")
    passwords = Passwords(domain.addresses(), 20)
    session = open_session(domain.access("kerb-reader", Authentication.KERBEROS), Secret(PASSWORD), passwords)
    assert isinstance(session, DirectorySession), session
    assert known(account_of(session, AccountName.parse("EXAMPLE\\kerb-reader"))).sam == "kerb-reader"
    passwords.close()


def test_a_ticket_takes_the_place_of_the_password(domain: SambaDomain) -> None:
    import shutil

    need(shutil.which("kinit") is not None, "kinit is not installed (Debian: krb5-user)")
    domain.user("kerb-ticket")
    passwords = Passwords(domain.addresses(), 20)
    access = domain.access("kerb-ticket", Authentication.KERBEROS)
    before = open_session(access, None, passwords)
    assert isinstance(before, NoAnswer)
    subprocess.run(["kinit", f"kerb-ticket@{REALM.upper()}"], input=PASSWORD, text=True, check=True, timeout=20)
    session = open_session(access, None, passwords)
    assert isinstance(session, DirectorySession), session
    assert known(session.domain()).dns_name == REALM
    passwords.close()
