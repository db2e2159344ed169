"""Logs on to the directory: one bind on a verified channel, and what its refusal means."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NoReturn

from vmm_wizard.addresses import Addresses
from vmm_wizard.facts.directory_channel import Channel, DirectoryUnusable, open_channel, open_global_catalog
from vmm_wizard.facts.questions import DirectoryAccess
from vmm_wizard.plan.model import Authentication
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.texts import text

#: AD's sub-codes of a refused bind where the account or its password is to blame (backends sheet): the catalogue says
#: what each means.
REFUSALS: Final = frozenset({"525", "52e", "532", "533", "701", "773", "775"})

#: Sub-codes that say nothing of the password, each with the `NoAnswer` code; the catalogue has a sentence each.
_NOT_THE_PASSWORD: Final[Mapping[str, str]] = {
    "52f": "no_login",
    "530": "no_login",
    "531": "no_login",
    "569": "no_login",
    "57": "denied",
    "80090346": "denied",
}

_DATA: Final = re.compile(r"\bdata ([0-9a-f]+)", re.IGNORECASE)

_SUCCESS, _AUTH_METHOD, _STRONGER_AUTH, _SASL_CONTINUES, _INVALID_CREDENTIALS = 0, 7, 8, 14, 49
_BUSY = (51, 52)
_NTLM_KEY_EXCHANGE: Final = 0x40000000
#: A bind of more rounds than this goes nowhere.
_MOST_ROUNDS: Final = 8

#: Kerberos errors (RFC 4120 7.5.9, MIT's numbering) that are the account's or its password's fault, as AD's sub-codes.
_KERBEROS_REFUSALS: Final[Mapping[int, str]] = {6: "525", 18: "533", 23: "532", 24: "52e", 31: "52e"}
_KERBEROS_BASE: Final = -1765328384
_CLOCK_SKEW: Final = 37


class LogonRefused(Exception):
    """The directory refuses an account. `code` is AD's sub-code (lower case hexadecimal), `meaning` it in words.

    The text never holds the password.
    """

    def __init__(self, account: AccountName, code: str, meaning: str) -> None:
        how = "coded" if code else "plain"
        super().__init__(text(f"reasons.directory_logon.refused.{how}", account=account, meaning=meaning, code=code))
        self.account = account
        self.code = code
        self.meaning = meaning


def open_directory(
    access: DirectoryAccess, account: AccountName, secret: Secret | None, addresses: Addresses, deadline: float
) -> Channel:
    """Log `account` on to a domain controller of `access` with one bind, within `deadline` seconds.

    `secret` may be missing with Kerberos alone, which then uses the ticket of this session. Raises LogonRefused when
    the account or its password is refused, and DirectoryUnusable for everything else. An empty password is never sent:
    to a domain controller that would be an anonymous bind, which proves nothing.
    """
    _require_secret(access, account, secret)
    until = time.monotonic() + deadline
    return _logged_on(open_channel(access, addresses, until), access, account, secret, until)


def open_catalog(
    access: DirectoryAccess,
    account: AccountName,
    secret: Secret | None,
    host: str,
    addresses: Addresses,
    deadline: float,
) -> Channel:
    """The same on the global catalog of the domain controller `host`."""
    _require_secret(access, account, secret)
    until = time.monotonic() + deadline
    return _logged_on(open_global_catalog(host, access.trust, addresses, until), access, account, secret, until)


def _require_secret(access: DirectoryAccess, account: AccountName, secret: Secret | None) -> None:
    if not secret and access.authentication is not Authentication.KERBEROS:
        raise DirectoryUnusable(text("reasons.directory_logon.no_password", account=account), "not_asked")


def _logged_on(
    channel: Channel, access: DirectoryAccess, account: AccountName, secret: Secret | None, until: float
) -> Channel:
    try:
        if access.authentication is Authentication.AUTO and secret:
            result = _simple_bind(channel, account, secret, until)
        else:
            result = _negotiated_bind(channel, access, account, secret, until)
        _judge(result, account, channel)
    except BaseException:
        channel.close()
        raise
    return channel


def _simple_bind(channel: Channel, account: AccountName, secret: Secret, until: float) -> Mapping[str, Any]:
    from ldap3.protocol.rfc4511 import AuthenticationChoice, Simple

    # As bytes and past ldap3's own bind: it would normalize the password (SASLprep), which AD does not, and keep it.
    choice = AuthenticationChoice().setComponentByName("simple", Simple(secret.reveal().encode()))
    return _send_bind(channel, login_name(account), choice, until)


def _send_bind(channel: Channel, name: str, choice: Any, until: float) -> Mapping[str, Any]:
    from ldap3.protocol.rfc4511 import BindRequest, Version

    request = BindRequest()
    request["version"] = Version(3)
    request["name"] = name.encode()
    request["authentication"] = choice

    def ask(connection: Any) -> Mapping[str, Any]:
        try:
            number = connection.send("bindRequest", request, None)
            answers: list[Mapping[str, Any]] = connection.post_send_single_response(number)
            return answers[-1]
        finally:
            connection.request = None

    return channel.exchange(ask, until - time.monotonic())


def _negotiated_bind(
    channel: Channel, access: DirectoryAccess, account: AccountName, secret: Secret | None, until: float
) -> Mapping[str, Any]:
    """SASL GSS-SPNEGO with NTLM or Kerberos, tied to the TLS channel (MS-ADTS 5.1.1.1, RFC 5929)."""
    from ldap3.protocol.rfc4511 import AuthenticationChoice, SaslCredentials

    def made(make: Callable[[], Any]) -> Any:
        try:
            return make()
        except ImportError:
            raise _no_kerberos() from None
        except Exception as error:
            # The three libraries below pyspnego raise errors of their own that share no base class.
            raise _token_failure(error, channel, account) from None

    context = made(lambda: _client_context(channel, access, account, secret))
    token = made(context.step)
    for _ in range(_MOST_ROUNDS):
        credentials = SaslCredentials()
        credentials["mechanism"] = b"GSS-SPNEGO"
        credentials["credentials"] = token or b""
        choice = AuthenticationChoice().setComponentByName("sasl", credentials)
        result = _send_bind(channel, "", choice, until)
        if result["result"] != _SASL_CONTINUES:
            return result
        challenge = bytes(result["saslCreds"] or b"")
        token = made(partial(context.step, challenge))
    reason = text("reasons.directory_logon.never_ended", endpoint=channel.endpoint, account=account)
    raise DirectoryUnusable(reason, "unreadable")


def _client_context(channel: Channel, access: DirectoryAccess, account: AccountName, secret: Secret | None) -> Any:
    import spnego

    password = secret.reveal() if secret else None
    common: dict[str, Any] = {
        "password": password,
        "hostname": channel.endpoint.host,
        "service": "ldap",
        "channel_bindings": _channel_bindings(channel.certificate),
    }
    # Neither signs nor seals: AD refuses both under TLS (MS-ADTS 5.1.1.1.2).
    if access.authentication is Authentication.KERBEROS:
        name = kerberos_name(account, access.domain) if secret else None
        request = spnego.ContextReq.mutual_auth | spnego.ContextReq.no_integrity
        return spnego.client(name, protocol="kerberos", context_req=request, **common)
    # pyspnego's own NTLM on every system, so that there is exactly one message to judge.
    options = spnego.NegotiateOptions.use_ntlm
    context = spnego.client(
        login_name(account), protocol="ntlm", options=options, context_req=spnego.ContextReq.none, **common
    )
    # Without signing no key is exchanged. pyspnego offers to all the same, and Samba then misses the key.
    context._context_req &= ~_NTLM_KEY_EXCHANGE
    return context


def _channel_bindings(certificate: bytes) -> Any:
    """tls-server-end-point: the certificate's hash by its own signature's algorithm, SHA-256 for the old ones."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from spnego.channel_bindings import GssChannelBindings

    parsed = x509.load_der_x509_certificate(certificate)
    try:
        algorithm = parsed.signature_hash_algorithm
    except Exception:
        algorithm = None
    if algorithm is None or isinstance(algorithm, hashes.MD5 | hashes.SHA1):
        algorithm = hashes.SHA256()
    digest = parsed.fingerprint(algorithm)
    return GssChannelBindings(application_data=b"tls-server-end-point:" + digest)


