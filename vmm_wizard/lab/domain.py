"""What a domain holds on its first day, and how a cluster makes the computer object of a role in it."""

from __future__ import annotations

from collections.abc import Collection

from vmm_wizard.lab.access import READ, effective_mask
from vmm_wizard.lab.descriptors import (
    AUTHENTICATED_USERS,
    BUILTIN_ADMINISTRATORS,
    BUILTIN_GUESTS,
    BUILTIN_USERS,
    CONTAINER_INHERIT,
    CREATE_CHILD,
    DELETE_TREE,
    EVERYONE,
    FULL_CONTROL,
    GENERIC_ALL,
    READ_PROPERTY,
    SYSTEM,
    Descriptor,
    allow,
    sid_to_bytes,
)
from vmm_wizard.lab.entries import Entry, Values
from vmm_wizard.lab.schema import COMPUTER_CLASS
from vmm_wizard.lab.tree import Tree

#: How many computers any account may join to a fresh domain (PRESTAGE).
MACHINE_ACCOUNT_QUOTA = 10

_BUILTIN_LOCAL_GROUP = -0x7FFFFFFB
_DOMAIN_LOCAL_GROUP = -0x7FFFFFFC
_UNIVERSAL_GROUP = -0x7FFFFFF8
_GLOBAL_GROUP = -0x7FFFFFFE
_DISABLED = 0x2
_FUNCTIONAL_LEVEL_2016 = 7

#: The known groups in CN=Users: name, RID, kind.
_DOMAIN_GROUPS = (
    ("Domain Admins", 512, _GLOBAL_GROUP),
    ("Domain Users", 513, _GLOBAL_GROUP),
    ("Domain Guests", 514, _GLOBAL_GROUP),
    ("Domain Computers", 515, _GLOBAL_GROUP),
    ("Domain Controllers", 516, _GLOBAL_GROUP),
    ("Schema Admins", 518, _UNIVERSAL_GROUP),
    ("Enterprise Admins", 519, _UNIVERSAL_GROUP),
    ("Group Policy Creator Owners", 520, _GLOBAL_GROUP),
    ("Protected Users", 525, _GLOBAL_GROUP),
    ("DnsAdmins", 1101, _DOMAIN_LOCAL_GROUP),
)


def build_domain(tree: Tree, netbios: str) -> None:
    """Fill an empty tree with naming contexts, containers and groups."""
    base = tree.base
    admins = tree.sid(512)
    root = Descriptor(
        BUILTIN_ADMINISTRATORS,
        BUILTIN_ADMINISTRATORS,
        (
            allow(admins, FULL_CONTROL & ~DELETE_TREE),
            allow(BUILTIN_ADMINISTRATORS, FULL_CONTROL & ~DELETE_TREE, CONTAINER_INHERIT),
            allow(tree.sid(519), GENERIC_ALL, CONTAINER_INHERIT),
            allow(SYSTEM, GENERIC_ALL),
            allow(AUTHENTICATED_USERS, READ),
            allow(EVERYONE, READ_PROPERTY),
        ),
    )
    tree.add(
        base,
        "domainDNS",
        {
            "ms-DS-MachineAccountQuota": MACHINE_ACCOUNT_QUOTA,
            "msDS-Behavior-Version": _FUNCTIONAL_LEVEL_2016,
            "lockoutThreshold": 3,
        },
        root,
        tree.sid(),
    )
    tree.naming_contexts.append(tree.base_key)
    for rdn, kind in (
        ("CN=Builtin", "builtinDomain"),
        ("CN=Computers", "container"),
        ("OU=Domain Controllers", "organizationalUnit"),
        ("CN=ForeignSecurityPrincipals", "container"),
        ("CN=System", "container"),
        ("CN=Users", "container"),
    ):
        tree.add(f"{rdn},{base}", kind)
    _add_groups(tree)
    _add_other_contexts(tree, netbios, root)


def _add_groups(tree: Tree) -> None:
    base = tree.base
    for name, rid, kind in _DOMAIN_GROUPS:
        tree.add(f"CN={name},CN=Users,{base}", "group", {"groupType": kind}, sid=tree.sid(rid))
    for name, sid in (
        ("Administrators", BUILTIN_ADMINISTRATORS),
        ("Users", BUILTIN_USERS),
        ("Guests", BUILTIN_GUESTS),
    ):
        values: dict[str, Values] = {"groupType": _BUILTIN_LOCAL_GROUP, "sAMAccountType": 0x20000000}
        tree.add(f"CN={name},CN=Builtin,{base}", "group", values, sid=sid)
    for member, group in (
        ("Domain Admins", "Administrators"),
        ("Enterprise Admins", "Administrators"),
        ("Domain Users", "Users"),
        ("Domain Guests", "Guests"),
    ):
        tree.add_member(f"CN={group},CN=Builtin,{base}", f"CN={member},CN=Users,{base}")


