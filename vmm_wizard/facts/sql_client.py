"""Connections to SQL Server: which client library serves a question, and both of them behind one small face.

python-tds does NTLM over TLS that is verified here; Microsoft's ODBC driver does Kerberos, or Windows' own logon.
FreeTDS is never chosen: it accepts any certificate (measured). No library may try a logon twice.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vmm_wizard.addresses import Endpoint
from vmm_wizard.facts.questions import SqlQuestion, Trust
from vmm_wizard.facts.sql_queries import ParameterStyle, with_parameters
from vmm_wizard.facts.tds_tls import TdsTlsSocket, TlsRefused
from vmm_wizard.plan.model import Authentication
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.texts import text

Row = Mapping[str, object]
Rows = tuple[Row, ...]

#: Seconds that opening the TCP connection may take of the whole deadline.
CONNECT_TIMEOUT = 10.0

_APPLICATION = "vmm-wizard"


class NativeError(Exception):
    """An error of SQL Server itself: its native number and its sentence. Never holds a secret."""

    def __init__(self, number: int, sentence: str) -> None:
        super().__init__(text("reasons.sql_client.error", number=number, said=sentence))
        self.number = number
        self.sentence = sentence


class CertificateRefused(Exception):
    """Microsoft's driver does not trust the server. The text is a clause for the user."""


@dataclass(frozen=True, slots=True)
class Client:
    """How a question will be asked: the library, the driver's name and the kind of logon. `reason` says why."""

    library: Literal["python-tds", "odbc"]
    driver: str
    reason: str
    logon: str

    def __str__(self) -> str:
        return f"{self.driver}, {self.logon}"


class NoClient(Exception):
    """Nothing installed here can ask the question as wanted. The text is one sentence."""


def same_account(account: AccountName, holder: str) -> bool:
    """Whether `holder` (`user@REALM` or `DOMAIN\\user`) is that account; a DNS domain matches by its first label."""
    if "\\" in holder:
        domain, _, user = holder.partition("\\")
    else:
        user, _, domain = holder.rpartition("@")
    if not user or user.casefold() != account.user.casefold():
        return False
    ours, theirs = account.domain.casefold(), domain.casefold()
    return ours == theirs or (("." in ours) != ("." in theirs) and ours.partition(".")[0] == theirs.partition(".")[0])


def choose_client(question: SqlQuestion, odbc_driver: str, holder: str, tds_version: str) -> Client:
    """The client for a question.

    `odbc_driver`: Microsoft's driver as installed, or empty. `holder`: whose Kerberos ticket (or Windows session) this
    process has, or empty. A plan with a CA file or a certificate exception needs python-tds: the driver takes neither.
    Raises NoClient when Kerberos is demanded and cannot be had.
    """
    own_trust = bool(question.trust.ca_file or question.trust.pinned(question.host))
    if question.account.is_sql_login:
        if odbc_driver and not own_trust:
            return _client("odbc", odbc_driver, text("reasons.sql_client.no_ticket_needed"), "sql_login")
        return _client("python-tds", f"python-tds {tds_version}", text("reasons.sql_client.over_tls"), "sql_login")
    has_ticket = bool(holder) and same_account(question.account, holder)
    if question.authentication is not Authentication.NTLM and has_ticket and odbc_driver and not own_trust:
        return _client("odbc", odbc_driver, text("reasons.sql_client.logged_on", holder=holder), "windows_logon")
    if question.authentication is Authentication.KERBEROS:
        if own_trust:
            problem = text("reasons.sql_client.no_trust")
        elif not odbc_driver:
            problem = text("reasons.sql_client.no_driver")
        else:
            problem = text("reasons.sql_client.no_ticket", account=question.account)
        raise NoClient(text("reasons.sql_client.no_kerberos", problem=problem))
    return _client("python-tds", f"python-tds {tds_version}", text("reasons.sql_client.password_by_ntlm"), "ntlm")


def _client(library: Literal["python-tds", "odbc"], driver: str, reason: str, logon: str) -> Client:
    """`logon` is the catalogue's name of the kind of logon."""
    return Client(library, driver, reason, text(f"reasons.sql_client.logons.{logon}"))


