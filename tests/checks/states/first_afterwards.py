"""What stands after an installation (POST)."""

from __future__ import annotations

from dataclasses import replace

from tests.building import a_cluster_with_role, an_installation, installed_facts
from tests.checks.asking import VMM01, with_all_nodes, with_node
from tests.checks.states import Case
from vmm_wizard.facts.model import ClusterGroup, Facts, NoAnswer

STATES = {
    "POST-01": "pass warn fail unknown not_applicable",
    "POST-02": "pass warn fail unknown not_applicable",
    "POST-03": "pass warn unknown not_applicable",
}

SILENT = NoAnswer("could not reach dc01.contoso.lab:636: refused", "unreachable")
GONE = NoAnswer("could not reach vmm01.contoso.lab:5985: refused", "unreachable")
INSTALLED = installed_facts()
FAILURE = ("12:00:01:ProcessInstalls: Rollback is set",)


def role(state: str) -> Facts:
    """The installed estate with the role in another state."""
    cluster = a_cluster_with_role()
    groups = (*cluster.groups[:-1], ClusterGroup("vmm", "GenericService", state, "VMM01"))
    return with_all_nodes(INSTALLED, cluster=replace(cluster, groups=groups))


def first_node_gone() -> Facts:
    """The installed estate, whose first node does not answer."""
    return replace(INSTALLED, nodes={**INSTALLED.nodes, VMM01: GONE})


def first_node(**changes: object) -> Facts:
    """The installed estate with another VMM on its first node."""
    return with_node(INSTALLED, vmm=replace(an_installation(service_state="Running"), **changes))


BOTH_RUN = with_all_nodes(INSTALLED, vmm=an_installation(service_state="Running"))
NOBODY_HOLDS = replace(
    INSTALLED,
    principal_names=replace(
        INSTALLED.principal_names,
        holders={
            name: () if name.startswith("SCVMM/") else dns for name, dns in INSTALLED.principal_names.holders.items()
        },
    ),
)

CASES = (
    Case("POST-01", "pass", "no line that means failure", INSTALLED),
    Case("POST-01", "warn", "one line means failure", first_node(log_failures=FAILURE)),
    Case(
        "POST-01",
        "fail",
        "Rollback is set",
        first_node(log_failures=FAILURE, service_state=""),
        also=frozenset({"POST-02"}),
    ),
    Case("POST-01", "unknown", GONE.reason, first_node_gone()),
    Case("POST-01", "not_applicable", "not installed here"),
    Case("POST-02", "pass", "passive, stopped by design", INSTALLED),
    Case(
        "POST-02",
        "warn",
        "somebody started it by hand",
        BOTH_RUN,
    ),
    Case("POST-02", "fail", "role vmm is Failed", role("Failed")),
    Case("POST-02", "unknown", GONE.reason, first_node_gone()),
    Case("POST-02", "not_applicable", "does not exist yet"),
    Case("POST-03", "pass", "VmmServicePrincipalNames", INSTALLED),
    Case("POST-03", "warn", "is on no account", NOBODY_HOLDS),
    Case("POST-03", "unknown", SILENT.reason, replace(INSTALLED, principal_names=SILENT)),
    Case("POST-03", "not_applicable", "does not exist yet"),
)
