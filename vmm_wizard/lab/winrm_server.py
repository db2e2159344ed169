"""The WinRM service of a simulated node: HTTP, logons, message encryption; it can be cut and come back."""

from __future__ import annotations

import base64
import binascii
import contextlib
import http.server
import logging
import selectors
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any

from vmm_wizard.lab import wsman_messages as wsman
from vmm_wizard.lab.clock import Clock, SpedUpClock
from vmm_wizard.lab.logons import Credential, LogonRefused, Logons
from vmm_wizard.lab.ntlm import NtlmAcceptor, NtlmError
from vmm_wizard.lab.sockets import bound_socket
from vmm_wizard.lab.winrm_shells import (
    IDLE_TIMEOUT,
    MAX_SHELLS,
    PIECE,
    CommandResult,
    SessionCancelled,
    Shells,
    ShellSession,
    WinrmBackend,
)
from vmm_wizard.lab.wsman_messages import Fault

if TYPE_CHECKING:
    from http.client import HTTPMessage

__all__ = ["CommandResult", "SessionCancelled", "ShellSession", "Shells", "WinrmBackend", "WinrmServer"]

_log = logging.getLogger(__name__)
_SOAP_TYPE = "application/soap+xml;charset=UTF-8"
#: A client has this many seconds for its TLS handshake.
_HANDSHAKE_SECONDS = 10.0


