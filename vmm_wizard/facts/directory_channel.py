"""Finds a domain controller and opens a verified, encrypted LDAP connection to it; nothing is bound here.

LDAPS first, else StartTLS where port 636 gives no answer. A certificate that is not trusted ends the attempt: there is
no way from here to a channel that nobody has verified.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from vmm_wizard.addresses import AddressError, Addresses, Endpoint
from vmm_wizard.facts.bounded_socket import BoundedSocket, TooMuch
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.facts.questions import DirectoryAccess, Trust
from vmm_wizard.texts import text

T = TypeVar("T")

Scope = Literal["base", "one", "subtree"]

#: Owner, group and DACL; without naming them an account that may not read the SACL gets no descriptor at all.
_DESCRIPTOR_PARTS: Final = 0x7
_PAGE: Final = 500

#: Ports of the global catalog (MS-ADTS 3.1.1.3.1.11).
GLOBAL_CATALOG_PORT: Final = 3268
GLOBAL_CATALOG_TLS_PORT: Final = 3269

#: Seconds for one TCP connection, and for one TLS handshake; less when the deadline is nearer.
_CONNECT_SECONDS: Final = 5.0
_HANDSHAKE_SECONDS: Final = 10.0
#: Most bytes of one answer: a page of 500 objects with their descriptors is a few MiB.
_MOST_BYTES: Final = 32 * 2**20
#: How many domain controllers are tried before giving up.
_CONTROLLERS: Final = 3

_START_TLS: Final = "1.3.6.1.4.1.1466.20037"
_WRONG_NAME: Final = 62  # X509_V_ERR_HOSTNAME_MISMATCH
_WRONG_ADDRESS: Final = 64  # X509_V_ERR_IP_ADDRESS_MISMATCH


class DirectoryUnusable(Exception):
    """A directory, or a part of it, gave no answer. `answer` says why, in a sentence for the user."""

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.answer = NoAnswer(reason, code)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search. `descriptor` also fetches owner, group and DACL; `cookie` is that of the page before;
    `most`: objects that are wanted at the most."""

    base: str
    scope: Scope
    wanted: str
    attributes: tuple[str, ...]
    descriptor: bool = False
    cookie: Any = None
    most: int = 1000


