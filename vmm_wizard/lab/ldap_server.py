"""The practice estate's domain controller on the wire: LDAPv3 over plain TCP, StartTLS and LDAPS."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections import deque
from dataclasses import replace
from types import TracebackType
from typing import Self

from vmm_wizard.lab import ber
from vmm_wizard.lab.directory import Directory
from vmm_wizard.lab.ldap_bind import Authenticator, certificate_digest
from vmm_wizard.lab.ldap_messages import (
    ADD_RESPONSE,
    COMPARE_RESPONSE,
    MODIFY_RESPONSE,
    OPERATIONS_ERROR,
    PROTOCOL_ERROR,
    SEARCH_DONE,
    START_TLS,
    SUCCESS,
    UNAVAILABLE,
    WHO_AM_I,
    AddRequest,
    BindRequest,
    CompareRequest,
    ExtendedRequest,
    Message,
    ModifyRequest,
    Result,
    SearchRequest,
    UnbindRequest,
    WriteRequest,
    bind_response,
    extended_response,
    read_message,
    result_response,
    search_entry,
    write_message,
)
from vmm_wizard.lab.ldap_search import NOT_BOUND, Limits, Searcher, compare
from vmm_wizard.lab.ldap_view import View
from vmm_wizard.lab.ldap_write import NO_RIGHT, add, modify
from vmm_wizard.lab.logons import Logons
from vmm_wizard.lab.rootdse import chosen, rootdse
from vmm_wizard.lab.sockets import PATIENCE, Workers

#: MaxReceiveBuffer: a longer request closes the connection.
_LARGEST_REQUEST = 10 * 1024 * 1024
_SEND_AT_ONCE = 64 * 1024


def loopback_listener(port: int = 0, host: str = "127.0.0.1") -> socket.socket:
    """A listening socket; port 0 takes a free one."""
    return socket.create_server((host, port), backlog=64)


class LdapServer:
    """One domain controller. `plain` and `secure` are listening sockets; either may be missing.

    `host_name` is what the rootDSE calls it. `certificate` is the server's certificate in DER form, needed only for
    `require_channel_binding`. `missing` are objects (keys) that have not come to this controller yet. It, `refusing`,
    `silent` and `limits` may be changed while it runs.
    """

    def __init__(
        self,
        directory: Directory,
        logons: Logons,
        host_name: str,
        *,
        plain: socket.socket | None = None,
        secure: socket.socket | None = None,
        tls: ssl.SSLContext | None = None,
        certificate: bytes | None = None,
        missing: frozenset[str] = frozenset(),
    ) -> None:
        if secure is not None and tls is None:
            raise ValueError("LDAPS needs a TLS context")
        self.directory = directory
        self.logons = logons
        self.host_name = host_name
        self.tls = tls
        self.certificate = certificate
        self.missing = missing
        self.require_tls = True
        """Binds on an unencrypted connection get strongerAuthRequired."""
        self.require_channel_binding = False
        """NTLM binds that do not name the TLS channel get 80090346."""
        self.refusing = False
        """New connections are closed at once."""
        self.silent = False
        """Requests are read and never answered."""
        self.limits = Limits()
        #: Good binds so far, and the latest searches by the number of their bind, newest last: tests count them.
        self.binds = 0
        self.searches: deque[tuple[int, str, str]] = deque(maxlen=500)
        self._workers = Workers(f"ldap {host_name}")
        self._listeners = [(listener, listener is secure) for listener in (plain, secure) if listener is not None]
        self.port = plain.getsockname()[1] if plain else 0
        self.ldaps_port = secure.getsockname()[1] if secure else 0

    def start(self) -> Self:
        """Answer on the sockets until `close`."""
        for listener, is_secure in self._listeners:
            self._workers.run(self._accept, listener, is_secure)
        return self

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening, cut all connections, and wait for the threads to end."""
        self._workers.close(*(listener for listener, _ in self._listeners))

    def hang_up(self) -> None:
        """Cut every connection, as a controller that goes away does."""
        self._workers.hang_up()

    @property
    def stop(self) -> threading.Event:
        """Set when the server closes."""
        return self._workers.stop

    def _accept(self, listener: socket.socket, is_secure: bool) -> None:
        while not self.stop.is_set():
            try:
                accepted, _ = listener.accept()
            except OSError:
                return
            if self.refusing:
                accepted.close()
                continue
            self._workers.run(self._serve, accepted, is_secure)

    def _serve(self, accepted: socket.socket, is_secure: bool) -> None:
        connection = _Connection(self, accepted)
        # A client that went away, failed the handshake, or sent something that is not LDAP: AD hangs up, too.
        with contextlib.suppress(OSError, ber.MalformedBer):
            self._workers.hold(accepted)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.serve(is_secure)
        self._workers.release(accepted, connection.socket)
        connection.socket.close()
        accepted.close()

    def adopt(self, before: socket.socket, encrypted: socket.socket) -> None:
        """A connection goes on encrypted: its socket is another one now. Raises OSError when the server closes."""
        self._workers.release(before)
        self._workers.hold(encrypted)


