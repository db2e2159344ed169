"""What was found in the estate, as suggestions for the fields of the wizard: pure, for both faces.

`offering(key, found, plan)` is all that a list needs: its suggestions in order, each a line and the texts that choosing
it answers (`suggesting.texts_of`). A face that asks the directory meanwhile also hands over what it was told (`asked`)
and what is typed (`typed`), and shows `narrowed(...)` of it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping

from vmm_wizard.checks.fitness import Fit, fitness
from vmm_wizard.facts.discovery_model import Clusters, Discovery, FoundCluster
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.plan.fields import field_text
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import HostName
from vmm_wizard.printable import printable
from vmm_wizard.report.discovery import address_of, free_means, media_line
from vmm_wizard.texts import text
from vmm_wizard.wizard import container_tree
from vmm_wizard.wizard.found_accounts import rows_for
from vmm_wizard.wizard.found_keys import ACCOUNT_KEYS, CONTAINER, INSTALLER, KEYS
from vmm_wizard.wizard.searched import Asked
from vmm_wizard.wizard.suggesting import Offering, Sight, Suggestion, narrowed, numbered, parts

__all__ = ["KEYS", "Asked", "Offering", "Suggestion", "narrowed", "offering", "why_none"]

#: Suggestions that are listed at the most: more cannot be chosen from.
MOST = 100


def offering(
    key: str, found: Discovery | None, plan: Plan, asked: Asked | None = None, typed: str | None = None
) -> Offering | None:
    """What the field `key` can be filled with; None while nothing was found for it.

    `typed` is what stands in the field now (None: what the plan says); suggestions for lists add to it.
    """
    make = _KEYS.get(key)
    if make is None or found is None:
        return None
    title, rows, note = make
    suggestions = numbered(rows(Sight(found, plan, asked or Asked(), typed)), MOST)
    if not suggestions:
        return None
    note = free_means() if key == "cluster.static_addresses" else text(f"found.note.{note}") if note else ""
    return Offering(text(f"found.title.{title}"), suggestions, note)


def why_none(key: str, found: Discovery | None) -> str:
    """Why nothing is offered for a field: what is missing, what could not be read, or that it may still come.

    Empty where nothing is ever offered, and where all was read and there is nothing.
    """
    if key not in _KEYS or found is None:
        return ""
    part = getattr(found, _part_of(key))
    if not isinstance(part, NoAnswer):
        return ""
    if part.code != "not_asked":
        return text("found.not_listed", reason=printable(part.reason))
    if key == INSTALLER:
        return ""
    return text("found.no_account") if found.done else text("found.looking")


def _part_of(key: str) -> str:
    if key in ACCOUNT_KEYS:
        return "accounts"
    parts_of = {
        "domain": "domains",
        "connection.directory_server": "controllers",
        "database.host": "instances",
        CONTAINER: "containers",
        "media.path": "media",
    }
    return parts_of.get(key, "clusters")


def _domains(sight: Sight) -> Iterator[Suggestion]:
    for name in sight.found.domains:
        if sight.plan.domain or name != sight.plan.dns_domain:
            yield Suggestion(name, {"domain": name})


def _controllers(sight: Sight) -> Iterator[Suggestion]:
    if not isinstance(sight.found.controllers, NoAnswer):
        for host in sight.found.controllers:
            yield Suggestion(host, {"connection.directory_server": host})


def _instances(sight: Sight) -> Iterator[Suggestion]:
    if isinstance(sight.found.instances, NoAnswer):
        return
    nodes = tuple(node.key for node in sight.plan.nodes)
    judged = [(row, fitness(row, sight.plan.release, nodes)) for row in sight.found.instances]
    for row, verdict in sorted(judged, key=lambda pair: pair[1].fit is Fit.NO):
        reason = f": {verdict.reason}" if verdict.reason else ""
        version = f"  {row.version}" if row.version else ""
        # SQL Browser tells a named instance's port each time: written down, it would be wrong after a restart.
        port = str(row.port) if row.port not in (0, 1433) and not (row.instance and row.by_browser) else ""
        yield Suggestion(
            f"{address_of(row)}{version}  {verdict.fit.words}{reason}",
            {"database.host": _short(row.host, sight.plan), "database.instance": row.instance, "database.port": port},
        )


def _short(host: str, plan: Plan) -> str:
    """A host as VMM wants SQL Server to be named: by its computer name, where the domain is the plan's (SQL-11)."""
    label, _, domain = host.partition(".")
    return label if domain.casefold() == plan.dns_domain else host


def _media(sight: Sight) -> Iterator[Suggestion]:
    for row in sight.found.media:
        yield Suggestion(media_line(row), {"media.path": row.path})


# --- clusters, their nodes and networks


def _clusters_of(found: Discovery) -> tuple[FoundCluster, ...]:
    return found.clusters.clusters if isinstance(found.clusters, Clusters) else ()


