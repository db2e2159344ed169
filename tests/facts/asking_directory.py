"""How the tests of this folder ask the practice domain, and a domain controller that answers every bind as told."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.served_directory import AUTHORITY, PASSWORD, Served
from vmm_wizard.addresses import AddressBook
from vmm_wizard.facts.directory import DirectorySession
from vmm_wizard.facts.model import AccountFacts, ClusterObjectFacts, ComputerFacts, NoAnswer, PrincipalNameFacts
from vmm_wizard.facts.questions import DirectoryAccess, PrincipalsQuestion, Trust
from vmm_wizard.lab import ber
from vmm_wizard.lab.certificates import server_context
from vmm_wizard.lab.ldap_messages import Result, bind_response, write_message
from vmm_wizard.plan.model import Authentication
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret

HOST = "dc01.contoso.lab"
RIGHT = Secret(PASSWORD)
WRONG = Secret("not this one")
SECONDS = 10.0


def account(name: str = "CONTOSO\\alice") -> AccountName:
    return AccountName.parse(name)


def access(
    name: str = "CONTOSO\\alice",
    *,
    authentication: Authentication = Authentication.AUTO,
    trust: Trust | None = None,
    server: str = HOST,
) -> DirectoryAccess:
    """The domain contoso.lab, asked as `name`."""
    return DirectoryAccess("contoso.lab", server, account(name), authentication, trust or Trust())


def account_of(session: DirectorySession, name: AccountName) -> AccountFacts | NoAnswer:
    """What the directory says of one account."""
    answer = session.principals(PrincipalsQuestion(session.access, accounts=(name,)))
    return answer if isinstance(answer, NoAnswer) else answer.accounts[name.key]


def role_of(session: DirectorySession, name: str) -> ComputerFacts | NoAnswer:
    """What the directory says of the computer object of a role."""
    answer = session.principals(PrincipalsQuestion(session.access, role=name))
    return answer if isinstance(answer, NoAnswer) else answer.role


def cluster_of(session: DirectorySession, name: str, role: str = "") -> ClusterObjectFacts | NoAnswer:
    """What the directory says of the computer object of a cluster, asked together with a role."""
    answer = session.principals(PrincipalsQuestion(session.access, role=role, cluster=name))
    return answer if isinstance(answer, NoAnswer) else answer.cluster


def names_of(session: DirectorySession, names: tuple[str, ...], role: str) -> PrincipalNameFacts | NoAnswer:
    """Who holds these service principal names, and the connection points of a role."""
    answer = session.principals(PrincipalsQuestion(session.access, role=role, names=names))
    return answer if isinstance(answer, NoAnswer) else answer.names


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def addresses(ca_file: Path | None, **hosts: dict[str, object]) -> AddressBook:
    """An address book of hosts, underscores in their names standing for dots."""
    entries = {name.replace("_", "."): {"address": "127.0.0.1", **services} for name, services in hosts.items()}
    return AddressBook(Path("book.toml"), entries, None, ca_file)


def leading_to(served: Served, *, ldaps: bool = True) -> AddressBook:
    """The way to a served domain; without `ldaps`, its LDAPS port is closed."""
    secure = served.server.ldaps_port if ldaps else closed_port()
    return addresses(served.ca_file, dc01_contoso_lab={"ldap": served.server.port, "ldaps": secure})


def send_at_once(connection: socket.socket, data: bytes) -> None:
    connection.sendall(data)


@contextmanager
def controller_answering(
    place: Path, answer: Callable[[int], bytes], send: Callable[[socket.socket, bytes], None] = send_at_once
) -> Iterator[AddressBook]:
    """A domain controller that sends `answer(message number)` to each request, over LDAPS, in the way of `send`."""
    certificate, key = AUTHORITY.issue(HOST)
    context = server_context(certificate, key, place)
    listener = socket.create_server(("127.0.0.1", 0))
    connections: list[socket.socket] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = listener.accept()
                secure = context.wrap_socket(accepted, server_side=True)
                connections.append(secure)
                while request := secure.recv(65536):
                    number = ber.to_int(ber.elements(ber.elements(request)[0][1])[0][1])
                    send(secure, answer(number))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        port = listener.getsockname()[1]
        yield addresses(AUTHORITY.write(place / "ca.pem"), dc01_contoso_lab={"ldaps": port, "ldap": closed_port()})
    finally:
        for each in (listener, *connections):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        thread.join(10)


def refusing_binds(place: Path, code: int, text: str) -> contextlib.AbstractContextManager[AddressBook]:
    """A domain controller that answers every bind with this result."""
    return controller_answering(place, lambda number: write_message(number, bind_response(Result(code, text), None)))
