"""LDAP binds against the estate's logons: simple, ldap3's Sicily NTLM, and SASL GSS-SPNEGO; errors as AD words them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

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
from vmm_wizard.lab.negotiate import NegotiateAcceptor
from vmm_wizard.lab.ntlm import BadChannel, NtlmAcceptor, NtlmError

_VIA = "ldap"

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

    `computer` is the controller's name in NTLM challenges.
    `require_tls` refuses every bind but the anonymous one while the connection is not encrypted, as a domain
    controller that requires signing does. `certificate_digest` (SHA-256 of the server's certificate) makes NTLM binds
    prove the TLS channel they came through; None asks for no proof.
    """

    directory: Directory
    logons: Logons
    computer: str = "DC"
    require_tls: bool = True
    certificate_digest: bytes | None = None
    _exchange: NegotiateAcceptor | None = field(default=None, init=False)

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
            self._exchange = self._acceptor()
        exchange = self._exchange
        try:
            token = exchange.step(request.credentials)
        except (LogonRefused, NtlmError) as error:
            self._exchange = None
            return _refused_step(error)
        if exchange.credential is not None:
            self._exchange = None
            bound = self._bound(exchange.credential)
            return replace(bound, sasl_token=token or None) if is_sasl else bound
        if is_sasl:
            return BindAnswer(Result(SASL_BIND_IN_PROGRESS), token)
        return BindAnswer(Result(SUCCESS, matched=token))

    def _acceptor(self) -> NegotiateAcceptor:
        channel = None
        if self.certificate_digest is not None:
            channel = b"tls-server-end-point:" + self.certificate_digest
        ntlm = NtlmAcceptor(self.logons, _VIA, computer=self.computer, domain=self.directory.netbios, channel=channel)
        return NegotiateAcceptor(ntlm)

    def _bound(self, credential: Credential) -> BindAnswer:
        account = self.directory.require(credential.dn)
        view = View(self.directory, account, credential.account, self.directory.logon_sids(account.dn))
        return BindAnswer(Result(SUCCESS), view=view)


def _refused(refusal: LogonRefused) -> BindAnswer:
    return BindAnswer(invalid_credentials(LDAP_DATA[refusal.refusal]))


def _refused_step(error: LogonRefused | NtlmError) -> BindAnswer:
    if isinstance(error, LogonRefused):
        return _refused(error)
    # Nobody was named, or nothing was proved: nobody's bad logon is counted.
    if isinstance(error, BadChannel):
        return BindAnswer(invalid_credentials(_BAD_BINDINGS, _BAD_BINDINGS))
    return BindAnswer(invalid_credentials(_UNREADABLE_TOKEN))


def certificate_digest(certificate: bytes) -> bytes:
    """What channel bindings of kind tls-server-end-point hold for a DER certificate signed with SHA-256 (RFC 5929)."""
    return hashlib.sha256(certificate).digest()
