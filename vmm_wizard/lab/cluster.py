"""The failover cluster of the practice estate: nodes, networks, groups, resources, and what a role needs."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from vmm_wizard.lab.directory import Directory
from vmm_wizard.lab.setup_machine import SERVICE, RoleRefused

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

CLIENT_AND_CLUSTER = 3
CLUSTER_ONLY = 1

_DISABLED = 0x2
#: The place in its network of the address that DHCP gives a role.
_LEASE = 200


@dataclass
class ClusterMember:
    """A node as its cluster sees it."""

    name: str
    state: str = "Up"
    status: str = "Normal"


@dataclass
class NetworkState:
    """A cluster network. `dhcp`: addresses on it are given by DHCP."""

    name: str
    subnet: Network
    role: int = CLIENT_AND_CLUSTER
    dhcp: bool = False


@dataclass
class Resource:
    """A resource of a group. `kind` as Windows names it; `value` is its address, network name or service name."""

    name: str
    kind: str
    value: str
    state: str = "Online"


@dataclass
class Group:
    """A role with its resources. `owner` is a node's computer name."""

    name: str
    kind: str
    owner: str
    state: str = "Online"
    resources: list[Resource] = field(default_factory=list)
    possible_owners: list[str] = field(default_factory=list)
    preferred_owners: list[str] = field(default_factory=list)
    #: What it runs is gone: it fails wherever it is brought online.
    is_broken: bool = False


