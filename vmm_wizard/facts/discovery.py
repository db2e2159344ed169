"""Looks for what a plan could name: controllers by DNS, the rest by the directory, and what servers say of themselves.

Bounded in everything: one bind, six searches, one datagram a SQL Server, one session with one node of each cluster.
Each part ends in facts or in a reason.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from vmm_wizard.addresses import AddressError, Addresses
from vmm_wizard.facts.directory_accounts import ask_likely_accounts
from vmm_wizard.facts.directory_services import ClusterObjects, ask_cluster_names, ask_sql_names
from vmm_wizard.facts.directory_tree import ask_containers
from vmm_wizard.facts.discovery_model import (
    Clusters,
    Discovery,
    FoundCluster,
    FoundInstance,
    FoundMedia,
    FoundNetwork,
)
from vmm_wizard.facts.free_addresses import free_addresses
from vmm_wizard.facts.model import NoAnswer, NodeFacts
from vmm_wizard.facts.nodes import SCRIPT, connector, no_answer, read_answer, script_parameters
from vmm_wizard.facts.questions import DirectoryAccess, NodeQuestion, questions
from vmm_wizard.plan.model import Database, Media, Plan
from vmm_wizard.plan.names import AccountName, HostName
from vmm_wizard.plan.secrets import Secret, Secrets
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.facts.passwords import Passwords
    from vmm_wizard.facts.sql_browser import Announced

T = TypeVar("T")
R = TypeVar("R")

#: Seconds for SQL Browser of one host, and for one node.
BROWSER_SECONDS: Final = 3.0
NODE_SECONDS: Final = 30.0
#: Hosts whose SQL Browser is asked, and nodes that are asked about their cluster, at the most.
MOST_BROWSERS: Final = 64
MOST_NODES: Final = 16
_AT_ONCE: Final = 8
#: Seconds for all hosts together: their SQL Browsers, and their names in DNS.
_ALL_SECONDS: Final = 20.0
_CLIENTS: Final = 3
#: Where a node is asked for the media while the plan names no folder: the one that our own documents name.
USUAL_MEDIA: Final = r"C:\VMM\Media"


@dataclass(frozen=True, slots=True)
class DiscoveryQuestion:
    """Where to look, and as whom. `access` None: no account is known, and only DNS is asked.

    `plan` lends what else is needed to reach nodes (transport, accounts, trust); nodes that it names are asked first.
    """

    domain: str
    access: DirectoryAccess | None
    plan: Plan


def discovery_question(plan: Plan, ca_file: str = "") -> DiscoveryQuestion:
    """What to look for by a plan that may be far from complete."""
    return DiscoveryQuestion(plan.dns_domain, questions(plan, ca_file).access, plan)


def discover(
    question: DiscoveryQuestion,
    secrets: Secrets,
    passwords: Passwords,
    addresses: Addresses,
    cancel: threading.Event | None = None,
) -> Iterator[Discovery]:
    """What is found, again and again with one part more; the last one is `done`. Blocking; `cancel` ends it early."""
    stop = cancel or threading.Event()
    domains = addresses.domains()
    found = Discovery(question.domain, domains=domains, caller=caller(domains))
    yield found
    found = replace(found, controllers=_controllers(question.domain, addresses))
    yield found
    access = question.access
    if access is None:
        yield _without(found, NoAnswer(text("reasons.discovery.no_account")))
        return
    session = passwords.session(access, secrets.get(access.account))
    if isinstance(session, NoAnswer):
        yield _without(found, session)
        return
    found = replace(found, accounts=session.answered(text("reasons.discovery.accounts"), ask_likely_accounts))
    yield found
    found = replace(found, containers=session.answered(text("reasons.discovery.containers"), ask_containers))
    yield found
    if stop.is_set():
        return
    instances = session.answered(text("reasons.discovery.sql_servers"), ask_sql_names)
    found = replace(found, instances=instances)
    yield found
    if stop.is_set():
        return
    if not isinstance(instances, NoAnswer):
        told = _with_browsers(instances, addresses)
        found = replace(found, instances=told)
        yield found
        if not all(row.version for row in told):
            found = replace(found, instances=_with_versions(told, addresses))
            yield found
    objects = session.answered(text("reasons.discovery.clusters"), ask_cluster_names)
    if isinstance(objects, NoAnswer):
        yield replace(found, clusters=objects, done=True)
        return
    found = replace(found, clusters=_unasked(objects))
    yield found
    named = _named(found, objects, addresses)
    usable = _passwords_of(access, secrets, passwords)
    for clusters, media in _ask_nodes(question, objects, usable, addresses, named, stop):
        found = replace(found, clusters=clusters, media=media)
        yield found
    yield replace(found, done=True)


def _without(found: Discovery, gap: NoAnswer) -> Discovery:
    """The end, when the directory cannot be asked."""
    return replace(found, accounts=gap, containers=gap, instances=gap, clusters=gap, done=True)


def caller(domains: Collection[str]) -> str:
    """Who runs the wizard, as `user@domain.example`; empty where that is nobody of these domains (Windows tells)."""
    user, domain = os.environ.get("USERNAME", ""), os.environ.get("USERDNSDOMAIN", "").casefold()
    return f"{user}@{domain}" if user and domain in domains else ""


def _controllers(domain: str, addresses: Addresses) -> tuple[str, ...] | NoAnswer:
    if not domain:
        return NoAnswer(text("reasons.discovery.no_domain"))
    try:
        return addresses.domain_controllers(domain)
    except AddressError as error:
        return NoAnswer(text("reasons.discovery.lookup_failed", domain=domain, error=error), "unreachable")


def _named(found: Discovery, objects: ClusterObjects, addresses: Addresses) -> frozenset[str]:
    """The addresses that DNS has for every computer that was found."""
    hosts = [*objects.nodes, *(f"{name}.{found.domain}" for name, _ in objects.clusters)]
    if not isinstance(found.controllers, NoAnswer):
        hosts += found.controllers
    if not isinstance(found.instances, NoAnswer):
        hosts += [row.host for row in found.instances]

    def ask(host: str) -> tuple[str, ...]:
        try:
            return addresses.addresses_of(host)
        except AddressError:
            return ()

    answers = _all(tuple(dict.fromkeys(hosts)), ask, _ALL_SECONDS)
    return frozenset(address for row in answers.values() for address in row)


def _passwords_of(
    access: DirectoryAccess, secrets: Secrets, passwords: Passwords
) -> Callable[[AccountName], Secret | NoAnswer]:
    def usable(account: AccountName) -> Secret | NoAnswer:
        return passwords.usable(account, secrets.get(account), access)

    return usable


# --- SQL Browser


def _with_browsers(instances: tuple[FoundInstance, ...], addresses: Addresses) -> tuple[FoundInstance, ...]:
    """The instances with what SQL Browser of their hosts says of them, and those that only it knows."""
    from vmm_wizard.facts.sql_browser import all_instances

    def ask(host: str) -> tuple[Announced, ...]:
        try:
            return all_instances(host, addresses, BROWSER_SECONDS)
        except AddressError:
            # Its absence is usual: a default instance needs none.
            return ()

    hosts = tuple(dict.fromkeys(row.host for row in instances))[:MOST_BROWSERS]
    told = _all(hosts, ask, _ALL_SECONDS)
    found: list[FoundInstance] = []
    for host in dict.fromkeys(row.host for row in instances):
        own = [row for row in instances if row.host == host]
        found += merged(own, told.get(host, ()))
    return tuple(found)


def _with_versions(instances: tuple[FoundInstance, ...], addresses: Addresses) -> tuple[FoundInstance, ...]:
    """The instances, those whose version SQL Browser did not tell with what their port says of itself."""
    from vmm_wizard.facts.sql_version import ask_version

    def ask(row: FoundInstance) -> str:
        try:
            return ask_version(row.host, row.port, addresses, BROWSER_SECONDS)
        except AddressError:
            return ""

    # Without a port, a named instance is nowhere to be asked.
    silent = tuple(row for row in instances if not row.version and (row.port or not row.instance))[:MOST_BROWSERS]
    versions = _all(silent, ask, _ALL_SECONDS)
    return tuple(replace(row, version=row.version or versions.get(row, "")) for row in instances)


def merged(own: Sequence[FoundInstance], told: Iterable[Announced]) -> list[FoundInstance]:
    """One host's instances, those of the directory first, each with what SQL Browser said of it."""
    found, accounts = list(own), own[0].accounts if own else ()
    for row in told:
        name = "" if row.instance.casefold() == "mssqlserver" else row.instance
        at = next((number for number, known in enumerate(found) if known.instance.casefold() == name.casefold()), None)
        before = found[at] if at is not None else FoundInstance(own[0].host, name, accounts=accounts)
        after = replace(
            before,
            port=row.port or before.port,
            version=row.version,
            is_clustered=row.is_clustered,
            by_browser=True,
        )
        if at is None:
            found.append(after)
        else:
            found[at] = after
    return found


