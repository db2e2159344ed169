"""What a domain controller says about itself to anybody who asks: the rootDSE (RFC 4512 5.1, MS-ADTS 3.1.1.3.2)."""

from __future__ import annotations

from collections.abc import Sequence

from vmm_wizard.lab.descriptors import sid_to_bytes
from vmm_wizard.lab.directory import Directory
from vmm_wizard.lab.entries import Values, encode_values, generalized_time
from vmm_wizard.lab.ldap_messages import START_TLS, WHO_AM_I
from vmm_wizard.lab.ldap_search import SUPPORTED_CONTROLS
from vmm_wizard.lab.ldap_view import Named, View

#: Windows Server 2016, the highest level below 2025's.
_LEVEL = 7
_CAPABILITIES = ("1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1670", "1.2.840.113556.1.4.1791")


def rootdse(directory: Directory, host_name: str, view: View | None) -> list[tuple[str, tuple[bytes, ...]]]:
    """All attributes of the rootDSE; `tokenGroups` is that of the bound account, for who asks for it by name."""
    base = directory.base
    configuration = f"CN=Configuration,{base}"
    label = host_name.partition(".")[0].upper()
    server = f"CN={label},CN=Servers,CN=Default-First-Site-Name,CN=Sites,{configuration}"
    realm = directory.dns_domain.upper()
    contexts = [directory.require(key).dn for key in directory.naming_contexts]
    values: dict[str, Values] = {
        "currentTime": generalized_time(directory.clock.date()),
        "dsServiceName": f"CN=NTDS Settings,{server}",
        "namingContexts": contexts,
        "defaultNamingContext": base,
        "schemaNamingContext": f"CN=Schema,{configuration}",
        "configurationNamingContext": configuration,
        "rootDomainNamingContext": base,
        "supportedControl": SUPPORTED_CONTROLS,
        "supportedExtension": (START_TLS, WHO_AM_I),
        "supportedLDAPVersion": ("3",),
        "supportedSASLMechanisms": "GSS-SPNEGO",
        "supportedCapabilities": _CAPABILITIES,
        "dnsHostName": host_name,
        "ldapServiceName": f"{directory.dns_domain}:{label.lower()}$@{realm}",
        "serverName": server,
        "isSynchronized": True,
        "isGlobalCatalogReady": True,
        "domainFunctionality": _LEVEL,
        "forestFunctionality": _LEVEL,
        "domainControllerFunctionality": _LEVEL,
    }
    if view is not None:
        values["tokenGroups"] = [sid_to_bytes(sid) for sid in sorted(view.sids)]
    return [(name, encode_values(given)) for name, given in values.items()]


def chosen(attributes: Sequence[Named], wanted: Sequence[str]) -> list[Named]:
    """Those of the attributes that a search asked for; everything but tokenGroups when it named none."""
    names = {name.lower() for name in wanted}
    everything = not names or bool(names & {"*", "+"})
    return [named for named in attributes if named[0].lower() in names or (everything and named[0] != "tokenGroups")]
