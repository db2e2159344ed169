"""The estate's SQL Servers: what each of them is and holds, who may do what there, and how setup makes a database."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from vmm_wizard.lab.descriptors import sid_to_bytes
from vmm_wizard.lab.tds_tokens import SqlError

#: Server roles that may create databases.
_CREATORS = frozenset({"sysadmin", "dbcreator"})

#: Tables by which a VMM database is known (KBDES, PHX).
VMM_TABLES = ("tbl_VMM_GlobalSetting", "tbl_ADHC_Library")

SYSTEM_DATABASES = ("master", "tempdb", "model", "msdb")


@dataclass
class ServerLogin:
    """A login of the server. A Windows login (user or group) has a `sid`, a SQL login a `password`."""

    name: str
    sid: str = ""
    roles: set[str] = field(default_factory=set)
    password: str = field(default="", repr=False)
    disabled: bool = False


@dataclass(frozen=True)
class Backup:
    """A finished backup: `kind` D for a full one, L for one of the log, and the recovery model at that time."""

    kind: str
    recovery_model: str
    finished: datetime
    copy_only: bool = False


@dataclass
class Database:
    """A database. `owners` are members of db_owner by login name; `tables` by name without their schema.

    `settings` are the rows of VMM's own table of settings. `key_container`: the object in the directory that holds the
    keys to what is encrypted in it; empty when nothing is.
    """

    name: str
    collation: str
    owner: str = "sa"
    owners: list[str] = field(default_factory=list)
    recovery_model: str = "SIMPLE"
    state: str = "ONLINE"
    compatibility_level: int = 160
    tables: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    backups: list[Backup] = field(default_factory=list)
    key_container: str = ""

    @property
    def is_vmm(self) -> bool:
        """Whether VMM's own tables are in it."""
        return all(table in self.tables for table in VMM_TABLES)


@dataclass(frozen=True)
class ClientSession:
    """Somebody who is in a database: computer, program, login."""

    host: str
    program: str
    login: str
    database: str


@dataclass(frozen=True)
class Replica:
    """One server of an availability group and its role: PRIMARY, SECONDARY or RESOLVING."""

    server: str
    role: str


@dataclass(frozen=True)
class Listener:
    """An availability group's listener; `subnets` are those of its addresses."""

    dns_name: str
    port: int
    subnets: tuple[str, ...] = ("10.10.0.0",)


@dataclass
class AvailabilityGroup:
    """An availability group with its databases by name."""

    name: str
    replicas: list[Replica] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)
    databases: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Principal:
    """Who is logged on: the login's name, the roles that all its logins give, and the names of those logins."""

    name: str
    roles: frozenset[str]
    login_names: frozenset[str]
    auth_scheme: str = "NTLM"

    @property
    def is_sysadmin(self) -> bool:
        """Whether everything is allowed."""
        return "sysadmin" in self.roles

    @property
    def may_view_server_state(self) -> bool:
        """VIEW SERVER STATE: sysadmin here, or granted through `##MS_ServerStateReader##`."""
        return self.is_sysadmin or "##ms_serverstatereader##" in self.roles


