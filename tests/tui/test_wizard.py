"""The wizard as a person with a keyboard finds it, at 80x24 and smaller: pages, steps, keys."""

from functools import partial
from pathlib import Path

from textual.widget import Widget
from textual.widgets import Input
from textual.widgets._footer import FooterKey

from tests.tui.wizards import (
    SMALL,
    TINY,
    a_wizard,
    ready_plan,
    screen_text,
    to_field,
    to_page,
    told,
    until,
)
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.tui.widgets.field import Row
from vmm_wizard.tui.widgets.steps import Steps
from vmm_wizard.wizard import pages


async def test_all_steps_stand_beside_the_page_from_the_first_paint(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        text = screen_text(pilot)
        assert all(page.name in text for page in pages.PAGES)
        assert "VMM release" in text
        assert len(app.wizard.query("PageView")) == 1


async def test_on_every_page_the_first_field_is_ready_and_nothing_moves_when_nothing_happens(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot)
        for page in pages.PAGES:
            await to_page(pilot, page.id)
            if page.keys:
                await until(pilot, partial(has_focus, app, f"field-{page.keys[0].replace('.', '-')}"))
        for field in app.wizard.query(Input):
            assert not field.cursor_blink
        assert not app.wizard.auto_refresh
        assert all(widget.auto_refresh is None for widget in app.wizard.query("*"))


async def test_an_enter_that_is_heard_after_the_page_was_turned_moves_nothing(tmp_path: Path) -> None:
    """Enter in the last field and Ctrl+N at once, as fast hands and slow lines have it."""
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, pages.ACCOUNT.id)
        field = app.wizard.query_one("#field-service_account-name", Row)
        await to_page(pilot, pages.DKM.id)
        await until(pilot, partial(has_focus, app, "field-dkm-container"))
        field.entered()
        await pilot.pause()
        assert has_focus(app, "field-dkm-container")


def has_focus(app: WizardApp, place: str) -> bool:
    return place in ancestor_ids(app.focused)


def ancestor_ids(widget: Widget | None) -> list[str | None]:
    return [] if widget is None else [node.id for node in widget.ancestors if isinstance(node, Widget)]


async def test_a_narrow_screen_shows_the_step_in_one_line_until_it_is_wider(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=TINY) as pilot:
        await told(pilot)
        assert "Step 1 of 11 > Job and release + ok" in screen_text(pilot)
        assert app.screen.query_one(Steps).size.height == 1
        await pilot.resize_terminal(*SMALL)
        await pilot.pause()
        assert "Cluster and nodes" in screen_text(pilot)


# --- keys


async def test_pages_are_turned_by_either_pair_of_keys(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        for key, page in (
            ("ctrl+n", pages.CONNECTION),
            ("alt+right", pages.ACCOUNT),
            ("alt+left", pages.CONNECTION),
            ("ctrl+p", pages.JOB),
        ):
            await pilot.press(key)
            assert app.wizard.page is page


async def test_pages_are_turned_by_the_buttons(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, partial(has_focus, app, "field-order-job"))
        app.screen.query_one("#next").focus()
        await pilot.press("enter")
        await until(pilot, partial(has_focus, app, "field-installing_account"))
        assert app.wizard.page is pages.CONNECTION
        app.screen.query_one("#back").focus()
        await pilot.press("enter")
        await until(pilot, lambda: app.wizard.page is pages.JOB)


async def test_enter_goes_from_field_to_field(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "sql")
        await to_field(pilot, "database.host")
        await pilot.press("enter")
        assert "field-database-instance" in ancestor_ids(app.focused)
        await to_page(pilot, "cluster")
        await to_field(pilot, "cluster.nodes")
        await pilot.press("enter")
        assert app.focused is not None
        assert app.focused.id == "next"


async def test_the_line_of_keys_stays_as_it_is_while_the_keys_do(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: app.screen.query(FooterKey))
        keys = list(app.screen.query(FooterKey))
        assert {"Next", "Back", "Save", "Quit"} <= {key.description for key in keys}
        await pilot.press("tab", "tab")
        await pilot.pause()
        assert list(app.screen.query(FooterKey)) == keys
        for key in ("ctrl+s", "f2"):
            del app._bindings.key_to_bindings[key]
        app.screen.refresh_bindings()
        await until(pilot, lambda: "Save" not in {key.description for key in app.screen.query(FooterKey)})
