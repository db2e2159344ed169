"""How a domain is called and what it allows, and the view of it that all questions of the directory share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vmm_wizard.facts.directory_channel import Channel, DirectoryUnusable
from vmm_wizard.facts.directory_search import Found, Searcher
from vmm_wizard.facts.model import DomainFacts
from vmm_wizard.facts.questions import DirectoryAccess
from vmm_wizard.plan.names import DistinguishedName

#: crossRef systemFlags: this naming context is a domain (MS-ADTS 2.2.10).
_IS_DOMAIN: Final = 0x2
#: The Computers container among the domain's wellKnownObjects (MS-ADTS 6.1.1.4).
_COMPUTERS_CONTAINER: Final = "aa312825768811d1aded00c04fd8d5cd"


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

    @property
    def server(self) -> str:
        """The host name of the domain controller that answers."""
        return self.channel.endpoint.host

    @property
    def naming(self) -> Naming:
        """How the domain is called (three searches, once). Raises NoSuchObject and DirectoryUnusable."""
        return self._naming or self.read()[1]

    def read(self) -> tuple[Found, Naming]:
        """The rootDSE as it is now, and how the domain is called, which is asked once."""
        root = self.searcher.base("", ("defaultNamingContext", "configurationNamingContext", "currentTime"))
        if self._naming is None:
            base = root.text("defaultNamingContext")
            self._naming = self._read_naming(base, root.text("configurationNamingContext"))
        return root, self._naming

    def _read_naming(self, base: str, configuration: str) -> Naming:
        if not base:
            raise DirectoryUnusable(
                f"{self.channel.endpoint} names no domain: it is no domain controller", "unreadable"
            )
        head = self.searcher.base(base, ("objectSid", "ms-DS-MachineAccountQuota", "wellKnownObjects"))
        references = self.searcher.search(
            f"CN=Partitions,{configuration}",
            "one",
            "(&(objectClass=crossRef)(nETBIOSName=*))",
            ("nCName", "dnsRoot", "nETBIOSName", "systemFlags"),
        )
        key = dn_key(base)
        own = next((row for row in references if dn_key(row.text("nCName")) == key), Found("", {}))
        domains = [row for row in references if (row.number("systemFlags") or 0) & _IS_DOMAIN]
        return Naming(
            base,
            own.text("dnsRoot") or DistinguishedName.parse(base).dns_domain,
            own.text("nETBIOSName"),
            head.sid(),
            head.number("ms-DS-MachineAccountQuota"),
            _computers_container(head) or f"CN=Computers,{base}",
            len(domains) > 1,
        )


def ask_domain(view: DomainView) -> DomainFacts:
    """The domain itself and the controller's clock (three searches, later one)."""
    root, naming = view.read()
    return DomainFacts(
        view.server,
        naming.base,
        naming.dns_name,
        naming.netbios_name,
        naming.sid,
        naming.machine_account_quota,
        root.generalized_time("currentTime"),
    )


def dn_key(dn: str) -> str:
    """The same for two spellings of one name."""
    try:
        return DistinguishedName.parse(dn).key
    except ValueError:
        return dn.casefold()


def _computers_container(head: Found) -> str:
    """Where new computer objects go (redircmp may have moved it): `B:32:<guid>:<dn>` in wellKnownObjects."""
    for text in head.texts("wellKnownObjects"):
        _, _, rest = text.partition(":32:")
        guid, _, dn = rest.partition(":")
        if guid.casefold() == _COMPUTERS_CONTAINER:
            return dn
    return ""
