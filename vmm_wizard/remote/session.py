"""One WinRM session with one node: a logon, a shell, and scripts run in it with bounded calls. Blocking.

A deadline is a value of `time.monotonic()`; `deadline_in` makes one. A call that is cancelled or runs out of time comes
back at once, or within three seconds where a shell has to be tidied up.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from vmm_wizard.plan.model import Authentication, WinrmTransport
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote import bootstrap
from vmm_wizard.remote.bootstrap import JSON, Output, Script, load_script
from vmm_wizard.remote.errors import (
    AccessDenied,
    AnswerUnreadable,
    CertificateRefused,
    LanguageModeRefused,
    NodeUnreachable,
    RemoteError,
    ScriptFailed,
    ShellRefused,
)
from vmm_wizard.remote.winrs import TIDYING_SECONDS, Shell
from vmm_wizard.texts import text

if TYPE_CHECKING:
    import requests

    from vmm_wizard.remote.connection import Line

__all__ = ["JSON", "Login", "Script", "Session", "Target", "deadline_in", "load_script"]

#: WSManFault codes (wsmerror.h).
_ACCESS_DENIED = {5, 0x80070005}
_GONE = {0x8033805B, 995, 0x803381C4, 0x803381DE}
_QUOTAS = {0x803381A5, 0x803381A6, 0x803381A7, 0x803381A8, 0x803381AB, *range(0x803381E4, 0x803381EB), 0x8033803F}
_SHELLS_NOT_ALLOWED = 0x803381AC


def deadline_in(seconds: float) -> float:
    """The deadline that lies `seconds` ahead."""
    return time.monotonic() + seconds


@dataclass(frozen=True, slots=True)
class Target:
    """Where a node's WinRM service is. `host` is the name its certificate must carry, `connect_address` an IP address.

    `ca_file` is a PEM bundle, None for the system's authorities. `pinned_sha256` (64 hexadecimal digits) takes the
    place of both checks for this node alone. `shown_port` is the port in messages, 0 for `port`.
    """

    host: str
    connect_address: str
    port: int
    transport: WinrmTransport = WinrmTransport.HTTP
    ca_file: str | None = None
    pinned_sha256: str | None = None
    authentication: Authentication = Authentication.AUTO
    shown_port: int = 0

    @property
    def place(self) -> str:
        """host:port, for messages."""
        return f"{self.host}:{self.shown_port or self.port}"

    @property
    def url(self) -> str:
        """The endpoint, by the node's name."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.transport.value}://{host}:{self.port}/wsman"


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs on: `DOMAIN\\user` or `user@domain`, and the password. Kerberos uses the ticket that is there."""

    account: str
    password: Secret


class Session:
    """An open shell on one node. Make one with `Session.open`; after any NodeUnreachable it is `closed`."""

    def __init__(self, line: Line, http: requests.Session, login: Login) -> None:
        self._line = line
        self._http = http
        self._login = login
        self._shell: Shell | None = None
        self._busy = threading.Lock()
        self.closed = False
        #: Whether somebody else may go on with the shell when this session is closed (see `remote.kept`).
        self.reusable = True

    @classmethod
    def open(cls, target: Target, login: Login, deadline: float, cancel: threading.Event | None = None) -> Session:
        """Connect, log on once, open a shell. Raises RemoteError; a refused logon was counted once by the node."""
        from vmm_wizard.remote import connection

        line = connection.Line(target, cancel or threading.Event(), deadline)
        session: Session | None = None
        try:
            with line.watched():
                session = cls(line, connection.open_http(line, login), login)
                session._log_on()
        except BaseException as error:
            line.close()
            if session is not None:
                session.closed = True
                session._http.close()
            raise _translated(error, line, login) from None
        return session

    @property
    def place(self) -> str:
        """host:port of the node, for messages."""
        return self._line.target.place

    @property
    def target(self) -> Target:
        """The node, and the way to it."""
        return self._line.target

    def is_quiet(self) -> bool:
        """Whether the connection stands, as far as that shows while nothing is asked."""
        return not self.closed and self._line.is_quiet()

    def _log_on(self) -> None:
        from vmm_wizard.remote import connection

        connection.log_on(self._line, self._http, self._login)
        protocol = connection.protocol_over(self._line, self._http, self._login)
        self._line.grace = connection.GRACE
        self._shell = self._open_shell(protocol)

    def _open_shell(self, protocol: Any) -> Shell:
        """A WinRS shell; where policy forbids those, a runspace of PowerShell remoting under the same logon."""
        from winrm.exceptions import WSManFaultError

        from vmm_wizard.remote.winrs import WinrsShell

        try:
            return WinrsShell(self._line, protocol)
        except WSManFaultError as fault:
            if _SHELLS_NOT_ALLOWED not in _codes(fault):
                raise
        from vmm_wizard.remote.runspace import ENDPOINT, RunspaceShell

        try:
            return RunspaceShell(self._line, protocol)
        except WSManFaultError as fault:
            raise ShellRefused(self._line.target.place, _neither(fault, ENDPOINT, self._login)) from None

    def run(
        self,
        script: Script,
        parameters: Mapping[str, JSON],
        secrets: Sequence[Secret] = (),
        *,
        deadline: float,
        cancel: threading.Event | None = None,
    ) -> dict[str, object]:
        """Run `script` with `parameters` by name and return the object it gives back.

        `secrets` are lines that the script reads from stdin itself. `cancel` replaces the session's flag from now on.
        Raises RemoteError; after ScriptFailed, LanguageModeRefused and AnswerUnreadable the session goes on.
        """
        with self._busy:
            if self.closed:
                raise NodeUnreachable(self._line.target.place, text("reasons.session.closed"))
            if cancel is not None:
                self._line.cancel = cancel
            self._line.deadline = deadline
            self._line.script_sent = False
            with self._guarded(), self._line.watched():
                self._line.require_time()
                assert self._shell is not None
                output = self._shell.execute(script, parameters, secrets)
            return self._read(script, secrets, output)

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Translate what goes wrong inside; when the connection is gone, close."""
        try:
            yield
        except BaseException as error:
            self.reusable = False
            translated = _translated(error, self._line, self._login)
            if self._line.dead or not isinstance(translated, RemoteError):
                self._abandon()
            raise translated from None

    def _read(self, script: Script, secrets: Sequence[Secret], output: Output) -> dict[str, object]:
        place = self._line.target.place
        masked = _Mask((*secrets, self._login.password))
        try:
            answer = bootstrap.read_answer(output.stdout)
            if answer is not None and isinstance(answer.get("result"), str):
                answer["result"] = bootstrap.parse_result(str(answer["result"]))
        except ValueError as broken:
            raise AnswerUnreadable(place, masked(f"{script.name}: {broken}")) from None
        if answer is None:
            mode = bootstrap.read_language_mode(output.stdout)
            if mode:
                raise LanguageModeRefused(place, mode)
            said = bootstrap.error_text(output.stderr) or bootstrap.decode_output(output.stdout)
            # First the secrets: the head of one would not be found any more.
            head = bootstrap.head_of(masked(said))
            ended = text("reasons.session.ended", script=script.name, code=output.exit_code, said=head)
            raise AnswerUnreadable(place, ended)
        error = answer.get("error")
        if isinstance(error, dict):
            line = error.get("line")
            message = " ".join(masked(str(error.get("message") or text("reasons.session.unknown_error"))).split())
            kind = str(error.get("type") or "")
            raise ScriptFailed(place, script.name, message, line if isinstance(line, int) else 0, kind)
        result = answer.get("result")
        if not isinstance(result, dict):
            raise AnswerUnreadable(place, text("reasons.session.no_object", script=script.name))
        return result

    def close(self) -> None:
        """End the shell, best-effort and quickly, and the connection. May be called twice."""
        with self._busy:
            if self.closed:
                return
            if self._shell is not None:
                with contextlib.suppress(Exception), self._line.tidying(TIDYING_SECONDS), self._line.watched():
                    self._shell.close()
            self._abandon()

    def _abandon(self) -> None:
        self.closed = True
        self._http.close()
        self._line.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Mask:
    """Takes secrets out of a text that a node sent."""

    def __init__(self, secrets: Sequence[Secret]) -> None:
        self._texts = sorted((secret.reveal() for secret in secrets if secret), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self._texts:
            text = text.replace(secret, "***")
        return text


def _translated(error: BaseException, line: Line, login: Login) -> BaseException:
    """The RemoteError that stands for what the libraries raised; anything that is a fault of ours stays what it is."""
    import xml.etree.ElementTree as ET

    import requests
    import urllib3
    from winrm.exceptions import (
        AuthenticationError,
        WinRMError,
        WinRMOperationTimeoutError,
        WinRMTransportError,
        WSManFaultError,
    )

    place = line.target.place
    if isinstance(error, RemoteError):
        return error
    if isinstance(error, (requests.exceptions.SSLError, urllib3.exceptions.SSLError, ssl.SSLError)):
        return _certificate_error(error, line)
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return AnswerUnreadable(place, text("reasons.session.redirects"))
    if isinstance(error, (requests.exceptions.Timeout, WinRMOperationTimeoutError)):
        return line.lost(text("reasons.shared.timed_out"))
    if isinstance(error, (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError)):
        return line.lost()
    if isinstance(error, WSManFaultError):
        return _fault_error(error, line, login)
    if isinstance(error, AuthenticationError):
        return line.lost(text("reasons.session.other_logon"))
    if isinstance(error, WinRMTransportError):
        return line.lost(text("reasons.session.http_error", code=error.code))
    if isinstance(error, (WinRMError, ET.ParseError, StopIteration, AssertionError, ValueError)):
        return AnswerUnreadable(place, text("reasons.session.not_ws_management", kind=type(error).__name__))
    return error


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and all that it was made of."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        found = waiting.pop()
        if not isinstance(found, BaseException) or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        waiting += [found.__cause__, found.__context__, getattr(found, "reason", None), *found.args]


def _certificate_error(error: BaseException, line: Line) -> RemoteError:
    place = line.target.place
    for found in _chain(error):
        if isinstance(found, ssl.SSLCertVerificationError):
            return CertificateRefused(place, found.verify_message or text("reasons.session.not_verified"))
    if "ingerprint" in str(error):
        return CertificateRefused(place, text("reasons.session.other_fingerprint"))
    return line.lost(text("reasons.session.no_tls"))


def _codes(fault: Any) -> set[int | None]:
    return {fault.wsman_fault_code, fault.wmierror_code}


def _said(fault: Any) -> str:
    said = " ".join(str(fault.reason).split())[:200]
    return text("reasons.session.fault", code=fault.wsman_fault_code, said=said)


def _neither(fault: Any, endpoint: str, login: Login) -> str:
    """Why a node that forbids WinRS shells opened no runspace either, and whom that is to be asked of."""
    if _codes(fault) & _ACCESS_DENIED:
        return text("reasons.session.neither_denied", endpoint=endpoint, account=login.account)
    return text("reasons.session.neither_opens", endpoint=endpoint, said=_said(fault))


def _fault_error(fault: Any, line: Line, login: Login) -> BaseException:
    place = line.target.place
    codes = _codes(fault)
    if codes & _ACCESS_DENIED:
        return AccessDenied(place, login.account)
    if codes & _QUOTAS:
        return ShellRefused(place, text("reasons.session.quota"))
    if codes & _GONE:
        return line.lost(text("reasons.session.shell_gone"))
    return AnswerUnreadable(place, _said(fault))
