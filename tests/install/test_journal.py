"""The journal keeps what was begun and what ended, in order, across processes."""

import contextlib
import os
import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from vmm_wizard.install.journal import Journal, JournalError, whoami
from vmm_wizard.install.orders import Job, Order

INSTALL = Order()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.sqlite")


def test_a_run_is_running_until_it_is_ended(journal: Journal) -> None:
    run = journal.begin("key", "release = '2022'", INSTALL)
    assert journal.unfinished("key", INSTALL) == run
    journal.end(run.id, "installed")
    assert journal.unfinished("key", INSTALL) is None
    assert journal.run(run.id).ended is not None


def test_an_interrupted_run_is_still_to_be_finished(journal: Journal) -> None:
    run = journal.begin("key", "", INSTALL)
    journal.end(run.id, "interrupted")
    found = journal.unfinished("key", INSTALL)
    assert found is not None
    assert found.id == run.id


def test_a_cancelled_run_left_nothing_and_is_over(journal: Journal) -> None:
    run = journal.begin("key", "", INSTALL)
    journal.end(run.id, "cancelled")
    assert journal.unfinished("key", INSTALL) is None


def test_an_older_unfinished_run_is_not_taken_up_once_a_newer_one_ended(journal: Journal) -> None:
    journal.begin("key", "", INSTALL)
    newer = journal.begin("key", "", INSTALL)
    journal.end(newer.id, "failed")
    runs = {run.id: run.outcome for run in journal.runs()}
    assert runs[newer.id] == "failed"
    assert journal.unfinished("key", INSTALL) is None


def test_another_plan_does_not_see_the_run(journal: Journal) -> None:
    journal.begin("key", "", INSTALL)
    assert journal.unfinished("other", INSTALL) is None


def test_a_step_is_on_disk_before_it_is_finished(journal: Journal) -> None:
    run = journal.begin("key", "", INSTALL)
    journal.start(run.id, "vmm01", "stage")
    again = Journal(journal.path)
    assert [(step.node, step.step, step.state) for step in again.steps(run.id)] == [("vmm01", "stage", "started")]
    journal.finish(run.id, "vmm01", "stage", "done", "two files")
    (step,) = again.steps(run.id)
    assert (step.state, step.detail) == ("done", "two files")
    assert step.ended is not None
    assert step.ended >= step.started


def test_a_step_that_is_done_again_moves_to_the_end(journal: Journal) -> None:
    run = journal.begin("key", "", INSTALL)
    for step in ("stage", "setup", "verify", "stage"):
        journal.start(run.id, "vmm01", step)
    assert [step.step for step in journal.steps(run.id)] == ["setup", "verify", "stage"]


def test_an_attempt_is_what_was_done_since_a_node_was_last_staged(journal: Journal) -> None:
    run = journal.begin("key", "", INSTALL)
    assert journal.attempt(run.id, "vmm01") == {}
    for node, step in [("vmm01", "stage"), ("vmm01", "setup"), ("vmm02", "stage"), ("vmm01", "stage")]:
        journal.start(run.id, node, step)
    assert list(journal.attempt(run.id, "vmm01")) == ["stage"]
    journal.start(run.id, "vmm01", "setup")
    assert list(journal.attempt(run.id, "vmm01")) == ["stage", "setup"]


def test_a_node_is_open_from_staging_until_it_was_cleared(journal: Journal) -> None:
    run = journal.begin("key", "", INSTALL)
    assert not journal.is_open(run.id, "vmm01")
    journal.start(run.id, "vmm01", "stage")
    assert journal.is_open(run.id, "vmm01")
    journal.start(run.id, "vmm01", "clear")
    journal.finish(run.id, "vmm01", "clear", "failed")
    assert journal.is_open(run.id, "vmm01")
    journal.start(run.id, "vmm01", "clear")
    journal.finish(run.id, "vmm01", "clear")
    assert not journal.is_open(run.id, "vmm01")
    journal.start(run.id, "vmm01", "stage")
    assert journal.is_open(run.id, "vmm01")


def test_the_newest_run_is_the_one_written_last_whatever_its_clock_said(journal: Journal) -> None:
    first = journal.begin("key", "", INSTALL)
    second = journal.begin("key", "", INSTALL)
    with sqlite3.connect(journal.path) as db:
        db.execute("UPDATE runs SET started = '1999-01-01T00:00:00+00:00' WHERE id = ?", (second.id,))
    assert [run.id for run in journal.runs()] == [second.id, first.id]


def test_a_file_that_is_no_journal_is_named_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(JournalError, match=r"journal\.sqlite"):
        Journal(path)


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX; on Windows the profile is private")
def test_others_cannot_read_the_journal(journal: Journal) -> None:
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600


def test_an_order_is_kept_and_makes_another_run(journal: Journal) -> None:
    order = Order(Job.UNINSTALL, nodes=("vmm02.contoso.lab",), remove_database="VirtualManagerDB")
    run = journal.begin("key", "", order)
    assert journal.run(run.id).order == order
    assert (run.job, run.owner == whoami()) == ("uninstall", True)
    assert journal.unfinished("key", order) == run
    assert journal.unfinished("key", Order(Job.UNINSTALL)) is None
    # How a question about restarts is answered makes no other run.
    assert journal.unfinished("key", replace(order, restart=True)) == run


def test_events_are_told_in_order_from_where_somebody_was(journal: Journal) -> None:
    run, other = journal.begin("key", "", INSTALL), journal.begin("other", "", INSTALL)
    for number in range(3):
        journal.tell(run.id, {"event": "log", "lines": [str(number)]})
        journal.tell(other.id, {"event": "notice"})
    told = journal.told(run.id)
    assert [row.event["lines"] for row in told] == [["0"], ["1"], ["2"]]
    assert [row.event["lines"] for row in journal.told(run.id, told[0].number)] == [["1"], ["2"]]


def test_a_journal_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(
            """
            CREATE TABLE runs (id TEXT PRIMARY KEY, plan_key TEXT NOT NULL, plan_toml TEXT NOT NULL, job TEXT NOT NULL,
                started TEXT NOT NULL, ended TEXT, outcome TEXT NOT NULL);
            CREATE TABLE steps (run TEXT NOT NULL, node TEXT NOT NULL, step TEXT NOT NULL, state TEXT NOT NULL,
                started TEXT NOT NULL, ended TEXT, detail TEXT NOT NULL DEFAULT '', PRIMARY KEY (run, node, step));
            INSERT INTO runs VALUES ('old', 'key', '', 'install', '2026-11-01T10:00:00+00:00', NULL, 'interrupted');
            INSERT INTO steps VALUES ('old', 'vmm01', 'setup', 'started', '2026-11-01T10:01:00+00:00', NULL, '');
            PRAGMA user_version = 1;
            """
        )
    for _ in range(2):
        journal = Journal(path)
        found = journal.unfinished("key", INSTALL)
        assert found is not None
        assert (found.id, found.order, found.owner) == ("old", INSTALL, "")
        assert [row.step for row in journal.steps("old")] == ["setup"]
        assert journal.told("old") == ()


def test_a_journal_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalError, match="newer vmm-wizard"):
        Journal(path)
