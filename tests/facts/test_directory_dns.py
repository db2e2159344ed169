"""The role's record in the domain's zone, over real sockets against the practice domain; and DNS that is silent."""

from __future__ import annotations

from pathlib import Path

from tests.lab.served_directory import BASE, USERS, Served
from vmm_wizard.addresses import AddressBook
from vmm_wizard.facts.directory import DirectorySession
from vmm_wizard.facts.model import known
from vmm_wizard.facts.network import ask_network
from vmm_wizard.facts.questions import NetworkQuestion
from vmm_wizard.lab.contoso import set_record

ZONE = f"DC=contoso.lab,CN=MicrosoftDNS,DC=DomainDnsZones,{BASE}"


def test_a_name_without_record_is_free_in_a_zone_that_is_here(session: DirectorySession) -> None:
    record = known(session.role_record("vmm.contoso.lab"))
    assert (record.zone_found, record.found) == (True, False)


def test_a_record_is_read_with_its_owner(served: Served, session: DirectorySession) -> None:
    alice = served.directory.require(f"CN=alice,{USERS}").sid
    set_record(served.directory, "vmm", alice)
    record = known(session.role_record("VMM.contoso.lab"))
    assert (record.found, record.dn, record.tombstoned) == (True, f"DC=vmm,{ZONE}", False)
    assert record.descriptor is not None
    assert record.descriptor.owner == alice
    served.directory.modify(f"DC=vmm,{ZONE}", {"dNSTombstoned": True})
    assert known(session.role_record("vmm.contoso.lab")).tombstoned


def test_a_zone_that_is_kept_elsewhere_is_said_to_be(session: DirectorySession) -> None:
    assert not known(session.role_record("vmm.example.net")).zone_found


def test_the_old_place_of_zones_is_looked_at_too(served: Served, session: DirectorySession) -> None:
    old = served.directory.add(f"CN=MicrosoftDNS,CN=System,{BASE}", "container")
    zone = served.directory.add(f"DC=old.lab,{old}", "dnsZone")
    served.directory.add(f"DC=vmm,{zone}", "dnsNode")
    assert known(session.role_record("vmm.old.lab")).found


def test_without_an_answer_of_dns_addresses_are_unknown_not_none() -> None:
    book = AddressBook(Path("book.toml"), {})
    assert ask_network(NetworkQuestion("", "", 0, "vmm.contoso.lab", 8100), book).role_addresses is None
