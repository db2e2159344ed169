"""Asks the directory which services computers offer: SQL Servers and clusters by their service principal names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from vmm_wizard.facts.directory_domain import DomainView
from vmm_wizard.facts.discovery_model import FoundInstance

#: Objects that are read at the most of each kind; a domain with more is not listed wholly.
MOST: Final = 1000

_SQL: Final = "MSSQLSvc/"
_VIRTUAL: Final = "MSClusterVirtualServer/"
#: Held by a cluster's own object and by each of its nodes, not by the objects of its roles (expert).
_MANAGED: Final = "MSServerClusterMgmtAPI/"


@dataclass(frozen=True, slots=True)
class ClusterObjects:
    """Clusters as (name, DN), and the host names of computers that are nodes of one."""

    clusters: tuple[tuple[str, str], ...]
    nodes: tuple[str, ...]


def ask_sql_names(view: DomainView) -> tuple[FoundInstance, ...]:
    """Every instance that has a service principal name in the domain (one search)."""
    hits = view.searcher.search(
        view.naming.base, "subtree", f"(servicePrincipalName={_SQL}*)", ("servicePrincipalName",), most=MOST
    )
    return instances_of((hit.dn, hit.texts("servicePrincipalName")) for hit in hits)


def instances_of(holders: Iterable[tuple[str, Iterable[str]]]) -> tuple[FoundInstance, ...]:
    """The instances that service principal names speak of: `MSSQLSvc/host`, `host:port` and `host:INSTANCE`.

    Which port goes with which named instance is not in them. It is told where a host has one of each; else the ports
    are instances without a name, and SQL Browser or the DBA knows more.
    """
    ports: dict[str, set[int]] = {}
    names: dict[str, dict[str, str]] = {}
    plain: set[str] = set()
    accounts: dict[str, list[str]] = {}
    for dn, spns in holders:
        for spn in spns:
            if not spn.casefold().startswith(_SQL.casefold()):
                continue
            host, _, rest = spn[len(_SQL) :].partition(":")
            host = host.casefold()
            if dn not in accounts.setdefault(host, []):
                accounts[host].append(dn)
            if rest.isdigit() and 0 < int(rest) < 65536:
                ports.setdefault(host, set()).add(int(rest))
            elif rest:
                names.setdefault(host, {}).setdefault(rest.casefold(), rest)
            else:
                plain.add(host)
    found: list[FoundInstance] = []
    for host in sorted(accounts):
        holds = tuple(accounts[host])
        left, named = sorted(ports.get(host, ())), list(names.get(host, {}).values())
        if host in plain or 1433 in left or not (named or left):
            port = 1433 if 1433 in left or len(left) != 1 or named else left[0]
            left = [number for number in left if number != port]
            found.append(FoundInstance(host, "", port if host in plain or ports.get(host) else 0, accounts=holds))
        if len(named) == 1 and len(left) == 1:
            found.append(FoundInstance(host, named[0], left[0], accounts=holds))
            continue
        found += [FoundInstance(host, name, accounts=holds) for name in named]
        found += [FoundInstance(host, "", number, accounts=holds) for number in left if not named]
    return tuple(found)


def ask_cluster_names(view: DomainView) -> ClusterObjects:
    """Every cluster and every node of one in the domain (one search)."""
    hits = view.searcher.search(
        view.naming.base,
        "subtree",
        f"(&(objectClass=computer)(|(servicePrincipalName={_VIRTUAL}*)(servicePrincipalName={_MANAGED}*)))",
        ("servicePrincipalName", "sAMAccountName", "dNSHostName"),
        most=MOST,
    )
    clusters: list[tuple[str, str]] = []
    nodes: list[str] = []
    for hit in hits:
        spns = [text.casefold() for text in hit.texts("servicePrincipalName")]
        is_virtual = any(text.startswith(_VIRTUAL.casefold()) for text in spns)
        is_managed = any(text.startswith(_MANAGED.casefold()) for text in spns)
        name = hit.text("sAMAccountName").rstrip("$")
        if is_virtual and is_managed:
            clusters.append((name.casefold(), hit.dn))
        elif is_managed:
            nodes.append((hit.text("dNSHostName") or f"{name}.{view.naming.dns_name}").casefold())
    return ClusterObjects(tuple(sorted(clusters)), tuple(sorted(nodes)))