def microsoft_driver() -> str:
    """The newest of Microsoft's ODBC drivers that is registered here, or an empty text."""
    try:
        import pyodbc
    except ImportError:  # the wheel needs libodbc, which a bare machine does not have
        return ""
    names = [name for name in pyodbc.drivers() if re.fullmatch(r"ODBC Driver (17|18) for SQL Server", name)]
    return max(names, default="")


def ticket_holder() -> str:
    """Whose Kerberos ticket this process has; on Windows, who runs it. Empty when nobody's."""
    if sys.platform == "win32":
        user = os.environ.get("USERNAME", "")
        return f"{os.environ.get('USERDOMAIN', '')}\\{user}" if user else ""
    try:
        import gssapi

        return str(gssapi.Credentials(usage="initiate").name)
    except Exception:  # gssapi is an extra, and every way to have no ticket is an exception of its own
        return ""


def python_tds_version() -> str:
    """The version of python-tds that is installed."""
    from importlib.metadata import version

    return version("python-tds")


class SqlConnection:
    """A logged-on connection. Raises NativeError, TimeoutError and ConnectionError."""

    def __init__(self, raw: Any, style: ParameterStyle, errors: type[Exception]) -> None:
        self._raw = raw
        self._style = style
        self._errors = errors

    def run(self, text: str, values: Mapping[str, str]) -> list[Rows]:
        """Send one batch; its result sets in order. Raises NativeError with what came before it lost."""
        sets, problem = self.run_as_far_as_allowed(text, values)
        if problem is not None:
            raise problem
        return sets

    def run_as_far_as_allowed(self, text: str, values: Mapping[str, str]) -> tuple[list[Rows], NativeError | None]:
        """Send one batch; the result sets up to the first error, and that error."""
        batch, parameters = with_parameters(text, values, self._style)
        sets: list[Rows] = []
        cursor = self._raw.cursor()
        try:
            if parameters:
                cursor.execute(batch, parameters)
            else:
                cursor.execute(batch)
            while True:
                if cursor.description is not None:
                    sets.append(_rows(cursor))
                if not cursor.nextset():
                    return sets, None
        except self._errors as error:
            return sets, native_error(error)

    def close(self) -> None:
        """End the connection; errors of a connection that is gone already do not matter."""
        with contextlib.suppress(OSError, self._errors):
            self._raw.close()


def _rows(cursor: Any) -> Rows:
    names = [str(column[0]) for column in cursor.description]
    return tuple(dict(zip(names, row, strict=True)) for row in cursor.fetchall())


def native_error(error: BaseException) -> NativeError:
    """SQL Server's own number and sentence in a client library's exception. Raises the exception when it has none."""
    number = int(getattr(error, "msg_no", 0) or 0)
    if number:
        return NativeError(number, str(getattr(error, "text", "") or error.args[0]))
    written = str(error.args[1]) if len(error.args) > 1 else str(error)
    found = re.search(r"\[SQL Server\](.*?) \((\d+)\)", written, re.DOTALL)
    if found:
        return NativeError(int(found[2]), found[1])
    if re.search(r"certificate|SSL Provider", written, re.IGNORECASE):
        clause = re.search(r"(certificate verify failed[^\]()]*|certificate[^\]()]*)", written)
        raise CertificateRefused((clause[1] if clause else text("reasons.sql_client.tls_failed")).strip())
    if "HYT00" in error.args[:1] or "HYT01" in error.args[:1]:
        raise TimeoutError("the driver's time is over")
    raise ConnectionError(re.sub(r"\[[^\]]*\]", "", written).strip()[:200]) from None


def open_tcp(endpoint: Endpoint, deadline: float) -> socket.socket:
    """A TCP connection to a located endpoint. Raises OSError; never waits longer than CONNECT_TIMEOUT."""
    remaining = max(deadline - time.monotonic(), 0.001)
    plain = socket.create_connection((endpoint.address, endpoint.port), min(remaining, CONNECT_TIMEOUT))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return plain


