"""TDS messages over a socket: split into packets, and inside TLS once that has begun (MS-TDS 2.2.1)."""

from __future__ import annotations

import socket
import ssl
import struct

from vmm_wizard.lab.tds_tokens import ProtocolError

BATCH = 1
CALL = 3
ANSWER = 4
ATTENTION = 6
TRANSACTION = 14
LOGIN = 0x10
SSPI = 0x11
PRELOGIN = 0x12

#: The largest message that is taken in, in bytes.
_MESSAGE_LIMIT = 4 * 1024 * 1024


class Channel:
    """Messages over a socket: split into packets, and inside TLS once `start_tls` has been called."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._buffer = b""
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.packet_size = 4096

    @property
    def is_encrypted(self) -> bool:
        """Whether what goes out now is inside TLS."""
        return self._tls is not None

    def receive(self) -> tuple[int, bytes]:
        """The next message: its type and its body. Raises ConnectionError when the client is gone."""
        data = b""
        while True:
            kind, status, length = struct.unpack(">BBH", self._take(8)[:4])
            if length < 8:
                raise ProtocolError("a packet is shorter than its head")
            data += self._take(length - 8)
            if len(data) > _MESSAGE_LIMIT:
                raise ProtocolError("a message is too long")
            if status & 1:
                return kind, data

    def send(self, body: bytes, kind: int = ANSWER) -> None:
        """Send a message in as many packets as it needs."""
        room = self.packet_size - 8
        parts = [body[i : i + room] for i in range(0, len(body), room)] or [b""]
        for number, part in enumerate(parts, 1):
            last = number == len(parts)
            head = struct.pack(">BBHHBB", kind, last, len(part) + 8, 0, number & 0xFF, 0)
            self._send_raw(head + part)

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Do the handshake inside PRELOGIN packets, then encrypt everything. Raises ssl.SSLError."""
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                done = False
            reply = self._outgoing.read()
            if reply:
                self.send(reply, PRELOGIN)
            if done:
                break
            self._incoming.write(self.receive()[1])
        self._tls = tls

    def stop_tls(self) -> None:
        """Go on in clear: the login alone was encrypted."""
        self._tls = None

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._fill()
        part, self._buffer = self._buffer[:count], self._buffer[count:]
        return part

    def _fill(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("the client has closed the connection")
        if self._tls is None:
            self._buffer += data
            return
        self._incoming.write(data)
        while True:
            try:
                plain = self._tls.read(65536)
            except ssl.SSLWantReadError:
                return
            if not plain:
                raise ConnectionError("the client has closed TLS")
            self._buffer += plain

    def _send_raw(self, data: bytes) -> None:
        if self._tls is not None:
            self._tls.write(data)
            data = self._outgoing.read()
        self._socket.sendall(data)
