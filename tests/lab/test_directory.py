"""The directory as a tree: names, groups, identifiers, inheritance, and what accounts may do in it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from vmm_wizard.lab.descriptors import (
    CONTAINER_INHERIT,
    CREATE_CHILD,
    DELETE_CHILD,
    FULL_CONTROL,
    GENERIC_ALL,
    READ_CONTROL,
    WRITE_PROPERTY,
    Descriptor,
    allow,
    deny,
)
from vmm_wizard.lab.directory import Directory, NameTaken, NoSuchObject
from vmm_wizard.lab.schema import CLASS_GUIDS, COMPUTER_CLASS

BASE = "DC=contoso,DC=lab"
USERS = f"CN=Users,{BASE}"
COMPUTERS = f"CN=Computers,{BASE}"


@pytest.fixture
def directory() -> Directory:
    return Directory(BASE, "CONTOSO")


def add_user(directory: Directory, name: str) -> str:
    return directory.add(f"CN={name},{USERS}", "user")


def add_group(directory: Directory, name: str, *members: str, **attributes: int) -> str:
    return directory.add(f"CN={name},{USERS}", "group", {"member": list(members), **attributes})


class TestNames:
    def test_an_object_is_found_however_its_name_is_spelled(self, directory: Directory) -> None:
        dn = directory.add(f"CN=VMM\\, DKM,{BASE}", "container")
        assert directory.require("cn=vmm\\2C dkm, dc=Contoso, DC=LAB").dn == dn

    def test_an_object_needs_a_parent(self, directory: Directory) -> None:
        with pytest.raises(NoSuchObject) as missing:
            directory.add(f"CN=a,OU=nowhere,{BASE}", "user")
        assert missing.value.matched == BASE

    def test_a_name_is_taken_once(self, directory: Directory) -> None:
        add_user(directory, "alice")
        with pytest.raises(NameTaken, match="exists already"):
            directory.add(f"cn=ALICE,{USERS}", "group")

    def test_an_account_name_is_taken_once_in_the_domain(self, directory: Directory) -> None:
        add_user(directory, "alice")
        with pytest.raises(NameTaken, match="sAMAccountName"):
            directory.add(f"CN=other,{BASE}", "user", {"sAMAccountName": "ALICE"})

    def test_an_account_is_found_under_its_new_name_only_after_a_rename(self, directory: Directory) -> None:
        dn = add_user(directory, "alice")
        directory.modify(dn, {"sAMAccountName": "alison"})
        assert directory.find_by_sam("alice") is None
        assert directory.find_by_sam("ALISON") is not None

    def test_a_user_has_all_its_classes_and_a_new_identifier(self, directory: Directory) -> None:
        first, second = (directory.require(add_user(directory, name)) for name in ("a", "b"))
        assert first.values("objectClass") == (b"top", b"person", b"organizationalPerson", b"user")
        assert first.sid.startswith(directory.sid() + "-")
        assert first.sid != second.sid
        assert directory.find_by_sid(second.sid) == second

    def test_a_computer_is_called_by_its_name_and_a_dollar_sign(self, directory: Directory) -> None:
        entry = directory.require(directory.add(f"CN=VMM01,{COMPUTERS}", "computer"))
        assert entry.text("sAMAccountName") == "VMM01$"
        assert entry.number("userAccountControl") == 0x1000

    def test_every_holder_of_a_service_principal_name_is_found(self, directory: Directory) -> None:
        for name in ("a", "b"):
            directory.add(f"CN={name},{USERS}", "user", {"servicePrincipalName": "SCVMM/vmm.contoso.lab"})
        assert [entry.text("cn") for entry in directory.find_spn("scvmm/VMM.contoso.lab")] == ["a", "b"]

    def test_the_short_name_of_the_domain_stands_in_the_partitions(self, directory: Directory) -> None:
        entry = directory.require(f"CN=CONTOSO,CN=Partitions,CN=Configuration,{BASE}")
        assert (entry.text("nETBIOSName"), entry.text("dnsRoot"), entry.text("nCName")) == (
            "CONTOSO",
            "contoso.lab",
            BASE,
        )

    def test_a_search_below_the_root_stays_in_its_naming_context(self, directory: Directory) -> None:
        names = {entry.dn for entry in directory.subtree(BASE)}
        assert USERS in names
        assert not any("Configuration" in name or "DnsZones" in name for name in names)

    def test_every_change_is_told_once(self) -> None:
        told: list[int] = []
        directory = Directory(BASE, "CONTOSO", changed=lambda: told.append(1))
        dn = add_user(directory, "alice")
        group = add_group(directory, "group")
        changes: list[Callable[[], None]] = [
            lambda: directory.modify(dn, {"description": "x"}),
            lambda: directory.grant(dn, allow(directory.sid(513), READ_CONTROL)),
            lambda: directory.add_member(group, dn),
            lambda: directory.remove(dn),
        ]
        for change in changes:
            told.clear()
            change()
            assert told == [1]
        told.clear()
        directory.get(group)
        assert told == []

    def test_who_is_told_of_a_change_may_wait_for_others_that_read(self) -> None:
        seen: list[bool] = []
        built: list[Directory] = []

        def read_elsewhere() -> None:
            for other in built:
                reader = threading.Thread(target=other.children, args=(USERS,), daemon=True)
                reader.start()
                reader.join(20)
                seen.append(not reader.is_alive())

        directory = Directory(BASE, "CONTOSO", changed=read_elsewhere)
        built.append(directory)
        cno = directory.add(f"CN=VMMCLU,{COMPUTERS}", "computer")
        directory.create_computer(cno, "vmm", COMPUTERS)
        assert seen == [True, True]


class TestGroups:
    def test_a_token_holds_nested_groups_the_primary_group_and_builtin_groups(self, directory: Directory) -> None:
        alice = add_user(directory, "alice")
        inner = add_group(directory, "inner", alice)
        outer = add_group(directory, "outer", inner)
        directory.add_member(f"CN=Administrators,CN=Builtin,{BASE}", outer)
        assert set(directory.token_groups(alice)) == {
            directory.require(inner).sid,
            directory.require(outer).sid,
            directory.sid(513),
            "S-1-5-32-544",
            "S-1-5-32-545",
        }

    def test_groups_that_hold_each_other_end(self, directory: Directory) -> None:
        alice = add_user(directory, "alice")
        first = add_group(directory, "first", alice)
        second = add_group(directory, "second", first)
        directory.add_member(first, second)
        assert {directory.require(first).sid, directory.require(second).sid} <= set(directory.token_groups(alice))

    def test_a_distribution_list_gives_no_rights(self, directory: Directory) -> None:
        alice = add_user(directory, "alice")
        mail = add_group(directory, "mail", alice, groupType=2)
        assert directory.require(mail).sid not in directory.token_groups(alice)
        assert directory.groups_of(alice) == (mail,)

    def test_a_removed_account_leaves_its_groups(self, directory: Directory) -> None:
        alice, bob = add_user(directory, "alice"), add_user(directory, "bob")
        group = add_group(directory, "group", alice, bob)
        directory.remove(alice)
        assert directory.members(group) == (bob,)

    def test_members_by_primary_group_are_members(self, directory: Directory) -> None:
        alice = add_user(directory, "alice")
        assert alice in directory.members(f"CN=Domain Users,{USERS}")

    def test_nobody_is_made_a_member_who_is_not_there(self, directory: Directory) -> None:
        with pytest.raises(NoSuchObject):
            add_group(directory, "group", f"CN=ghost,{USERS}")

    def test_an_object_with_children_is_not_removed(self, directory: Directory) -> None:
        with pytest.raises(ValueError, match="below it"):
            directory.remove(f"CN=Partitions,CN=Configuration,{BASE}")


class TestRights:
    def may(self, directory: Directory, account: str, dn: str) -> int:
        return directory.effective_mask(dn, directory.logon_sids(account))

    def test_any_account_reads_and_writes_nothing(self, directory: Directory) -> None:
        alice = add_user(directory, "alice")
        assert self.may(directory, alice, USERS) == 0x20094

    def test_full_control_for_all_below_reaches_what_is_made_later_and_what_is_there(
        self, directory: Directory
    ) -> None:
        alice = add_user(directory, "alice")
        top = directory.add(f"CN=VMMDKM,{BASE}", "container")
        there = directory.add(f"CN=there,{top}", "container")
        directory.grant(top, allow(directory.require(alice).sid, GENERIC_ALL, CONTAINER_INHERIT))
        later = directory.add(f"CN=later,{there}", "container")
        assert [self.may(directory, alice, dn) for dn in (top, there, later)] == [FULL_CONTROL] * 3

    def test_a_protected_descriptor_stops_what_comes_from_above(self, directory: Directory) -> None:
        alice = add_user(directory, "alice")
        top = directory.add(f"CN=VMMDKM,{BASE}", "container")
        directory.grant(top, allow(directory.require(alice).sid, GENERIC_ALL, CONTAINER_INHERIT))
        admins = directory.sid(512)
        shut = directory.add(f"CN=shut,{top}", "container", None, Descriptor(admins, admins, (), protected=True))
        assert self.may(directory, alice, shut) == 0
        assert directory.require(shut).descriptor.aces == ()

    def test_an_own_grant_wins_over_an_inherited_denial(self, directory: Directory) -> None:
        alice = add_user(directory, "alice")
        sid = directory.require(alice).sid
        top = directory.add(f"CN=top,{BASE}", "container")
        directory.grant(top, deny(sid, WRITE_PROPERTY, CONTAINER_INHERIT))
        below = directory.add(f"CN=below,{top}", "container")
        directory.grant(below, allow(sid, WRITE_PROPERTY))
        assert not self.may(directory, alice, top) & WRITE_PROPERTY
        assert self.may(directory, alice, below) & WRITE_PROPERTY

    def test_a_right_on_one_attribute_is_asked_for_by_its_guid(self, directory: Directory) -> None:
        alice, bob = add_user(directory, "alice"), add_user(directory, "bob")
        guid = CLASS_GUIDS["group"]
        directory.grant(bob, allow(directory.require(alice).sid, WRITE_PROPERTY, object_type=guid))
        sids = directory.logon_sids(alice)
        assert not directory.effective_mask(bob, sids) & WRITE_PROPERTY
        assert directory.effective_mask(bob, sids, attribute_guid=guid) & WRITE_PROPERTY

    def test_an_account_creates_where_it_may_and_owns_what_it_made(self, directory: Directory) -> None:
        alice = add_user(directory, "alice")
        top = directory.add(f"CN=VMMDKM,{BASE}", "container")
        with pytest.raises(PermissionError, match="may not create container"):
            directory.create(alice, f"CN=keys,{top}", "container")
        directory.grant(top, allow(directory.require(alice).sid, GENERIC_ALL, CONTAINER_INHERIT))
        made = directory.create(alice, f"CN=keys,{top}", "container")
        assert directory.require(made).descriptor.owner == directory.require(alice).sid
        assert directory.created == [made]

    def test_an_account_writes_only_the_attributes_it_may(self, directory: Directory) -> None:
        alice, bob = add_user(directory, "alice"), add_user(directory, "bob")
        with pytest.raises(PermissionError, match="servicePrincipalName"):
            directory.write(alice, bob, {"servicePrincipalName": "SCVMM/vmm"})
        directory.grant(bob, allow(directory.require(alice).sid, WRITE_PROPERTY))
        directory.write(alice, bob, {"servicePrincipalName": "SCVMM/vmm"})
        assert directory.require(bob).text("servicePrincipalName") == "SCVMM/vmm"


@pytest.fixture
def cluster(directory: Directory) -> str:
    ou = directory.add(f"OU=Clusters,{BASE}", "organizationalUnit")
    return directory.add(f"CN=VMMCLU,{ou}", "computer")


class TestRoleComputers:
    OU = f"OU=Clusters,{BASE}"

    @pytest.fixture
    def grant(self, directory: Directory, cluster: str) -> Callable[[str, int], None]:
        def to_cluster(dn: str, mask: int) -> None:
            kind = COMPUTER_CLASS if mask in (CREATE_CHILD, DELETE_CHILD) else None
            directory.grant(dn, allow(directory.require(cluster).sid, mask, object_type=kind))

        return to_cluster

    def test_with_the_right_to_create_computers_the_cluster_makes_one(
        self, directory: Directory, cluster: str, grant: Callable[[str, int], None]
    ) -> None:
        grant(self.OU, CREATE_CHILD)
        dn = directory.create_computer(cluster, "vmm", self.OU)
        entry = directory.require(dn)
        assert directory.created == [dn]
        assert entry.text("sAMAccountName") == "vmm$"
        assert b"HOST/vmm.contoso.lab" in entry.values("servicePrincipalName")
        assert directory.effective_mask(dn, directory.logon_sids(cluster)) == FULL_CONTROL
        assert not entry.values("mS-DS-CreatorSID")

    def test_the_right_to_create_users_is_not_enough(self, directory: Directory, cluster: str) -> None:
        sid = directory.require(cluster).sid
        directory.grant(self.OU, allow(sid, CREATE_CHILD, object_type=CLASS_GUIDS["user"]))
        with pytest.raises(PermissionError, match="VMMCLU may not create computer objects in OU=Clusters"):
            directory.create_computer(cluster, "vmm", self.OU)
        assert directory.created == []

    def test_in_the_default_container_the_quota_allows_ten(self, directory: Directory, cluster: str) -> None:
        made = [directory.create_computer(cluster, f"role{n}", COMPUTERS) for n in range(10)]
        assert all(directory.require(dn).values("mS-DS-CreatorSID") for dn in made)
        with pytest.raises(PermissionError, match="quota is 10"):
            directory.create_computer(cluster, "role10", COMPUTERS)

    def test_with_a_quota_of_zero_the_cluster_needs_the_right(self, directory: Directory, cluster: str) -> None:
        directory.modify(BASE, {"ms-DS-MachineAccountQuota": 0})
        with pytest.raises(PermissionError, match="quota is 0"):
            directory.create_computer(cluster, "vmm", COMPUTERS)

    def test_a_prestaged_object_is_taken_over_and_enabled(
        self, directory: Directory, cluster: str, grant: Callable[[str, int], None]
    ) -> None:
        dn = directory.add(f"CN=vmm,{COMPUTERS}", "computer", {"userAccountControl": 0x1002})
        grant(dn, FULL_CONTROL)
        assert directory.create_computer(cluster, "vmm", self.OU) == dn
        assert directory.require(dn).number("userAccountControl") == 0x1000
        assert directory.created == []

    def test_an_object_of_somebody_else_is_not_taken_over(self, directory: Directory, cluster: str) -> None:
        directory.add(f"CN=vmm,{COMPUTERS}", "computer")
        with pytest.raises(PermissionError, match="no full control"):
            directory.create_computer(cluster, "vmm", COMPUTERS)
