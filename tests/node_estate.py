"""Nodes of the practice estate behind real WinRM services, and the question that a probe asks them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from vmm_wizard.addresses import AddressBook
from vmm_wizard.facts.questions import NodeQuestion, Trust
from vmm_wizard.lab.certificates import CertificateAuthority, server_context
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.logons import Credential
from vmm_wizard.lab.node import Node
from vmm_wizard.lab.setup_machine import InstalledServer
from vmm_wizard.lab.winrm_server import Shells, WinrmServer
from vmm_wizard.plan.model import Authentication, WinrmTransport
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret

HOST = "vmm01.contoso.lab"
LOOPBACK = "127.0.0.1"
ADMIN = "CONTOSO\\vmm-setup"
READER = "CONTOSO\\reader"


@dataclass
class ServedNodes:
    """An estate whose nodes answer on loopback. `http` are the listeners by host; the address book knows them."""

    estate: Estate
    addresses: AddressBook
    ca_file: Path
    http: dict[str, WinrmServer]

    @property
    def node(self) -> Node:
        """The node that most tests ask."""
        return self.estate.nodes[HOST]

    def credential(self, account: str = ADMIN) -> Credential:
        found = self.estate.logons.find(account)
        assert found is not None
        return found

    def password(self, account: str = ADMIN) -> Secret:
        """The account's right password."""
        return Secret(self.credential(account).password)


@cache
def _authority() -> CertificateAuthority:
    """One for all tests: making its keys takes longer than most of them."""
    return CertificateAuthority.create("Test CA")


@contextmanager
def served_nodes(folder: Path) -> Iterator[ServedNodes]:
    """The estate's three nodes, each with its HTTP and HTTPS listener."""
    estate = Estate()
    authority = _authority()
    hosts: dict[str, dict[str, object]] = {}
    http: dict[str, WinrmServer] = {}
    opened: list[WinrmServer] = []
    for host, node in estate.nodes.items():
        shells = Shells(node, estate.clock)
        context = server_context(*authority.issue(host), folder)
        hosts[host] = {"address": LOOPBACK}
        for service, tls in (("winrm_http", None), ("winrm_https", context)):
            server = WinrmServer(node, estate.logons, tls, name=node.computer_name, clock=estate.clock, shells=shells)
            opened.append(server)
            node.services.append(server)
            hosts[host][service] = server.port
        http[host] = opened[-2]
    book = AddressBook(folder / "address-book.toml", hosts)
    try:
        yield ServedNodes(estate, book, authority.write(folder / "ca.pem"), http)
    finally:
        estate.close()
        for server in opened:
            server.close()


def a_question(**changes: Any) -> NodeQuestion:
    """What the example plan asks of its first node, over HTTP as the installing account."""
    question = NodeQuestion(
        host=HOST,
        transport=WinrmTransport.HTTP,
        port=5985,
        account=AccountName.parse(ADMIN),
        authentication=Authentication.AUTO,
        trust=Trust(),
        sql_host="sql01.contoso.lab",
        sql_instance="",
        sql_port=0,
        media_path=r"C:\VMM\Media",
        program_files=r"C:\Program Files\Microsoft System Center\Virtual Machine Manager",
        ports=(8100, 8101, 8102, 8103, 443),
        static_addresses=("10.10.0.50", "10.20.0.50"),
    )
    return replace(question, **changes)


def an_installation(**changes: Any) -> InstalledServer:
    """What setup leaves on a node."""
    server = InstalledServer(
        install_path=r"C:\Program Files\VMM",
        version="10.22.1287.0",
        service_account="CONTOSO\\svc-vmm",
        principal_names="SCVMM/vmm,SCVMM/vmm.contoso.lab",
        sql_machine="sql01.contoso.lab",
        sql_instance="",
        sql_database="VirtualManagerDB",
        role_name="vmm",
        console_port=8100,
    )
    return replace(server, **changes)
