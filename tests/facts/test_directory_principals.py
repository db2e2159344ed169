"""Everybody that a plan names, found over real sockets in one search of the practice domain."""

from __future__ import annotations

import pytest

from tests.facts.asking_directory import HOST, account, account_of
from tests.lab.served_directory import USERS, Served
from vmm_wizard.facts.directory import DirectorySession
from vmm_wizard.facts.directory_principals import Principals, account_row
from vmm_wizard.facts.directory_search import Found
from vmm_wizard.facts.model import AccountFacts, ControllerFacts, NoAnswer, known
from vmm_wizard.facts.questions import PrincipalsQuestion
from vmm_wizard.lab.contoso import add_controller
from vmm_wizard.lab.descriptors import FULL_CONTROL, WRITE_PROPERTY, Descriptor, allow
from vmm_wizard.lab.schema import attribute_guids


def ask(session: DirectorySession, **parts: object) -> Principals:
    return known(session.principals(PrincipalsQuestion(session.access, **parts)))  # type: ignore[arg-type]


def test_one_account_of_another_domain_leaves_the_rest_answered(served: Served, session: DirectorySession) -> None:
    served.user("bob")
    mine, theirs = account("CONTOSO\\bob"), account("FABRIKAM\\bob")
    answer = ask(session, accounts=(mine, theirs), role="vmm")
    assert isinstance(answer.accounts[mine.key], AccountFacts)
    refused = answer.accounts[theirs.key]
    assert isinstance(refused, NoAnswer)
    assert refused.code == "not_asked"
    assert not known(answer.role).found


def test_everybody_is_found_in_one_search_and_one_more_for_each_token(
    served: Served, session: DirectorySession
) -> None:
    served.user("bob", servicePrincipalName=["SCVMM/vmm"])
    cno = served.directory.add(f"CN=VMMCLU,{USERS}", "computer", {"sAMAccountName": "VMMCLU$"})
    known(session.domain())
    served.server.searches.clear()
    accounts = (account(), account("CONTOSO\\bob"))
    answer = ask(session, accounts=accounts, role="vmm", cluster="vmmclu", names=("SCVMM/vmm", "HTTP/vmm01"))
    scopes = [scope for _, scope, _ in served.server.searches]
    assert (scopes.count("subtree"), scopes.count("base")) == (1, 4)
    assert known(answer.cluster).computer.dn == cno
    names = known(answer.names)
    assert names.holders == {"SCVMM/vmm": (f"CN=bob,{USERS}",), "HTTP/vmm01": ()}
    assert names.forest_wide


def test_nothing_asked_is_nothing_searched(served: Served, session: DirectorySession) -> None:
    known(session.domain())
    served.server.searches.clear()
    assert ask(session).accounts == {}
    assert not served.server.searches


def test_what_the_asking_account_may_write_is_told(served: Served, session: DirectorySession) -> None:
    served.user("bob")
    facts = known(account_of(session, account("CONTOSO\\bob")))
    assert facts.asked_as == "CONTOSO\\alice"
    assert facts.writable_attributes == ()
    alice = served.directory.require(f"CN=alice,{USERS}").sid
    spn = attribute_guids("servicePrincipalName")[0]
    served.directory.grant(f"CN=bob,{USERS}", allow(alice, WRITE_PROPERTY, 0, spn))
    facts = known(account_of(session, account("CONTOSO\\bob")))
    assert facts.writable_attributes == ("servicePrincipalName",)


def test_who_may_retrieve_a_managed_password_is_read_with_the_nodes_and_their_groups(
    served: Served, session: DirectorySession
) -> None:
    directory = served.directory
    node = directory.add(f"CN=VMM01,{USERS}", "computer")
    group = directory.add(f"CN=Nodes,{USERS}", "group")
    directory.add_member(group, node)
    sid = directory.require(group).sid
    directory.add(
        f"CN=gmsa,{USERS}",
        "msDS-GroupManagedServiceAccount",
        {"msDS-GroupMSAMembership": Descriptor(sid, sid, (allow(sid, FULL_CONTROL),)).to_bytes()},
    )
    name = account("CONTOSO\\gmsa$")
    answer = ask(session, accounts=(name,), computers=("vmm01", "vmm02"))
    readers = known(answer.accounts[name.key]).password_readers
    assert readers is not None
    assert [ace.sid for ace in readers.dacl or ()] == [sid]
    found = known(answer.computers["vmm01"])
    assert sid in (found.token_groups or ())
    assert not known(answer.computers["vmm02"]).found


def test_a_group_of_the_name_is_no_account(served: Served, session: DirectorySession) -> None:
    served.directory.add(f"CN=svc-team,{USERS}", "group")
    assert not known(account_of(session, account("CONTOSO\\svc-team"))).found


@pytest.mark.parametrize("typed", ["müller", "MÜLLER", "Mu\u0308ller"])
def test_two_spellings_of_a_name_are_one_account(typed: str) -> None:
    row = Found("CN=x", {"objectclass": (b"user",), "samaccountname": ("müller".encode(),)})
    assert account_row([row], account(f"CONTOSO\\{typed}"), own=True) is row


def test_the_writable_controllers_and_their_sites_are_known(served: Served, session: DirectorySession) -> None:
    add_controller(served.directory, HOST)
    add_controller(served.directory, "dc02.contoso.lab")
    facts = known(session.domain())
    site = "Default-First-Site-Name"
    assert facts.site == site
    assert facts.controllers == (ControllerFacts(HOST, site), ControllerFacts("dc02.contoso.lab", site))
