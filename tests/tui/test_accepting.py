"""By the keyboard: findings accepted, taken back, refused; and from a finding to the field that it judges."""

from __future__ import annotations

from pathlib import Path

from textual.pilot import Pilot

from tests.building import a_container, a_sql, good_facts
from tests.tui.cut_text import deaf, faults
from tests.tui.wizards import SMALL, a_wizard, all_passwords, ready_plan, screen_text, to_field, to_page, told, until
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.tui.messages import ACCEPT, FIELD
from vmm_wizard.tui.screens.accept_dialog import AcceptDialog
from vmm_wizard.tui.screens.dialogs import ChoiceDialog, FindingDialog
from vmm_wizard.tui.screens.see import SeeScreen
from vmm_wizard.tui.widgets.findings import FindingsList
from vmm_wizard.tui.widgets.grid import GridView
from vmm_wizard.wizard import pages

#: A fail that cannot be accepted, and a warning that can be.
FAULTY = good_facts(dkm=a_container(found=False), sql=a_sql(is_clustered=False))


def front(app: WizardApp) -> FindingsList:
    """The list of findings of the page in front."""
    return app.wizard.query_one(f"#page-{app.wizard.page.id}").query_one(FindingsList)


async def to_finding(pilot: Pilot[int], app: WizardApp, check_id: str) -> None:
    """Choose the finding of a check in the list in front."""
    shown = front(app)
    while app.focused is not shown:
        await pilot.press("tab")
    await pilot.press("home")
    for _ in range(30):
        if shown.findings and shown.findings[0].id == check_id:
            return
        await pilot.press("down")
    raise AssertionError(f"{check_id} is not in the list")


def answer_in_front(app: WizardApp) -> str:
    """The answer whose field has the focus."""
    field = app.wizard._field_of(app.wizard.focused)
    return field.key if field else ""


async def test_a_finding_is_accepted_with_a_reason_saved_and_that_taken_back(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan(), all_passwords(ready_plan()))
    app.answers.file = tmp_path / "answers.toml"
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot)
        await to_page(pilot, "sql")
        assert front(app).findings[0].id != "SQL-19"
        await told(pilot, FAULTY)
        assert front(app).findings[0].id == "SQL-19", "what comes in above is in sight until somebody chooses"
        await to_finding(pilot, app, "SQL-19")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, AcceptDialog))
        await pilot.pause()
        assert faults(app.screen) + deaf(app.screen) == []
        await pilot.press("enter")
        await until(pilot, lambda: "a reason is wanted" in screen_text(pilot))
        await pilot.press(*"tests", "enter")
        await until(pilot, lambda: "accepted: SQL-19" in screen_text(pilot))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "saved" in screen_text(pilot))
        assert 'reason = "tests"' in app.answers.file.read_text(encoding="utf-8")
        # What the threads would have told.
        await told(pilot, FAULTY)
        assert front(app).findings[0].id == "SQL-19"
        assert "= accepted SQL-19" in screen_text(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "A takes the acceptance back." in screen_text(pilot))
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog) and "tests" in screen_text(pilot))
        await pilot.press("down", "enter")
        await until(pilot, lambda: "no longer accepted: SQL-19" in screen_text(pilot))
        assert app.answers.plan.accepted == ()


async def test_what_cannot_be_accepted_is_refused_in_a_sentence_and_nothing_is_while_a_run_goes_on(
    tmp_path: Path,
) -> None:
    app = a_wizard(tmp_path, ready_plan(), all_passwords(ready_plan()))
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot, FAULTY)
        await to_page(pilot, "dkm")
        await to_finding(pilot, app, "DKM-01")
        for said in ("DKM-01: it cannot be accepted:", "A run goes on, and has judged already"):
            await pilot.press("a")
            await until(pilot, lambda said=said: isinstance(app.screen, ChoiceDialog) and said in screen_text(pilot))  # type: ignore[misc]
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.wizard)
            app.jobs._running = True
        app.jobs._running = False
        assert app.answers.plan.accepted == ()


async def test_from_a_finding_to_its_field_from_the_list_the_dialog_the_table_and_the_palette(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan(), all_passwords(ready_plan()))
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot, FAULTY)
        await to_page(pilot, "review")
        await to_finding(pilot, app, "DKM-01")
        await pilot.press("g")
        await until(pilot, lambda: answer_in_front(app) == "dkm.container")
        await until(pilot, lambda: "DKM-01 judges this answer: DKM container" in screen_text(pilot))
        await to_page(pilot, "review")
        await to_finding(pilot, app, "SQL-19")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FindingDialog))
        await pilot.press("g")
        await until(pilot, lambda: answer_in_front(app) == "database.host")
        await pilot.press("f6", "2")
        await until(pilot, lambda: isinstance(app.screen, SeeScreen) and app.screen.query_one(GridView).table.rows)
        view = app.screen.query_one(GridView)
        while view.table.rows[view.row].id != "SQL-19":
            await pilot.press("down")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, AcceptDialog))
        await pilot.press("escape")
        while view.table.rows[view.row].id != "CLU-09":
            await pilot.press("up")
        await pilot.press("g")
        await until(pilot, lambda: app.screen is app.wizard and app.wizard.page is pages.NAMES)
        await until(pilot, lambda: answer_in_front(app) == "cluster.static_addresses")
        # In the palette: of the chosen line, and elsewhere of one that is chosen then.
        await to_field(pilot, "cluster.role_name")
        await app.run_action(FIELD)
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog) and "X FAIL DKM-01" in screen_text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: answer_in_front(app) == "dkm.container")
        await app.run_action(ACCEPT)
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog) and "Accept which" in screen_text(pilot))
        await pilot.press("exclamation_mark", "enter")
        await until(pilot, lambda: isinstance(app.screen, AcceptDialog))
        await pilot.press("escape")
        await to_finding(pilot, app, "DKM-01")
        await app.run_action(FIELD)
        await until(pilot, lambda: answer_in_front(app) == "dkm.container")
