"""The plan: what the admin wants, as frozen values. An empty leaf is a question not answered yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address

from vmm_wizard.plan.names import AccountName, DistinguishedName, HostName, NetbiosName, SqlTarget
from vmm_wizard.texts import text

Address = IPv4Address | IPv6Address

#: Database name that setup takes when nothing else is given (INST).
DEFAULT_DATABASE = "VirtualManagerDB"
#: Folder that setup takes when nothing else is given, by the 2025 page (INST); always written out.
DEFAULT_PROGRAM_FILES = r"C:\Program Files\Microsoft System Center\Virtual Machine Manager"


class Release(StrEnum):
    """A VMM release that the wizard knows the rules of."""

    VMM_2016 = "2016"
    VMM_2019 = "2019"
    VMM_2022 = "2022"
    VMM_2025 = "2025"


class AccountKind(StrEnum):
    """What the service account is (SVC, INST)."""

    USER = "user"
    GMSA = "gmsa"


class WinrmTransport(StrEnum):
    """How nodes are reached: HTTP with message encryption (5985) or HTTPS with a verified certificate (5986)."""

    HTTP = "http"
    HTTPS = "https"


class Authentication(StrEnum):
    """How an account logs on to directory, SQL Server and nodes.

    `AUTO`: simple bind over verified TLS (directory); Kerberos where the account's own ticket is there, else NTLM over
    verified TLS (SQL Server) or with message encryption (nodes).
    """

    AUTO = "auto"
    NTLM = "ntlm"
    KERBEROS = "kerberos"


@dataclass(frozen=True, slots=True)
class Media:
    """The extracted setup media: a folder on a local disk of each node (G25)."""

    path: str = ""


@dataclass(frozen=True, slots=True)
class Preparation:
    """Where `prepare` takes from what setup wants on the nodes (G25). Each may be empty: then it is not brought there.

    `media_source`: a folder with setup.exe, or the download that holds it; `media_sha256`: of that download, else of
    the folder's setup.exe; 64 hexadecimal digits in lower case. `adk_source` and `winpe_source`: folders of offline
    layouts. `packages`: installers (.msi, .exe) in the order that they are run.
    """

    media_source: str = ""
    media_sha256: str = ""
    adk_source: str = ""
    winpe_source: str = ""
    packages: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """Everything that is named, in order."""
        named = (self.media_source, self.adk_source, self.winpe_source, *self.packages)
        return tuple(source for source in named if source)


@dataclass(frozen=True, slots=True)
class Library:
    """The file server that will hold VMM's library (HALIB). Empty: none is chosen yet, and nothing asks about it."""

    file_server: HostName = HostName()


@dataclass(frozen=True, slots=True)
class Registration:
    """What setup asks about the owner. An empty product key is the 180-day evaluation (INST)."""

    product_key: str = ""
    user_name: str = "Administrator"
    company_name: str = "Microsoft Corporation"
    telemetry: bool = False
    microsoft_update: bool = False
    eula_accepted: bool = False


@dataclass(frozen=True, slots=True)
class CertificateException:
    """A certificate accepted without a chain, for one host only and with a reason; shown in every report.

    `sha256` is the certificate's fingerprint: 64 hexadecimal digits, lower case, no separators.
    """

    host: HostName
    sha256: str
    reason: str

    def __str__(self) -> str:
        return text("parsing.model.exception", host=self.host, sha256=self.sha256, reason=self.reason)


