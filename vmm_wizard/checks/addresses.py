"""Checks of the role's static addresses: the cluster's networks (CLU-09), and who is there already (CLU-10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from vmm_wizard.checks.cluster import cluster_of_plan
from vmm_wizard.checks.registry import (
    Verdict,
    check,
    failed,
    not_applicable,
    or_unknown,
    passed,
    unknown,
    warned,
)
from vmm_wizard.checks.remedies import NETWORK, ask, in_plan
from vmm_wizard.checks.schedule import situation, vmm_group
from vmm_wizard.facts.model import AddressProbe, ClusterFacts, ClusterNetwork, Facts, NoAnswer, NodeFacts, NotKnown
from vmm_wizard.facts.node_parts import part
from vmm_wizard.plan.model import Address, Plan
from vmm_wizard.texts import text

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
    for subnet in row.subnets:
        try:
            subnets.append(ip_network(subnet, strict=False))
        except ValueError:
            raise NotKnown(
                NoAnswer(text("evidence.CLU-09.no_subnet", name=row.name, subnet=subnet), "unreadable")
            ) from None
    return _Network(row.name, row.role == CLIENT_ROLE, tuple(subnets), frozenset(adapter.dhcp for adapter in adapters))


@check(
    "CLU-09",
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
        yield not_applicable(text("evidence.shared.cluster_first"))
        return
    networks = [_network(row, plan, facts) for row in cluster.networks]
    clients = [network for network in networks if network.client]
    if not clients:
        yield failed(
            text("evidence.CLU-09.no_client_network", name=cluster.name),
            ask(NETWORK, text("evidence.CLU-09.open_a_network")),
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
        return failed(
            text("evidence.CLU-09.several", network=network.shown, addresses=shown),
            in_plan(text("evidence.CLU-09.leave_one")),
            subject=subject,
        )
    if network.dhcp == {True, False}:
        return warned(
            text(
                "evidence.CLU-09.dhcp_differs", network=network.shown, addresses=shown or text("evidence.shared.none")
            ),
            ask(NETWORK, text("evidence.CLU-09.make_alike")),
            subject=subject,
        )
    if network.dhcp == {True}:
        if not inside:
            return passed(text("evidence.CLU-09.dhcp", network=network.shown), subject=subject)
        return warned(
            text("evidence.CLU-09.dhcp_and_static", network=network.shown, addresses=shown),
            in_plan(text("evidence.CLU-09.leave_out")),
            subject=subject,
        )
    if ipv4:
        return passed(text("evidence.CLU-09.has", network=network.shown, addresses=shown), subject=subject)
    if network.has_ipv4:
        return failed(
            text("evidence.CLU-09.none_planned", network=network.shown),
            in_plan(
                text("evidence.CLU-09.add_one"),
                ask(NETWORK, text("evidence.CLU-09.say_which_of", network=network.shown)),
            ),
            subject=subject,
        )
    if ipv6:
        return passed(text("evidence.CLU-09.has", network=network.shown, addresses=shown), subject=subject)
    return warned(
        text("evidence.CLU-09.ipv6_alone", network=network.shown),
        in_plan(text("evidence.CLU-09.leave_it_so")),
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
        return failed(
            text("evidence.CLU-09.twice", address=address), in_plan(text("evidence.CLU-09.leave_one")), subject=subject
        )
    homes = [network for network in networks if network.holds(address)]
    if not any(network.client for network in homes):
        return failed(
            text("evidence.CLU-09.no_clients", address=address, network=homes[0].shown)
            if homes
            else text("evidence.CLU-09.nowhere", address=address),
            in_plan(text("evidence.CLU-09.give_client_address")),
            subject=subject,
        )
    if any(_is_edge(address, subnet) for network in homes for subnet in network.subnets):
        return failed(
            text("evidence.CLU-09.edge", address=address),
            in_plan(text("evidence.CLU-09.give_another")),
            subject=subject,
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
                text("evidence.CLU-09.role_has", addresses=", ".join(own), address=address),
                in_plan(text("evidence.CLU-09.write_role_address", addresses=", ".join(own))),
                subject=subject,
            )
    free = in_plan(
        text("evidence.CLU-09.give_free"), ask(NETWORK, text("evidence.CLU-09.say_which_instead", address=address))
    )
    for node in plan.nodes:
        if any(_same(adapter.address, address) for adapter in facts.node(node.key).adapters):
            return failed(text("evidence.CLU-09.node_has", node=node.key, address=address), free, subject=subject)
    for row in rows:
        if _same(row.value, address):
            return failed(
                text("evidence.CLU-09.resource_has", resource=row.name, role=row.group, address=address),
                free,
                subject=subject,
            )
    return None


def _same(value: str, address: Address) -> bool:
    try:
        return ip_address(value.partition("/")[0].partition("%")[0]) == address
    except ValueError:
        return False


# --- whether anybody is there

#: Windows' NL_NEIGHBOR_STATE: what was on the wire a moment ago, and what is there now.
_WAS_THERE = frozenset({2, 3, 4})
_IS_THERE = frozenset({5, 6})


@check(
    "CLU-10",
    topic="cluster",
    source="HA1",
    needs=("cluster.nodes", "cluster.name", "cluster.role_name"),
)
def static_addresses_free(plan: Plan, facts: Facts) -> Iterator[Verdict]:
    """Asked from nodes in the address's own subnet, where even who filters pings answers on the wire. An address that
    answers is fine only when it is the installed role's own resource."""
    cluster = cluster_of_plan(plan, facts)
    if cluster is None:
        yield not_applicable(text("evidence.shared.cluster_first"))
        return
    if not plan.cluster.static_addresses:
        yield not_applicable(text("evidence.CLU-10.none_planned"))
        return
    for address in dict.fromkeys(plan.cluster.static_addresses):
        yield or_unknown(lambda address=address: _free(address, cluster, plan, facts), str(address))  # type: ignore[misc]