def connect_tds(
    plain: socket.socket, host: str, account: AccountName, secret: Secret, trust: Trust, deadline: float
) -> SqlConnection:
    """Log on through python-tds, once, over verified TLS: with NTLM, or with a SQL Server login's name and password.

    Raises NativeError, TlsRefused, TimeoutError and ConnectionError.
    """
    import pytds
    import spnego
    from pytds.login import SpnegoAuth

    channel = TdsTlsSocket(plain, host, trust.ca_file, trust.pinned(host), deadline)
    logon: dict[str, Any] = {"user": account.user, "password": secret.reveal()}
    if not account.is_sql_login:
        auth = SpnegoAuth(
            str(account),
            secret.reveal(),
            hostname=host,
            service="MSSQLSvc",
            protocol="ntlm",
            options=spnego.NegotiateOptions.use_ntlm,
        )
        logon = {"auth": auth}
    try:
        raw = pytds.connect(
            dsn=host,
            port=1433,
            sock=channel,
            **logon,
            autocommit=True,
            appname=_APPLICATION,
            # Time that is over before it begins: python-tds then neither waits nor tries a second time, whatever
            # failed. (With 0, rounding decides.) The channel has the true deadline and ignores this one.
            login_timeout=-1,
        )
    except (pytds.Error, OSError, TlsRefused) as error:
        channel.close()
        # What the channel saw first is the truth; after it python-tds reports what followed.
        raise channel.failure or _cause(error) from None
    return SqlConnection(raw, "pyformat", pytds.Error)


def _cause(error: Exception) -> Exception:
    """What a failed logon was about: python-tds' TimeoutError only says that there was no second try after it."""
    cause = error.__cause__ if isinstance(error, TimeoutError) else error
    if cause is not None and hasattr(cause, "msg_no") and cause.msg_no:
        return native_error(cause)
    return cause if isinstance(cause, OSError) else ConnectionResetError("the server has closed the connection")


@dataclass(frozen=True, slots=True)
class SqlPassword:
    """A SQL login, for servers without a domain."""

    user: str
    secret: Secret


def odbc_string(driver: str, endpoint: Endpoint, seconds: int, login: SqlPassword | None) -> str:
    """A connection string for Microsoft's driver: encrypted, verified by the host's name, to the located address.

    `login` None is Windows' or Kerberos' own logon. The text holds the secret: never log it.
    """
    parts: list[tuple[str, str]] = [
        ("DRIVER", driver),
        ("SERVER", f"tcp:{endpoint.address},{endpoint.port}"),
        ("Encrypt", "yes"),
        ("TrustServerCertificate", "no"),
        ("HostNameInCertificate", endpoint.host),
        ("ConnectRetryCount", "0"),
        ("LoginTimeout", str(seconds)),
        ("APP", _APPLICATION),
    ]
    if login is None:
        parts += [
            ("Trusted_Connection", "yes"),
            ("ServerSPN", f"MSSQLSvc/{endpoint.host}:{endpoint.shown_port or endpoint.port}"),
        ]
    else:
        parts += [("UID", login.user), ("PWD", login.secret.reveal())]
    return "".join(f"{key}={_odbc_value(value)};" for key, value in parts)


def _odbc_value(value: str) -> str:
    """A value in braces, closing ones doubled, unless it is plain."""
    return value if re.fullmatch(r"[\w.:,/ \\-]*", value) else "{" + value.replace("}", "}}") + "}"


def connect_odbc(driver: str, endpoint: Endpoint, deadline: float, login: SqlPassword | None = None) -> SqlConnection:
    """Log on through Microsoft's driver, once. Raises NativeError, CertificateRefused, TimeoutError and OSError."""
    import pyodbc

    pyodbc.pooling = False  # a pooled connection would outlive the question, and answer for a later account
    seconds = max(int(deadline - time.monotonic()), 1)
    try:
        raw = pyodbc.connect(odbc_string(driver, endpoint, seconds, login), timeout=seconds, autocommit=True)
    except pyodbc.Error as error:
        raise native_error(error) from None
    raw.timeout = seconds
    return SqlConnection(raw, "qmark", pyodbc.Error)


def columns(rows: Sequence[Row], name: str) -> tuple[str, ...]:
    """The text of one column in every row that has some."""
    return tuple(str(row[name]) for row in rows if row[name] is not None)
