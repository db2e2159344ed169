"""Searching the directory as ldap3 does: filters, attributes, pages, descriptors, limits and referrals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import ldap3
import pytest
from ldap3.protocol.microsoft import security_descriptor_control
from ldap3.utils.conv import escape_bytes, escape_filter_chars

from tests.lab.served_directory import BASE, USERS, Served, serving
from vmm_wizard.lab.descriptors import (
    CONTAINER_INHERIT,
    CREATE_CHILD,
    FULL_CONTROL,
    GENERIC_ALL,
    READ_PROPERTY,
    WRITE_PROPERTY,
    Descriptor,
    allow,
    deny,
    sid_to_bytes,
)
from vmm_wizard.lab.schema import COMPUTER_CLASS, attribute_guids

ALICE = f"CN=alice,{USERS}"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, speed=1e6) as running:
        yield running


@pytest.fixture
def alice(served: Served) -> ldap3.Connection:
    return served.bound()


def search(
    connection: ldap3.Connection,
    filter_text: str,
    attributes: list[str] | None = None,
    base: str = BASE,
    scope: str = ldap3.SUBTREE,
    **more: Any,
) -> dict[str, dict[str, list[bytes]]]:
    """The entries found, by DN, with their raw attributes."""
    connection.search(base, filter_text, scope, attributes=attributes or ["1.1"], **more)
    return {
        entry["dn"]: dict(entry["raw_attributes"]) for entry in connection.response if entry["type"] == "searchResEntry"
    }


def one(connection: ldap3.Connection, dn: str, attributes: list[str], **more: Any) -> dict[str, list[bytes]]:
    """The attributes of one object, by a BASE search."""
    (found,) = search(connection, "(objectClass=*)", attributes, dn, ldap3.BASE, **more).values()
    return found


class TestFilters:
    @pytest.fixture(autouse=True)
    def people(self, served: Served) -> None:
        for number, name in enumerate(["svc-vmm", "svc-sql", "vmm-setup"]):
            served.user(name, displayName=f"Account {number} (of VMM*)", description="service")
        served.directory.modify(f"CN=svc-sql,{USERS}", {"userAccountControl": 0x10200, "badPwdCount": 12})
        served.directory.add(f"CN=VMM01,CN=Computers,{BASE}", "computer")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("(sAMAccountName=SVC-VMM)", {"svc-vmm"}),
            ("(&(objectCategory=person)(objectClass=user)(sAMAccountName=svc-sql))", {"svc-sql"}),
            ("(&(objectCategory=person)(objectClass=user))", {"alice", "svc-vmm", "svc-sql", "vmm-setup"}),
            ("(objectCategory=computer)", {"VMM01"}),
            ("(&(objectClass=computer)(sAMAccountName=vmm01$))", {"VMM01"}),
            ("(sAMAccountName=svc-*)", {"svc-vmm", "svc-sql"}),
            ("(sAMAccountName=*-*m*)", {"svc-vmm"}),
            ("(displayName=acc*1*vmm*)", {"svc-sql"}),
            (f"(displayName={escape_filter_chars('Account 0 (of VMM*)')})", {"svc-vmm"}),
            ("(|(cn=svc-vmm)(cn=vmm-setup))", {"svc-vmm", "vmm-setup"}),
            ("(&(description=service)(!(cn=svc-*)))", {"vmm-setup"}),
            ("(&(sAMAccountName=*)(objectCategory=person)(!(description=*)))", {"alice"}),
            ("(&(objectCategory=person)(!(description=other)))", {"alice", "svc-vmm", "svc-sql", "vmm-setup"}),
            ("(userAccountControl:1.2.840.113556.1.4.803:=65536)", {"svc-sql"}),
            ("(&(objectCategory=person)(userAccountControl:1.2.840.113556.1.4.804:=65538))", {"svc-sql"}),
            ("(&(userAccountControl>=513)(userAccountControl<=70000))", {"svc-sql", "VMM01"}),
            ("(cn:=alice)", {"alice"}),
            ("(cn~=alice)", {"alice"}),
            (f"(distinguishedName=cn=Alice, CN=users,{BASE})", {"alice"}),
            ("(tokenGroups=*)", set()),
            ("(!(tokenGroups=*))", set()),
            ("(cn:1.2.3.4:=alice)", set()),
        ],
    )
    def test_a_filter_finds_what_ad_finds(self, alice: ldap3.Connection, text: str, expected: set[str]) -> None:
        found = search(alice, text)
        assert {dn.partition(",")[0][3:] for dn in found} == expected

    def test_nested_membership_is_followed_both_ways(self, served: Served, alice: ldap3.Connection) -> None:
        directory = served.directory
        inner = directory.add(f"CN=inner,{USERS}", "group", {"member": [ALICE]})
        outer = directory.add(f"CN=outer,{USERS}", "group", {"member": [inner]})
        directory.add_member(inner, outer)
        assert ALICE in search(alice, f"(memberOf:1.2.840.113556.1.4.1941:={outer})")
        assert ALICE not in search(alice, f"(memberOf={outer})")
        assert set(search(alice, f"(member:1.2.840.113556.1.4.1941:={ALICE})")) == {inner, outer}

    def test_an_identifier_is_found_by_its_bytes_and_by_its_text(self, served: Served, alice: ldap3.Connection) -> None:
        sid = served.directory.require(ALICE).sid
        assert list(search(alice, f"(objectSid={escape_bytes(sid_to_bytes(sid))})")) == [ALICE]
        assert list(search(alice, f"(objectSid={sid})")) == [ALICE]
        assert list(search(alice, "(objectClass=*)", base=f"<SID={sid}>", scope=ldap3.BASE)) == [ALICE]

    def test_an_object_is_found_by_its_guid(self, alice: ldap3.Connection) -> None:
        guid = one(alice, ALICE, ["objectGUID"])["objectGUID"][0]
        assert list(search(alice, f"(objectGUID={escape_bytes(guid)})")) == [ALICE]
        assert list(search(alice, "(cn=*)", base=f"<GUID={UUID(bytes_le=guid)}>", scope=ldap3.BASE)) == [ALICE]


class TestAttributes:
    def test_none_are_sent_when_none_are_wanted(self, alice: ldap3.Connection) -> None:
        assert one(alice, ALICE, ["1.1"]) == {}

    def test_all_stored_ones_come_with_a_star_and_no_constructed_ones(self, alice: ldap3.Connection) -> None:
        names = set(one(alice, ALICE, ["*"]))
        assert {"objectSid", "objectGUID", "whenCreated", "distinguishedName", "userAccountControl"} <= names
        assert not names & {"tokenGroups", "sDRightsEffective", "nTSecurityDescriptor"}

    def test_names_come_back_as_the_schema_spells_them(self, alice: ldap3.Connection) -> None:
        assert list(one(alice, ALICE, ["SAMACCOUNTNAME"])) == ["sAMAccountName"]

    def test_types_come_without_values_on_request(self, alice: ldap3.Connection) -> None:
        alice.empty_attributes = True
        assert one(alice, ALICE, ["cn"], types_only=True) == {"cn": None}

    def test_membership_is_seen_from_the_member(self, served: Served, alice: ldap3.Connection) -> None:
        group = served.directory.add(f"CN=VMM Admins,{USERS}", "group", {"member": [ALICE]})
        assert one(alice, ALICE, ["memberOf"])["memberOf"] == [group.encode()]

    def test_token_groups_answer_to_a_base_search_only(self, served: Served, alice: ldap3.Connection) -> None:
        groups = one(alice, ALICE, ["tokenGroups"])["tokenGroups"]
        assert sid_to_bytes(served.directory.sid(513)) in groups
        assert search(alice, "(cn=alice)", ["tokenGroups"]) == {ALICE: {}}

    def test_a_group_of_thousands_comes_in_ranges(self, served: Served, alice: ldap3.Connection) -> None:
        directory = served.directory
        members = [directory.add(f"CN=m{n},CN=Computers,{BASE}", "contact") for n in range(1600)]
        group = directory.add(f"CN=big,{USERS}", "group", {"member": members})
        assert len(one(alice, group, ["member"])["member"]) == 1600
        alice.auto_range = False
        assert len(one(alice, group, ["member"])["member;range=0-1499"]) == 1500
        rest = one(alice, group, ["member;range=1500-*"])
        assert len(rest["member;range=1500-*"]) == 100

    @pytest.mark.parametrize(
        ("state", "attribute", "value"),
        [
            ("locked", "msDS-User-Account-Control-Computed", b"16"),
            ("password_expired", "msDS-User-Account-Control-Computed", b"8388608"),
            (None, "msDS-User-Account-Control-Computed", b"0"),
            ("disabled", "userAccountControl", b"514"),
            ("must_change", "pwdLastSet", b"0"),
        ],
    )
    def test_the_state_of_an_account_shows(
        self, served: Served, alice: ldap3.Connection, state: Any, attribute: str, value: bytes
    ) -> None:
        bob = served.user("bob", state=state)
        assert one(alice, bob, [attribute])[attribute] == [value]

    def test_an_account_that_expired_says_since_when(self, served: Served, alice: ldap3.Connection) -> None:
        bob = served.user("bob", state="expired")
        assert list(search(alice, "(&(cn=bob)(accountExpires<=9223372036854775806))")) == [bob]

    def test_wrong_passwords_lock_and_it_shows(self, served: Served, alice: ldap3.Connection) -> None:
        bob = served.user("bob")
        for _ in range(3):
            served.connect("CONTOSO\\bob", "wrong").bind()
        found = one(alice, bob, ["msDS-User-Account-Control-Computed", "badPwdCount"])
        assert found == {"msDS-User-Account-Control-Computed": [b"16"], "badPwdCount": [b"3"]}


class TestRights:
    @pytest.fixture
    def container(self, served: Served) -> str:
        return served.directory.add(f"CN=VMMDKM,{BASE}", "container")

    EFFECTIVE = ("allowedChildClassesEffective", "sDRightsEffective", "allowedAttributesEffective")

    def test_a_reader_may_create_and_write_nothing(self, alice: ldap3.Connection, container: str) -> None:
        assert one(alice, container, list(self.EFFECTIVE)) == {"sDRightsEffective": [b"0"]}

    def test_full_control_shows_in_what_is_allowed(
        self, served: Served, alice: ldap3.Connection, container: str
    ) -> None:
        served.directory.grant(container, allow(served.directory.require(ALICE).sid, GENERIC_ALL, CONTAINER_INHERIT))
        found = one(alice, container, list(self.EFFECTIVE))
        assert b"container" in found["allowedChildClassesEffective"]
        assert found["sDRightsEffective"] == [b"7"]
        assert b"description" in found["allowedAttributesEffective"]

    def test_a_grant_for_computers_shows_computers_alone(
        self, served: Served, alice: ldap3.Connection, container: str
    ) -> None:
        sid = served.directory.require(ALICE).sid
        served.directory.grant(container, allow(sid, CREATE_CHILD, object_type=COMPUTER_CLASS))
        assert one(alice, container, list(self.EFFECTIVE))["allowedChildClassesEffective"] == [b"computer"]

    def test_a_grant_for_one_attribute_shows_it_alone(self, served: Served, alice: ldap3.Connection) -> None:
        bob = served.user("bob")
        sid = served.directory.require(ALICE).sid
        guid = attribute_guids("servicePrincipalName")[0]
        served.directory.grant(bob, allow(sid, WRITE_PROPERTY, object_type=guid))
        found = one(alice, bob, ["allowedAttributesEffective"])
        assert found == {"allowedAttributesEffective": [b"servicePrincipalName"]}

    def test_groups_are_those_of_the_moment_of_the_bind(
        self, served: Served, alice: ldap3.Connection, container: str
    ) -> None:
        group = served.directory.add(f"CN=VMM Admins,{USERS}", "group", {"member": [ALICE]})
        served.directory.grant(container, allow(served.directory.require(group).sid, GENERIC_ALL))
        assert one(alice, container, ["sDRightsEffective"]) == {"sDRightsEffective": [b"0"]}
        assert one(served.bound(), container, ["sDRightsEffective"]) == {"sDRightsEffective": [b"7"]}

    def test_the_descriptor_needs_the_control(self, alice: ldap3.Connection, container: str) -> None:
        assert one(alice, container, ["nTSecurityDescriptor"]) == {}
        assert one(alice, container, ["nTSecurityDescriptor"], controls=security_descriptor_control(sdflags=15)) == {}

    def test_the_descriptor_comes_in_the_parts_that_are_asked_for(
        self, served: Served, alice: ldap3.Connection, container: str
    ) -> None:
        whole = served.directory.require(container).descriptor
        for flags, expected in (
            (7, whole),
            (4, Descriptor("", "", whole.aces)),
            (1, Descriptor(whole.owner, "", ())),
        ):
            control = security_descriptor_control(sdflags=flags)
            (data,) = one(alice, container, ["nTSecurityDescriptor"], controls=control)["nTSecurityDescriptor"]
            assert Descriptor.from_bytes(data) == expected

    def test_what_an_account_may_not_read_is_not_there_for_it(
        self, served: Served, alice: ldap3.Connection, container: str
    ) -> None:
        served.directory.grant(container, deny(served.directory.require(ALICE).sid, READ_PROPERTY))
        assert not search(alice, "(cn=VMMDKM)")
        assert not search(alice, "(objectClass=*)", base=container, scope=ldap3.BASE)
        assert alice.result["description"] == "noSuchObject"
        served.user("bob")
        assert container in search(served.bound("CONTOSO\\bob"), "(cn=VMMDKM)")

    def test_full_control_is_seen_by_a_foreign_parser_as_two_entries(
        self, served: Served, alice: ldap3.Connection, container: str
    ) -> None:
        sid = served.directory.require(ALICE).sid
        served.directory.grant(container, allow(sid, GENERIC_ALL, CONTAINER_INHERIT))
        control = security_descriptor_control(sdflags=4)
        (data,) = one(alice, container, ["nTSecurityDescriptor"], controls=control)["nTSecurityDescriptor"]
        mine = [(ace.mask, ace.flags) for ace in Descriptor.from_bytes(data).aces if ace.sid == sid]
        assert mine == [(FULL_CONTROL, 0), (GENERIC_ALL, 0x0A)]


class TestWhere:
    def test_one_level_is_the_children_alone(self, served: Served, alice: ldap3.Connection) -> None:
        top = served.directory.add(f"CN=VMMDKM,{BASE}", "container")
        below = served.directory.add(f"CN=keys,{top}", "container")
        served.directory.add(f"CN=key,{below}", "container")
        assert list(search(alice, "(objectClass=*)", base=top, scope=ldap3.LEVEL)) == [below]

    def test_the_domain_root_refers_to_the_other_naming_contexts(self, alice: ldap3.Connection) -> None:
        search(alice, "(cn=alice)")
        references = [entry["uri"][0] for entry in alice.response if entry["type"] == "searchResRef"]
        assert f"ldap://contoso.lab/CN=Configuration,{BASE}" in references
        assert any("DomainDnsZones" in reference for reference in references)

    def test_the_partitions_tell_the_short_name(self, alice: ldap3.Connection) -> None:
        found = search(alice, f"(&(objectClass=crossRef)(nCName={BASE}))", ["nETBIOSName"], f"CN=Configuration,{BASE}")
        assert [entry["nETBIOSName"] for entry in found.values()] == [[b"CONTOSO"]]

    def test_another_domain_is_referred_to(self, alice: ldap3.Connection) -> None:
        search(alice, "(objectClass=*)", base="CN=VMMDKM,DC=fabrikam,DC=lab", scope=ldap3.BASE)
        assert alice.result["description"] == "referral"
        assert alice.result["referrals"] == ["ldap://fabrikam.lab/CN=VMMDKM,DC=fabrikam,DC=lab"]

    def test_a_missing_object_names_the_nearest_one_that_is_there(self, alice: ldap3.Connection) -> None:
        search(alice, "(objectClass=*)", base=f"CN=a,CN=b,{USERS}", scope=ldap3.BASE)
        assert (alice.result["description"], alice.result["dn"]) == ("noSuchObject", USERS)
        assert "NO_OBJECT" in alice.result["message"]

    def test_what_is_no_name_is_told_so(self, alice: ldap3.Connection) -> None:
        alice.check_names = False
        search(alice, "(objectClass=*)", base="VMMDKM", scope=ldap3.BASE)
        assert alice.result["description"] == "invalidDNSyntax"

    def test_what_has_not_come_to_a_controller_yet_is_not_there_nor_what_is_below(self, served: Served) -> None:
        container = served.directory.add(f"CN=New,{BASE}", "container")
        served.directory.add(f"CN=Key,{container}", "container")
        served.directory.add(f"CN=Renew,{BASE}", "container")
        served.server.missing = frozenset({served.directory.require(container).key})
        alice = served.bound()
        for dn in (container, f"CN=Key,{container}"):
            assert not alice.search(dn, "(objectClass=*)", ldap3.BASE)
            assert alice.result["description"] == "noSuchObject"
        alice.search(BASE, "(|(cn=New)(cn=Key)(cn=Renew))")
        assert [entry.entry_dn for entry in alice.entries] == [f"CN=Renew,{BASE}"]


class TestLimits:
    @pytest.fixture
    def crowd(self, served: Served) -> str:
        ou = served.directory.add(f"OU=Crowd,{BASE}", "organizationalUnit")
        for number in range(1200):
            served.directory.add(f"CN=c{number:04},{ou}", "contact")
        return ou

    def test_more_than_a_thousand_come_only_in_pages(self, alice: ldap3.Connection, crowd: str) -> None:
        assert len(search(alice, "(cn=c*)", base=crowd)) == 1000
        assert alice.result["description"] == "sizeLimitExceeded"

    def test_pages_hold_each_entry_once(self, alice: ldap3.Connection, crowd: str) -> None:
        pages = alice.extend.standard.paged_search(crowd, "(cn=c*)", attributes=["1.1"], paged_size=500, generator=True)
        names = [entry["dn"] for entry in pages]
        assert len(names) == len(set(names)) == 1200

    def test_a_page_is_never_longer_than_the_server_allows(self, alice: ldap3.Connection, crowd: str) -> None:
        assert len(search(alice, "(cn=c*)", base=crowd, paged_size=5000)) == 1000
        assert alice.result["controls"]["1.2.840.113556.1.4.319"]["value"]["cookie"]

    def test_a_cookie_is_good_for_its_own_search_alone(self, alice: ldap3.Connection, crowd: str) -> None:
        search(alice, "(cn=c*)", base=crowd, paged_size=10)
        cookie = alice.result["controls"]["1.2.840.113556.1.4.319"]["value"]["cookie"]
        search(alice, "(cn=d*)", base=crowd, paged_size=10, paged_cookie=cookie)
        assert alice.result["description"] == "unavailableCriticalExtension"

    def test_the_client_s_own_limit_counts(self, alice: ldap3.Connection, crowd: str) -> None:
        assert len(search(alice, "(cn=c*)", base=crowd, size_limit=7)) == 7
        assert alice.result["description"] == "sizeLimitExceeded"
        assert len(search(alice, "(cn=c000*)", base=crowd, size_limit=10)) == 10
        assert alice.result["description"] == "success"

    def test_a_slow_search_ends_at_the_time_limit(self, served: Served, alice: ldap3.Connection) -> None:
        served.server.limits.seconds = 60
        search(alice, "(cn=alice)", time_limit=10)
        assert alice.result["description"] == "timeLimitExceeded"
        assert list(search(alice, "(cn=alice)", time_limit=100)) == [ALICE]

    def test_an_unknown_critical_control_is_refused_and_an_optional_one_ignored(self, alice: ldap3.Connection) -> None:
        search(alice, "(cn=alice)", controls=[("1.2.3.4", True, None)])
        assert alice.result["description"] == "unavailableCriticalExtension"
        assert list(search(alice, "(cn=alice)", controls=[("1.2.3.4", False, None)])) == [ALICE]
