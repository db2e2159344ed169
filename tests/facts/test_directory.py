"""The directory probe over real sockets against the practice domain."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.facts.asking_directory import (
    HOST,
    RIGHT,
    SECONDS,
    access,
    account,
    account_of,
    cluster_of,
    controller_answering,
    leading_to,
    names_of,
    role_of,
)
from tests.lab.served_directory import BASE, USERS, Served, serving
from vmm_wizard.addresses import AddressBook
from vmm_wizard.facts.directory import DirectorySession, open_session
from vmm_wizard.facts.directory_search import Found, equals
from vmm_wizard.facts.model import Ace, NoAnswer, known
from vmm_wizard.facts.passwords import Passwords
from vmm_wizard.facts.questions import DirectoryAccess
from vmm_wizard.lab.descriptors import (
    CONTAINER_INHERIT,
    CREATE_CHILD,
    EVERYONE,
    FULL_CONTROL,
    READ_CONTROL,
    allow,
    deny,
    sid_to_bytes,
)
from vmm_wizard.plan.names import AccountName, DistinguishedName

DKM = f"CN=VMMDKM,{BASE}"


def asked(book: AddressBook, how: DirectoryAccess) -> DirectorySession | NoAnswer:
    return open_session(how, RIGHT, Passwords(book, SECONDS))


def dn(text: str) -> DistinguishedName:
    return DistinguishedName.parse(text)


class TestDomain:
    def test_it_says_how_it_is_called_and_what_time_it_has(self, served: Served, session: DirectorySession) -> None:
        facts = known(session.domain())
        assert (facts.server, facts.base, facts.dns_name, facts.netbios_name) == (
            HOST,
            BASE,
            "contoso.lab",
            "CONTOSO",
        )
        assert facts.sid == served.directory.sid()
        assert facts.machine_account_quota == 10
        assert facts.time is not None
        assert facts.time.utcoffset() is not None


class TestAccounts:
    @pytest.mark.parametrize("name", ["CONTOSO\\alice", "contoso\\ALICE", "contoso.lab\\alice", "Alice@Contoso.lab"])
    def test_every_spelling_finds_the_same(self, served: Served, session: DirectorySession, name: str) -> None:
        facts = known(account_of(session, account(name)))
        assert (facts.found, facts.sam, facts.domain_dns) == (True, "alice", "contoso.lab")
        assert facts.sid == served.directory.require(f"CN=alice,{USERS}").sid
        assert "user" in facts.object_classes

    def test_nested_groups_are_in_the_token(self, served: Served, session: DirectorySession) -> None:
        directory = served.directory
        outer = directory.add(f"CN=Outer,{USERS}", "group")
        inner = directory.add(f"CN=Inner,{USERS}", "group")
        directory.add_member(outer, inner)
        directory.add_member(inner, f"CN=alice,{USERS}")
        facts = known(account_of(session, account()))
        assert facts.token_groups is not None
        assert {directory.require(outer).sid, directory.require(inner).sid} <= set(facts.token_groups)
        assert directory.require(outer).sid in facts.sids

    def test_an_alternative_upn_suffix_is_found_in_this_domain(self, served: Served, session: DirectorySession) -> None:
        served.user("bob", userPrincipalName="robert@contoso.com")
        assert known(account_of(session, account("robert@contoso.com"))).sam == "bob"
        assert known(account_of(session, account("bob@contoso.lab"))).sam == "bob"
        assert not known(account_of(session, account("bob@contoso.com"))).found

    def test_an_explicit_upn_wins_over_an_account_of_that_name(self, served: Served, session: DirectorySession) -> None:
        served.user("carol", userPrincipalName="someone@contoso.lab")
        served.user("dave", userPrincipalName="carol@contoso.lab")
        assert known(account_of(session, account("carol@contoso.lab"))).sam == "dave"

    def test_a_gmsa_is_found_by_its_dollar_name(self, served: Served, session: DirectorySession) -> None:
        served.directory.add(
            f"CN=gmsa-vmm,CN=Users,{BASE}", "msDS-GroupManagedServiceAccount", {"sAMAccountName": "gmsa-vmm$"}
        )
        facts = known(account_of(session, account("CONTOSO\\gmsa-vmm$")))
        assert "msDS-GroupManagedServiceAccount" in facts.object_classes

    def test_a_missing_account_is_missing_and_one_of_another_domain_is_not_known(
        self, session: DirectorySession
    ) -> None:
        assert not known(account_of(session, account("CONTOSO\\nobody"))).found
        answer = account_of(session, account("FABRIKAM\\alice"))
        assert isinstance(answer, NoAnswer)
        assert "FABRIKAM" in answer.reason
        assert "CONTOSO" in answer.reason

    def test_states_and_dates_are_read(self, served: Served, session: DirectorySession) -> None:
        served.user("bob", state="locked")
        served.directory.modify(f"CN=bob,{USERS}", {"accountExpires": "133801632000000000"})
        facts = known(account_of(session, account("CONTOSO\\bob")))
        assert facts.computed_control & 0x10
        assert facts.expires == datetime(2025, 1, 1, tzinfo=UTC)
        never = known(account_of(session, account()))
        assert never.expires is None

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.text(min_size=1, max_size=30))
    def test_whatever_is_typed_stays_a_name(self, session: DirectorySession, text: str) -> None:
        if text.encode("utf-8", "replace").decode() != text:
            return
        facts = known(account_of(session, AccountName("CONTOSO", text)))
        assert not facts.found or facts.sam.casefold() == text.casefold()

    @pytest.mark.parametrize("text", ["*", "ali*", "alice)(sAMAccountName=*", "\\2a", "a\0b", "(|"])
    def test_filters_typed_as_names_find_nobody(self, session: DirectorySession, text: str) -> None:
        assert not known(account_of(session, AccountName("CONTOSO", text))).found


class TestContainers:
    def test_class_rights_and_children_are_read(self, served: Served, session: DirectorySession) -> None:
        directory = served.directory
        alice = directory.require(f"CN=alice,{USERS}").sid
        directory.add(DKM, "container")
        directory.grant(DKM, allow(alice, FULL_CONTROL, CONTAINER_INHERIT))
        child = directory.add(f"CN=keys,{DKM}", "container")
        facts = known(session.container(dn(DKM)))
        assert (facts.found, facts.object_classes[-1], facts.children) == (True, "container", (child,))
        assert facts.asked_as == "CONTOSO\\alice"
        assert facts.descriptor is not None
        stored = directory.require(DKM).descriptor
        assert facts.descriptor.owner == stored.owner
        assert facts.descriptor.dacl == tuple(Ace(ace.allow, ace.sid, ace.mask, ace.flags) for ace in stored.aces)
        assert Ace(True, alice, FULL_CONTROL, CONTAINER_INHERIT) in facts.descriptor.dacl
        assert "container" in (facts.allowed_child_classes_effective or ())
        assert (facts.sd_rights_effective or 0) & 4

    def test_denials_keep_their_place(self, served: Served, session: DirectorySession) -> None:
        alice = served.directory.require(f"CN=alice,{USERS}").sid
        served.directory.add(DKM, "container")
        served.directory.grant(DKM, deny(alice, CREATE_CHILD), allow(alice, FULL_CONTROL, CONTAINER_INHERIT))
        facts = known(session.container(dn(DKM)))
        assert facts.descriptor is not None
        own = [ace.allow for ace in facts.descriptor.dacl or () if ace.sid == alice]
        assert own == [False, True]
        assert "container" not in (facts.allowed_child_classes_effective or ())

    def test_a_descriptor_that_may_not_be_read_is_unknown_not_empty(
        self, served: Served, session: DirectorySession
    ) -> None:
        served.directory.add(DKM, "container")
        served.directory.grant(DKM, deny(EVERYONE, READ_CONTROL))
        facts = known(session.container(dn(DKM)))
        assert facts.found
        assert facts.descriptor is None

    def test_children_come_over_several_pages(self, served: Served, session: DirectorySession) -> None:
        served.server.limits.page = 7
        served.directory.add(DKM, "container")
        names = {served.directory.add(f"CN=key{number},{DKM}", "container") for number in range(30)}
        assert set(known(session.container(dn(DKM))).children) == names

    def test_references_to_other_contexts_are_no_children(self, session: DirectorySession) -> None:
        assert all("=" in child for child in known(session.container(dn(BASE))).children)

    @pytest.mark.parametrize("cn", ["Schlüssel", "Keys, all", "Keys (VMM) *", "back\\slash", "#1", "a=b+c"])
    def test_names_with_special_characters_are_found(self, served: Served, session: DirectorySession, cn: str) -> None:
        name = DistinguishedName((("CN", cn), *dn(BASE).rdns))
        served.directory.add(str(name), "container")
        assert known(session.container(name)).found

    def test_a_missing_one_is_missing_and_one_of_another_domain_somewhere_else(self, session: DirectorySession) -> None:
        assert known(session.container(dn(DKM))).referral == ""
        assert not known(session.container(dn(DKM))).found
        elsewhere = known(session.container(dn("CN=VMMDKM,DC=fabrikam,DC=com")))
        assert not elsewhere.found
        assert "fabrikam.com" in elsewhere.referral


class TestComputers:
    def test_role_cluster_and_principal_names_are_read(self, served: Served, session: DirectorySession) -> None:
        directory = served.directory
        ou = directory.add(f"OU=Clusters,{BASE}", "organizationalUnit")
        cno = directory.add(
            f"CN=VMMCLU,{ou}",
            "computer",
            {"sAMAccountName": "VMMCLU$", "servicePrincipalName": ["MSClusterVirtualServer/VMMCLU"]},
        )
        sid = directory.require(cno).sid
        directory.grant(ou, allow(sid, CREATE_CHILD))
        role = directory.create_computer(cno, "VMM", ou)
        directory.modify(role, {"servicePrincipalName": ["SCVMM/VMM"]})
        point = directory.add(f"CN=SCVMM,{role}", "serviceConnectionPoint")

        computer = known(role_of(session, "vmm"))
        assert (computer.found, computer.dn, computer.enabled) == (True, role, True)
        assert computer.created is not None
        assert computer.service_principal_names == ("SCVMM/VMM",)
        assert computer.descriptor is not None
        assert computer.descriptor.owner == sid

        cluster = known(cluster_of(session, "vmmclu"))
        assert (cluster.computer.dn, cluster.computer.sid, cluster.parent_dn) == (cno, sid, ou)
        assert cluster.computer.token_groups
        assert cluster.parent_descriptor is not None
        assert Ace(True, sid, CREATE_CHILD) in (cluster.parent_descriptor.dacl or ())
        assert not cluster.parent_is_computers

        names = known(names_of(session, ("SCVMM/vmm", "SCVMM/vmm.contoso.lab"), "vmm"))
        assert names.holders == {"SCVMM/vmm": (role,), "SCVMM/vmm.contoso.lab": ()}
        assert names.connection_points == (point,)
        assert names.accounts == {role: "VMM$"}

    def test_what_a_cluster_made_on_the_quota_is_counted(self, served: Served, session: DirectorySession) -> None:
        computers = f"CN=Computers,{BASE}"
        cno = served.directory.add(f"CN=VMMCLU,{computers}", "computer", {"sAMAccountName": "VMMCLU$"})
        for name in ("ONE", "TWO"):
            served.directory.create_computer(cno, name, computers)
        cluster = known(cluster_of(session, "vmmclu", role="vmm"))
        assert (cluster.parent_is_computers, cluster.created_count) == (True, 2)
        assert known(role_of(session, "one")).creator_sid == cluster.computer.sid

    def test_names_that_nobody_has_are_free(self, session: DirectorySession) -> None:
        assert not known(role_of(session, "vmm")).found
        assert not known(cluster_of(session, "vmmclu")).computer.found
        assert known(names_of(session, ("SCVMM/vmm",), "vmm")).holders == {"SCVMM/vmm": ()}


class TestBadDays:
    def test_a_search_that_takes_too_long_is_unknown_and_the_session_goes_on(self, tmp_path: Path) -> None:
        with serving(tmp_path, speed=1000) as served:
            session = known(open_session(access(), RIGHT, Passwords(leading_to(served), SECONDS)))
            known(session.domain())
            served.server.limits.seconds = 3600
            answer = account_of(session, account())
            served.server.limits.seconds = 0
            assert isinstance(answer, NoAnswer)
            assert answer.code == "timeout"
            assert "took longer" in answer.reason
            assert known(account_of(session, account())).found

    def test_a_controller_that_goes_silent_is_not_waited_for(self, served: Served) -> None:
        passwords = Passwords(leading_to(served), 0.3)
        session = known(open_session(access(), RIGHT, passwords))
        served.server.silent = True
        answer = session.domain()
        assert isinstance(answer, NoAnswer)
        assert answer.code == "timeout"
        assert not session.is_alive()

    def test_a_dropped_connection_is_a_reason_for_every_question(
        self, served: Served, session: DirectorySession
    ) -> None:
        served.server.close()
        answers = [
            session.domain(),
            account_of(session, account()),
            session.container(dn(DKM)),
            role_of(session, "vmm"),
            cluster_of(session, "vmmclu"),
            names_of(session, ("SCVMM/vmm",), "vmm"),
        ]
        assert {answer.code for answer in answers if isinstance(answer, NoAnswer)} == {"unreachable"}
        assert len([answer for answer in answers if isinstance(answer, NoAnswer)]) == 6

    @pytest.mark.parametrize(
        "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x30\x03\x02\x01\x01", b"\x30\x0a" + b"\xff" * 10]
    )
    def test_what_is_not_ldap_is_a_reason(self, tmp_path: Path, answer: bytes) -> None:
        with controller_answering(tmp_path, lambda _: answer) as book:
            said = open_session(access(), RIGHT, Passwords(book, 0.5))
        assert isinstance(said, NoAnswer)
        assert said.code in ("unreadable", "unreachable", "timeout")


class TestValues:
    @given(st.binary(max_size=20))
    def test_binary_values_are_escaped_whole(self, value: bytes) -> None:
        text = equals("mS-DS-CreatorSID", value)
        assert bytes.fromhex(text[len("(mS-DS-CreatorSID=") : -1].replace("\\", "")) == value

    @pytest.mark.parametrize("ticks", ["0", "9223372036854775807", "", "x", "-5", "9223372036854775806"])
    def test_file_times_that_are_no_dates_are_never(self, ticks: str) -> None:
        assert Found("", {"when": (ticks.encode(),)}).file_time("when") is None

    def test_times_are_aware(self) -> None:
        found = Found("", {"a": (b"133801632000000000",), "b": (b"20250101000000.0Z",), "c": (b"soon",)})
        assert found.file_time("a") == found.generalized_time("b") == datetime(2025, 1, 1, tzinfo=UTC)
        assert found.generalized_time("c") is None

    def test_what_is_no_identifier_is_left_out(self) -> None:
        found = Found("", {"tokengroups": (sid_to_bytes("S-1-5-32-544"), b"junk")})
        assert found.sids("tokenGroups") == ("S-1-5-32-544",)
