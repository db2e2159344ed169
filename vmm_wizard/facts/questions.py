"""What each probe is asked, derived from a plan: equal questions need not be asked again."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from vmm_wizard.plan.model import AccountKind, Authentication, CertificateException, Plan, WinrmTransport
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
class ContainerQuestion:
    """Look up the DKM container, its children and its descriptor."""

    access: DirectoryAccess
    dn: DistinguishedName


@dataclass(frozen=True, slots=True)
class PrincipalsQuestion:
    """Look up everybody that a plan names, at once: accounts, the computer objects of role, cluster and `computers`
    (without `$`), and who holds each service principal name of `names`."""

    access: DirectoryAccess
    accounts: tuple[AccountName, ...] = ()
    role: str = ""
    cluster: str = ""
    computers: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleRecordQuestion:
    """Look up the object that holds the role's DNS record. `fqdn` is the role's DNS name."""

    access: DirectoryAccess
    fqdn: str


@dataclass(frozen=True, slots=True)
class SqlQuestion:
    """Which instance and database to ask about, as whom. `host` is fully qualified.

    `login` is the account that needs a login on the other replicas of the database's group, empty: none is asked for.
    """

    host: str
    target: SqlTarget
    is_listener: bool
    database: str
    account: AccountName
    authentication: Authentication
    trust: Trust
    login: str = ""


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
    ports: tuple[int, ...]
    static_addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LibraryQuestion:
    """What the library's file server is asked. `host` is fully qualified."""

    host: str
    transport: WinrmTransport
    port: int
    account: AccountName
    authentication: Authentication
    trust: Trust


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
    principals: PrincipalsQuestion | None
    container: ContainerQuestion | None
    role_record: RoleRecordQuestion | None
    sql: SqlQuestion | None
    network: NetworkQuestion | None
    nodes: tuple[NodeQuestion, ...]
    library: LibraryQuestion | None = None


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
            str(plan.service_account.name) if plan.service_account.name else "",
        )
    nodes = tuple(node_question(plan, node.key, ca_file) for node in plan.nodes if plan.node_account)
    network = None
    if target or plan.role_fqdn:
        network = NetworkQuestion(plan.sql_host, target.instance, target.port, plan.role_fqdn, plan.ports.console)
    return Questions(
        accounts=tuple(account for account in plan.accounts if not account.is_sql_login),
        access=access,
        principals=_principals(plan, access) if access else None,
        container=ContainerQuestion(access, plan.dkm.dn) if access and plan.dkm.dn else None,
        role_record=RoleRecordQuestion(access, plan.role_fqdn) if access and plan.cluster.role_name.text else None,
        sql=sql,
        network=network,
        nodes=nodes,
        library=_library(plan, trust),
    )


def node_question(plan: Plan, host: str, ca_file: str = "") -> NodeQuestion:
    """What a machine is asked, one of the plan's nodes or another one (fully qualified, lower case)."""
    connection, target = plan.connection, plan.database.target
    return NodeQuestion(
        host,
        connection.winrm,
        connection.effective_winrm_port,
        plan.node_account,
        connection.authentication,
        Trust(connection.ca_file or ca_file, connection.certificate_exceptions),
        plan.sql_host,
        target.instance,
        target.port,
        plan.media.path,
        plan.program_files,
        plan.ports.own,
        tuple(str(address) for address in plan.cluster.static_addresses),
    )


def _library(plan: Plan, trust: Trust) -> LibraryQuestion | None:
    """The file server is asked as the nodes are; one of the nodes itself is not asked a second time."""
    host = plan.library_host
    if not host or not plan.node_account or host in {node.key for node in plan.nodes}:
        return None
    connection = plan.connection
    return LibraryQuestion(
        host, connection.winrm, connection.effective_winrm_port, plan.node_account, connection.authentication, trust
    )


def _principals(plan: Plan, access: DirectoryAccess) -> PrincipalsQuestion | None:
    accounts = (plan.installing_account, plan.service_account.name)
    # Which nodes may retrieve the password is a question of managed accounts alone.
    managed = plan.service_account.kind is AccountKind.GMSA
    question = PrincipalsQuestion(
        access,
        tuple({name.key: name for name in accounts if name}.values()),
        plan.cluster.role_name.text,
        plan.cluster.name.label,
        tuple(node.label for node in plan.nodes) if managed else (),
        principal_names(plan),
    )
    return question if question != PrincipalsQuestion(access) else None


def principal_names(plan: Plan) -> tuple[str, ...]:
    """Every service principal name that matters to a plan, each once: one search finds the holders of all of them.

    `SCVMM/` of the role (PLAN), `MSSQLSvc/` of the SQL Server (with port and with instance, PLANHA), `HTTP/` of the
    nodes (KBSHARE), `HOST/` and `MSClusterVirtualServer/` of the library's file server (HALIB).
    """
    target, role = plan.database.target, plan.cluster.role_name.text
    names = [f"SCVMM/{form}" for form in (role, plan.role_fqdn) if form]
    if plan.sql_host and ":" not in plan.sql_host:
        port = target.port or (0 if target.instance else 1433)
        names += [f"MSSQLSvc/{plan.sql_host}:{end}" for end in (port, target.instance) if end]
        names.append(f"MSSQLSvc/{plan.sql_host}")
    names += [f"HTTP/{form}" for node in plan.nodes for form in (node.label, node.key)]
    if plan.library_host:
        names += [f"{service}/{plan.library_host}" for service in ("HOST", "MSClusterVirtualServer")]
    return tuple({name.casefold(): name for name in names}.values())


def accounts_of(question: Hashable) -> tuple[AccountName, ...]:
    """The accounts whose passwords the answer to a question depends on; a tuple of questions is asked as one."""
    parts = question if isinstance(question, tuple) else (question,)
    found: list[AccountName] = []
    for part in parts:
        if isinstance(part, AccountName):
            found.append(part)
        elif isinstance(part, DirectoryAccess | SqlQuestion | NodeQuestion | LibraryQuestion):
            found.append(part.account)
        elif isinstance(part, ContainerQuestion):
            found.append(part.access.account)
    return tuple(found)
