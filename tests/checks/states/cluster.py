"""The cluster itself (CLU-04, 06, 11 to 13), the role's addresses (CLU-10), and what follows an install (POST-04)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from tests.building import (
    NOW,
    a_cluster,
    a_cluster_object,
    a_database,
    a_plan,
    a_silent_address,
    a_sql,
    an_installation,
    good_facts,
    installed_facts,
)
from tests.checks.asking import VMM02, with_all_nodes, with_node
from tests.checks.states import Case
from vmm_wizard.facts.model import (
    AddressResource,
    ClusterGroup,
    ClusterNode,
    ClusterObjectFacts,
    ComputerFacts,
    Facts,
    NameStatus,
    ValidationReport,
    Workload,
)
from vmm_wizard.plan.model import Plan

STATES = {
    "CLU-04": "pass warn fail unknown not_applicable",
    "CLU-06": "pass warn fail unknown not_applicable",
    "CLU-10": "pass warn fail unknown not_applicable",
    "CLU-11": "pass warn unknown not_applicable",
    "CLU-12": "pass warn unknown not_applicable",
    "CLU-13": "pass warn fail not_applicable",
    "POST-04": "pass warn unknown not_applicable",
}

FRONT, BACK = "10.0.0.50", "10.0.1.50"


def clustered(**changes: Any) -> Facts:
    """The good estate with another cluster."""
    return with_all_nodes(cluster=a_cluster(**changes))


def core(name: str, address: str, *others: str) -> Facts:
    """The core group's name and addresses in these states."""
    rows = (
        AddressResource("Cluster Name", "Cluster Group", "name", "VMMCLU", name),
        AddressResource("Cluster IP Address", "Cluster Group", "address", "10.0.0.40", address),
        *(AddressResource("Second", "Cluster Group", "address", "10.0.1.40", state) for state in others),
    )
    return clustered(addresses=rows)


def at(address: str, **changes: Any) -> Facts:
    """What vmm01 meets at one of the role's addresses; at the other nobody is."""
    rest = a_silent_address(BACK if address == FRONT else FRONT)
    return with_node(address_probes=(a_silent_address(address, **changes), rest))


def validated(days: int, errors: int | None = 0) -> Facts:
    """When Test-Cluster last ran, on every node."""
    return with_all_nodes(validation=ValidationReport("Validation Report.htm", NOW - timedelta(days=days), errors))


def elsewhere(**changes: Any) -> Plan:
    """The plan with other addresses."""
    plan = a_plan()
    return replace(plan, cluster=replace(plan.cluster, **changes))


def database(**changes: Any) -> Facts:
    """The finished estate with another state of its database; SQL Server has availability groups."""
    found = a_database(is_vmm=True, table_count=900, **changes)
    return installed_facts(sql=a_sql(hadr_enabled=True, listeners=("SQLAG:1433",), database=found))


def with_object(**changes: Any) -> ClusterObjectFacts:
    """The cluster's computer object changed."""
    found = a_cluster_object()
    return replace(found, computer=replace(found.computer, **changes))


LINK = "00-15-5D-0A-00-32"
MACHINE = ClusterGroup("web02", "VirtualMachine", "Online", "VMM03")
NEVER = with_all_nodes(validation=ValidationReport("", None, None))
NOT_IN_CLUSTER = with_all_nodes(cluster=None, cluster_error="The cluster service is not running.", adapters=())
WITHOUT = frozenset({"CLU-01"})
FOUR = tuple(ClusterNode(f"VMM0{number}", "Up", "Normal") for number in (1, 2, 3, 4))

