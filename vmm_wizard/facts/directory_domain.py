"""How a domain is called and what it allows, and the view of it that all questions of the directory share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from vmm_wizard.facts.directory_channel import Channel, DirectoryUnusable
from vmm_wizard.facts.directory_search import Found, Searcher
from vmm_wizard.facts.model import ControllerFacts, DomainFacts
from vmm_wizard.facts.questions import DirectoryAccess
from vmm_wizard.plan.names import DistinguishedName
from vmm_wizard.texts import text

#: crossRef systemFlags: this naming context is a domain (MS-ADTS 2.2.10).
_IS_DOMAIN: Final = 0x2
#: The Computers container among the domain's wellKnownObjects (MS-ADTS 6.1.1.4).
_COMPUTERS_CONTAINER: Final = "aa312825768811d1aded00c04fd8d5cd"
_ROOT_ATTRIBUTES: Final = ("defaultNamingContext", "configurationNamingContext", "serverName", "currentTime")
#: Domains and domain controllers of the forest, in one search. A read-only DC is of another category (NTDS-DSA-RO).
_FOREST: Final = "(|(&(objectCategory=crossRef)(nETBIOSName=*))(objectCategory=server)(objectCategory=nTDSDSA))"
_FOREST_ATTRIBUTES: Final = (
    "objectClass",
    "nCName",
    "dnsRoot",
    "nETBIOSName",
    "systemFlags",
    "dNSHostName",
    "hasMasterNCs",
)


@dataclass(frozen=True)
class Naming:
    """How the domain is called, and what else does not change while a session lasts."""

    base: str
    dns_name: str
    netbios_name: str
    sid: str
    machine_account_quota: int | None
    computers_dn: str
    other_domains: bool
    site: str
    controllers: tuple[ControllerFacts, ...]


class DomainView:
    """One bound connection as the questions use it: searches, the account that asks, and the domain's own names.

    Not thread-safe: whoever holds the session's lock uses it. `open_catalog` opens a bound channel to the global
    catalog of the same controller.
    """

    def __init__(
        self, channel: Channel, access: DirectoryAccess, seconds: float, open_catalog: Callable[[], Channel] | None
    ) -> None:
        self.channel = channel
        self.access = access
        self.searcher = Searcher(channel, seconds)
        self.open_catalog = open_catalog
        self._naming: Naming | None = None
        self._root: tuple[Found, float] | None = None

    @property
    def server(self) -> str:
        """The host name of the domain controller that answers."""
        return self.channel.endpoint.host

    @property
    def naming(self) -> Naming:
        """How the domain is called (three searches, once). Raises NoSuchObject and DirectoryUnusable."""
        if self._naming is None:
            root = self._read_root()
            self._naming = self._read_naming(root)
            self._root = root, time.monotonic()
        return self._naming

    def root(self) -> tuple[Found, timedelta]:
        """The rootDSE, and how long ago it was read: the one that names came from serves once, then it is read anew."""
        found, when = self._root or (self._read_root(), time.monotonic())
        self._root = None
        return found, timedelta(seconds=time.monotonic() - when)

    def _read_root(self) -> Found:
        return self.searcher.base("", _ROOT_ATTRIBUTES)

    def _read_naming(self, root: Found) -> Naming:
        base, configuration = root.text("defaultNamingContext"), root.text("configurationNamingContext")
        if not base:
            raise DirectoryUnusable(
                text("reasons.directory_domain.no_domain", endpoint=self.channel.endpoint), "unreadable"
            )
        head = self.searcher.base(base, ("objectSid", "ms-DS-MachineAccountQuota", "wellKnownObjects"))
        forest = self.searcher.search(configuration, "subtree", _FOREST, _FOREST_ATTRIBUTES)
        key = dn_key(base)
        own = next((row for row in forest if dn_key(row.text("nCName")) == key), Found("", {}))
        domains = [row for row in forest if (row.number("systemFlags") or 0) & _IS_DOMAIN]
        return Naming(
            base,
            own.text("dnsRoot") or DistinguishedName.parse(base).dns_domain,
            own.text("nETBIOSName"),
            head.sid(),
            head.number("ms-DS-MachineAccountQuota"),
            _computers_container(head) or f"CN=Computers,{base}",
            len(domains) > 1,
            _site(root.text("serverName")),
            _controllers(forest, key),
        )


def ask_domain(view: DomainView) -> DomainFacts:
    """The domain itself, its writable controllers, and the answering controller's clock (three searches, later one)."""
    naming = view.naming
    root, ago = view.root()
    then = root.generalized_time("currentTime")
    return DomainFacts(
        view.server,
        naming.base,
        naming.dns_name,
        naming.netbios_name,
        naming.sid,
        naming.machine_account_quota,
        then + ago if then else None,
        naming.site,
        naming.controllers,
    )


def _site(server_dn: str) -> str:
    """The site of a server object: `CN=<server>,CN=Servers,CN=<site>,CN=Sites,...`; empty for another kind of name."""
    try:
        rdns = DistinguishedName.parse(server_dn).rdns
    except ValueError:
        return ""
    return rdns[2][1] if len(rdns) > 3 and rdns[3][1].casefold() == "sites" else ""


def _controllers(forest: list[Found], domain_key: str) -> tuple[ControllerFacts, ...]:
    """The domain's writable controllers: their `NTDS Settings` hold its naming context, the server above is named."""
    names = {dn_key(row.dn): row.text("dNSHostName") for row in forest}
    found = []
    for row in forest:
        if domain_key in {dn_key(name) for name in row.texts("hasMasterNCs")}:
            server = str(DistinguishedName.parse(row.dn).parent)
            host = names.get(dn_key(server), "")
            if host:
                found.append(ControllerFacts(host.casefold(), _site(server)))
    return tuple(sorted(found, key=lambda each: each.host))


def dn_key(dn: str) -> str:
    """The same for two spellings of one name."""
    try:
        return DistinguishedName.parse(dn).key
    except ValueError:
        return dn.casefold()


def _computers_container(head: Found) -> str:
    """Where new computer objects go (redircmp may have moved it): `B:32:<guid>:<dn>` in wellKnownObjects."""
    for entry in head.texts("wellKnownObjects"):
        _, _, rest = entry.partition(":32:")
        guid, _, dn = rest.partition(":")
        if guid.casefold() == _COMPUTERS_CONTAINER:
            return dn
    return ""
