"""What the practice domain `contoso.lab` holds: accounts good and bad, the DKM container, SQL Servers, computers.

Nothing here is a rule: rules live in the directory, the SQL servers and the nodes. Scenarios change these contents.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from vmm_wizard.lab.clock import Clock
from vmm_wizard.lab.descriptors import (
    CONTAINER_INHERIT,
    CREATE_CHILD,
    DELETE,
    DELETE_TREE,
    EVERYONE,
    GENERIC_ALL,
    READ_CONTROL,
    WRITE_PROPERTY,
    allow,
    deny,
)
from vmm_wizard.lab.directory import Directory
from vmm_wizard.lab.dns_server import Zone, domain_zone, reverse_name
from vmm_wizard.lab.logons import Credential, Logons, Refusal
from vmm_wizard.lab.schema import COMPUTER_CLASS, attribute_guids, class_guid
from vmm_wizard.lab.sql import Database, ServerLogin, SqlServer

DOMAIN: Final = "contoso.lab"
NETBIOS: Final = "CONTOSO"
BASE: Final = "DC=contoso,DC=lab"
DC: Final = f"dc01.{DOMAIN}"
ACCOUNTS_OU: Final = f"OU=Service Accounts,{BASE}"
CLUSTERS_OU: Final = f"OU=Clusters,{BASE}"
DKM: Final = f"CN=VMMDKM,{BASE}"
ADMINS_GROUP: Final = f"CN=VMM Admins,{ACCOUNTS_OU}"
CLUSTER: Final = "vmmclu"

INSTALLER: Final = "vmm-setup"
SERVICE: Final = "svc-vmm"
SQL_ADMIN: Final = "sql-admin"
SQL_LOGIN: Final = "lab-driver-test"

_NORMAL_ACCOUNT: Final = 0x200
_DISABLED: Final = 0x2
_PASSWORD_NEVER_EXPIRES: Final = 0x10000

#: Accounts that a careless admin may pick, and what is wrong with each.
_BAD_ACCOUNTS: Final[tuple[tuple[str, Refusal | None], ...]] = (
    ("svc-disabled", "disabled"),
    ("svc-locked", "locked"),
    ("svc-expired", "expired"),
    ("svc-mustchange", "must_change"),
    ("svc-oldpassword", "password_expired"),
    ("svc-notadmin", None),
    ("svc-domainadmin", None),
)

#: The account that SQL Server runs as, and the names under which Kerberos gives tickets for it.
SQL_SERVICE: Final = "svc-sql"
SQL_PRINCIPAL_NAMES: Final = tuple(
    f"MSSQLSvc/{name}.{DOMAIN}{end}"
    for name, ends in (("sql01", ("", ":1433")), ("sql02", (":VMM",)), ("sql04", ("", ":1433")))
    for end in ends
)

#: Addresses by host, as DNS has them. Nobody connects to them: clients use the address book.
ADDRESSES: Final = {
    "dc01": "10.10.0.10",
    "sql01": "10.10.0.21",
    "sql02": "10.10.0.22",
    "sql03": "10.10.0.23",
    "sql04": "10.10.0.24",
    "sqlnode1": "10.10.0.26",
    "sqlnode2": "10.10.0.27",
    "vmm01": "10.10.0.31",
    "vmm02": "10.10.0.32",
    "vmm03": "10.10.0.33",
    CLUSTER: "10.10.0.40",
    "admin01": "10.10.0.61",
    "files01": "10.10.0.62",
}


def host_number(node: int) -> int:
    """The last part of a node's addresses, by its place from 0: the cluster and its role lie where the tenth would."""
    return (31 if node < 9 else 71) + node


def addresses(nodes: Sequence[str] = ()) -> dict[str, str]:
    """The addresses in DNS with those of the cluster's nodes, which are given by label and in order."""
    return {**ADDRESSES, **{label: f"10.10.0.{host_number(number)}" for number, label in enumerate(nodes)}}


def new_password() -> str:
    """A password for one estate: long, random, with a sign of each kind that policies ask for.

    It begins with a letter: setup takes a first `-` for a switch (ACC-07).
    """
    return f"P{secrets.token_urlsafe(15)}a7!"


