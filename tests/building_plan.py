"""The one builder for a plan."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from vmm_wizard.plan.model import Cluster, Database, DkmContainer, Media, Plan, Release, ServiceAccount
from vmm_wizard.plan.names import AccountName, DistinguishedName, HostName, NetbiosName, SqlTarget


def a_plan(**changes: Any) -> Plan:
    """The plan of the practice estate, two nodes and static addresses, with `changes` to its top-level fields."""
    plan = Plan(
        release=Release.VMM_2022,
        domain=HostName("contoso.lab"),
        installing_account=AccountName.parse(r"CONTOSO\vmm-setup"),
        service_account=ServiceAccount(AccountName.parse(r"CONTOSO\svc-vmm")),
        dkm=DkmContainer(DistinguishedName.parse("CN=VMMDKM,DC=contoso,DC=lab")),
        database=Database(SqlTarget.parse("sql01")),
        cluster=Cluster(
            name=HostName("vmmclu"),
            role_name=NetbiosName("vmm"),
            static_addresses=(ip_address("10.0.0.50"), ip_address("10.0.1.50")),
            nodes=(HostName("vmm01"), HostName("vmm02")),
        ),
        media=Media(r"C:\VMM2022"),
    )
    return replace(plan, **changes)


def with_role_name(name: str) -> Plan:
    """The plan with another role name."""
    plan = a_plan()
    return replace(plan, cluster=replace(plan.cluster, role_name=NetbiosName(name)))
