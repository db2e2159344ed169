"""One builder for a plan, one for the facts of an estate where every check is content with that plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.building_plan import a_plan as a_plan
from tests.building_plan import with_role_name as with_role_name
from tests.building_sql import GIB as GIB
from tests.building_sql import NOW as NOW
from tests.building_sql import a_database as a_database
from tests.building_sql import a_sql as a_sql
from tests.settings_building import untouched_settings
from vmm_wizard.facts.model import (
    AccountFacts,
    Ace,
    Adapter,
    AddressProbe,
    AddressResource,
    AdkFacts,
    ClusterFacts,
    ClusterGroup,
    ClusterNetwork,
    ClusterNode,
    ClusterObjectFacts,
    ComputerFacts,
    ContainerFacts,
    Disk,
    DomainFacts,
    Facts,
    MediaFacts,
    Member,
    NameStatus,
    NetworkFacts,
    NodeFacts,
    NodeRemains,
    PasswordFacts,
    PasswordShape,
    PolicyFacts,
    PrincipalNameFacts,
    RebootFacts,
    RehearsalFacts,
    ReplicaFacts,
    RightsFacts,
    RoleRecordFacts,
    SecurityDescriptor,
    ServiceResource,
    TcpAnswer,
    ValidationReport,
    VmmFacts,
)
from vmm_wizard.facts.questions import principal_names
from vmm_wizard.plan.model import Plan

DOMAIN_SID = "S-1-5-21-1004336348-1177238915-682003330"
INSTALLER_SID = f"{DOMAIN_SID}-1104"
SERVICE_SID = f"{DOMAIN_SID}-1105"
CLUSTER_SID = f"{DOMAIN_SID}-1110"
DOMAIN_USERS = f"{DOMAIN_SID}-513"
DOMAIN_ADMINS = f"{DOMAIN_SID}-512"
DOMAIN_COMPUTERS = f"{DOMAIN_SID}-515"
ADMINISTRATORS = "S-1-5-32-544"

FULL = 0xF01FF
GENERIC_ALL = 0x10000000
INHERIT = 0x3  # objects and containers
INHERIT_ONLY = 0x8
COMPUTER_CLASS = "bf967a86-0de6-11d0-a285-00aa003049e2"
SQL_SERVICE_DN = "CN=svc-sql,CN=Users,DC=contoso,DC=lab"
SQL_NAMES = {f"MSSQLSvc/sql01.contoso.lab{end}": (SQL_SERVICE_DN,) for end in ("", ":1433")}
PROTECTION = Ace(allow=False, sid="S-1-1-0", mask=0x10040)


def a_cluster(**changes: Any) -> ClusterFacts:
    """The cluster before any role: three nodes up, two client networks without DHCP and one for the nodes alone."""
    cluster = ClusterFacts(
        name="vmmclu",
        domain="contoso.lab",
        access_point="ActiveDirectoryAndDns",
        witness="File Share Witness",
        nodes=tuple(ClusterNode(name, "Up", "Normal") for name in ("VMM01", "VMM02", "VMM03")),
        groups=(ClusterGroup("Cluster Group", "Cluster", "Online", "VMM01"),),
        services=(),
        addresses=(
            AddressResource("Cluster IP Address", "Cluster Group", "address", "10.0.0.40", "Online"),
            AddressResource("Cluster Name", "Cluster Group", "name", "VMMCLU", "Online"),
        ),
        networks=(
            ClusterNetwork("Front", 3, ("10.0.0.0/24",)),
            ClusterNetwork("Back", 3, ("10.0.1.0/24",)),
            ClusterNetwork("Heartbeat", 1, ("192.168.9.0/24",)),
        ),
        name_status=NameStatus(0, 0),
        workloads=(),
    )
    return replace(cluster, **changes)


def a_silent_address(address: str, **changes: Any) -> AddressProbe:
    """What a node meets at an address that nobody has: Windows asked on the wire, and no one answered."""
    return replace(AddressProbe(address, False, "00-00-00-00-00-00", 0, ""), **changes)


def a_node(number: int = 1, **changes: Any) -> NodeFacts:
    """A node before setup, `vmm01` for number 1."""
    name = f"vmm{number:02}"
    node = NodeFacts(
        language_mode="FullLanguage",
        computer_name=name.upper(),
        pending_computer_name=name.upper(),
        host_name=name,
        dns_host_name=f"{name}.contoso.lab",
        user=r"CONTOSO\vmm-setup",
        is_administrator=True,
        part_of_domain=True,
        domain="contoso.lab",
        secure_channel=True,
        os_caption="Microsoft Windows Server 2022 Datacenter",
        os_build=20348,
        product_type=3,
        installation_type="Server",
        ui_culture="en-US",
        culture="en-US",
        logical_processors=16,
        memory_bytes=32 * GIB,
        system_drive="C:",
        disks=(Disk("C:", 80 * GIB, 120 * GIB),),
        dotnet_release=528449,
        powershell_version="5.1.20348.1",
        adk=AdkFacts("C:\\Program Files (x86)\\Windows Kits\\10\\", "10.1.20348.1", True, True, 24, 0),
        reboot=RebootFacts(False, False, False, False),
        hyperv_feature=False,
        hyperv_service=False,
        agent_installed=False,
        vmm=None,
        remains=NodeRemains(folder=False, products=()),
        administrators=(
            Member(f"{DOMAIN_SID}-500", r"CONTOSO\Administrator"),
            Member(INSTALLER_SID, r"CONTOSO\vmm-setup"),
            Member(SERVICE_SID, r"CONTOSO\svc-vmm"),
        ),
        rights=RightsFacts(
            service_logon=("S-1-5-80-0", SERVICE_SID),
            deny_service_logon=(),
            batch_logon=(ADMINISTRATORS, "S-1-5-32-551"),
            deny_batch_logon=(),
            deny_network_logon=(),
        ),
        disable_domain_creds=0,
        policy=PolicyFacts((), None, (), None),
        media=MediaFacts(r"C:\VMM2022", "fixed", True, "10.22.1287.0", "ab" * 32, False),
        sql=TcpAnswer("sql01.contoso.lab", 1433, True, ""),
        cluster=a_cluster(),
        cluster_error="",
        adapters=(
            Adapter("Front", f"10.0.0.{10 + number}", False),
            Adapter("Back", f"10.0.1.{10 + number}", False),
            Adapter("Heartbeat", f"192.168.9.{10 + number}", False),
        ),
        address_probes=(a_silent_address("10.0.0.50"), a_silent_address("10.0.1.50")),
        validation=ValidationReport("Validation Report 2026.02.10 At 09.00.00.htm", NOW - timedelta(days=20), 0),
        **untouched_settings(),
        setup_processes=(),
        tasks=(),
        utc_time=NOW,
        unreadable=(),
    )
    return replace(node, **changes)


def an_account(name: str, sid: str, **changes: Any) -> AccountFacts:
    """An enabled user `CONTOSO\\<name>` whose password never expires."""
    account = AccountFacts(
        name=f"CONTOSO\\{name}",
        found=True,
        dn=f"CN={name},CN=Users,DC=contoso,DC=lab",
        sam=name,
        sid=sid,
        object_classes=("top", "person", "organizationalPerson", "user"),
        domain_dns="contoso.lab",
        user_account_control=0x10200,
        token_groups=(DOMAIN_USERS,),
        asked_as=r"CONTOSO\vmm-setup",
        writable_attributes=("servicePrincipalName",),
    )
    return replace(account, **changes)


def no_account(name: str) -> AccountFacts:
    """The directory's answer when it has no such account."""
    return AccountFacts(f"CONTOSO\\{name}", found=False)


