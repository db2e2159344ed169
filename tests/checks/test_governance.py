"""Settings that a GPO governs: the remedy goes to its owner, and a change on the node that is undone is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.building import (
    ADMINISTRATORS,
    DOMAIN_SID,
    INSTALLER_SID,
    SERVICE_SID,
    a_node,
    a_rehearsal,
    an_account,
    good_facts,
)
from tests.checks.asking import FAIL, PASS, UNKNOWN, VMM01, WARN, about, failing, with_node
from tests.checks.states.governance import gives, governed, keeps, with_rights
from vmm_wizard.checks.governance import (
    BATCH_LOGON,
    DENY_BATCH_LOGON,
    SERVICE_LOGON,
    STORED_PASSWORDS,
    governor,
    place,
    sids_later,
    undone,
)
from vmm_wizard.checks.remedies import Team
from vmm_wizard.facts.model import AddedMember, GovernedValue, Member

GROUP = f"{DOMAIN_SID}-1300"


# --- who governs what


def test_without_a_gpo_nobody_governs_and_a_change_on_the_node_lasts() -> None:
    node = a_node()
    assert governor(node, ADMINISTRATORS) is None
    assert governor(node, SERVICE_LOGON) is None
    assert undone(node, ADMINISTRATORS, {SERVICE_SID}) == ""


def test_what_could_not_be_read_is_not_called_undone() -> None:
    assert undone(a_node(policy=None), ADMINISTRATORS, {SERVICE_SID}) == ""


def test_adding_an_account_that_the_gpo_does_not_name_is_undone_and_adding_one_that_it_names_is_not() -> None:
    node = a_node(policy=keeps(INSTALLER_SID))
    refusal = undone(node, ADMINISTRATORS, {SERVICE_SID})
    assert "GPO Tier 1" in refusal
    assert "undone" in refusal
    assert undone(node, ADMINISTRATORS, {INSTALLER_SID}) == ""
    assert undone(node, ADMINISTRATORS, {SERVICE_SID, INSTALLER_SID}) == "", "through a group of it"


def test_taking_an_account_out_of_a_denial_that_a_gpo_names_is_undone() -> None:
    node = a_node(policy=gives(DENY_BATCH_LOGON, SERVICE_SID))
    assert undone(node, DENY_BATCH_LOGON, {SERVICE_SID}, granted=False)
    assert undone(node, DENY_BATCH_LOGON, {INSTALLER_SID}, granted=False) == ""
    assert undone(node, BATCH_LOGON, {INSTALLER_SID}) == "", "another right is nobody's"


def test_a_registry_value_that_a_gpo_sets_is_undone_whoever_asks() -> None:
    node = a_node(policy=governed(disable_domain_creds=GovernedValue("Baseline", "1")))
    assert "GPO Baseline" in undone(node, STORED_PASSWORDS)
    assert place(STORED_PASSWORDS) in undone(node, STORED_PASSWORDS)


def test_a_group_that_another_gpo_adds_stays() -> None:
    node = a_node(policy=replace(keeps(INSTALLER_SID), added_administrators=(AddedMember("Add VMM", GROUP),)))
    assert undone(node, ADMINISTRATORS, {SERVICE_SID, GROUP}) == ""


def test_what_an_account_acts_with_later_follows_the_gpo_not_todays_members() -> None:
    node = a_node(policy=keeps(INSTALLER_SID))
    assert ADMINISTRATORS in sids_later(node, frozenset({INSTALLER_SID}))
    assert ADMINISTRATORS not in sids_later(node, frozenset({SERVICE_SID}))


# --- what the checks make of it


def test_a_group_that_a_gpo_governs_is_a_matter_for_the_ad_team() -> None:
    facts = with_node(administrators=(Member(INSTALLER_SID, ""),), policy=keeps(INSTALLER_SID))
    row = about("ACC-04", facts)
    assert row.status is FAIL
    assert row.teams == (Team.AD,)
    assert "Add-LocalGroupMember" not in row.remedy
    assert "Get-GPOReport -Name 'Tier 1'" in row.remedy
    assert f"Not on {VMM01} itself" in row.remedy
    assert "defined by GPO Tier 1" in row.evidence


def test_a_gpos_name_is_quoted_for_powershell() -> None:
    facts = with_node(policy=keeps(INSTALLER_SID))
    node = facts.node(VMM01)
    assert node.policy
    assert node.policy.administrators
    odd = replace(node.policy, administrators=replace(node.policy.administrators, gpo="it's $(x)"))
    assert "-Name 'it''s $(x)'" in about("ACC-04", with_node(policy=odd)).remedy


def test_where_the_gpo_names_the_account_a_refresh_is_enough() -> None:
    facts = with_node(administrators=(Member(INSTALLER_SID, ""),), policy=keeps(INSTALLER_SID, SERVICE_SID))
    row = about("ACC-04", facts)
    assert row.status is FAIL
    assert "gpupdate /target:computer" in row.remedy
    assert row.teams == (Team.NODES,)


def test_a_member_that_the_gpo_takes_out_fails_alone_although_it_is_one_today() -> None:
    facts = with_node(policy=keeps(INSTALLER_SID))
    row = about("ACC-04", facts)
    assert row.status is FAIL
    assert "GPO Tier 1 does not name it" in row.evidence
    assert failing(facts) == {"ACC-04"}


@pytest.mark.parametrize("added", [None, ()])
def test_on_windows_that_does_not_log_added_groups_the_loss_is_only_likely(
    added: tuple[AddedMember, ...] | None,
) -> None:
    facts = with_node(policy=replace(keeps(INSTALLER_SID), added_administrators=added))
    assert about("ACC-04", facts).status is (WARN if added is None else FAIL)


def test_groups_that_could_not_be_read_leave_open_what_a_gpo_will_do() -> None:
    facts = replace(
        with_node(policy=keeps(GROUP)), service_account=an_account("svc-vmm", SERVICE_SID, token_groups=None)
    )
    assert about("ACC-04", facts).status is UNKNOWN


def test_evidence_says_when_policies_could_not_be_read_and_the_judgement_is_as_before() -> None:
    good = about("ACC-04", with_node(policy=None))
    assert good.status is PASS
    bad = about("ACC-04", with_node(policy=None, administrators=()))
    assert bad.status is FAIL
    assert "Add-LocalGroupMember" in bad.remedy
    for row in (good, bad, about("ACC-05", with_node(policy=None)), about("INS-01", with_node(policy=None))):
        assert "RSoP" in row.evidence


def test_an_installer_that_a_gpo_takes_out_is_warned_of_and_the_gpo_named() -> None:
    facts = with_node(policy=keeps(SERVICE_SID))
    row = about("INS-01", facts)
    assert row.status is WARN
    assert row.teams == (Team.AD,)
    assert about("INS-02", facts).status is PASS, "its batch right goes with the group, which INS-01 tells once"


def test_a_rehearsal_without_administrators_names_the_gpo_too() -> None:
    facts = good_facts(rehearsals={VMM01: a_rehearsal(groups=())})
    assert "Add-LocalGroupMember" in about("INS-01", facts).remedy
    governed_facts = replace(with_node(policy=keeps(SERVICE_SID)), rehearsals=facts.rehearsals)
    assert "GPO" in about("INS-01", governed_facts).remedy
    assert "Add-LocalGroupMember" not in about("INS-01", governed_facts).remedy


def test_a_rehearsal_tells_the_present_and_the_gpo_what_comes() -> None:
    good = good_facts(rehearsals={VMM01: a_rehearsal()})
    assert about("INS-01", good).status is PASS
    row = about("INS-01", replace(with_node(policy=keeps(SERVICE_SID)), rehearsals=good.rehearsals))
    assert row.status is WARN
    assert row.teams == (Team.AD,)


def test_a_denial_goes_to_whoever_wrote_it() -> None:
    here = about("INS-02", with_rights(deny_batch_logon=(INSTALLER_SID,)))
    assert here.status is FAIL
    assert here.teams == (Team.NODES,)
    node = with_rights(deny_batch_logon=(INSTALLER_SID,)).node(VMM01)
    facts = with_node(rights=node.rights, policy=gives(DENY_BATCH_LOGON, INSTALLER_SID))
    there = about("INS-02", facts)
    assert there.status is FAIL
    assert there.teams == (Team.AD,)
    gone = about("INS-02", with_node(rights=node.rights, policy=gives(DENY_BATCH_LOGON, "S-1-5-32-546")))
    assert gone.status is FAIL
    assert "gpupdate" in gone.remedy


def test_stored_passwords_that_a_gpo_forbids_name_it() -> None:
    policy = governed(disable_domain_creds=GovernedValue("Baseline", "1"))
    row = about("INS-03", with_node(disable_domain_creds=1, policy=policy))
    assert row.status is FAIL
    assert "set by GPO Baseline" in row.evidence
    assert row.teams == (Team.AD,)
    allowed = governed(disable_domain_creds=GovernedValue("Baseline", "0"))
    assert about("INS-03", with_node(policy=allowed)).status is PASS


# --- ACC-05


def test_a_service_logon_denied_through_a_group_fails_and_says_which() -> None:
    facts = replace(
        with_rights(deny_service_logon=(GROUP,)),
        service_account=an_account("svc-vmm", SERVICE_SID, token_groups=(GROUP,)),
    )
    row = about("ACC-05", facts)
    assert row.status is FAIL
    assert GROUP in row.evidence
    assert failing(facts) == {"ACC-05"}


def test_a_right_that_is_missing_and_that_a_gpo_defines_without_the_account_fails() -> None:
    node = with_rights(service_logon=()).node(VMM01)
    facts = with_node(rights=node.rights, policy=gives(SERVICE_LOGON, "S-1-5-80-0"))
    row = about("ACC-05", facts)
    assert row.status is FAIL
    assert "what setup grants is undone" in row.evidence
    assert row.teams == (Team.AD,)


def test_a_right_that_a_gpo_will_grant_only_warns() -> None:
    node = with_rights(service_logon=()).node(VMM01)
    row = about("ACC-05", with_node(rights=node.rights, policy=gives(SERVICE_LOGON, SERVICE_SID)))
    assert row.status is WARN
    assert "gpupdate" in row.remedy


def test_a_right_by_administrators_ends_with_that_membership() -> None:
    node = with_rights(service_logon=(ADMINISTRATORS,)).node(VMM01)
    policy = replace(keeps(INSTALLER_SID), rights=gives(SERVICE_LOGON, ADMINISTRATORS).rights)
    facts = with_node(rights=node.rights, policy=policy)
    assert about("ACC-05", facts).status is FAIL
    assert about("ACC-05", with_node(rights=node.rights)).status is PASS
