"""Faults of accounts, of the cluster and of nodes that scenarios name: each changes an estate before it is served."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vmm_wizard.lab import contoso
from vmm_wizard.lab.descriptors import BUILTIN_ADMINISTRATORS
from vmm_wizard.lab.setup_machine import InstalledServer

if TYPE_CHECKING:
    from vmm_wizard.lab.estate import Estate


def _member(estate: Estate, fault: Mapping[str, Any]) -> None:
    """An account is in a group of the domain's Users container."""
    group = f"CN={fault['group']},CN=Users,{contoso.BASE}"
    estate.directory.add_member(group, estate.account(fault["account"]).dn)


def _password(estate: Estate, fault: Mapping[str, Any]) -> None:
    """An account's password: `begins` puts something before it; `told` false lets the admin know another one."""
    credential = estate.account(fault["account"])
    credential.password = fault.get("begins", "") + credential.password
    if not fault.get("told", True):
        estate.told_passwords[credential.account] = contoso.new_password()


def _administrators(estate: Estate, fault: Mapping[str, Any]) -> None:
    """These accounts and nobody else are in Administrators of a node; `batch` may run tasks there all the same."""
    state = estate.nodes[fault["node"]].state
    state.administrators = {estate.account(name).sid for name in fault["accounts"]}
    batch = [estate.account(name).sid for name in fault.get("batch", ())]
    state.rights["SeBatchLogonRight"] = [BUILTIN_ADMINISTRATORS, *batch]


def _dkm_forgets(estate: Estate, fault: Mapping[str, Any]) -> None:
    """Nothing on the DKM container is granted to an account."""
    sid = estate.account(fault["account"]).sid
    container = estate.directory.require(contoso.DKM)
    kept = tuple(ace for ace in container.descriptor.aces if ace.sid != sid)
    estate.directory.set_descriptor(contoso.DKM, replace(container.descriptor, aces=kept))


def _dkm_used(estate: Estate, fault: Mapping[str, Any]) -> None:
    """Another VMM has its keys in the DKM container."""
    estate.directory.add(f"CN={fault['name']},{contoso.DKM}", "container")


def _outside_cluster(estate: Estate, fault: Mapping[str, Any]) -> None:
    """A node is not in the cluster."""
    node = estate.nodes[fault["node"]]
    node.in_cluster = False
    members = estate.cluster.members
    members[:] = [row for row in members if row.name.casefold() != node.computer_name.casefold()]


def _cluster_member(estate: Estate, fault: Mapping[str, Any]) -> None:
    """The state of a node as its cluster sees it: Down, Paused, ..."""
    for row in estate.cluster.members:
        if row.name.casefold() == fault["name"].casefold():
            row.state = fault["state"]


def _installed_alone(estate: Estate, fault: Mapping[str, Any]) -> None:
    """A VMM that is not highly available was installed on a node once, and is there still."""
    estate.nodes[fault["node"]].server = InstalledServer(
        install_path="C:\\Program Files\\Microsoft System Center\\Virtual Machine Manager",
        version="10.22.1287.0",
        service_account=f"{contoso.NETBIOS}\\{contoso.SERVICE}",
        principal_names="",
        sql_machine=fault["sql"],
        sql_instance="",
        sql_database="VirtualManagerDB",
        role_name="",
        console_port=8100,
    )


FAULTS: Mapping[str, Callable[[Estate, Mapping[str, Any]], None]] = {
    "member": _member,
    "password": _password,
    "administrators": _administrators,
    "dkm_forgets": _dkm_forgets,
    "dkm_used": _dkm_used,
    "outside_cluster": _outside_cluster,
    "cluster_member": _cluster_member,
    "installed_alone": _installed_alone,
}