def _add_other_contexts(tree: Tree, netbios: str, root: Descriptor) -> None:
    base = tree.base
    configuration = f"CN=Configuration,{base}"
    for dn, kind in (
        (configuration, "configuration"),
        (f"CN=Schema,{configuration}", "dMD"),
        (f"DC=DomainDnsZones,{base}", "domainDNS"),
        (f"DC=ForestDnsZones,{base}", "domainDNS"),
    ):
        head = tree.require(tree.add(dn, kind, descriptor=root))
        tree.naming_contexts.append(head.key)
    for dn, kind in (
        (f"CN=Partitions,{configuration}", "crossRefContainer"),
        (f"CN=Services,{configuration}", "container"),
        (f"CN=Sites,{configuration}", "sitesContainer"),
        (f"CN=Default-First-Site-Name,CN=Sites,{configuration}", "site"),
        (f"CN=Servers,CN=Default-First-Site-Name,CN=Sites,{configuration}", "serversContainer"),
    ):
        tree.add(dn, kind)
    domain = tree.dns_domain
    dns = tree.add(f"CN=MicrosoftDNS,DC=DomainDnsZones,{base}", "container")
    tree.add(f"DC={domain},{dns}", "dnsZone")
    references: tuple[tuple[str, dict[str, Values]], ...] = (
        (netbios, {"nETBIOSName": netbios, "dnsRoot": domain, "nCName": base, "systemFlags": 3}),
        ("Enterprise Configuration", {"dnsRoot": domain, "nCName": configuration, "systemFlags": 1}),
        ("Enterprise Schema", {"dnsRoot": domain, "nCName": f"CN=Schema,{configuration}", "systemFlags": 1}),
    )
    for name, values in references:
        tree.add(f"CN={name},CN=Partitions,{configuration}", "crossRef", values)


def make_role_computer(
    tree: Tree, cno: Entry, cno_sids: Collection[str], name: str, parent_dn: str
) -> tuple[str, bool]:
    """Make or take over the computer object of a cluster role; the DN, and whether it is new.

    Raises PermissionError with a sentence when the cluster may not (CLU-05, NAM-05, PRESTAGE).
    """
    there = tree.find_by_sam(f"{name}$")
    if there is not None:
        if effective_mask(there.descriptor, cno_sids) & FULL_CONTROL != FULL_CONTROL:
            raise PermissionError(f"{there.dn} exists already and {cno.text('name')} has no full control over it")
        tree.modify(there.dn, {"userAccountControl": there.number("userAccountControl") & ~_DISABLED})
        return there.dn, False
    parent = tree.require(parent_dn)
    owner, extra = cno.sid, {}
    if not effective_mask(parent.descriptor, cno_sids, (COMPUTER_CLASS,)) & CREATE_CHILD:
        _spend_quota(tree, cno, parent)
        # AD gives such an object to Domain Admins and remembers on it who made it.
        owner, extra = tree.sid(512), {"mS-DS-CreatorSID": sid_to_bytes(cno.sid)}
    descriptor = tree.default_descriptor(allow(cno.sid, GENERIC_ALL))
    host = f"{name}.{tree.dns_domain}"
    values: dict[str, Values] = {
        "dNSHostName": host,
        "description": "Failover cluster virtual network name account",
        "servicePrincipalName": [
            f"{service}/{form}" for service in ("HOST", "MSClusterVirtualServer") for form in (name, host)
        ],
        **extra,
    }
    made = tree.add(
        f"CN={name},{parent.dn}",
        "computer",
        values,
        Descriptor(owner, descriptor.group, descriptor.aces),
    )
    return made, True


def _spend_quota(tree: Tree, cno: Entry, parent: Entry) -> None:
    """Whether the machine account quota allows one more. Raises PermissionError when it does not."""
    who = cno.text("name")
    if parent.key != tree.require(f"CN=Computers,{tree.base}").key:
        raise PermissionError(f"{who} may not create computer objects in {parent.dn}")
    quota = tree.require(tree.base).number("ms-DS-MachineAccountQuota")
    creator = sid_to_bytes(cno.sid)
    made = sum(creator in entry.values("mS-DS-CreatorSID") for entry in tree)
    if made >= quota:
        raise PermissionError(f"{who} has made {made} computer objects and the machine account quota is {quota}")
