"""Checks of the failover cluster: membership, state, the role and who may make its computer object (CLU)."""

from __future__ import annotations

from collections.abc import Iterator

from vmm_wizard.checks.accounts import computer_sids
from vmm_wizard.checks.naming import cluster_controls
from vmm_wizard.checks.registry import Verdict, check, failed, node_check, not_applicable, passed, unknown, warned
from vmm_wizard.checks.remedies import AD_TEAM, ask, in_domain, in_plan, on_any_node, on_node, powershell
from vmm_wizard.checks.rights import COMPUTER_CLASS, CREATE_CHILD, rights_on_object
from vmm_wizard.checks.schedule import planned_cluster, situation, vmm_group
from vmm_wizard.facts.model import ClusterFacts, ClusterNode, ClusterObjectFacts, Facts, NodeFacts, known
from vmm_wizard.facts.node_parts import cluster_of, vmm_of
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text

#: Most nodes of a cluster that may carry VMM (SEED).
MOST_NODES = 16


def not_in_cluster() -> Verdict:
    """The verdict of a check of the cluster that rests while no planned node is in it."""
    return not_applicable(text("evidence.shared.cluster_first"))


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
        error = answer.cluster_error or text("evidence.CLU-01.nothing_returned")
        step = text(
            "evidence.CLU-01.mend",
            install="Install-WindowsFeature Failover-Clustering -IncludeManagementTools",
            join=f"Add-ClusterNode -Cluster {name} -Name {label}",
            make=f"New-Cluster -Name {name} -Node ... -NoStorage",
        )
        return failed(text("evidence.CLU-01.no_cluster", error=error), on_node(node, step))
    if not planned_cluster(plan, cluster):
        both = {"found": cluster.name, "planned": plan.cluster.name}
        return failed(text("evidence.CLU-01.another", **both), in_plan(text("evidence.CLU-01.mend_another", **both)))
    return passed(text("evidence.CLU-01.good", cluster=cluster.name))


@check("CLU-02", topic="cluster", source="SEED", needs=("cluster.nodes",))
def number_of_nodes(plan: Plan, facts: Facts) -> Verdict:
    """2 to 16, with those that carry VMM already; one alone is not highly available."""
    planned = [node.key for node in plan.nodes]
    twice = sorted({name for name in planned if planned.count(name) > 1})
    if twice:
        return failed(
            text("evidence.CLU-02.twice", nodes=", ".join(twice)), in_plan(text("evidence.CLU-02.mend_twice"))
        )
    leave_out = in_plan(text("evidence.CLU-02.mend_many"))
    if len(planned) > MOST_NODES:
        return failed(text("evidence.CLU-02.many", number=len(planned), most=MOST_NODES), leave_out)
    labels = {name.partition(".")[0] for name in planned}
    for node in planned:
        cluster = cluster_of(facts.node(node))
        if cluster is not None:
            group = vmm_group(cluster)
            labels |= {row.owner.partition(".")[0].casefold() for row in cluster.groups if row.name == group}
    if len(labels) > MOST_NODES:
        return failed(text("evidence.CLU-02.many_with_active", number=len(labels), most=MOST_NODES), leave_out)
    if len(labels) == 1:
        return warned(text("evidence.CLU-02.one"), in_plan(text("evidence.CLU-02.mend_one")))
    return passed(text("evidence.CLU-02.good", number=len(labels)))


@check("CLU-03", topic="cluster", source="expert", needs=("cluster.nodes",))
def nodes_up(plan: Plan, facts: Facts) -> Iterator[Verdict]:
    """A planned node that is down, paused or quarantined fails, though only general Windows knowledge says so.

    The cluster brings no role online on such a node, and setup does just that. Other nodes of the cluster warn.
    """
    cluster = cluster_of_plan(plan, facts)
    if cluster is None:
        yield not_in_cluster()
        return
    states = {row.name.partition(".")[0].casefold(): row for row in cluster.nodes}
    planned = {node.label.casefold(): node.key for node in plan.nodes}
    for label, node in planned.items():
        row = states.pop(label, None)
        if row is None:
            yield not_applicable(text("evidence.CLU-03.no_node", cluster=cluster.name), subject=node)
        else:
            yield _node_state(row, node, True)
    for row in states.values():
        if not _is_up(row):
            yield _node_state(row, row.name, False)


def _is_up(row: ClusterNode) -> bool:
    return row.state.casefold() == "up" and row.status.casefold() in ("", "normal")


