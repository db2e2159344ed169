"""Asks the directory for a name's record in the domain's DNS zone, where the zone is kept in it."""

from __future__ import annotations

from vmm_wizard.facts.directory_domain import DomainView
from vmm_wizard.facts.directory_search import Found, NoSuchObject, equals
from vmm_wizard.facts.model import RoleRecordFacts
from vmm_wizard.plan.names import DistinguishedName


def ask_role_record(view: DomainView, fqdn: str) -> RoleRecordFacts:
    """The dnsNode of `fqdn` (one search; two where the zone is kept in the domain's own partition)."""
    label, _, zone = fqdn.partition(".")
    for place in ("DC=DomainDnsZones", "CN=System"):
        inside = DistinguishedName.parse(f"CN=MicrosoftDNS,{place},{view.naming.base}")
        base = str(DistinguishedName((("DC", zone), *inside.rdns)))
        try:
            rows = view.searcher.search(base, "one", equals("name", label), ("dNSTombstoned",), descriptor=True)
        except NoSuchObject:
            continue
        return _record(fqdn, rows)
    return RoleRecordFacts(fqdn, zone_found=False)


def _record(fqdn: str, rows: list[Found]) -> RoleRecordFacts:
    for row in rows:
        gone = row.text("dNSTombstoned").casefold() == "true"
        return RoleRecordFacts(fqdn, True, True, row.dn, gone, row.descriptor())
    return RoleRecordFacts(fqdn, True)
