"""The part of the AD schema that the practice directory knows: class chains, GUIDs, syntaxes, who may hold what."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

Syntax = Literal["text", "dn", "integer", "octets", "guid", "sid", "time", "class"]

_PERSON = ("top", "person", "organizationalPerson", "user")

#: Each structural class with those it is derived from, most general first.
CLASS_CHAINS: dict[str, tuple[str, ...]] = {
    "builtinDomain": ("top", "builtinDomain"),
    "computer": (*_PERSON, "computer"),
    "configuration": ("top", "configuration"),
    "contact": ("top", "person", "organizationalPerson", "contact"),
    "container": ("top", "container"),
    "crossRef": ("top", "crossRef"),
    "crossRefContainer": ("top", "crossRefContainer"),
    "dMD": ("top", "dMD"),
    "dnsNode": ("top", "dnsNode"),
    "dnsZone": ("top", "dnsZone"),
    "domainDNS": ("top", "domain", "domainDNS"),
    "foreignSecurityPrincipal": ("top", "foreignSecurityPrincipal"),
    "group": ("top", "group"),
    "inetOrgPerson": (*_PERSON, "inetOrgPerson"),
    "msDS-GroupManagedServiceAccount": (*_PERSON, "computer", "msDS-GroupManagedServiceAccount"),
    "nTDSDSA": ("top", "applicationSettings", "nTDSDSA"),
    "organizationalUnit": ("top", "organizationalUnit"),
    "server": ("top", "server"),
    "serversContainer": ("top", "serversContainer"),
    "serviceConnectionPoint": ("top", "leaf", "connectionPoint", "serviceConnectionPoint"),
    "site": ("top", "site"),
    "sitesContainer": ("top", "sitesContainer"),
    "trustedDomain": ("top", "leaf", "trustedDomain"),
    "user": _PERSON,
}

_AD_GUIDS = "{}-0de6-11d0-a285-00aa003049e2"

#: schemaIDGUID by class, as object-typed access control entries name it.
CLASS_GUIDS: dict[str, UUID] = {
    "builtinDomain": UUID(_AD_GUIDS.format("bf967a81")),
    "computer": UUID(_AD_GUIDS.format("bf967a86")),
    "configuration": UUID(_AD_GUIDS.format("bf967a87")),
    "contact": UUID("5cb41ed0-0e4c-11d0-a286-00aa003049e2"),
    "container": UUID(_AD_GUIDS.format("bf967a8b")),
    "crossRef": UUID(_AD_GUIDS.format("bf967a8d")),
    "crossRefContainer": UUID("ef9e60e0-56f7-11d1-a9c6-0000f80367c1"),
    "dnsNode": UUID("e0fa1e8c-9b45-11d0-afdd-00c04fd930c9"),
    "dnsZone": UUID("e0fa1e8b-9b45-11d0-afdd-00c04fd930c9"),
    "domainDNS": UUID("19195a5b-6da0-11d0-afd3-00c04fd930c9"),
    "foreignSecurityPrincipal": UUID("89e31c12-8530-11d0-afda-00c04fd930c9"),
    "group": UUID(_AD_GUIDS.format("bf967a9c")),
    "inetOrgPerson": UUID("4828cc14-1437-45bc-9b07-ad6f015e5f28"),
    "msDS-GroupManagedServiceAccount": UUID("7b8b558a-93a5-4af7-adca-c017e67f1057"),
    "organizationalUnit": UUID(_AD_GUIDS.format("bf967aa5")),
    "serviceConnectionPoint": UUID("28630ec1-41d5-11d1-a9c1-0000f80367c1"),
    "user": UUID(_AD_GUIDS.format("bf967aba")),
}

#: A grant of CREATE_CHILD for this class lets a cluster make its role's computer object (CLU-05, PRESTAGE).
COMPUTER_CLASS = CLASS_GUIDS["computer"]

_PUBLIC_INFORMATION = UUID("e48d0154-bcf8-11d1-8702-00c04fb96050")
_ACCOUNT_RESTRICTIONS = UUID("4c164200-20c0-11d0-a768-00aa006e0529")
_DNS_HOST_NAME = UUID("72e39547-7b18-11d1-adef-00c04fd8d5cd")

#: What an object-typed entry may name to mean an attribute: its own schemaIDGUID first, then its property set.
ATTRIBUTE_GUIDS: dict[str, tuple[UUID, ...]] = {
    "description": (UUID(_AD_GUIDS.format("bf967950")), _PUBLIC_INFORMATION),
    "displayname": (UUID(_AD_GUIDS.format("bf967953")),),
    "dnshostname": (_DNS_HOST_NAME,),
    "member": (UUID(_AD_GUIDS.format("bf9679c0")),),
    "pwdlastset": (UUID(_AD_GUIDS.format("bf967a0a")), _ACCOUNT_RESTRICTIONS),
    "samaccountname": (UUID("3e0abfd0-126a-11d0-a060-00aa006c42ed"),),
    "serviceprincipalname": (UUID("f3a64788-5306-11d1-a9c5-0000f80367c1"), _PUBLIC_INFORMATION),
    "useraccountcontrol": (UUID(_AD_GUIDS.format("bf967a68")), _ACCOUNT_RESTRICTIONS),
}

_COMMON = ("cn", "description", "displayName", "objectClass", "name", "nTSecurityDescriptor")
_ACCOUNT = (
    "accountExpires",
    "dNSHostName",
    "msDS-AllowedToDelegateTo",
    "pwdLastSet",
    "sAMAccountName",
    "servicePrincipalName",
    "userAccountControl",
    "userPrincipalName",
)

#: What an object of a class may hold, for allowedAttributes and allowedAttributesEffective; others hold `_COMMON`.
_MAY_HOLD: dict[str, tuple[str, ...]] = {
    "user": (*_COMMON, *_ACCOUNT),
    "computer": (*_COMMON, *_ACCOUNT, "operatingSystem", "managedBy"),
    "msDS-GroupManagedServiceAccount": (*_COMMON, *_ACCOUNT, "msDS-GroupMSAMembership"),
    "group": (*_COMMON, "groupType", "managedBy", "member", "sAMAccountName"),
    "organizationalUnit": (*_COMMON, "gPLink", "managedBy", "ou"),
    "serviceConnectionPoint": (*_COMMON, "keywords", "serviceBindingInformation", "serviceClassName", "serviceDNSName"),
}

_IN_CONTAINERS = (
    "computer",
    "contact",
    "container",
    "group",
    "inetOrgPerson",
    "msDS-GroupManagedServiceAccount",
    "serviceConnectionPoint",
    "user",
)

_CHILDREN: dict[str, tuple[str, ...]] = {
    "container": _IN_CONTAINERS,
    "organizationalUnit": (*_IN_CONTAINERS, "organizationalUnit"),
    "domainDNS": (*_IN_CONTAINERS, "builtinDomain", "organizationalUnit"),
    "computer": ("serviceConnectionPoint",),
    "user": ("serviceConnectionPoint",),
    "crossRefContainer": ("crossRef",),
    "dnsZone": ("dnsNode",),
}

_CATEGORIES: dict[str, str] = {
    "builtinDomain": "Builtin-Domain",
    "computer": "Computer",
    "configuration": "Configuration",
    "contact": "Person",
    "container": "Container",
    "crossRef": "Cross-Ref",
    "crossRefContainer": "Cross-Ref-Container",
    "dMD": "DMD",
    "dnsNode": "Dns-Node",
    "dnsZone": "Dns-Zone",
    "domainDNS": "Domain-DNS",
    "foreignSecurityPrincipal": "Foreign-Security-Principal",
    "group": "Group",
    "inetOrgPerson": "Person",
    "msDS-GroupManagedServiceAccount": "ms-DS-Group-Managed-Service-Account",
    "nTDSDSA": "NTDS-DSA",
    "organizationalUnit": "Organizational-Unit",
    "organizationalPerson": "Person",
    "person": "Person",
    "server": "Server",
    "serversContainer": "Servers-Container",
    "serviceConnectionPoint": "Service-Connection-Point",
    "site": "Site",
    "sitesContainer": "Sites-Container",
    "trustedDomain": "Trusted-Domain",
    "user": "Person",
}

_SYNTAXES: dict[Syntax, str] = {
    "dn": "distinguishedName hasMasterNCs member memberOf managedBy objectCategory nCName serverReference manager "
    "msDS-HostServiceAccount dsServiceName",
    "integer": "accountExpires adminCount badPwdCount badPasswordTime groupType instanceType lastLogon "
    "lastLogonTimestamp lockoutTime lockoutThreshold logonCount ms-DS-MachineAccountQuota "
    "msDS-SupportedEncryptionTypes msDS-User-Account-Control-Computed options primaryGroupID pwdLastSet sAMAccountType "
    "sDRightsEffective systemFlags trustDirection trustType userAccountControl msDS-Behavior-Version",
    "octets": "nTSecurityDescriptor dnsRecord msDS-GroupMSAMembership thumbnailPhoto userCertificate",
    "guid": "objectGUID schemaIDGUID",
    "sid": "objectSid mS-DS-CreatorSID tokenGroups sIDHistory securityIdentifier",
    "time": "whenCreated whenChanged",
    "class": "objectClass structuralObjectClass",
}
_SYNTAX_OF: dict[str, Syntax] = {name.lower(): kind for kind, names in _SYNTAXES.items() for name in names.split()}


def syntax(attribute: str) -> Syntax:
    """How values of this attribute are compared; text when the attribute is not in the list."""
    return _SYNTAX_OF.get(attribute.lower(), "text")


def class_chain(name: str) -> tuple[str, ...]:
    """The objectClass values of an object of class `name`."""
    for known, chain in CLASS_CHAINS.items():
        if known.lower() == name.lower():
            return chain
    return ("top", name)


def class_guid(name: str) -> UUID | None:
    """The schemaIDGUID of a class, or None when it is not known here."""
    return next((guid for known, guid in CLASS_GUIDS.items() if known.lower() == name.lower()), None)


def category(name: str) -> str | None:
    """The CN that objectCategory has for a class (or its lDAPDisplayName in a filter), or None."""
    return next((cn for known, cn in _CATEGORIES.items() if name.lower() in (known.lower(), cn.lower())), None)


def possible_children(name: str) -> tuple[str, ...]:
    """The classes that an object of class `name` may hold as children."""
    return next((kinds for known, kinds in _CHILDREN.items() if known.lower() == name.lower()), ())


def possible_attributes(name: str) -> tuple[str, ...]:
    """The attributes that an object of class `name` may hold."""
    return next((names for known, names in _MAY_HOLD.items() if known.lower() == name.lower()), _COMMON)


def attribute_guids(attribute: str) -> tuple[UUID, ...]:
    """The GUIDs by which an access control entry may name this attribute."""
    return ATTRIBUTE_GUIDS.get(attribute.lower(), ())
