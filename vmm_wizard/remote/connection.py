"""One TCP connection to a node, one logon on it, and WS-Man over it. Imports the HTTP libraries: load it late.

NTLM logs a connection on. So that a wrong password reaches the node exactly once, a connection is made once, its logon
is tried once, and when it is lost it is not made again: the caller opens another session, knowing what it does.
"""

from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from requests_ntlm import HttpNtlmAuth
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from vmm_wizard.plan.model import Authentication, WinrmTransport
from vmm_wizard.remote.errors import (
    AnswerUnreadable,
    Cancelled,
    DeadlinePassed,
    LogonNotOffered,
    LogonRefused,
    NodeUnreachable,
    RemoteError,
)
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.remote.session import Login, Target

#: No answer to one request may take longer than this many seconds; a silent command answers every OPERATION_TIMEOUT.
ANSWER_TIMEOUT = 20.0
#: Most bytes of one message; a node's own limit (MaxEnvelopeSizekb) is far below that.
MOST_BODY = 8 * 2**20
#: A node holds a Receive at most this many seconds while a command is silent. Whole seconds.
OPERATION_TIMEOUT = 1
#: Everything else may take the node so many seconds, so that it says itself that it took too long. Whole seconds.
LONG_OPERATION = int(ANSWER_TIMEOUT) - 5
#: After a cancel or a deadline a request in flight may still end by itself for this many seconds.
GRACE = OPERATION_TIMEOUT + 1.0
#: How often a blocked call looks at the cancel flag, in seconds.
_LOOK = 0.05

_SOAP = {"Content-Type": "application/soap+xml;charset=UTF-8"}


def _reason(code: int | None) -> str:
    """Why a connection was not made, by the system's error number (Winsock has its own)."""
    name = errno.errorcode.get(code or 0, "").removeprefix("WSA")
    known = {
        "ECONNREFUSED": "refused",
        "ETIMEDOUT": "timed_out",
        "EHOSTUNREACH": "no_route",
        "ENETUNREACH": "no_route",
    }
    return text(f"reasons.connection.not_made.{known.get(name, 'otherwise')}")


