"""Check of the role's name in DNS, and of who may write its record (NAM-06)."""

from __future__ import annotations

from vmm_wizard.checks.accounts import computer_sids, listing
from vmm_wizard.checks.cluster import cluster_of_plan
from vmm_wizard.checks.registry import Verdict, check, failed, passed, warned
from vmm_wizard.checks.remedies import AD_TEAM, Remedy, ask, in_domain, powershell, show_descriptor
from vmm_wizard.checks.rights import DNS_RECORD, WRITE_PROPERTY, rights_on_object
from vmm_wizard.checks.schedule import situation, vmm_group
from vmm_wizard.facts.model import ComputerFacts, Facts, NoAnswer, NotKnown, RoleRecordFacts, known
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text


@check(
    "NAM-06",
    topic="naming",
    source="HA1",
    needs=("cluster.role_name", "cluster.name"),
)
def record_is_free(plan: Plan, facts: Facts) -> Verdict:
    """No address, and no record left that the cluster may not write; once the role exists, its own addresses.

    Another address fails (HA1). A record that only somebody else may write warns: that the cluster's update is then
    refused (event 1196) is general knowledge.
    """
    name = plan.role_fqdn
    addresses = known(facts.network).role_addresses
    if addresses is None:
        raise NotKnown(NoAnswer(text("evidence.NAM-06.no_answer", name=name), "unreachable"))
    ours = situation(plan, facts).ours
    record = known(facts.role_record)
    wanted = _own_addresses(plan, facts) if ours else {str(row) for row in plan.cluster.static_addresses}
    found = text("evidence.NAM-06.none", name=name)
    if addresses:
        found = text("evidence.NAM-06.there", name=name, addresses=listing(addresses))
    show = _show(plan, record)
    if any(address not in wanted for address in addresses):
        which = "role" if ours else "plan"
        has = listing(sorted(wanted)) or text("evidence.shared.none")
        return failed(text(f"evidence.NAM-06.other.{which}", found=found, wanted=has), show)
    kept = _kept_from_cluster(plan, facts, record)
    if kept:
        return warned(text("evidence.NAM-06.refused", found=found, why=kept), show)
    if ours and not addresses:
        online = f"Get-ClusterGroup {powershell(plan.cluster.role_name.text)} | Get-ClusterResource"
        return warned(
            text("evidence.NAM-06.lost", found=found), ask(AD_TEAM, text("evidence.NAM-06.mend_lost", command=online))
        )
    if addresses and not ours:
        return warned(_with_zone(text("evidence.NAM-06.planned", found=found), record), show)
    return passed(_with_zone(text("evidence.NAM-06.ours", found=found) if ours else found, record))


def _with_zone(found: str, record: RoleRecordFacts) -> str:
    """The finding, and why nobody is named in it where the directory does not keep the zone."""
    return found if record.zone_found else text("evidence.NAM-06.zone_elsewhere", found=found)


def _own_addresses(plan: Plan, facts: Facts) -> set[str]:
    """The addresses of the installed role's own resources."""
    cluster = cluster_of_plan(plan, facts)
    if cluster is None:
        return set()
    group = vmm_group(cluster)
    return {row.value for row in cluster.addresses if row.kind == "address" and row.group == group}


def _kept_from_cluster(plan: Plan, facts: Facts, record: RoleRecordFacts) -> str:
    """What keeps the cluster from writing the record that is there, or was there; empty when nothing does."""
    if not record.found:
        return ""
    if record.descriptor is None:
        raise NotKnown(NoAnswer(text("evidence.NAM-06.unreadable", object=record.dn), "denied"))
    cluster = known(facts.cluster_object)
    role = known(facts.role_object)
    writers = [computer_sids(cluster.computer)] if cluster.computer.found else []
    writers += [_own_sids(role)] if role.found else []
    for sids in writers:
        if rights_on_object(record.descriptor, sids, DNS_RECORD) & WRITE_PROPERTY:
            return ""
    account = in_domain(f"{plan.cluster.name.label}$", facts)
    which = "deleted" if record.tombstoned else "there"
    owner = record.descriptor.owner or text("evidence.shared.nobody")
    return text(f"evidence.NAM-06.kept.{which}", owner=owner, account=account)


def _own_sids(role: ComputerFacts) -> frozenset[str]:
    """What the role's own object acts with, as far as it is sure: its groups do not matter here."""
    return frozenset({role.sid, "S-1-1-0", "S-1-5-11"})


def _show(plan: Plan, record: RoleRecordFacts) -> Remedy:
    label, _, zone = plan.role_fqdn.partition(".")
    look = f"Get-DnsServerResourceRecord -ZoneName {powershell(zone)} -Name {powershell(label)} | Format-List *"
    if not record.found:
        return ask(AD_TEAM, text("evidence.NAM-06.mend", command=look))
    return ask(AD_TEAM, text("evidence.NAM-06.mend_record", command=look, show=show_descriptor(record.dn)))