@dataclass
class Channel:
    """A verified connection to one domain controller.

    `endpoint` is where it goes, `certificate` the controller's certificate (DER). `connection` is ldap3's, used
    through `exchange` alone, from one thread at a time.
    """

    connection: Any
    endpoint: Endpoint
    certificate: bytes

    @property
    def is_closed(self) -> bool:
        """Whether this side has closed it, or given it up after an error."""
        return bool(self.connection.closed)

    def is_idle_alive(self) -> bool:
        """Whether the connection still stands while nothing is being asked. Asks nobody: a server that has hung up,
        or is about to, has sent something that no request is waiting for."""
        import selectors

        if self.is_closed:
            return False
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self.connection.socket, selectors.EVENT_READ)
                return not selector.select(0)
        except (OSError, ValueError):
            return False

    def exchange(self, ask: Callable[[Any], T], seconds: float) -> T:
        """What `ask(connection)` returns; it has `seconds` in all, however slowly the answer drips in.

        Raises DirectoryUnusable, with the channel closed, when the connection breaks, the answer does not come, has no
        end, or is not LDAP.
        """
        from ldap3.core.exceptions import LDAPExceptionError
        from pyasn1.error import PyAsn1Error

        try:
            if self.is_closed:
                raise DirectoryUnusable(text("reasons.directory_channel.closed", endpoint=self.endpoint), "unreachable")
            if seconds <= 0:
                raise TimeoutError
            self.connection.socket.allow(seconds, _MOST_BYTES)
            return ask(self.connection)
        except TimeoutError:
            reason, code = text("reasons.directory_channel.late", endpoint=self.endpoint), "timeout"
        except (LDAPExceptionError, OSError) as error:
            # ldap3 makes a class of its own for each error, which the system's error is a base of.
            late = isinstance(error, TimeoutError) or "timed out" in str(error)
            reason = text("reasons.directory_channel.lost", endpoint=self.endpoint)
            if late:
                reason = text("reasons.directory_channel.late", endpoint=self.endpoint)
            code = "timeout" if late else "unreachable"
        except TooMuch:
            reason = text("reasons.directory_channel.too_large", endpoint=self.endpoint, size=_MOST_BYTES // 2**20)
            code = "unreadable"
        except (PyAsn1Error, ValueError, LookupError, TypeError, RecursionError) as error:
            reason = text("reasons.directory_channel.not_ldap", endpoint=self.endpoint, kind=type(error).__name__)
            code = "unreadable"
        self.close()
        raise DirectoryUnusable(reason, code) from None

    def search(self, page: Page, limit: float, seconds: float) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
        """One page of a search: its result, and the objects' names (`dn`) and raw values (`raw_attributes`).

        The server is given `limit` seconds, the whole exchange `seconds`. Raises DirectoryUnusable.
        """
        import ldap3
        from ldap3.protocol.microsoft import security_descriptor_control

        scopes = {"base": ldap3.BASE, "one": ldap3.LEVEL, "subtree": ldap3.SUBTREE}

        def ask(connection: Any) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
            connection.search(
                page.base,
                page.wanted,
                scopes[page.scope],
                dereference_aliases=ldap3.DEREF_NEVER,
                attributes=list(page.attributes),
                time_limit=max(1, int(limit)),
                controls=security_descriptor_control(sdflags=_DESCRIPTOR_PARTS) if page.descriptor else None,
                paged_size=None if page.scope == "base" else min(_PAGE, page.most),
                paged_cookie=page.cookie,
            )
            return connection.result, [row for row in connection.response or () if row["type"] == "searchResEntry"]

        return self.exchange(ask, seconds)

    def close(self) -> None:
        """End the connection, bound or not. Never raises."""
        connection = self.connection
        raw = connection.socket
        if raw is None or connection.closed:
            return
        with contextlib.suppress(Exception):
            raw.allow(1.0, 0)
            connection.unbind()
        with contextlib.suppress(OSError):
            raw.close()
        connection.closed = True


def open_channel(access: DirectoryAccess, addresses: Addresses, until: float) -> Channel:
    """A verified connection to a domain controller of `access`, nothing bound. `until` is a `time.monotonic` time.

    Another controller is tried when one cannot be reached; a certificate that is not good ends the search. Raises
    DirectoryUnusable.
    """
    first: DirectoryUnusable | None = None
    for host in controllers(access, addresses):
        try:
            return _open_host(host, access.trust, addresses, until)
        except DirectoryUnusable as failure:
            if failure.answer.code not in ("unreachable", "timeout"):
                raise
            first = first or failure
    if first is None:
        raise DirectoryUnusable(text("reasons.directory_channel.no_controller", domain=access.domain), "unreachable")
    raise first


def is_answering(access: DirectoryAccess, addresses: Addresses, seconds: float) -> bool:
    """Whether any domain controller of `access` takes a connection, however it fares then. Nothing is bound."""
    try:
        open_channel(access, addresses, time.monotonic() + seconds).close()
    except DirectoryUnusable as failure:
        return failure.answer.code not in ("unreachable", "timeout")
    return True


def controllers(access: DirectoryAccess, addresses: Addresses) -> tuple[str, ...]:
    """The hosts to try, best first. Raises DirectoryUnusable when there are none."""
    if access.server:
        return (access.server,)
    try:
        hosts = addresses.domain_controllers(access.domain)
    except AddressError as error:
        raise DirectoryUnusable(
            text("reasons.directory_channel.lookup_failed", domain=access.domain, error=error), "unreachable"
        ) from None
    if not hosts:
        raise DirectoryUnusable(
            text("reasons.directory_channel.no_srv", domain=access.domain),
            "unreachable",
        )
    return hosts[:_CONTROLLERS]


def _open_host(host: str, trust: Trust, addresses: Addresses, until: float) -> Channel:
    try:
        return _open(_locate(addresses, host, "ldaps"), trust, addresses.ca_file, until, start_tls=False)
    except DirectoryUnusable as failure:
        if failure.answer.code not in ("unreachable", "timeout"):
            raise
        try:
            return _open(_locate(addresses, host, "ldap"), trust, addresses.ca_file, until, start_tls=True)
        except DirectoryUnusable as second:
            raise (failure if second.answer.code in ("unreachable", "timeout") else second) from None


def open_global_catalog(host: str, trust: Trust, addresses: Addresses, until: float) -> Channel:
    """A verified connection to the global catalog on a domain controller. Raises DirectoryUnusable."""
    try:
        endpoint = addresses.locate_tcp(host, GLOBAL_CATALOG_TLS_PORT)
    except AddressError as error:
        raise DirectoryUnusable(str(error), "unreachable") from None
    return _open(endpoint, trust, addresses.ca_file, until, start_tls=False)


def _locate(addresses: Addresses, host: str, service: Any) -> Endpoint:
    try:
        return addresses.locate(host, service)
    except AddressError as error:
        reason = text("reasons.directory_channel.unreachable", host=host, error=error)
        raise DirectoryUnusable(reason, "unreachable") from None


def _open(endpoint: Endpoint, trust: Trust, ca_file: str | None, until: float, *, start_tls: bool) -> Channel:
    pinned = trust.pinned(endpoint.host)
    context = _unverified() if pinned else _verifying(trust.ca_file or ca_file or "")
    try:
        channel = _encrypted(endpoint, context, until, start_tls=start_tls)
    except ssl.SSLCertVerificationError as error:
        raise DirectoryUnusable(_distrust(endpoint, error, until, start_tls=start_tls), "certificate") from None
    if pinned and not hmac.compare_digest(fingerprint(channel.certificate), pinned.lower()):
        channel.close()
        shown = fingerprint(channel.certificate)
        reason = text("reasons.directory_channel.other_certificate", endpoint=endpoint, fingerprint=shown)
        raise DirectoryUnusable(reason, "certificate")
    return channel


def fingerprint(certificate: bytes) -> str:
    """The SHA-256 fingerprint of a certificate in DER form: 64 lower-case hexadecimal digits."""
    return hashlib.sha256(certificate).hexdigest()


def _verifying(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or text("reasons.directory_channel.no_certificate")
        raise DirectoryUnusable(
            text("reasons.directory_channel.ca_file", file=ca_file, why=why), "certificate"
        ) from None


def _unverified() -> ssl.SSLContext:
    """For a host with an exception, whose certificate is compared before anything is sent, and for looking at one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _encrypted(endpoint: Endpoint, context: ssl.SSLContext, until: float, *, start_tls: bool) -> Channel:
    """Connect and make the TLS handshake. Raises SSLCertVerificationError and DirectoryUnusable."""
    from vmm_wizard.facts.network import sentence_of

    try:
        raw = socket.create_connection((endpoint.address, endpoint.port), _seconds(until, _CONNECT_SECONDS, endpoint))
    except OSError as error:
        code = "timeout" if isinstance(error, TimeoutError) else "unreachable"
        reason = text("reasons.directory_channel.unreachable", host=endpoint, error=sentence_of(error))
        raise DirectoryUnusable(reason, code) from None
    channel = Channel(_ldap_connection(raw, endpoint), endpoint, b"")
    try:
        if start_tls:
            _ask_for_tls(channel, _seconds(until, _HANDSHAKE_SECONDS, endpoint))
        raw.settimeout(_seconds(until, _HANDSHAKE_SECONDS, endpoint))
        secure = context.wrap_socket(raw, server_hostname=endpoint.host)
    except TimeoutError:
        raw.close()
        raise DirectoryUnusable(
            text("reasons.directory_channel.handshake_late", endpoint=endpoint), "timeout"
        ) from None
    except ssl.SSLCertVerificationError:
        raw.close()
        raise
    except OSError:
        raw.close()
        raise DirectoryUnusable(
            text("reasons.directory_channel.handshake_ended", endpoint=endpoint),
            "unreachable",
        ) from None
    except DirectoryUnusable:
        raw.close()
        raise
    channel.connection.socket = BoundedSocket(secure)
    channel.connection.tls_started = start_tls
    channel.certificate = secure.getpeercert(binary_form=True) or b""
    return channel


def _seconds(until: float, most: float, endpoint: Endpoint) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise DirectoryUnusable(text("reasons.directory_channel.late", endpoint=endpoint), "timeout")
    return min(left, most)


def _ldap_connection(raw: socket.socket, endpoint: Endpoint) -> Any:
    """ldap3's connection on a socket of ours: it never connects, resolves or reconnects by itself."""
    import ldap3

    address = f"[{endpoint.address}]" if ":" in endpoint.address else endpoint.address
    server = ldap3.Server(address, endpoint.port, get_info=ldap3.NONE)
    connection = ldap3.Connection(
        server,
        client_strategy=ldap3.SYNC,
        authentication=ldap3.ANONYMOUS,
        auto_bind=ldap3.AUTO_BIND_NONE,
        auto_referrals=False,
        check_names=False,
        auto_encode=False,
        raise_exceptions=False,
    )
    connection.socket = BoundedSocket(raw)
    connection.closed = False
    connection.listening = True
    connection.strategy._outstanding = {}
    return connection


def _ask_for_tls(channel: Channel, seconds: float) -> None:
    def ask(connection: Any) -> Any:
        connection.extended(_START_TLS)
        return connection.result

    result = channel.exchange(ask, seconds)
    if result["result"] != 0:
        raise DirectoryUnusable(
            text("reasons.directory_channel.no_tls", endpoint=channel.endpoint, said=result["description"]),
            "certificate",
        )


def _distrust(endpoint: Endpoint, error: ssl.SSLCertVerificationError, until: float, *, start_tls: bool) -> str:
    """The sentence for a certificate that is not good, with its fingerprint where it can be had."""
    shown = b""
    with contextlib.suppress(DirectoryUnusable, OSError):
        # Nothing is sent here but the handshake; the user compares what comes back with the certificate itself.
        channel = _encrypted(endpoint, _unverified(), until, start_tls=start_tls)
        shown = channel.certificate
        channel.close()
    told = {"endpoint": endpoint, "host": endpoint.host, "why": error.verify_message.rstrip(".").lower()}
    wrong = "name" if error.verify_code in (_WRONG_NAME, _WRONG_ADDRESS) else "trust"
    if shown:
        return text(f"reasons.directory_channel.distrust_shown.{wrong}", **told, sha256=fingerprint(shown))
    return text(f"reasons.directory_channel.distrust.{wrong}", **told)
