"""Checks of the failover cluster: membership, state, the role and who may make its computer object (CLU)."""

from __future__ import annotations

from collections.abc import Iterator

from vmm_wizard.checks.accounts import computer_sids
from vmm_wizard.checks.naming import cluster_controls
from vmm_wizard.checks.registry import Verdict, check, failed, node_check, not_applicable, passed, unknown, warned
from vmm_wizard.checks.remedies import AD_TEAM, ask, in_domain, in_plan, on_node, powershell
from vmm_wizard.checks.rights import COMPUTER_CLASS, CREATE_CHILD, rights_on_object
from vmm_wizard.checks.schedule import planned_cluster, situation, vmm_group
from vmm_wizard.facts.model import ClusterFacts, ClusterNode, ClusterObjectFacts, Facts, NodeFacts, known
from vmm_wizard.facts.node_parts import cluster_of, vmm_of
from vmm_wizard.plan.model import Plan

#: Most nodes of a cluster that may carry VMM (SEED).
MOST_NODES = 16

#: Why a check of the cluster rests while no planned node is in it.
NOT_IN_CLUSTER = "CLU-01 first: these nodes are not in the planned cluster"


def cluster_of_plan(plan: Plan, facts: Facts) -> ClusterFacts | None:
    """The planned cluster as its first node sees it; None when a node answered and none is in it. Raises NotKnown."""
    for node in plan.nodes:
        answer = facts.nodes.get(node.key)
        if isinstance(answer, NodeFacts) and answer.cluster and planned_cluster(plan, answer.cluster):
            return answer.cluster
    for node in plan.nodes:
        cluster_of(facts.node(node.key))
    return None


