"""Check of the role's static addresses against the cluster's networks (CLU-09)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from vmm_wizard.checks.cluster import cluster_of_plan
from vmm_wizard.checks.registry import Verdict, check, failed, not_applicable, passed, warned
from vmm_wizard.checks.remedies import NETWORK, ask, in_plan
from vmm_wizard.checks.schedule import situation, vmm_group
from vmm_wizard.facts.model import ClusterFacts, ClusterNetwork, Facts, NoAnswer, NotKnown
from vmm_wizard.plan.model import Address, Plan

Subnet = IPv4Network | IPv6Network

#: Role of a cluster network that clients use as well (ClusterAndClient).
CLIENT_ROLE = 3


@dataclass(frozen=True, slots=True)
class _Network:
    """A cluster network with what the nodes' adapters on it say."""

    name: str
    client: bool
    subnets: tuple[Subnet, ...]
    dhcp: frozenset[bool]

    def holds(self, address: Address) -> bool:
        return any(address.version == subnet.version and address in subnet for subnet in self.subnets)

    @property
    def has_ipv4(self) -> bool:
        return any(subnet.version == 4 for subnet in self.subnets)

    @property
    def shown(self) -> str:
        return f"{self.name} ({', '.join(str(subnet) for subnet in self.subnets)})"


def _network(row: ClusterNetwork, plan: Plan, facts: Facts) -> _Network:
    adapters = [
        adapter for node in plan.nodes for adapter in facts.node(node.key).adapters if adapter.network == row.name
    ]
    subnets = []
    for text in row.subnets:
        try:
            subnets.append(ip_network(text, strict=False))
        except ValueError:
            raise NotKnown(NoAnswer(f"cluster network {row.name}: {text!r} is no subnet", "unreadable")) from None
    return _Network(row.name, row.role == CLIENT_ROLE, tuple(subnets), frozenset(adapter.dhcp for adapter in adapters))


@check(
    "CLU-09",
    title="The static addresses fit the client networks",
    topic="cluster",
    source="HA1",
    needs=("cluster.nodes", "cluster.name"),
)
def static_addresses(plan: Plan, facts: Facts) -> Iterator[Verdict]:
    """Exactly one inside each client network without DHCP, none elsewhere. Subjects are networks and addresses.

    IPv6 addresses configure themselves where none is given (HA1), so a network needs one of IPv4 only.
    """
    cluster = cluster_of_plan(plan, facts)
    if cluster is None:
        yield not_applicable("CLU-01 first: these nodes are not in the planned cluster")
        return
    networks = [_network(row, plan, facts) for row in cluster.networks]
    clients = [network for network in networks if network.client]
    if not clients:
        yield failed(
            f"{cluster.name} has no network that clients may use (role 3)",
            ask(NETWORK, "with the cluster's admin, let one network carry clients too: (Get-ClusterNetwork).Role = 3"),
        )
        return
    for network in clients:
        yield _for_network(network, plan.cluster.static_addresses)
    for number, address in enumerate(plan.cluster.static_addresses):
        verdict = _for_address(address, plan.cluster.static_addresses[:number], networks, cluster, plan, facts)
        if verdict:
            yield verdict


def _for_network(network: _Network, addresses: tuple[Address, ...]) -> Verdict:
    inside = [address for address in dict.fromkeys(addresses) if network.holds(address)]
    shown = ", ".join(str(address) for address in inside)
    ipv4 = [address for address in inside if address.version == 4]
    ipv6 = [address for address in inside if address.version == 6]
    subject = network.name
    if len(ipv4) > 1 or len(ipv6) > 1:
        return failed(f"{network.shown} has {shown}: one is enough", in_plan("leave one"), subject=subject)
    if network.dhcp == {True, False}:
        return warned(
            f"{network.shown}: some nodes have their address by DHCP, some have not; planned: {shown or 'none'}",
            ask(NETWORK, "say whether this network has DHCP, and make all nodes alike"),
            subject=subject,
        )
    if network.dhcp == {True}:
        if not inside:
            return passed(f"{network.shown} has DHCP and no static address", subject=subject)
        return warned(
            f"{network.shown} has DHCP, and {shown} is planned there", in_plan("leave it out"), subject=subject
        )
    if ipv4:
        return passed(f"{network.shown} has {shown}", subject=subject)
    if network.has_ipv4:
        return failed(
            f"{network.shown} has no DHCP, and no address is planned in it",
            in_plan(
                "add one free address of it", ask(NETWORK, f"say which address of {network.shown} is free for the role")
            ),
            subject=subject,
        )
    if ipv6:
        return passed(f"{network.shown} has {shown}", subject=subject)
    return warned(
        f"{network.shown} has IPv6 alone, and no address is planned in it",
        in_plan("leave it so if the role's IPv6 address shall configure itself, or add one"),
        subject=subject,
    )


def _for_address(
    address: Address,
    before: tuple[Address, ...],
    networks: list[_Network],
    cluster: ClusterFacts,
    plan: Plan,
    facts: Facts,
) -> Verdict | None:
    """What is wrong with one planned address; None when it lies well in a client network and nobody has it."""
    subject = str(address)
    if address in before:
        return failed(f"{address} is planned twice", in_plan("leave one"), subject=subject)
    homes = [network for network in networks if network.holds(address)]
    if not any(network.client for network in homes):
        where = f"only in {homes[0].shown}, which clients cannot use" if homes else "in none of the cluster's networks"
        return failed(f"{address} lies {where}", in_plan("give an address of a client network"), subject=subject)
    if any(_is_edge(address, subnet) for network in homes for subnet in network.subnets):
        return failed(
            f"{address} is the network's own or its broadcast address", in_plan("give another"), subject=subject
        )
    return _if_taken(address, cluster, plan, facts)


def _is_edge(address: Address, subnet: Subnet) -> bool:
    if address.version != 4 or subnet.version != 4 or subnet.prefixlen > 30:
        return False
    return address in (subnet.network_address, subnet.broadcast_address)


def _if_taken(address: Address, cluster: ClusterFacts, plan: Plan, facts: Facts) -> Verdict | None:
    """Who has the address already; None for a free one, and for the installed role's own."""
    subject = str(address)
    rows = [row for row in cluster.addresses if row.kind == "address"]
    if vmm_group(cluster) and situation(plan, facts).ours:
        own = [row.value for row in rows if row.group == vmm_group(cluster)]
        if any(_same(value, address) for value in own):
            return None
        if own:
            return failed(
                f"the installed role has {', '.join(own)}, not {address}",
                in_plan(f"write {', '.join(own)}, as on the nodes that have VMM already"),
                subject=subject,
            )
    free = in_plan("give a free address", ask(NETWORK, f"say which address is free instead of {address}"))
    for node in plan.nodes:
        if any(_same(adapter.address, address) for adapter in facts.node(node.key).adapters):
            return failed(f"{node.key} has {address} itself", free, subject=subject)
    for row in rows:
        if _same(row.value, address):
            return failed(f"cluster resource {row.name} of role {row.group} has {address}", free, subject=subject)
    return None


def _same(text: str, address: Address) -> bool:
    try:
        return ip_address(text.partition("/")[0].partition("%")[0]) == address
    except ValueError:
        return False