CASES = (
    Case("CLU-04", "pass", "is online on VMM01"),
    Case("CLU-04", "pass", "10.0.1.40", core("Online", "Offline", "Online")),
    Case("CLU-04", "fail", "Cluster Name is Failed", core("Failed", "Online")),
    Case("CLU-04", "fail", "Cluster IP Address is Offline", core("Online", "Offline")),
    Case("CLU-04", "warn", "no witness", clustered(witness="", nodes=FOUR)),
    Case("CLU-04", "pass", "none is needed", clustered(witness="")),
    Case("CLU-04", "unknown", "could not be read", clustered(groups=())),
    Case("CLU-04", "not_applicable", "CLU-01 first", NOT_IN_CLUSTER, also=WITHOUT),
    Case("CLU-06", "pass", "met no error"),
    Case("CLU-06", "fail", "is disabled", good_facts(cluster_object=with_object(enabled=False))),
    Case("CLU-06", "warn", "DNS 9005", clustered(name_status=NameStatus(0, 9005))),
    Case("CLU-06", "unknown", "does not tell how its name fared", clustered(name_status=NameStatus(None, None))),
    Case(
        "CLU-06",
        "not_applicable",
        "CLU-05 first",
        good_facts(cluster_object=ClusterObjectFacts(ComputerFacts("vmmclu", found=False))),
        also=frozenset({"CLU-05"}),
    ),
    Case("CLU-10", "pass", "asked from vmm01.contoso.lab, vmm02.contoso.lab"),
    Case("CLU-10", "pass", "the installed role's own", installed_facts()),
    Case("CLU-10", "fail", "answers a ping from vmm01", at(FRONT, ping=True, link_address=LINK, neighbor_state=5)),
    Case("CLU-10", "fail", "on the wire", at(BACK, link_address=LINK, neighbor_state=5)),
    Case("CLU-10", "warn", "a moment ago", at(BACK, link_address=LINK, neighbor_state=4)),
    Case("CLU-10", "warn", "reverse DNS has old.contoso.lab", at(FRONT, name="old.contoso.lab")),
    Case("CLU-10", "unknown", "could not be read", with_all_nodes(address_probes=None)),
    Case("CLU-10", "unknown", "could not be read", with_all_nodes(address_probes=())),
    Case(
        "CLU-10",
        "not_applicable",
        "CLU-09 first",
        plan=elsewhere(static_addresses=(ip_address("172.16.0.5"), ip_address(FRONT), ip_address(BACK))),
        also=frozenset({"CLU-09"}),
    ),
    Case("CLU-11", "pass", "validated on 2026-02-10, without errors"),
    Case("CLU-11", "pass", "could not be read", validated(3, None)),
    Case("CLU-11", "warn", "no report of Test-Cluster", NEVER),
    Case("CLU-11", "warn", "200 days old", validated(200)),
    Case("CLU-11", "warn", "2 messages that tell of errors", validated(3, 2)),
    Case("CLU-11", "unknown", "could not be read", with_all_nodes(validation=None)),
    Case("CLU-11", "not_applicable", "CLU-01 first", NOT_IN_CLUSTER, also=WITHOUT),
    Case("CLU-12", "pass", "ActiveDirectoryAndDns"),
    Case("CLU-12", "warn", "makes no computer object", clustered(access_point="Dns")),
    Case("CLU-12", "unknown", "does not tell", clustered(access_point="")),
    Case("CLU-12", "not_applicable", "CLU-01 first", NOT_IN_CLUSTER, also=WITHOUT),
    Case("CLU-13", "pass", "neither virtual machines nor SQL Server"),
    Case("CLU-13", "fail", "web01", clustered(workloads=(Workload("web01", "Virtual Machine"),))),
    Case("CLU-13", "fail", "web02", clustered(groups=(*a_cluster().groups, MACHINE))),
    Case("CLU-13", "warn", "SQL Server (OPS)", clustered(workloads=(Workload("SQL Server (OPS)", "SQL Server"),))),
    Case("CLU-13", "not_applicable", "CLU-01 first", NOT_IN_CLUSTER, also=WITHOUT),
    Case("POST-04", "pass", "one version on every node", installed_facts()),
    Case("POST-04", "pass", "in availability group AG1", database(availability_group="AG1", recovery_model="FULL")),
    Case("POST-04", "warn", "in no availability group yet", database()),
    Case(
        "POST-04",
        "warn",
        "different versions",
        with_node(installed_facts(), VMM02, vmm=an_installation(version="10.22.1711.0")),
    ),
    Case("POST-04", "unknown", "cannot see the recovery model", database(recovery_model=None)),
    Case("POST-04", "not_applicable", "library share", installed_facts()),
    Case("POST-04", "not_applicable", "not installed here"),
)
