"""What nodes, their cluster, a rehearsal and the network look like, as typed values. See `facts/model.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from vmm_wizard.facts.cluster_model import AddressProbe, NameStatus, ValidationReport, Workload
from vmm_wizard.facts.policy_model import PolicyFacts
from vmm_wizard.facts.windows_model import (
    AppControlFacts,
    FirewallFacts,
    LoggingFacts,
    NodeRemains,
    NtlmFacts,
    OpenConsole,
    PortUse,
    ShellLimits,
    SqlToolsFacts,
    StagedFile,
    TlsFacts,
    WinrmFacts,
)


@dataclass(frozen=True, slots=True)
class Disk:
    """A local disk: drive such as `C:`, sizes in bytes."""

    drive: str
    free_bytes: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class AdkFacts:
    """The Windows Assessment and Deployment Kit; `root` is empty when no kit is installed.

    `wsim_files` are in its folder `WSIM\\amd64`, and `wsim_uncopied` of them are not in `WSIM` as well.
    """

    root: str
    version: str
    deployment_tools: bool
    windows_pe: bool
    wsim_files: int
    wsim_uncopied: int


@dataclass(frozen=True, slots=True)
class RebootFacts:
    """Each sign of a pending restart."""

    component_servicing: bool
    windows_update: bool
    file_renames: bool
    computer_rename: bool


@dataclass(frozen=True, slots=True)
class SqlSettings:
    """Where VMM's registry on a node says its database is (HASQL). Texts as they stand there, empty for none.

    `server` is the one of the connection string, of which nothing else is read but `multi_subnet`
    (MultiSubnetFailover); None: there is no connection string that could be read.
    """

    machine_name: str
    machine_fqdn: str
    instance_name: str
    server: str
    multi_subnet: bool | None


@dataclass(frozen=True, slots=True)
class VmmPorts:
    """The ports of an installed VMM by its registry, named as in a plan; 0: the registry has none of that name (the
    names are those of the answer file, as xSCVMM reads them; unconfirmed for 2016 and later)."""

    console: int
    winpe_https: int
    wds: int
    winpe_http: int
    winrm: int
    bits: int


@dataclass(frozen=True, slots=True)
class VmmFacts:
    """An installed VMM management server. `service_state`: Running, Stopped, ... or empty when there is no service.

    `log_failures` are lines of SetupWizard.log that mean failure (section 1.4), `log_exists` whether there is one.
    """

    install_path: str
    version: str
    service_state: str
    service_account: str
    service_principal_names: str
    sql_machine: str
    sql_instance: str
    sql_database: str
    log_exists: bool
    log_failures: tuple[str, ...]
    sql_settings: SqlSettings | None = None
    ports: VmmPorts | None = None


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """The setup media on a node. `kind` is the drive's: fixed, network, removable or missing; `sha256` of setup.exe."""

    path: str
    kind: str
    exists: bool
    product_version: str
    sha256: str
    blocked: bool


@dataclass(frozen=True, slots=True)
class TcpAnswer:
    """A TCP connection tried from a node."""

    host: str
    port: int
    open: bool
    error: str


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a local group: SID and, where it resolves, name."""

    sid: str
    name: str


@dataclass(frozen=True, slots=True)
class RightsFacts:
    """SIDs that hold a user right, by secedit's names; a right that nobody holds is an empty tuple."""

    service_logon: tuple[str, ...]
    deny_service_logon: tuple[str, ...]
    batch_logon: tuple[str, ...]
    deny_batch_logon: tuple[str, ...]
    deny_network_logon: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClusterNode:
    """A node as its cluster sees it: state Up, Down, Paused or Joining; status Normal, Quarantined, ..."""

    name: str
    state: str
    status: str


@dataclass(frozen=True, slots=True)
class ClusterGroup:
    """A role (group) of the cluster and the node that owns it."""

    name: str
    kind: str
    state: str
    owner: str


@dataclass(frozen=True, slots=True)
class ServiceResource:
    """A cluster resource that runs a Windows service. `possible_owners` are its own, `preferred_owners` its group's."""

    name: str
    group: str
    service_name: str
    state: str
    possible_owners: tuple[str, ...] = ()
    preferred_owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddressResource:
    """An IP address or network name resource and the group that it belongs to."""

    name: str
    group: str
    kind: Literal["address", "name"]
    value: str
    state: str


