"""The failover cluster: its nodes, its right to make the role, what is on it already, its addresses."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from tests.building import (
    a_cluster,
    a_cluster_object,
    a_cluster_with_role,
    a_descriptor,
    a_node,
    a_plan,
    an_installation,
    good_facts,
    installed_facts,
)
from tests.checks.asking import with_all_nodes, with_node
from tests.checks.states import Case
from vmm_wizard.facts.model import ClusterGroup, Facts, NoAnswer
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import HostName

STATES = {
    "CLU-01": "pass fail unknown",
    "CLU-02": "pass warn fail unknown",
    "CLU-03": "pass warn fail unknown not_applicable",
    "CLU-05": "pass warn fail unknown not_applicable",
    "CLU-07": "pass warn fail unknown not_applicable",
    "CLU-08": "pass fail unknown",
    "CLU-09": "pass warn fail unknown not_applicable",
}

GONE = NoAnswer("could not reach vmm01.contoso.lab:5985: refused", "unreachable")


def silent() -> Facts:
    """No node answers."""
    facts = good_facts()
    return replace(facts, nodes=dict.fromkeys(facts.nodes, GONE))


def cluster(**changes: Any) -> Facts:
    """Both nodes see another cluster."""
    return with_all_nodes(cluster=a_cluster(**changes))


def nodes(*names: str) -> dict[str, Any]:
    """The plan with these nodes, and an estate that fits it."""
    plan = a_plan()
    plan = replace(plan, cluster=replace(plan.cluster, nodes=tuple(map(HostName, names))))
    return {"facts": good_facts(plan), "plan": plan}


def down(label: str) -> Facts:
    """One node of the cluster is down."""
    rows = [replace(row, state="Down") if row.name == label else row for row in a_cluster().nodes]
    return cluster(nodes=tuple(rows))


def addresses(*texts: str) -> Plan:
    """The plan with these static addresses."""
    plan = a_plan()
    return replace(plan, cluster=replace(plan.cluster, static_addresses=tuple(map(ip_address, texts))))


def object_in(**changes: Any) -> Facts:
    """The good estate with the cluster's object in another place."""
    return good_facts(cluster_object=a_cluster_object(**changes))


OTHER = cluster(name="other")
#: Another VMM has the cluster, and the addresses that the plan wants.
FOREIGN = with_all_nodes(cluster=a_cluster_with_role("another"))
TAKEN = (*a_cluster().groups, ClusterGroup("vmm", "GenericService", "Online", "VMM03"))
NO_RIGHT = a_descriptor()
HALF_DHCP = tuple(replace(row, dhcp=row.network == "Front") for row in a_node().adapters)

CASES = (
    Case("CLU-01", "pass", "in cluster vmmclu"),
    Case("CLU-01", "fail", "in cluster other", OTHER),
    Case("CLU-01", "unknown", GONE.reason, silent()),
    Case("CLU-02", "pass", "2 nodes"),
    Case("CLU-02", "warn", "one node", **nodes("vmm01")),
    Case("CLU-02", "fail", "more than once", **nodes("vmm01", "vmm02", "vmm01")),
    Case("CLU-02", "unknown", GONE.reason, silent()),
    Case("CLU-03", "pass", "the cluster says: Up"),
    Case("CLU-03", "warn", "the cluster says: Down", down("VMM03")),
    Case("CLU-03", "fail", "the cluster says: Down", down("VMM01")),
    Case("CLU-03", "unknown", GONE.reason, silent()),
    Case("CLU-03", "not_applicable", "CLU-01 first", OTHER),
    Case("CLU-05", "pass", "may create computer objects"),
    Case("CLU-05", "warn", "quota", object_in(parent_descriptor=NO_RIGHT, parent_is_computers=True)),
    Case("CLU-05", "fail", "create", object_in(parent_descriptor=NO_RIGHT)),
    Case("CLU-05", "unknown", "could not be read", object_in(parent_descriptor=None)),
    Case("CLU-05", "not_applicable", "exists already", installed_facts()),
    Case("CLU-07", "pass", "has no VMM"),
    Case("CLU-07", "pass", "the planned role is there", installed_facts()),
    Case("CLU-07", "warn", "has a role vmm already", cluster(groups=TAKEN)),
    Case("CLU-07", "fail", "not as planned role", FOREIGN, also=frozenset({"CLU-09"})),
    Case("CLU-07", "unknown", GONE.reason, silent()),
    Case("CLU-07", "not_applicable", "CLU-01 first", OTHER),
    Case("CLU-08", "pass", "no VMM is installed"),
    Case("CLU-08", "fail", "no cluster of these nodes has its role", with_node(vmm=an_installation())),
    Case("CLU-08", "unknown", GONE.reason, silent()),
    Case("CLU-09", "pass", "has 10.0.0.50"),
    Case("CLU-09", "warn", "some nodes have their address by DHCP", with_node(adapters=HALF_DHCP)),
    Case("CLU-09", "fail", "no address is planned in it", plan=addresses("10.0.0.50")),
    Case("CLU-09", "fail", "in none of the cluster's networks", plan=addresses("10.0.0.50", "10.0.1.50", "172.16.0.9")),
    Case("CLU-09", "unknown", GONE.reason, silent()),
    Case("CLU-09", "not_applicable", "CLU-01 first", OTHER),
)