def _free(address: Address, cluster: ClusterFacts, plan: Plan, facts: Facts) -> Verdict:
    homes = [row.name for row in cluster.networks if any(_lies_in(address, subnet) for subnet in row.subnets)]
    if not homes:
        return not_applicable(text("evidence.CLU-10.network_first", address=address))
    own = _role_resource(address, cluster, plan, facts)
    if own:
        return passed(text("evidence.CLU-10.own", address=address, resource=own))
    taken = _if_taken(address, cluster, plan, facts)
    if taken:
        return not_applicable(text("evidence.CLU-10.address_first", evidence=taken.evidence))
    asked = [node.key for node in plan.nodes if _is_in(facts.node(node.key), homes)]
    if not asked:
        return unknown(text("evidence.CLU-10.nobody_could_ask", networks=", ".join(homes), address=address))
    return _heard(address, {node: _probe(address, facts.node(node)) for node in asked}, plan)


def _heard(address: Address, probes: Mapping[str, AddressProbe], plan: Plan) -> Verdict:
    """What the answers of the nodes in the subnet say together."""
    remedy = in_plan(
        text("evidence.CLU-10.give_another"),
        ask(NETWORK, text("evidence.CLU-10.say_whose", address=address)),
    )
    for node, probe in probes.items():
        link = text("evidence.CLU-10.from_link", link=probe.link_address) if probe.link_address.strip("0-") else ""
        if probe.ping:
            return failed(text("evidence.CLU-10.answers_ping", address=address, node=node, link=link), remedy)
        if link and probe.neighbor_state in _IS_THERE:
            return failed(text("evidence.CLU-10.on_the_wire", address=address, node=node, link=link), remedy)
        if link and probe.neighbor_state in _WAS_THERE:
            return warned(text("evidence.CLU-10.a_moment_ago", address=address, node=node, link=link), remedy)
    role = plan.role_fqdn.casefold()
    names = sorted({probe.name for probe in probes.values() if probe.name and probe.name.casefold() != role})
    if names:
        return warned(
            text("evidence.CLU-10.reverse", address=address, names=", ".join(names)),
            ask(NETWORK, text("evidence.CLU-10.mend_reverse", names=", ".join(names), address=address)),
        )
    dns = text("evidence.CLU-10.reverse_silent") if all(probe.name is None for probe in probes.values()) else ""
    return passed(text("evidence.CLU-10.free", address=address, nodes=", ".join(probes), dns=dns))


def _lies_in(address: Address, subnet: str) -> bool:
    try:
        network = ip_network(subnet, strict=False)
    except ValueError:
        return False
    return address.version == network.version and address in network


def _is_in(node: NodeFacts, networks: list[str]) -> bool:
    return any(adapter.network in networks for adapter in node.adapters)


def _role_resource(address: Address, cluster: ClusterFacts, plan: Plan, facts: Facts) -> str:
    """The installed role's resource that has the address; empty when it has none, or the role is not this plan's."""
    group = vmm_group(cluster)
    if group is None or not situation(plan, facts).ours:
        return ""
    rows = [row for row in cluster.addresses if row.kind == "address" and row.group == group]
    return next((row.name for row in rows if _same(row.value, address)), "")


def _probe(address: Address, node: NodeFacts) -> AddressProbe:
    probes = part(node, node.address_probes, text("evidence.CLU-10.who_is_there"))
    found = next((probe for probe in probes if _same(probe.address, address)), None)
    return part(node, found, text("evidence.CLU-10.is_somebody_there", address=address))
