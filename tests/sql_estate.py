"""One SQL Server of a practice estate on loopback, for the tests of both ends of TDS."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.certificate_authority import CertificateAuthority, HostCertificate
from vmm_wizard.lab.logons import Credential, Logons
from vmm_wizard.lab.sql import VMM_TABLES, Database, ServerLogin, SqlServer
from vmm_wizard.lab.tds_server import TdsServer

HOST = "sql01.contoso.lab"
ADMIN = "CONTOSO\\vmm-setup"
ADMIN_PASSWORD = "Good-Passw0rd!"
READER = "CONTOSO\\reader"
READER_PASSWORD = "Reader-Passw0rd!"
STRANGER = "CONTOSO\\stranger"
STRANGER_PASSWORD = "Stranger-Passw0rd!"
SQL_LOGIN = "driver-test"
SQL_PASSWORD = "Driver-Passw0rd1"

_SIDS = {
    ADMIN.casefold(): {"S-1-5-21-1-2-3-1101", "S-1-5-21-1-2-3-1200"},
    READER.casefold(): {"S-1-5-21-1-2-3-1102"},
    STRANGER.casefold(): {"S-1-5-21-1-2-3-1103"},
}

#: SIDs of accounts that have no login of their own here, by name.
_OWN_SIDS = {ADMIN: "S-1-5-21-1-2-3-1101", "CONTOSO\\svc-vmm": "S-1-5-21-1-2-3-1104"}


@dataclass
class SqlEstate:
    """The server's state, the domain's logons, the listening port, and who signed its certificate."""

    state: SqlServer
    logons: Logons
    server: TdsServer
    authority: CertificateAuthority
    certificate: HostCertificate
    folder: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1."""
        return self.server.port

    def bad_logons(self, account: str) -> int:
        """How many bad logons the domain counts for an account."""
        credential = self.logons.find(account)
        assert credential is not None
        return credential.counted


def sql_state(**changes: object) -> SqlServer:
    """A default instance: the setup account is sysadmin through a group, a reader has a login without roles."""
    state = SqlServer(
        HOST,
        lambda account: _SIDS.get(account.casefold(), set()),
        logins=[
            ServerLogin("CONTOSO\\VMM Admins", "S-1-5-21-1-2-3-1200", {"sysadmin"}),
            ServerLogin(READER, "S-1-5-21-1-2-3-1102"),
            ServerLogin(SQL_LOGIN, password=SQL_PASSWORD, roles={"sysadmin"}),
        ],
        databases=[
            Database("Payroll", "Latin1_General_100_CI_AS"),
            Database(
                "OldVMM",
                "Latin1_General_100_CI_AS",
                owners=["CONTOSO\\svc-vmm"],
                tables=["tbl_Other", *VMM_TABLES],
            ),
        ],
    )
    state.own_sid = lambda name: _OWN_SIDS.get(name, "")
    for name, value in changes.items():
        assert hasattr(state, name)
        setattr(state, name, value)
    return state


@contextmanager
def served(
    folder: Path,
    *,
    certificate_host: str = HOST,
    encrypted: bool = True,
    **changes: object,
) -> Iterator[SqlEstate]:
    """Serve one instance on a free port, with a certificate for `certificate_host`, until the block ends."""
    logons = Logons()
    for number, (name, password) in enumerate(
        ((ADMIN, ADMIN_PASSWORD), (READER, READER_PASSWORD), (STRANGER, STRANGER_PASSWORD)), 1101
    ):
        user = name.partition("\\")[2]
        aliases = (f"{user}@contoso.lab", f"contoso.lab\\{user}")
        logons.add(Credential(name, password, f"S-1-5-21-1-2-3-{number}", f"CN={user},DC=contoso,DC=lab", aliases))
    authority = CertificateAuthority(folder / "tls")
    certificate = authority.issue(certificate_host)
    context: ssl.SSLContext | None = None
    if encrypted:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.key)
    state = sql_state(**changes)
    with TdsServer(state, logons, context) as server:
        yield SqlEstate(state, logons, server, authority, certificate, folder)