def a_descriptor(*aces: Ace, owner: str = DOMAIN_ADMINS) -> SecurityDescriptor:
    """A descriptor with these entries, in this order."""
    return SecurityDescriptor(owner, aces)


def a_container(**changes: Any) -> ContainerFacts:
    """The DKM container: Full Control for both accounts, protected from accidental deletion, empty."""
    container = ContainerFacts(
        dn="CN=VMMDKM,DC=contoso,DC=lab",
        found=True,
        object_classes=("top", "container"),
        descriptor=a_descriptor(
            PROTECTION,
            Ace(True, INSTALLER_SID, FULL, INHERIT),
            Ace(True, SERVICE_SID, FULL, INHERIT),
        ),
        asked_as=r"CONTOSO\vmm-setup",
        allowed_child_classes_effective=("container",),
        sd_rights_effective=0xF,
    )
    return replace(container, **changes)


def a_cluster_object(**changes: Any) -> ClusterObjectFacts:
    """The cluster's computer object in an OU where it may create computer objects."""
    found = ClusterObjectFacts(
        computer=ComputerFacts(
            name="vmmclu",
            found=True,
            dn="CN=VMMCLU,OU=Clusters,DC=contoso,DC=lab",
            sid=CLUSTER_SID,
            enabled=True,
            token_groups=(DOMAIN_COMPUTERS,),
        ),
        parent_dn="OU=Clusters,DC=contoso,DC=lab",
        parent_descriptor=a_descriptor(Ace(True, CLUSTER_SID, 0x1, 0x2, COMPUTER_CLASS)),
        created_count=0,
    )
    return replace(found, **changes)


