"""NTLM version 2 as a server sees it (MS-NLMP): challenge, proof, and signed and sealed messages.

The proof is held against `Logons`, so no file and no environment variable carries passwords about.
"""

from __future__ import annotations

import hmac
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from Crypto.Cipher import ARC4
from Crypto.Hash import MD4, MD5

from vmm_wizard.lab.logons import Credential, Logons

SIGNATURE = b"NTLMSSP\0"
_NEGOTIATE, _CHALLENGE, _AUTHENTICATE = 1, 2, 3

_UNICODE = 0x00000001
_REQUEST_TARGET = 0x00000004
_SIGN = 0x00000010
_SEAL = 0x00000020
_NTLM = 0x00000200
_ALWAYS_SIGN = 0x00008000
_TARGET_IS_DOMAIN = 0x00010000
_EXTENDED_SESSION_SECURITY = 0x00080000
_TARGET_INFO = 0x00800000
_VERSION = 0x02000000
_KEY_128 = 0x20000000
_KEY_EXCHANGE = 0x40000000
_KEY_56 = 0x80000000

#: What we can do when the client asks for it.
_OFFERED = _UNICODE | _SIGN | _SEAL | _EXTENDED_SESSION_SECURITY | _VERSION | _KEY_128 | _KEY_EXCHANGE | _KEY_56
#: What a challenge always says.
_ALWAYS = _REQUEST_TARGET | _NTLM | _ALWAYS_SIGN | _TARGET_IS_DOMAIN | _TARGET_INFO
#: Without these messages are neither signed nor sealed; a logon alone, inside TLS, needs them not (FreeTDS).
_SESSION = _EXTENDED_SESSION_SECURITY | _KEY_128

_AV_END, _AV_COMPUTER, _AV_DOMAIN, _AV_DNS_COMPUTER, _AV_DNS_DOMAIN, _AV_FLAGS, _AV_TIME = 0, 1, 2, 3, 4, 6, 7
_AV_CHANNEL = 10
_AV_FLAG_MIC = 0x2

#: Windows Server 2022 (10.0.20348), NTLM revision 15.
_WINDOWS_VERSION = struct.pack("<BBHxxxB", 10, 0, 20348, 15)
_FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


class NtlmError(Exception):
    """A token or message that is not NTLM as we speak it, or was altered on its way."""


class BadChannel(NtlmError):
    """The logon was meant for another TLS channel, or names none where one is asked for."""


def _hmac_md5(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, "md5").digest()


def _md5(data: bytes) -> bytes:
    return MD5.new(data).digest()  # noqa: S303 - the protocol is made of it


def nt_hash(password: str) -> bytes:
    """The NT hash of a password, 16 bytes."""
    return MD4.new(password.encode("utf-16-le")).digest()  # noqa: S303 - the protocol is made of it


def channel_hash(application_data: bytes) -> bytes:
    """What a logon holds about its channel: the MD5 of channel bindings without addresses (MS-NLMP 2.2.2.1)."""
    return _md5(bytes(16) + struct.pack("<I", len(application_data)) + application_data)


def _av_pair(kind: int, value: bytes) -> bytes:
    return struct.pack("<HH", kind, len(value)) + value


def _read_av_pairs(data: bytes) -> dict[int, bytes]:
    pairs: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(data):
        kind, length = struct.unpack_from("<HH", data, at)
        if kind == _AV_END:
            break
        pairs[kind] = data[at + 4 : at + 4 + length]
        at += 4 + length
    return pairs


def _flags(pairs: dict[int, bytes]) -> int:
    return int.from_bytes(pairs.get(_AV_FLAGS, b"")[:4], "little")


