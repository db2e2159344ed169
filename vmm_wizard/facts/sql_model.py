"""What a SQL Server instance and a database are, as typed values. `None` means: could not be read by this account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RoleMember:
    """A member of db_owner: its login's name (its user's where it has none), and its SID when it is one of Windows."""

    name: str
    sid: str = ""


@dataclass(frozen=True, slots=True)
class DatabaseUser:
    """Somebody who has the database open: computer, program and login, as their client told them."""

    host: str
    program: str
    login: str


@dataclass(frozen=True, slots=True)
class GroupReplica:
    """Another server that holds a replica of an availability group of this one: `HOST` or `HOST\\INSTANCE`."""

    group: str
    server: str


@dataclass(frozen=True, slots=True)
class GroupListener:
    """A listener of an availability group: its DNS name without a domain, and the subnets that it has an address in.

    `subnets` is empty where they were not told (rights, or a name that has its address by DHCP).
    """

    group: str
    name: str
    port: int
    subnets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplicaLogin:
    """Whether the service account has a login on another replica. `found` None: not known, and `error` says why."""

    server: str
    found: bool | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class BackupFacts:
    """The newest backups of a database, copies left out. None: there is none.

    `full_in_full` is the newest full backup that was made under the recovery model FULL: from there a log chain runs,
    without which a database joins no availability group (HASQL).
    """

    full: datetime | None = None
    full_in_full: datetime | None = None
    log: datetime | None = None


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """A database that exists. `is_vmm`: it holds VMM's tables (KBDES, PHX).

    `availability_group` is empty for none. `table_count`: tables that are not SQL Server's own. `versions`: what VMM's
    own table of settings says of versions, by the setting's name (unconfirmed which there are). `users`: other sessions
    that are in the database. `created`, in UTC; `backups` None: could not be read.
    """

    name: str
    collation: str | None = None
    state: str | None = None
    recovery_model: str | None = None
    is_vmm: bool | None = None
    availability_group: str | None = None
    owners: tuple[RoleMember, ...] | None = None
    table_count: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    users: tuple[DatabaseUser, ...] | None = None
    created: datetime | None = None
    backups: BackupFacts | None = None


@dataclass(frozen=True, slots=True)
class SqlFacts:
    """A SQL Server instance as one account sees it. Sizes are bytes, `port` is where the connection went.

    `listeners` are `name:port` of every availability group that this instance knows, `replica_role` its own role in
    them, empty when it is in none (with several: SECONDARY or RESOLVING when it is not primary of all).
    `group_listeners` are the same listeners with their groups. `replica_logins`: whether the service account has a
    login on each other replica, empty when nobody had to be asked.
    """

    server: str
    port: int
    logged_on_as: str
    asked_as: str
    driver: str
    auth_scheme: str | None
    is_sysadmin: bool | None
    product_version: str
    product_level: str
    update_level: str
    major_version: int
    engine_edition: int
    edition: str
    collation: str
    machine_name: str
    physical_name: str
    instance: str
    is_clustered: bool | None = None
    hadr_enabled: bool | None = None
    default_domain: str | None = None
    utc_time: datetime | None = None
    service_account: str | None = None
    force_encryption: bool | None = None
    data_path: str | None = None
    log_path: str | None = None
    data_free_bytes: int | None = None
    leftover_files: tuple[str, ...] | None = None
    database: DatabaseFacts | None = None
    listeners: tuple[str, ...] | None = None
    replicas: tuple[GroupReplica, ...] | None = None
    replica_role: str | None = None
    group_listeners: tuple[GroupListener, ...] | None = None
    replica_logins: tuple[ReplicaLogin, ...] = ()