def a_role_object(**changes: Any) -> ComputerFacts:
    """A computer object of the role's name as an admin prestages it: disabled, unused, the cluster's to control."""
    role = ComputerFacts(
        name="vmm",
        found=True,
        dn="CN=vmm,OU=Clusters,DC=contoso,DC=lab",
        sid=f"{DOMAIN_SID}-1120",
        enabled=False,
        created=NOW,
        descriptor=a_descriptor(Ace(True, CLUSTER_SID, FULL)),
    )
    return replace(role, **changes)


def the_names(plan: Plan | None = None, **changes: Any) -> PrincipalNameFacts:
    """Who holds the names of a plan: SQL Server's service account its own, nobody the others."""
    holders = {**dict.fromkeys(principal_names(plan or a_plan()), ()), **SQL_NAMES, **changes.pop("holders", {})}
    return replace(PrincipalNameFacts(holders, accounts={SQL_SERVICE_DN: "svc-sql"}), **changes)


def good_facts(plan: Plan | None = None, **changes: Any) -> Facts:
    """Everything known and well before setup has run, for `plan` (its nodes, role name and accounts) or `a_plan()`."""
    plan = plan or a_plan()
    accounts = (plan.installing_account, plan.service_account.name)
    facts = Facts(
        passwords={account.key: PasswordFacts(str(account), True) for account in accounts},
        password_shapes={account.key: PasswordShape.of("Correct.Horse-7") for account in accounts},
        domain=DomainFacts(
            "dc01.contoso.lab",
            "DC=contoso,DC=lab",
            "contoso.lab",
            "CONTOSO",
            DOMAIN_SID,
            machine_account_quota=10,
            time=NOW,
            trusts=(),
        ),
        installing_account=an_account("vmm-setup", INSTALLER_SID),
        service_account=an_account("svc-vmm", SERVICE_SID),
        dkm=a_container(),
        replicas=ReplicaFacts("dc01.contoso.lab", "Default-First-Site-Name"),
        role_object=ComputerFacts(plan.cluster.role_name.text, found=False),
        cluster_object=a_cluster_object(),
        role_record=RoleRecordFacts(plan.role_fqdn),
        principal_names=the_names(plan),
        sql=a_sql(),
        network=NetworkFacts(
            TcpAnswer("sql01.contoso.lab", 1433, True, ""), (), TcpAnswer("vmm.contoso.lab", 8100, False, "refused")
        ),
        nodes={node.key: a_node(number) for number, node in enumerate(plan.nodes, 1)},
        heard=dict.fromkeys(("domain", "sql", *(node.key for node in plan.nodes)), NOW),
    )
    return replace(facts, **changes)


