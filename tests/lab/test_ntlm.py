"""NTLM as the estate's servers accept it, against pyspnego's client."""

from __future__ import annotations

import hmac
import struct
from typing import Any

import pytest
import spnego
from hypothesis import given
from hypothesis import strategies as st
from spnego.channel_bindings import GssChannelBindings

from tests.winrm_nodes import ADMIN, ADMIN_UPN, PASSWORD, contoso_logons
from vmm_wizard.lab.logons import LogonRefused, Logons
from vmm_wizard.lab.ntlm import BadChannel, NtlmAcceptor, NtlmError, nt_hash


@pytest.fixture
def logons() -> Logons:
    return contoso_logons()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """pyspnego reads its level and its password file from the environment; neither may matter here."""
    monkeypatch.delenv("LM_COMPAT_LEVEL", raising=False)
    monkeypatch.delenv("NTLM_USER_FILE", raising=False)


def client(account: str = ADMIN, password: str = PASSWORD, bindings: GssChannelBindings | None = None) -> Any:
    return spnego.client(
        account,
        password,
        hostname="vmm01",
        service="http",
        protocol="ntlm",
        options=spnego.NegotiateOptions.use_ntlm,
        channel_bindings=bindings,
    )


def logged_on(logons: Logons, account: str = ADMIN) -> tuple[Any, NtlmAcceptor]:
    asking, acceptor = client(account), NtlmAcceptor(logons, "winrm")
    challenge = acceptor.step(asking.step())
    assert acceptor.step(asking.step(challenge)) is None
    return asking, acceptor


@pytest.mark.parametrize("account", [ADMIN, ADMIN.upper(), ADMIN_UPN, "contoso\\VMM-setup"])
def test_every_spelling_of_an_account_logs_on(logons: Logons, account: str) -> None:
    assert logged_on(logons, account)[1].credential is logons.find(ADMIN)


def test_messages_go_both_ways_sealed(logons: Logons) -> None:
    asking, acceptor = logged_on(logons)
    for text in (b"one", b"", b"two" * 1000):
        wrapped = asking.wrap(text).data
        assert text not in wrapped or not text
        assert acceptor.unwrap(wrapped[:16], wrapped[16:]) == text
        signature, sealed = acceptor.wrap(text)
        assert asking.unwrap(signature + sealed).data == text


def test_an_altered_message_is_noticed(logons: Logons) -> None:
    asking, acceptor = logged_on(logons)
    wrapped = bytearray(asking.wrap(b"format C: /no").data)
    wrapped[-1] ^= 1
    with pytest.raises(NtlmError):
        acceptor.unwrap(bytes(wrapped[:16]), bytes(wrapped[16:]))


def test_a_message_is_not_taken_twice(logons: Logons) -> None:
    asking, acceptor = logged_on(logons)
    wrapped = asking.wrap(b"once").data
    acceptor.unwrap(wrapped[:16], wrapped[16:])
    with pytest.raises(NtlmError):
        acceptor.unwrap(wrapped[:16], wrapped[16:])


def test_a_wrong_password_counts_at_its_proof_and_not_before(logons: Logons) -> None:
    asking, acceptor = client(password="wrong"), NtlmAcceptor(logons, "winrm")
    challenge = acceptor.step(asking.step())
    assert logons.credentials[0].counted == 0
    proof = asking.step(challenge)
    with pytest.raises(LogonRefused, match="bad_password"):
        acceptor.step(proof)
    assert logons.credentials[0].counted == 1
    with pytest.raises(NtlmError):
        acceptor.step(proof)
    assert logons.credentials[0].counted == 1


def test_a_proof_is_worth_nothing_for_another_challenge(logons: Logons) -> None:
    asking, first, second = client(), NtlmAcceptor(logons, "winrm"), NtlmAcceptor(logons, "winrm")
    negotiate = asking.step()
    proof = asking.step(first.step(negotiate))
    second.step(negotiate)
    with pytest.raises(LogonRefused):
        second.step(proof)


def test_a_stripped_flag_breaks_the_integrity_code(logons: Logons) -> None:
    asking, acceptor = client(), NtlmAcceptor(logons, "winrm")
    proof = bytearray(asking.step(acceptor.step(asking.step())))
    proof[60] ^= 0x10
    with pytest.raises(NtlmError, match="integrity"):
        acceptor.step(bytes(proof))
    assert acceptor.credential is None