def _all(items: Sequence[T], ask: Callable[[T], R], seconds: float) -> Mapping[T, R]:
    """What `ask` says of each, several at once. After `seconds` what has come is all there is: the system's resolver
    has no deadline of its own. Daemon threads: leaving waits for none of them."""
    waiting: queue.SimpleQueue[T] = queue.SimpleQueue()
    for item in items:
        waiting.put(item)
    answers: dict[T, R] = {}

    def work() -> None:
        while True:
            try:
                item = waiting.get_nowait()
            except queue.Empty:
                return
            answers[item] = ask(item)

    threads = [threading.Thread(target=work, name="discover", daemon=True) for _ in range(min(_AT_ONCE, len(items)))]
    for thread in threads:
        thread.start()
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return dict(answers)


# --- clusters


def _unasked(objects: ClusterObjects) -> Clusters:
    return Clusters(tuple(FoundCluster(name, dn) for name, dn in objects.clusters), objects.nodes)


def _ask_nodes(
    question: DiscoveryQuestion,
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
    candidates = list(dict.fromkeys([*(node.key for node in question.plan.nodes), *objects.nodes]))
    for asked, host in enumerate(candidates):
        if stop.is_set() or asked == MOST_NODES:
            return
        if any(host in cluster.nodes for cluster in described.values()):
            continue
        answer = _ask_node(question, host, usable, addresses)
        if isinstance(answer, NoAnswer):
            silent.append((host, answer.reason))
        else:
            node, neighbors = answer
            if node.media.exists and node.media.kind == "fixed":
                media.append(FoundMedia(node.media.path, node.media.product_version, host))
            if node.cluster is None:
                silent.append((host, node.cluster_error or text("reasons.discovery.in_no_cluster")))
            else:
                made = _described(node, host, {*neighbors, *named}, question.domain, addresses)
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
    question: DiscoveryQuestion,
    host: str,
    usable: Callable[[AccountName], Secret | NoAnswer],
    addresses: Addresses,
) -> tuple[NodeFacts, tuple[str, ...]] | NoAnswer:
    """What a node says of itself, and whom it has heard lately: one session, two scripts, both reading only."""
    from vmm_wizard.remote.bootstrap import load_script
    from vmm_wizard.remote.errors import RemoteError
    from vmm_wizard.remote.session import deadline_in

    node = _node_question(question, host, addresses)
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


def _node_question(question: DiscoveryQuestion, host: str, addresses: Addresses) -> NodeQuestion | None:
    """What `check` would ask a node, but for SQL Server, and for media where they usually are."""
    plan = question.plan
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
