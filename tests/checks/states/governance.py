"""Administrators and user rights (ACC-04, ACC-05, INS-01 to INS-03), as they are and as group policy will make them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.building import (
    ADMINISTRATORS,
    INSTALLER_SID,
    SERVICE_SID,
    a_node,
    good_facts,
    no_account,
)
from tests.checks.asking import with_node
from tests.checks.states import Case
from vmm_wizard.facts.model import Facts, GovernedGroup, GovernedRight, GovernedValue, Member, PolicyFacts, RightsFacts

STATES = {
    "ACC-04": "pass fail warn unknown not_applicable",
    "ACC-05": "pass fail warn unknown not_applicable",
    "INS-01": "pass fail warn unknown not_applicable",
    "INS-02": "pass fail warn unknown",
    "INS-03": "pass fail warn",
}


def governed(*rights: GovernedRight, **changes: Any) -> PolicyFacts:
    """What GPOs define: these rights, and nothing else unless said."""
    return replace(PolicyFacts(rights, None, (), None), **changes)


def keeps(*sids: str) -> PolicyFacts:
    """A GPO that says who is in Administrators."""
    return governed(administrators=GovernedGroup("Tier 1", sids))


def gives(right: str, *sids: str) -> PolicyFacts:
    """A GPO that says who holds a user right."""
    return governed(GovernedRight(right, "Baseline", sids))


def with_rights(**changes: Any) -> Facts:
    """User rights of vmm01 changed."""
    rights = a_node().rights
    assert isinstance(rights, RightsFacts)
    return with_node(rights=replace(rights, **changes))


NO_SERVICE = good_facts(service_account=no_account("svc-vmm"))
NO_INSTALLER = good_facts(installing_account=no_account("vmm-setup"))

CASES = (
    Case("ACC-04", "pass", "member of the local Administrators group"),
    Case("ACC-04", "pass", "defined by GPO Tier 1", with_node(policy=keeps(SERVICE_SID, INSTALLER_SID))),
    Case("ACC-04", "fail", "neither", with_node(administrators=(Member(INSTALLER_SID, ""),))),
    Case("ACC-04", "fail", "the next refresh takes that away", with_node(policy=keeps(INSTALLER_SID))),
    Case(
        "ACC-04",
        "warn",
        "as far as its accounts could be read",
        with_node(policy=keeps(INSTALLER_SID, "FABRIKAM\\Admins")),
    ),
    Case(
        "ACC-04",
        "unknown",
        "could not be read",
        with_node(administrators=None),
        also=frozenset({"ACC-05", "INS-01", "INS-02"}),
    ),
    Case("ACC-04", "not_applicable", "ACC-01 first", NO_SERVICE, also=frozenset({"ACC-01"})),
    Case("ACC-05", "pass", "nothing denies it"),
    Case("ACC-05", "fail", "is denied", with_rights(deny_service_logon=(SERVICE_SID,))),
    Case("ACC-05", "fail", "SeDenyNetworkLogonRight", with_rights(deny_network_logon=(SERVICE_SID,))),
    Case(
        "ACC-05", "fail", "the next refresh denies it", with_node(policy=gives("SeDenyServiceLogonRight", SERVICE_SID))
    ),
    Case("ACC-05", "fail", "takes that away", with_node(policy=gives("SeServiceLogonRight", "S-1-5-80-0"))),
    Case("ACC-05", "warn", "setup may add it", with_rights(service_logon=())),
    Case("ACC-05", "unknown", "secedit", with_node(rights=None), also=frozenset({"INS-02"})),
    Case("ACC-05", "not_applicable", "ACC-01 first", NO_SERVICE, also=frozenset({"ACC-01"})),
    Case("INS-01", "pass", "member of the local Administrators group"),
    Case(
        "INS-01",
        "fail",
        "neither",
        with_node(administrators=(Member(SERVICE_SID, ""),)),
        also=frozenset({"INS-02"}),
    ),
    Case(
        "INS-01",
        "warn",
        "the next refresh takes that away",
        with_node(policy=keeps(SERVICE_SID)),
    ),
    Case(
        "INS-01",
        "unknown",
        "could not be read",
        with_node(administrators=None),
        also=frozenset({"ACC-04", "ACC-05", "INS-02"}),
    ),
    Case("INS-01", "not_applicable", "INS-02 first", NO_INSTALLER, also=frozenset({"INS-02"})),
    Case("INS-02", "pass", "may log on as a batch job"),
    Case("INS-02", "fail", "has no account", NO_INSTALLER),
    Case("INS-02", "fail", "SeDenyBatchLogonRight names", with_rights(deny_batch_logon=(INSTALLER_SID,))),
    Case("INS-02", "warn", "takes that away", with_node(policy=gives("SeBatchLogonRight", "S-1-5-32-551"))),
    Case(
        "INS-02", "warn", "the next refresh denies it", with_node(policy=gives("SeDenyBatchLogonRight", ADMINISTRATORS))
    ),
    Case("INS-02", "unknown", "secedit", with_node(rights=None), also=frozenset({"ACC-05"})),
    Case("INS-03", "pass", "not set"),
    Case("INS-03", "fail", "DisableDomainCreds is 1", with_node(disable_domain_creds=1)),
    Case(
        "INS-03",
        "warn",
        "GPO Baseline sets it",
        with_node(policy=governed(disable_domain_creds=GovernedValue("Baseline", "1"))),
    ),
)
