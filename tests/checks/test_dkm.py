"""The container of the keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.building import (
    FULL,
    GENERIC_ALL,
    INHERIT,
    INHERIT_ONLY,
    INSTALLER_SID,
    PROTECTION,
    SERVICE_SID,
    a_container,
    a_descriptor,
    a_plan,
    a_rehearsal,
    an_account,
    good_facts,
    installed_facts,
)
from tests.checks.asking import FAIL, NOT_APPLICABLE, PASS, UNKNOWN, VMM01, WARN, failing, finding
from vmm_wizard.checks.registry import Finding, judge
from vmm_wizard.facts.model import Ace, ContainerFacts, Facts, NoAnswer, ReplicaFacts
from vmm_wizard.plan.model import DkmContainer, Plan
from vmm_wizard.plan.names import DistinguishedName

SILENT = NoAnswer("could not reach dc01.contoso.lab:636: refused", "unreachable")
SERVICE = Ace(True, SERVICE_SID, FULL, INHERIT)
INSTALLER = Ace(True, INSTALLER_SID, FULL, INHERIT)


def plan_with(dn: str) -> Plan:
    return a_plan(dkm=DkmContainer(DistinguishedName.parse(dn)))


def granted(*aces: Ace) -> Facts:
    return good_facts(dkm=a_container(descriptor=a_descriptor(*aces)))


def test_an_absent_container_fails_alone() -> None:
    plan = plan_with("CN=Missing,DC=contoso,DC=lab")
    facts = replace(good_facts(plan), dkm=ContainerFacts("CN=Missing,DC=contoso,DC=lab", found=False))
    row = finding("DKM-01", facts, plan)
    assert row.status is FAIL
    assert "New-ADObject -Type container -Name 'Missing' -Path 'DC=contoso,DC=lab'" in row.remedy
    assert r"dsacls 'CN=Missing,DC=contoso,DC=lab' /I:T /G 'CONTOSO\vmm-setup:GA'" in row.remedy
    assert failing(facts, plan) == {"DKM-01"}
    for other in ("DKM-02", "DKM-03", "DKM-05"):
        assert finding(other, facts, plan).status is NOT_APPLICABLE


def test_a_container_passes_an_organizational_unit_warns_and_anything_else_fails() -> None:
    assert finding("DKM-01").status is PASS
    assert finding("DKM-01", good_facts(dkm=a_container(object_classes=("top", "organizationalUnit")))).status is WARN
    assert finding("DKM-01", good_facts(dkm=a_container(object_classes=("top", "user")))).status is FAIL


def test_a_referral_fails_and_silence_is_unknown() -> None:
    referred = good_facts(dkm=a_container(found=False, referral="ldap://dc.other.lab"))
    assert finding("DKM-01", referred).status is FAIL
    for check in ("DKM-01", "DKM-02", "DKM-03", "DKM-05"):
        assert finding(check, good_facts(dkm=SILENT)).status is UNKNOWN


@pytest.mark.parametrize(
    "aces",
    [
        (PROTECTION, INSTALLER, SERVICE),
        (PROTECTION, Ace(True, "S-1-5-11", GENERIC_ALL, INHERIT)),
        (PROTECTION, Ace(True, INSTALLER_SID, FULL), Ace(True, INSTALLER_SID, GENERIC_ALL, INHERIT | INHERIT_ONLY)),
    ],
)
def test_full_control_with_inheritance_passes_and_names_the_protection(aces: tuple[Ace, ...]) -> None:
    row = finding("DKM-02", granted(*aces))
    assert row.status is PASS
    assert "protected from accidental deletion" in row.evidence


def test_full_control_of_an_unprotected_container_warns() -> None:
    row = finding("DKM-02", granted(INSTALLER, SERVICE))
    assert row.status is WARN
    assert "-ProtectedFromAccidentalDeletion $true" in row.remedy


def test_full_control_of_this_object_only_warns() -> None:
    assert finding("DKM-02", granted(PROTECTION, Ace(True, INSTALLER_SID, FULL))).status is WARN


def test_less_than_full_control_fails_and_the_remedy_grants_it() -> None:
    facts = granted(PROTECTION, SERVICE, Ace(True, INSTALLER_SID, 0x20094, INHERIT))
    row = finding("DKM-02", facts)
    assert row.status is FAIL
    assert "'CONTOSO\\vmm-setup:GA'" in row.remedy
    assert failing(facts) == {"DKM-02"}


def test_a_real_denial_fails_and_the_remedy_looks_before_it_grants() -> None:
    row = finding("DKM-02", granted(Ace(False, INSTALLER_SID, 0x1, INHERIT), PROTECTION, INSTALLER, SERVICE))
    assert row.status is FAIL
    assert f"a deny for {INSTALLER_SID}" in row.remedy
    assert "find out who set it" in row.remedy


def test_permissions_or_groups_that_could_not_be_read_are_unknown() -> None:
    assert finding("DKM-02", good_facts(dkm=a_container(descriptor=None))).status is UNKNOWN
    assert finding("DKM-03", good_facts(dkm=a_container(descriptor=None))).status is UNKNOWN
    nobody = an_account("vmm-setup", INSTALLER_SID, token_groups=None)
    assert finding("DKM-02", good_facts(installing_account=nobody)).status is UNKNOWN


def test_a_rehearsal_wins_where_it_was_refused() -> None:
    for bad in (
        a_rehearsal(dkm_found=False, dkm_error="access denied"),
        a_rehearsal(dkm_allowed_child_classes=()),
        a_rehearsal(dkm_sd_rights=0),
    ):
        assert finding("DKM-02", good_facts(rehearsals={VMM01: bad})).status is FAIL


def test_a_rehearsal_wins_where_it_was_let_in_but_inheritance_is_not_proved_by_it() -> None:
    facts = replace(granted(PROTECTION, SERVICE), rehearsals={VMM01: a_rehearsal()})
    assert finding("DKM-02", facts).status is WARN
    unread = good_facts(dkm=a_container(descriptor=None), rehearsals={VMM01: a_rehearsal()})
    assert finding("DKM-02", unread).status is PASS


def test_the_service_account_warns_when_it_has_nothing_and_never_fails() -> None:
    assert finding("DKM-03").status is PASS
    assert finding("DKM-03", granted(PROTECTION, INSTALLER)).status is WARN
    assert finding("DKM-03", granted(PROTECTION, INSTALLER, Ace(True, SERVICE_SID, 0x200B5, INHERIT))).status is PASS


def test_a_container_with_keys_warns_before_an_install_and_is_well_after_it() -> None:
    assert finding("DKM-05").status is PASS
    row = finding("DKM-05", good_facts(dkm=a_container(children=("CN=key,CN=VMMDKM,DC=contoso,DC=lab",))))
    assert row.status is WARN
    assert "CN=key" in row.evidence
    assert finding("DKM-05", installed_facts()).status is PASS


def test_a_name_that_is_no_containers_or_of_another_domain_fails_alone() -> None:
    plan = plan_with("OU=VMMDKM,DC=contoso,DC=lab")
    facts = replace(good_facts(plan), dkm=ContainerFacts("OU=VMMDKM,DC=contoso,DC=lab", found=False))
    assert failing(facts, plan) == {"DKM-06"}
    elsewhere = plan_with("CN=VMMDKM,DC=fabrikam,DC=lab")
    row = finding("DKM-06", good_facts(elsewhere), elsewhere)
    assert row.status is FAIL
    assert "CN=VMMDKM,DC=contoso,DC=lab" in row.remedy


def test_a_good_name_passes_an_awkward_one_warns_and_without_a_directory_it_is_unknown() -> None:
    assert finding("DKM-06").status is PASS
    plan = plan_with(r"CN=VMM\, keys,DC=contoso,DC=lab")
    assert finding("DKM-06", good_facts(plan), plan).status is WARN
    assert finding("DKM-06", good_facts(domain=SILENT)).status is UNKNOWN


# --- DKM-07


def replicated(facts: Facts, plan: Plan | None = None) -> list[Finding]:
    """What DKM-07 says, all of it."""
    return [row for row in judge(plan or a_plan(), facts) if row.id == "DKM-07"]


def further(**changes: Any) -> Facts:
    return good_facts(replicas=ReplicaFacts("dc01.contoso.lab", "Head-Office", **changes))


def test_each_controller_without_the_container_is_named_with_the_command_that_copies_it() -> None:
    late, later, have, rest = (f"dc0{number}.contoso.lab" for number in (2, 3, 4, 6))
    silent = {"dc05.contoso.lab": "could not reach dc05.contoso.lab:636: refused"}
    rows = replicated(further(lacking=(late, later), having=(have,), silent=silent, left_out=(rest,)))
    assert [(row.status, row.subject) for row in rows] == [
        (WARN, late),
        (WARN, later),
        (UNKNOWN, "dc05.contoso.lab"),
        (PASS, ""),
    ]
    for row in rows[:2]:
        copy = f"repadmin /replsingleobj '{row.subject}' 'dc01.contoso.lab' 'CN=VMMDKM,DC=contoso,DC=lab'"
        assert row.remedy == f"AD team, in PowerShell: {copy}"
    assert "could not reach dc05.contoso.lab:636: refused" in rows[2].evidence
    assert rows[3].evidence.startswith(f"dc01.contoso.lab, {have} have CN=VMMDKM,DC=contoso,DC=lab")
    assert all(f"not asked: {rest}" in row.evidence for row in rows)


def test_a_name_with_an_apostrophe_stays_one_argument() -> None:
    dn = "CN=VMM's keys,DC=contoso,DC=lab"
    facts = replace(further(lacking=("dc02.contoso.lab",)), dkm=a_container(dn=dn))
    (row,) = replicated(facts, plan_with(dn))
    assert row.remedy.endswith(" 'CN=VMM''s keys,DC=contoso,DC=lab'")


def test_controllers_that_say_nothing_are_never_a_pass() -> None:
    assert [row.status for row in replicated(further(silent={"dc02.contoso.lab": "timed out"}))] == [UNKNOWN]
    assert [row.status for row in replicated(good_facts(replicas=SILENT))] == [UNKNOWN]


def test_what_comes_first_and_what_is_over_hide_a_late_copy() -> None:
    late = ReplicaFacts("dc01.contoso.lab", "Head-Office", lacking=("dc02.contoso.lab",))
    elsewhere = plan_with("CN=VMMDKM,DC=fabrikam,DC=lab")
    for facts, plan in (
        (good_facts(dkm=a_container(found=False), replicas=late), a_plan()),
        (good_facts(elsewhere, replicas=late), elsewhere),
        (installed_facts(replicas=late), a_plan()),
    ):
        assert [row.status for row in replicated(facts, plan)] == [NOT_APPLICABLE]
    assert [row.status for row in replicated(installed_facts(done=1, replicas=late))] == [WARN]
