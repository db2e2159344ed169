"""What was answered so far: texts that cannot be read are kept, and nothing unsaved is lost unasked."""

from pathlib import Path

import pytest

from tests.estates import ANSWERS
from vmm_wizard import texts
from vmm_wizard.plan.answers import load, load_draft
from vmm_wizard.plan.fields import FIELDS, Field
from vmm_wizard.plan.model import Plan
from vmm_wizard.wizard.answers import Answers


def test_an_answer_becomes_part_of_the_plan() -> None:
    answers = Answers()
    assert answers.answer("cluster.nodes", "vmm01, vmm02") == ""
    assert [str(node) for node in answers.plan.cluster.nodes] == ["vmm01", "vmm02"]


def test_a_text_that_cannot_be_read_is_kept_and_said_what_is_allowed() -> None:
    answers = Answers()
    problem = answers.answer("ports.console", "eighty")
    assert "'eighty' is not a port" in problem
    assert "expected a port number from 1 to 65535" in problem
    assert answers.text("ports.console") == "eighty"


def test_what_is_allowed_is_said_once_and_a_backslash_is_one() -> None:
    answers = Answers()
    assert answers.answer("installing_account", "vmm").count("DOMAIN\\user") == 1
    assert answers.answer("ports.console", "70000").count("65535") == 1
    assert answers.answer("dkm.container", "VMMDKM").count("expected") == 1
    assert r"'A\b\c'" in answers.answer("installing_account", r"A\b\c")


def test_what_says_itself_what_to_write_does_so_in_any_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_sentence", lambda key, topic, language: f"<{key}>")
    answers = Answers()
    assert answers.answer("installing_account", "vmm") == "<parsing.names.account_without_domain>"
    assert answers.answer("ports.console", "vmm") == "<fields.expected>"


def test_a_text_that_cannot_be_read_leaves_no_older_answer_behind() -> None:
    answers = Answers()
    answers.answer("dkm.container", "CN=VMMDKM,DC=contoso,DC=lab")
    answers.answer("dkm.container", "VMMDKM")
    assert answers.plan == Plan()


def test_a_text_that_is_mended_is_wrong_no_longer() -> None:
    answers = Answers()
    answers.answer("ports.console", "eighty")
    answers.answer("ports.console", "8080")
    assert answers.plan.ports.console == 8080
    assert (answers.wrong, answers.texts) == ({}, {})


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)
def test_every_answer_reads_back_as_its_field_shows_it(field: Field) -> None:
    answers = Answers.opened(ANSWERS / "contoso-ha.toml")
    before = answers.plan
    assert answers.answer(field.key, answers.text(field.key)) == ""
    assert answers.plan == before


def test_what_is_saved_loads_as_it_was(tmp_path: Path) -> None:
    answers = Answers.opened(ANSWERS / "contoso-ha.toml")
    answers.answer("cluster.role_name", "vmm2")
    assert answers.unsaved
    answers.save(tmp_path / "answers.toml")
    assert not answers.unsaved
    assert load(tmp_path / "answers.toml") == answers.plan


def test_a_text_that_cannot_be_read_survives_saving(tmp_path: Path) -> None:
    answers = Answers()
    answers.answer("ports.console", "eighty")
    answers.save(tmp_path / "answers.toml")
    assert load_draft(tmp_path / "answers.toml").texts == {"ports.console": "eighty"}
    again = Answers.opened(tmp_path / "answers.toml")
    assert again.text("ports.console") == "eighty"
    assert "ports.console" in again.wrong
    assert not again.unsaved


def test_a_file_that_is_not_there_yet_is_begun(tmp_path: Path) -> None:
    answers = Answers.opened(tmp_path / "new.toml")
    assert answers.file == tmp_path / "new.toml"
    assert (answers.plan, answers.notices, answers.unsaved) == (Plan(), (), False)


def test_a_file_that_cannot_be_read_is_left_alone_and_said(tmp_path: Path) -> None:
    answers = Answers.opened(tmp_path)
    assert answers.file is None
    assert "folder" in answers.notices[0]


def test_mistakes_in_a_file_are_said_when_it_is_opened(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('relese = "2022"\n', encoding="utf-8")
    answers = Answers.opened(tmp_path / "a.toml")
    assert any("did you mean release?" in notice for notice in answers.notices)


def test_a_file_that_cannot_even_be_looked_for_is_said(tmp_path: Path) -> None:
    answers = Answers.opened(tmp_path / ("x" * 300))
    assert "cannot be read" in answers.notices[0]


@pytest.mark.parametrize("unseen", ["\x9b31m", "\u202e", "\u2028", "\x1b"])
def test_an_answer_holds_nothing_that_steers_a_terminal(unseen: str) -> None:
    for key in ("registration.company_name", "cluster.role_name", "database.name"):
        assert "control characters" in Answers().answer(key, f"a{unseen}b")


def test_a_job_that_is_none_is_refused_in_words_of_the_catalogue() -> None:
    assert Answers().answer("order.job", "y").startswith("'y' is none of prepare, install, ")
