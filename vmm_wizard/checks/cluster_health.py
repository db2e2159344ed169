"""Checks of the cluster itself: its core group, its name, its validation, what else it carries (CLU)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from vmm_wizard.checks.accounts import clock
from vmm_wizard.checks.cluster import cluster_of_plan, not_in_cluster
from vmm_wizard.checks.registry import Verdict, check, failed, not_applicable, or_unknown, passed, unknown, warned
from vmm_wizard.checks.remedies import AD_TEAM, ask, in_plan, on_any_node, powershell
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
from vmm_wizard.texts import counted, text

#: How long a validation says something of the cluster as it is (expert).
VALIDATION_AGE = timedelta(days=180)

#: The status of a name that has not been online yet.
_NEVER = 0xFFFFFFFF
_IN_DIRECTORY = "activedirectoryanddns"
#: A subject, by which answer files accept a finding: not translated.
_CORE_GROUP = "core group"
_NEEDS = ("cluster.name", "cluster.nodes")


@check("CLU-04", topic="cluster", source="TTB", needs=_NEEDS)
def core_group_online(plan: Plan, facts: Facts) -> Iterator[Verdict]:
    """Its network name and at least one of its addresses; and a witness where the nodes could split evenly."""
    cluster = cluster_of_plan(plan, facts)
    if cluster is None:
        yield not_in_cluster()
        return
    yield _core_group(cluster)
    count = len(cluster.nodes)
    if cluster.witness or count % 2:
        witness = cluster.witness or text("evidence.CLU-04.no_witness_needed")
        yield passed(counted("evidence.CLU-04.quorum", count, witness=witness), subject="quorum")
        return
    share = f"Set-ClusterQuorum -FileShareWitness <{text('evidence.CLU-04.some_share')}>"
    yield warned(
        text("evidence.CLU-04.no_witness", number=count),
        on_any_node(text("evidence.CLU-04.mend_no_witness", command=share)),
        subject="quorum",
    )


def _core_group(cluster: ClusterFacts) -> Verdict:
    core = next((row for row in cluster.groups if row.kind.casefold() == "cluster"), None)
    if core is None:
        return unknown(text("evidence.CLU-04.unreadable", cluster=cluster.name), subject=_CORE_GROUP)
    rows = [row for row in cluster.addresses if row.group == core.name]
    names = [row for row in rows if row.kind == "name"]
    addresses = [row for row in rows if row.kind == "address"]
    # On several subnets one address is enough: the others wait offline for a node of theirs.
    down = [row for row in names if not _online(row)]
    if addresses and not any(_online(row) for row in addresses):
        down += addresses
    if not names:
        return unknown(text("evidence.CLU-04.no_name", group=core.name), subject=_CORE_GROUP)
    if down:
        states = ", ".join(text("evidence.CLU-04.state", resource=row.name, state=row.state) for row in down)
        command = f"Start-ClusterGroup -Name {powershell(core.name)}"
        remedy = on_any_node(text("evidence.CLU-04.mend_down", command=command, show="Get-ClusterResource"))
        return failed(text("evidence.CLU-04.down", group=core.name, states=states), remedy, subject=_CORE_GROUP)
    shown = ", ".join(row.value or row.name for row in (*names, *(row for row in addresses if _online(row))))
    found = text("evidence.CLU-04.online", group=core.name, owner=core.owner, resources=shown)
    return passed(found, subject=_CORE_GROUP)


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
        return not_applicable(text("evidence.CLU-06.object_first"))
    if computer.enabled:
        return passed(text("evidence.CLU-06.enabled", object=computer.dn))
    command = f"Enable-ADAccount -Identity {powershell(f'{plan.cluster.name.label}$')}"
    return failed(
        text("evidence.CLU-06.disabled", object=computer.dn),
        ask(AD_TEAM, text("evidence.CLU-06.mend_disabled", command=command)),
    )


def _name_status(plan: Plan, facts: Facts) -> Verdict:
    cluster = cluster_of_plan(plan, facts)
    if cluster is None:
        return not_in_cluster()
    status = cluster.name_status
    told = {"Kerberos": status.kerberos, "DNS": status.dns}
    bad = {what: code for what, code in told.items() if code not in (None, 0, _NEVER)}
    if bad:
        codes = ", ".join(f"{what} {code}" for what, code in bad.items())
        return warned(
            text("evidence.CLU-06.errors", codes=codes),
            on_any_node(text("evidence.CLU-06.mend_errors", command="net helpmsg <code>")),
        )
    missing = [what for what, code in told.items() if code in (None, _NEVER)]
    if missing:
        services = text("evidence.shared.and").join(missing)
        return unknown(text("evidence.CLU-06.not_told", cluster=cluster.name, services=services))
    return passed(text("evidence.CLU-06.no_errors"))


@check("CLU-11", topic="cluster", source="HASRV", needs=_NEEDS)
def validated(plan: Plan, facts: Facts) -> Verdict:
    """The newest report of Test-Cluster on the planned nodes. Only warns: no report is no fault of the cluster, and
    how a report's XML marks errors is in no document."""
    cluster = cluster_of_plan(plan, facts)
    if cluster is None:
        return not_in_cluster()
    reports = _reports(plan, facts)
    node, report = max(reports.items(), key=lambda row: (row[1].written is not None, row[1].written))
    command = f"Test-Cluster -Cluster {powershell(cluster.name)}"
    run = on_any_node(text("evidence.CLU-11.mend", command=command))
    if report.written is None:
        return warned(text("evidence.CLU-11.no_report", nodes=", ".join(reports)), run)
    where = text("evidence.CLU-11.where", file=report.file, node=node)
    now = clock(facts)
    if now is not None and now - report.written > VALIDATION_AGE:
        return warned(text("evidence.CLU-11.old", days=(now - report.written).days, where=where), run)
    if report.errors:
        return warned(counted("evidence.CLU-11.errors", report.errors, where=where), run)
    if report.errors is None:
        return passed(text("evidence.CLU-11.unreadable", written=report.written, where=where))
    return passed(text("evidence.CLU-11.good", written=report.written, where=where))


