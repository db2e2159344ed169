"""A simulated node: what it is made of, the rules Windows follows there, and the WinRM backend in front of it."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from vmm_wizard.lab.clock import Clock
from vmm_wizard.lab.cluster import FailoverCluster
from vmm_wizard.lab.descriptors import BUILTIN_ADMINISTRATORS
from vmm_wizard.lab.directory import Directory
from vmm_wizard.lab.inside_scripts import INSIDE_SCRIPTS
from vmm_wizard.lab.library_report import LibraryState
from vmm_wizard.lab.logons import Credential, Logons
from vmm_wizard.lab.moments import Moment
from vmm_wizard.lab.node_power import Power
from vmm_wizard.lab.node_runs import NodeRuns
from vmm_wizard.lab.node_settings import SettingsState
from vmm_wizard.lab.policy import PolicyState
from vmm_wizard.lab.setup_machine import InstalledServer
from vmm_wizard.lab.sql import SqlServer
from vmm_wizard.lab.windows import answer_command
from vmm_wizard.lab.winrm_shells import CommandResult, ShellSession
from vmm_wizard.lab.wire import Wire
from vmm_wizard.lab.wrapper import InsideWork
from vmm_wizard.remote.bootstrap import JSON

if TYPE_CHECKING:
    from vmm_wizard.lab.estate import Estate
    from vmm_wizard.lab.winrm_server import WinrmServer

GIB = 1024**3
REMOTE_MANAGEMENT_USERS = "S-1-5-32-580"
SYSTEM = "S-1-5-18"


@dataclass
class DiskState:
    """A local disk: drive such as `C:`, sizes in bytes."""

    drive: str
    free: int
    size: int


@dataclass
class MediaState:
    """The extracted setup media. `blocked`: the files still carry the mark of a download; `signed`: their signature is
    Microsoft's."""

    path: str = r"C:\VMM\Media"
    version: str = "10.22.1287.0"
    kind: str = "fixed"
    blocked: bool = False
    exists: bool = True
    signed: bool = True

    @property
    def sha256(self) -> str:
        """The hash of setup.exe: the same for the same version."""
        return hashlib.sha256(f"setup.exe {self.version}".encode()).hexdigest() if self.exists else ""


@dataclass
class AdkState:
    """The Windows ADK as installed; `root` empty: not at all."""

    root: str = "C:\\Program Files (x86)\\Windows Kits\\10\\"
    version: str = "10.1.22621.1"
    deployment_tools: bool = True
    windows_pe: bool = True
    wsim_copied: bool = True


@dataclass
class NodeState:
    """Everything about a node that a scenario may change. SIDs in `administrators` and in the rights.

    `host_name`: the TCP/IP name where it is longer than the computer name that was cut off from it. `cluster_tools`:
    the module FailoverClusters is there. `other_products`: what else was installed, as Windows lists it.
    """

    os_caption: str = "Microsoft Windows Server 2022 Standard"
    os_build: int = 20348
    product_type: int = 3
    installation_type: str = "Server"
    logical_processors: int = 16
    memory: int = 32 * GIB
    disks: list[DiskState] = field(default_factory=lambda: [DiskState("C:", 80 * GIB, 127 * GIB)])
    dotnet_release: int = 528449
    powershell_version: str = "5.1.20348.2400"
    adk: AdkState = field(default_factory=AdkState)
    media: MediaState = field(default_factory=MediaState)
    pending_component_servicing: bool = False
    pending_windows_update: bool = False
    pending_file_renames: bool = False
    pending_computer_name: str = ""
    hyperv_feature: bool = False
    hyperv_service: bool = False
    agent: bool = False
    part_of_domain: bool = True
    secure_channel: bool = True
    administrators: set[str] = field(default_factory=set)
    remote_management_users: set[str] = field(default_factory=set)
    rights: dict[str, list[str]] = field(default_factory=dict)
    disable_domain_creds: int = 0
    policy: PolicyState = field(default_factory=PolicyState)
    validated_days_ago: int | None = 20
    validation_errors: int = 0
    remote_shell_allowed: bool = True
    remoting_allowed: bool = True
    ui_culture: str = "en-US"
    language_mode: str = "FullLanguage"
    blocked_targets: set[str] = field(default_factory=set)
    #: Addresses that were heard of lately, beside those of the estate's own computers.
    neighbors: set[str] = field(default_factory=set)
    host_name: str = ""
    cluster_tools: bool = True
    other_products: list[str] = field(default_factory=list)
    settings: SettingsState = field(default_factory=SettingsState)

    @property
    def products(self) -> frozenset[str]:
        """What Windows lists as installed, as far as packages go."""
        return frozenset([*self.settings.odbc_drivers, *self.settings.command_line, *self.other_products])

    def install_product(self, name: str) -> None:
        """Windows lists one more product."""
        kinds = {"ODBC Driver": self.settings.odbc_drivers, "Command Line Utilities": self.settings.command_line}
        next((rows for kind, rows in kinds.items() if kind in name), self.other_products).append(name)