class Line:
    """The TCP connection: made once, bounded by `deadline` (time.monotonic), ended by `cancel`."""

    def __init__(self, target: Target, cancel: threading.Event, deadline: float) -> None:
        self.target = target
        self.cancel = cancel
        self.deadline = deadline
        #: Seconds that a request in flight may go on after cancel or deadline.
        self.grace = 0.0
        #: No connection is made any more, because a logon has been spent on the one there was.
        self.sealed = False
        #: Answers must be encrypted messages.
        self.encrypted = False
        #: The logon is Kerberos by a ticket, not NTLM by the password.
        self.kerberos = False
        #: The connection, or the shell on it, is gone.
        self.dead = False
        #: A script, or a part of one, may have reached the node since the last call of `Session.run`.
        self.script_sent = False
        self._handle: socket.socket | None = None

    @property
    def remaining(self) -> float:
        """Seconds until the deadline; below zero after it."""
        return self.deadline - time.monotonic()

    def require_time(self) -> None:
        """Raise Cancelled or DeadlinePassed when the caller wants no more."""
        if self.cancel.is_set():
            raise Cancelled(self.target.place)
        if self.remaining <= 0:
            raise DeadlinePassed(self.target.place)

    @contextlib.contextmanager
    def tidying(self, seconds: float) -> Iterator[None]:
        """While inside, neither cancel nor deadline count: there are `seconds` to leave the node tidy."""
        cancel, deadline, grace = self.cancel, self.deadline, self.grace
        self.cancel, self.deadline, self.grace = threading.Event(), time.monotonic() + seconds, 0.0
        try:
            yield
        finally:
            self.cancel, self.deadline, self.grace = cancel, deadline, grace

    def lost(self, reason: str = "") -> RemoteError:
        """The error for a connection that ended: by us, if the caller wanted that, else by the node or the network."""
        self.dead = True
        try:
            self.require_time()
        except (Cancelled, DeadlinePassed) as wanted:
            return wanted
        return NodeUnreachable(self.target.place, reason or text("reasons.connection.lost"))

    def connect(self) -> socket.socket:
        """A connected socket. Raises RemoteError."""
        if self.sealed:
            raise self.lost()
        place = self.target.place
        try:
            found = socket.getaddrinfo(
                self.target.connect_address, self.target.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
            )
        except OSError:
            why = text("reasons.connection.no_address", address=self.target.connect_address)
            raise NodeUnreachable(place, why) from None
        family, kind, protocol, _, address = found[0]
        opened = socket.socket(family, kind, protocol)
        try:
            self._connect(opened, address)
        except OSError as error:
            opened.close()
            raise NodeUnreachable(place, _reason(error.errno)) from None
        except BaseException:
            opened.close()
            raise
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.settimeout(max(min(self.remaining, ANSWER_TIMEOUT), _LOOK))  # for the TLS handshake
        self.close()
        self._handle = opened.dup()  # reaches the connection even while TLS holds the socket
        return opened

    def _connect(self, opened: socket.socket, address: Any) -> None:
        opened.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            opened.connect(address)
        with selectors.DefaultSelector() as ready:
            ready.register(opened, selectors.EVENT_WRITE)
            while not ready.select(_LOOK):
                self.require_time()
        code = opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, "connect")

    def is_quiet(self) -> bool:
        """Whether the connection stands while nothing is asked over it. What a node says unasked is its end."""
        if self.dead or self._handle is None:
            return False
        with selectors.DefaultSelector() as said:
            said.register(self._handle, selectors.EVENT_READ)
            return not said.select(0)

    def abort(self) -> None:
        """End the connection under whoever is blocked on it."""
        self.dead = True
        if self._handle is not None:
            with contextlib.suppress(OSError):
                self._handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Forget the connection."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """While inside, a cancel or a passed deadline ends the connection, after the grace."""
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(done,), name="winrm-watch", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def _watch(self, done: threading.Event) -> None:
        unwanted_since: float | None = None
        while not done.wait(_LOOK):
            now = time.monotonic()
            if not self.cancel.is_set() and now < self.deadline:
                continue
            unwanted_since = now if unwanted_since is None else unwanted_since
            if now - unwanted_since >= self.grace:
                self.abort()
                return


def _pools(line: Line) -> dict[str, type[HTTPConnectionPool]]:
    """urllib3's connection pools with connections that are made by `line`."""

    class PlainConnection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return line.connect()

    class TlsConnection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return line.connect()

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = PlainConnection

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = TlsConnection

    return {"http": PlainPool, "https": TlsPool}