#: The teams that can be asked for something, as `request --for` names them.
ASKED_TEAMS = ("ad", "sql", "network", "nodes")


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A finding that the admin accepts: of one check, for one subject, with a reason; shown in every report.

    An empty `subject` means the finding that has none. `by` and `on` say who accepted it and when, where that is given.
    """

    check: str
    subject: str
    reason: str
    by: str = ""
    on: date | None = None

    def __str__(self) -> str:
        told = {"by": self.by, "on": self.on}
        which = "_".join(name for name, value in told.items() if value) or "plain"
        return text(f"parsing.model.accepted.{which}", reason=self.reason, **told)


@dataclass(frozen=True, slots=True)
class AskedFor:
    """A remedy that a team was asked for: of one check, for one subject. It is shown, and changes no state.

    `team` is one of ASKED_TEAMS; `ticket` is where it was asked, in the admin's own words.
    """

    check: str
    subject: str
    team: str
    ticket: str
    on: date | None = None

    def __str__(self) -> str:
        which = "on" if self.on else "plain"
        return text(f"parsing.model.asked.{which}", team=self.team, ticket=self.ticket, on=self.on)


@dataclass(frozen=True, slots=True)
class Connection:
    """How the wizard itself reaches the estate. An empty account means: the installing account."""

    directory_server: HostName = HostName()
    authentication: Authentication = Authentication.AUTO
    directory_account: AccountName = AccountName()
    node_account: AccountName = AccountName()
    sql_account: AccountName = AccountName()
    winrm: WinrmTransport = WinrmTransport.HTTP
    winrm_port: int = 0
    ca_file: str = ""
    certificate_exceptions: tuple[CertificateException, ...] = ()

    @property
    def effective_winrm_port(self) -> int:
        """The TCP port of WinRM on the nodes: the one given, else 5985 (HTTP) or 5986 (HTTPS)."""
        return self.winrm_port or (5986 if self.winrm is WinrmTransport.HTTPS else 5985)


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """The account that SCVMMService runs as on every node (SVC). It can never be changed later."""

    name: AccountName = AccountName()
    kind: AccountKind = AccountKind.USER


@dataclass(frozen=True, slots=True)
class DkmContainer:
    """The container in AD that holds VMM's encryption keys (DKM)."""

    dn: DistinguishedName = DistinguishedName()


@dataclass(frozen=True, slots=True)
class Database:
    """The SQL Server database (INST, HASQL).

    `is_listener`: the host is an availability group listener, so no instance is written.
    `admin_account`: another Windows account for setup's SQL work (RemoteDatabaseImpersonation=1); empty: the
    installing one.
    """

    target: SqlTarget = SqlTarget()
    is_listener: bool = False
    name: str = DEFAULT_DATABASE
    create_new: bool = True
    admin_account: AccountName = AccountName()


@dataclass(frozen=True, slots=True)
class Cluster:
    """The failover cluster, the VMM role's name on it, its addresses, and the nodes in the order they are installed."""

    name: HostName = HostName()
    role_name: NetbiosName = NetbiosName()
    static_addresses: tuple[Address, ...] = ()
    nodes: tuple[HostName, ...] = ()


@dataclass(frozen=True, slots=True)
class Ports:
    """The six TCP ports that can only be chosen at setup (PORTS)."""

    console: int = 8100
    winpe_https: int = 8101
    wds: int = 8102
    winpe_http: int = 8103
    winrm: int = 5985
    bits: int = 443

    def named(self) -> tuple[tuple[str, int], ...]:
        """(key in VMServer.ini, port) in the order setup lists them."""
        return (
            ("IndigoTcpPort", self.console),
            ("IndigoHTTPSPort", self.winpe_https),
            ("IndigoNETTCPPort", self.wds),
            ("IndigoHTTPPort", self.winpe_http),
            ("WSManTcpPort", self.winrm),
            ("BitsTcpPort", self.bits),
        )

    @property
    def own(self) -> tuple[int, ...]:
        """Those that VMM itself will listen on: all but WinRM's, which Windows listens on already."""
        return tuple(port for key, port in self.named() if key != "WSManTcpPort")