def _clusters(sight: Sight) -> Iterator[Suggestion]:
    for cluster in _clusters_of(sight.found):
        implied = {"cluster.nodes": ", ".join(cluster.nodes)} if cluster.nodes else {}
        yield Suggestion(
            f"{cluster.name}  ({_with_states(cluster) or text('found.silent')})",
            {"cluster.name": f"{cluster.name}.{sight.found.domain}"},
            implied,
        )


def _with_states(cluster: FoundCluster) -> str:
    return ", ".join(f"{name.partition('.')[0]} {cluster.state_of(name)}".strip() for name in cluster.nodes)


def _planned(sight: Sight) -> tuple[FoundCluster, ...]:
    """The planned cluster alone, where it is among those that were found; else all of them."""
    clusters = _clusters_of(sight.found)
    wanted = sight.plan.cluster.name.label.casefold()
    return tuple(row for row in clusters if row.name == wanted) or clusters


def _entries(sight: Sight, key: str, is_whole: Callable[[str], bool]) -> list[str]:
    """The entries of a list that are typed; the last one only where it is whole."""
    complete, last = parts(key, field_text(sight.plan, key) if sight.typed is None else sight.typed)
    return [*complete, last] if last and (sight.typed is None or is_whole(last)) else list(complete)


def _nodes(sight: Sight) -> Iterator[Suggestion]:
    clusters = _planned(sight)
    strays = sight.found.clusters.nodes if isinstance(sight.found.clusters, Clusters) else ()
    known = (*(node for cluster in clusters for node in cluster.nodes), *strays)
    names = {form for name in known for form in (name, name.partition(".")[0])}
    entries = _entries(sight, "cluster.nodes", lambda entry: entry.casefold() in names)
    chosen = [_qualified(entry, sight.plan.dns_domain) for entry in entries]
    for cluster in clusters:
        if len(cluster.nodes) > 1 and set(cluster.nodes) != set(chosen):
            together = text("found.all_nodes", cluster=cluster.name, nodes=_with_states(cluster))
            yield Suggestion(together, _node_list(cluster.nodes))
        for node in cluster.nodes:
            if node not in chosen:
                state = f"  {cluster.state_of(node)}" if cluster.state_of(node) else ""
                yield Suggestion(f"{text('found.add', node=node)}{state}", _node_list((*chosen, node)))
    for node in strays:
        if node not in chosen:
            yield Suggestion(f"{text('found.add', node=node)}  ({text('found.stray')})", _node_list((*chosen, node)))


def _qualified(entry: str, domain: str) -> str:
    try:
        return HostName.parse(entry).qualified(domain).key
    except ValueError:
        return entry


def _node_list(nodes: tuple[str, ...]) -> dict[str, str]:
    return {"cluster.nodes": ", ".join(nodes)}


def _targets(sight: Sight) -> Iterator[Suggestion]:
    """The nodes that the role can be moved to."""
    states = {node: cluster.state_of(node) for cluster in _planned(sight) for node in cluster.nodes}
    for node in (node.key for node in sight.plan.nodes):
        state = f"  {states[node]}" if states.get(node) else ""
        yield Suggestion(f"{node}{state}", {"order.target": node})


def _addresses(sight: Sight) -> Iterator[Suggestion]:
    networks = [network for cluster in _planned(sight) for network in cluster.networks]
    free = {network: network.free for network in networks if not isinstance(network.free, NoAnswer)}
    chosen = _entries(sight, "cluster.static_addresses", _is_address)
    bare = [network for network in free if not any(_inside(entry, network.subnet) for entry in chosen)]
    if len(bare) > 1 and all(free[network] for network in bare):
        together = [free[network][0] for network in bare]
        yield Suggestion(
            text("found.each_network", addresses=", ".join(together)),
            {"cluster.static_addresses": ", ".join((*chosen, *together))},
        )
    for network, addresses in free.items():
        others = [entry for entry in chosen if not _inside(entry, network.subnet)]
        for address in addresses:
            if address not in chosen:
                yield Suggestion(
                    text("found.address", address=address, network=network.name, subnet=network.subnet),
                    {"cluster.static_addresses": ", ".join((*others, address))},
                )


def _is_address(text: str) -> bool:
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def _inside(address: str, subnet: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(subnet)
    except ValueError:
        return False


_Rows = Callable[[Sight], Iterator[Suggestion]]
#: By key: what its list is called, what makes its lines, and the note above it.
_KEYS: Mapping[str, tuple[str, _Rows, str]] = {
    **{key: ("account", rows_for(key), "account") for key in sorted(ACCOUNT_KEYS)},
    "domain": ("domain", _domains, ""),
    "connection.directory_server": ("controller", _controllers, ""),
    CONTAINER: ("container", container_tree.rows, "container"),
    "database.host": ("instance", _instances, ""),
    "cluster.name": ("cluster", _clusters, ""),
    "cluster.nodes": ("nodes", _nodes, "nodes"),
    "cluster.static_addresses": ("address", _addresses, ""),
    "media.path": ("media", _media, ""),
    "order.target": ("target", _targets, ""),
}
