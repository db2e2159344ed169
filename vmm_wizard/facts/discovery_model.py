"""What was found in a domain, as typed values: what the wizard's lists and `discover` are made of. No judgement."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vmm_wizard.facts.model import NOT_ASKED, NoAnswer

#: Accounts that are read at the most: more cannot be chosen from.
MOST_ACCOUNTS = 25


@dataclass(frozen=True, slots=True)
class FoundInstance:
    """An instance of SQL Server. `instance` is empty for the default one, `port` 0 when nobody told it.

    `version` (such as 15.0.4430.1) and `is_clustered` are SQL Browser's, empty and None when it did not answer; the
    version is then what the instance's port says of itself.
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
class FoundAccount:
    """A user or a group managed service account (`managed`). `name` is `DOMAIN\\user`, `description` the directory's.

    `state`: what keeps it from logging on, of "disabled", "locked", "expired", "password expired" and "must change
    password"; empty when nothing is known to.
    """

    name: str
    managed: bool = False
    state: tuple[str, ...] = ()
    description: str = ""
    dn: str = ""


@dataclass(frozen=True, slots=True)
class FoundContainer:
    """An object of the directory's tree that holds others. `kind`: "domain", "unit", "container" or "builtin"."""

    dn: str
    kind: str = "container"
    description: str = ""


@dataclass(frozen=True, slots=True)
class Containers:
    """What was read of the tree: `top` of the domain itself, `likely` wherever a name is that of a DKM container."""

    base: str
    top: tuple[FoundContainer, ...] = ()
    likely: tuple[FoundContainer, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundMedia:
    """A folder with setup.exe on a node, and the version of that."""

    path: str
    version: str
    host: str


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
    nothing is known of its nodes and networks. `states` are those of `nodes`, in their order: Up, Down, Paused ..."""

    name: str
    dn: str = ""
    nodes: tuple[str, ...] = ()
    networks: tuple[FoundNetwork, ...] = ()
    told_by: str = ""
    states: tuple[str, ...] = ()

    def state_of(self, node: str) -> str:
        """The state that the cluster says a node is in; empty when nobody told."""
        return dict(zip(self.nodes, self.states, strict=False)).get(node, "")


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
    """All that was found in `domain`, each part or why there is none. `done`: nothing more is being asked.

    `domains` and `caller` are what this computer itself knows: DNS names of domains, and who runs the wizard (empty:
    nobody of a domain). `accounts` are those whose name speaks of VMM, and managed ones.
    """

    domain: str
    controllers: tuple[str, ...] | NoAnswer = NOT_ASKED
    instances: tuple[FoundInstance, ...] | NoAnswer = NOT_ASKED
    clusters: Clusters | NoAnswer = NOT_ASKED
    done: bool = False
    domains: tuple[str, ...] = ()
    caller: str = ""
    accounts: tuple[FoundAccount, ...] | NoAnswer = NOT_ASKED
    containers: Containers | NoAnswer = NOT_ASKED
    media: tuple[FoundMedia, ...] = ()


def carried(before: Discovery | None, now: Discovery) -> Discovery:
    """`now`, with what was found before of the same domain where it has not been asked again yet."""
    if before is None or before.domain != now.domain or now.done:
        return now
    again = {
        name: getattr(before, name)
        for name in ("controllers", "instances", "clusters", "accounts", "containers")
        if getattr(now, name) is NOT_ASKED
    }
    return replace(now, media=now.media or before.media, **again)
