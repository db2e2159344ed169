"""Runs as the journal knows them: found, gone on with or not, where they stand, and what they tell while they go."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.building_plan import a_plan
from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.install.events import (
    Event,
    Finished,
    LogGrew,
    Notice,
    PreflightDone,
    Progress,
    RunStarted,
    StepChanged,
    StepState,
    read_event,
)
from vmm_wizard.install.holding import Held, carried_out, holding
from vmm_wizard.install.journal import Journal
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.install.runs import NoSuchRun, calls, find_run, follow, obstacle, standing, unfinished_runs
from vmm_wizard.plan.model import Acceptance

INSTALL, VERIFY = Order(), Order(Job.VERIFY)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.sqlite")


class TestFinding:
    def test_a_run_is_found_by_its_id_and_by_enough_of_it(self, journal: Journal) -> None:
        run, other = journal.begin("a", "", INSTALL), journal.begin("b", "", INSTALL)
        assert find_run(journal, run.id).id == run.id
        assert find_run(journal, other.id[-6:]).id == other.id

    def test_what_means_more_than_one_run_or_none_is_told(self, journal: Journal) -> None:
        runs = [journal.begin("a", "", INSTALL) for _ in range(2)]
        with pytest.raises(NoSuchRun, match=f"{runs[1].id}, {runs[0].id}"):
            find_run(journal, "2")
        with pytest.raises(NoSuchRun, match=r"there is no run nonsense in .*journal\.sqlite"):
            find_run(journal, "nonsense")
        with pytest.raises(NoSuchRun):
            find_run(journal, "")


class TestUnfinished:
    def test_killed_and_interrupted_runs_are_offered_newest_first(self, journal: Journal) -> None:
        killed, left = journal.begin("a", "", INSTALL), journal.begin("b", "", VERIFY)
        journal.end(left.id, "interrupted")
        assert [run.id for run in unfinished_runs(journal)] == [left.id, killed.id]
        assert (obstacle(journal, killed), obstacle(journal, journal.run(left.id))) == ("", "")

    @pytest.mark.parametrize("outcome", ["installed", "failed", "cancelled"])
    def test_a_run_that_ended_is_not(self, journal: Journal, outcome: str) -> None:
        run = journal.begin("a", "", INSTALL)
        journal.end(run.id, outcome)  # type: ignore[arg-type]
        assert unfinished_runs(journal) == ()
        assert obstacle(journal, journal.run(run.id)) == f"run {run.id} is over: {outcome}"

    def test_one_whose_place_a_later_run_took_is_not(self, journal: Journal) -> None:
        old, verify, new = (journal.begin("a", "", order) for order in (INSTALL, VERIFY, INSTALL))
        journal.end(new.id, "failed")
        assert [run.id for run in unfinished_runs(journal)] == [verify.id]
        assert obstacle(journal, old).endswith(f"took the place of run {old.id}: {new.id}")


def test_a_run_stands_at_the_step_that_was_begun_last(journal: Journal) -> None:
    run = journal.begin("a", "", INSTALL)
    assert standing(journal.steps(run.id)) is None
    journal.start(run.id, "vmm01", "stage")
    journal.finish(run.id, "vmm01", "stage")
    journal.start(run.id, "vmm01", "setup")
    found = standing(journal.steps(run.id))
    assert found is not None
    assert str(found).startswith("setup on vmm01 begun 2")
    journal.start(run.id, "vmm01", "stage")
    found = standing(journal.steps(run.id))
    assert found is not None
    assert (found.step, found.state) == ("stage", "started")


class TestFollowing:
    def numbers(self, journal: Journal, run_id: str) -> list[int]:
        return [row.event["number"] for row in calls(journal, run_id)[1]]

    def test_the_last_call_of_a_run_begins_where_it_was_gone_on_with(self, journal: Journal) -> None:
        run = journal.begin("a", "", INSTALL)
        for number, name in enumerate(("started", "step", "finished", "started", "step")):
            journal.tell(run.id, {"event": name, "number": number})
        assert self.numbers(journal, run.id) == [3, 4]

    def test_one_that_was_gone_on_with_a_moment_ago_has_told_nothing(self, journal: Journal) -> None:
        run = journal.begin("a", "", INSTALL)
        for number, name in enumerate(("started", "step", "finished")):
            journal.tell(run.id, {"event": name, "number": number})
        journal.end(run.id, "interrupted")
        assert self.numbers(journal, run.id) == [0, 1, 2]
        journal.resume(run.id)
        past, present = calls(journal, run.id)
        assert ([row.event["number"] for row in past], present) == ([0, 1, 2], ())

    def test_what_is_told_meanwhile_comes_until_the_last_word(self, journal: Journal) -> None:
        run, other = journal.begin("a", "", INSTALL), journal.begin("b", "", INSTALL)
        names = iter(("started", "step", "finished"))

        def goes_on() -> bool:
            journal.tell(other.id, {"event": "finished"})
            journal.tell(run.id, {"event": next(names)})
            return True

        told = follow(journal, run.id, goes_on, threading.Event(), look_seconds=0)
        assert [row.event["event"] for row in told] == ["started", "step", "finished"]

    def test_a_process_that_was_killed_is_not_waited_for(self, journal: Journal) -> None:
        run = journal.begin("a", "", INSTALL)
        journal.tell(run.id, {"event": "step"})
        told = list(follow(journal, run.id, lambda: False, threading.Event()))
        assert [row.event["event"] for row in told] == ["step"]

    def test_it_is_left_when_asked_to_stop(self, journal: Journal) -> None:
        run, stop = journal.begin("a", "", INSTALL), threading.Event()
        stop.set()
        assert list(follow(journal, run.id, lambda: True, stop, look_seconds=60)) == []


FINDING = Finding(
    "DKM-02", "rights", "dkm", "DKM", Status.FAIL, "vmm01", "none", "grant it", (), Acceptance("DKM-02", "vmm01", "why")
)


@pytest.mark.parametrize(
    "event",
    [
        RunStarted("r1", True, ("vmm01", "vmm02"), ("by fingerprint",), "uninstall"),
        PreflightDone((FINDING,), (FINDING,), "vmm01"),
        StepChanged("vmm01", "stage", StepState.SKIPPED, "done before"),
        Progress("vmm01", "setup", 40, "database"),
        LogGrew("vmm01", ("one", "two")),
        Notice("vmm01", "away", "wait"),
        Finished("failed", True, "it failed"),
    ],
)
def test_an_event_is_read_back_as_it_was_told(event: Event) -> None:
    assert read_event(event.as_json()) == event


def test_an_event_of_a_newer_version_is_none() -> None:
    assert read_event({"event": "sung", "song": "la"}) is None


class TestHolding:
    def test_it_is_known_which_run_is_carried_out_and_nobody_else_may_begin(self, tmp_path: Path) -> None:
        assert carried_out(a_plan(), tmp_path) == ""
        with holding(a_plan(), tmp_path) as carrying:
            assert carried_out(a_plan(), tmp_path) == ""
            carrying("r1")
            assert carried_out(a_plan(), tmp_path) == "r1"
            with (
                pytest.raises(Held, match="another vmm-wizard on this computer is at work on"),
                holding(a_plan(), tmp_path),
            ):
                pass
            assert carried_out(a_plan(), tmp_path) == "r1"
        assert carried_out(a_plan(), tmp_path) == ""

    def test_what_a_killed_process_wrote_is_not_believed(self, tmp_path: Path) -> None:
        with holding(a_plan(), tmp_path) as carrying:
            carrying("r1")
            (run_file,) = tmp_path.glob("*.run")
            left = run_file.read_bytes()
        run_file.write_bytes(left)
        assert carried_out(a_plan(), tmp_path) == ""
