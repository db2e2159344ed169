"""Checks of the cluster itself: its core group, its name, its validation, what else it carries (CLU)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from vmm_wizard.checks.accounts import clock
from vmm_wizard.checks.cluster import NOT_IN_CLUSTER, cluster_of_plan
from vmm_wizard.checks.registry import Verdict, check, failed, not_applicable, or_unknown, passed, unknown, warned
from vmm_wizard.checks.remedies import AD_TEAM, ask, in_plan, on_node, powershell
from vmm_wizard.facts.model import (
    AddressResource,
    ClusterFacts,
    Facts,
    NoAnswer,
    NodeFacts,
    NotKnown,
    ValidationReport,
    known,
)
from vmm_wizard.facts.node_parts import part
from vmm_wizard.plan.model import Plan

#: How long a validation says something of the cluster as it is (expert).
VALIDATION_AGE = timedelta(days=180)

#: The status of a name that has not been online yet.
_NEVER = 0xFFFFFFFF
_IN_DIRECTORY = "activedirectoryanddns"
_NEEDS = ("cluster.name", "cluster.nodes")


@check("CLU-04", topic="cluster", source="TTB", needs=_NEEDS)
def core_group_online(plan: Plan, facts: Facts) -> Iterator[Verdict]:
    """Its network name and at least one of its addresses; and a witness where the nodes could split evenly."""
    cluster = cluster_of_plan(plan, facts)
    if cluster is None:
        yield not_applicable(NOT_IN_CLUSTER)
        return
    yield _core_group(cluster)
    count = len(cluster.nodes)
    if cluster.witness or count % 2:
        yield passed(f"{count} nodes, witness: {cluster.witness or 'none, and none is needed'}", subject="quorum")
        return
    yield warned(
        f"{count} nodes and no witness: when they lose sight of each other, no half has the majority",
        on_node("any node", "Set-ClusterQuorum -FileShareWitness <a share on another server>; or a cloud witness"),
        subject="quorum",
    )


def _core_group(cluster: ClusterFacts) -> Verdict:
    core = next((row for row in cluster.groups if row.kind.casefold() == "cluster"), None)
    if core is None:
        return unknown(f"the core group of {cluster.name} could not be read", subject="core group")
    rows = [row for row in cluster.addresses if row.group == core.name]
    names = [row for row in rows if row.kind == "name"]
    addresses = [row for row in rows if row.kind == "address"]
    # On several subnets one address is enough: the others wait offline for a node of theirs.
    down = [row for row in names if not _online(row)]
    if addresses and not any(_online(row) for row in addresses):
        down += addresses
    if not names:
        return unknown(f"core group {core.name} shows no network name", subject="core group")
    if down:
        states = ", ".join(f"{row.name} is {row.state}" for row in down)
        look = f"Start-ClusterGroup -Name {powershell(core.name)}; then Get-ClusterResource, and its events"
        return failed(f"core group {core.name}: {states}", on_node("any node", look), subject="core group")
    shown = ", ".join(row.value or row.name for row in (*names, *(row for row in addresses if _online(row))))
    return passed(f"core group {core.name} is online on {core.owner}: {shown}", subject="core group")


def _online(row: AddressResource) -> bool:
    return row.state.casefold() == "online"


@check("CLU-06", topic="cluster", source="expert", needs=_NEEDS)
def cluster_name_works(plan: Plan, facts: Facts) -> Iterator[Verdict]:
    """Its computer object is enabled, and its last dealings with Kerberos and DNS were good.

    A disabled object fails though general Windows knowledge says so: no DC lets the cluster log on to make the role's
    object. A bad status may be an old one, so it only warns.
    """
    yield or_unknown(lambda: _object_enabled(plan, facts), "computer object")
    yield or_unknown(lambda: _name_status(plan, facts), "status")


def _object_enabled(plan: Plan, facts: Facts) -> Verdict:
    computer = known(facts.cluster_object).computer
    if not computer.found:
        return not_applicable("CLU-05 first: the directory has no computer object of the cluster")
    if computer.enabled:
        return passed(f"{computer.dn} is enabled")
    account = powershell(f"{plan.cluster.name.label}$")
    return failed(
        f"{computer.dn} is disabled: no domain controller lets the cluster log on",
        ask(AD_TEAM, f"find out who disabled it and why; then Enable-ADAccount -Identity {account}"),
    )


def _name_status(plan: Plan, facts: Facts) -> Verdict:
    cluster = cluster_of_plan(plan, facts)
    if cluster is None:
        return not_applicable(NOT_IN_CLUSTER)
    status = cluster.name_status
    told = {"Kerberos": status.kerberos, "DNS": status.dns}
    bad = {what: code for what, code in told.items() if code not in (None, 0, _NEVER)}
    if bad:
        codes = ", ".join(f"{what} {code}" for what, code in bad.items())
        return warned(
            f"the cluster's name met errors at its last update: {codes} (Windows' codes)",
            on_node(
                "any node",
                "net helpmsg <code> says what it means; then in Failover Cluster Manager, on the cluster's name under "
                "Cluster Core Resources: Take Offline, More Actions, Repair, Bring Online",
            ),
        )
    if None in told.values() or _NEVER in told.values():
        missing = " and ".join(what for what, code in told.items() if code in (None, _NEVER))
        return unknown(f"{cluster.name} does not tell how its name fared with {missing}")
    return passed("the cluster's name met no error at its last update (Kerberos 0, DNS 0)")


@check("CLU-11", topic="cluster", source="HASRV", needs=_NEEDS)
def validated(plan: Plan, facts: Facts) -> Verdict:
    """The newest report of Test-Cluster on the planned nodes. Only warns: no report is no fault of the cluster, and
    how a report's XML marks errors is in no document."""
    cluster = cluster_of_plan(plan, facts)
    if cluster is None:
        return not_applicable(NOT_IN_CLUSTER)
    reports = _reports(plan, facts)
    node, report = max(reports.items(), key=lambda row: (row[1].written is not None, row[1].written))
    run = on_node(
        "any node", f"Test-Cluster -Cluster {powershell(cluster.name)}, in a quiet hour; then read its report"
    )
    if report.written is None:
        return warned(f"no report of Test-Cluster is on {', '.join(reports)}", run)
    where = f"{report.file} on {node}"
    now = clock(facts)
    if now is not None and now - report.written > VALIDATION_AGE:
        days = (now - report.written).days
        return warned(f"the newest report of Test-Cluster is {days} days old: {where}", run)
    if report.errors:
        return warned(f"{where} has {report.errors} messages that tell of errors", run)
    said = "its own result could not be read" if report.errors is None else "without errors"
    return passed(f"validated on {report.written:%Y-%m-%d}, {said}: {where}")