def test_a_right_proof_of_a_disabled_account_is_refused_without_a_count(logons: Logons) -> None:
    asking, acceptor = client("CONTOSO\\gone"), NtlmAcceptor(logons, "winrm")
    with pytest.raises(LogonRefused, match="disabled"):
        acceptor.step(asking.step(acceptor.step(asking.step())))
    assert logons.credentials[2].counted == 0


def test_ntlm_version_1_is_refused(logons: Logons, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LM_COMPAT_LEVEL", "1")
    asking, acceptor = client(), NtlmAcceptor(logons, "winrm")
    with pytest.raises(NtlmError):
        acceptor.step(asking.step(acceptor.step(asking.step())))


def test_nothing_is_wrapped_before_the_logon(logons: Logons) -> None:
    with pytest.raises(NtlmError):
        NtlmAcceptor(logons, "winrm").wrap(b"x")
    with pytest.raises(NtlmError):
        NtlmAcceptor(logons, "winrm").unwrap(bytes(16), b"x")


def test_the_nt_hash_is_the_published_one() -> None:
    assert nt_hash("Password").hex() == "a4f49c406510bdcab6824ee7c30fd852"  # MS-NLMP 4.2.2.1.2


@given(tail=st.binary(max_size=200), kind=st.sampled_from([1, 3]))
def test_no_token_brings_the_acceptor_down(tail: bytes, kind: int) -> None:
    logons = contoso_logons()
    acceptor = NtlmAcceptor(logons, "winrm")
    acceptor.step(client().step())
    token = b"NTLMSSP\0" + kind.to_bytes(4, "little") + tail
    try:
        answer = acceptor.step(token)
    except (NtlmError, LogonRefused):
        answer = b"refused"
    assert answer
    assert acceptor.credential is None


@pytest.mark.parametrize("named", ["other", None])
def test_a_logon_for_another_channel_is_refused_without_a_count(logons: Logons, named: str | None) -> None:
    acceptor = NtlmAcceptor(logons, "ldap", channel=b"tls-server-end-point:right")
    bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + named.encode()) if named else None
    asking = client(bindings=bindings)
    with pytest.raises(BadChannel):
        acceptor.step(asking.step(acceptor.step(asking.step())))
    assert (acceptor.credential, logons.credentials[0].counted) == (None, 0)


def test_a_logon_for_this_channel_is_accepted(logons: Logons) -> None:
    acceptor = NtlmAcceptor(logons, "ldap", channel=b"tls-server-end-point:right")
    asking = client(bindings=GssChannelBindings(application_data=b"tls-server-end-point:right"))
    acceptor.step(asking.step(acceptor.step(asking.step())))
    assert acceptor.credential is logons.find(ADMIN)


def plain_proof(challenge: bytes, flags: int) -> bytes:
    """An AUTHENTICATE message of version 2 without a MIC, as FreeTDS makes it."""
    domain, user = (part.encode("utf-16-le") for part in ADMIN.split("\\"))
    owner = user.decode("utf-16-le").upper().encode("utf-16-le") + domain
    key = hmac.digest(nt_hash(PASSWORD), owner, "md5")
    length, offset = struct.unpack_from("<HxxI", challenge, 40)
    blob = b"\1\1" + bytes(14) + b"nonce678" + bytes(4) + challenge[offset : offset + length] + bytes(4)
    response = hmac.digest(key, challenge[24:32] + blob, "md5") + blob
    head, body = b"NTLMSSP\0\3\0\0\0", b""
    for value in (b"", response, domain, user, b"", b""):
        head += struct.pack("<HHI", len(value), len(value), 64 + len(body))
        body += value
    return head + struct.pack("<I", flags) + body


@pytest.mark.parametrize("missing", [0x20000000, 0x00080000], ids=["128-bit keys", "extended session security"])
def test_who_asks_for_no_session_security_logs_on_but_seals_nothing(logons: Logons, missing: int) -> None:
    acceptor = NtlmAcceptor(logons, "tds")
    wanted = 0xE2088237 & ~missing
    challenge = acceptor.step(b"NTLMSSP\0\1\0\0\0" + struct.pack("<I", wanted) + bytes(16))
    assert challenge is not None
    (offered,) = struct.unpack_from("<I", challenge, 20)
    assert not offered & missing
    acceptor.step(plain_proof(challenge, offered))
    assert acceptor.credential is logons.find(ADMIN)
    with pytest.raises(NtlmError):
        acceptor.wrap(b"x")
    with pytest.raises(NtlmError):
        acceptor.sign(b"x")
