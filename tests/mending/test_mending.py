"""Found, offered, done and checked again, over real sockets: the estate grants by the rules of Windows and AD."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.estates import ServedEstate, serving_estate
from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.lab import contoso
from vmm_wizard.lab.descriptors import CONTAINER_INHERIT, WRITE_DAC, allow
from vmm_wizard.lab.scenarios import Scenario, scenario
from vmm_wizard.mending.directory import ChangeRefused
from vmm_wizard.mending.mend import WRONG, Mender
from vmm_wizard.mending.model import AddAdministrator, Offer, Refusal

VMM01, VMM02 = "vmm01.contoso.lab", "vmm02.contoso.lab"


@dataclass
class Mending:
    """A served estate with a fault, and a mender of its plan."""

    served: ServedEstate
    mender: Mender

    def wrong(self, check_id: str, subject: str = "") -> Finding:
        (row,) = (row for row in self.mender.look(check_id, subject) if row.status in WRONG)
        return row

    def offered(self, check_id: str, subject: str = "") -> Offer:
        made = self.mender.offer(self.wrong(check_id, subject))
        assert isinstance(made, Offer), made
        return made

    def refused(self, check_id: str, subject: str = "") -> str:
        made = self.mender.offer(self.wrong(check_id, subject))
        assert isinstance(made, Refusal)
        return made.reason

    def state(self) -> dict[str, Any]:
        return self.served.estate.report()


@contextmanager
def mending(folder: Path, fault: Scenario | str, over: tuple[str, ...] = ()) -> Iterator[Mending]:
    with serving_estate(folder, scenario(fault) if isinstance(fault, str) else fault) as served:
        preflight = served.preflight()
        try:
            yield Mending(served, Mender(served.plan, preflight, over))
        finally:
            preflight.close()


def of_faults(*faults: dict[str, Any]) -> Scenario:
    return Scenario("of a test", "", "", (), "", faults)


def bad(served: ServedEstate) -> set[tuple[str, str]]:
    wrong = {Status.FAIL, Status.WARN, Status.UNKNOWN}
    return {(row.id, row.subject) for row in served.check(served.plan).findings if row.status in wrong}


def test_a_missing_container_is_made_with_all_that_setup_needs(tmp_path: Path) -> None:
    with mending(tmp_path, "dkm-missing-yours-to-make") as running:
        running.mender.carry_out(running.offered("DKM-01"))
        assert [row.status for row in running.mender.look("DKM-01")] == [Status.PASS]
        assert bad(running.served) == set()
        made = running.served.estate.directory.require(contoso.DKM)
        assert made.descriptor.owner == running.served.estate.account(contoso.INSTALLER).sid
        # What the schema gives every new object is still there.
        assert any(ace.sid.endswith("-512") and ace.allow for ace in made.descriptor.aces)
        assert running.state()["objects_created"] == [contoso.DKM]
        assert running.state()["rights_changed"] == [contoso.DKM]


def test_without_the_right_to_make_it_nothing_is_made_and_the_right_is_named(tmp_path: Path) -> None:
    with mending(tmp_path, "dkm-missing") as running:
        assert running.refused("DKM-01") == (
            "CONTOSO\\vmm-setup lacks the right to create containers in DC=contoso,DC=lab"
        )
        assert running.state()["objects_created"] == []


def test_a_right_that_went_away_between_offer_and_change_ends_in_a_sentence(tmp_path: Path) -> None:
    with mending(tmp_path, "dkm-missing-yours-to-make") as running:
        made = running.offered("DKM-01")
        base = running.served.estate.directory.require(contoso.BASE)
        installer = running.served.estate.account(contoso.INSTALLER).sid
        kept = tuple(ace for ace in base.descriptor.aces if ace.sid != installer)
        running.served.estate.directory.set_descriptor(
            contoso.BASE, type(base.descriptor)(base.descriptor.owner, base.descriptor.group, kept)
        )
        with pytest.raises(ChangeRefused, match=r"creating CN=VMMDKM.* failed: CONTOSO\\vmm-setup has no right"):
            running.mender.carry_out(made)


def test_a_container_that_somebody_made_meanwhile_is_left_as_it_is(tmp_path: Path) -> None:
    with mending(tmp_path, "dkm-missing-yours-to-make") as running:
        made = running.offered("DKM-01")
        running.served.estate.directory.add(contoso.DKM, "container")
        with pytest.raises(ChangeRefused, match="is there already"):
            running.mender.carry_out(made)
        assert running.state()["rights_changed"] == []


def test_rights_for_this_object_only_become_rights_for_all_below(tmp_path: Path) -> None:
    with mending(tmp_path, "dkm-this-object-only") as running:
        running.mender.carry_out(running.offered("DKM-02"))
        assert bad(running.served) == set()


def test_rights_that_the_account_may_not_change_are_left_to_the_ad_team(tmp_path: Path) -> None:
    with mending(tmp_path, "dkm-read-only") as running:
        assert "lacks the right to change the permissions" in running.refused("DKM-02")


def test_an_account_that_may_only_change_permissions_grants_itself_the_rest(tmp_path: Path) -> None:
    with mending(tmp_path, "dkm-read-only") as running:
        installer = running.served.estate.account(contoso.INSTALLER).sid
        running.served.estate.directory.grant(contoso.DKM, allow(installer, WRITE_DAC, CONTAINER_INHERIT))
        running.mender.carry_out(running.offered("DKM-02"))
        assert bad(running.served) == set()


def test_a_denial_stays(tmp_path: Path) -> None:
    with mending(tmp_path, "dkm-denied") as running:
        assert "a denial for" in running.refused("DKM-02")


def test_the_service_account_is_granted_what_it_lacks(tmp_path: Path) -> None:
    with mending(tmp_path, of_faults()) as running:
        directory = running.served.estate.directory
        service = running.served.estate.account(contoso.SERVICE).sid
        before = directory.require(contoso.DKM).descriptor
        kept = tuple(ace for ace in before.aces if ace.sid != service)
        directory.set_descriptor(contoso.DKM, type(before)(before.owner, before.group, kept))
        running.mender.carry_out(running.offered("DKM-03"))
        assert bad(running.served) == set()


def test_the_service_account_becomes_an_administrator_of_the_node_where_it_was_none(tmp_path: Path) -> None:
    with mending(tmp_path, "service-account-no-admin") as running:
        made = running.offered("ACC-04", "vmm02")
        assert made.subject == VMM02
        running.mender.carry_out(made)
        # Twice is the same as once.
        running.mender.carry_out(made)
        assert bad(running.served) == set()
        service = running.served.estate.account(contoso.SERVICE).sid
        assert running.state()["administrators_added"][VMM02] == [service]


def test_what_a_policy_would_undo_is_not_done_and_the_policy_is_named(tmp_path: Path) -> None:
    with mending(tmp_path, "policy-keeps-administrators") as running:
        reason = running.refused("ACC-04")
        assert "GPO Tier 1 servers defines" in reason
        assert "is undone at the next refresh" in reason
        assert running.state()["administrators_added"][VMM02] == []


def test_a_principal_that_the_domain_does_not_know_is_refused_by_the_node(tmp_path: Path) -> None:
    with mending(tmp_path, "service-account-no-admin") as running:
        running.wrong("ACC-04")
        made = Offer("ACC-04", VMM02, VMM02, (), "", (), AddAdministrator(VMM02, "S-1-5-21-1-2-3-4"))
        with pytest.raises(ChangeRefused, match=r"S-1-5-21-1-2-3-4 was not found"):
            running.mender.carry_out(made)


def test_the_task_of_a_rehearsal_that_was_cut_off_is_removed(tmp_path: Path) -> None:
    with mending(tmp_path, "task-left-behind") as running:
        assert running.state()["tasks"][VMM01] == ["vmm-wizard-rehearsal-2f0c8d1e"]
        running.mender.carry_out(running.offered("RUN-02"))
        assert running.state()["tasks"][VMM01] == []
        assert bad(running.served) == set()


def test_the_task_of_a_run_is_removed_only_when_that_is_known_to_be_over(tmp_path: Path) -> None:
    fault = of_faults({"kind": "left_task", "node": VMM01, "run": "20261101-101010-abcdef"})
    with mending(tmp_path, fault) as running:
        assert "not known to be over" in running.refused("RUN-02")
        own = Mending(
            running.served, Mender(running.served.plan, running.mender.preflight, ("20261101-101010-abcdef",))
        )
        own.mender.carry_out(own.offered("RUN-02"))
        assert running.state()["tasks"][VMM01] == []


def test_a_task_that_is_running_is_not_ended(tmp_path: Path) -> None:
    with mending(tmp_path, "task-left-behind") as running:
        made = running.offered("RUN-02")
        scheduler = running.served.estate.nodes[VMM01].scheduler
        task = scheduler.get("vmm-wizard-rehearsal-2f0c8d1e")
        assert task is not None
        scheduler.run(task, lambda running: int(running.stop.wait()))
        with pytest.raises(ChangeRefused, match="is running on vmm01"):
            running.mender.carry_out(made)
        assert task.is_active
