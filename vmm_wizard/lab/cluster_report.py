"""What a simulated node says of its cluster's health, of the role's future addresses, and of the last validation."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from vmm_wizard.lab import contoso
from vmm_wizard.lab.cluster import FailoverCluster
from vmm_wizard.lab.dns_server import reverse_name
from vmm_wizard.remote.bootstrap import JSON

if TYPE_CHECKING:
    from vmm_wizard.lab.node import Node

_WORKLOADS = ("SQL Server", "SQL Server Availability Group", "Virtual Machine")
# Windows' NL_NEIGHBOR_STATE.
_UNREACHABLE, _REACHABLE = 0, 5
_NO_LINK = "00-00-00-00-00-00"


def health(cluster: FailoverCluster) -> dict[str, JSON]:
    """The keys of a cluster's report on its name and on what else runs on it."""
    return {
        "name_status": {"kerberos": cluster.kerberos_status, "dns": cluster.dns_status},
        "workloads": [
            {"group": group.name, "type": row.kind}
            for group in cluster.groups
            for row in group.resources
            if row.kind in _WORKLOADS
        ],
    }


def address_probes(node: Node, addresses: JSON) -> JSON:
    """What the node meets at each address: who answers a ping there, or only on the wire, and its name in DNS."""
    assert isinstance(addresses, list)
    return [_probe(node, str(address)) for address in addresses]


def _probe(node: Node, address: str) -> JSON:
    estate = node.estate
    taken = {
        *contoso.ADDRESSES.values(),
        *(own for other in estate.nodes.values() for own in other.addresses.values()),
        *estate.squatters,
        *_online(estate.cluster),
    }
    answers = address in taken
    on_the_wire = answers or address in estate.silent_squatters
    names = estate.reverse_zone.get(reverse_name(address), "PTR") if ":" not in address else ()
    own = address in node.addresses.values()
    return {
        "address": address,
        "ping": answers,
        "link_address": "" if own else _link(address) if on_the_wire else _NO_LINK,
        "neighbor_state": None if own else _REACHABLE if on_the_wire else _UNREACHABLE,
        "name": names[0].rstrip(".") if names else "",
    }


def _online(cluster: FailoverCluster) -> set[str]:
    return {
        row.value
        for group in cluster.groups
        for row in group.resources
        if row.kind in ("IP Address", "IPv6 Address") and row.state == "Online"
    }


def _link(address: str) -> str:
    """A link-layer address as Windows writes it, always the same for one address."""
    return "00-15-5D-" + "-".join(f"{sum(address.encode()) * (place + 1) % 256:02X}" for place in range(3))


def validation(node: Node) -> JSON:
    """The newest report of Test-Cluster on the node."""
    state = node.state
    if state.validated_days_ago is None:
        return {"file": "", "written": None, "errors": None}
    # In the morning of that day: a report's time does not move with the clock.
    day = node.now() - timedelta(days=state.validated_days_ago)
    written = day.replace(hour=9, minute=0, second=0, microsecond=0)
    return {
        "file": f"Validation Report {written:%Y.%m.%d} At {written:%H.%M.%S}.htm",
        "written": written.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "errors": state.validation_errors,
    }