class WinrmServer:
    """One listener of a node: HTTP when `context` is None, else HTTPS. Listens at once, on `port` (0: a free one).

    `name` is the node's computer name, `domain` the NetBIOS name of its domain. The two listeners of one node are given
    the same `shells`.
    """

    def __init__(
        self,
        node: WinrmBackend,
        logons: Logons,
        context: ssl.SSLContext | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        name: str = "NODE",
        domain: str = "CONTOSO",
        clock: Clock | None = None,
        max_shells: int = MAX_SHELLS,
        idle_timeout: float = IDLE_TIMEOUT,
        piece: int = PIECE,
        progress_noise: bool = False,
        shells: Shells | None = None,
    ) -> None:
        self.logons = logons
        self.context = context
        self.host = host
        self.name = name
        self.domain = domain
        #: Accept connections, read what comes and never answer.
        self.silent = False
        #: Requests that were answered, for tests that count them.
        self.requests = 0
        self.shells = shells or Shells(
            node,
            clock or SpedUpClock(),
            max_shells=max_shells,
            idle_timeout=idle_timeout,
            piece=piece,
            progress_noise=progress_noise,
        )
        self._lock = threading.RLock()
        self._open: set[socket.socket] = set()
        self._closed = False
        self._listening = False
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._socket = bound_socket(host, port)
        self.port: int = self._socket.getsockname()[1]
        self._acceptor: threading.Thread | None = None
        self.accept()

    def accept(self) -> None:
        """Take connections again after `cut`. Does nothing while listening."""
        with self._lock:
            if self._listening or self._closed:
                return
            self._socket.listen(128)
            self._socket.setblocking(False)
            self._listening = True
            self._acceptor = threading.Thread(target=self._accept_loop, args=(self._socket,), daemon=True)
            self._acceptor.start()

    def cut(self) -> None:
        """Drop every connection and shell at once and refuse new ones until `accept`, as a restart of WinRM does."""
        self._stop_listening(keep_port=True)
        self.shells.drop_all()
        self._drop_connections()

    def hang_up(self) -> None:
        """Drop every connection; shells live on, and new connections are taken."""
        self._drop_connections()

    def close(self) -> None:
        """Stop for good."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._stop_listening(keep_port=False)
        self.shells.drop_all()
        self._drop_connections()
        self._wake_reader.close()
        self._wake_writer.close()

    def _stop_listening(self, *, keep_port: bool) -> None:
        with self._lock:
            acceptor, self._acceptor = self._acceptor, None
            self._listening = False
        if acceptor is not None:
            self._wake_writer.send(b"x")
            acceptor.join()
            self._wake_reader.recv(16)
        with self._lock:
            self._socket.close()
            if keep_port:
                self._socket = bound_socket(self.host, self.port)

    def _accept_loop(self, listener: socket.socket) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(listener, selectors.EVENT_READ)
            ready.register(self._wake_reader, selectors.EVENT_READ)
            while True:
                if any(key.fileobj is self._wake_reader for key, _ in ready.select()):
                    return
                with contextlib.suppress(OSError):
                    accepted, peer = listener.accept()
                    threading.Thread(target=self._serve, args=(accepted, peer), daemon=True).start()

    def _serve(self, accepted: socket.socket, peer: tuple[Any, ...]) -> None:
        accepted.setblocking(True)
        handle = accepted.dup()  # stays valid when TLS takes the socket over, so that `cut` always reaches it
        with self._lock:
            refused = not self._listening
            if not refused:
                self._open.add(handle)
        connection: socket.socket = accepted
        try:
            if not refused:
                if self.silent:
                    self.drain(accepted)
                connection = self._secure(accepted)
                _Connection(connection, peer, self)
        except (OSError, ValueError):
            pass  # the peer or `cut` ended the connection
        finally:
            with self._lock:
                self._open.discard(handle)
            for each in (connection, handle):
                with contextlib.suppress(OSError):
                    each.close()

    def _secure(self, accepted: socket.socket) -> socket.socket:
        if self.context is None:
            return accepted
        accepted.settimeout(_HANDSHAKE_SECONDS)
        secured = self.context.wrap_socket(accepted, server_side=True)
        secured.settimeout(None)
        return secured

    def drain(self, connection: socket.socket) -> None:
        """Read and forget until the peer or `cut` ends the connection."""
        while connection.recv(65536):
            pass

    def _drop_connections(self) -> None:
        with self._lock:
            handles = list(self._open)
        for handle in handles:
            with contextlib.suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)


def _basic_text(token: bytes) -> str:
    """What Basic carries: UTF-8 from some clients, Latin-1 from others."""
    try:
        return token.decode("utf-8")
    except UnicodeDecodeError:
        return token.decode("latin-1")


class _Connection(http.server.BaseHTTPRequestHandler):
    """One TCP connection. NTLM logs the connection on, not the request."""

    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-HTTPAPI/2.0"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer leaves in one piece
    headers: HTTPMessage

    def __init__(self, connection: socket.socket, peer: tuple[Any, ...], service: WinrmServer) -> None:
        self.service = service
        self.ntlm: NtlmAcceptor | None = None
        self.credential: Credential | None = None
        self._breaks_off = False
        super().__init__(connection, peer, service)  # type: ignore[arg-type]  # the class only keeps it

    def log_message(self, format: str, *args: Any) -> None:
        _log.debug(format, *args)

    def do_GET(self) -> None:
        self._reply(405)

    def do_POST(self) -> None:
        body = self._read_body()
        if body is None:
            return
        if self.service.silent:
            self.service.drain(self.connection)
            self.close_connection = True
            return
        self.service.requests += 1
        path = self.path.partition("?")[0].rstrip("/").lower()
        if path not in ("/wsman", "/wsman-anon/identify"):
            self._reply(404)
            return
        if self.headers.get("WSMANIDENTIFY") and b"Identify" in body:
            self._reply(200, wsman.identify_answer())
            return
        if not self._log_on():
            return
        if not body:
            self._reply(200)
            return
        self._answer(body)

    def _read_body(self) -> bytes | None:
        """The request's body; None after a refusal. Bigger than an envelope may be: 413, unread."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            self.close_connection = True
            self._reply(411 if not length else 400)
            return None
        if int(length) > wsman.MAX_ENVELOPE + wsman.ENCRYPTION_OVERHEAD:
            self.close_connection = True
            self._reply(413)
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        return body

    def _log_on(self) -> bool:
        """Whether the request comes from somebody; when not, it has been answered."""
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        if not scheme:
            if self.credential is None:
                self._deny()
            return self.credential is not None
        self.credential = None
        try:
            token = base64.b64decode(value.strip(), validate=True)
            if scheme.lower() == "basic" and self.service.context is not None:
                login, _, password = _basic_text(token).partition(":")
                self.credential = self.service.logons.log_on(login, password, "winrm")
                return True
            if scheme.lower() in ("negotiate", "ntlm"):
                return self._step_ntlm(scheme, token)
        except (LogonRefused, NtlmError, binascii.Error, ValueError) as error:
            _log.debug("logon refused: %s", type(error).__name__)
        self.ntlm = None
        self._deny()
        return False

    def _step_ntlm(self, scheme: str, token: bytes) -> bool:
        if self.ntlm is None or self.ntlm.credential is not None:
            self.ntlm = NtlmAcceptor(
                self.service.logons, "winrm", computer=self.service.name, domain=self.service.domain
            )
        challenge = self.ntlm.step(token)
        if challenge is not None:
            offered = f"{scheme} {base64.b64encode(challenge).decode()}"
            self._reply(401, headers=[("WWW-Authenticate", offered)])
            return False
        self.credential = self.ntlm.credential
        return self.credential is not None

    def _deny(self) -> None:
        offered = [("WWW-Authenticate", "Negotiate")]
        if self.service.context is not None:
            offered.append(("WWW-Authenticate", 'Basic realm="WSMAN"'))
        self._reply(401, headers=offered)

    def _answer(self, body: bytes) -> None:
        is_encrypted = "session-encrypted" in self.headers.get("Content-Type", "")
        if is_encrypted:
            try:
                if self.ntlm is None:
                    raise NtlmError("nothing to decrypt with")
                body = self.ntlm.unwrap(*wsman.read_encrypted(body))
            except (NtlmError, ValueError):
                self._reply(400)
                return
        elif self.service.context is None:
            refusal = Fault(
                wsman.UNENCRYPTED_REFUSED, "w:AccessDenied", "Unencrypted traffic is disabled on this computer."
            )
            self._reply(500, wsman.fault_answer(refusal, self.service.name))
            return
        if len(body) > wsman.MAX_ENVELOPE:
            self._reply(413)
            return
        status, envelope = self._dispatch(body)
        if self.service.silent:
            self.service.drain(self.connection)
            self.close_connection = True
            return
        self._breaks_off = status == 200 and wsman.carries_output(envelope) and self.service.shells.takes_cut()
        if is_encrypted and self.ntlm is not None:
            self._reply(status, wsman.write_encrypted(*self.ntlm.wrap(envelope)), wsman.ENCRYPTED_TYPE)
        else:
            self._reply(status, envelope)

    def _dispatch(self, body: bytes) -> tuple[int, bytes]:
        """(HTTP status, envelope) for a request in plain text."""
        message_id = ""
        try:
            request = wsman.read_request(body)
            message_id = request.message_id
            if self.credential is None:
                raise Fault(wsman.ACCESS_DENIED, "w:AccessDenied", "Access is denied.")
            return 200, self.service.shells.answer(request, self.credential)
        except Fault as fault:
            return 500, wsman.fault_answer(fault, self.service.name, message_id)
        except Exception:
            _log.exception("a request failed inside the simulated service")
            internal = Fault(wsman.INTERNAL, "w:InternalError", "An internal error occurred.")
            return 500, wsman.fault_answer(internal, self.service.name, message_id)

    def _reply(
        self,
        status: int,
        body: bytes = b"",
        content_type: str = _SOAP_TYPE,
        headers: list[tuple[str, str]] | None = None,
    ) -> None:
        self.send_response(status)
        for key, value in headers or []:
            self.send_header(key, value)
        if body:
            self.send_header("Content-Type", content_type)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self._breaks_off else body)
        self.wfile.flush()
        if self._breaks_off:
            self.close_connection = True
