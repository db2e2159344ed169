"""Help follows the focus: a line below, a panel where there is room, and all of it by F1, with keys and glossary."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import OptionList, Static

from tests.building import good_facts
from tests.tui.wizards import LARGE, SMALL, a_wizard, ready_plan, screen_text, to_field, to_page, told, until
from vmm_wizard.texts import text
from vmm_wizard.tui.screens.dialogs import ChoiceDialog
from vmm_wizard.tui.screens.help import HelpPanel
from vmm_wizard.tui.screens.help_dialog import HelpDialog


async def test_a_field_says_what_it_is_for_while_it_has_the_focus(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "dkm")
        await to_field(pilot, "dkm.container")
        await pilot.pause()
        below = str(app.screen.query_one("#help", Static).render())
        assert "It must exist" in below
        assert below.endswith(text("help.more"))
        assert not app.screen.query(HelpPanel)


async def test_f1_opens_all_of_it_with_the_keys_and_the_glossary(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "dkm")
        await to_field(pilot, "dkm.container")
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpDialog))
        assert text("answers.dkm.container.why")[:40] in screen_text(pilot)
        await pilot.press("k")
        await until(pilot, lambda: "Ctrl+S  F2" in screen_text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: text("answers.dkm.container.why")[:40] in screen_text(pilot))
        await pilot.press("g")
        await until(pilot, lambda: "Glossary" in screen_text(pilot))
        await pilot.press("w")
        words = app.screen.query_one(OptionList)
        assert words.highlighted is not None
        assert str(words.get_option_at_index(words.highlighted).prompt).casefold().startswith("w")
        await pilot.press("home", "down")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, HelpDialog))
        assert text("help.term.means") in screen_text(pilot)
        await pilot.press("p")
        await until(pilot, lambda: text("help.page.about") in screen_text(pilot))
        # Back the way that one came: the word, the glossary at that word, the help of the field.
        await pilot.press("escape")
        await until(pilot, lambda: text("help.term.means") in screen_text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
        assert app.screen.query_one(OptionList).highlighted == 1
        await pilot.press("escape")
        await until(pilot, lambda: text("answers.dkm.container.why")[:40] in screen_text(pilot))
        await pilot.press("k")
        await until(pilot, lambda: "Ctrl+S  F2" in screen_text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HelpDialog))
        await pilot.press("f1")
        await until(pilot, lambda: app.screen is app.wizard)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: isinstance(app.screen, HelpDialog))


async def test_a_wide_screen_has_a_panel_that_follows_the_focus(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=LARGE) as pilot:
        await told(pilot, good_facts())
        await to_page(pilot, "dkm")
        await to_field(pilot, "dkm.container")
        await until(pilot, lambda: text("help.answer.wrong") in screen_text(pilot))
        assert not app.screen.query_one("#help").display
        await pilot.press("tab")
        await until(pilot, lambda: text("help.check.asks") in screen_text(pilot))
        first = screen_text(pilot)
        await pilot.press("down")
        await until(pilot, lambda: screen_text(pilot) != first and text("help.check.asks") in screen_text(pilot))
        await pilot.resize_terminal(*SMALL)
        await until(pilot, lambda: app.screen.query_one("#help").display)
        assert not app.screen.query_one(HelpPanel).display
