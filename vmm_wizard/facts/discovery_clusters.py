"""What nodes say of the clusters that were found (one session with one of each): states, networks, media."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from vmm_wizard.addresses import AddressError, Addresses
from vmm_wizard.facts.directory_services import ClusterObjects
from vmm_wizard.facts.discovery_model import Clusters, FoundCluster, FoundMedia, FoundNetwork
from vmm_wizard.facts.free_addresses import free_addresses
from vmm_wizard.facts.model import NoAnswer, NodeFacts
from vmm_wizard.facts.nodes import SCRIPT, connector, no_answer, read_answer, script_parameters
from vmm_wizard.facts.questions import NodeQuestion, questions
from vmm_wizard.plan.model import Database, Media, Plan
from vmm_wizard.plan.names import AccountName, HostName
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.texts import text

#: Seconds for one node.
NODE_SECONDS: Final = 30.0
#: Nodes that are asked about their cluster at the most.
MOST_NODES: Final = 16
_CLIENTS: Final = 3
#: Where a node is asked for the media while the plan names no folder: the one that our own documents name.
USUAL_MEDIA: Final = r"C:\VMM\Media"


def unasked(objects: ClusterObjects) -> Clusters:
    return Clusters(tuple(FoundCluster(name, dn) for name, dn in objects.clusters), objects.nodes)


def ask_nodes(
    plan: Plan,
    objects: ClusterObjects,
    usable: Callable[[AccountName], Secret | NoAnswer],
    addresses: Addresses,
    named: frozenset[str],
    stop: threading.Event,
) -> Iterator[tuple[Clusters, tuple[FoundMedia, ...]]]:
    """One node after the other describes its cluster, the plan's own first, until each is in one that was described."""
    described: dict[str, FoundCluster] = {}
    media: list[FoundMedia] = []
    silent: list[tuple[str, str]] = []
    candidates = list(dict.fromkeys([*(node.key for node in plan.nodes), *objects.nodes]))
    for asked, host in enumerate(candidates):
        if stop.is_set() or asked == MOST_NODES:
            return
        if any(host in cluster.nodes for cluster in described.values()):
            continue
        answer = _ask_node(plan, host, usable, addresses)
        if isinstance(answer, NoAnswer):
            silent.append((host, answer.reason))
        else:
            node, neighbors = answer
            if node.media.exists and node.media.kind == "fixed":
                media.append(FoundMedia(node.media.path, node.media.product_version, host))
            if node.cluster is None:
                silent.append((host, node.cluster_error or text("reasons.discovery.in_no_cluster")))
            else:
                made = _described(node, host, {*neighbors, *named}, plan.dns_domain, addresses)
                dn = next((dn for name, dn in objects.clusters if name == made.name), "")
                described[made.name] = replace(made, dn=dn)
        yield _clusters(objects, described, silent), tuple(media)


def _clusters(
    objects: ClusterObjects, described: Mapping[str, FoundCluster], silent: Sequence[tuple[str, str]]
) -> Clusters:
    names = dict.fromkeys([*(name for name, _ in objects.clusters), *described])
    dns = dict(objects.clusters)
    clusters = tuple(described.get(name) or FoundCluster(name, dns[name]) for name in names)
    placed = {node for cluster in clusters for node in cluster.nodes}
    return Clusters(clusters, tuple(node for node in objects.nodes if node not in placed), tuple(silent))


def _ask_node(
    plan: Plan,
    host: str,
    usable: Callable[[AccountName], Secret | NoAnswer],
    addresses: Addresses,
) -> tuple[NodeFacts, tuple[str, ...]] | NoAnswer:
    """What a node says of itself, and whom it has heard lately: one session, two scripts, both reading only."""
    from vmm_wizard.remote.bootstrap import load_script
    from vmm_wizard.remote.errors import RemoteError
    from vmm_wizard.remote.session import deadline_in

    node = _node_question(plan, host, addresses)
    if node is None:
        return NoAnswer(text("reasons.discovery.no_node_account"))
    secret = usable(node.account)
    if isinstance(secret, NoAnswer):
        return secret
    try:
        connect, place = connector(node, secret, addresses)
        due = deadline_in(NODE_SECONDS)
        with connect(due, threading.Event()) as session:
            facts = read_answer(session.run(load_script(SCRIPT), script_parameters(node), deadline=due), place)
            if isinstance(facts, NoAnswer):
                return facts
            heard = session.run(load_script("list-neighbors"), {"AddressFamily": "IPv4"}, deadline=due)
    except AddressError as error:
        return NoAnswer(str(error), "unreachable")
    except RemoteError as error:
        return no_answer(error)
    listed = heard.get("neighbors")
    return facts, tuple(map(str, listed)) if isinstance(listed, list) else ()


def _node_question(plan: Plan, host: str, addresses: Addresses) -> NodeQuestion | None:
    """What `check` would ask a node, but for SQL Server, and for media where they usually are."""
    alone = replace(
        plan,
        cluster=replace(plan.cluster, nodes=(HostName.parse(host),)),
        database=Database(),
        media=Media(plan.media.path or USUAL_MEDIA),
    )
    return next(iter(questions(alone, addresses.ca_file or "").nodes), None)


def _described(node: NodeFacts, host: str, seen: set[str], domain: str, addresses: Addresses) -> FoundCluster:
    """A node's cluster; `seen`: addresses that somebody is known to have."""
    cluster = node.cluster
    assert cluster is not None
    suffix = (cluster.domain or domain).casefold()
    own = [row.value for row in cluster.addresses if row.kind == "address"]
    taken = {*own, *(adapter.address for adapter in node.adapters or ()), *seen}
    return FoundCluster(
        cluster.name.casefold(),
        "",
        tuple(f"{row.name}.{suffix}".casefold() for row in cluster.nodes),
        tuple(
            _network(row.name, subnet, node, taken, next(iter(own), ""), addresses)
            for row in cluster.networks
            if row.role == _CLIENTS
            for subnet in row.subnets
            if ":" not in subnet
        ),
        host,
        tuple(row.state for row in cluster.nodes),
    )


def _network(name: str, subnet: str, node: NodeFacts, seen: set[str], core: str, addresses: Addresses) -> FoundNetwork:
    own = [adapter for adapter in node.adapters or () if adapter.network == name and ":" not in adapter.address]
    dhcp = own[0].dhcp if own else None
    near = core if _inside(core, subnet) else (own[0].address if own else "")
    taken = {address for address in seen if _inside(address, subnet)}
    if dhcp:
        return FoundNetwork(name, subnet, dhcp, (), len(taken))
    return FoundNetwork(name, subnet, dhcp, free_addresses(subnet, taken, near, addresses), len(taken))


def _inside(address: str, subnet: str) -> bool:
    import ipaddress

    try:
        network = ipaddress.ip_network(subnet)
        return ipaddress.ip_address(address) in network and address != str(network.broadcast_address)
    except ValueError:
        return False