def login_name(account: AccountName) -> str:
    """The account as binds take it. Before a backslash AD wants the NetBIOS name of the domain (MS-ADTS 5.1.1.1.1),
    so a DNS name there goes behind an at sign."""
    dns_before_backslash = not account.is_upn and "." in account.domain
    return f"{account.user}@{account.domain}" if dns_before_backslash else str(account)


def kerberos_name(account: AccountName, domain: str) -> str:
    """The Kerberos principal `user@REALM`. A NetBIOS domain name is no realm: the directory's domain stands in."""
    realm = account.domain if "." in account.domain else domain
    return f"{account.user}@{realm.upper()}"


def _no_kerberos() -> DirectoryUnusable:
    return DirectoryUnusable(
        text("reasons.directory_logon.no_kerberos"),
        "denied",
    )


def _token_failure(error: Exception, channel: Channel, account: AccountName) -> Exception:
    """What went wrong while tokens were made: with Kerberos, the logon itself happens there."""
    number = _kerberos_error(error)
    if number in _KERBEROS_REFUSALS:
        code = _KERBEROS_REFUSALS[number]
        meaning = text("reasons.directory_logon.cannot_log_on") if code == "533" else _meaning(code)
        return LogonRefused(account, code, meaning)
    if number == _CLOCK_SKEW:
        return DirectoryUnusable(
            text("reasons.directory_logon.clock", account=account, host=channel.endpoint.host), "denied"
        )
    why = " ".join(str(getattr(error, "base_error", None) or error).split())
    reason = text("reasons.directory_logon.not_made", account=account, host=channel.endpoint.host, why=why)
    return DirectoryUnusable(reason, "denied")


