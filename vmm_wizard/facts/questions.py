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
class AccountQuestion:
    """Look up an account and its groups."""

    access: DirectoryAccess
    account: AccountName


@dataclass(frozen=True, slots=True)
class ContainerQuestion:
    """Look up the DKM container, its children and its descriptor."""

    access: DirectoryAccess
    dn: DistinguishedName


@dataclass(frozen=True, slots=True)
class RoleQuestion:
    """Look up the role's computer object."""

    access: DirectoryAccess
    name: str
    fqdn: str


@dataclass(frozen=True, slots=True)
class PrincipalNamesQuestion:
    """Look up who holds each of these service principal names, and the connection points of the role's computer."""

    access: DirectoryAccess
    names: tuple[str, ...]
    role: str


@dataclass(frozen=True, slots=True)
class ClusterQuestion:
    """Look up the cluster's computer object and the container that it lives in."""

    access: DirectoryAccess
    name: str


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

    #: Domain accounts whose passwords are proved; a SQL Server login is nothing that a domain controller knows.
    accounts: tuple[AccountName, ...]
    access: DirectoryAccess | None
    installing_account: AccountQuestion | None
    service_account: AccountQuestion | None
    container: ContainerQuestion | None
    role: RoleQuestion | None
    principal_names: PrincipalNamesQuestion | None
    cluster: ClusterQuestion | None
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
    service, role, cluster = plan.service_account.name, plan.cluster.role_name.text, plan.cluster.name.label
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
    names = principal_names(plan)
    return Questions(
        accounts=tuple(account for account in plan.accounts if not account.is_sql_login),
        access=access,
        installing_account=AccountQuestion(access, plan.installing_account)
        if access and plan.installing_account
        else None,
        service_account=AccountQuestion(access, service) if access and service else None,
        container=ContainerQuestion(access, plan.dkm.dn) if access and plan.dkm.dn else None,
        role=RoleQuestion(access, role, plan.role_fqdn) if access and role else None,
        principal_names=PrincipalNamesQuestion(access, names, role) if access and names else None,
        cluster=ClusterQuestion(access, cluster) if access and cluster else None,
        sql=sql,
        network=network,
        nodes=nodes,
    )


def principal_names(plan: Plan) -> tuple[str, ...]:
    """Every service principal name that matters to a plan, each once: one search finds the holders of all of them.

    `SCVMM/` of the role (PLAN), `MSSQLSvc/` of the SQL Server (with port and with instance, PLANHA), `HTTP/` of the
    nodes (KBSHARE).
    """
    target, role = plan.database.target, plan.cluster.role_name.text
    names = [f"SCVMM/{form}" for form in (role, plan.role_fqdn) if form]
    if plan.sql_host and ":" not in plan.sql_host:
        port = target.port or (0 if target.instance else 1433)
        names += [f"MSSQLSvc/{plan.sql_host}:{end}" for end in (port, target.instance) if end]
        names.append(f"MSSQLSvc/{plan.sql_host}")
    names += [f"HTTP/{form}" for node in plan.nodes for form in (node.label, node.key)]
    return tuple({name.casefold(): name for name in names}.values())
