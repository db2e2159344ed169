"""A socket for python-tds that encrypts everything, and checks who is there before the login is sent.

python-tds brings TLS of its own, through pyOpenSSL. It compares names by their letters' case and cuts a leading D, N or
S off names in a certificate (`SQL01...` never matches), and cannot take one certificate by its fingerprint. Here the
standard library does it: python-tds is told that there is no encryption, its PRELOGIN is rewritten to demand it, and
the TLS handshake is done inside PRELOGIN packets as MS-TDS 2.2.6.5 wants it. A server that offers no encryption is
refused; nothing but PRELOGIN ever crosses in clear.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import hmac
import socket
import ssl
import struct
import time
from collections.abc import Callable
from typing import TypeVar

from vmm_wizard.texts import text

T = TypeVar("T")

_PRELOGIN = 0x12
_ENCRYPT_ON = 1
_ENCRYPT_NOT_SUPPORTED = 2
_ENCRYPT_REQUIRED = 3

#: Most bytes of a whole conversation; our questions are answered with some thousand.
MOST_BYTES = 32 * 2**20


class TlsRefused(Exception):
    """The server cannot be trusted, or does not speak TLS. The text is a clause for the user, without host and port."""


def client_context(ca_file: str, pinned: str) -> ssl.SSLContext:
    """A client's TLS context: `ca_file` (empty: the system's authorities) signs, or the certificate is `pinned`.

    Raises TlsRefused when the CA file cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror or type(error).__name__
        raise TlsRefused(text("reasons.tds_tls.ca_file", file=ca_file, why=why)) from None
    # TLS 1.3 has messages after its handshake that TDS 7 packets have no place for.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    if pinned:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _encryption_at(prelogin: bytes) -> int:
    """Where the encryption byte of a PRELOGIN body stands. Raises TlsRefused when there is none."""
    at = 0
    while at + 5 <= len(prelogin) and prelogin[at] != 0xFF:
        token, offset, length = struct.unpack_from(">BHH", prelogin, at)
        if token == 1 and length >= 1 and offset < len(prelogin):
            return int(offset)
        at += 5
    raise TlsRefused(text("reasons.tds_tls.no_encryption"))


