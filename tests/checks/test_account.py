"""The service account and the account that runs setup."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.building import (
    ADMINISTRATORS,
    DOMAIN_ADMINS,
    DOMAIN_SID,
    INSTALLER_SID,
    NOW,
    SERVICE_SID,
    a_plan,
    a_rehearsal,
    an_account,
    good_facts,
    no_account,
)
from tests.checks.asking import (
    FAIL,
    NOT_APPLICABLE,
    PASS,
    UNKNOWN,
    VMM01,
    VMM02,
    WARN,
    about,
    failing,
    finding,
    findings,
    with_node,
)
from vmm_wizard.checks.registry import judge
from vmm_wizard.facts.model import Facts, Member, NoAnswer, PasswordFacts, PasswordShape, RightsFacts
from vmm_wizard.plan.model import AccountKind, DkmContainer, Plan, Release, ServiceAccount
from vmm_wizard.plan.names import AccountName, DistinguishedName

SILENT = NoAnswer("could not reach dc01.contoso.lab:636: refused", "unreachable")
SERVICE_KEY = r"contoso\svc-vmm"
INSTALLER_KEY = r"contoso\vmm-setup"


def service(**changes: object) -> Facts:
    return good_facts(service_account=an_account("svc-vmm", SERVICE_SID, **changes))


def refused(code: str, meaning: str = "wrong", key: str = SERVICE_KEY, facts: Facts | None = None) -> Facts:
    facts = facts or good_facts()
    return replace(facts, passwords={**facts.passwords, key: PasswordFacts(key, False, code, meaning)})


def gmsa_plan(release: Release = Release.VMM_2022) -> Plan:
    account = ServiceAccount(AccountName.parse(r"CONTOSO\svc-vmm$"), AccountKind.GMSA)
    return a_plan(release=release, service_account=account)


GMSA = an_account("svc-vmm$", SERVICE_SID, object_classes=("top", "computer", "msDS-GroupManagedServiceAccount"))


# --- ACC-01


def test_an_account_that_is_there_passes() -> None:
    assert finding("ACC-01").status is PASS


def test_an_absent_account_fails_alone_and_the_remedy_makes_it() -> None:
    facts = refused("525", "no such user", facts=good_facts(service_account=no_account("svc-vmm")))
    row = finding("ACC-01", facts)
    assert row.status is FAIL
    assert "New-ADUser -Name 'svc-vmm'" in row.remedy
    assert failing(facts) == {"ACC-01"}
    for other in ("ACC-02", "ACC-03", "ACC-04", "ACC-11", "DKM-03"):
        assert {found.status for found in findings(other, facts)} == {NOT_APPLICABLE}


def test_a_directory_that_does_not_answer_leaves_the_account_unknown() -> None:
    row = finding("ACC-01", good_facts(service_account=SILENT))
    assert row.status is UNKNOWN
    assert row.evidence == SILENT.reason


def test_a_managed_account_passes_where_the_plan_says_so_and_the_release_takes_it() -> None:
    plan = gmsa_plan()
    facts = replace(good_facts(plan), service_account=GMSA)
    assert finding("ACC-01", facts, plan).status is PASS
    assert finding("ACC-02", facts, plan).status is PASS
    assert finding("ACC-03", facts, plan).status is NOT_APPLICABLE
    old = gmsa_plan(Release.VMM_2016)
    assert finding("ACC-01", facts, old).status is FAIL


def test_an_account_of_another_kind_than_planned_fails() -> None:
    assert finding("ACC-01", good_facts(service_account=GMSA)).status is FAIL
    plan = gmsa_plan()
    assert finding("ACC-01", good_facts(plan), plan).status is FAIL


# --- ACC-02


@pytest.mark.parametrize(
    ("changes", "word", "command"),
    [
        ({"user_account_control": 0x10202}, "disabled", "Enable-ADAccount -Identity 'svc-vmm'"),
        ({"computed_control": 0x10}, "locked out", "Unlock-ADAccount -Identity 'svc-vmm'"),
        ({"computed_control": 0x800000}, "expired password", "Set-ADAccountPassword -Identity 'svc-vmm' -Reset"),
        ({"must_change_password": True}, "must change its password", "Set-ADAccountPassword"),
        ({"user_account_control": 0x50200}, "smart card", "make an account beside 'svc-vmm'"),
        ({"expires": NOW}, "expired on 2026-03-02", "Set-ADAccountExpiration -Identity 'svc-vmm'"),
    ],
)
def test_an_account_that_cannot_log_on_fails(changes: dict[str, object], word: str, command: str) -> None:
    row = finding("ACC-02", service(**changes))
    assert row.status is FAIL
    assert word in row.evidence
    assert command in row.remedy


def test_all_reasons_are_told_at_once() -> None:
    row = finding("ACC-02", service(user_account_control=0x202, computed_control=0x10))
    assert "is disabled and is locked out" in row.evidence
    assert "Enable-ADAccount" in row.remedy
    assert "Unlock-ADAccount" in row.remedy


def test_an_account_that_expires_within_ninety_days_warns_and_one_that_expires_later_does_not() -> None:
    assert finding("ACC-02", service(expires=NOW + timedelta(days=89))).status is WARN
    assert finding("ACC-02", service(expires=NOW + timedelta(days=91))).status is PASS


def test_a_password_that_will_expire_warns_with_its_day() -> None:
    row = finding("ACC-02", service(user_account_control=0x200, password_expires=NOW + timedelta(days=30)))
    assert row.status is WARN
    assert "2026-04-01" in row.evidence


def test_an_expiry_date_is_unknown_while_nobody_tells_the_time() -> None:
    facts = replace(service(expires=NOW + timedelta(days=1)), domain=SILENT, sql=SILENT, nodes={})
    assert finding("ACC-02", facts).status is UNKNOWN


# --- ACC-03


def test_a_proved_password_passes() -> None:
    assert finding("ACC-03").status is PASS


def test_a_wrong_password_fails_alone() -> None:
    facts = refused("52e", "wrong user name or password")
    row = finding("ACC-03", facts)
    assert row.status is FAIL
    assert "52e" in row.evidence
    assert failing(facts) == {"ACC-03"}


def test_a_password_that_was_not_given_is_unknown_and_says_so() -> None:
    facts = good_facts(passwords={}, password_shapes={})
    row = finding("ACC-03", facts)
    assert row.status is UNKNOWN
    assert "no password was given" in row.evidence


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("533", {"user_account_control": 0x10202}),
        ("775", {"computed_control": 0x10}),
        ("532", {"computed_control": 0x800000}),
        ("773", {"must_change_password": True}),
        ("701", {"expires": NOW}),
    ],
)
def test_a_refusal_for_the_accounts_state_is_acc_02s_alone(code: str, changes: dict[str, object]) -> None:
    facts = refused(code, facts=service(**changes))
    assert finding("ACC-03", facts).status is NOT_APPLICABLE
    assert failing(facts) == {"ACC-02"}


def test_a_refusal_that_the_directory_does_not_explain_fails() -> None:
    assert finding("ACC-03", refused("775")).status is FAIL


@pytest.mark.parametrize("code", ["530", "531"])
def test_a_logon_that_is_not_allowed_here_or_now_says_nothing_about_the_password(code: str) -> None:
    assert finding("ACC-03", refused(code)).status is UNKNOWN


# --- ACC-04


def test_a_member_of_administrators_passes_directly_and_through_a_group() -> None:
    group = f"{DOMAIN_SID}-1300"
    facts = replace(
        with_node(administrators=(Member(group, r"CONTOSO\VMM Admins"),)),
        service_account=an_account("svc-vmm", SERVICE_SID, token_groups=(group,)),
    )
    assert about("ACC-04", facts, subject=VMM02).status is PASS
    row = about("ACC-04", facts)
    assert row.status is PASS
    assert r"CONTOSO\VMM Admins" in row.evidence


def test_an_account_that_is_no_administrator_fails_on_that_node_with_the_command() -> None:
    facts = with_node(administrators=(Member(INSTALLER_SID, ""),))
    row = about("ACC-04", facts)
    assert row.status is FAIL
    assert r"Add-LocalGroupMember -SID S-1-5-32-544 -Member 'CONTOSO\svc-vmm'" in row.remedy
    assert VMM01 in row.remedy
    assert about("ACC-04", facts, subject=VMM02).status is PASS
    assert failing(facts) == {"ACC-04"}


def test_members_or_groups_that_could_not_be_read_are_unknown() -> None:
    assert about("ACC-04", with_node(administrators=None)).status is UNKNOWN
    nobody = with_node(service(token_groups=None), administrators=())
    assert about("ACC-04", nobody).status is UNKNOWN


def test_a_silent_node_is_unknown_and_the_other_is_judged() -> None:
    facts = good_facts()
    facts = replace(facts, nodes={**facts.nodes, VMM01: NoAnswer("could not reach vmm01.contoso.lab:5985: refused")})
    assert about("ACC-04", facts).status is UNKNOWN
    assert about("ACC-04", facts, subject=VMM02).status is PASS


# --- ACC-06, ACC-07, ACC-11


def test_one_domain_in_any_spelling_passes() -> None:
    plan = a_plan(installing_account=AccountName.parse("vmm-setup@contoso.lab"))
    assert finding("ACC-06", good_facts(plan), plan).status is PASS


def test_accounts_of_two_domains_fail() -> None:
    plan = a_plan(service_account=ServiceAccount(AccountName.parse(r"FABRIKAM\svc-vmm")))
    row = finding("ACC-06", good_facts(plan), plan)
    assert row.status is FAIL
    assert "fabrikam" in row.evidence


def test_a_container_outside_the_domain_is_dkm_06s_alone() -> None:
    plan = a_plan(dkm=DkmContainer(DistinguishedName.parse("CN=VMMDKM,DC=fabrikam,DC=lab")))
    facts = good_facts(plan)
    assert finding("ACC-06", facts, plan).status is NOT_APPLICABLE
    assert failing(facts, plan) == {"DKM-06"}


def test_a_netbios_name_is_not_compared_before_the_directory_translates_it() -> None:
    facts = good_facts(domain=SILENT, installing_account=SILENT, service_account=SILENT)
    assert finding("ACC-06", facts).status is UNKNOWN


def test_accounts_that_agree_fail_with_a_container_whose_domain_cannot_be_compared_yet() -> None:
    plan = a_plan(dkm=DkmContainer(DistinguishedName.parse("CN=VMMDKM,DC=fabrikam,DC=lab")))
    facts = good_facts(plan, domain=SILENT)
    assert finding("ACC-06", facts, plan).status is FAIL


def shaped(password: str) -> Facts:
    facts = good_facts()
    return replace(facts, password_shapes={**facts.password_shapes, SERVICE_KEY: PasswordShape.of(password)})


@pytest.mark.parametrize("password", ["Correct.Horse", "%^&!$`'", "x" * 255])
def test_a_plain_password_passes(password: str) -> None:
    assert finding("ACC-07", shaped(password), subject="password").status is PASS


@pytest.mark.parametrize("password", ["/x", "-x", "", "x" * 256])
def test_a_password_that_setup_cannot_take_fails(password: str) -> None:
    assert finding("ACC-07", shaped(password), subject="password").status is FAIL


@pytest.mark.parametrize("password", ['a"b', "ends\\"])
def test_a_password_that_needs_quoting_warns(password: str) -> None:
    assert finding("ACC-07", shaped(password), subject="password").status is WARN


def test_without_a_password_only_the_name_is_judged_and_nothing_is_said_of_the_rest() -> None:
    rows = findings("ACC-07", good_facts(password_shapes={}))
    assert [(row.subject, row.status) for row in rows] == [("name", PASS)]


def test_a_name_that_looks_like_a_switch_fails() -> None:
    plan = a_plan(service_account=ServiceAccount(AccountName.parse(r"CONTOSO\-svc")))
    assert finding("ACC-07", good_facts(plan), plan, subject="name").status is FAIL


def test_a_dedicated_account_passes() -> None:
    assert finding("ACC-11").status is PASS


def test_a_domain_administrator_or_the_installing_account_itself_warns() -> None:
    assert finding("ACC-11", service(token_groups=(DOMAIN_ADMINS,))).status is WARN
    assert finding("ACC-11", service(token_groups=("S-1-5-21-9-9-9-1512",))).status is PASS
    plan = a_plan(service_account=ServiceAccount(AccountName.parse(r"contoso\VMM-setup")))
    assert finding("ACC-11", good_facts(plan), plan).status is WARN
    same = good_facts(service_account=an_account("svc-vmm", INSTALLER_SID))
    assert finding("ACC-11", same).status is WARN


# --- INS


def test_an_installer_in_administrators_passes_and_one_outside_fails() -> None:
    assert about("INS-01").status is PASS
    facts = with_node(administrators=(Member(SERVICE_SID, ""),))
    row = about("INS-01", facts)
    assert row.status is FAIL
    assert r"-Member 'CONTOSO\vmm-setup'" in row.remedy
    assert about("INS-01", with_node(administrators=None)).status is UNKNOWN


def test_what_a_rehearsal_saw_wins_over_the_members_of_the_group() -> None:
    outside = with_node(administrators=(Member(SERVICE_SID, ""),))
    assert about("INS-01", replace(outside, rehearsals={VMM01: a_rehearsal()})).status is PASS
    for bad in (a_rehearsal(groups=()), a_rehearsal(elevated=False)):
        assert about("INS-01", good_facts(rehearsals={VMM01: bad})).status is FAIL


def test_an_installer_in_good_state_may_run_tasks_on_each_node() -> None:
    assert [row.status for row in findings("INS-02")] == [PASS, PASS, PASS]


def test_a_refused_installer_fails_once_and_nothing_more_is_said() -> None:
    rows = findings("INS-02", refused("52e", "wrong user name or password", INSTALLER_KEY))
    assert [row.status for row in rows] == [FAIL]
    rows = findings(
        "INS-02", good_facts(installing_account=an_account("vmm-setup", INSTALLER_SID, computed_control=0x10))
    )
    assert [row.status for row in rows] == [FAIL]
    assert "Unlock-ADAccount -Identity 'vmm-setup'" in rows[0].remedy
    absent = good_facts(installing_account=no_account("vmm-setup"))
    assert finding("INS-02", absent).status is FAIL
    assert {row.status for row in findings("INS-01", absent)} == {NOT_APPLICABLE}


def test_a_refused_installer_fails_before_any_node_is_named() -> None:
    plan = Plan(installing_account=a_plan().installing_account)
    facts = refused("52e", "wrong user name or password", INSTALLER_KEY)
    assert [row.status for row in judge(plan, facts) if row.id == "INS-02"] == [FAIL]


def rights(batch: tuple[str, ...] = (ADMINISTRATORS,), deny: tuple[str, ...] = ()) -> RightsFacts:
    return RightsFacts((), (), batch, deny, ())


def test_a_missing_or_denied_batch_logon_fails_on_that_node() -> None:
    missing = with_node(rights=rights(batch=("S-1-5-32-551",)))
    assert about("INS-02", missing).status is FAIL
    assert about("INS-02", missing, subject=VMM02).status is PASS
    denied = about("INS-02", with_node(rights=rights(deny=(INSTALLER_SID,))))
    assert denied.status is FAIL
    assert "SeDenyBatchLogonRight" in denied.evidence
    assert about("INS-02", with_node(rights=None)).status is UNKNOWN


def test_a_rehearsal_that_ran_proves_the_batch_logon() -> None:
    facts = replace(with_node(rights=rights(batch=())), rehearsals={VMM01: a_rehearsal()})
    assert about("INS-02", facts).status is PASS


def test_a_policy_against_stored_passwords_fails_unless_the_rehearsal_was_registered() -> None:
    assert about("INS-03").status is PASS
    facts = with_node(disable_domain_creds=1)
    assert about("INS-03", facts).status is FAIL
    assert failing(facts) == {"INS-03"}
    assert about("INS-03", replace(facts, rehearsals={VMM01: a_rehearsal()})).status is PASS
