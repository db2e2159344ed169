"""Service principal names, managed accounts and protected ones (ACC-08 to ACC-10, INS-04)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.building import (
    DOMAIN_SID,
    DOMAIN_USERS,
    FULL,
    INSTALLER_SID,
    SERVICE_SID,
    a_container,
    a_descriptor,
    a_node,
    a_plan,
    an_account,
    good_facts,
    installed_facts,
    no_account,
    the_names,
)
from tests.checks.states import Case
from vmm_wizard.checks.rights import PRINCIPAL_NAMES
from vmm_wizard.facts.model import Ace, ComputerFacts, Facts, Member, NoAnswer, PrincipalNameFacts
from vmm_wizard.plan.model import AccountKind, Plan, Release, ServiceAccount
from vmm_wizard.plan.names import AccountName

STATES = {
    "ACC-08": "pass fail unknown not_applicable",
    "ACC-09": "pass warn unknown not_applicable",
    "ACC-10": "warn fail unknown not_applicable",
    "INS-04": "pass warn unknown not_applicable",
}

SERVICE = "CN=svc-vmm,CN=Users,DC=contoso,DC=lab"
OTHER = "CN=svc-old,CN=Users,DC=contoso,DC=lab"
NODE_SIDS = {"vmm01": f"{DOMAIN_SID}-1131", "vmm02": f"{DOMAIN_SID}-1132"}
NODES_GROUP = f"{DOMAIN_SID}-1140"
NO_ANSWER = NoAnswer("the domain controller is busy", "unreachable")


def held(*holders: str, forest_wide: bool = True) -> PrincipalNameFacts:
    """`SCVMM/vmm` is on these objects, the role's other name on none."""
    return the_names(holders={"SCVMM/vmm": holders}, forest_wide=forest_wide)


def both_on(*holders: str) -> PrincipalNameFacts:
    """Both names of the role are on these objects."""
    return the_names(holders={"SCVMM/vmm": holders, "SCVMM/vmm.contoso.lab": holders})


def service(**changes: Any) -> Facts:
    return good_facts(service_account=an_account("svc-vmm", SERVICE_SID, **changes))


def seen_by_reader(*entries: Ace) -> Facts:
    """The service account with these entries, asked about as an ordinary user."""
    return service(asked_as=r"CONTOSO\reader", writable_attributes=(), descriptor=a_descriptor(*entries))


def managed_plan(release: Release = Release.VMM_2022) -> Plan:
    name = AccountName.parse(r"CONTOSO\gmsa-vmm$")
    return a_plan(release=release, service_account=ServiceAccount(name, AccountKind.GMSA))


def managed(*readers: str, **changes: Any) -> Facts:
    """The estate of `managed_plan`: computers or groups with these SIDs may retrieve the password."""
    account = an_account(
        "gmsa-vmm$",
        SERVICE_SID,
        object_classes=("top", "person", "organizationalPerson", "user", "computer", "msDS-GroupManagedServiceAccount"),
        password_readers=a_descriptor(*(Ace(True, sid, FULL) for sid in readers)),
    )
    computers = {
        label: ComputerFacts(label, True, f"CN={label},CN=Computers,DC=contoso,DC=lab", sid, True, token_groups=groups)
        for label, sid in NODE_SIDS.items()
        for groups in [(f"{DOMAIN_SID}-515", *((NODES_GROUP,) if label == "vmm02" else ()))]
    }
    facts = good_facts(
        managed_plan(),
        service_account=account,
        node_objects=computers,
        nodes={
            f"vmm{number:02}.contoso.lab": a_node(
                number,
                administrators=(
                    Member(INSTALLER_SID, r"CONTOSO\vmm-setup"),
                    Member(SERVICE_SID, r"CONTOSO\gmsa-vmm$"),
                ),
            )
            for number in (1, 2)
        },
        dkm=a_container(),
    )
    return replace(facts, **changes)