def _node_state(row: ClusterNode, subject: str, planned: bool) -> Verdict:
    state = row.state if row.status.casefold() in ("", "normal") else f"{row.state}, {row.status}"
    evidence = text("evidence.CLU-03.state", state=state)
    if _is_up(row):
        return passed(evidence, subject=subject)
    name = powershell(row.name)
    clear = " -ClearQuarantine" if "quarantine" in row.status.casefold() else ""
    command = f"Start-ClusterNode -Name {name}{clear}"
    if row.state.casefold() == "paused":
        command = f"Resume-ClusterNode -Name {name}"
    step = text("evidence.CLU-03.mend", command=command, show="Get-ClusterNode")
    return (failed if planned else warned)(evidence, on_any_node(step), subject=subject)


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
        return passed(text("evidence.CLU-05.prestaged", object=role.dn, account=account))
    if role.found:
        return not_applicable(text("evidence.CLU-05.name_first"))
    if found.parent_descriptor is None:
        return unknown(text("evidence.CLU-05.unreadable", parent=found.parent_dn))
    rights = rights_on_object(found.parent_descriptor, computer_sids(found.computer), COMPUTER_CLASS)
    if rights & CREATE_CHILD:
        return passed(text("evidence.CLU-05.may", account=account, parent=found.parent_dn))
    return _by_quota(plan, facts, found, account)


def _no_cluster_object(plan: Plan, facts: Facts, account: str) -> Verdict:
    if cluster_of_plan(plan, facts) is None:
        return not_in_cluster()
    show = text("evidence.CLU-05.mend_no_object", command="(Get-Cluster).AdministrativeAccessPoint")
    repair = text("evidence.CLU-05.mend_no_object_ad", account=powershell(account))
    return failed(text("evidence.CLU-05.no_object", cluster=plan.cluster.name), on_any_node(show, ask(AD_TEAM, repair)))


def _by_quota(plan: Plan, facts: Facts, found: ClusterObjectFacts, account: str) -> Verdict:
    grant = f"dsacls {powershell(found.parent_dn)} /I:T /G {powershell(account + ':CC;computer')}"
    role_name = powershell(plan.cluster.role_name.text)
    path = powershell(found.parent_dn)
    prestage = f"New-ADComputer -Name {role_name} -Path {path} -Enabled $false"
    remedy = ask(AD_TEAM, text("evidence.CLU-05.mend", grant=grant, prestage=prestage, account=account))
    evidence = text("evidence.CLU-05.may_not", account=account, parent=found.parent_dn)
    if not found.parent_is_computers:
        return failed(evidence, remedy)
    quota, made = known(facts.domain).machine_account_quota, found.created_count
    if quota is None or made is None:
        return unknown(text("evidence.CLU-05.quota_unreadable", found=evidence))
    if made < quota:
        return warned(text("evidence.CLU-05.quota_left", found=evidence, made=made, quota=quota), remedy)
    return failed(text("evidence.CLU-05.quota_used", found=evidence, made=made, quota=quota), remedy)


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
        return not_in_cluster()
    group = vmm_group(cluster)
    state = situation(plan, facts)
    if group is None:
        taken = next((row for row in cluster.groups if row.name.casefold() == plan.cluster.role_name.key), None)
        if taken:
            return warned(
                text(
                    "evidence.CLU-07.name_taken",
                    cluster=cluster.name,
                    role=taken.name,
                    kind=taken.kind,
                    state=taken.state,
                    owner=taken.owner,
                ),
                in_plan(text("evidence.CLU-07.mend_name_taken")),
            )
        return passed(text("evidence.CLU-07.good", cluster=cluster.name, role=plan.cluster.role_name))
    if state.ours:
        return passed(text("evidence.CLU-07.ours", why=state.why))
    return failed(state.why, in_plan(text("evidence.CLU-07.mend")))


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
        return passed(text("evidence.CLU-08.good"))
    installed = text(
        "evidence.CLU-08.installed",
        version=vmm.version or text("evidence.CLU-08.no_version"),
        folder=vmm.install_path,
        state=vmm.service_state or text("evidence.shared.absent"),
    )
    state = situation(plan, facts)
    if state.ours:
        return passed(text("evidence.CLU-08.ours", installed=installed, role=plan.cluster.role_name))
    database = vmm.sql_database or text("evidence.CLU-08.some_database")
    server = vmm.sql_machine or text("evidence.CLU-08.some_server")
    return failed(
        text("evidence.CLU-08.foreign", installed=installed, database=database, server=server, why=state.why),
        in_plan(text("evidence.CLU-08.mend")),
    )
