"""What was found in a domain, told to a person (lines of text) or to a program (JSON)."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict
from typing import TypeVar

from vmm_wizard.checks.fitness import Fit, fitness
from vmm_wizard.facts.discovery_model import Clusters, Discovery, FoundCluster, FoundInstance, FoundNetwork
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.plan.model import Release
from vmm_wizard.printable import printable, printable_json

T = TypeVar("T")

#: What "free" means, said wherever addresses are called so.
FREE = "Free means: no node has heard of the address and DNS has no name for it. It is no proof: ask the network team."
_SIGNS = {Fit.YES: "+", Fit.MAYBE: "?", Fit.NO: "X"}


def address_of(found: FoundInstance) -> str:
    """An instance as messages and answers call it: `host`, `host\\INSTANCE` or `host,port`."""
    if found.instance:
        return f"{found.host}\\{found.instance}"
    return found.host if found.port in (0, 1433) else f"{found.host},{found.port}"


def as_text(found: Discovery, release: Release, nodes: Collection[str] = (), width: int = 80) -> list[str]:
    """All parts as lines; a part without an answer says why."""
    lines = [f"Domain controllers of {found.domain or 'a domain that is not known'} (DNS)"]
    lines += _part(found.controllers, lambda hosts: [f"+ {host}" for host in hosts], "none is in DNS")
    lines += ["", f"SQL Servers (service principal names, SQL Browser), for VMM {release}"]
    lines += _part(
        found.instances,
        lambda rows: [_instance(row, release, nodes) for row in rows],
        "the directory has no service principal name of one",
    )
    lines += ["", "Failover clusters (service principal names, their nodes)"]
    lines += _part(found.clusters, _clusters, "the directory has no object of one")
    shown: list[str] = []
    for line in lines:
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        shown += textwrap.wrap(printable(line), width, subsequent_indent=indent, break_long_words=False) or [""]
    return shown


def _part(answer: T | NoAnswer, lines: Callable[[T], Iterable[str]], none: str) -> list[str]:
    if isinstance(answer, NoAnswer):
        return [f"  ? {answer.reason}"]
    rows = list(lines(answer))
    return [f"  {row}" for row in rows] or [f"  - {none}"]


def _instance(found: FoundInstance, release: Release, nodes: Collection[str]) -> str:
    verdict = fitness(found, release, nodes)
    told = [f"version {found.version}" if found.version else "", f"port {found.port}" if found.port else ""]
    told.append("clustered" if found.is_clustered else "")
    reason = f": {verdict.reason}" if verdict.reason else ""
    return f"{_SIGNS[verdict.fit]} {address_of(found)}  {', '.join(filter(None, told))}  {verdict.fit.words}{reason}"


def _clusters(found: Clusters) -> Iterable[str]:
    for cluster in found.clusters:
        yield f"+ {cluster.name}  {_told_by(cluster)}"
        for network in cluster.networks:
            yield f"    network {network.name} {network.subnet}: {_free(network)}"
    if found.nodes:
        yield f"? nodes of a cluster that none of them has described: {', '.join(found.nodes)}"
    for node, reason in found.silent:
        yield f"? {node}: {reason}"
    if any(network.free for cluster in found.clusters for network in cluster.networks):
        yield FREE


def _told_by(cluster: FoundCluster) -> str:
    if not cluster.told_by:
        return f"(computer object {cluster.dn}; no node has described it)"
    nodes = (f"{node} {cluster.state_of(node)}".strip() for node in cluster.nodes)
    return f"nodes {', '.join(nodes)} (as {cluster.told_by} says)"


def _free(network: FoundNetwork) -> str:
    if network.dhcp:
        return "addresses come by DHCP, none is chosen"
    if isinstance(network.free, NoAnswer):
        return network.free.reason
    if not network.free:
        return f"no free address was found ({network.taken} are in use)"
    return f"free {', '.join(network.free)} ({network.taken} are known to be in use)"


def as_json(found: Discovery, release: Release, nodes: Collection[str] = ()) -> str:
    """The same as one JSON document; a part without an answer is null, and `reasons` says why."""
    document: dict[str, object] = {"domain": found.domain, "release": str(release), "free_means": FREE}
    reasons: dict[str, str] = {}
    for name in ("controllers", "instances", "clusters"):
        answer = getattr(found, name)
        if isinstance(answer, NoAnswer):
            document[name], reasons[name] = None, answer.reason
        elif isinstance(answer, Clusters):
            document[name] = _clusters_json(answer, reasons)
        else:
            document[name] = [row if isinstance(row, str) else _instance_json(row, release, nodes) for row in answer]
    document["reasons"] = reasons
    return printable_json(json.dumps(document, indent=2, ensure_ascii=False))


def _instance_json(found: FoundInstance, release: Release, nodes: Collection[str]) -> dict[str, object]:
    verdict = fitness(found, release, nodes)
    return {**asdict(found), "fit": verdict.fit.value, "reason": verdict.reason}


def _clusters_json(found: Clusters, reasons: dict[str, str]) -> dict[str, object]:
    rows = []
    for cluster in found.clusters:
        networks = []
        for network in cluster.networks:
            free = network.free
            if isinstance(free, NoAnswer):
                reasons[f"free addresses of {network.name}"] = free.reason
            networks.append({**asdict(network), "free": None if isinstance(free, NoAnswer) else list(free)})
        rows.append({**asdict(cluster), "networks": networks})
    return {"clusters": rows, "nodes": list(found.nodes), "silent": dict(found.silent)}