@dataclass(frozen=True)
class _Proof:
    """The fields of an AUTHENTICATE message that matter here."""

    raw: bytes
    domain: str
    user: str
    response: bytes
    session_key: bytes
    flags: int
    mic: bytes

    @property
    def login(self) -> str:
        return f"{self.domain}\\{self.user}" if self.domain else self.user

    @classmethod
    def read(cls, token: bytes) -> _Proof:
        if len(token) < 64:
            raise NtlmError("AUTHENTICATE message too short")

        def field(at: int) -> bytes:
            length, offset = struct.unpack_from("<HxxI", token, at)
            if offset + length > len(token):
                raise NtlmError("AUTHENTICATE field outside the message")
            return token[offset : offset + length]

        try:
            domain, user = (field(at).decode("utf-16-le") for at in (28, 36))
        except UnicodeDecodeError as error:
            raise NtlmError("AUTHENTICATE names are not UTF-16") from error
        (flags,) = struct.unpack_from("<I", token, 60)
        return cls(token, domain, user, field(20), field(52), flags, token[72:88])


class _Direction:
    """Signing and sealing one way: its keys, its cipher and its sequence number."""

    def __init__(self, session_key: bytes, way: bytes, exchanged: bool) -> None:
        magic = b"session key to " + way
        self._sign_key = _md5(session_key + magic + b" signing key magic constant\0")
        self._cipher = ARC4.new(_md5(session_key + magic + b" sealing key magic constant\0"))
        self._exchanged = exchanged
        self._sequence = 0

    def _signature(self, plain: bytes) -> bytes:
        number = struct.pack("<I", self._sequence)
        checksum = _hmac_md5(self._sign_key, number + plain)[:8]
        if self._exchanged:
            checksum = self._cipher.encrypt(checksum)
        self._sequence += 1
        return b"\x01\0\0\0" + checksum + number

    def sign(self, plain: bytes) -> bytes:
        return self._signature(plain)

    def seal(self, plain: bytes) -> tuple[bytes, bytes]:
        sealed = self._cipher.encrypt(plain)
        return self._signature(plain), sealed

    def unseal(self, signature: bytes, sealed: bytes) -> bytes:
        plain = self._cipher.decrypt(sealed)
        if not hmac.compare_digest(self._signature(plain), signature):
            raise NtlmError("message signature is wrong")
        return plain


