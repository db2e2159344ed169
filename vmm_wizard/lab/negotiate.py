"""SPNEGO as a server sees it (RFC 4178): takes NTLM out of its wrapping, and proves that nobody changed the choice."""

from __future__ import annotations

from dataclasses import dataclass

from vmm_wizard.lab import ber
from vmm_wizard.lab.logons import Credential
from vmm_wizard.lab.ntlm import SIGNATURE, NtlmAcceptor, NtlmError

_SPNEGO = bytes.fromhex("2b0601050502")
_NTLM = bytes.fromhex("2b06010401823702020a")

_OID = 0x06
#: The outermost tag of the first token (RFC 2743 3.1), and of the two kinds of negotiation token.
_INITIAL, _INIT, _RESPONSE = 0x60, 0xA0, 0xA1
#: Fields of both kinds by position: mechanisms or state, flags or mechanism, the mechanism's own token, the MIC.
_FIRST, _SECOND, _TOKEN, _MIC = 0xA0, 0xA1, 0xA2, 0xA3

_COMPLETED, _INCOMPLETE, _REQUEST_MIC = 0, 1, 3


@dataclass(frozen=True)
class _Token:
    """A client's token: the list of mechanisms in DER (the first token alone), what is inside, and the list's MIC."""

    mechanisms: bytes
    inner: bytes
    mic: bytes

    @classmethod
    def read(cls, data: bytes) -> _Token:
        """Raises MalformedBer."""
        ((kind, content),) = ber.elements(data)[:1] or [(0, b"")]
        if kind == _INITIAL:
            found = ber.elements(content)
            if len(found) < 2 or found[0] != (_OID, _SPNEGO):
                raise ber.MalformedBer("not SPNEGO")
            kind, content = found[1]
        if kind not in (_INIT, _RESPONSE):
            raise ber.MalformedBer("not a negotiation token")
        (fields,) = ber.children(content, ber.SEQUENCE)[:1]
        by_tag = dict(ber.elements(fields))
        mechanisms = by_tag.get(_FIRST, b"") if kind == _INIT else b""
        return cls(mechanisms, _octets(by_tag.get(_TOKEN)), _octets(by_tag.get(_MIC)))


def _octets(content: bytes | None) -> bytes:
    return b"" if content is None else ber.children(content, ber.OCTETS)[0]


class NegotiateAcceptor:
    """One logon by SPNEGO with NTLM inside, or by bare NTLM where a client skips the wrapping, as Windows allows.

    `credential` is who has logged on, once it is complete.
    """

    def __init__(self, ntlm: NtlmAcceptor) -> None:
        self._ntlm = ntlm
        self._mechanisms = b""
        self._wants_mic = False
        self.credential: Credential | None = None

    def step(self, token: bytes) -> bytes:
        """Take a client's token and return the answer; empty when there is none. Raises LogonRefused and NtlmError."""
        if token.startswith(SIGNATURE):
            answer = self._ntlm.step(token)
            self.credential = self._ntlm.credential
            return answer or b""
        try:
            read = _Token.read(token)
            if not self._mechanisms:
                return self._begin(read)
        except ber.MalformedBer as error:
            raise NtlmError(f"not a SPNEGO token: {error}") from None
        return self._go_on(read)

    def _begin(self, token: _Token) -> bytes:
        (listed,) = ber.children(token.mechanisms, ber.SEQUENCE)[:1]
        offered = [content for tag, content in ber.elements(listed) if tag == _OID]
        if _NTLM not in offered:
            raise NtlmError("the client offers no mechanism that is known here")
        self._mechanisms = token.mechanisms
        # A first choice other than ours came with its own token, which is dropped; the choice is then proved by a MIC.
        self._wants_mic = offered[0] != _NTLM
        challenge = b"" if self._wants_mic else self._ntlm.step(token.inner) or b""
        state = _REQUEST_MIC if self._wants_mic else _INCOMPLETE
        return _response(state, ber.element(_SECOND, ber.octets(_NTLM, _OID)), challenge)

    def _go_on(self, token: _Token) -> bytes:
        challenge = self._ntlm.step(token.inner)
        if challenge is not None:
            return _response(_INCOMPLETE, b"", challenge)
        mic = b""
        if token.mic:
            self._ntlm.verify(self._mechanisms, token.mic)
            mic = self._ntlm.sign(self._mechanisms)
        elif self._wants_mic:
            raise NtlmError("the choice of a mechanism is not proved")
        self.credential = self._ntlm.credential
        return _response(_COMPLETED, b"", b"", mic)


def _response(state: int, mechanism: bytes, inner: bytes, mic: bytes = b"") -> bytes:
    fields = [ber.element(_FIRST, ber.integer(state, ber.ENUMERATED)), mechanism]
    fields += [ber.element(tag, ber.octets(value)) for tag, value in ((_TOKEN, inner), (_MIC, mic)) if value]
    return ber.element(_RESPONSE, ber.element(ber.SEQUENCE, *fields))
