"""The role's static addresses and the cluster's networks."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

from tests.building import a_cluster, a_plan, good_facts, installed_facts
from tests.checks.asking import FAIL, PASS, UNKNOWN, VMM02, WARN, failing, finding, findings, with_all_nodes, with_node
from vmm_wizard.checks.registry import Status
from vmm_wizard.facts.model import Adapter, ClusterNetwork, Facts, NoAnswer
from vmm_wizard.plan.model import Plan

BOTH = ("10.0.0.50", "10.0.1.50")


def planned(*addresses: str) -> Plan:
    plan = a_plan()
    return replace(plan, cluster=replace(plan.cluster, static_addresses=tuple(ip_address(a) for a in addresses)))


def networks(*rows: ClusterNetwork, dhcp: tuple[bool, ...] = (False,)) -> Facts:
    """Facts with these networks only, and one adapter on each network for every value of `dhcp`, on every node."""
    adapters = tuple(Adapter(row.name, "", way) for row in rows for way in dhcp)
    return with_all_nodes(cluster=a_cluster(networks=rows), adapters=adapters)


def states(facts: Facts | None, *addresses: str) -> dict[str, Status]:
    return {row.subject: row.status for row in findings("CLU-09", facts, planned(*addresses))}


FRONT = ClusterNetwork("Front", 3, ("10.0.0.0/24",))
DUAL = ClusterNetwork("Front", 3, ("10.0.0.0/24", "fd00:1::/64"))
SIX = ClusterNetwork("Six", 3, ("fd00:6::/64",))


def test_one_address_in_each_client_network_passes() -> None:
    assert states(None, *BOTH) == {"Front": PASS, "Back": PASS}


def test_a_missing_address_fails_alone_on_its_network() -> None:
    assert states(None, "10.0.0.50") == {"Front": PASS, "Back": FAIL}
    assert failing(plan=planned("10.0.0.50")) == {"CLU-09"}


def test_a_second_address_in_one_network_fails() -> None:
    assert states(None, *BOTH, "10.0.0.51") == {"Front": FAIL, "Back": PASS}


def test_an_address_outside_every_client_network_fails() -> None:
    assert states(None, *BOTH, "10.9.9.9")["10.9.9.9"] is FAIL
    row = finding("CLU-09", plan=planned(*BOTH, "192.168.9.50"), subject="192.168.9.50")
    assert row.status is FAIL
    assert "Heartbeat" in row.evidence


def test_an_address_planned_twice_or_that_is_the_networks_own_fails() -> None:
    assert FAIL in {row.status for row in findings("CLU-09", plan=planned(*BOTH, "10.0.0.50"))}
    assert states(None, "10.0.0.0", "10.0.1.255") == {"Front": PASS, "Back": PASS, "10.0.0.0": FAIL, "10.0.1.255": FAIL}


def test_an_address_that_a_node_or_a_cluster_resource_has_fails_and_names_it() -> None:
    assert (
        "vmm01.contoso.lab" in finding("CLU-09", plan=planned("10.0.0.11", "10.0.1.50"), subject="10.0.0.11").evidence
    )
    row = finding("CLU-09", plan=planned("10.0.0.40", "10.0.1.50"), subject="10.0.0.40")
    assert row.status is FAIL
    assert "Cluster IP Address" in row.evidence


def test_a_network_with_dhcp_needs_none_and_a_static_one_there_warns() -> None:
    facts = networks(FRONT, dhcp=(True,))
    assert states(facts) == {"Front": PASS}
    assert states(facts, "10.0.0.50") == {"Front": WARN}


def test_a_network_where_only_some_have_dhcp_warns() -> None:
    assert states(networks(FRONT, dhcp=(True, False)), "10.0.0.50") == {"Front": WARN}


def test_ipv6_is_welcome_beside_ipv4_and_may_stay_away() -> None:
    facts = networks(DUAL)
    assert states(facts, "10.0.0.50") == {"Front": PASS}
    assert states(facts, "10.0.0.50", "fd00:1::50") == {"Front": PASS}
    assert states(facts, "fd00:1::50") == {"Front": FAIL}
    assert states(facts, "10.0.0.50", "fd00:1::50", "fd00:1::51") == {"Front": FAIL}


def test_a_network_of_ipv6_alone_warns_without_an_address_and_passes_with_one() -> None:
    assert states(networks(SIX)) == {"Six": WARN}
    assert states(networks(SIX), "fd00:6::50") == {"Six": PASS}


def test_a_cluster_without_a_client_network_fails() -> None:
    assert finding("CLU-09", networks(ClusterNetwork("Heartbeat", 1, ("192.168.9.0/24",)))).status is FAIL


def test_a_silent_node_or_an_unreadable_subnet_is_unknown() -> None:
    facts = networks(ClusterNetwork("Front", 3, ("what",)))
    assert finding("CLU-09", facts).status is UNKNOWN
    silent = replace(good_facts(), nodes={**good_facts().nodes, VMM02: NoAnswer("vmm02 timed out", "timeout")})
    assert finding("CLU-09", silent).evidence == "vmm02 timed out"


def test_the_installed_roles_own_addresses_pass_and_others_than_it_has_fail() -> None:
    facts = installed_facts()
    assert states(facts, *BOTH) == {"Front": PASS, "Back": PASS}
    own = with_node(facts, adapters=(Adapter("Front", "10.0.0.50", False), Adapter("Back", "10.0.1.50", False)))
    assert states(own, *BOTH) == {"Front": PASS, "Back": PASS}, "the owner shows the role's addresses as its own"
    row = finding("CLU-09", facts, planned("10.0.0.60", "10.0.1.50"), subject="10.0.0.60")
    assert row.status is FAIL
    assert "10.0.0.50" in row.remedy