def build_directory(logons: Logons, clock: Clock, changed: Callable[[], None], nodes: Sequence[str] = ()) -> Directory:
    """The domain with its accounts, the DKM container, the cluster's object and the computers, `nodes` by label."""
    directory = Directory(BASE, NETBIOS, logons, clock, changed)
    directory.add(ACCOUNTS_OU, "organizationalUnit")
    directory.add(CLUSTERS_OU, "organizationalUnit")
    installer = _add_user(directory, logons, INSTALLER, "Installs VMM")
    service = _add_user(directory, logons, SERVICE, "VMM service")
    _add_user(directory, logons, SQL_ADMIN, "Administers SQL Server for VMM")
    _add_user(directory, logons, "reader", "An ordinary domain user")
    _add_user(directory, logons, SQL_SERVICE, "SQL Server service")
    directory.modify(f"CN={SQL_SERVICE},{ACCOUNTS_OU}", {"servicePrincipalName": list(SQL_PRINCIPAL_NAMES)})
    for sam, state in _BAD_ACCOUNTS:
        _add_user(directory, logons, sam, "A service account with a fault to find", state)
    directory.add_member(f"CN=Domain Admins,CN=Users,{BASE}", f"CN=svc-domainadmin,{ACCOUNTS_OU}")
    directory.add(ADMINS_GROUP, "group", {"sAMAccountName": "VMM Admins"})
    for sam in (INSTALLER, SERVICE, "svc-domainadmin", "svc-disabled", "svc-expired", "svc-locked", "svc-mustchange"):
        directory.add_member(ADMINS_GROUP, f"CN={sam},{ACCOUNTS_OU}")
    _add_container(directory, installer, service)
    # So that setup can register the service principal names itself (ACC-09).
    spn = attribute_guids("servicePrincipalName")[0]
    directory.grant(f"CN={SERVICE},{ACCOUNTS_OU}", allow(installer, WRITE_PROPERTY, 0, spn))
    _add_computers(directory, installer, nodes)
    add_controller(directory, DC)
    return directory


def _add_user(directory: Directory, logons: Logons, sam: str, description: str, state: Refusal | None = None) -> str:
    """Add a user with a random password; returns its SID."""
    upn = f"{sam}@{DOMAIN}"
    values: dict[str, str | int] = {
        "sAMAccountName": sam,
        "userPrincipalName": upn,
        "description": description,
        "userAccountControl": _NORMAL_ACCOUNT | _PASSWORD_NEVER_EXPIRES,
    }
    if state == "disabled":
        values["userAccountControl"] = _NORMAL_ACCOUNT | _DISABLED
    elif state == "expired":
        values["accountExpires"] = 132_000_000_000_000_000
    elif state == "must_change":
        values["pwdLastSet"] = 0
    dn = directory.add(f"CN={sam},{ACCOUNTS_OU}", "user", values)
    entry = directory.require(dn)
    aliases = (upn, f"{DOMAIN}\\{sam}", dn)
    logons.add(Credential(f"{NETBIOS}\\{sam}", new_password(), entry.sid, dn, aliases, state))
    return entry.sid


def _add_container(directory: Directory, installer: str, service: str) -> None:
    directory.add(DKM, "container")
    directory.grant(
        DKM,
        deny(EVERYONE, DELETE | DELETE_TREE),
        allow(installer, GENERIC_ALL, CONTAINER_INHERIT),
        allow(service, GENERIC_ALL, CONTAINER_INHERIT),
    )


def _add_computers(directory: Directory, installer: str, nodes: Sequence[str]) -> None:
    for name in addresses(nodes):
        parent = CLUSTERS_OU if name == CLUSTER else f"CN=Computers,{BASE}"
        if name.startswith("dc"):
            parent = f"OU=Domain Controllers,{BASE}"
        services = ["HOST"]
        if name == CLUSTER:
            services += ["MSClusterVirtualServer", "MSServerCluster", "MSServerClusterMgmtAPI"]
        if name.removeprefix("vmm").isdigit():
            # What a computer gets that joins a cluster.
            services.append("MSServerClusterMgmtAPI")
        forms = (name, f"{name}.{DOMAIN}")
        # Express runs as a virtual account, which registers its name on the computer.
        express = [f"MSSQLSvc/{name}.{DOMAIN}:SQLEXPRESS"] if name == "sql03" else []
        directory.add(
            f"CN={name.upper()},{parent}",
            "computer",
            {
                "sAMAccountName": f"{name.upper()}$",
                "dNSHostName": f"{name}.{DOMAIN}",
                "servicePrincipalName": [f"{service}/{form}" for service in services for form in forms] + express,
            },
        )
    cno = directory.require(f"CN={CLUSTER.upper()},{CLUSTERS_OU}")
    # So that setup can register the role's service connection point itself (POST-03).
    point = class_guid("serviceConnectionPoint")
    directory.grant(
        CLUSTERS_OU,
        allow(cno.sid, CREATE_CHILD | READ_CONTROL, CONTAINER_INHERIT, COMPUTER_CLASS),
        allow(installer, CREATE_CHILD, CONTAINER_INHERIT, point),
    )


