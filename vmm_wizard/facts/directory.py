"""Asks Active Directory what a plan needs to know, over one bound connection, reading only."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from vmm_wizard.facts.descriptor import UnreadableDescriptor, sid_bytes
from vmm_wizard.facts.directory_channel import Channel, DirectoryUnusable
from vmm_wizard.facts.directory_search import Found, NoSuchObject, Searcher, equals
from vmm_wizard.facts.model import (
    AccountFacts,
    ClusterObjectFacts,
    ComputerFacts,
    ContainerFacts,
    DomainFacts,
    NoAnswer,
    PrincipalNameFacts,
)
from vmm_wizard.facts.questions import DirectoryAccess
from vmm_wizard.plan.names import AccountName, DistinguishedName
from vmm_wizard.plan.secrets import Secret

if TYPE_CHECKING:
    from vmm_wizard.facts.passwords import Passwords

T = TypeVar("T")

# Bits of userAccountControl (MS-ADTS 2.2.16).
_DISABLED: Final = 0x2
_PASSWORD_NEVER_EXPIRES: Final = 0x10000

#: crossRef systemFlags: this naming context is a domain (MS-ADTS 2.2.10).
_IS_DOMAIN: Final = 0x2
#: The Computers container among the domain's wellKnownObjects (MS-ADTS 6.1.1.4).
_COMPUTERS_CONTAINER: Final = "aa312825768811d1aded00c04fd8d5cd"
#: Children of a DKM container that are listed; more say nothing new.
_MOST_CHILDREN: Final = 1000

_ACCOUNT_ATTRIBUTES: Final = (
    "objectSid",
    "objectClass",
    "sAMAccountName",
    "userPrincipalName",
    "userAccountControl",
    "msDS-User-Account-Control-Computed",
    "accountExpires",
    "pwdLastSet",
    "msDS-UserPasswordExpiryTimeComputed",
)
_COMPUTER_ATTRIBUTES: Final = (
    "objectSid",
    "sAMAccountName",
    "userAccountControl",
    "whenCreated",
    "lastLogon",
    "lastLogonTimestamp",
    "pwdLastSet",
    "servicePrincipalName",
    "mS-DS-CreatorSID",
    "description",
)


@dataclass(frozen=True)
class _Naming:
    """How the domain is called, and what else does not change while a session lasts."""

    base: str
    dns_name: str
    netbios_name: str
    sid: str
    machine_account_quota: int | None
    computers_dn: str
    other_domains: bool


def open_session(access: DirectoryAccess, secret: Secret | None, passwords: Passwords) -> DirectorySession | NoAnswer:
    """The session of `access`, opened with one bind that also proves its account's password, or why there is none."""
    return passwords.session(access, secret)