class NtlmAcceptor:
    """One NTLM logon on one connection. Feed tokens to `step`; then `wrap` and `unwrap` messages."""

    def __init__(
        self, logons: Logons, via: str, *, computer: str = "NODE", domain: str = "DOMAIN", channel: bytes | None = None
    ) -> None:
        """`channel`: the application data of channel bindings that a logon must name; None asks for none."""
        self._channel = channel
        self._logons = logons
        self._via = via
        self._computer = computer
        self._domain = domain
        self._negotiate = b""
        self._challenge = b""
        self._nonce = b""
        self._directions: Callable[[], tuple[_Direction, _Direction]] | None = None
        self._incoming: _Direction | None = None
        self._outgoing: _Direction | None = None
        self.credential: Credential | None = None

    def step(self, token: bytes) -> bytes | None:
        """Take a client's token. Returns the challenge to send back, or None once `credential` has logged on.

        Only a wrong proof counts as a bad logon. Raises LogonRefused (the domain refuses), BadChannel, or NtlmError
        (no NTLMv2).
        """
        if len(token) < 16 or not token.startswith(SIGNATURE):
            raise NtlmError("not an NTLM token")
        (kind,) = struct.unpack_from("<I", token, 8)
        if kind == _NEGOTIATE:
            return self._answer_negotiate(token)
        if kind == _AUTHENTICATE and self._challenge:
            self._verify(_Proof.read(token))
            return None
        raise NtlmError(f"NTLM message {kind} out of turn")

    def _answer_negotiate(self, token: bytes) -> bytes:
        (wanted,) = struct.unpack_from("<I", token, 12)
        flags = (wanted & _OFFERED) | _ALWAYS
        if not flags & _UNICODE:
            raise NtlmError("client does not speak Unicode")
        name = self._domain.encode("utf-16-le")
        computer = self._computer.encode("utf-16-le")
        now = (datetime.now(UTC) - _FILETIME_EPOCH).total_seconds()
        info = (
            _av_pair(_AV_DOMAIN, name)
            + _av_pair(_AV_COMPUTER, computer)
            + _av_pair(_AV_DNS_COMPUTER, computer)
            + _av_pair(_AV_DNS_DOMAIN, name)
            + _av_pair(_AV_TIME, struct.pack("<Q", int(now * 10_000_000)))
            + _av_pair(_AV_END, b"")
        )
        self._nonce = os.urandom(8)
        head = SIGNATURE + struct.pack("<I", _CHALLENGE) + struct.pack("<HHI", len(name), len(name), 56)
        head += struct.pack("<I", flags) + self._nonce + bytes(8)
        head += struct.pack("<HHI", len(info), len(info), 56 + len(name)) + _WINDOWS_VERSION
        self._negotiate = token
        self._challenge = head + name + info
        return self._challenge

    def _verify(self, proof: _Proof) -> None:
        nonce, challenge = self._nonce, self._challenge
        self._challenge = b""  # one proof a challenge
        if not proof.user or len(proof.response) < 44:
            raise NtlmError("anonymous or NTLMv1 logon")
        credential = self._logons.find(proof.login)
        if credential is None:
            raise self._logons.refuse(proof.login, self._via)
        owner = (proof.user.upper() + proof.domain).encode("utf-16-le")
        key = _hmac_md5(nt_hash(credential.password), owner)
        answer, blob = proof.response[:16], proof.response[16:]
        if not hmac.compare_digest(_hmac_md5(key, nonce + blob), answer):
            raise self._logons.refuse(proof.login, self._via)
        session_key = _hmac_md5(key, answer)
        if proof.flags & _KEY_EXCHANGE and len(proof.session_key) == 16:
            session_key = ARC4.new(session_key).decrypt(proof.session_key)
        pairs = _read_av_pairs(blob[28:])
        if _flags(pairs) & _AV_FLAG_MIC:
            self._verify_mic(proof, session_key, challenge)
        if self._channel is not None and pairs.get(_AV_CHANNEL) != channel_hash(self._channel):
            raise BadChannel("the logon is not tied to this TLS channel")
        self.credential = self._logons.admit(proof.login, self._via)
        if proof.flags & _SESSION == _SESSION:
            exchanged = bool(proof.flags & _KEY_EXCHANGE)
            self._directions = lambda: (
                _Direction(session_key, b"client-to-server", exchanged),
                _Direction(session_key, b"server-to-client", exchanged),
            )
            self._incoming, self._outgoing = self._directions()

    def _verify_mic(self, proof: _Proof, session_key: bytes, challenge: bytes) -> None:
        unsigned = proof.raw[:72] + bytes(16) + proof.raw[88:]
        if not hmac.compare_digest(_hmac_md5(session_key, self._negotiate + challenge + unsigned), proof.mic):
            raise NtlmError("the logon's integrity code is wrong")

    def sign(self, plain: bytes) -> bytes:
        """The signature of a text that the client has, before any message is wrapped (SPNEGO's list)."""
        return self._fresh()[1].sign(plain)

    def verify(self, plain: bytes, signature: bytes) -> None:
        """Hold a client's signature against a text that we have, before any message. Raises NtlmError."""
        if not hmac.compare_digest(self._fresh()[0].sign(plain), signature):
            raise NtlmError("message signature is wrong")

    def _fresh(self) -> tuple[_Direction, _Direction]:
        # Ciphers of their own: SPNEGO starts them anew for the messages (as Windows does).
        if self._directions is None:
            raise NtlmError("no logon with session security yet")
        return self._directions()

    def wrap(self, plain: bytes) -> tuple[bytes, bytes]:
        """Sign and seal `plain` for the client: (signature of 16 bytes, sealed bytes)."""
        if self._outgoing is None:
            raise NtlmError("no logon with session security yet")
        return self._outgoing.seal(plain)

    def unwrap(self, signature: bytes, sealed: bytes) -> bytes:
        """The plain text of a client's message; raises NtlmError when it was altered or belongs to another logon."""
        if self._incoming is None:
            raise NtlmError("no logon with session security yet")
        return self._incoming.unseal(signature, sealed)
