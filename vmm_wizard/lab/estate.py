"""The practice estate: one domain with its SQL Servers, a failover cluster and its nodes; state, and how it hangs
together. It talks to nobody: `serving.py` puts servers in front of it."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Collection, Mapping
from datetime import UTC
from typing import Any

from vmm_wizard.lab import contoso
from vmm_wizard.lab.answers import practice_answers
from vmm_wizard.lab.clock import Clock, SpedUpClock
from vmm_wizard.lab.cluster import ClusterMember, FailoverCluster, NetworkState
from vmm_wizard.lab.descriptors import BUILTIN_ADMINISTRATORS
from vmm_wizard.lab.file_share import FileServer, practice_share
from vmm_wizard.lab.library_report import LibraryState
from vmm_wizard.lab.logons import Credential, Logons
from vmm_wizard.lab.moments import Moments
from vmm_wizard.lab.node import Node
from vmm_wizard.lab.sql import SqlServer
from vmm_wizard.lab.vmm import Vmm
from vmm_wizard.setup.log_phases import SetupKind

#: The estate's two client networks, and the third part of a node's address on each.
_NETWORKS = (("Management", "10.10.0.0/24"), ("Storage", "10.20.0.0/24"))
NODES = ("vmm01", "vmm02", "vmm03")
#: The admin's computer, which is no node of the cluster and may get the console.
CONSOLE = "admin01"


class Estate:
    """The whole estate. `lockout`: bad logons that lock an account. `on_change` is called after every change."""

    def __init__(self, clock: Clock | None = None, *, lockout: int = 3, node_count: int = len(NODES)) -> None:
        self.domain = contoso.DOMAIN
        self.clock = clock or SpedUpClock()
        self.stop = threading.Event()
        self.on_change: Callable[[], None] = lambda: None
        #: Called with a role's name and console port when it comes online, with port 0 when it goes.
        self.on_role: Callable[[str, int], None] = lambda _name, _port: None
        #: TCP ports of SQL instances as they really listen, by host; the default instance is 1433 to its clients.
        self.instance_ports: dict[str, int] = {}
        #: Domain controllers besides the first one, and the objects (keys) that have not come to each yet.
        self.other_controllers: dict[str, frozenset[str]] = {}
        #: Where the directory really listens by LDAPS; 0 while it is not served.
        self.ldaps_port = 0
        #: Hosts that answer nobody, nodes that are down included.
        self.unreachable: set[str] = set()
        #: Called with a host that answers nobody any more (False), or is back (True).
        self.on_reach: Callable[[str, bool], None] = lambda _host, _answers: None
        #: Faults that wait for their moment, and those that were switched on.
        self.moments = Moments(self.clock, self.stop, self.changed)
        #: Addresses that answer though nobody has named them; the silent ones answer on the wire, not to a ping.
        self.squatters: set[str] = set()
        self.silent_squatters: set[str] = set()
        #: Hosts that the wizard's computer does not reach, where the nodes do.
        self.hidden: set[str] = set()
        self.logons = Logons(lockout, self.changed)
        self.logons.has_controller = lambda: bool(self.controllers_up())
        labels = [f"vmm{number:02}" for number in range(1, node_count + 1)]
        self.directory = contoso.build_directory(self.logons, self.clock, self.changed, labels)
        self.sql_servers = contoso.build_sql_servers(self.directory, self.logons, self.changed)
        self.zone, self.reverse_zone = contoso.build_zones(labels)
        # Setup makes whoever runs it a member of VMM's own administrators.
        self.vmm = Vmm(self.clock.seconds, self.clock.date, [f"{contoso.NETBIOS}\\{contoso.INSTALLER}"])
        self.cluster = self._build_cluster(labels)
        self.nodes = {f"{label}.{self.domain}": self._build_node(label, number) for number, label in enumerate(labels)}
        #: Passwords that the admin was told, by account, where they are not the right ones.
        self.told_passwords: dict[str, str] = {}
        #: File servers for a library, by host name: a scenario may add one.
        self.file_servers: dict[str, Node] = {}
        #: The file server that `prepare` takes media, kits and packages from.
        self.share = practice_share(self.domain)
        #: Members of the domain outside the cluster, by host name: an admin's computer, for the console.
        self.workstations = {f"{CONSOLE}.{self.domain}": self._build_outsider(CONSOLE)}
        #: The answer file that the wizard opens on this estate.
        self.answers = practice_answers({})

    def _build_cluster(self, labels: list[str]) -> FailoverCluster:
        cno = self.directory.find_by_sam(f"{contoso.CLUSTER}$")
        assert cno is not None
        cluster = FailoverCluster(
            contoso.CLUSTER.upper(),
            self.domain,
            self.directory,
            cno.dn,
            [ClusterMember(label.upper()) for label in labels],
            [NetworkState(name, ipaddress.ip_network(subnet)) for name, subnet in _NETWORKS],
            contoso.ADDRESSES[contoso.CLUSTER],
            self.changed,
        )
        cluster.online = self._role_online
        cluster.offline = self._role_offline
        cluster.answering = self._role_answers
        cluster.service_stopped = self.vmm.service_stopped
        return cluster

    def _build_node(self, label: str, number: int) -> Node:
        addresses = {name: subnet.replace("0/24", str(contoso.host_number(number))) for name, subnet in _NETWORKS}
        node = Node(self, label, addresses)
        admins = self.directory.require(contoso.ADMINS_GROUP)
        node.state.administrators = {self.directory.sid(512), admins.sid}
        node.state.rights = {
            "SeServiceLogonRight": ["S-1-5-80-0", admins.sid],
            "SeBatchLogonRight": [BUILTIN_ADMINISTRATORS, "S-1-5-32-551"],
            "SeDenyNetworkLogonRight": ["S-1-5-32-546"],
        }
        return node

    def add_file_server(self, label: str, state: LibraryState, address: str) -> Node:
        """A machine that answers as a library's file server, with the same administrators as the nodes."""
        host = f"{label}.{self.domain}"
        services = ("HOST", "MSClusterVirtualServer") if state.kind else ("HOST",)
        self.directory.add(
            f"CN={label.upper()},CN=Computers,{contoso.BASE}",
            "computer",
            {
                "sAMAccountName": f"{label.upper()}$",
                "dNSHostName": host,
                "servicePrincipalName": [f"{service}/{form}" for service in services for form in (label, host)],
            },
        )
        self.zone.set(host, "A", [address])
        node = self._build_outsider(label)
        node.library = state
        self.file_servers[host] = node
        return node

    def _build_outsider(self, label: str) -> Node:
        """A machine outside the cluster, with the same administrators and rights as the nodes."""
        node = self._build_node(label, 0)
        node.addresses = {}
        node.in_cluster = False
        return node

    @property
    def machines(self) -> dict[str, Node]:
        """Every Windows machine that is served, by host name: nodes first."""
        return {**self.nodes, **self.file_servers, **self.workstations}

    def changed(self) -> None:
        """Something happened that the estate's own account tells."""
        self.on_change()

    # --- roles

    def _role_online(self, name: str, addresses: Collection[str]) -> None:
        self.zone.set(f"{name.lower()}.{self.domain}", "A", [text for text in addresses if ":" not in text])
        computer = self.directory.find_by_sam(f"{name}$")
        owner = computer.sid if computer else self.directory.require(self.cluster.cno_dn).sid
        contoso.set_record(self.directory, name.lower(), owner)
        self.on_role(name.lower(), self._console_port())

    def _role_offline(self, name: str) -> None:
        self.zone.remove(f"{name.lower()}.{self.domain}", "A")
        contoso.set_record(self.directory, name.lower(), "")
        self.on_role(name.lower(), 0)

    def _console_port(self) -> int:
        return next((node.server.console_port for node in self.nodes.values() if node.server), 8100)

    def _role_answers(self, name: str, answers: bool) -> None:
        self.on_role(name.lower(), self._console_port() if answers else 0)

    # --- what goes away

    def host_away(self, host: str) -> None:
        """A host answers nobody any more, neither the nodes nor the wizard's computer."""
        self.unreachable.add(host.casefold())
        self.on_reach(host.casefold(), False)
        self.changed()

    def host_back(self, host: str) -> None:
        """It answers again."""
        self.unreachable.discard(host.casefold())
        self.on_reach(host.casefold(), True)
        self.changed()

    def node_away(self, host: str) -> None:
        """A node has gone down: the cluster sees it."""
        self.unreachable.add(host)
        if self.machines[host].in_cluster:
            self.cluster.node_down(host)
        self.changed()

    def node_back(self, host: str) -> None:
        """It is up again."""
        self.unreachable.discard(host)
        if self.machines[host].in_cluster:
            self.cluster.node_up(host)
        self.changed()

    def controllers_up(self) -> list[str]:
        """The domain controllers that answer."""
        return [host for host in (contoso.DC, *self.other_controllers) if host not in self.unreachable]

    # --- the network inside the estate

    def share_of(self, host: str) -> FileServer | None:
        """The file server of this name, with or without the domain."""
        name = host.casefold() if "." in host else f"{host.casefold()}.{self.domain}"
        return self.share if name == self.share.host else None

    def instance_port(self, host: str, instance: str) -> int:
        """The port that SQL Browser tells for an instance; 0 when it does not answer or does not know it."""
        server = self.sql_servers.get(host.casefold())
        if server is None or host.casefold() in self.unreachable:
            return 0
        if (server.instance or "MSSQLSERVER").casefold() != instance.casefold():
            return 0
        return self.instance_ports.get(host.casefold(), 1433)

    def can_connect(self, host: str, port: int) -> str:
        """What a TCP connection inside the estate comes to: empty when it is accepted, else why not."""
        name = host.casefold() if "." in host else f"{host.casefold()}.{self.domain}"
        if name in self.unreachable:
            return "timed out"
        server = self.sql_servers.get(name) or self.sql_behind(name)
        if server is not None:
            name = server.fqdn
            good = self.instance_ports.get(name, 1433) if server.instance else 1433
            return "" if port in (good, self.instance_ports.get(name, good)) else "refused"
        if name == contoso.DC and port == 636:
            return "" if self.ldaps_port else "refused"
        role = self.cluster.vmm_group()
        if role is not None and name == f"{role.name}.{self.domain}".casefold():
            return "" if role.state == "Online" and port == self._console_port() else "refused"
        known = {f"{label}.{self.domain}" for label in contoso.ADDRESSES} | set(self.nodes)
        known |= set(self.other_controllers)
        return "refused" if name in known else "the name is not in DNS"

    def sql_behind(self, listener: str) -> SqlServer | None:
        """The instance that a listener of an availability group leads to: where the group is primary."""
        return next((server for server in self.sql_servers.values() if server.listens_as(listener)), None)

    # --- the estate's own account

    def account(self, sam: str) -> Credential:
        """The logon of an account of the domain. Raises KeyError."""
        found = self.logons.find(f"{contoso.NETBIOS}\\{sam}")
        if found is None:
            raise KeyError(sam)
        return found

    def report(self) -> dict[str, Any]:
        """What has happened to the estate: setups, bad logons, objects, roles, tasks. Holds no secret."""
        vmm = self.cluster.vmm_group()
        return {
            "written": self.clock.date().astimezone(UTC).isoformat(),
            "setups": _runs(self.nodes, SetupKind.INSTALL),
            "uninstalls": _runs(self.nodes, SetupKind.UNINSTALL),
            "console_setups": _runs(self.machines, SetupKind.CONSOLE),
            "console_uninstalls": _runs(self.machines, SetupKind.CONSOLE_UNINSTALL),
            "consoles": {name: machine.console is not None for name, machine in self.machines.items()},
            "installed": {name: node.server is not None for name, node in self.nodes.items()},
            "bad_logons": {row.account: row.counted for row in self.logons.credentials if row.counted},
            "locked": [row.account for row in self.logons.credentials if self.logons.is_locked(row)],
            "unknown_logons": sum(self.logons.unknown_logons.values()),
            "objects_created": list(self.directory.created),
            "rights_changed": list(self.directory.redescribed),
            "administrators_added": {name: list(node.administrators_added) for name, node in self.nodes.items()},
            "databases": {
                name: [database.name for database in server.databases] for name, server in self.sql_servers.items()
            },
            "roles": {vmm.name: {"state": vmm.state, "owner": vmm.owner, "possible_owners": list(vmm.possible_owners)}}
            if vmm
            else {},
            "faults": [row.report() for row in self.moments.switched],
            "down": [name for name, node in self.machines.items() if node.power.is_down],
            "run_lock": self.cluster.run_lock,
            "tasks": {name: list(node.scheduler.names()) for name, node in self.machines.items()},
            "run_folders": {
                name: list(node.files.inside(r"C:\ProgramData\vmm-wizard")) for name, node in self.machines.items()
            },
        }

    def close(self) -> None:
        """Let everything that waits on the estate's clock end."""
        self.stop.set()
        for node in self.machines.values():
            node.scheduler.close()
            node.consoles.set()


def _runs(machines: Mapping[str, Node], work: SetupKind) -> dict[str, list[dict[str, float | int | None]]]:
    """When setup ran for this on each machine, in estate seconds, and how it ended."""
    return {
        name: [
            {"started": row.started, "ended": row.ended, "exit_code": row.exit_code} for row in machine.records[work]
        ]
        for name, machine in machines.items()
    }
