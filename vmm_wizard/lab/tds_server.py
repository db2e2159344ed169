"""A SQL Server on a loopback port: takes connections and gives each a conversation in a thread of its own."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from typing import Literal

from vmm_wizard.lab.logons import Logons
from vmm_wizard.lab.sockets import bound_socket, cut
from vmm_wizard.lab.sql import SqlServer
from vmm_wizard.lab.tds_channel import Channel
from vmm_wizard.lab.tds_conversation import Conversation
from vmm_wizard.lab.tds_login import Encryption
from vmm_wizard.lab.tds_tokens import ProtocolError

Behaviour = Literal["answering", "silent", "refusing"]

#: How long an idle connection is kept, in seconds.
_IDLE = 600.0


class TdsServer:
    """One SQL Server instance on a TCP port; every connection has a thread of its own.

    `certificate` is a server-side TLS context (None: the instance offers no encryption). With `force_encryption` in
    the server's state a client without TLS is turned away, else it decides by itself, as SQL Server's default is.
    `certificate` is the instance's own context: it is held to TLS 1.2.
    `behaviour` may be changed while it runs: "silent" accepts and never answers, "refusing" listens no more.
    """

    def __init__(
        self,
        server: SqlServer,
        logons: Logons,
        certificate: ssl.SSLContext | None = None,
        *,
        address: str = "127.0.0.1",
        port: int = 0,
        behaviour: Behaviour = "answering",
    ) -> None:
        self.server = server
        self.address = address
        self._logons = logons
        if certificate is not None:
            # Newer versions cannot be spoken inside TDS 7 packets: clients hang (FreeTDS, Microsoft's driver 18).
            certificate.maximum_version = ssl.TLSVersion.TLSv1_2
        self._certificate = certificate
        self._behaviour: Behaviour = behaviour
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closed = False
        self.connections_taken = 0
        self._acceptor: threading.Thread | None = None
        self._listener = self._listen(port)
        self.port: int = self._listener.getsockname()[1]

    @property
    def behaviour(self) -> Behaviour:
        """How the port behaves towards the next client."""
        return self._behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        was_refusing = self._behaviour == "refusing"
        self._behaviour = behaviour
        if was_refusing != (behaviour == "refusing"):
            self._stop_listening()
            self._listener = self._listen(self.port)

    def hang_up(self) -> None:
        """Cut every connection, as a service that ends does."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            cut(connection)

    def close(self) -> None:
        """Stop listening and cut every connection."""
        self._closed = True
        self._stop_listening()
        self.hang_up()

    def __enter__(self) -> TdsServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _stop_listening(self) -> None:
        cut(self._listener)
        if self._acceptor is not None:
            self._acceptor.join(5.0)  # until it has let go of the socket, the port cannot be bound again

    def _listen(self, port: int) -> socket.socket:
        """A bound socket; while refusing it does not listen, so that the port is kept and clients are refused."""
        listener = bound_socket(self.address, port)
        if self._behaviour != "refusing":
            listener.listen(64)
            listener.settimeout(0.5)
            name = f"tds {self.server.server_name}"
            self._acceptor = threading.Thread(target=self._accept, args=(listener,), name=name, daemon=True)
            self._acceptor.start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        while not self._closed:
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with self._lock:
                self._connections.add(connection)
                self.connections_taken += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        encryption = Encryption.REQUIRED if self.server.force_encryption else Encryption.OFFERED
        try:
            connection.settimeout(_IDLE)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._behaviour == "silent":
                while connection.recv(65536):
                    pass
                return
            channel = Channel(connection)
            Conversation(channel, self.server, self._logons, self._certificate, encryption).hold()
        except (OSError, ProtocolError, UnicodeDecodeError, struct.error):
            pass  # a client that goes, or talks nonsense, is cut off as SQL Server does it
        finally:
            with self._lock:
                self._connections.discard(connection)
            cut(connection)