def installer(**changes: Any) -> Facts:
    return good_facts(installing_account=an_account("vmm-setup", INSTALLER_SID, **changes))


CASES = [
    Case("ACC-08", "pass", "nobody holds SCVMM/vmm"),
    Case("ACC-08", "pass", "SCVMM/vmm is on CN=svc-vmm", good_facts(principal_names=held(SERVICE))),
    Case("ACC-08", "fail", "SCVMM/vmm is on CN=svc-old", good_facts(principal_names=held(OTHER))),
    Case("ACC-08", "fail", "not on CN=svc-vmm", good_facts(principal_names=held(SERVICE, OTHER))),
    Case("ACC-08", "unknown", "no global catalog answered", good_facts(principal_names=held(forest_wide=False))),
    Case("ACC-08", "not_applicable", "the planned role exists already", installed_facts()),
    Case("ACC-09", "pass", "may write servicePrincipalName"),
    Case(
        "ACC-09",
        "pass",
        "are on CN=svc-vmm",
        replace(service(writable_attributes=()), principal_names=both_on(SERVICE)),
    ),
    Case("ACC-09", "warn", "may not write servicePrincipalName", service(writable_attributes=("description",))),
    Case("ACC-09", "unknown", r"could not be read as CONTOSO\reader", service(asked_as=r"CONTOSO\reader")),
    Case("ACC-09", "unknown", "could not be read", service(writable_attributes=None)),
    Case("ACC-09", "pass", "may write", seen_by_reader(Ace(True, INSTALLER_SID, 0x20, 0, PRINCIPAL_NAMES[0]))),
    Case("ACC-09", "pass", "may write", seen_by_reader(Ace(True, DOMAIN_USERS, 0x20, 0, PRINCIPAL_NAMES[1]))),
    Case("ACC-09", "warn", "may not write", seen_by_reader(Ace(True, INSTALLER_SID, 0x10, 0, PRINCIPAL_NAMES[0]))),
    Case(
        "ACC-09",
        "warn",
        "may not write",
        seen_by_reader(
            Ace(False, DOMAIN_USERS, 0x20, 0, PRINCIPAL_NAMES[1]), Ace(True, INSTALLER_SID, 0x20, 0, PRINCIPAL_NAMES[0])
        ),
    ),
    Case("ACC-09", "not_applicable", "the planned role exists already", installed_facts()),
    Case("ACC-10", "not_applicable", "a domain user"),
    Case(
        "ACC-10",
        "not_applicable",
        "no such managed account",
        managed(service_account=an_account("gmsa-vmm$", SERVICE_SID)),
        managed_plan(),
        frozenset({"ACC-01"}),
    ),
    Case("ACC-10", "warn", "every node may retrieve", managed(*NODE_SIDS.values()), managed_plan()),
    Case("ACC-10", "warn", "every node may retrieve", managed(NODE_SIDS["vmm01"], NODES_GROUP), managed_plan()),
    Case("ACC-10", "fail", "vmm02$ may not retrieve", managed(NODE_SIDS["vmm01"]), managed_plan()),
    Case(
        "ACC-10",
        "unknown",
        "the domain controller is busy",
        managed(*NODE_SIDS.values(), node_objects={"vmm01": NO_ANSWER, "vmm02": NO_ANSWER}),
        managed_plan(),
    ),
    Case("INS-04", "pass", "not in Protected Users"),
    Case("INS-04", "warn", "in Protected Users", installer(token_groups=(DOMAIN_USERS, f"{DOMAIN_SID}-525"))),
    Case("INS-04", "warn", "cannot be delegated", installer(user_account_control=0x110200)),
    Case(
        "INS-04",
        "unknown",
        "groups of",
        installer(token_groups=None),
        also=frozenset({"DKM-02", "INS-01", "INS-02"}),
    ),
    Case(
        "INS-04",
        "not_applicable",
        "INS-02 first",
        good_facts(installing_account=no_account("vmm-setup")),
        also=frozenset({"INS-02"}),
    ),
]