def add_controller(directory: Directory, host: str) -> None:
    """What the configuration says of a domain controller: its server object in the site, and what it holds."""
    label = host.partition(".")[0].upper()
    configuration = f"CN=Configuration,{directory.base}"
    server = directory.add(
        f"CN={label},CN=Servers,CN=Default-First-Site-Name,CN=Sites,{configuration}",
        "server",
        {"dNSHostName": host, "serverReference": f"CN={label},OU=Domain Controllers,{directory.base}"},
    )
    holds = [directory.base, configuration, f"CN=Schema,{configuration}"]
    directory.add(f"CN=NTDS Settings,{server}", "nTDSDSA", {"hasMasterNCs": holds, "options": 1})


def set_record(directory: Directory, label: str, owner: str) -> None:
    """Keep a name's record in the zone as an object that only `owner` (SID) may write; an empty one takes it away."""
    dn = f"DC={label},DC={DOMAIN},CN=MicrosoftDNS,DC=DomainDnsZones,{BASE}"
    if directory.get(dn) is not None:
        directory.remove(dn)
    if owner:
        usual = directory.default_descriptor(allow(owner, GENERIC_ALL))
        directory.add(dn, "dnsNode", descriptor=replace(usual, owner=owner))


def build_sql_servers(directory: Directory, logons: Logons, changed: Callable[[], None]) -> dict[str, SqlServer]:
    """The instances by host name: a good default one, a named one, an Express and a case-sensitive one.

    The default one is a failover cluster instance: SQL01 is its network name, and today it runs on SQLNODE1.
    """

    def sids_of(account: str) -> frozenset[str]:
        credential = logons.find(account)
        return directory.logon_sids(credential.dn) if credential else frozenset()

    def own_sid(account: str) -> str:
        credential = logons.find(account)
        return credential.sid if credential else ""

    def login(sam: str, *roles: str) -> ServerLogin:
        credential = logons.find(f"{NETBIOS}\\{sam}")
        assert credential is not None
        return ServerLogin(credential.account, credential.sid, set(roles))

    password = new_password()

    def server(label: str, **more: object) -> SqlServer:
        made = SqlServer(f"{label}.{DOMAIN}", sids_of, changed=changed, now=lambda: datetime.now(UTC), **more)  # type: ignore[arg-type]
        made.own_sid = own_sid
        made.logins += [
            login(INSTALLER, "sysadmin"),
            login(SQL_ADMIN, "sysadmin"),
            ServerLogin(SQL_LOGIN, roles={"sysadmin"}, password=password),
        ]
        made.databases.append(Database("Inventory", made.collation))
        return made

    servers = (
        server(
            "sql01",
            product_version="15.0.4430.1",
            update_level="CU32",
            is_clustered=True,
            physical_name="SQLNODE1",
            data_path="S:\\Data\\",
            log_path="L:\\Log\\",
        ),
        server("sql02", instance="VMM", product_version="15.0.4430.1", update_level="CU32"),
        server("sql03", instance="SQLEXPRESS", edition="Express Edition (64-bit)", engine_edition=4),
        server("sql04", collation="Latin1_General_100_CS_AS"),
    )
    return {made.fqdn: made for made in servers}


def build_zones(nodes: Sequence[str] = ()) -> tuple[Zone, Zone]:
    """The forward zone and the reverse zone of 10.in-addr.arpa, with the nodes of these labels."""
    forward = domain_zone(DOMAIN, [DC])
    reverse = Zone("10.in-addr.arpa", DC)
    for name, address in addresses(nodes).items():
        forward.set(f"{name}.{DOMAIN}", "A", [address])
        reverse.set(reverse_name(address), "PTR", [f"{name}.{DOMAIN}."])
    return forward, reverse
