"""A lesson line by line: told, helped with, found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plain.consoles import Scripted, a_session
from tests.plain.test_session import on_page
from tests.tui.wizards import ready_plan
from vmm_wizard.plan.fields import set_field
from vmm_wizard.texts import text
from vmm_wizard.wizard import pages
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.course import Fault, Learning, lesson_of


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))


def said_in(folder: Path, *typed: str, learning: Learning | None = None) -> str:
    console = Scripted(*typed)
    session = a_session(console, folder, Answers(set_field(ready_plan(), "ports.wds", 8100)))
    session.state.learning = learning
    session.run()
    return " ".join(console.text.split())


def test_a_lesson_is_told_helped_with_and_found(tmp_path: Path) -> None:
    fault = Fault("Two ports are the same", "Somebody changed one.", "NOD-13")
    learning = Learning(lesson_of("ports-clash", "Six numbers", fault, number=1, count=9, mend=True))
    typed = (":hint", *on_page(pages.PORTS, *[""] * 15), *on_page(pages.PORTS, *[""] * 4, "8102", *[""] * 10))
    said = said_in(tmp_path, *typed, learning=learning)
    assert "Six numbers" in said
    assert "Hint 1" in said
    assert learning.found
    assert text("course.found_title") in said


def test_without_a_lesson_there_is_none_to_tell(tmp_path: Path) -> None:
    assert "no lesson is open" in said_in(tmp_path, ":hint")