class FailoverCluster:
    """One cluster. `cno_dn` is its computer object; roles get their objects in the same container.

    `online(name, addresses, port)` and `offline(name)` are called when a VMM role comes and goes, for DNS and the
    console port, `changed` after every change.
    """

    def __init__(
        self,
        name: str,
        domain: str,
        directory: Directory,
        cno_dn: str,
        members: list[ClusterMember],
        networks: list[NetworkState],
        address: str,
        changed: Callable[[], None],
    ) -> None:
        self.name = name
        self.domain = domain
        self.directory = directory
        self.cno_dn = cno_dn
        self.members = members
        self.networks = networks
        self.access_point = "ActiveDirectoryAndDns"
        self.witness = "File Share Witness"
        self.kerberos_status = 0
        self.dns_status = 0
        self.online: Callable[[str, Collection[str]], None] = lambda _name, _addresses: None
        self.offline: Callable[[str], None] = lambda _name: None
        #: Called with the VMM role's name when it begins or ceases to answer without coming or going for good.
        self.answering: Callable[[str, bool], None] = lambda _name, _answers: None
        #: Called when VMM's service stops where it runs: a move, a node that goes down, a role that is taken away.
        self.service_stopped: Callable[[], None] = lambda: None
        #: A private property of the core group: who runs the wizard on this cluster; empty: nobody.
        self.run_lock = ""
        self._changed = changed
        self._lock = threading.RLock()
        first = members[0].name
        core = [
            Resource("Cluster Name", "Network Name", name),
            Resource("Cluster IP Address", "IP Address", address),
        ]
        self.groups = [
            Group("Cluster Group", "Cluster", first, resources=core),
            Group("Available Storage", "AvailableStorage", first, "Offline"),
        ]

    def group(self, name: str) -> Group | None:
        """The group of this name, in any case."""
        with self._lock:
            return next((row for row in self.groups if row.name.casefold() == name.casefold()), None)

    def vmm_group(self) -> Group | None:
        """The group that runs VMM's service, whatever it is called."""
        with self._lock:
            return next(
                (row for row in self.groups if any(each.value == SERVICE for each in row.resources)),
                None,
            )

    def vmm_role(self) -> str | None:
        """The name of the role that carries VMM, or None."""
        found = self.vmm_group()
        return found.name if found else None

    def create_vmm_role(self, name: str, addresses: Collection[str], node: str) -> None:
        """Make and bring online the role: addresses, network name with its computer object, and VMM's service.

        Raises RoleRefused as a cluster would log it: a name that is taken, addresses that do not fit the client
        networks, a computer object that the cluster may not make.
        """
        with self._lock:
            if self.group(name) is not None:
                raise RoleRefused(f"The cluster group {name} already exists")
            self._require_up(_label(node))
            self._require_addresses(addresses)
            cno = self.directory.require(self.cno_dn)
            parent = cno.dn.partition(",")[2]
            try:
                self.directory.create_computer(cno.dn, name.upper(), parent)
            except PermissionError as error:
                raise RoleRefused(f"Cluster network name resource '{name}' cannot be brought online: {error}") from None
            owner = _label(node)
            given = [*addresses, *self._leases(addresses)]
            resources = [Resource(f"IP Address {address}", _address_kind(address), address) for address in given]
            resources += [
                Resource(name, "Network Name", name),
                Resource(f"VMM Service {name}", "Generic Service", SERVICE),
            ]
            self.groups.append(Group(name, "GenericService", owner, "Online", resources, [owner]))
        self.online(name, given)
        self._changed()

    def _require_addresses(self, addresses: Collection[str]) -> None:
        wanted = [ipaddress.ip_address(address) for address in addresses]
        client = [network for network in self.networks if network.role == CLIENT_AND_CLUSTER]
        for address in wanted:
            if not any(address in network.subnet for network in client):
                raise RoleRefused(f"The IP address {address} is in no cluster network that allows clients")
        for network in client:
            fitting = [address for address in wanted if address in network.subnet]
            # IPv6 addresses configure themselves where none is given (HA1).
            least = 0 if network.dhcp or network.subnet.version == 6 else 1
            if not least <= len(fitting) <= 1:
                raise RoleRefused(f"Cluster network {network.name} wants one static address, and got {len(fitting)}")
        taken = {each.value for group in self.groups for each in group.resources if "Address" in each.kind}
        for address in wanted:
            if str(address) in taken:
                raise RoleRefused(f"The IP address {address} is in use by another resource")

    def _leases(self, addresses: Collection[str]) -> list[str]:
        """The addresses that DHCP gives a role on the client networks where it has no static one."""
        static = [ipaddress.ip_address(address) for address in addresses]
        return [
            str(network.subnet[_LEASE])
            for network in self.networks
            if network.dhcp
            and network.role == CLIENT_AND_CLUSTER
            and not any(address in network.subnet for address in static)
        ]

    def _require_up(self, label: str) -> None:
        member = next((row for row in self.members if row.name == label), None)
        if member is None:
            raise RoleRefused(f"{label} is no node of cluster {self.name}")
        if member.state != "Up" or member.status != "Normal":
            raise RoleRefused(f"Cluster node {label} is {member.state} ({member.status}) and takes no roles")

    def remove_vmm_role(self) -> None:
        """Take the role away with its computer object."""
        with self._lock:
            found = self.vmm_group()
            if found is None:
                return
            self.groups.remove(found)
            computer = self.directory.find_by_sam(f"{found.name}$")
            if computer is not None and computer.dn in self.directory.created:
                self.directory.discard(computer.dn)
        self.service_stopped()
        self.offline(found.name)
        self._changed()

    def give_up_vmm_role(self) -> None:
        """Take the role away, and leave what a cluster leaves: its computer object, disabled, and its DNS record."""
        with self._lock:
            found = self.vmm_group()
            if found is None:
                return
            self.groups.remove(found)
            computer = self.directory.find_by_sam(f"{found.name}$")
            if computer is not None:
                control = computer.number("userAccountControl") | _DISABLED
                self.directory.modify(computer.dn, {"userAccountControl": control})
        self.service_stopped()
        self.answering(found.name, False)
        self._changed()

    def fail_vmm_role(self) -> None:
        """The role fails, and no node can bring it online again: VMM must be installed anew on all of them (PHX)."""
        found = self.vmm_group()
        if found is None:
            return
        found.state, found.is_broken = "Failed", True
        for resource in found.resources:
            if resource.value == SERVICE:
                resource.state = "Failed"
        self.service_stopped()
        self.answering(found.name, False)
        self._changed()

    def vmm_nodes(self) -> tuple[str, ...]:
        """The possible owners of VMM's role."""
        found = self.vmm_group()
        return tuple(found.possible_owners) if found else ()

    def add_vmm_node(self, node: str) -> None:
        """Make a node a possible owner of the role. Raises RoleRefused without a role."""
        found = self.vmm_group()
        if found is None:
            raise RoleRefused("The cluster has no VMM role")
        if _label(node) not in found.possible_owners:
            found.possible_owners.append(_label(node))
        self._changed()

    def remove_vmm_node(self, node: str) -> None:
        """Take a node from the role's possible owners."""
        found = self.vmm_group()
        if found is not None and _label(node) in found.possible_owners:
            found.possible_owners.remove(_label(node))
        self._changed()

    def move_group(self, name: str, node: str) -> None:
        """Move a group to another node. Raises RoleRefused when that node is no possible owner or not up."""
        found = self.group(name)
        owner = _label(node)
        if found is None:
            raise RoleRefused(f"There is no cluster group {name}")
        self._require_owner(found, owner)
        if found is self.vmm_group() and found.owner != owner:
            self.service_stopped()
        found.owner = owner
        self._changed()

    def _require_owner(self, group: Group, owner: str) -> None:
        if group.possible_owners and owner not in group.possible_owners:
            raise RoleRefused(f"{owner} is no possible owner of {group.name}")
        self._require_up(owner)

    def begin_move(self, name: str, node: str) -> None:
        """Let VMM's role begin to move: its service stops on the old owner and starts on the new one, which takes time.

        `finish_move` ends it. Raises RoleRefused as `move_group`.
        """
        with self._lock:
            found = self.group(name)
            if found is None:
                raise RoleRefused(f"There is no cluster group {name}")
            self._require_owner(found, _label(node))
            if found.owner == _label(node):
                return
            found.owner, found.state = _label(node), "Pending"
        self.service_stopped()
        self._tell_vmm()

    def finish_move(self, name: str) -> None:
        """The role is online on the owner that it has by now."""
        with self._lock:
            found = self.group(name)
            if found is None or found.state != "Pending":
                return
            up = any(row.name == found.owner and row.state == "Up" for row in self.members)
            found.state = "Failed" if found.is_broken else "Online" if up else "Offline"
        self._tell_vmm()

    def change_lock(self, text: str, instead_of: Collection[str]) -> bool:
        """Write the lock of a run where it is one of `instead_of`; whether it was."""
        with self._lock:
            if self.run_lock not in instead_of:
                return False
            self.run_lock = text
        self._changed()
        return True

    def node_down(self, node: str) -> None:
        """A node goes away: what it owned moves to a possible owner that is up, or waits for it."""
        with self._lock:
            lost = [row for row in self.groups if row.owner == _label(node)]
            for row in self.members:
                row.state = "Down" if row.name == _label(node) else row.state
            up = [row.name for row in self.members if row.state == "Up" and row.status == "Normal"]
            for group in lost:
                heirs = [name for name in up if not group.possible_owners or name in group.possible_owners]
                group.owner = heirs[0] if heirs else group.owner
                if group is self.vmm_group():
                    self.service_stopped()
                    group.state = group.state if heirs else "Offline"
        self._tell_vmm()

    def node_up(self, node: str) -> None:
        """A node is back, and with it what only it may own."""
        with self._lock:
            for row in self.members:
                row.state = "Up" if row.name == _label(node) else row.state
            found = self.vmm_group()
            if found is not None and found.owner == _label(node):
                found.state = "Failed" if found.is_broken else "Online"
        self._tell_vmm()

    def _tell_vmm(self) -> None:
        found = self.vmm_group()
        if found is not None:
            self.answering(found.name, found.state == "Online")
        self._changed()

    def owns_vmm(self, node: str) -> bool:
        """Whether VMM's role is online on a node: there its service runs, elsewhere it is stopped by design (CPS)."""
        found = self.vmm_group()
        return found is not None and found.state == "Online" and found.owner == _label(node)


def _label(node: str) -> str:
    return node.partition(".")[0].upper()


def _address_kind(address: str) -> str:
    return "IPv6 Address" if ":" in address else "IP Address"