def an_installation(**changes: Any) -> VmmFacts:
    """VMM as setup leaves it on a node, its service stopped as on a passive one."""
    vmm = VmmFacts(
        install_path=r"C:\Program Files\Microsoft System Center\Virtual Machine Manager",
        version="10.22.1287.0",
        service_state="Stopped",
        service_account=r"CONTOSO\svc-vmm",
        service_principal_names="SCVMM/vmm,SCVMM/vmm.contoso.lab",
        sql_machine="sql01.contoso.lab",
        sql_instance="",
        sql_database="VirtualManagerDB",
        log_exists=True,
        log_failures=(),
    )
    return replace(vmm, **changes)


def a_cluster_with_role(name: str = "vmm", owner: str = "VMM01") -> ClusterFacts:
    """The cluster with a VMM role of this name, online."""
    cluster = a_cluster()
    return replace(
        cluster,
        groups=(*cluster.groups, ClusterGroup(name, "GenericService", "Online", owner)),
        services=(ServiceResource("VMM Service", name, "SCVMMService", "Online"),),
        addresses=(
            *cluster.addresses,
            AddressResource(f"{name} IP 1", name, "address", "10.0.0.50", "Online"),
            AddressResource(f"{name} IP 2", name, "address", "10.0.1.50", "Online"),
            AddressResource(name, name, "name", name, "Online"),
        ),
    )


def installed_facts(done: int = 2, **changes: Any) -> Facts:
    """The estate of `a_plan()` after setup has run on the first `done` nodes, role online on the first."""
    cluster = a_cluster_with_role()
    nodes = {}
    for number in (1, 2):
        vmm = an_installation(service_state="Running" if number == 1 else "Stopped") if number <= done else None
        nodes[f"vmm{number:02}.contoso.lab"] = a_node(number, cluster=cluster, vmm=vmm, agent_installed=vmm is not None)
    facts = good_facts(
        nodes=nodes,
        sql=a_sql(database=a_database(is_vmm=True, table_count=900)),
        dkm=a_container(children=("CN=DKM key,CN=VMMDKM,DC=contoso,DC=lab",)),
        role_object=a_role_object(
            enabled=True,
            creator_sid=CLUSTER_SID,
            last_logon=NOW,
            password_set=NOW,
            service_principal_names=("HOST/vmm", "HOST/vmm.contoso.lab"),
            descriptor=a_descriptor(owner=CLUSTER_SID),
        ),
        role_record=RoleRecordFacts(
            "vmm.contoso.lab",
            found=True,
            dn="DC=vmm,DC=contoso.lab,CN=MicrosoftDNS,DC=DomainDnsZones,DC=contoso,DC=lab",
            descriptor=a_descriptor(Ace(True, CLUSTER_SID, FULL), owner=CLUSTER_SID),
        ),
        principal_names=PrincipalNameFacts(
            SQL_NAMES
            | {
                "SCVMM/vmm": ("CN=svc-vmm,CN=Users,DC=contoso,DC=lab",),
                "SCVMM/vmm.contoso.lab": ("CN=svc-vmm,CN=Users,DC=contoso,DC=lab",),
            },
            ("CN=MSVMM,CN=vmm,OU=Clusters,DC=contoso,DC=lab",),
            {SQL_SERVICE_DN: "svc-sql"},
        ),
        network=NetworkFacts(
            TcpAnswer("sql01.contoso.lab", 1433, True, ""),
            ("10.0.0.50",),
            TcpAnswer("vmm.contoso.lab", 8100, True, ""),
        ),
    )
    return replace(facts, **changes)


def a_rehearsal(**changes: Any) -> RehearsalFacts:
    """A rehearsal that went well."""
    rehearsal = RehearsalFacts(
        registered=True,
        user=r"CONTOSO\vmm-setup",
        groups=(DOMAIN_USERS, ADMINISTRATORS),
        elevated=True,
        language_mode="FullLanguage",
        ui_culture="en-US",
        sql_login=r"CONTOSO\vmm-setup",
        sql_sysadmin=True,
        sql_auth_scheme="KERBEROS",
        dkm_found=True,
        dkm_allowed_child_classes=("container",),
        dkm_sd_rights=0xF,
        cluster_name="vmmclu",
    )
    return replace(rehearsal, **changes)