@node_check("CLU-01", topic="cluster", source="HASRV", needs=("cluster.name",))
def in_planned_cluster(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Get-Cluster on the node answers with the cluster that the plan names, so on all nodes with the same."""
    answer = facts.node(node)
    cluster = cluster_of(answer)
    name = powershell(plan.cluster.name.label)
    if cluster is None:
        label = powershell(node.partition(".")[0])
        return failed(
            f"no cluster answers here: {answer.cluster_error or 'Get-Cluster returned nothing'}",
            on_node(
                node,
                "Install-WindowsFeature Failover-Clustering -IncludeManagementTools; then "
                f"Add-ClusterNode -Cluster {name} -Name {label} (or New-Cluster -Name {name} -Node ... -NoStorage)",
            ),
        )
    if not planned_cluster(plan, cluster):
        return failed(
            f"the node is in cluster {cluster.name}, and the plan says {plan.cluster.name}",
            in_plan(f"write {cluster.name} as the cluster's name, or choose the nodes of {plan.cluster.name}"),
        )
    return passed(f"in cluster {cluster.name}")


@check("CLU-02", topic="cluster", source="SEED", needs=("cluster.nodes",))
def number_of_nodes(plan: Plan, facts: Facts) -> Verdict:
    """2 to 16, with those that carry VMM already; one alone is not highly available."""
    planned = [node.key for node in plan.nodes]
    twice = sorted({name for name in planned if planned.count(name) > 1})
    if twice:
        return failed(f"{', '.join(twice)} is named more than once", in_plan("name each node once"))
    if len(planned) > MOST_NODES:
        return failed(f"{len(planned)} nodes; {MOST_NODES} at most may carry VMM", in_plan("leave some out"))
    labels = {name.partition(".")[0] for name in planned}
    for node in planned:
        cluster = cluster_of(facts.node(node))
        if cluster is not None:
            group = vmm_group(cluster)
            labels |= {row.owner.partition(".")[0].casefold() for row in cluster.groups if row.name == group}
    if len(labels) > MOST_NODES:
        return failed(
            f"{len(labels)} nodes with the one that carries VMM already; {MOST_NODES} at most may",
            in_plan("leave some out"),
        )
    if len(labels) == 1:
        return warned("one node: VMM is away whenever it is", in_plan("add a second node of the cluster, now or later"))
    return passed(f"{len(labels)} nodes")


@check("CLU-03", topic="cluster", source="expert", needs=("cluster.nodes",))
def nodes_up(plan: Plan, facts: Facts) -> Iterator[Verdict]:
    """A planned node that is down, paused or quarantined fails, though only general Windows knowledge says so.

    The cluster brings no role online on such a node, and setup does just that. Other nodes of the cluster warn.
    """
    cluster = cluster_of_plan(plan, facts)
    if cluster is None:
        yield not_applicable(NOT_IN_CLUSTER)
        return
    states = {row.name.partition(".")[0].casefold(): row for row in cluster.nodes}
    planned = {node.label.casefold(): node.key for node in plan.nodes}
    for label, node in planned.items():
        row = states.pop(label, None)
        if row is None:
            yield not_applicable(f"CLU-01 first: {cluster.name} has no such node", subject=node)
        else:
            yield _node_state(row, node, True)
    for row in states.values():
        if not _is_up(row):
            yield _node_state(row, row.name, False)


def _is_up(row: ClusterNode) -> bool:
    return row.state.casefold() == "up" and row.status.casefold() in ("", "normal")


def _node_state(row: ClusterNode, subject: str, planned: bool) -> Verdict:
    status = "" if row.status.casefold() in ("", "normal") else f", {row.status}"
    evidence = f"the cluster says: {row.state}{status}"
    if _is_up(row):
        return passed(evidence, subject=subject)
    name = powershell(row.name)
    clear = " -ClearQuarantine" if "quarantine" in row.status.casefold() else ""
    command = f"Start-ClusterNode -Name {name}{clear}"
    if row.state.casefold() == "paused":
        command = f"Resume-ClusterNode -Name {name}"
    remedy = on_node("any node", f"{command}; then Get-ClusterNode")
    return (failed if planned else warned)(evidence, remedy, subject=subject)


@check(
    "CLU-05",
    topic="cluster",
    source="PRESTAGE",
    needs=("cluster.name", "cluster.role_name"),
)
def cluster_may_make_object(plan: Plan, facts: Facts) -> Verdict:
    """By Create Computer objects beside the cluster's own object, by a prestaged one, or by CN=Computers' quota."""
    found = known(facts.cluster_object)
    account = in_domain(f"{plan.cluster.name.label}$", facts)
    if not found.computer.found:
        return _no_cluster_object(plan, facts, account)
    role = known(facts.role_object)
    if role.found and cluster_controls(found, role):
        return passed(f"{role.dn} is there already, and {account} controls it")
    if role.found:
        return not_applicable("NAM-05 first: there is a computer object of the role's name that is not the cluster's")
    if found.parent_descriptor is None:
        return unknown(f"the permissions of {found.parent_dn} could not be read")
    rights = rights_on_object(found.parent_descriptor, computer_sids(found.computer), COMPUTER_CLASS)
    if rights & CREATE_CHILD:
        return passed(f"{account} may create computer objects in {found.parent_dn}")
    return _by_quota(plan, facts, found, account)


def _no_cluster_object(plan: Plan, facts: Facts, account: str) -> Verdict:
    if cluster_of_plan(plan, facts) is None:
        return not_applicable(NOT_IN_CLUSTER)
    return failed(
        f"the directory has no computer object of cluster {plan.cluster.name}: it is detached, or its object is lost",
        on_node(
            "any node",
            "(Get-Cluster).AdministrativeAccessPoint shows whether it belongs to a directory",
            ask(AD_TEAM, f"if it does, repair {powershell(account)} together with the cluster's admin"),
        ),
    )


def _by_quota(plan: Plan, facts: Facts, found: ClusterObjectFacts, account: str) -> Verdict:
    grant = f"dsacls {powershell(found.parent_dn)} /I:T /G {powershell(account + ':CC;computer')}"
    role_name = powershell(plan.cluster.role_name.text)
    path = powershell(found.parent_dn)
    prestage = f"New-ADComputer -Name {role_name} -Path {path} -Enabled $false"
    remedy = ask(AD_TEAM, f"{grant}; or prestage the object: {prestage}, with Full Control for {account}")
    evidence = f"{account} may not create computer objects in {found.parent_dn}"
    if not found.parent_is_computers:
        return failed(evidence, remedy)
    quota, made = known(facts.domain).machine_account_quota, found.created_count
    if quota is None or made is None:
        return unknown(f"{evidence}; how much of its quota is used could not be read")
    if made < quota:
        return warned(f"{evidence}, but has made {made} of {quota} that the domain's quota allows everybody", remedy)
    return failed(f"{evidence}, and has used its quota ({made} of {quota})", remedy)


@check(
    "CLU-07",
    topic="cluster",
    source="SEED",
    needs=("cluster.name", "cluster.role_name", "cluster.nodes"),
)
def no_other_vmm(plan: Plan, facts: Facts) -> Verdict:
    """One highly available VMM a cluster, found by the service that a resource runs, not by a name."""
    cluster = cluster_of_plan(plan, facts)
    if cluster is None:
        return not_applicable(NOT_IN_CLUSTER)
    group = vmm_group(cluster)
    state = situation(plan, facts)
    if group is None:
        taken = next((row for row in cluster.groups if row.name.casefold() == plan.cluster.role_name.key), None)
        if taken:
            return warned(
                f"{cluster.name} has a role {taken.name} already ({taken.kind}, {taken.state}, on {taken.owner})",
                in_plan("choose another role name"),
            )
        return passed(f"{cluster.name} has no VMM, and no role named {plan.cluster.role_name}")
    if state.ours:
        return passed(f"the planned role is there: {state.why}")
    return failed(
        state.why,
        in_plan(
            "choose another cluster; or, if that role is meant, give its name, its database, and the node that owns it "
            "as the first one"
        ),
    )


@node_check(
    "CLU-08",
    topic="cluster",
    source="DSC",
    needs=("cluster.name", "cluster.role_name"),
)
def no_other_installation(plan: Plan, facts: Facts, node: str) -> Verdict:
    """VMM on a node is fine when it is the planned role's; then the finding says what is installed."""
    vmm = vmm_of(facts.node(node))
    if vmm is None:
        return passed("no VMM is installed")
    service = f"service {vmm.service_state or 'absent'}"
    installed = f"VMM {vmm.version or 'of unknown version'} is installed in {vmm.install_path}, {service}"
    state = situation(plan, facts)
    if state.ours:
        return passed(f"{installed}: the planned role {plan.cluster.role_name}")
    what_for = f"{vmm.sql_database or 'an unknown database'} on {vmm.sql_machine or 'an unknown server'}"
    return failed(
        f"{installed}, for {what_for}; {state.why}",
        in_plan("leave this node out; or look with its owner at what it serves before anybody uninstalls it"),
    )