@dataclass(frozen=True)
class Plan:
    """Everything that one highly available installation needs, without any secret."""

    release: Release = Release.VMM_2022
    domain: HostName = HostName()
    installing_account: AccountName = AccountName()
    registration: Registration = field(default_factory=Registration)
    connection: Connection = field(default_factory=Connection)
    service_account: ServiceAccount = field(default_factory=ServiceAccount)
    dkm: DkmContainer = field(default_factory=DkmContainer)
    database: Database = field(default_factory=Database)
    cluster: Cluster = field(default_factory=Cluster)
    ports: Ports = field(default_factory=Ports)
    media: Media = field(default_factory=Media)
    prepare: Preparation = field(default_factory=Preparation)
    library: Library = field(default_factory=Library)
    program_files: str = DEFAULT_PROGRAM_FILES
    accepted: tuple[Acceptance, ...] = ()
    asked: tuple[AskedFor, ...] = ()

    @cached_property
    def dns_domain(self) -> str:
        """The DNS name of the AD domain: as given, else by the accounts, the nodes or the container, lower case."""
        if self.domain:
            return self.domain.key
        for account in (self.installing_account, self.service_account.name):
            if "." in account.domain:
                return account.domain.casefold()
        for host in (*self.cluster.nodes, self.cluster.name):
            if host.suffix:
                return host.suffix
        return self.dkm.dn.dns_domain

    @cached_property
    def nodes(self) -> tuple[HostName, ...]:
        """The nodes to install, fully qualified, in order."""
        return tuple(node.qualified(self.dns_domain) for node in self.cluster.nodes)

    @property
    def sql_host(self) -> str:
        """The SQL host, fully qualified; empty while not answered."""
        host = self.database.target.host
        return host if not host or "." in host or ":" in host or not self.dns_domain else f"{host}.{self.dns_domain}"

    @property
    def library_host(self) -> str:
        """The library's file server, fully qualified, lower case; empty while none is chosen."""
        server = self.library.file_server
        return server.qualified(self.dns_domain).key if server else ""

    @property
    def role_fqdn(self) -> str:
        """The DNS name that consoles connect to; empty while the role has no name."""
        name = self.cluster.role_name.text
        return f"{name}.{self.dns_domain}".casefold() if name and self.dns_domain else name.casefold()

    @property
    def setup_sql_account(self) -> AccountName:
        """The account that setup talks to SQL Server with."""
        return self.database.admin_account or self.installing_account

    @property
    def has_sql_admin(self) -> bool:
        """Whether setup does its SQL work as another account than the installing one (RemoteDatabaseImpersonation)."""
        return bool(self.database.admin_account) and self.database.admin_account.key != self.installing_account.key

    @property
    def directory_account(self) -> AccountName:
        """The account that the wizard asks the directory with."""
        return self.connection.directory_account or self.installing_account

    @property
    def node_account(self) -> AccountName:
        """The account that the wizard logs on to the nodes with."""
        return self.connection.node_account or self.installing_account

    @property
    def sql_account(self) -> AccountName:
        """The account that the wizard asks SQL Server with."""
        return self.connection.sql_account or self.setup_sql_account

    @property
    def accounts(self) -> tuple[AccountName, ...]:
        """Every account that this plan needs a password of, each once, installing account first."""
        wanted = [
            self.installing_account,
            self.directory_account,
            self.node_account,
            self.sql_account,
            self.setup_sql_account,
        ]
        if self.service_account.kind is AccountKind.USER:
            wanted.append(self.service_account.name)
        seen: dict[str, AccountName] = {}
        for account in wanted:
            if account:
                seen.setdefault(account.key, account)
        return tuple(seen.values())

    def missing(self) -> tuple[str, ...]:
        """The keys of required answers that are still empty, as written in an answer file."""
        return tuple(key for key, value in _required(self).items() if not value)


def _required(plan: Plan) -> dict[str, object]:
    return {
        "installing_account": plan.installing_account,
        "service_account.name": plan.service_account.name,
        "dkm.container": plan.dkm.dn,
        "database.host": plan.database.target,
        "database.name": plan.database.name,
        "cluster.name": plan.cluster.name,
        "cluster.role_name": plan.cluster.role_name,
        "cluster.nodes": plan.cluster.nodes,
        "media.path": plan.media.path,
        "program_files": plan.program_files,
    }


def unanswered(plan: Plan, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `keys` (keys of required answers) that are still empty in `plan`. Raises KeyError for other keys."""
    required = _required(plan)
    return tuple(key for key in keys if not required[key])
