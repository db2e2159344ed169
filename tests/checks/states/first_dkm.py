"""The DKM container: there, somebody's, and with what rights."""

from __future__ import annotations

from dataclasses import replace
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
from tests.building_sql import a_database, a_sql
from tests.checks.states import Case
from vmm_wizard.facts.model import Ace, Facts, NoAnswer
from vmm_wizard.plan.model import DkmContainer, Plan
from vmm_wizard.plan.names import DistinguishedName

STATES = {
    "DKM-01": "pass warn fail unknown not_applicable",
    "DKM-02": "pass warn fail unknown not_applicable",
    "DKM-03": "pass warn unknown not_applicable",
    "DKM-05": "pass warn fail unknown not_applicable",
    "DKM-06": "pass warn fail unknown",
}

SILENT = NoAnswer("could not reach dc01.contoso.lab:636: refused", "unreachable")
INSTALLER = Ace(True, INSTALLER_SID, FULL, INHERIT)
SERVICE = Ace(True, SERVICE_SID, FULL, INHERIT)


def container(**changes: Any) -> Facts:
    """The good estate with another container."""
    return good_facts(dkm=a_container(**changes))


def rights(*aces: Ace) -> Facts:
    """The container with these entries."""
    return container(descriptor=a_descriptor(*aces))


def named(dn: str) -> Plan:
    """The plan with another container."""
    return a_plan(dkm=DkmContainer(DistinguishedName.parse(dn)))


def with_database(*, keys: bool) -> Facts:
    """VMM's database from before, with or without something in the container."""
    children = ("CN=key,CN=VMMDKM,DC=contoso,DC=lab",) if keys else ()
    return good_facts(sql=a_sql(database=a_database(is_vmm=True)), dkm=a_container(children=children))


KEPT = a_plan(database=replace(a_plan().database, create_new=False))
#: A database of VMM's that is to be taken is worth a word in any case.
TAKEN = frozenset({"SQL-14"})
MISSING = container(found=False)
FABRIKAM = named("CN=VMMDKM,DC=fabrikam,DC=lab")
UNIT = named("OU=VMMDKM,DC=contoso,DC=lab")
AWKWARD = named(r"CN=VMM\, keys,DC=contoso,DC=lab")

CASES = (
    Case("DKM-01", "pass", "found CN=VMMDKM"),
    Case("DKM-01", "warn", "organizational unit", container(object_classes=("top", "organizationalUnit"))),
    Case("DKM-01", "fail", "has no object", MISSING),
    Case("DKM-01", "unknown", "dc01.contoso.lab:636: refused", good_facts(dkm=SILENT)),
    Case("DKM-01", "not_applicable", "DKM-06 first", plan=FABRIKAM),
    Case("DKM-02", "pass", "protected from accidental deletion"),
    Case("DKM-02", "warn", "on descendants: nothing", rights(PROTECTION, Ace(True, INSTALLER_SID, FULL), SERVICE)),
    Case("DKM-02", "fail", "and all descendants: nothing", rights(PROTECTION, SERVICE)),
    Case("DKM-02", "unknown", "could not be read", container(descriptor=None)),
    Case("DKM-02", "not_applicable", "DKM-01 first", MISSING),
    Case("DKM-03", "pass", r"CONTOSO\svc-vmm has on"),
    Case("DKM-03", "warn", "nothing", rights(PROTECTION, INSTALLER)),
    Case("DKM-03", "unknown", "could not be read", container(descriptor=None)),
    Case("DKM-03", "not_applicable", "ACC-01 first", good_facts(service_account=no_account("svc-vmm"))),
    Case("DKM-05", "pass", "is empty"),
    Case("DKM-05", "pass", "they are its keys", installed_facts()),
    Case(
        "DKM-05", "pass", "as database VirtualManagerDB from before wants them", with_database(keys=True), KEPT, TAKEN
    ),
    Case("DKM-05", "fail", "its keys are lost, or elsewhere", with_database(keys=False), KEPT, TAKEN),
    Case("DKM-05", "unknown", "sql01 is silent", good_facts(sql=NoAnswer("sql01 is silent")), KEPT),
    Case("DKM-05", "warn", "another VMM uses it", container(children=("CN=key,CN=VMMDKM,DC=contoso,DC=lab",))),
    Case("DKM-05", "unknown", "dc01.contoso.lab:636: refused", good_facts(dkm=SILENT)),
    Case("DKM-05", "not_applicable", "DKM-01 first", MISSING),
    Case("DKM-06", "pass", "lies in DC=contoso,DC=lab"),
    Case("DKM-06", "warn", "must be escaped", plan=AWKWARD),
    Case("DKM-06", "fail", "and the domain is contoso.lab", plan=FABRIKAM),
    Case("DKM-06", "fail", "begins with OU=", container(found=False), UNIT),
    Case("DKM-06", "unknown", "dc01.contoso.lab:636: refused", good_facts(domain=SILENT)),
)
