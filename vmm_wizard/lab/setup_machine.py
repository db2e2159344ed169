"""What the simulated setup needs of the machine and the estate that it runs in, and what it leaves there."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from vmm_wizard.lab.clock import Clock
from vmm_wizard.lab.directory import Directory
from vmm_wizard.lab.files import NodeFiles
from vmm_wizard.lab.logons import Credential, Logons
from vmm_wizard.lab.moments import Moment
from vmm_wizard.lab.processes import Processes
from vmm_wizard.lab.setup_course import SetupCourse
from vmm_wizard.lab.sql import SqlServer
from vmm_wizard.setup.log_phases import SetupKind

#: VMM's registry key on a node (TTB, HASQL).
REGISTRY_KEY = r"HKLM\SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server"
SERVICE = "SCVMMService"


class RoleRefused(Exception):
    """The cluster cannot bring up the role, or take a node into it. The text is what its log says."""


@dataclass(frozen=True)
class SqlSettings:
    """The registry's values on the database (HASQL), as setup writes them or somebody after it."""

    machine_name: str
    machine_fqdn: str
    instance_name: str
    server: str
    multi_subnet: bool = False


@dataclass(frozen=True)
class InstalledServer:
    """What setup leaves on a node (registry, service). An empty `principal_names`: they could not be written."""

    install_path: str
    version: str
    service_account: str
    principal_names: str
    sql_machine: str
    sql_instance: str
    sql_database: str
    role_name: str
    console_port: int
    sql_settings: SqlSettings | None = None
    sql_port: int = 0
    #: All six, the console's first, in the order of the answer file; empty: the usual ones beside the console's.
    ports: tuple[int, ...] = ()


@dataclass(frozen=True)
class InstalledConsole:
    """The VMM console on a machine: it came with a server, or alone."""

    install_path: str
    version: str
    port: int


@dataclass
class SetupRecord:
    """One run of setup, in estate seconds; `exit_code` None while it runs or when it was killed."""

    node: str
    started: float
    ended: float | None = None
    exit_code: int | None = None


class RoleCluster(Protocol):
    """The failover cluster, as setup uses it on one of its nodes."""

    name: str

    def vmm_role(self) -> str | None:
        """The name of the role that carries VMM, or None."""

    def create_vmm_role(self, name: str, addresses: Collection[str], node: str) -> None:
        """Make and bring online the role, its computer object and its DNS record, owned by `node`.

        Raises RoleRefused: the name or an address is taken or fits no client network, or the cluster's own object may
        not create the role's.
        """

    def remove_vmm_role(self) -> None:
        """Take the role away with all that was made for it, as a rollback does."""

    def give_up_vmm_role(self) -> None:
        """Take the role away as the last uninstall does: computer object (disabled) and DNS record stay behind."""

    def fail_vmm_role(self) -> None:
        """The role fails for good: its active node, or its database, was taken from it (HAU, PHX)."""

    def vmm_nodes(self) -> Collection[str]:
        """The role's possible owners, by computer name."""

    def owns_vmm(self, node: str) -> bool:
        """Whether the role is online on this node."""

    def add_vmm_node(self, node: str) -> None:
        """Make a node a possible owner of the role."""

    def remove_vmm_node(self, node: str) -> None:
        """Take a node from the possible owners."""


class SetupMachine(Protocol):
    """A node on which setup may run, with the parts of the estate that it reaches from there."""

    computer_name: str
    dns_name: str
    files: NodeFiles
    #: The processes of setup that run now.
    processes: Processes
    #: Seconds by which the node's date has jumped.
    date_shift: float
    #: What makes the next run of setup here take another course.
    course: SetupCourse
    #: Every run of setup on this machine by what it was for; `setups` are the installs of a server.
    records: dict[SetupKind, list[SetupRecord]]
    setups: list[SetupRecord]
    #: The VMM console on this machine.
    console: InstalledConsole | None

    @property
    @abstractmethod
    def clock(self) -> Clock:
        """The estate's time."""

    @property
    @abstractmethod
    def logons(self) -> Logons:
        """The domain's accounts."""

    @property
    @abstractmethod
    def directory(self) -> Directory:
        """The domain itself."""

    @abstractmethod
    def find_sql(self, host: str, instance: str, port: int) -> SqlServer | None:
        """The instance that answers this node by host, instance (empty: the default one) and port (0: by itself)."""

    @property
    @abstractmethod
    def role_cluster(self) -> RoleCluster | None:
        """The failover cluster that the node belongs to."""

    @property
    @abstractmethod
    def installed(self) -> InstalledServer | None:
        """The VMM server on this node."""

    @property
    @abstractmethod
    def media_version(self) -> str:
        """The product version of the media on this node."""

    @abstractmethod
    def missing_prerequisites(self) -> Sequence[str]:
        """What the prerequisite checker finds wrong on this node: a pending restart, no ADK, an agent, ..."""

    @abstractmethod
    def is_administrator(self, account: Credential) -> bool:
        """Whether the account is in the node's Administrators, directly or by a group."""

    @abstractmethod
    def install(self, server: InstalledServer) -> None:
        """Registry and service of a VMM server are there from now on."""

    @abstractmethod
    def uninstall(self) -> None:
        """They are not, any more."""

    @abstractmethod
    def restart_winrm(self, seconds: float) -> None:
        """Cut every WinRM session and refuse new ones for so many estate seconds. Comes back at once."""

    def restart_pending(self) -> bool:
        """Whether Windows waits for a restart."""
        return False

    def open_consoles(self) -> Sequence[str]:
        """Consoles and PowerShells with VMM's module that are open here: they hold files (RUN-04)."""
        return ()

    def loop_fault(self) -> str:
        """What the node meets when it asks its own WinRM service by its full name; empty: an answer."""
        return ""

    def reaches_directory(self) -> bool:
        """Whether a domain controller answers this node."""
        return True

    def date(self) -> datetime:
        """The node's date, UTC."""
        return self.clock.date()

    def percents(self, work: str) -> Sequence[int]:  # noqa: ARG002 - a node whose estate has faults says more
        """How far a `setup` or `uninstall` is when something waits for it."""
        return ()

    def reached(self, moment: Moment) -> None:  # noqa: ARG002
        """A moment of this node's is there: what waits for it is in force afterwards."""
        return

    @abstractmethod
    def changed(self) -> None:
        """Something happened that the estate's own account tells."""
