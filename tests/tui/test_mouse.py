"""The mouse works wherever a key does; nothing needs it (the walk of test_snapshots goes by keys alone)."""

from pathlib import Path

from textual.pilot import Pilot

from tests.building import a_container, good_facts
from tests.tui.wizards import SMALL, a_wizard, all_passwords, ready_plan, settled, to_field, to_page, told, until
from tests.wizard.test_found import FOUND
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.tui.screens.dialogs import TextDialog
from vmm_wizard.tui.widgets.choice import Choice, ChoiceList
from vmm_wizard.tui.widgets.found_field import FoundField
from vmm_wizard.tui.widgets.found_list import FoundList
from vmm_wizard.tui.widgets.steps import Steps


async def test_steps_buttons_choices_lists_and_the_line_of_keys_take_clicks(tmp_path: Path) -> None:
    plan = ready_plan()
    app = a_wizard(tmp_path, plan, all_passwords(plan))
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot, good_facts(dkm=a_container(found=False)))
        await pilot.click(ChoiceList, offset=(3, 2))
        await until(pilot, lambda: app.answers.order.job.value == "add-node")
        await pilot.click(ChoiceList, offset=(3, 0))
        await until(pilot, lambda: app.answers.order.job.value == "install")
        release = next(iter(app.screen.query("#field-release Choice").results(Choice)))
        await pilot.click("#field-release Choice", offset=(1, 0))
        await until(pilot, lambda: release.value == release.options[0])
        await settled(pilot)
        await pilot.click("#next")
        await until(pilot, lambda: app.wizard.page.id == "connection")
        await pilot.click(Steps, offset=(4, 3))
        await until(pilot, lambda: app.wizard.page.id == "dkm")
        await to_page(pilot, "dkm")
        await pilot.click("#page-dkm FindingsList", offset=(4, 0))
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.wizard)
        await pilot.click("KeysFooter", offset=(1, 0))
        await until(pilot, lambda: app.wizard.page.id == "sql")
        await a_click_takes_a_row_of_what_was_found(pilot, app)


async def a_click_takes_a_row_of_what_was_found(pilot: Pilot[int], app: WizardApp) -> None:
    app.answers.answer("database.host", "")
    app.wizard.found = FOUND
    await app.wizard.answers_replaced()
    await to_page(pilot, "sql")
    await to_field(pilot, "database.host")
    await pilot.press("down")
    field = app.wizard.query_one("#field-database-host", FoundField)
    shown = field.query_one(FoundList)
    await until(pilot, lambda: len(shown.rows) > 1)
    second = shown.rows[1]
    await pilot.click(shown, offset=(4, 1))
    await until(pilot, lambda: app.answers.text("database.host"))
    assert second.answers["database.host"] == app.answers.text("database.host")
