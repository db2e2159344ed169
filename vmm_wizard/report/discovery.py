"""What was found in a domain, told to a person (lines of text) or to a program (JSON)."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict
from typing import TypeVar

from vmm_wizard.checks.fitness import Fit, fitness
from vmm_wizard.facts.discovery_model import (
    MOST_ACCOUNTS,
    Clusters,
    Containers,
    Discovery,
    FoundAccount,
    FoundCluster,
    FoundContainer,
    FoundInstance,
    FoundMedia,
    FoundNetwork,
)
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.plan.model import Release
from vmm_wizard.printable import printable, printable_json
from vmm_wizard.texts import counted, text

T = TypeVar("T")

_SIGNS = {Fit.YES: "+", Fit.MAYBE: "?", Fit.NO: "X"}


def free_means() -> str:
    """What "free" means, said wherever addresses are called so."""
    return text("reports.discovery.free_means")


def address_of(found: FoundInstance) -> str:
    """An instance as messages and answers call it: `host`, `host\\INSTANCE` or `host,port`."""
    if found.instance:
        return f"{found.host}\\{found.instance}"
    return found.host if found.port in (0, 1433) else f"{found.host},{found.port}"


def account_line(found: FoundAccount) -> str:
    """An account with its kind, what keeps it from logging on, and what the directory says of it."""
    kind = text("found.managed") if found.managed else text("found.user")
    return described(f"{found.name}  {', '.join((kind, *found.state))}", found.description)


def described(name: str, description: str) -> str:
    """A name with its description, where it has one."""
    return f"{name}  {description}" if description else name


def media_line(found: FoundMedia) -> str:
    """A folder with setup on a node."""
    return text("found.media", path=found.path, version=found.version, host=found.host.partition(".")[0])


def as_text(found: Discovery, release: Release, nodes: Collection[str] = (), width: int = 80) -> list[str]:
    """All parts as lines; a part without an answer says why."""
    lines = [text("reports.discovery.controllers", domain=found.domain or text("reports.discovery.no_domain"))]
    lines += _part(
        found.controllers, lambda hosts: [f"+ {host}" for host in hosts], text("reports.discovery.no_controllers")
    )
    lines += ["", text("reports.discovery.instances", release=release)]
    lines += _part(
        found.instances,
        lambda rows: [_instance(row, release, nodes) for row in rows],
        text("reports.discovery.no_instances"),
    )
    lines += ["", text("reports.discovery.clusters")]
    lines += _part(found.clusters, _clusters, text("reports.discovery.no_clusters"))
    lines += ["", text("found.discover.accounts"), *_accounts(found.accounts)]
    lines += ["", text("found.discover.containers")]
    lines += _part(found.containers, _containers, text("found.discover.no_containers"))
    if not isinstance(found.clusters, NoAnswer):
        lines += ["", text("found.discover.media")]
        none = text("found.discover.no_media")
        lines += _part(found.media, lambda rows: [f"+ {media_line(row)}" for row in rows], none)
    return _wrapped(lines, width)


def accounts_as_text(letters: str, found: tuple[FoundAccount, ...] | NoAnswer, width: int = 80) -> list[str]:
    """The accounts that letters mean, as lines."""
    return _wrapped([text("found.discover.accounts_of", letters=letters), *_accounts(found)], width)


def below_as_text(dn: str, found: tuple[FoundContainer, ...] | NoAnswer, width: int = 80) -> list[str]:
    """What is in a container, as lines."""
    rows = _part(found, lambda rows: [_container(row) for row in rows], text("found.discover.no_containers"))
    return _wrapped([text("found.discover.containers_below", dn=dn), *rows], width)


def _accounts(found: tuple[FoundAccount, ...] | NoAnswer) -> list[str]:
    def lines(rows: tuple[FoundAccount, ...]) -> Iterable[str]:
        yield from (f"{'X' if row.state else '+'} {account_line(row)}" for row in rows)
        if len(rows) >= MOST_ACCOUNTS:
            yield text("found.discover.first_accounts", number=len(rows))

    return _part(found, lines, text("found.discover.no_accounts"))


def _containers(found: Containers) -> Iterable[str]:
    yield from (f"+ {text('found.likely', dn=row.dn)}" for row in found.likely)
    likely = {row.dn for row in found.likely}
    yield from (_container(row) for row in found.top if row.dn not in likely)


def _container(found: FoundContainer) -> str:
    return f". {described(found.dn, found.description)}"


def _wrapped(lines: Iterable[str], width: int) -> list[str]:
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
    told = [
        text("reports.discovery.version", version=found.version) if found.version else "",
        text("reports.discovery.port", port=found.port) if found.port else "",
        text("reports.discovery.clustered") if found.is_clustered else "",
    ]
    reason = f": {verdict.reason}" if verdict.reason else ""
    return f"{_SIGNS[verdict.fit]} {address_of(found)}  {', '.join(filter(None, told))}  {verdict.fit.words}{reason}"


def _clusters(found: Clusters) -> Iterable[str]:
    for cluster in found.clusters:
        yield f"+ {cluster.name}  {_told_by(cluster)}"
        for network in cluster.networks:
            free = _free(network)
            yield f"    {text('reports.discovery.network', name=network.name, subnet=network.subnet, free=free)}"
    if found.nodes:
        yield text("reports.discovery.undescribed", nodes=", ".join(found.nodes))
    for node, reason in found.silent:
        yield f"? {node}: {reason}"
    if any(network.free for cluster in found.clusters for network in cluster.networks):
        yield free_means()


def _told_by(cluster: FoundCluster) -> str:
    if not cluster.told_by:
        return text("reports.discovery.unseen", computer=cluster.dn)
    nodes = (f"{node} {cluster.state_of(node)}".strip() for node in cluster.nodes)
    return text("reports.discovery.told_by", nodes=", ".join(nodes), node=cluster.told_by)


def _free(network: FoundNetwork) -> str:
    if network.dhcp:
        return text("reports.discovery.dhcp")
    if isinstance(network.free, NoAnswer):
        return network.free.reason
    if not network.free:
        return counted("reports.discovery.none_free", network.taken)
    return counted("reports.discovery.free", network.taken, addresses=", ".join(network.free))


def as_json(found: Discovery, release: Release, nodes: Collection[str] = ()) -> str:
    """The same as one JSON document; a part without an answer is null, and `reasons` says why."""
    document: dict[str, object] = {"domain": found.domain, "release": str(release), "free_means": free_means()}
    reasons: dict[str, str] = {}
    for name in ("controllers", "instances", "clusters", "accounts", "containers"):
        answer = getattr(found, name)
        if isinstance(answer, NoAnswer):
            document[name], reasons[name] = None, answer.reason
        elif isinstance(answer, Clusters):
            document[name] = _clusters_json(answer, reasons)
        elif name == "instances":
            document[name] = [_instance_json(row, release, nodes) for row in answer]
        elif isinstance(answer, Containers):
            document[name] = asdict(answer)
        else:
            document[name] = [row if isinstance(row, str) else asdict(row) for row in answer]
    document["media"] = [asdict(row) for row in found.media]
    return _json(document, reasons)


def by_need_as_json(
    domain: str,
    letters: str,
    accounts: tuple[FoundAccount, ...] | NoAnswer | None,
    dn: str,
    below: tuple[FoundContainer, ...] | NoAnswer | None,
) -> str:
    """What was asked by letters, and below a DN, as one JSON document; None: it was not asked."""
    document: dict[str, object] = {"domain": domain}
    reasons: dict[str, str] = {}
    for name, of, answer in (("accounts", letters, accounts), ("containers", dn, below)):
        if isinstance(answer, NoAnswer):
            document[name], reasons[name] = None, answer.reason
        elif answer is not None:
            document[name] = [asdict(row) for row in answer]
        if answer is not None:
            document[f"{name}_of"] = of
    return _json(document, reasons)


def _json(document: dict[str, object], reasons: dict[str, str]) -> str:
    return printable_json(json.dumps({**document, "reasons": reasons}, indent=2, ensure_ascii=False))


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
