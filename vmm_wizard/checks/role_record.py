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
        raise NotKnown(NoAnswer(f"DNS gave no answer about {name}", "unreachable"))
    ours = situation(plan, facts).ours
    record = known(facts.role_record)
    wanted = _own_addresses(plan, facts) if ours else {str(row) for row in plan.cluster.static_addresses}
    what = f"{name} is {listing(addresses)} in DNS" if addresses else f"DNS has no address for {name}"
    show = _show(plan, record)
    foreign = [address for address in addresses if address not in wanted]
    if foreign:
        return failed(
            f"{what}, and {'the role has' if ours else 'the plan has'} {listing(sorted(wanted)) or 'none'}", show
        )
    kept = _kept_from_cluster(plan, facts, record)
    if kept:
        return warned(f"{what}; {kept}: its update would be refused (event 1196)", show)
    where = "" if record.zone_found else "; the zone is not kept in this domain's directory, so nobody can be named"
    if ours and not addresses:
        online = f"Get-ClusterGroup {powershell(plan.cluster.role_name.text)} | Get-ClusterResource"
        return warned(f"{what}, though the role is installed", ask(AD_TEAM, f"with the cluster's admin: {online}"))
    if addresses and not ours:
        return warned(f"{what} already, as planned{where}", show)
    return passed(f"{what}{': the installed role' if ours else ''}{where}")


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
        raise NotKnown(NoAnswer(f"the permissions of {record.dn} could not be read", "denied"))
    cluster = known(facts.cluster_object)
    role = known(facts.role_object)
    writers = [computer_sids(cluster.computer)] if cluster.computer.found else []
    writers += [_own_sids(role)] if role.found else []
    for sids in writers:
        if rights_on_object(record.descriptor, sids, DNS_RECORD) & WRITE_PROPERTY:
            return ""
    account = in_domain(f"{plan.cluster.name.label}$", facts)
    state = "a deleted record" if record.tombstoned else "its record"
    return f"{state} belongs to {record.descriptor.owner or 'nobody'}, and {account} may not write it"


def _own_sids(role: ComputerFacts) -> frozenset[str]:
    """What the role's own object acts with, as far as it is sure: its groups do not matter here."""
    return frozenset({role.sid, "S-1-1-0", "S-1-5-11"})


def _show(plan: Plan, record: RoleRecordFacts) -> Remedy:
    label, _, zone = plan.role_fqdn.partition(".")
    look = f"Get-DnsServerResourceRecord -ZoneName {powershell(zone)} -Name {powershell(label)}"
    owner = f"; {show_descriptor(record.dn)} shows its owner" if record.found else ""
    return ask(
        AD_TEAM,
        f"{look} | Format-List * shows address and age{owner}; find out what uses it, then take it out of DNS "
        "together, or choose another role name",
    )
