"""Accounts by a few letters and the tree of containers, as the directory gives them to somebody who chooses."""

from __future__ import annotations

from tests.lab.served_directory import BASE, Served
from vmm_wizard.facts.directory import DirectorySession
from vmm_wizard.facts.directory_accounts import MOST, ask_accounts, ask_likely_accounts
from vmm_wizard.facts.directory_tree import ask_children, ask_containers
from vmm_wizard.facts.discovery_model import Containers, FoundAccount, FoundContainer
from vmm_wizard.facts.model import NoAnswer


def by(session: DirectorySession, typed: str) -> list[FoundAccount]:
    rows = session.answered("accounts", lambda view: ask_accounts(view, typed))
    assert not isinstance(rows, NoAnswer), rows
    return list(rows)


class TestAccounts:
    def test_are_found_by_how_a_name_begins_and_then_by_what_is_in_it(
        self, served: Served, session: DirectorySession
    ) -> None:
        for sam in ("svc-vmm", "vmm-setup", "bob"):
            served.user(sam, description=f"about {sam}")
        rows = by(session, "VMM")
        assert [row.name for row in rows] == ["CONTOSO\\vmm-setup", "CONTOSO\\svc-vmm"]
        assert rows[1].description == "about svc-vmm"
        assert [row.name for row in by(session, "alice ex")] == ["CONTOSO\\alice"]

    def test_say_what_keeps_them_from_logging_on(self, served: Served, session: DirectorySession) -> None:
        served.user("svc-off", state="disabled")
        served.user("svc-shut", state="expired")
        served.user("svc-new", state="must_change")
        served.directory.modify(f"CN=svc-off,CN=Users,{BASE}", {"userAccountControl": ["514"]})
        states = {row.name.partition("\\")[2]: row.state for row in by(session, "svc")}
        assert states["svc-off"] == ("disabled",)
        assert states["svc-shut"] == ("expired",)
        assert states["svc-new"] == ("must change password",)

    def test_of_managed_kind_are_told_from_users_and_neither_groups_nor_computers_are_any(
        self, served: Served, session: DirectorySession
    ) -> None:
        served.directory.add(f"CN=vmm,{BASE}", "msDS-GroupManagedServiceAccount", {"sAMAccountName": "vmm$"})
        served.directory.add(f"CN=VMM Admins,{BASE}", "group", {"sAMAccountName": "VMM Admins"})
        served.directory.add(f"CN=VMM01,{BASE}", "computer", {"sAMAccountName": "VMM01$"})
        expected = [FoundAccount("CONTOSO\\vmm$", True, dn=f"CN=vmm,{BASE}")]
        assert by(session, "vmm") == expected
        assert session.answered("accounts", ask_likely_accounts) == tuple(expected)

    def test_that_are_typed_cannot_widen_the_search(self, served: Served, session: DirectorySession) -> None:
        served.user("bob")
        assert by(session, "*") == by(session, ")(objectClass=*") == by(session, "\\") == []

    def test_are_never_more_than_can_be_chosen_from(self, served: Served, session: DirectorySession) -> None:
        for number in range(MOST + 5):
            served.user(f"svc-{number:02}")
        assert len(by(session, "svc")) == MOST


class TestTree:
    def test_is_read_one_level_at_a_time(self, served: Served, session: DirectorySession) -> None:
        served.directory.add(f"OU=Servers,{BASE}", "organizationalUnit", {"description": "all of them"})
        served.directory.add(f"CN=Keys,OU=Servers,{BASE}", "container")
        served.directory.add(f"CN=Deep,CN=Keys,OU=Servers,{BASE}", "container")
        served.directory.add(f"CN=PC,OU=Servers,{BASE}", "computer")
        found = session.answered("containers", ask_containers)
        assert isinstance(found, Containers)
        assert (found.base, found.likely) == (BASE, ())
        assert FoundContainer(f"OU=Servers,{BASE}", "unit", "all of them") in found.top
        assert FoundContainer(f"CN=Builtin,{BASE}", "builtin") in found.top
        below = session.answered("it", lambda view: ask_children(view, f"OU=Servers,{BASE}"))
        assert below == (FoundContainer(f"CN=Keys,OU=Servers,{BASE}"),)

    def test_shows_what_looks_like_a_dkm_container_wherever_it_is(
        self, served: Served, session: DirectorySession
    ) -> None:
        served.directory.add(f"CN=VMM,CN=System,{BASE}", "container")
        served.directory.add(f"CN=myDKM,CN=Users,{BASE}", "container")
        served.directory.add(f"OU=DKM,{BASE}", "organizationalUnit")
        found = session.answered("containers", ask_containers)
        assert isinstance(found, Containers)
        assert [row.dn for row in found.likely] == [f"CN=myDKM,CN=Users,{BASE}", f"CN=VMM,CN=System,{BASE}"]

    def test_of_an_object_that_is_gone_is_a_sentence(self, served: Served, session: DirectorySession) -> None:
        answer = session.answered("OU=Gone", lambda view: ask_children(view, f"OU=Gone,{BASE}"))
        assert isinstance(answer, NoAnswer)
        assert "does not have it" in answer.reason