class DirectorySession:
    """One bound connection to one domain controller, thread-safe: questions wait for each other.

    Every question answers with facts or with a `NoAnswer`, and never raises. `seconds` bounds each search.
    `open_catalog` opens a bound channel to the global catalog of the same controller, for what is forest-wide.
    """

    def __init__(
        self,
        channel: Channel,
        access: DirectoryAccess,
        seconds: float,
        open_catalog: Callable[[], Channel] | None = None,
    ) -> None:
        self.access = access
        self._channel = channel
        self._searcher = Searcher(channel, seconds)
        self._open_catalog = open_catalog
        self._lock = threading.Lock()
        self._naming: _Naming | None = None

    @property
    def server(self) -> str:
        """The host name of the domain controller that answers."""
        return self._channel.endpoint.host

    def is_alive(self) -> bool:
        """Whether the connection still stands; asks nobody. A session that is answering somebody is alive."""
        if not self._lock.acquire(blocking=False):
            return True
        try:
            return self._channel.is_idle_alive()
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the connection; questions after this get no answer."""
        with self._lock:
            self._channel.close()

    # --- questions

    def domain(self) -> DomainFacts | NoAnswer:
        """The domain itself (DKM-06, CLU-05's quota) and the controller's clock (three searches, then one)."""
        return self._answered("the domain", self._ask_domain)

    def account(self, name: AccountName) -> AccountFacts | NoAnswer:
        """An account of this domain and all groups in its token (ACC-01, 02, 11; two searches)."""
        return self._answered(f"the account {name}", lambda: self._ask_account(name))

    def container(self, dn: DistinguishedName) -> ContainerFacts | NoAnswer:
        """An object by name: class, descriptor, this account's own rights, children (DKM-01 to 05; two searches)."""
        return self._answered(f"the container {dn}", lambda: self._ask_container(str(dn)))

    def role(self, name: str, fqdn: str) -> ComputerFacts | NoAnswer:
        """The computer object that the role's name belongs to, if any (NAM-05; one search)."""
        return self._answered(f"the computer object of {fqdn or name}", lambda: self._ask_computer(name))

    def cluster(self, name: str) -> ClusterObjectFacts | NoAnswer:
        """The cluster's computer object, what it is a member of, and where it lives (CLU-05; four searches)."""
        return self._answered(f"the computer object of cluster {name}", lambda: self._ask_cluster(name))

    def principal_names(self, name: str, fqdn: str) -> PrincipalNameFacts | NoAnswer:
        """Who holds `SCVMM/<name>` and `SCVMM/<fqdn>`, and the role's service connection points (ACC-08).

        The whole forest is searched where it has more than one domain and the controller is a global catalog.
        """
        return self._answered(f"service principal names of {name}", lambda: self._ask_principal_names(name, fqdn))

    # --- how they are asked

    def _answered(self, what: str, ask: Callable[[], T]) -> T | NoAnswer:
        with self._lock:
            try:
                return ask()
            except DirectoryUnusable as failure:
                return replace(failure.answer, reason=f"could not read {what}: {failure.answer.reason}")
            except NoSuchObject:
                return NoAnswer(f"could not read {what}: {self._channel.endpoint} does not have it", "unreadable")

    def _known_naming(self) -> _Naming:
        return self._naming or self._read_domain()[1]

    def _read_domain(self) -> tuple[Found, _Naming]:
        """The rootDSE, and how the domain is called, which is asked once."""
        root = self._searcher.base("", ("defaultNamingContext", "configurationNamingContext", "currentTime"))
        if self._naming is None:
            base = root.text("defaultNamingContext")
            self._naming = self._read_naming(base, root.text("configurationNamingContext"))
        return root, self._naming

    def _read_naming(self, base: str, configuration: str) -> _Naming:
        if not base:
            raise DirectoryUnusable(
                f"{self._channel.endpoint} names no domain: it is no domain controller", "unreadable"
            )
        head = self._searcher.base(base, ("objectSid", "ms-DS-MachineAccountQuota", "wellKnownObjects"))
        references = self._searcher.search(
            f"CN=Partitions,{configuration}",
            "one",
            "(&(objectClass=crossRef)(nETBIOSName=*))",
            ("nCName", "dnsRoot", "nETBIOSName", "systemFlags"),
        )
        key = _dn_key(base)
        own = next((row for row in references if _dn_key(row.text("nCName")) == key), Found("", {}))
        domains = [row for row in references if (row.number("systemFlags") or 0) & _IS_DOMAIN]
        return _Naming(
            base,
            own.text("dnsRoot") or DistinguishedName.parse(base).dns_domain,
            own.text("nETBIOSName"),
            head.sid(),
            head.number("ms-DS-MachineAccountQuota"),
            _computers_container(head) or f"CN=Computers,{base}",
            len(domains) > 1,
        )

    def _ask_domain(self) -> DomainFacts:
        root, naming = self._read_domain()
        return DomainFacts(
            self.server,
            naming.base,
            naming.dns_name,
            naming.netbios_name,
            naming.sid,
            naming.machine_account_quota,
            root.generalized_time("currentTime"),
        )

    def _ask_account(self, name: AccountName) -> AccountFacts:
        naming = self._known_naming()
        own = name.domain.casefold() in (naming.dns_name.casefold(), naming.netbios_name.casefold())
        if not own and not name.is_upn:
            raise DirectoryUnusable(
                f"it is of the domain {name.domain}, and {self.server} answers for {naming.netbios_name} "
                f"({naming.dns_name})",
                "not_asked",
            )
        found = self._search_account(name, own, naming.base)
        if found is None:
            return AccountFacts(str(name), False, domain_dns=naming.dns_name)
        control = found.number("userAccountControl") or 0
        must_change = found.number("pwdLastSet") == 0 and not control & _PASSWORD_NEVER_EXPIRES
        return AccountFacts(
            str(name),
            True,
            found.dn,
            found.text("sAMAccountName"),
            found.sid(),
            found.texts("objectClass"),
            naming.dns_name,
            control,
            found.number("msDS-User-Account-Control-Computed") or 0,
            found.file_time("accountExpires"),
            found.file_time("msDS-UserPasswordExpiryTimeComputed"),
            must_change,
            self._token_groups(found.dn),
        )

    def _search_account(self, name: AccountName, own: bool, base: str) -> Found | None:
        """The account, an explicit userPrincipalName before one that AD makes of the sAMAccountName."""
        wanted = [equals("userPrincipalName", str(name))] if name.is_upn else []
        if own:
            wanted.append(equals("sAMAccountName", name.user))
        text = wanted[0] if len(wanted) == 1 else f"(|{''.join(wanted)})"
        hits = self._searcher.search(base, "subtree", text, _ACCOUNT_ATTRIBUTES)
        by_upn = [row for row in hits if row.text("userPrincipalName").casefold() == name.key]
        return next(iter(by_upn or hits), None)

    def _token_groups(self, dn: str) -> tuple[str, ...] | None:
        """All groups in an account's token, which a base search alone gives; None when we may not read them."""
        return self._searcher.base(dn, ("tokenGroups",)).sids("tokenGroups") or None

    def _ask_container(self, dn: str) -> ContainerFacts:
        asked_as = str(self.access.account)
        try:
            found = self._searcher.base(
                dn, ("objectClass", "allowedChildClassesEffective", "sDRightsEffective"), descriptor=True
            )
            children = self._searcher.search(dn, "one", "(objectClass=*)", most=_MOST_CHILDREN)
        except NoSuchObject as missing:
            return ContainerFacts(dn, False, asked_as=asked_as, referral=missing.referral)
        rights = found.number("sDRightsEffective")
        # AD gives a number for the one and no value at all for the other when this account has no right.
        classes = found.texts("allowedChildClassesEffective") if rights is not None else None
        return ContainerFacts(
            found.dn,
            True,
            found.texts("objectClass"),
            found.descriptor(),
            tuple(child.dn for child in children),
            asked_as,
            classes,
            rights,
        )

    def _ask_computer(self, name: str, extra: str = "") -> ComputerFacts:
        own = equals("sAMAccountName", f"{name}$")
        wanted = f"(|{own}{extra})" if extra else own
        naming = self._known_naming()
        hits = self._searcher.search(
            naming.base, "subtree", f"(&(objectClass=computer){wanted})", _COMPUTER_ATTRIBUTES, descriptor=True
        )
        by_name = [row for row in hits if row.text("sAMAccountName").casefold() == f"{name}$".casefold()]
        found = next(iter(by_name or hits), None)
        if found is None:
            return ComputerFacts(name, False)
        logons = [when for when in map(found.file_time, ("lastLogon", "lastLogonTimestamp")) if when is not None]
        return ComputerFacts(
            name,
            True,
            found.dn,
            found.sid(),
            not (found.number("userAccountControl") or 0) & _DISABLED,
            found.generalized_time("whenCreated"),
            max(logons, default=None),
            found.file_time("pwdLastSet"),
            found.texts("servicePrincipalName"),
            found.descriptor(),
            found.sid("mS-DS-CreatorSID"),
            description=found.text("description"),
        )

    def _ask_cluster(self, name: str) -> ClusterObjectFacts:
        computer = self._ask_computer(name, equals("servicePrincipalName", f"MSClusterVirtualServer/{name}"))
        if not computer.found:
            return ClusterObjectFacts(computer)
        computer = replace(computer, token_groups=self._token_groups(computer.dn))
        parent = str(DistinguishedName.parse(computer.dn).parent)
        return ClusterObjectFacts(
            computer,
            parent,
            self._searcher.base(parent, ("objectClass",), descriptor=True).descriptor(),
            _dn_key(parent) == _dn_key(self._known_naming().computers_dn),
            self._created_by(computer.sid),
        )

    def _created_by(self, sid: str) -> int | None:
        """How many computer objects a principal has made on the domain's quota; None when that cannot be read."""
        try:
            wanted = equals("mS-DS-CreatorSID", sid_bytes(sid))
            return len(self._searcher.search(self._known_naming().base, "subtree", wanted))
        except (UnreadableDescriptor, NoSuchObject):
            return None
        except DirectoryUnusable:
            if self._channel.is_closed:
                raise
            return None

    def _ask_principal_names(self, name: str, fqdn: str) -> PrincipalNameFacts:
        names = tuple(dict.fromkeys(f"SCVMM/{form}" for form in (name, fqdn) if form))
        holders: dict[str, tuple[str, ...]] = dict.fromkeys(names, ())
        if names:
            wanted = "".join(equals("servicePrincipalName", text) for text in names)
            hits = self._search_forest(f"(|{wanted})" if len(names) > 1 else wanted)
            for text in names:
                holders[text] = tuple(row.dn for row in hits if _holds(row, text))
        return PrincipalNameFacts(holders, self._connection_points(name))

    def _search_forest(self, wanted: str) -> list[Found]:
        """Search the forest by its global catalog where that says more than the domain, else the domain."""
        naming = self._known_naming()
        attributes = ("servicePrincipalName",)
        if naming.other_domains and self._open_catalog is not None:
            try:
                catalog = self._open_catalog()
            except DirectoryUnusable:
                # Not every controller is a global catalog; the domain alone is what can be said then.
                return self._searcher.search(naming.base, "subtree", wanted, attributes)
            try:
                return Searcher(catalog, self._searcher.seconds).search("", "subtree", wanted, attributes)
            finally:
                catalog.close()
        return self._searcher.search(naming.base, "subtree", wanted, attributes)

    def _connection_points(self, name: str) -> tuple[str, ...]:
        """The service connection points below the role's computer object (PHX: consoles find the server by them)."""
        naming = self._known_naming()
        role = equals("sAMAccountName", f"{name}$")
        for computer in self._searcher.search(naming.base, "subtree", f"(&(objectClass=computer){role})"):
            points = self._searcher.search(computer.dn, "subtree", "(objectClass=serviceConnectionPoint)")
            return tuple(point.dn for point in points)
        return ()


def _holds(row: Found, spn: str) -> bool:
    return spn.casefold() in {text.casefold() for text in row.texts("servicePrincipalName")}


def _dn_key(dn: str) -> str:
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
