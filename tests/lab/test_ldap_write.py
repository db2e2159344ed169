"""What clients may change over LDAP: by the rights that a DC asks for, and with its result codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import ldap3
import pytest
from ldap3.protocol.microsoft import security_descriptor_control

from tests.lab.served_directory import BASE, USERS, Served, serving
from vmm_wizard.lab.descriptors import (
    CONTAINER_INHERIT,
    CREATE_CHILD,
    FULL_CONTROL,
    WRITE_DAC,
    WRITE_PROPERTY,
    Descriptor,
    allow,
)
from vmm_wizard.lab.schema import attribute_guids, class_guid

PLACE = f"CN=Place,{BASE}"
NEW = f"CN=New,{PLACE}"
DACL = security_descriptor_control(criticality=True, sdflags=4)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as running:
        running.directory.add(PLACE, "container")
        yield running


def alice(served: Served) -> str:
    return served.directory.require(f"CN=alice,{USERS}").sid


def may(served: Served, dn: str, mask: int, kind: str = "") -> None:
    served.directory.grant(dn, allow(alice(served), mask, 0, class_guid(kind) if kind else None))


def said(connection: ldap3.Connection) -> str:
    return str(connection.result["description"])


class TestAdd:
    def test_the_right_to_create_that_class_is_needed(self, served: Served) -> None:
        connection = served.bound()
        assert not connection.add(NEW, "container")
        assert said(connection) == "insufficientAccessRights"
        may(served, PLACE, CREATE_CHILD, "user")
        assert not connection.add(NEW, "container")
        may(served, PLACE, CREATE_CHILD, "container")
        assert connection.add(NEW, "container", {"description": "ours"})
        made = served.directory.require(NEW)
        assert made.text("description") == "ours"
        assert made.descriptor.owner == alice(served)
        assert served.directory.created == [NEW]

    def test_what_an_administrator_makes_belongs_to_the_administrators(self, served: Served) -> None:
        served.directory.add_member(f"CN=Domain Admins,{USERS}", f"CN=alice,{USERS}")
        assert served.bound().add(NEW, "container")
        assert served.directory.require(NEW).descriptor.owner.endswith("-512")

    def test_each_impossible_object_has_its_own_answer(self, served: Served) -> None:
        may(served, PLACE, CREATE_CHILD)
        may(served, PLACE, CREATE_CHILD, "container")
        connection = served.bound()
        for dn, kind, values, answer in (
            (f"CN=x,CN=Nowhere,{BASE}", "container", {}, "noSuchObject"),
            (f"OU=x,{PLACE}", "organizationalUnit", {}, "namingViolation"),
            (NEW, "rocket", {}, "objectClassViolation"),
            (NEW, "container", {"objectSid": b"\1"}, "constraintViolation"),
            (NEW, "container", {"nTSecurityDescriptor": b"\1"}, "constraintViolation"),
        ):
            assert not connection.add(dn, kind, values)
            assert said(connection) == answer, dn
        assert connection.add(NEW, "container")
        assert not connection.add(NEW.upper(), "container")
        assert said(connection) == "entryAlreadyExists"

    def test_nobody_makes_anything(self, served: Served) -> None:
        connection = served.connect(user="", password="", secure=False)
        connection.authentication = ldap3.ANONYMOUS
        assert connection.bind()
        assert not connection.add(NEW, "container")
        assert said(connection) == "operationsError"


class TestModify:
    def test_each_attribute_needs_its_own_right(self, served: Served) -> None:
        connection = served.bound()
        change = {"description": [(ldap3.MODIFY_REPLACE, ["mine"])]}
        assert not connection.modify(PLACE, change)
        assert said(connection) == "insufficientAccessRights"
        description = attribute_guids("description")[0]
        served.directory.grant(PLACE, allow(alice(served), WRITE_PROPERTY, 0, description))
        assert connection.modify(PLACE, change)
        assert not connection.modify(PLACE, {**change, "displayName": [(ldap3.MODIFY_ADD, ["x"])]})
        assert served.directory.require(PLACE).text("description") == "mine"

    def test_values_are_added_and_taken_away(self, served: Served) -> None:
        may(served, PLACE, WRITE_PROPERTY)
        connection = served.bound()
        assert connection.modify(PLACE, {"description": [(ldap3.MODIFY_ADD, ["a", "b"])]})
        assert not connection.modify(PLACE, {"description": [(ldap3.MODIFY_ADD, ["a"])]})
        assert said(connection) == "attributeOrValueExists"
        assert connection.modify(PLACE, {"description": [(ldap3.MODIFY_DELETE, ["a"])]})
        assert served.directory.require(PLACE).values("description") == (b"b",)
        assert not connection.modify(PLACE, {"description": [(ldap3.MODIFY_DELETE, ["a"])]})
        assert said(connection) == "noSuchAttribute"
        assert not connection.modify(PLACE, {"objectSid": [(ldap3.MODIFY_REPLACE, [b"x"])]})
        assert said(connection) == "constraintViolation"


class TestDescriptor:
    def written(self, served: Served) -> bytes:
        return Descriptor("", "", (allow(alice(served), FULL_CONTROL, CONTAINER_INHERIT),)).to_bytes(4)

    def test_the_list_of_rights_needs_the_right_to_change_it(self, served: Served) -> None:
        connection = served.bound()
        change = {"nTSecurityDescriptor": [(ldap3.MODIFY_REPLACE, [self.written(served)])]}
        assert not connection.modify(PLACE, change, controls=DACL)
        assert said(connection) == "insufficientAccessRights"
        may(served, PLACE, WRITE_DAC)
        owner = served.directory.require(PLACE).descriptor.owner
        assert connection.modify(PLACE, change, controls=DACL)
        after = served.directory.require(PLACE).descriptor
        assert allow(alice(served), FULL_CONTROL, CONTAINER_INHERIT) in after.aces
        assert after.owner == owner
        assert served.directory.redescribed == [PLACE]

    def test_without_the_control_owner_and_audit_list_are_meant_too(self, served: Served) -> None:
        may(served, PLACE, WRITE_DAC)
        connection = served.bound()
        assert not connection.modify(PLACE, {"nTSecurityDescriptor": [(ldap3.MODIFY_REPLACE, [self.written(served)])]})
        assert said(connection) == "insufficientAccessRights"

    def test_it_is_only_ever_replaced_and_by_one_that_can_be_read(self, served: Served) -> None:
        may(served, PLACE, WRITE_DAC)
        connection = served.bound()
        adding = {"nTSecurityDescriptor": [(ldap3.MODIFY_ADD, [self.written(served)])]}
        assert not connection.modify(PLACE, adding, controls=DACL)
        assert said(connection) == "unwillingToPerform"
        assert not connection.modify(
            PLACE, {"nTSecurityDescriptor": [(ldap3.MODIFY_REPLACE, [b"\1\2"])]}, controls=DACL
        )
        assert said(connection) == "constraintViolation"
