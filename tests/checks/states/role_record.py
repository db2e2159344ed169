"""The role's name in DNS (NAM-06)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.building import CLUSTER_SID, DOMAIN_ADMINS, FULL, a_descriptor, good_facts, installed_facts
from tests.checks.states import Case
from vmm_wizard.checks.rights import DNS_RECORD
from vmm_wizard.facts.model import Ace, Facts, NetworkFacts, NoAnswer, RoleRecordFacts

STATES = {"NAM-06": "pass warn fail unknown"}

DN = "DC=vmm,DC=contoso.lab,CN=MicrosoftDNS,DC=DomainDnsZones,DC=contoso,DC=lab"
THEIRS = RoleRecordFacts("vmm.contoso.lab", found=True, dn=DN, descriptor=a_descriptor(Ace(True, DOMAIN_ADMINS, FULL)))
WRITABLE = replace(THEIRS, descriptor=a_descriptor(Ace(True, CLUSTER_SID, 0x20, 0, DNS_RECORD)))


def with_record(
    record: RoleRecordFacts | NoAnswer, *addresses: str, base: Facts | None = None, **changes: Any
) -> Facts:
    """DNS has these addresses for the role's name, and the directory this object."""
    facts = base or good_facts()
    assert isinstance(facts.network, NetworkFacts)
    network = replace(facts.network, role_addresses=addresses)
    return replace(facts, role_record=record, network=network, **changes)


def silent_dns() -> Facts:
    facts = good_facts()
    assert isinstance(facts.network, NetworkFacts)
    return replace(facts, network=replace(facts.network, role_addresses=None))


CASES = [
    Case("NAM-06", "pass", "DNS has no address"),
    Case("NAM-06", "pass", "DNS has no address", with_record(replace(WRITABLE, tombstoned=True))),
    Case("NAM-06", "pass", "not kept in this domain", with_record(RoleRecordFacts("vmm.contoso.lab", False))),
    Case("NAM-06", "pass", "the installed role", installed_facts()),
    Case("NAM-06", "warn", "already, as planned", with_record(WRITABLE, "10.0.0.50")),
    Case("NAM-06", "warn", "a deleted record belongs to", with_record(replace(THEIRS, tombstoned=True))),
    Case("NAM-06", "warn", "may not write it", with_record(THEIRS, "10.0.0.50", "10.0.1.50")),
    Case("NAM-06", "warn", "though the role is installed", with_record(WRITABLE, base=installed_facts())),
    Case("NAM-06", "fail", "10.0.0.77 in DNS, and the plan has", with_record(THEIRS, "10.0.0.77")),
    Case("NAM-06", "fail", "and the role has", with_record(WRITABLE, "10.0.0.50", "10.0.0.77", base=installed_facts())),
    Case("NAM-06", "unknown", "DNS gave no answer", silent_dns()),
    Case("NAM-06", "unknown", "permissions of DC=vmm", with_record(replace(THEIRS, descriptor=None))),
    Case("NAM-06", "unknown", "busy", with_record(NoAnswer("the domain controller is busy", "unreachable"))),
]
