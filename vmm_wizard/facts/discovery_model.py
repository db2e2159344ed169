"""What was found in a domain, as typed values: what the wizard's lists and `discover` are made of. No judgement."""

from __future__ import annotations

from dataclasses import dataclass

from vmm_wizard.facts.model import NOT_ASKED, NoAnswer


@dataclass(frozen=True, slots=True)
class FoundInstance:
    """An instance of SQL Server. `instance` is empty for the default one, `port` 0 when nobody told it.

    `version` (such as 15.0.4430.1) and `is_clustered` are SQL Browser's, empty and None when it did not answer.
    `accounts` are the DNs of who holds its service principal names: its service's account.
    """

    host: str
    instance: str = ""
    port: int = 0
    version: str = ""
    is_clustered: bool | None = None
    accounts: tuple[str, ...] = ()
    by_browser: bool = False


@dataclass(frozen=True, slots=True)
class FoundNetwork:
    """A client network of a cluster: name, subnet (CIDR), whether its addresses come by DHCP (None: nobody told).

    `free`: addresses of it that nobody is known to have. That is no proof: a computer that is switched off and has no
    record has its address all the same. `taken`: how many addresses of the subnet are known to be in use.
    """

    name: str
    subnet: str
    dhcp: bool | None
    free: tuple[str, ...] | NoAnswer = NOT_ASKED
    taken: int = 0


@dataclass(frozen=True, slots=True)
class FoundCluster:
    """A failover cluster. `told_by` is the node that described it; empty: only its computer object was seen, and then
    nothing is known of its nodes and networks."""

    name: str
    dn: str = ""
    nodes: tuple[str, ...] = ()
    networks: tuple[FoundNetwork, ...] = ()
    told_by: str = ""


@dataclass(frozen=True, slots=True)
class Clusters:
    """What was found of clusters. `nodes`: computers that say they are in one, though in which nobody told.

    `silent`: for each node that was asked and gave no answer, why.
    """

    clusters: tuple[FoundCluster, ...] = ()
    nodes: tuple[str, ...] = ()
    silent: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Discovery:
    """All that was found in `domain`, each part or why there is none. `done`: nothing more is being asked."""

    domain: str
    controllers: tuple[str, ...] | NoAnswer = NOT_ASKED
    instances: tuple[FoundInstance, ...] | NoAnswer = NOT_ASKED
    clusters: Clusters | NoAnswer = NOT_ASKED
    done: bool = False