class _Adapter(HTTPAdapter):
    """Carries requests over a `Line`, with the time that is left. URLs hold the host's name: TLS checks that one."""

    def __init__(self, line: Line) -> None:
        self._line = line
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        target = self._line.target
        if target.pinned_sha256:
            kwargs["assert_fingerprint"] = target.pinned_sha256
        elif target.ca_file is None and target.transport is WinrmTransport.HTTPS:
            kwargs["ssl_context"] = ssl.create_default_context()  # the system's own authorities too
        super().init_poolmanager(*args, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = _pools(self._line)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        self._line.require_time()
        patience = max(min(self._line.remaining + self._line.grace, ANSWER_TIMEOUT), _LOOK)
        kwargs["timeout"] = (patience, patience)
        response = super().send(request, *args, **kwargs)
        _bound(response, self._line.target.place)
        kind = response.headers.get("Content-Type", "")
        if self._line.encrypted and response.status_code == 200 and not kind.startswith("multipart/encrypted"):
            response.close()
            raise AnswerUnreadable(self._line.target.place, text("reasons.connection.not_encrypted"))
        return response


def _bound(response: requests.Response, place: str) -> None:
    """Let the body be read up to MOST_BODY bytes, unpacked; a longer one raises AnswerUnreadable."""
    read = response.raw.stream

    def stream(*args: Any, **kwargs: Any) -> Iterator[bytes]:
        left = MOST_BODY
        for piece in read(*args, **kwargs):
            left -= len(piece)
            if left < 0:
                raise AnswerUnreadable(place, text("reasons.connection.too_large", size=MOST_BODY // 2**20))
            yield piece

    response.raw.stream = stream  # type: ignore[method-assign]


class _OneNtlmLogon(HttpNtlmAuth):
    """NTLM for the first request only. Later requests ride on the connection; a 401 then is an error, not a new try."""

    def __init__(self, account: str, password: str) -> None:
        super().__init__(account, password)
        self._spent = False

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Connection"] = "Keep-Alive"
        if self._spent:
            return request
        self._spent = True
        return super().__call__(request)


def ticket_is_for(principal: str, account: str) -> bool:
    """Whether a Kerberos principal (`user@REALM`) is the account (`user@realm`, or `DOMAIN\\user`: REALM's label)."""
    user, _, realm = principal.casefold().rpartition("@")
    domain, slash, name = account.casefold().partition("\\")
    if slash:
        return name == user and domain in (realm, realm.partition(".")[0])
    return account.casefold() == f"{user}@{realm}"


def _has_ticket(account: str) -> bool:
    """Whether the Kerberos extra is there with a ticket of this very account."""
    try:
        import gssapi
        import winrm.vendor.requests_kerberos  # noqa: F401 - only whether it can be had

        found = gssapi.Credentials(usage="initiate")
        return found.lifetime != 0 and ticket_is_for(str(found.name), account)
    except ImportError:
        return False
    except gssapi.exceptions.GSSError:
        return False


def uses_kerberos(target: Target, login: Login) -> bool:
    """Kerberos where it is asked for, or left to us and the account's ticket is there; else NTLM."""
    if target.authentication is Authentication.AUTO:
        return _has_ticket(login.account)
    return target.authentication is Authentication.KERBEROS


def _kerberos(target: Target) -> Any:
    """Kerberos by the ticket that is there; needs the extra."""
    try:
        from winrm.vendor.requests_kerberos import REQUIRED, HTTPKerberosAuth
    except ImportError:
        raise LogonNotOffered(target.place, text("reasons.connection.kerberos_extra")) from None
    return HTTPKerberosAuth(
        mutual_authentication=REQUIRED, force_preemptive=True, sanitize_mutual_error_response=False, service="HTTP"
    )


def open_http(line: Line, login: Login) -> requests.Session:
    """A session over `line` that can log on but has not: no proxies, no environment, certificates always verified."""
    target = line.target
    line.kerberos = uses_kerberos(target, login)
    http = requests.Session()
    http.trust_env = False
    http.max_redirects = 0
    http.adapters.clear()
    http.mount(f"{target.transport.value}://", _Adapter(line))
    http.headers["User-Agent"] = "vmm-wizard"
    http.verify = False if target.pinned_sha256 else (target.ca_file or True)
    if line.kerberos:
        http.auth = _kerberos(target)
    else:
        http.auth = _OneNtlmLogon(login.account, login.password.reveal())
    return http


def log_on(line: Line, http: requests.Session, login: Login) -> None:
    """Log the connection on with an empty request: exactly one proof. Raises RemoteError."""
    target = line.target
    try:
        response = http.post(target.url, headers=_SOAP, allow_redirects=False)
    except (PermissionError, KeyError):
        raise LogonNotOffered(target.place, text("reasons.connection.no_logon_offered")) from None
    line.sealed = True
    proved = len(response.history) >= 2 or line.kerberos
    if response.status_code == 401:
        if proved:
            raise LogonRefused(target.place, login.account)
        raise LogonNotOffered(target.place, text("reasons.connection.no_logon_offered"))
    if response.status_code == 503:
        raise NodeUnreachable(target.place, text("reasons.connection.not_running"))
    if not proved or response.status_code == 404:
        raise AnswerUnreadable(target.place, text("reasons.connection.no_winrm", status=response.status_code))


def protocol_over(line: Line, http: requests.Session, login: Login) -> Any:
    """pywinrm's Protocol on a session that is logged on; encrypts every message over HTTP."""
    from winrm.encryption import Encryption
    from winrm.protocol import Protocol

    target = line.target
    protocol = Protocol(
        target.url,
        transport="kerberos" if line.kerberos else "ntlm",
        username=login.account,
        password="",  # the session has it
        ca_trust_path=target.ca_file,
        proxy=None,
        operation_timeout_sec=LONG_OPERATION,
        read_timeout_sec=int(ANSWER_TIMEOUT),
    )
    protocol.transport.session = http
    if target.transport is WinrmTransport.HTTP:
        protocol.transport.encryption = Encryption(http, "kerberos" if line.kerberos else "ntlm")
        line.encrypted = True
    return protocol
