"""What is, as typed values: what probes return and checks judge. No I/O here, and no judgement.

Field names of everything that a node's script reports are the JSON keys that the script writes.
`None` in a field means: could not be read by this account (the check then says so), never "no".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vmm_wizard.facts.all_facts import NOT_ASKED, Facts, NoAnswer, NotKnown, known
from vmm_wizard.facts.cluster_model import AddressProbe, NameStatus, ValidationReport, Workload
from vmm_wizard.facts.library_model import LibraryFacts, LibraryRole, LibraryShare, ShareEntry
from vmm_wizard.facts.node_model import (
    Adapter,
    AddressResource,
    AdkFacts,
    ClusterFacts,
    ClusterGroup,
    ClusterNetwork,
    ClusterNode,
    Disk,
    MediaFacts,
    Member,
    NetworkFacts,
    NodeFacts,
    RebootFacts,
    RehearsalFacts,
    RightsFacts,
    ServiceResource,
    TcpAnswer,
    VmmFacts,
    VmmPorts,
)
from vmm_wizard.facts.password_model import PasswordFacts, PasswordShape
from vmm_wizard.facts.policy_model import AddedMember, GovernedGroup, GovernedRight, GovernedValue, PolicyFacts
from vmm_wizard.facts.replica_model import ReplicaFacts
from vmm_wizard.facts.sql_model import DatabaseFacts, DatabaseUser, GroupReplica, RoleMember, SqlFacts
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

__all__ = [
    "NOT_ASKED",
    "AccountFacts",
    "Ace",
    "Adapter",
    "AddedMember",
    "AddressProbe",
    "AddressResource",
    "AdkFacts",
    "AppControlFacts",
    "ClusterFacts",
    "ClusterGroup",
    "ClusterNetwork",
    "ClusterNode",
    "ClusterObjectFacts",
    "ComputerFacts",
    "ContainerFacts",
    "ControllerFacts",
    "DatabaseFacts",
    "DatabaseUser",
    "Disk",
    "DomainFacts",
    "Facts",
    "FirewallFacts",
    "GovernedGroup",
    "GovernedRight",
    "GovernedValue",
    "GroupReplica",
    "LibraryFacts",
    "LibraryRole",
    "LibraryShare",
    "LoggingFacts",
    "MediaFacts",
    "Member",
    "NameStatus",
    "NetworkFacts",
    "NoAnswer",
    "NodeFacts",
    "NodeRemains",
    "NotKnown",
    "NtlmFacts",
    "OpenConsole",
    "PasswordFacts",
    "PasswordShape",
    "PolicyFacts",
    "PortUse",
    "PrincipalNameFacts",
    "RebootFacts",
    "RehearsalFacts",
    "ReplicaFacts",
    "RightsFacts",
    "RoleMember",
    "RoleRecordFacts",
    "SecurityDescriptor",
    "ServiceResource",
    "ShareEntry",
    "ShellLimits",
    "SqlFacts",
    "SqlToolsFacts",
    "StagedFile",
    "TcpAnswer",
    "TlsFacts",
    "TrustFacts",
    "ValidationReport",
    "VmmFacts",
    "VmmPorts",
    "WinrmFacts",
    "Workload",
    "known",
]

# --- directory


@dataclass(frozen=True, slots=True)
class ControllerFacts:
    """A writable domain controller of the domain and the site that it stands in."""

    host: str
    site: str


@dataclass(frozen=True, slots=True)
class TrustFacts:
    """A trust of the domain: with whom (DNS and NetBIOS name), and `trustDirection` as stored (MS-ADTS 6.1.6.7.12):
    0 off, 1 inbound (they trust us), 2 outbound (we trust them), 3 both ways."""

    dns_name: str
    netbios_name: str
    direction: int


@dataclass(frozen=True, slots=True)
class DomainFacts:
    """The domain as one of its DCs, `server` in `site`, sees it. `controllers` are all that are writable."""

    server: str
    base: str
    dns_name: str
    netbios_name: str
    sid: str
    machine_account_quota: int | None
    time: datetime | None
    site: str = ""
    controllers: tuple[ControllerFacts, ...] = ()
    trusts: tuple[TrustFacts, ...] | None = None


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """An account as the directory has it. Everything after `found` is empty when it is not there.

    `token_groups` are SIDs, nested groups included. Dates are aware, in UTC; None: never. `writable_attributes`: what
    the account `asked_as` may write on it (allowedAttributesEffective). `password_readers`: who may retrieve the
    password of a managed account (msDS-GroupMSAMembership), None for others.
    """

    name: str
    found: bool
    dn: str = ""
    sam: str = ""
    sid: str = ""
    object_classes: tuple[str, ...] = ()
    domain_dns: str = ""
    user_account_control: int = 0
    computed_control: int = 0
    expires: datetime | None = None
    password_expires: datetime | None = None
    must_change_password: bool = False
    token_groups: tuple[str, ...] | None = None
    asked_as: str = ""
    writable_attributes: tuple[str, ...] | None = None
    password_readers: SecurityDescriptor | None = None
    descriptor: SecurityDescriptor | None = None
    password_set: datetime | None = None

    @property
    def sids(self) -> frozenset[str]:
        """The account's own SID, its groups', and the well-known ones that every authenticated user carries."""
        return frozenset({self.sid, "S-1-1-0", "S-1-5-11", *(self.token_groups or ())})


@dataclass(frozen=True, slots=True)
class Ace:
    """One access control entry. `mask` and `flags` are the bits as stored; GUIDs are lower case with hyphens."""

    allow: bool
    sid: str
    mask: int
    flags: int = 0
    object_type: str = ""
    inherited_object_type: str = ""


@dataclass(frozen=True, slots=True)
class SecurityDescriptor:
    """Owner and DACL of an object, entries in stored order. `dacl` None: no DACL, everybody may do everything."""

    owner: str
    dacl: tuple[Ace, ...] | None
    protected: bool = False


@dataclass(frozen=True, slots=True)
class ContainerFacts:
    """The DKM container. `asked_as` is the account whose effective rights the two `..._effective` fields tell."""

    dn: str
    found: bool
    object_classes: tuple[str, ...] = ()
    descriptor: SecurityDescriptor | None = None
    children: tuple[str, ...] = ()
    asked_as: str = ""
    allowed_child_classes_effective: tuple[str, ...] | None = None
    sd_rights_effective: int | None = None
    referral: str = ""


@dataclass(frozen=True, slots=True)
class ComputerFacts:
    """A computer object: the role's own (VCO) or the cluster's (CNO). Empty after `found` when it is not there."""

    name: str
    found: bool
    dn: str = ""
    sid: str = ""
    enabled: bool = False
    created: datetime | None = None
    last_logon: datetime | None = None
    password_set: datetime | None = None
    service_principal_names: tuple[str, ...] = ()
    descriptor: SecurityDescriptor | None = None
    creator_sid: str = ""
    token_groups: tuple[str, ...] | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class ClusterObjectFacts:
    """The cluster's computer object and the container that its roles' objects are made in.

    `created_count`: computer objects that the CNO has made so far (mS-DS-CreatorSID), for the domain's quota; not
    counted (None) where the quota does not matter. `parent_descriptor` is not read where the role has its object.
    """

    computer: ComputerFacts
    parent_dn: str = ""
    parent_descriptor: SecurityDescriptor | None = None
    parent_is_computers: bool = False
    created_count: int | None = None


@dataclass(frozen=True, slots=True)
class PrincipalNameFacts:
    """Who holds a service principal name (DNs by SPN, empty when nobody does), and the role's connection points.

    `forest_wide` False: the forest has other domains, and only this one was searched. `accounts` are the holders' logon
    names (sAMAccountName) by DN.
    """

    holders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    connection_points: tuple[str, ...] = ()
    forest_wide: bool = True
    accounts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RoleRecordFacts:
    """The object that holds the role's record in the domain's DNS zone (dnsNode). `zone_found` False: the zone is not
    kept in this domain's partitions. `tombstoned`: DNS has deleted the record, and the object is still there."""

    name: str
    zone_found: bool = True
    found: bool = False
    dn: str = ""
    tombstoned: bool = False
    descriptor: SecurityDescriptor | None = None
