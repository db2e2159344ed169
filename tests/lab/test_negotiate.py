"""SPNEGO as the estate accepts it, with pyspnego's client and tokens on the other side."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import spnego
from hypothesis import given
from hypothesis import strategies as st
from spnego._spnego import NegTokenInit, NegTokenResp, pack_mech_type_list, unpack_token

from tests.winrm_nodes import ADMIN, PASSWORD, contoso_logons
from vmm_wizard.lab.logons import LogonRefused, Logons
from vmm_wizard.lab.negotiate import NegotiateAcceptor
from vmm_wizard.lab.ntlm import NtlmAcceptor, NtlmError

KERBEROS, NTLM = "1.2.840.113554.1.2.2", "1.3.6.1.4.1.311.2.2.10"


@pytest.fixture
def logons() -> Logons:
    return contoso_logons()


def client(protocol: str = "ntlm", password: str = PASSWORD) -> Any:
    options = spnego.NegotiateOptions.use_ntlm if protocol == "ntlm" else spnego.NegotiateOptions.use_negotiate
    return spnego.client(ADMIN, password, hostname="dc01", service="ldap", protocol=protocol, options=options)


def accepting(logons: Logons) -> NegotiateAcceptor:
    return NegotiateAcceptor(NtlmAcceptor(logons, "ldap"))


def opening(*mechanisms: str, token: bytes = b"") -> bytes:
    """A first token of SPNEGO with these mechanisms, most wanted first."""
    packed: bytes = NegTokenInit(list(mechanisms), mech_token=token or None).pack()
    return packed


def test_a_logon_in_its_wrapping_is_complete_on_both_sides(logons: Logons) -> None:
    asking, acceptor = client("negotiate"), accepting(logons)
    token = asking.step()
    while not asking.complete:
        assert acceptor.credential is None
        token = asking.step(acceptor.step(token))
    assert acceptor.credential is logons.find(ADMIN)


def test_a_logon_without_wrapping_is_accepted_too(logons: Logons) -> None:
    asking, acceptor = client(), accepting(logons)
    assert acceptor.step(asking.step(acceptor.step(asking.step()))) == b""
    assert acceptor.credential is logons.find(ADMIN)


def test_a_wrong_password_in_its_wrapping_is_counted_once(logons: Logons) -> None:
    asking, acceptor = client("negotiate", "wrong"), accepting(logons)
    proof = asking.step(acceptor.step(asking.step()))
    with pytest.raises(LogonRefused, match="bad_password"):
        acceptor.step(proof)
    assert logons.credentials[0].counted == 1


class TestSecondChoice:
    """A client that would rather use Kerberos, as Windows would, is told to use NTLM and to prove its list."""

    def begun(self, logons: Logons) -> tuple[Any, NegotiateAcceptor, bytes]:
        asking, acceptor = client(), accepting(logons)
        chosen = unpack_token(acceptor.step(opening(KERBEROS, NTLM, token=b"a ticket")))
        assert (chosen.neg_state.name, chosen.supported_mech, chosen.response_token) == ("request_mic", NTLM, None)
        challenge = unpack_token(acceptor.step(NegTokenResp(response_token=asking.step()).pack()))
        return asking, acceptor, asking.step(challenge.response_token)

    def test_both_sides_prove_the_list(self, logons: Logons) -> None:
        asking, acceptor, proof = self.begun(logons)
        listed = pack_mech_type_list([KERBEROS, NTLM])
        answer = acceptor.step(NegTokenResp(response_token=proof, mech_list_mic=asking.sign(listed)).pack())
        last = unpack_token(answer)
        assert last.neg_state.name == "accept_complete"
        asking.verify(listed, last.mech_list_mic)
        assert acceptor.credential is logons.find(ADMIN)

    @pytest.mark.parametrize("listed", [[NTLM], [NTLM, KERBEROS], None])
    def test_a_list_that_was_changed_on_its_way_is_noticed(self, logons: Logons, listed: list[str] | None) -> None:
        asking, acceptor, proof = self.begun(logons)
        mic = asking.sign(pack_mech_type_list(listed)) if listed else None
        with pytest.raises(NtlmError):
            acceptor.step(NegTokenResp(response_token=proof, mech_list_mic=mic).pack())
        assert acceptor.credential is None


def test_kerberos_alone_is_refused_and_counts_nothing(logons: Logons) -> None:
    with pytest.raises(NtlmError, match="no mechanism"):
        accepting(logons).step(opening(KERBEROS, token=b"a ticket"))
    assert logons.credentials[0].counted == 0


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda tail: opening(KERBEROS, NTLM)[:40] + tail))
def test_no_token_brings_the_acceptor_down(token: bytes) -> None:
    acceptor = accepting(contoso_logons())
    for _ in range(2):
        with contextlib.suppress(NtlmError):
            acceptor.step(token)
    assert acceptor.credential is None