class _Connection:
    """One client: its socket, who is bound, and its searches in progress."""

    def __init__(self, server: LdapServer, accepted: socket.socket) -> None:
        self.server = server
        self.socket = accepted
        self.is_encrypted = False
        self.view: View | None = None
        self.number = 0
        self.searcher = Searcher(server.directory, server.limits, server.stop)
        computer = server.host_name.partition(".")[0].upper()
        self.authenticator = Authenticator(server.directory, server.logons, computer)

    def serve(self, is_secure: bool) -> None:
        """Answer requests until the client unbinds or hangs up. Raises OSError and MalformedBer."""
        if self.server.silent:
            while self.socket.recv(65536):
                pass
            return
        if is_secure:
            self._encrypt()
        buffer = b""
        while chunk := self.socket.recv(65536):
            buffer += chunk
            while (size := ber.message_size(buffer)) is not None and len(buffer) >= size:
                request, buffer = buffer[:size], buffer[size:]
                if not self.server.silent and not self._answer(read_message(request), has_more=bool(buffer)):
                    return
            if size is not None and size > _LARGEST_REQUEST:
                raise ber.MalformedBer("a request that is too long")

    def _encrypt(self) -> None:
        if self.server.tls is None:
            raise OSError("no TLS here")
        self.socket.settimeout(PATIENCE)
        # Known to the server before the handshake: a client that never ends it must not keep a closing server waiting.
        encrypted = self.server.tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.server.adopt(self.socket, encrypted)
        self.socket = encrypted
        encrypted.do_handshake()
        encrypted.settimeout(None)
        self.is_encrypted = True

    def _answer(self, message: Message, has_more: bool) -> bool:
        """Answer one request; false when the connection is to end."""
        request = message.request
        if isinstance(request, UnbindRequest):
            return False
        if isinstance(request, BindRequest):
            self._bind(message.number, request)
        elif isinstance(request, SearchRequest):
            self._search(message, request)
        elif isinstance(request, ExtendedRequest):
            return self._extended(message.number, request, has_more)
        elif isinstance(request, CompareRequest):
            self._send(message.number, result_response(COMPARE_RESPONSE, compare(request, self.view)))
        elif isinstance(request, AddRequest):
            self._send(message.number, result_response(ADD_RESPONSE, add(message, request, self.view)))
        elif isinstance(request, ModifyRequest):
            self._send(message.number, result_response(MODIFY_RESPONSE, modify(message, request, self.view)))
        elif isinstance(request, WriteRequest):
            refusal = NOT_BOUND if self.view is None else NO_RIGHT
            self._send(message.number, result_response(request.response_tag, refusal))
        # An AbandonRequest is left: what it names has been answered already.
        return True

    def _bind(self, number: int, request: BindRequest) -> None:
        server = self.server
        self.authenticator.require_tls = server.require_tls
        asks_for_channel = server.require_channel_binding and self.is_encrypted and server.certificate is not None
        self.authenticator.certificate_digest = (
            certificate_digest(server.certificate) if asks_for_channel and server.certificate else None
        )
        self.view = None
        answer = self.authenticator.bind(request, self.is_encrypted)
        self.view = answer.view
        if answer.view is not None:
            server.binds += 1
            self.number = server.binds
            self.view = replace(answer.view, missing=server.missing)
        self._send(number, bind_response(answer.result, answer.sasl_token))

    def _search(self, message: Message, request: SearchRequest) -> None:
        self.server.searches.append((self.number, request.scope, request.base))
        if not request.base and request.scope == "base":
            attributes = rootdse(self.server.directory, self.server.host_name, self.view)
            entry = search_entry("", chosen(attributes, request.attributes))
            done = result_response(SEARCH_DONE, Result(SUCCESS))
            self.socket.sendall(write_message(message.number, entry) + write_message(message.number, done))
            return
        pending = bytearray()
        for operation, controls in self.searcher.search(message, request, self.view):
            pending += write_message(message.number, operation, controls)
            if len(pending) >= _SEND_AT_ONCE:
                self.socket.sendall(pending)
                pending.clear()
        self.socket.sendall(pending)

    def _extended(self, number: int, request: ExtendedRequest, has_more: bool) -> bool:
        if request.oid == WHO_AM_I:
            who = f"u:{self.view.name}" if self.view else ""
            self._send(number, extended_response(Result(SUCCESS), value=who.encode()))
        elif request.oid != START_TLS:
            self._send(number, extended_response(Result(PROTOCOL_ERROR, "unknown extended operation"), request.oid))
        elif self.server.tls is None:
            self._send(number, extended_response(Result(UNAVAILABLE), START_TLS))
        elif self.is_encrypted:
            self._send(number, extended_response(Result(OPERATIONS_ERROR), START_TLS))
        elif has_more:
            # Requests sent in the clear behind StartTLS could have been slipped in by somebody else.
            return False
        else:
            self._send(number, extended_response(Result(SUCCESS), START_TLS))
            self._encrypt()
        return True

    def _send(self, number: int, operation: bytes) -> None:
        self.socket.sendall(write_message(number, operation))
