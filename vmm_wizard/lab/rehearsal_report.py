"""What the rehearsal's wrapper sees from inside its task: token, SQL Server, DKM container, cluster, each as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vmm_wizard.lab.descriptors import AUTHENTICATED_USERS, BUILTIN_ADMINISTRATORS, BUILTIN_USERS, EVERYONE
from vmm_wizard.lab.directory import Directory, NoSuchObject
from vmm_wizard.lab.ldap_view import View
from vmm_wizard.lab.logons import Credential
from vmm_wizard.lab.sql import SqlServer
from vmm_wizard.lab.tds_tokens import SqlError

_BATCH = "S-1-5-3"
_HIGH_INTEGRITY, _MEDIUM_INTEGRITY = "S-1-16-12288", "S-1-16-8192"
_DEFAULT_SQL_PORT = 1433


@dataclass(frozen=True)
class Token:
    """Who a task runs as on a node. `sids` are the account's own and its groups', local ones included."""

    account: str
    own_sid: str
    sids: frozenset[str]

    @property
    def is_elevated(self) -> bool:
        """Whether the token is an administrator's, with high integrity (RunLevel Highest)."""
        return BUILTIN_ADMINISTRATORS in self.sids


def batch_token(directory: Directory, account: Credential, administrators: Iterable[str]) -> Token:
    """The token of a batch logon; `administrators` are the SIDs in the node's local group of that name."""
    entry = directory.find_by_sid(account.sid)
    groups = directory.token_groups(entry.dn) if entry is not None else ()
    sids = {account.sid, *groups, EVERYONE, AUTHENTICATED_USERS, BUILTIN_USERS, _BATCH}
    if not sids.isdisjoint(administrators):
        sids.add(BUILTIN_ADMINISTRATORS)
    return Token(account.account, account.sid, frozenset(sids))


def token_report(token: Token, language_mode: str, ui_culture: str) -> dict[str, Any]:
    """Groups, integrity, language."""
    label = _HIGH_INTEGRITY if token.is_elevated else _MEDIUM_INTEGRITY
    return {
        "user": token.account,
        "groups": [*sorted(token.sids - {token.own_sid}), label],
        "elevated": token.is_elevated,
        "language_mode": language_mode,
        "ui_culture": ui_culture,
    }


def find_sql(servers: Iterable[SqlServer], host: str, instance: str) -> SqlServer | None:
    """The instance that a client means by host (short or full) and instance (empty: the default one)."""
    name = "" if instance.upper() == "MSSQLSERVER" else instance.casefold()
    return next(
        (server for server in servers if server.listens_as(host) and server.instance.casefold() == name),
        None,
    )


def sql_report(
    server: SqlServer | None, directory: Directory, host: str, port: int, account: Credential
) -> dict[str, Any]:
    """A connection with integrated security, as SqlClient makes it; None is a server that does not answer."""
    report: dict[str, Any] = {"sql_login": "", "sql_sysadmin": None, "sql_auth_scheme": "", "sql_error": ""}
    if server is None:
        report["sql_error"] = (
            "A network-related or instance-specific error occurred while establishing a connection to SQL Server. "
            "The server was not found or was not accessible. (0x80131904)"
        )
        return report
    forms = (port or _DEFAULT_SQL_PORT, server.instance or port or _DEFAULT_SQL_PORT)
    suffix = server.fqdn.partition(".")[2]
    asked = host if "." in host else f"{host}.{suffix}"
    # One holder and no more: of a name that two hold the domain gives no ticket, and Windows falls back to NTLM.
    has_spn = any(len(directory.find_spn(f"MSSQLSvc/{asked}:{form}")) == 1 for form in forms)
    try:
        principal = server.windows_principal(account.account, "KERBEROS" if has_spn else "NTLM")
    except SqlError as error:
        report["sql_error"] = f"{error.message} (0x80131904)"
        return report
    scheme = principal.auth_scheme if principal.may_view_server_state else ""
    return report | {
        "sql_login": principal.name,
        "sql_sysadmin": principal.is_sysadmin,
        "sql_auth_scheme": scheme,
    }


#: What a container is to an account that no domain controller answers.
NO_CONTROLLER: Mapping[str, Any] = {
    "dkm_found": False,
    "dkm_allowed_child_classes": [],
    "dkm_sd_rights": 0,
    "dkm_error": "The server is not operational. (0x8007203A)",
}


def container_report(directory: Directory, job: Mapping[str, Any], account: Credential) -> dict[str, Any]:
    """The DKM container as the directory shows it to this account."""
    missing = {
        "dkm_found": False,
        "dkm_allowed_child_classes": [],
        "dkm_sd_rights": 0,
        "dkm_error": "There is no such object on the server. (0x80072030)",
    }
    bound = directory.find_by_sid(account.sid)
    if bound is None:
        return missing
    view = View(directory, bound, account.account, directory.logon_sids(bound.dn))
    try:
        entry = directory.require(job["dkm_container"])
    except (NoSuchObject, ValueError):
        return missing
    if not view.sees(entry):
        return missing
    wanted = ("allowedChildClassesEffective", "sDRightsEffective")
    shown = dict(view.candidate(entry).answer(wanted, True, None))
    return {
        "dkm_found": True,
        "dkm_allowed_child_classes": [value.decode() for value in shown.get(wanted[0], ())],
        "dkm_sd_rights": int(next(iter(shown.get(wanted[1], ())), b"0")),
        "dkm_error": "",
    }