def _reports(plan: Plan, facts: Facts) -> dict[str, ValidationReport]:
    """The newest report by node, of those that tell; raises NotKnown when none does."""
    found = {}
    gap = NoAnswer("no node has been asked yet")
    for row in plan.nodes:
        node = facts.nodes.get(row.key, gap)
        if isinstance(node, NodeFacts):
            try:
                found[row.key] = part(node, node.validation, "the reports of Test-Cluster")
            except NotKnown as missing:
                gap = missing.answer
        else:
            gap = node
    if not found:
        raise NotKnown(gap)
    return found


@check("CLU-12", topic="cluster", source="PRESTAGE", needs=_NEEDS)
def in_directory(plan: Plan, facts: Facts) -> Verdict:
    """A cluster without an access point in Active Directory makes no computer objects. Warns: that VMM cannot do
    without one is not confirmed."""
    cluster = cluster_of_plan(plan, facts)
    if cluster is None:
        return not_applicable(NOT_IN_CLUSTER)
    point = cluster.access_point
    if not point:
        return unknown(f"{cluster.name} does not tell its administrative access point")
    if point.casefold() == _IN_DIRECTORY:
        return passed(f"administrative access point of {cluster.name}: {point}")
    return warned(
        f"administrative access point of {cluster.name}: {point}; such a cluster makes no computer object for a role",
        in_plan(
            "choose a cluster that was made with New-Cluster -AdministrativeAccessPoint ActiveDirectoryAndDns (the "
            "default); it cannot be changed later"
        ),
    )


@check(
    "CLU-13",
    topic="cluster",
    source="PLANHA",
    needs=_NEEDS,
)
def cluster_carries_no_strangers(plan: Plan, facts: Facts) -> Verdict:
    """Virtual machines make it a Hyper-V cluster, where VMM may not be; SQL Server belongs on a cluster of its own."""
    cluster = cluster_of_plan(plan, facts)
    if cluster is None:
        return not_applicable(NOT_IN_CLUSTER)
    machines = {row.group for row in cluster.workloads if row.type.casefold().startswith("virtual machine")}
    machines |= {row.name for row in cluster.groups if row.kind.casefold() == "virtualmachine"}
    if machines:
        return failed(
            f"{cluster.name} runs virtual machines ({_some(machines)}): its nodes are Hyper-V hosts",
            in_plan("choose a cluster whose nodes are no Hyper-V hosts"),
        )
    databases = {row.group for row in cluster.workloads if row.type.casefold().startswith("sql server")}
    if databases:
        return warned(
            f"{cluster.name} runs SQL Server ({_some(databases)})",
            in_plan("choose another cluster for VMM: SQL Server and VMM are not to share one"),
        )
    return passed(f"{cluster.name} runs neither virtual machines nor SQL Server")


def _some(names: set[str]) -> str:
    """A few of the names, and how many more there are."""
    rows = sorted(names)
    more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
    return f"{', '.join(rows[:3])}{more}"
