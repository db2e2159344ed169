"""The container of VMM's encryption keys (DKM)."""

from __future__ import annotations

from typing import Any

from tests.building import (
    FULL,
    INHERIT,
    INSTALLER_SID,
    PROTECTION,
    SERVICE_SID,
    a_container,
    a_descriptor,
    a_plan,
    good_facts,
    installed_facts,
    no_account,
)
from tests.checks.states import Case
from vmm_wizard.facts.model import Ace, ContainerFacts, Facts
from vmm_wizard.plan.model import DkmContainer, Plan
from vmm_wizard.plan.names import DistinguishedName

STATES = {
    "DKM-01": "pass warn fail not_applicable",
    "DKM-02": "pass warn fail unknown not_applicable",
    "DKM-03": "pass warn unknown not_applicable",
    "DKM-04": "pass warn unknown not_applicable",
    "DKM-05": "pass warn not_applicable",
    "DKM-06": "pass warn fail",
}

NAME = "CN=VMMDKM,DC=contoso,DC=lab"
SERVICE_ACE = Ace(True, SERVICE_SID, FULL, INHERIT)
INSTALLER_ACE = Ace(True, INSTALLER_SID, FULL, INHERIT)
MISSING = ContainerFacts(NAME, False, asked_as=r"CONTOSO\vmm-setup")


def container(**changes: Any) -> Facts:
    return good_facts(dkm=a_container(**changes))


def entries(*aces: Ace, **changes: Any) -> Facts:
    return container(descriptor=a_descriptor(*aces), **changes)


def named(dn: str) -> Plan:
    return a_plan(dkm=DkmContainer(DistinguishedName.parse(dn)))


CASES = [
    Case("DKM-01", "pass", f"found {NAME}"),
    Case("DKM-01", "warn", "organizational unit", container(object_classes=("top", "organizationalUnit"))),
    Case("DKM-01", "fail", "has no object", good_facts(dkm=MISSING)),
    Case("DKM-01", "fail", "is no container", container(object_classes=("top", "group"))),
    Case(
        "DKM-01", "not_applicable", "outside the domain", plan=named("CN=K,DC=corp,DC=lab"), also=frozenset({"DKM-06"})
    ),
    Case("DKM-02", "pass", "Full Control; it is protected"),
    Case("DKM-02", "warn", "on descendants: nothing", entries(PROTECTION, Ace(True, INSTALLER_SID, FULL), SERVICE_ACE)),
    Case("DKM-02", "warn", "not protected", entries(INSTALLER_ACE, SERVICE_ACE)),
    Case("DKM-02", "fail", "nothing", entries(PROTECTION, SERVICE_ACE)),
    Case("DKM-02", "unknown", "could not be read", container(descriptor=None), also=frozenset({"DKM-03"})),
    Case("DKM-02", "not_applicable", "DKM-01 first", good_facts(dkm=MISSING), also=frozenset({"DKM-01"})),
    Case("DKM-03", "pass", "Full Control"),
    Case("DKM-03", "warn", "nothing", entries(PROTECTION, INSTALLER_ACE)),
    Case("DKM-03", "unknown", "could not be read", container(descriptor=None), also=frozenset({"DKM-02"})),
    Case(
        "DKM-03",
        "not_applicable",
        "ACC-01 first",
        good_facts(service_account=no_account("svc-vmm")),
        also=frozenset({"ACC-01"}),
    ),
    Case("DKM-04", "pass", "may make containers in it and may change its permissions"),
    Case("DKM-04", "warn", "may not make containers", container(allowed_child_classes_effective=())),
    Case("DKM-04", "warn", "may not change its permissions", container(sd_rights_effective=0x3)),
    Case("DKM-04", "unknown", "could not be read", container(sd_rights_effective=None)),
    Case("DKM-04", "not_applicable", r"asked as CONTOSO\reader", container(asked_as=r"CONTOSO\reader")),
    Case(
        "DKM-04",
        "not_applicable",
        "DKM-02 first",
        entries(PROTECTION, SERVICE_ACE, allowed_child_classes_effective=(), sd_rights_effective=0),
        also=frozenset({"DKM-02"}),
    ),
    Case("DKM-05", "pass", "is empty"),
    Case("DKM-05", "pass", "are its keys", installed_facts()),
    Case("DKM-05", "warn", "another VMM uses it", container(children=(f"CN=a,{NAME}",))),
    Case("DKM-05", "not_applicable", "DKM-01 first", good_facts(dkm=MISSING), also=frozenset({"DKM-01"})),
    Case("DKM-06", "pass", "lies in DC=contoso,DC=lab"),
    Case("DKM-06", "warn", "must be escaped", plan=named(r"CN=Keys\, all,DC=contoso,DC=lab")),
    Case("DKM-06", "fail", "begins with OU=", plan=named("OU=VMMDKM,DC=contoso,DC=lab")),
]