def _kerberos_error(error: BaseException | None) -> int:
    """The protocol's error number in an exception or those behind it; -1 when there is none."""
    seen = 0
    while error is not None and seen < 8:
        for attribute in ("err_code", "min_code"):
            value = getattr(error, attribute, None)
            if isinstance(value, int):
                signed = value - (1 << 32) if value >= 1 << 31 else value
                if 0 <= signed - _KERBEROS_BASE < 128:
                    return signed - _KERBEROS_BASE
        error = getattr(error, "base_error", None) or error.__cause__ or error.__context__
        seen += 1
    return -1


def _judge(result: Mapping[str, Any], account: AccountName, channel: Channel) -> None:
    """Return when the bind was good. Raises LogonRefused or DirectoryUnusable."""
    number = int(result["result"])
    if number == _SUCCESS:
        return
    written = str(result["message"]).rstrip("\0")
    if number == _INVALID_CREDENTIALS:
        judge_refusal(written, account, channel)
    if number == _STRONGER_AUTH:
        raise DirectoryUnusable(
            text("reasons.directory_logon.stronger", endpoint=channel.endpoint),
            "denied",
        )
    if number == _AUTH_METHOD:
        raise DirectoryUnusable(text("reasons.directory_logon.not_offered", endpoint=channel.endpoint), "denied")
    code = "unreachable" if number in _BUSY else "denied"
    told = {"endpoint": channel.endpoint, "account": account, "number": number, "said": result["description"]}
    raise DirectoryUnusable(text("reasons.directory_logon.not_taken", **told), code)


def judge_refusal(written: str, account: AccountName, channel: Channel) -> NoReturn:
    """What AD's text says of a refused bind. Raises LogonRefused or DirectoryUnusable."""
    match = _DATA.search(written)
    code = match[1].lower() if match else ""
    if "80090346" in written:
        code = "80090346"
    if code in _NOT_THE_PASSWORD:
        reason = text(f"reasons.directory_logon.not_the_password.{code}", account=account, endpoint=channel.endpoint)
        raise DirectoryUnusable(reason, _NOT_THE_PASSWORD[code])
    raise LogonRefused(account, code, _meaning(code))


def _meaning(code: str) -> str:
    """What a sub-code means, in words."""
    return text(f"reasons.directory_logon.meanings.{code if code in REFUSALS else 'unknown'}")
