"""The whole practice estate with VMM installed on two of its nodes, for tests of what is asked there afterwards."""

from __future__ import annotations

from vmm_wizard.lab.clock import Clock
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.setup_machine import InstalledServer

FIRST, SECOND, THIRD = (f"vmm{number:02}.contoso.lab" for number in (1, 2, 3))
ADDRESSES = ("10.10.0.50", "10.20.0.50")


def installed_estate(clock: Clock | None = None) -> Estate:
    """VMM's role is online on the first node, and the second one may own it, too."""
    estate = Estate(clock)
    for host in (FIRST, SECOND):
        estate.nodes[host].server = InstalledServer(
            install_path=r"C:\Program Files\Microsoft System Center\Virtual Machine Manager",
            version="10.22.1287.0",
            service_account=r"CONTOSO\svc-vmm",
            principal_names="",
            sql_machine="sql01.contoso.lab",
            sql_instance="",
            sql_database="VirtualManagerDB",
            role_name="vmm",
            console_port=8100,
        )
    estate.cluster.create_vmm_role("vmm", ADDRESSES, FIRST)
    estate.cluster.add_vmm_node(SECOND)
    return estate


def password(estate: Estate, sam: str = "vmm-setup") -> str:
    """The password of an account of the estate."""
    return estate.account(sam).password