class TdsTlsSocket:
    """Takes a connected socket and looks like one to python-tds. Each call ends before `deadline` (time.monotonic).

    The server must prove to be `host`, and may send MOST_BYTES. Raises TlsRefused, TimeoutError and other OSErrors.
    """

    def __init__(self, plain: socket.socket, host: str, ca_file: str, pinned: str, deadline: float) -> None:
        self._plain = plain
        self._host = host
        self._pinned = pinned
        self._deadline = deadline
        self._context = client_context(ca_file, pinned)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        self._prelogin_sent = False
        self._ready = b""
        self._received = 0
        self._closed = False
        #: The first thing that went wrong here. python-tds goes on after a failure (it tries to cancel); we do not.
        self.failure: Exception | None = None

    # --- what python-tds calls

    def setsockopt(self, level: int, option: int, value: int) -> None:
        """Passed on where the platform knows it. Raises ConnectionError once closed: no logon is tried twice."""
        if self._closed:
            raise ConnectionResetError("the connection is closed")
        with contextlib.suppress(OSError):
            self._plain.setsockopt(level, option, value)

    def settimeout(self, timeout: float | None) -> None:
        """Ignored: the deadline rules."""

    def gettimeout(self) -> float | None:
        """The seconds that are left."""
        return max(self._deadline - time.monotonic(), 0.0)

    def sendall(self, data: bytes, flags: int = 0) -> None:  # noqa: ARG002 - a socket's signature
        """Send one packet; the first is PRELOGIN and is made to demand encryption."""
        self._attempt(lambda: self._send(bytes(data)))

    def recv(self, size: int, flags: int = 0) -> bytes:  # noqa: ARG002 - a socket's signature
        """At most `size` bytes; empty at the end of the connection."""
        if not self._ready:
            self._ready = self._attempt(lambda: self._open() if self._tls is None else self._recv_tls())
        part, self._ready = self._ready[:size], self._ready[size:]
        return part

    def _attempt(self, action: Callable[[], T]) -> T:
        if self.failure is not None:
            raise self.failure
        try:
            return action()
        except (OSError, TlsRefused) as error:
            self.failure = error
            raise

    def _send(self, data: bytes) -> None:
        if self._tls is not None:
            self._tls.write(data)
            self._send_plain(self._outgoing.read())
            return
        if self._prelogin_sent or not data or data[0] != _PRELOGIN:
            raise TlsRefused(text("reasons.tds_tls.in_clear"))
        packet = bytearray(data)
        packet[8 + _encryption_at(data[8:])] = _ENCRYPT_ON
        self._send_plain(bytes(packet))
        self._prelogin_sent = True

    def recv_into(self, buffer: bytearray | memoryview, size: int = 0, flags: int = 0) -> int:
        """As `recv`, into a buffer."""
        data = self.recv(size or len(buffer), flags)
        buffer[: len(data)] = data
        return len(data)

    def shutdown(self, how: int = socket.SHUT_RDWR) -> None:
        """Passed on."""
        with contextlib.suppress(OSError):
            self._plain.shutdown(how)

    def close(self) -> None:
        """Close the socket below."""
        self._closed = True
        self._plain.close()

    # --- TLS

    def _open(self) -> bytes:
        """Read the server's PRELOGIN, do the handshake; the answer as python-tds shall see it."""
        head, body = self._packet()
        at = _encryption_at(body)
        if body[at] not in (_ENCRYPT_ON, _ENCRYPT_REQUIRED):
            raise TlsRefused(text("reasons.tds_tls.not_offered"))
        self._shake_hands()
        shown = bytearray(body)
        shown[at] = _ENCRYPT_NOT_SUPPORTED
        return head + bytes(shown)

    def _shake_hands(self) -> None:
        tls = self._context.wrap_bio(self._incoming, self._outgoing, server_hostname=self._host)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._send_prelogin(self._outgoing.read())
                self._incoming.write(self._packet()[1])
            except ssl.SSLCertVerificationError as error:
                raise TlsRefused(text("reasons.tds_tls.not_trusted", error=_verification(error))) from None
            except ssl.SSLError as error:
                why = error.reason or text("reasons.tds_tls.no_common")
                raise TlsRefused(text("reasons.tds_tls.failed", why=why)) from None
        rest = self._outgoing.read()
        if rest:
            self._send_prelogin(rest)
        if self._pinned:
            shown = hashlib.sha256(tls.getpeercert(binary_form=True) or b"").hexdigest()
            if not hmac.compare_digest(shown, self._pinned.lower()):
                raise TlsRefused(text("reasons.tds_tls.other_certificate", fingerprint=shown))
        self._tls = tls

    def _recv_tls(self) -> bytes:
        assert self._tls is not None
        while True:
            try:
                return self._tls.read(65536)
            except ssl.SSLWantReadError:
                data = self._recv_plain(65536)
                if not data:
                    return b""
                self._incoming.write(data)
            except ssl.SSLZeroReturnError:
                return b""

    # --- packets and bytes

    def _send_prelogin(self, data: bytes) -> None:
        if data:
            self._send_plain(struct.pack(">BBHHBB", _PRELOGIN, 1, len(data) + 8, 0, 0, 0) + data)

    def _packet(self) -> tuple[bytes, bytes]:
        head = self._exactly(8)
        (length,) = struct.unpack(">H", head[2:4])
        if length < 8:
            raise TlsRefused(text("reasons.tds_tls.not_sql_server"))
        return head, self._exactly(length - 8)

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self._recv_plain(count - len(data))
            if not part:
                raise ConnectionResetError("the server has closed the connection")
            data += part
        return data

    def _arm(self) -> None:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the deadline has passed")
        self._plain.settimeout(remaining)

    def _recv_plain(self, size: int) -> bytes:
        self._arm()
        data = self._plain.recv(size)
        self._received += len(data)
        if self._received > MOST_BYTES:
            raise OSError(errno.EMSGSIZE, text("reasons.tds_tls.too_large", size=MOST_BYTES // 2**20))
        return data

    def _send_plain(self, data: bytes) -> None:
        self._arm()
        self._plain.sendall(data)


def _verification(error: ssl.SSLCertVerificationError) -> str:
    """OpenSSL's reason without its file names and line numbers."""
    return (error.verify_message or text("reasons.tds_tls.not_verified")).rstrip(".")