@dataclass(frozen=True, slots=True)
class ClusterNetwork:
    """A cluster network. Role 0 none, 1 cluster only, 3 cluster and client. `subnets` in CIDR notation."""

    name: str
    role: int
    subnets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Adapter:
    """A node's own adapter on a cluster network. `dhcp`: its IPv4 address came by DHCP."""

    network: str
    address: str
    dhcp: bool


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """The failover cluster as one node sees it."""

    name: str
    domain: str
    access_point: str
    witness: str
    nodes: tuple[ClusterNode, ...]
    groups: tuple[ClusterGroup, ...]
    services: tuple[ServiceResource, ...]
    addresses: tuple[AddressResource, ...]
    networks: tuple[ClusterNetwork, ...]
    name_status: NameStatus
    workloads: tuple[Workload, ...]


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """A node as the node account sees it, from one script. Sizes are bytes.

    `cluster` None: no cluster here, and `cluster_error` says what Windows said. `installation_type`: Server or
    Server Core. `setup_processes`: names of VMM setup processes that run now. `tasks`: scheduled tasks of ours.
    `host_name` is the TCP/IP name, of which `computer_name` holds the first 15 characters. `utc_time` is read last.
    `unreadable`: for each part that could not be read, `part: what Windows said`.
    """

    language_mode: str
    computer_name: str
    pending_computer_name: str
    host_name: str
    dns_host_name: str
    user: str
    is_administrator: bool
    part_of_domain: bool
    domain: str
    secure_channel: bool | None
    os_caption: str
    os_build: int
    product_type: int
    installation_type: str
    ui_culture: str
    culture: str
    logical_processors: int
    memory_bytes: int
    system_drive: str
    disks: tuple[Disk, ...]
    dotnet_release: int
    powershell_version: str
    adk: AdkFacts
    reboot: RebootFacts
    hyperv_feature: bool | None
    hyperv_service: bool
    agent_installed: bool
    vmm: VmmFacts | None
    remains: NodeRemains | None
    administrators: tuple[Member, ...] | None
    rights: RightsFacts | None
    disable_domain_creds: int
    policy: PolicyFacts | None
    media: MediaFacts
    sql: TcpAnswer
    cluster: ClusterFacts | None
    cluster_error: str
    adapters: tuple[Adapter, ...]
    address_probes: tuple[AddressProbe, ...] | None
    validation: ValidationReport | None
    sql_tools: SqlToolsFacts | None
    ports: tuple[PortUse, ...] | None
    winrm: WinrmFacts | None
    shell: ShellLimits | None
    tls: TlsFacts | None
    firewall: FirewallFacts | None
    ntlm: NtlmFacts | None
    app_control: AppControlFacts | None
    logging: LoggingFacts | None
    installer_busy: bool | None
    consoles: tuple[OpenConsole, ...] | None
    staged: tuple[StagedFile, ...] | None
    setup_processes: tuple[str, ...]
    tasks: tuple[str, ...] | None
    utc_time: datetime
    unreadable: tuple[str, ...]

    def was_unreadable(self, part: str) -> bool:
        """Whether the script could not read a part that, absent, would be null as well."""
        return any(row.partition(":")[0] == part for row in self.unreadable)


@dataclass(frozen=True, slots=True)
class RehearsalFacts:
    """What a task with the real one's principal, logon type and wrapper saw from inside (RUN-02).

    `registered` false: Windows refused the task, and `error` says how. Errors are empty when a part was good.
    """

    registered: bool
    error: str = ""
    user: str = ""
    groups: tuple[str, ...] = ()
    elevated: bool = False
    language_mode: str = ""
    ui_culture: str = ""
    sql_login: str = ""
    sql_sysadmin: bool | None = None
    sql_auth_scheme: str = ""
    sql_error: str = ""
    dkm_found: bool = False
    dkm_allowed_child_classes: tuple[str, ...] = ()
    dkm_sd_rights: int = 0
    dkm_error: str = ""
    cluster_name: str = ""
    cluster_error: str = ""


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """What the wizard's own host sees: whether SQL and, on the role's name, the console port accept connections.

    `role_addresses` are the A and AAAA records of the role's name; None when DNS did not answer.
    """

    sql: TcpAnswer
    role_addresses: tuple[str, ...] | None
    console: TcpAnswer
