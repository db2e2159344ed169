"""What each probe is asked, derived from a plan: equal questions need not be asked again."""

from __future__ import annotations

from dataclasses import dataclass

from vmm_wizard.plan.model import Authentication, CertificateException, Plan, WinrmTransport
from vmm_wizard.plan.names import AccountName, DistinguishedName, SqlTarget


@dataclass(frozen=True, slots=True)
class Trust:
    """What makes a certificate good: a CA bundle (path, empty: the system's) and exceptions by host."""

    ca_file: str = ""
    exceptions: tuple[CertificateException, ...] = ()

    def pinned(self, host: str) -> str:
        """The SHA-256 fingerprint accepted for this host without a chain, or an empty text."""
        return next((row.sha256 for row in self.exceptions if row.host.key == host.casefold()), "")


@dataclass(frozen=True, slots=True)
class DirectoryAccess:
    """Which directory, and how to log on to it."""

    domain: str
    server: str
    account: AccountName
    authentication: Authentication
    trust: Trust


@dataclass(frozen=True, slots=True)
class DirectoryQuestion:
    """What to look up on one bind. Empty parts are not asked."""

    access: DirectoryAccess
    installing_account: AccountName
    service_account: AccountName
    service_is_gmsa: bool
    dkm: DistinguishedName
    role_name: str
    role_fqdn: str
    cluster_name: str


@dataclass(frozen=True, slots=True)
class SqlQuestion:
    """Which instance and database to ask about, as whom. `host` is fully qualified."""

    host: str
    target: SqlTarget
    is_listener: bool
    database: str
    account: AccountName
    authentication: Authentication
    trust: Trust


@dataclass(frozen=True, slots=True)
class NodeQuestion:
    """What one node is asked in one script. `host` is fully qualified."""

    host: str
    transport: WinrmTransport
    port: int
    account: AccountName
    authentication: Authentication
    trust: Trust
    sql_host: str
    sql_instance: str
    sql_port: int
    media_path: str
    program_files: str


@dataclass(frozen=True, slots=True)
class NetworkQuestion:
    """What the wizard's own host tries."""

    sql_host: str
    sql_instance: str
    sql_port: int
    role_fqdn: str
    console_port: int


@dataclass(frozen=True, slots=True)
class Questions:
    """All questions of a plan. None: the plan does not say enough yet."""

    accounts: tuple[AccountName, ...]
    access: DirectoryAccess | None
    directory: DirectoryQuestion | None
    sql: SqlQuestion | None
    network: NetworkQuestion | None
    nodes: tuple[NodeQuestion, ...]


def questions(plan: Plan, ca_file: str = "") -> Questions:
    """The questions that `plan` raises; `ca_file` is the CA bundle to use when the plan names none."""
    connection = plan.connection
    trust = Trust(connection.ca_file or ca_file, connection.certificate_exceptions)
    target = plan.database.target
    access = None
    if plan.dns_domain and plan.directory_account:
        access = DirectoryAccess(
            plan.dns_domain,
            connection.directory_server.qualified(plan.dns_domain).key,
            plan.directory_account,
            connection.authentication,
            trust,
        )
    directory = access and DirectoryQuestion(
        access,
        plan.installing_account,
        plan.service_account.name,
        plan.service_account.kind == "gmsa",
        plan.dkm.dn,
        plan.cluster.role_name.text,
        plan.role_fqdn,
        plan.cluster.name.label,
    )
    sql = None
    if target and plan.sql_account:
        sql = SqlQuestion(
            plan.sql_host,
            target,
            plan.database.is_listener,
            plan.database.name,
            plan.sql_account,
            connection.authentication,
            trust,
        )
    nodes = tuple(
        NodeQuestion(
            node.key,
            connection.winrm,
            connection.effective_winrm_port,
            plan.node_account,
            connection.authentication,
            trust,
            plan.sql_host,
            target.instance,
            target.port,
            plan.media.path,
            plan.program_files,
        )
        for node in plan.nodes
        if plan.node_account
    )
    network = None
    if target or plan.role_fqdn:
        network = NetworkQuestion(plan.sql_host, target.instance, target.port, plan.role_fqdn, plan.ports.console)
    return Questions(plan.accounts, access, directory, sql, network, nodes)
