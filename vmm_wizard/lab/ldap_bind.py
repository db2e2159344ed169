"""LDAP binds against the estate's logons: simple, ldap3's Sicily NTLM, and SASL GSS-SPNEGO; errors as AD words them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import BadBindingsError, NegotiateOptions, SpnegoError

from vmm_wizard.lab.directory import Directory
from vmm_wizard.lab.ldap_filter import dn_key
from vmm_wizard.lab.ldap_messages import (
    AUTH_METHOD_NOT_SUPPORTED,
    INVALID_CREDENTIALS,
    SASL_BIND_IN_PROGRESS,
    STRONGER_AUTH_REQUIRED,
    SUCCESS,
    BindRequest,
    Result,
)
from vmm_wizard.lab.ldap_view import View
from vmm_wizard.lab.logons import LDAP_DATA, Credential, LogonRefused, Logons

_VIA = "ldap"
_NTLM_SIGNATURE = b"NTLMSSP\0"
_NTLM_AUTHENTICATE = b"\x03\0\0\0"
_UNICODE = 0x1

#: ERROR_INVALID_PARAMETER: what AD says of a token that it cannot read.
_UNREADABLE_TOKEN = "57"
#: SEC_E_BAD_BINDINGS: not a wrong password (facts/backends.md).
_BAD_BINDINGS = "80090346"

_NEEDS_TLS = Result(
    STRONGER_AUTH_REQUIRED,
    "00002028: LdapErr: DSID-0C090202, comment: The server requires binds to turn on integrity checking if SSL\\TLS "
    "are not already active on the connection, data 0, v4f7c\0",
)
_NO_SUCH_METHOD = Result(
    AUTH_METHOD_NOT_SUPPORTED,
    "00002027: LdapErr: DSID-0C0905ED, comment: Unsupported authentication method, data 0, v4f7c\0",
)


def invalid_credentials(data: str, status: str = "80090308") -> Result:
    """A refused bind as AD words it; `data` is the sub-code that says why."""
    text = f"{status}: LdapErr: DSID-0C090569, comment: AcceptSecurityContext error, data {data}, v4f7c\0"
    return Result(INVALID_CREDENTIALS, text)


@dataclass(frozen=True, slots=True)
class BindAnswer:
    """What a bind request comes to: the result, a SASL token to send along, and the view once somebody is bound."""

    result: Result
    sasl_token: bytes | None = None
    view: View | None = None


@dataclass
class Authenticator:
    """The bind state of one connection. Each failed bind counts once, whatever its kind.

    `require_tls` refuses every bind but the anonymous one while the connection is not encrypted, as a domain
    controller that requires signing does. `certificate_digest` (SHA-256 of the server's certificate) makes NTLM binds
    prove the TLS channel they came through; None asks for no proof.
    """

    directory: Directory
    logons: Logons
    require_tls: bool = True
    certificate_digest: bytes | None = None
    _exchange: Any = field(default=None, init=False)

    def bind(self, request: BindRequest, is_encrypted: bool) -> BindAnswer:
        """Answer one bind request. Any bind ends what was bound before."""
        if request.method == "simple":
            self._exchange = None
            return self._simple(request, is_encrypted)
        if self.require_tls and not is_encrypted:
            self._exchange = None
            return BindAnswer(_NEEDS_TLS)
        if request.method == "sicily_discovery":
            return BindAnswer(Result(SUCCESS, matched=b"NTLM"))
        if request.method == "sasl" and request.mechanism.upper() != "GSS-SPNEGO":
            return BindAnswer(_NO_SUCH_METHOD)
        return self._step(request)

    def _simple(self, request: BindRequest, is_encrypted: bool) -> BindAnswer:
        if not request.credentials:
            # AD takes a name without a password for an anonymous bind: no proof of anything.
            return BindAnswer(Result(SUCCESS))
        if self.require_tls and not is_encrypted:
            return BindAnswer(_NEEDS_TLS)
        try:
            password = request.credentials.decode()
            credential = self.logons.log_on(self._login(request.name), password, _VIA)
        except UnicodeDecodeError:
            return _refused(self.logons.refuse(self._login(request.name), _VIA))
        except LogonRefused as refusal:
            return _refused(refusal)
        return self._bound(credential)

    def _login(self, name: str) -> str:
        """A name that the logons know: DNs may be spelled with other blanks or letters."""
        if self.logons.find(name) is not None or "=" not in name:
            return name
        key = dn_key(name)
        return next((known.account for known in self.logons.credentials if dn_key(known.dn) == key), name)

    def _step(self, request: BindRequest) -> BindAnswer:
        is_sasl = request.method == "sasl"
        if self._exchange is None or request.method == "sicily_negotiate":
            self._exchange = self._acceptor(is_sasl)
        exchange = self._exchange
        login = ntlm_login(request.credentials)
        try:
            token = exchange.step(request.credentials)
        except BadBindingsError:
            self._exchange = None
            return BindAnswer(invalid_credentials(_BAD_BINDINGS, _BAD_BINDINGS))
        except (SpnegoError, ValueError, LookupError) as error:
            self._exchange = None
            return self._failed_step(login, error)
        if not exchange.complete:
            if is_sasl:
                return BindAnswer(Result(SASL_BIND_IN_PROGRESS), token or b"")
            return BindAnswer(Result(SUCCESS, matched=token or b""))
        self._exchange = None
        try:
            credential = self.logons.admit(login or exchange.client_principal, _VIA)
        except LogonRefused as refusal:
            return _refused(refusal)
        answer = self._bound(credential)
        return BindAnswer(answer.result, token or None if is_sasl else None, answer.view)

    def _failed_step(self, login: str | None, error: Exception) -> BindAnswer:
        if login is None:
            # Nobody was named yet, so nobody's bad logon is counted.
            del error
            return BindAnswer(invalid_credentials(_UNREADABLE_TOKEN))
        return _refused(self.logons.refuse(login, _VIA))

    def _acceptor(self, is_sasl: bool) -> Any:
        # The acceptors written in Python are named, because on Windows the system's own would not know our accounts.
        bindings = None
        if self.certificate_digest is not None:
            bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + self.certificate_digest)
        protocol = "negotiate" if is_sasl else "ntlm"
        options = NegotiateOptions.use_negotiate if is_sasl else NegotiateOptions.use_ntlm
        return spnego.server(protocol=protocol, options=options, channel_bindings=bindings)

    def _bound(self, credential: Credential) -> BindAnswer:
        account = self.directory.require(credential.dn)
        view = View(self.directory, account, credential.account, self.directory.logon_sids(account.dn))
        return BindAnswer(Result(SUCCESS), view=view)


def _refused(refusal: LogonRefused) -> BindAnswer:
    return BindAnswer(invalid_credentials(LDAP_DATA[refusal.refusal]))


def certificate_digest(certificate: bytes) -> bytes:
    """What channel bindings of kind tls-server-end-point hold for a DER certificate signed with SHA-256 (RFC 5929)."""
    return hashlib.sha256(certificate).digest()


def ntlm_login(token: bytes) -> str | None:
    """Who an NTLM AUTHENTICATE message (bare or inside SPNEGO) says it is; None for other or damaged tokens.

    `DOMAIN\\user`, or the user alone when no domain is given, as with a UPN (MS-NLMP 2.2.1.3).
    """
    start = token.find(_NTLM_SIGNATURE + _NTLM_AUTHENTICATE)
    message = token[start:] if start >= 0 else b""
    if len(message) < 64:
        return None
    encoding = "utf-16-le" if int.from_bytes(message[60:64], "little") & _UNICODE else "latin-1"
    names = []
    for position in (28, 36):
        length = int.from_bytes(message[position : position + 2], "little")
        offset = int.from_bytes(message[position + 4 : position + 8], "little")
        if offset + length > len(message):
            return None
        names.append(message[offset : offset + length].decode(encoding, "replace"))
    domain, user = names
    if not user:
        return None
    return f"{domain}\\{user}" if domain else user
