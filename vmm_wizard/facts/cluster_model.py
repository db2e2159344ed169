"""What a node says of its failover cluster beside members and roles, and of addresses that are to be free.

See `facts/node_model.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NameStatus:
    """What the cluster's own network name met in its last operation: Windows' error codes, 0 for good.

    None: the cluster does not tell.
    """

    kerberos: int | None
    dns: int | None


@dataclass(frozen=True, slots=True)
class Workload:
    """A resource that makes a cluster a SQL Server or a Hyper-V one: its group and its type, as Windows names it."""

    group: str
    type: str


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """The newest report of Test-Cluster on a node; `file` is empty and `written` None when there is none.

    `errors`: messages of the level Error in the report's XML; None when it has no XML that could be read.
    """

    file: str
    written: datetime | None
    errors: int | None


@dataclass(frozen=True, slots=True)
class AddressProbe:
    """What a node meets at an address: an answer to a ping, an entry of its neighbor table, a name in reverse DNS.

    `neighbor_state`: Windows' NL_NEIGHBOR_STATE (0 unreachable, 1 incomplete, 2 probe, 3 delay, 4 stale, 5 reachable,
    6 permanent); None without an entry. `name`: empty when reverse DNS has none, None when DNS did not answer.
    """

    address: str
    ping: bool
    link_address: str
    neighbor_state: int | None
    name: str | None
