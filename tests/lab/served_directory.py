"""A small domain served on loopback, for the tests that talk to it as clients do."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import ldap3

from vmm_wizard.lab import ber
from vmm_wizard.lab.certificates import CertificateAuthority, der, server_context
from vmm_wizard.lab.clock import SpedUpClock
from vmm_wizard.lab.directory import Directory
from vmm_wizard.lab.ldap_server import LdapServer, loopback_listener
from vmm_wizard.lab.logons import Credential, Logons, Refusal

BASE = "DC=contoso,DC=lab"
USERS = f"CN=Users,{BASE}"
PASSWORD = "Pr@ctice-1"
AUTHORITY = CertificateAuthority.create("Contoso Lab Test CA")


@dataclass
class Served:
    """A running domain controller and all it serves."""

    directory: Directory
    logons: Logons
    server: LdapServer
    host: str
    ca_file: Path

    def user(self, sam: str, password: str = PASSWORD, state: Refusal | None = None, **attributes: str) -> str:
        """An account that can log on, under all its spellings; its DN."""
        return add_user(self.directory, self.logons, sam, password, state, **attributes)

    def connect(
        self,
        user: str = "CONTOSO\\alice",
        password: str = PASSWORD,
        *,
        ntlm: bool = False,
        secure: bool = True,
    ) -> ldap3.Connection:
        """A connection of ldap3, not bound yet; over LDAPS with everything verified unless `secure` is false."""
        tls = ldap3.Tls(
            validate=ssl.CERT_REQUIRED, ca_certs_file=str(self.ca_file), valid_names=[self.host], sni=self.host
        )
        port = self.server.ldaps_port if secure else self.server.port
        target = ldap3.Server("127.0.0.1", port, use_ssl=secure, tls=tls, get_info=ldap3.NONE, connect_timeout=20)
        kind = ldap3.NTLM if ntlm else ldap3.SIMPLE
        return ldap3.Connection(
            target,
            user,
            password,
            authentication=kind,
            receive_timeout=20,
            auto_referrals=False,
            return_empty_attributes=False,
        )

    def bound(self, user: str = "CONTOSO\\alice", password: str = PASSWORD) -> ldap3.Connection:
        """The same, bound."""
        connection = self.connect(user, password)
        assert connection.bind(), connection.result
        return connection

    def bad_logons(self, sam: str) -> int:
        """How many bad logons the domain counted for an account, ever."""
        credential = self.logons.find(f"CONTOSO\\{sam}")
        assert credential is not None
        return credential.counted


def add_user(
    directory: Directory,
    logons: Logons,
    sam: str,
    password: str = PASSWORD,
    state: Refusal | None = None,
    **attributes: str,
) -> str:
    """An account in CN=Users with its credential."""
    dn = directory.add(f"CN={sam},{USERS}", "user", {"userPrincipalName": f"{sam}@contoso.lab", **attributes})
    entry = directory.require(dn)
    aliases = (f"{sam}@contoso.lab", f"contoso.lab\\{sam}", dn)
    logons.add(Credential(f"CONTOSO\\{sam}", password, entry.sid, dn, aliases, state))
    return dn


@contextmanager
def serving(place: Path, host: str = "dc01.contoso.lab", speed: float = 1.0) -> Iterator[Served]:
    """The domain contoso.lab with the account alice, answering on free ports until the block ends."""
    logons = Logons()
    clock = SpedUpClock(speed)
    directory = Directory(BASE, "CONTOSO", logons, clock)
    add_user(directory, logons, "alice", displayName="Alice Example")
    certificate, key = AUTHORITY.issue(host)
    server = LdapServer(
        directory,
        logons,
        host,
        plain=loopback_listener(),
        secure=loopback_listener(),
        tls=server_context(certificate, key, place),
        certificate=der(certificate),
    )
    ca_file = AUTHORITY.write(place / "ca.pem")
    with server:
        yield Served(directory, logons, server, host, ca_file)


def raw(served: Served, secure: bool = False) -> socket.socket:
    """A socket to the server without an LDAP library."""
    port = served.server.ldaps_port if secure else served.server.port
    client = socket.create_connection(("127.0.0.1", port), timeout=20)
    if not secure:
        return client
    context = ssl.create_default_context(cafile=str(served.ca_file))
    return context.wrap_socket(client, server_hostname=served.host)


def exchange(client: socket.socket, number: int, operation: bytes) -> bytes:
    """Send one request and read one response message."""
    client.sendall(ber.element(ber.SEQUENCE, ber.integer(number), operation))
    data = b""
    while (size := ber.message_size(data)) is None or len(data) < size:
        chunk = client.recv(4096)
        assert chunk, "the server hung up"
        data += chunk
    return data


def result_code(message: bytes) -> int:
    """The result code in a response message."""
    (_, content) = ber.elements(ber.elements(message)[0][1])[1]
    return ber.to_int(ber.elements(content)[0][1])


def is_hung_up(client: socket.socket) -> bool:
    """Whether the server closes the connection without an LDAP answer (a TLS alert may come first)."""
    try:
        while chunk := client.recv(4096):
            if chunk[0] == ber.SEQUENCE:
                return False
    except ConnectionError:
        return True
    return True