def _reports(plan: Plan, facts: Facts) -> dict[str, ValidationReport]:
    """The newest report by node, of those that tell; raises NotKnown when none does."""
    found = {}
    gap = NoAnswer(text("evidence.CLU-11.not_asked"))
    for row in plan.nodes:
        node = facts.nodes.get(row.key, gap)
        if isinstance(node, NodeFacts):
            try:
                found[row.key] = part(node, node.validation, text("evidence.CLU-11.what"))
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
        return not_in_cluster()
    point = cluster.access_point
    if not point:
        return unknown(text("evidence.CLU-12.not_told", cluster=cluster.name))
    if point.casefold() == _IN_DIRECTORY:
        return passed(text("evidence.CLU-12.good", cluster=cluster.name, point=point))
    command = "New-Cluster -AdministrativeAccessPoint ActiveDirectoryAndDns"
    return warned(
        text("evidence.CLU-12.outside", cluster=cluster.name, point=point),
        in_plan(text("evidence.CLU-12.mend", command=command)),
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
        return not_in_cluster()
    machines = {row.group for row in cluster.workloads if row.type.casefold().startswith("virtual machine")}
    machines |= {row.name for row in cluster.groups if row.kind.casefold() == "virtualmachine"}
    if machines:
        return failed(
            text("evidence.CLU-13.machines", cluster=cluster.name, names=_some(machines)),
            in_plan(text("evidence.CLU-13.mend_machines")),
        )
    databases = {row.group for row in cluster.workloads if row.type.casefold().startswith("sql server")}
    if databases:
        return warned(
            text("evidence.CLU-13.sql", cluster=cluster.name, names=_some(databases)),
            in_plan(text("evidence.CLU-13.mend_sql")),
        )
    return passed(text("evidence.CLU-13.good", cluster=cluster.name))


def _some(names: set[str]) -> str:
    """A few of the names, and how many more there are."""
    rows = sorted(names)
    first = ", ".join(rows[:3])
    return first if len(rows) <= 3 else text("evidence.CLU-13.some", names=first, number=len(rows) - 3)