@dataclass
class SqlServer:
    """One instance. `fqdn` is the host's DNS name, `instance` empty for the default one, sizes are bytes.

    `sids_of` gives the SIDs (own and groups') of a Windows account, as the domain has them.
    `own_sid` gives an account's own SID, empty for no account of the domain.
    `physical_name` is the NetBIOS name of the machine that it runs on (a clustered instance: the node).
    """

    fqdn: str
    sids_of: Callable[[str], Iterable[str]]
    instance: str = ""
    edition: str = "Standard Edition (64-bit)"
    engine_edition: int = 2
    product_version: str = "16.0.4165.4"
    product_level: str = "RTM"
    update_level: str = "CU16"
    collation: str = "Latin1_General_100_CI_AS"
    logins: list[ServerLogin] = field(default_factory=list)
    databases: list[Database] = field(default_factory=list)
    groups: list[AvailabilityGroup] = field(default_factory=list)
    hadr_enabled: bool = False
    is_clustered: bool = False
    physical_name: str = ""
    data_path: str = "C:\\Program Files\\Microsoft SQL Server\\MSSQL16.MSSQLSERVER\\MSSQL\\DATA\\"
    log_path: str = ""
    free_bytes: int = 200 * 1024**3
    files: set[str] = field(default_factory=set)
    clients: list[ClientSession] = field(default_factory=list)
    own_sid: Callable[[str], str] = lambda _: ""
    service_account: str = "CONTOSO\\svc-sql"
    force_encryption: bool = False
    default_domain: str = "CONTOSO"
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    changed: Callable[[], None] = lambda: None
    #: Good logons so far, and the texts of the latest batches, newest last: tests count them.
    sessions: int = 0
    batches: deque[str] = field(default_factory=lambda: deque(maxlen=200))

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self.physical_name = self.physical_name or self.machine_name
        self.log_path = self.log_path or self.data_path

    @property
    def machine_name(self) -> str:
        """The computer (or network) name: the first label of the host, upper case."""
        return self.fqdn.partition(".")[0].upper()

    @property
    def server_name(self) -> str:
        """`HOST` or `HOST\\INSTANCE`, as @@SERVERNAME says it."""
        return f"{self.machine_name}\\{self.instance}" if self.instance else self.machine_name

    @property
    def version(self) -> tuple[int, int, int]:
        """Major, minor and build."""
        major, minor, build = (int(part) for part in self.product_version.split(".")[:3])
        return major, minor, build

    @property
    def is_case_sensitive(self) -> bool:
        """Whether names of databases differ by case, by the instance's collation."""
        return "_CS_" in self.collation or "_BIN" in self.collation

    # --- who

    def windows_principal(self, account: str, auth_scheme: str = "NTLM") -> Principal:
        """Who a proved Windows account is here. Raises SqlError 18456 when no login lets it in."""
        sids = set(self.sids_of(account))
        mine = [login for login in self.logins if login.sid and login.sid in sids]
        if not mine or any(login.disabled for login in mine):
            raise login_failed(account)
        return _principal(account, mine, auth_scheme)

    def sql_principal(self, name: str, password: str) -> Principal:
        """Who a SQL login is. Raises SqlError 18456 or 18470."""
        login = next((row for row in self.logins if not row.sid and row.name.casefold() == name.casefold()), None)
        if login is None or login.password != password or not password:
            raise login_failed(name)
        if login.disabled:
            raise SqlError(18470, f"Login failed for user '{name}'. Reason: The account is disabled.")
        return _principal(login.name, [login], "SQL")

    def is_sysadmin(self, account: str) -> bool:
        """Whether a Windows account has a login here that is a sysadmin."""
        try:
            return self.windows_principal(account).is_sysadmin
        except SqlError:
            return False

    def sid_of(self, name: str) -> bytes:
        """The identifier of a login or user, as sys.database_principals has it; one of its own for a SQL login."""
        if name.casefold() == "sa":
            return b"\x01"
        login = next((row for row in self.logins if row.name.casefold() == name.casefold()), None)
        sid = login.sid if login else self.own_sid(name)
        return sid_to_bytes(sid) if sid else hashlib.sha256(name.casefold().encode()).digest()[:16]

    def login_of(self, sid: bytes) -> str | None:
        """SUSER_SNAME: whose identifier that is, None when nobody's."""
        owners = [name for row in self.databases for name in (row.owner, *row.owners)]
        return next((name for name in (*(row.name for row in self.logins), *owners) if self.sid_of(name) == sid), None)

    # --- databases

    def database(self, name: str) -> Database | None:
        """The database of this name, compared as the instance's collation compares."""
        if self.is_case_sensitive:
            return next((row for row in self.databases if row.name == name), None)
        return next((row for row in self.databases if row.name.casefold() == name.casefold()), None)

    def has_database(self, name: str) -> bool:
        """Whether a database, also a system one, has this name."""
        known = SYSTEM_DATABASES if self.is_case_sensitive else tuple(row.casefold() for row in SYSTEM_DATABASES)
        wanted = name if self.is_case_sensitive else name.casefold()
        return wanted in known or self.database(name) is not None

    def may_enter(self, principal: Principal, name: str) -> bool:
        """Whether somebody may use a database: anyone the system ones but model, else owners and sysadmins, while it is
        online."""
        if name.casefold() in ("master", "tempdb", "msdb"):
            return True
        found = self.database(name)
        if found is None or found.state != "ONLINE":
            return found is None and principal.is_sysadmin
        owners = {owner.casefold() for owner in (found.owner, *found.owners)}
        return principal.is_sysadmin or not owners.isdisjoint(principal.login_names)

    def create_database(self, name: str, by_account: str) -> Database:
        """Make a database as a Windows account would. Raises SqlError 18456, 262 or 1801 with SQL Server's sentence."""
        return self.create_database_as(name, self.windows_principal(by_account))

    def create_database_as(self, name: str, principal: Principal) -> Database:
        """Make a database as somebody who is logged on. Raises SqlError 262 or 1801."""
        if not principal.roles & _CREATORS:
            raise SqlError(262, "CREATE DATABASE permission denied in database 'master'.")
        with self.lock:
            if self.has_database(name):
                text = f"Database '{name}' already exists. Choose a different database name."
                raise SqlError(1801, text, 3, 16)
            made = Database(name, self.collation, owner=principal.name, created=self.now())
            self.databases.append(made)
        self.changed()
        return made

    def drop_database(self, name: str, by_account: str) -> None:
        """Drop a database as a Windows account would. Raises SqlError 18456 or 3701."""
        self.drop_database_as(name, self.windows_principal(by_account))

    def drop_database_as(self, name: str, principal: Principal) -> None:
        """Drop a database as somebody who is logged on. Raises SqlError 3701."""
        with self.lock:
            found = self.database(name)
            may = principal.roles & _CREATORS or (found and found.owner.casefold() in principal.login_names)
            if found is None or not may:
                text = f"Cannot drop the database '{name}', because it does not exist or you do not have permission."
                raise SqlError(3701, text, 1, 11)
            self.databases.remove(found)
        self.changed()

    def back_up(self, name: str, kind: str = "D") -> None:
        """BACKUP DATABASE (`D`) or BACKUP LOG (`L`), which there is under FULL alone. Raises SqlError 4208 or 911."""
        found = self.database(name)
        if found is None:
            raise SqlError(911, f"Database '{name}' does not exist. Make sure that the name is entered correctly.")
        if kind == "L" and found.recovery_model == "SIMPLE":
            raise SqlError(4208, "The statement BACKUP LOG is not allowed while the recovery model is SIMPLE.")
        found.backups.append(Backup(kind, found.recovery_model, self.now()))

    def join_group(self, name: str, group: AvailabilityGroup) -> None:
        """ALTER AVAILABILITY GROUP ... ADD DATABASE. Raises SqlError 927 or 1465 without the FULL model or a backup."""
        found = self.database(name)
        if found is None or found.recovery_model != "FULL":
            raise SqlError(927, f"Database '{name}' cannot join: it is not in the full recovery model.")
        if not any(row.kind == "D" and row.recovery_model == "FULL" for row in found.backups):
            raise SqlError(1465, f"Database '{name}' cannot join: there is no full backup to begin with.")
        group.databases.append(found.name)

    def database_files(self) -> set[str]:
        """Every file that xp_fileexist finds, in lower case: leftovers and the files of databases."""
        names = {path.casefold() for path in self.files}
        for row in self.databases:
            names |= {f"{self.data_path}{row.name}.mdf".casefold(), f"{self.log_path}{row.name}_log.ldf".casefold()}
        return names

    def listens_as(self, host: str) -> bool:
        """Whether a client that names `host` (short or full) comes to this instance: its own name or a listener's."""
        suffix = self.fqdn.partition(".")[2]
        names = {self.fqdn.partition(".")[0]}
        names |= {item.dns_name for row in self.groups if self.local_role(row) == "PRIMARY" for item in row.listeners}
        return host.casefold() in {form for name in names for form in (name.casefold(), f"{name}.{suffix}".casefold())}

    def local_role(self, group: AvailabilityGroup) -> str | None:
        """This instance's role in a group, None when it is no replica of it."""
        wanted = self.server_name.casefold()
        return next((row.role for row in group.replicas if row.server.casefold() == wanted), None)


def _principal(name: str, logins: list[ServerLogin], auth_scheme: str) -> Principal:
    roles = frozenset(role.casefold() for login in logins for role in login.roles)
    names = frozenset({name.casefold(), *(login.name.casefold() for login in logins)})
    return Principal(name, roles, names, auth_scheme)


def login_failed(name: str) -> SqlError:
    """Error 18456. The state that a client sees is always 1; the true one stands in the server's log alone."""
    return SqlError(18456, f"Login failed for user '{name}'.")


def untrusted_login() -> SqlError:
    """Error 18452: Windows did not accept the proof: a wrong password, a locked account or a strange domain."""
    text = "Login failed. The login is from an untrusted domain and cannot be used with Integrated authentication."
    return SqlError(18452, text)
