"""Service principal names, managed accounts and protected ones, in their details."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.building import SERVICE_SID, a_descriptor, a_plan, an_account, good_facts
from tests.checks.asking import FAIL, NOT_APPLICABLE, PASS, UNKNOWN, WARN, about, finding, findings
from tests.checks.states.principals import NODE_SIDS, OTHER, SERVICE, both_on, held, installer, managed, managed_plan
from vmm_wizard.facts.model import AccountFacts, Ace, ComputerFacts, Facts, PrincipalNameFacts
from vmm_wizard.facts.questions import principal_names
from vmm_wizard.plan.model import Database, Release
from vmm_wizard.plan.names import SqlTarget


class TestNames:
    def test_each_of_the_two_names_is_a_subject(self) -> None:
        rows = findings("ACC-08", good_facts(principal_names=held(OTHER)))
        assert {row.subject: row.status for row in rows} == {"SCVMM/vmm": FAIL, "SCVMM/vmm.contoso.lab": PASS}

    def test_the_spelling_of_a_name_or_a_holder_does_not_matter(self) -> None:
        upper = PrincipalNameFacts({"scvmm/VMM": (SERVICE.upper(),), "SCVMM/vmm.CONTOSO.lab": ()})
        assert {row.status for row in findings("ACC-08", good_facts(principal_names=upper))} == {PASS}

    def test_the_remedy_shows_the_holder_before_anything_is_taken_from_it(self) -> None:
        remedy = about("ACC-08", good_facts(principal_names=held(OTHER)), subject="SCVMM/vmm").remedy
        shows, takes = remedy.index("Get-ADObject"), remedy.index("setspn -D")
        assert shows < remedy.index("owner agrees") < takes
        assert "setspn -U -S 'SCVMM/vmm' 'CONTOSO\\svc-vmm'" in remedy

    def test_a_bad_holder_in_this_domain_fails_even_when_the_forest_was_not_searched(self) -> None:
        facts = good_facts(principal_names=held(OTHER, forest_wide=False))
        rows = {row.subject: row.status for row in findings("ACC-08", facts)}
        assert rows == {"SCVMM/vmm": FAIL, "SCVMM/vmm.contoso.lab": UNKNOWN}

    def test_names_on_the_account_already_need_no_right_to_write_them(self) -> None:
        powerless = good_facts(
            service_account=an_account("svc-vmm", SERVICE_SID, writable_attributes=()), principal_names=both_on(SERVICE)
        )
        assert finding("ACC-09", powerless).status is PASS
        assert finding("ACC-09", replace(powerless, principal_names=held(SERVICE))).status is WARN

    def test_the_installing_account_is_known_by_any_of_its_names(self) -> None:
        asked = good_facts(service_account=an_account("svc-vmm", SERVICE_SID, asked_as="vmm-setup@contoso.lab"))
        assert finding("ACC-09", asked).status is PASS

    def test_one_search_asks_for_every_name_of_a_plan(self) -> None:
        names = principal_names(a_plan())
        assert {"SCVMM/vmm", "SCVMM/vmm.contoso.lab", "MSSQLSvc/sql01.contoso.lab:1433"} <= set(names)
        assert {"HTTP/vmm01", "HTTP/vmm02.contoso.lab"} <= set(names)
        named = principal_names(a_plan(database=Database(SqlTarget("sql02", "VMM"))))
        assert "MSSQLSvc/sql02.contoso.lab:VMM" in named
        assert not [name for name in named if name.endswith(":1433")]


def readers(*entries: Ace) -> Facts:
    """The estate with a managed account whose password these entries are about."""
    facts = managed()
    assert isinstance(facts.service_account, AccountFacts)
    account = replace(facts.service_account, password_readers=a_descriptor(*entries))
    return replace(facts, service_account=account)


class TestManagedAccounts:
    def test_rights_other_than_reading_the_password_do_not_help(self) -> None:
        row = finding("ACC-10", readers(*(Ace(True, sid, 0x20000) for sid in NODE_SIDS.values())), managed_plan())
        assert row.status is FAIL
        assert "vmm01$ and CONTOSO\\vmm02$" in row.evidence

    def test_a_denial_takes_it_back(self) -> None:
        entries = (Ace(False, NODE_SIDS["vmm02"], 0x10), *(Ace(True, sid, 0xF01FF) for sid in NODE_SIDS.values()))
        row = finding("ACC-10", readers(*entries), managed_plan())
        assert (row.status, "vmm01" in row.evidence) == (FAIL, False)

    def test_a_node_without_computer_object_may_retrieve_nothing(self) -> None:
        facts = managed(*NODE_SIDS.values())
        objects = {**facts.node_objects, "vmm02": ComputerFacts("vmm02", False)}
        assert finding("ACC-10", replace(facts, node_objects=objects), managed_plan()).status is FAIL

    def test_who_may_retrieve_it_can_be_unreadable(self) -> None:
        facts = managed()
        assert isinstance(facts.service_account, AccountFacts)
        facts = replace(facts, service_account=replace(facts.service_account, password_readers=None))
        assert finding("ACC-10", facts, managed_plan()).status is UNKNOWN

    def test_before_2019_that_is_acc_01s_matter(self) -> None:
        row = finding("ACC-10", managed(*NODE_SIDS.values()), managed_plan(Release.VMM_2016))
        assert (row.status, "ACC-01 first" in row.evidence) == (NOT_APPLICABLE, True)


@pytest.mark.parametrize("rid", [512, 513, 5250, 1525])
def test_other_groups_are_no_protected_users(rid: int) -> None:
    facts = installer(token_groups=(f"S-1-5-21-1004336348-1177238915-682003330-{rid}", "S-1-5-32-525"))
    assert finding("INS-04", facts).status is PASS