class Node(NodeRuns):
    """One node of the practice estate. `state` may be changed at any time; probes see it at once."""

    key_bits = 2048

    def __init__(self, estate: Estate, label: str, address: dict[str, str]) -> None:
        """`address` gives the node's own address by cluster network."""
        self.estate = estate
        self.state = NodeState()
        self.addresses = address
        self.server: InstalledServer | None = None
        #: SIDs that were put into Administrators while the estate ran, in order.
        self.administrators_added: list[str] = []
        self.in_cluster = True
        #: Set on a file server, which is none of the cluster's nodes.
        self.library: LibraryState | None = None
        self.services: list[WinrmServer] = []
        self.wire = Wire(self.services)
        self.power = Power(self)
        #: Seconds by which the node's date has jumped.
        self.date_shift = 0.0
        #: The names of the latest scripts that ran here, newest last: tests count them.
        self.scripts: deque[str] = deque(maxlen=500)
        super().__init__(label.upper(), f"{label}.{estate.domain}")

    # --- what runs ask of the node

    @property
    def clock(self) -> Clock:
        return self.estate.clock

    @property
    def logons(self) -> Logons:
        return self.estate.logons

    @property
    def directory(self) -> Directory:
        return self.estate.directory

    @property
    def sql_servers(self) -> Iterable[SqlServer]:
        return self.estate.sql_servers.values()

    @property
    def role_cluster(self) -> FailoverCluster | None:
        return self.estate.cluster if self.in_cluster and self.state.cluster_tools else None

    @property
    def installed(self) -> InstalledServer | None:
        return self.server

    @property
    def media_version(self) -> str:
        return self.state.media.version

    @property
    def ui_culture(self) -> str:  # type: ignore[override]
        return self.state.ui_culture

    @property
    def service_state(self) -> str:
        """Running where the role is, Stopped on a passive node (CPS), empty without the service."""
        if self.server is None:
            return ""
        return "Running" if self.estate.cluster.owns_vmm(self.computer_name) else "Stopped"

    def loop_fault(self) -> str:
        return self.state.settings.winrm_loop_error

    def restart_pending(self) -> bool:
        return self.state.pending_component_servicing or self.state.pending_windows_update

    def open_consoles(self) -> Sequence[str]:
        return tuple(self.state.settings.consoles)

    def missing_prerequisites(self) -> Sequence[str]:
        state = self.state
        found = []
        if self.restart_pending():
            found.append("A restart of this computer is pending")
        if not (state.adk.root and state.adk.deployment_tools and state.adk.windows_pe):
            found.append("The Windows ADK with Deployment Tools and Windows PE is not installed")
        if state.agent and self.server is None:
            found.append("A Virtual Machine Manager agent is installed on this computer")
        if state.memory < 4 * GIB:
            found.append("This computer has less than 4 GB of memory")
        return found

    def administrators(self) -> Collection[str]:
        return self.state.administrators

    def stores_passwords(self) -> bool:
        return self.state.disable_domain_creds == 0

    def has_batch_right(self, account: Credential) -> bool:
        token = self._token_of(account)
        if self.is_administrator(account):
            token |= {BUILTIN_ADMINISTRATORS}
        allowed = self.state.rights.get("SeBatchLogonRight", [])
        denied = self.state.rights.get("SeDenyBatchLogonRight", [])
        return not token.isdisjoint(allowed) and token.isdisjoint(denied)

    def language_mode(self, account: Credential) -> str:  # noqa: ARG002 - one policy for all accounts here
        return self.state.language_mode

    def sql_answers(self, server: SqlServer, port: int) -> bool:
        estate = self.estate
        wanted = port or (estate.instance_port(server.fqdn, server.instance) if server.instance else 1433)
        return bool(wanted) and not self.can_connect(server.fqdn, wanted)

    def has_program(self, path: str) -> bool:
        media = self.state.media
        return media.exists and path.casefold() == f"{media.path.rstrip(chr(92))}\\setup.exe".casefold()

    def inside_scripts(self) -> Mapping[str, Callable[[InsideWork], dict[str, JSON]]]:
        return {name: partial(script, self) for name, script in INSIDE_SCRIPTS.items()}

    def install(self, server: InstalledServer) -> None:
        self.server = server
        self.changed()

    def uninstall(self) -> None:
        self.server = None
        self.changed()

    def restart_winrm(self, seconds: float) -> None:
        arguments = (seconds, self.wire.shut())
        threading.Thread(target=self._bring_back, args=arguments, name=f"winrm {self.dns_name}", daemon=True).start()

    def _bring_back(self, seconds: float, reopen: Callable[[], None]) -> None:
        self.clock.wait(seconds, self.estate.stop)
        reopen()

    def date(self) -> datetime:
        return self.clock.date() + timedelta(seconds=self.date_shift)

    def reaches_directory(self) -> bool:
        return any(not self._is_blocked(host) for host in self.estate.controllers_up())

    def percents(self, work: str) -> Sequence[int]:
        return self.estate.moments.percents(work)

    def reached(self, moment: Moment) -> None:
        self.estate.moments.reached(moment, self.dns_name)

    def changed(self) -> None:
        self.estate.changed()

    # --- what WinRM asks of the node

    def may_log_on(self, credential: Credential) -> bool:
        """Administrators and Remote Management Users get a shell."""
        token = self._token_of(credential)
        return self.is_administrator(credential) or not token.isdisjoint(self.state.remote_management_users)

    def shell_allowed(self) -> bool:
        return self.state.remote_shell_allowed

    def remoting_allowed(self) -> bool:
        return self.state.remoting_allowed

    def endpoint_mode(self) -> str:
        return self.state.language_mode

    def run(self, command: str, arguments: list[str], session: ShellSession) -> CommandResult:
        return answer_command(self, command, arguments, session)

    # --- what a connection from this node meets

    def can_connect(self, host: str, port: int) -> str:
        """What a TCP connection from here to a host of the estate comes to: empty when it is accepted, else why not."""
        if self._is_blocked(host):
            return "timed out"
        return self.estate.can_connect(host, port)

    def instance_port(self, host: str, instance: str) -> int:
        """What SQL Browser on a host tells this node; 0 when no answer comes."""
        return 0 if self._is_blocked(host) else self.estate.instance_port(host, instance)

    def is_cut_off(self, host: str) -> bool:
        """Whether nothing of a host reaches this node: a firewall, or the host answers nobody."""
        name = host.casefold() if "." in host else f"{host.casefold()}.{self.estate.domain}"
        return self._is_blocked(host) or name in self.estate.unreachable

    def _is_blocked(self, host: str) -> bool:
        name = host.casefold() if "." in host else f"{host.casefold()}.{self.estate.domain}"
        return name in self.state.blocked_targets
