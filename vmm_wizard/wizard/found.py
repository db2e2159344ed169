"""What was found in the estate, as suggestions for the fields of the wizard: pure, no Textual."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from vmm_wizard.checks.fitness import fitness
from vmm_wizard.facts.discovery_model import Clusters, Discovery, FoundCluster
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.plan.model import Plan
from vmm_wizard.report.discovery import FREE, address_of

#: Suggestions that are listed at the most: more cannot be chosen from.
MOST = 100


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A line of a list, and the texts that choosing it puts into fields, by key."""

    text: str
    answers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Offering:
    """All suggestions for one field. `note` is said above the list."""

    title: str
    suggestions: tuple[Suggestion, ...]
    note: str = ""


def offering(key: str, found: Discovery | None, plan: Plan) -> Offering | None:
    """What the field `key` can be filled with; None while nothing was found for it."""
    make = _KEYS.get(key)
    if make is None or found is None:
        return None
    title, rows, note = make
    suggestions = tuple(rows(found, plan))[:MOST]
    return Offering(title, suggestions, note) if suggestions else None


def hint(key: str, found: Discovery | None, plan: Plan) -> str:
    """What stands below a field that something was found for; empty for others."""
    offered = offering(key, found, plan)
    return f"{len(offered.suggestions)} found: F4 lists them" if offered else ""


def _controllers(found: Discovery, plan: Plan) -> Iterator[Suggestion]:  # noqa: ARG001
    if not isinstance(found.controllers, NoAnswer):
        for host in found.controllers:
            yield Suggestion(host, {"connection.directory_server": host})


def _instances(found: Discovery, plan: Plan) -> Iterator[Suggestion]:
    if isinstance(found.instances, NoAnswer):
        return
    nodes = tuple(node.key for node in plan.nodes)
    for row in found.instances:
        verdict = fitness(row, plan.release, nodes)
        reason = f": {verdict.reason}" if verdict.reason else ""
        version = f"  {row.version}" if row.version else ""
        # SQL Browser tells a named instance's port each time: written down, it would be wrong after a restart.
        port = str(row.port) if row.port not in (0, 1433) and not (row.instance and row.by_browser) else ""
        yield Suggestion(
            f"{address_of(row)}{version}  {verdict.fit}{reason}",
            {"database.host": _short(row.host, plan), "database.instance": row.instance, "database.port": port},
        )


def _short(host: str, plan: Plan) -> str:
    """A host as VMM wants SQL Server to be named: by its computer name, where the domain is the plan's (SQL-11)."""
    label, _, domain = host.partition(".")
    return label if domain.casefold() == plan.dns_domain else host


def _clusters_of(found: Discovery) -> tuple[FoundCluster, ...]:
    return found.clusters.clusters if isinstance(found.clusters, Clusters) else ()


def _clusters(found: Discovery, plan: Plan) -> Iterator[Suggestion]:
    for cluster in _clusters_of(found):
        answers = {"cluster.name": f"{cluster.name}.{found.domain}"}
        if cluster.nodes and not plan.cluster.nodes:
            answers["cluster.nodes"] = ", ".join(cluster.nodes)
        nodes = ", ".join(name.partition(".")[0] for name in cluster.nodes) or "its nodes have told nothing"
        yield Suggestion(f"{cluster.name}  ({nodes})", answers)


def _planned(found: Discovery, plan: Plan) -> tuple[FoundCluster, ...]:
    """The planned cluster alone, where it is among those that were found; else all of them."""
    clusters = _clusters_of(found)
    wanted = plan.cluster.name.label.casefold()
    return tuple(row for row in clusters if row.name == wanted) or clusters


def _nodes(found: Discovery, plan: Plan) -> Iterator[Suggestion]:
    chosen = [node.key for node in plan.nodes]
    for cluster in _planned(found, plan):
        if len(cluster.nodes) > 1 and set(cluster.nodes) != set(chosen):
            yield Suggestion(f"all of {cluster.name}: {', '.join(cluster.nodes)}", _node_list(cluster.nodes))
        for node in cluster.nodes:
            if node not in chosen:
                yield Suggestion(f"add {node}", _node_list((*chosen, node)))
    if isinstance(found.clusters, Clusters):
        for node in found.clusters.nodes:
            if node not in chosen:
                yield Suggestion(f"add {node}  (a node of a cluster that told nothing)", _node_list((*chosen, node)))


def _node_list(nodes: tuple[str, ...] | list[str]) -> dict[str, str]:
    return {"cluster.nodes": ", ".join(nodes)}


def _addresses(found: Discovery, plan: Plan) -> Iterator[Suggestion]:
    chosen = [str(address) for address in plan.cluster.static_addresses]
    for cluster in _planned(found, plan):
        for network in cluster.networks:
            if isinstance(network.free, NoAnswer):
                continue
            others = [text for text in chosen if not _inside(text, network.subnet)]
            for address in network.free:
                if address not in chosen:
                    yield Suggestion(
                        f"{address}  for {network.name} ({network.subnet})",
                        {"cluster.static_addresses": ", ".join((*others, address))},
                    )


def _inside(address: str, subnet: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(subnet)
    except ValueError:
        return False


_Rows = Callable[[Discovery, Plan], Iterator[Suggestion]]
_KEYS: Mapping[str, tuple[str, _Rows, str]] = {
    "connection.directory_server": ("Domain controllers by DNS", _controllers, ""),
    "database.host": ("SQL Servers that were found", _instances, ""),
    "cluster.name": ("Clusters that were found", _clusters, ""),
    "cluster.nodes": ("Nodes that were found", _nodes, "They are installed in the order of the list."),
    "cluster.static_addresses": ("Free addresses, one a network", _addresses, FREE),
}
#: The answers that something can be found for.
KEYS = frozenset(_KEYS)
