"""What would be done about a finding, and when nothing is: pure functions of plan and facts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.building import a_node, a_plan, good_facts
from tests.checks.asking import VMM01, VMM02
from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.facts.model import Ace, ContainerFacts, Facts, NoAnswer, SecurityDescriptor
from vmm_wizard.mending.model import AddAdministrator, GrantRights, MakeContainer, Offer, Refusal, RemoveTasks
from vmm_wizard.mending.offers import Situation, mendable, offer

PLAN = a_plan()
FACTS = good_facts()
DN = str(PLAN.dkm.dn)
PARENT = str(PLAN.dkm.dn.parent)


def finding(check_id: str, subject: str = "") -> Finding:
    return Finding(check_id, "", "dkm", "DKM", Status.FAIL, subject, "wrong", "AD team: mend it")


def missing(**changes: object) -> ContainerFacts:
    return replace(ContainerFacts(DN, False), **changes)  # type: ignore[arg-type]


def parent(*classes: str, found: bool = True) -> ContainerFacts:
    return ContainerFacts(PARENT, found, ("domainDNS",), allowed_child_classes_effective=classes)


def container(*aces: Ace, rights: int | None = 4, readable: bool = True) -> ContainerFacts:
    descriptor = SecurityDescriptor("S-1-5-21-9-9-9-512", aces) if readable else None
    return ContainerFacts(DN, True, ("top", "container"), descriptor, sd_rights_effective=rights)


def offered(
    check_id: str,
    own: ContainerFacts | NoAnswer = NoAnswer("silent"),
    above: ContainerFacts | NoAnswer = NoAnswer("silent"),
    facts: Facts = FACTS,
    subject: str = "",
    over: tuple[str, ...] = (),
) -> Offer | Refusal:
    return offer(Situation(PLAN, facts, own, above, over), finding(check_id, subject))


def refused(*arguments: object, **named: object) -> str:
    made = offered(*arguments, **named)  # type: ignore[arg-type]
    assert isinstance(made, Refusal)
    return made.reason


def with_node(node: str, **changes: object) -> Facts:
    return replace(FACTS, nodes={**FACTS.nodes, node: replace(a_node(), **changes)})  # type: ignore[arg-type]


def test_there_are_five_checks_whose_findings_are_mended() -> None:
    assert set(mendable()) == {"ACC-04", "DKM-01", "DKM-02", "DKM-03", "RUN-02"}
    with pytest.raises(KeyError):
        offered("NOD-08")


class TestContainer:
    def test_is_made_with_both_grants_and_the_protection(self) -> None:
        made = offered("DKM-01", missing(), parent("container", "user"))
        assert isinstance(made, Offer)
        assert isinstance(made.change, MakeContainer)
        assert made.change.dn == DN
        assert [row.name for row in made.change.grants] == ["CONTOSO\\vmm-setup", "CONTOSO\\svc-vmm"]
        assert any("protect it" in step for step in made.steps)
        assert "Remove-ADObject" in made.undo[0]

    def test_is_not_made_without_the_right_and_the_right_is_named(self) -> None:
        assert "lacks the right to create containers in" in refused("DKM-01", missing(), parent("user"))

    @pytest.mark.parametrize(
        ("own", "above", "says"),
        [
            (missing(), parent("container", found=False), "there is no"),
            (missing(referral="ldap://other.lab"), parent("container"), "cannot be a container"),
            (container(), parent("container"), "exists"),
            (NoAnswer("dc01 is away", "unreachable"), parent("container"), "dc01 is away"),
        ],
    )
    def test_is_not_made_where_it_cannot_be(self, own: ContainerFacts, above: ContainerFacts, says: str) -> None:
        assert says in refused("DKM-01", own, above)

    def test_is_made_without_the_service_account_while_that_is_not_there(self) -> None:
        account = replace(FACTS.service_account, found=False)  # type: ignore[type-var]
        made = offered("DKM-01", missing(), parent("container"), replace(FACTS, service_account=account))
        assert isinstance(made, Offer)
        assert len(made.change.grants) == 1  # type: ignore[union-attr]


class TestGrants:
    def test_what_is_lacking_is_granted_and_protected(self) -> None:
        made = offered("DKM-02", container())
        assert isinstance(made, Offer)
        assert isinstance(made.change, GrantRights)
        assert (len(made.change.grants), made.change.protect) == (1, True)
        assert len(made.steps) == len(made.undo) == 2

    def test_only_the_protection_is_added_where_nothing_else_lacks(self) -> None:
        full = Ace(True, FACTS.installing_account.sid, 0xF01FF, 0x2)  # type: ignore[union-attr]
        made = offered("DKM-02", container(full))
        assert isinstance(made, Offer)
        assert made.change == GrantRights(DN, (), True)

    def test_the_service_account_gets_its_own_and_no_protection_is_made_for_it(self) -> None:
        made = offered("DKM-03", container())
        assert isinstance(made, Offer)
        assert isinstance(made.change, GrantRights)
        assert [row.name for row in made.change.grants] == ["CONTOSO\\svc-vmm"]
        assert not made.change.protect

    def test_a_denial_is_somebodys_will_and_stays(self) -> None:
        assert "a denial for S-1-1-0 stands in the way" in refused("DKM-02", container(Ace(False, "S-1-1-0", 0x1, 0x2)))

    def test_without_the_right_to_change_permissions_nothing_is_offered(self) -> None:
        assert "lacks the right to change the permissions" in refused("DKM-02", container(rights=0))

    def test_what_cannot_be_read_is_not_changed(self) -> None:
        assert "cannot read the permissions" in refused("DKM-02", container(readable=False))
        assert "DKM-01 first" in refused("DKM-02", missing())

    def test_what_the_list_grants_already_is_not_granted_again(self) -> None:
        full = Ace(True, FACTS.installing_account.sid, 0xF01FF, 0x2)  # type: ignore[union-attr]
        protection = Ace(False, "S-1-1-0", 0x10040)
        assert "grants that already" in refused("DKM-02", container(full, protection))


class TestNodes:
    def test_the_service_account_is_added_by_its_sid(self) -> None:
        made = offered("ACC-04", subject=VMM02)
        assert isinstance(made, Offer)
        assert made.change == AddAdministrator(VMM02, FACTS.service_account.sid)  # type: ignore[union-attr]
        assert made.place == VMM02
        assert "Remove-LocalGroupMember -SID S-1-5-32-544" in made.undo[0]

    def test_not_by_somebody_who_is_no_administrator_there(self) -> None:
        assert "is no administrator on" in refused(
            "ACC-04", facts=with_node(VMM02, is_administrator=False), subject=VMM02
        )

    def test_not_while_a_setup_runs_on_any_node(self) -> None:
        assert f"a setup is running on {VMM01}" in refused(
            "ACC-04", facts=with_node(VMM01, setup_processes=("SetupVM",)), subject=VMM02
        )

    def test_not_on_a_node_that_is_silent(self) -> None:
        silent = replace(FACTS, nodes={**FACTS.nodes, VMM02: NoAnswer("vmm02 is away", "unreachable")})
        assert "vmm02 is away" in refused("ACC-04", facts=silent, subject=VMM02)


class TestTasks:
    def test_those_of_rehearsals_and_of_runs_that_are_over_are_removed(self) -> None:
        tasks = ("vmm-wizard-rehearsal-1", "vmm-wizard-20261101-101010-abcdef")
        made = offered("RUN-02", facts=with_node(VMM01, tasks=tasks), subject=VMM01, over=("20261101-101010-abcdef",))
        assert isinstance(made, Offer)
        assert made.change == RemoveTasks(VMM01, tasks)

    def test_those_of_somebody_else_are_not(self) -> None:
        facts = with_node(VMM01, tasks=("vmm-wizard-rehearsal-1", "vmm-wizard-20261101-101010-abcdef"))
        assert "not known to be over" in refused("RUN-02", facts=facts, subject=VMM01)

    def test_a_rehearsal_that_failed_is_not_mended_by_removing_what_is_not_there(self) -> None:
        assert "no scheduled task of ours" in refused("RUN-02", subject=VMM01)
