"""A lesson in the wizard: its task first, hints by a key, and a word when it is found."""

from __future__ import annotations

from pathlib import Path

from tests.building import good_facts
from tests.tui.wizards import (
    SMALL,
    nowhere,
    ready_plan,
    screen_text,
    settled,
    to_field,
    to_page,
    told,
    type_text,
    until,
)
from vmm_wizard.checks.registry import judge
from vmm_wizard.plan.fields import set_field
from vmm_wizard.plan.secrets import Secrets
from vmm_wizard.texts import text
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.tui.messages import Looked
from vmm_wizard.tui.screens.lesson_dialogs import FoundDialog, LessonDialog
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.course import Fault, Learning, lesson_of


async def test_a_lesson_is_told_helped_with_and_found(tmp_path: Path) -> None:
    fault = Fault("Two ports are the same", "Somebody changed one.", "NOD-13")
    lesson = lesson_of("ports-clash", "Six numbers", fault, number=1, count=9, mend=True, then="Lesson 2: a name.")
    learning = Learning(lesson)
    plan = set_field(ready_plan(), "ports.wds", 8100)
    app = WizardApp(Answers(plan), Secrets(), nowhere(tmp_path), learning)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LessonDialog))
        await until(pilot, lambda: "Six numbers" in screen_text(pilot))
        await pilot.press("h")
        await until(pilot, lambda: "Hint 1" in screen_text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.wizard)
        await told(pilot, good_facts())
        assert not learning.found
        await to_page(pilot, "ports")
        await to_field(pilot, "ports.wds")
        await type_text(pilot, "8102")
        await settled(pilot)
        app.wizard.post_message(Looked(judge(app.answers.plan, good_facts()), ()))
        await until(pilot, lambda: isinstance(app.screen, FoundDialog))
        assert learning.found
        await until(pilot, lambda: text("course.go_on") in screen_text(pilot))
        await pilot.press("n")
        await until(pilot, lambda: learning.next_wanted)


async def test_without_a_lesson_its_key_says_where_there_are_some(tmp_path: Path) -> None:
    app = WizardApp(Answers(ready_plan()), Secrets(), nowhere(tmp_path))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("f8")
        await until(pilot, lambda: "no lesson is open" in screen_text(pilot))
