"""Faults of scenarios in the failover cluster and at the role's addresses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vmm_wizard.lab.cluster import ClusterMember, Group, Resource
from vmm_wizard.lab.dns_server import reverse_name
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.vmm import STATES

_DISABLED = 0x2

#: What a fault may set on the cluster itself.
_SETTINGS = frozenset({"witness", "access_point", "kerberos_status", "dns_status"})


def _cluster(estate: Estate, fault: Mapping[str, Any]) -> None:
    """Settings of the cluster: its witness, its access point, how its name fared."""
    for key, value in fault["set"].items():
        if key not in _SETTINGS:
            raise ValueError(f"a cluster has no {key!r}")
        setattr(estate.cluster, key, value)


def _member(estate: Estate, fault: Mapping[str, Any]) -> None:
    """One more node in the cluster, which the plan does not use."""
    estate.cluster.members.append(ClusterMember(fault["name"]))


def _resource(estate: Estate, fault: Mapping[str, Any]) -> None:
    """The state of a resource by name."""
    found = [row for group in estate.cluster.groups for row in group.resources if row.name == fault["name"]]
    for row in found:
        row.state = fault["state"]


def _object_disabled(estate: Estate, fault: Mapping[str, Any]) -> None:  # noqa: ARG001
    """The cluster's computer object is disabled."""
    entry = estate.directory.require(estate.cluster.cno_dn)
    control = int(entry.text("userAccountControl") or 0x1000)
    estate.directory.modify(estate.cluster.cno_dn, {"userAccountControl": control | _DISABLED})


def _workload(estate: Estate, fault: Mapping[str, Any]) -> None:
    """Another role on the cluster, with one resource of this type."""
    kind = "VirtualMachine" if fault["type"] == "Virtual Machine" else "Unknown"
    owner = estate.cluster.members[0].name
    resource = Resource(f"{fault['type']} {fault['group']}", fault["type"], fault["group"])
    estate.cluster.groups.append(Group(fault["group"], kind, owner, resources=[resource]))


def _squatter(estate: Estate, fault: Mapping[str, Any]) -> None:
    """A machine that nobody has named has an address; `silent`: it drops pings."""
    (estate.silent_squatters if fault.get("silent") else estate.squatters).add(fault["address"])


def _pointer(estate: Estate, fault: Mapping[str, Any]) -> None:
    """Reverse DNS has a name for an address."""
    estate.reverse_zone.set(reverse_name(fault["address"]), "PTR", [f"{fault['name']}."])


def _validation(estate: Estate, fault: Mapping[str, Any]) -> None:
    """When Test-Cluster last ran, in days; negative: never. `errors`: messages of errors in its report."""
    for node in estate.nodes.values():
        node.state.validated_days_ago = None if fault["days_ago"] < 0 else fault["days_ago"]
        node.state.validation_errors = fault.get("errors", 0)


def _vmm_job(estate: Estate, fault: Mapping[str, Any]) -> None:
    """A job of VMM: it runs for some estate seconds, or until the role moves, and then has failed."""
    state = fault.get("state", "Running")
    if state not in STATES:
        raise ValueError(f"a job of VMM is one of {', '.join(STATES)}, not {state!r}")
    estate.vmm.add_job(
        fault["name"],
        fault["owner"],
        target=fault.get("target", ""),
        state=state,
        percent=fault.get("percent", 0),
        seconds=fault.get("seconds"),
        restartable=fault.get("restartable", True),
    )


CLUSTER_FAULTS: Mapping[str, Callable[[Estate, Mapping[str, Any]], None]] = {
    "cluster": _cluster,
    "cluster_node_added": _member,
    "cluster_resource": _resource,
    "cluster_object_disabled": _object_disabled,
    "cluster_workload": _workload,
    "squatter": _squatter,
    "pointer": _pointer,
    "validation": _validation,
    "vmm_job": _vmm_job,
}
