"""Answers of a wizard that was cut off are kept without a secret, and found again for the same file."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.building import a_plan
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.plan.saving import save
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.recovery import forget, keep, kept, take_up


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "contoso.toml"
    save(a_plan(), file)
    return file


def test_saved_answers_are_not_kept(file: Path, tmp_path: Path) -> None:
    assert keep(Answers.opened(file), tmp_path / "state") is None
    assert kept(tmp_path / "state", file) is None


def test_what_was_typed_comes_back_with_its_job_and_its_mistakes(file: Path, tmp_path: Path) -> None:
    before = file.read_bytes()
    answers = Answers.opened(file)
    answers.answer("order.job", "failover")
    answers.answer("order.target", "vmm02")
    answers.answer("database.name", "Other")
    answers.answer("ports.console", "many")
    path = keep(answers, tmp_path / "state")
    assert path is not None
    assert file.read_bytes() == before
    again = Answers.opened(file)
    row = kept(tmp_path / "state", file)
    assert row is not None
    assert (row.path, row.of) == (path, file)
    take_up(row, again)
    assert again.order == Order(Job.FAILOVER, target="vmm02")
    assert again.plan == replace(answers.plan, database=answers.plan.database)
    assert again.text("ports.console") == "many"
    assert "ports.console" in again.wrong
    assert again.unsaved
    assert again.file == file
    forget(path)
    assert kept(tmp_path / "state", file) is None


def test_answers_of_no_file_and_of_another_one_are_kept_apart(file: Path, tmp_path: Path) -> None:
    answers = Answers()
    answers.answer("domain", "contoso.lab")
    keep(answers, tmp_path / "state")
    assert kept(tmp_path / "state", file) is None
    assert kept(tmp_path / "state", None) is not None


def test_a_file_that_is_none_of_ours_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "kept-answers"
    folder.mkdir(parents=True)
    (folder / "1.toml").write_text("release = '2022'\n", encoding="utf-8")
    assert kept(tmp_path / "state", None) is None


@pytest.mark.skipif(os.name != "posix", reason="a Windows profile is closed to others by itself")
def test_only_its_owner_can_read_what_is_kept(tmp_path: Path) -> None:
    answers = Answers()
    answers.answer("domain", "contoso.lab")
    path = keep(answers, tmp_path / "state")
    assert path is not None
    assert path.stat().st_mode & 0o077 == 0
