"""Any page at any time: by the list of steps, by its dialog on a narrow screen, by the mouse and by the palette."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.building import a_container, good_facts
from tests.tui.test_wizard import has_focus
from tests.tui.wizards import (
    LARGE,
    SMALL,
    TINY,
    a_wizard,
    page_text,
    ready_plan,
    screen_text,
    send,
    settled,
    to_field,
    to_page,
    told,
    type_text,
    until,
)
from vmm_wizard.install.orders import Job
from vmm_wizard.plan.fields import field_text
from vmm_wizard.tui import doing
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.tui.screens.dialogs import ChoiceDialog, TextDialog
from vmm_wizard.tui.screens.palette import PaletteDialog
from vmm_wizard.tui.widgets.steps import Steps
from vmm_wizard.wizard import pages


async def test_the_list_of_steps_is_walked_by_either_key(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "account")
        await until(pilot, partial(has_focus, app, "field-service_account-name"))
        await pilot.press("f3", "down")
        assert "> DKM container" in screen_text(pilot)
        assert "* Service account" in screen_text(pilot)
        await pilot.press("escape")
        assert "> Service account" in screen_text(pilot)
        assert has_focus(app, "field-service_account-name")
        await pilot.press("ctrl+g", "s", "enter")
        await until(pilot, partial(has_focus, app, "field-database-host"))
        assert app.wizard.page is pages.SQL
        await pilot.press("f3", "1", "up", "down", "enter")
        await until(pilot, lambda: app.wizard.page is pages.CONNECTION)


async def test_tab_goes_past_the_list_of_steps_and_a_click_opens_one(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        assert app.wizard.query_one(Steps) not in app.wizard.focus_chain
        await pilot.press("f3", "tab")
        assert has_focus(app, "field-order-job")
        assert app.wizard.query_one(Steps) not in app.wizard.focus_chain
        await pilot.click(Steps, offset=(4, 4))
        await until(pilot, lambda: app.wizard.page is pages.SQL)


async def test_a_narrow_screen_has_a_dialog_instead(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=TINY) as pilot:
        for key, place in (("f3", 3), ("ctrl+g", 1), ("click", 2)):
            await (pilot.click(Steps) if key == "click" else pilot.press(key))
            await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
            await pilot.press(*["down"] * place, "enter")
            await until(pilot, lambda place=place: app.wizard.page is pages.PAGES[place])  # type: ignore[misc]


async def opened(pilot: Pilot[int], key: str) -> WizardApp:
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, PaletteDialog))
    await pilot.pause()
    app = pilot.app
    assert isinstance(app, WizardApp)
    return app


async def test_the_palette_goes_to_pages_and_does_what_is_chosen(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, "f9")
        await pilot.press(*"sql", "enter")
        await until(pilot, lambda: app.wizard.page is pages.SQL)
        await opened(pilot, "ctrl+o")
        await pilot.press(*"keys", "enter")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.wizard)
        await opened(pilot, "f9")
        await pilot.press("down", "up", "up", "enter")
        await until(pilot, lambda: app.wizard.page is pages.DONE)


async def test_keys_that_come_fast_go_where_they_are_meant(tmp_path: Path) -> None:
    """A terminal hands over several keys at once; the screen is not painted between them."""
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, partial(has_focus, app, "field-order-job"))
        send(app, "f3", "d", "enter")
        await until(pilot, lambda: app.wizard.page is pages.DKM)
        assert app.answers.order.job is Job.INSTALL
        await until(pilot, partial(has_focus, app, "field-dkm-container"))
        send(app, "end", "ctrl+u", *"CN=New,DC=contoso,DC=lab", "ctrl+n")
        await until(pilot, lambda: app.wizard.page is pages.SQL)
        assert str(app.answers.plan.dkm.dn) == "CN=New,DC=contoso,DC=lab"
        send(app, "f9", "q", "u")
        await until(pilot, lambda: isinstance(app.focused, Input) and app.focused.value == "qu")


async def test_the_palette_says_when_nothing_is_called_so_and_goes_away(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "dkm")
        await to_field(pilot, "dkm.container")
        await opened(pilot, "f9")
        await pilot.press(*"qqq", "enter")
        await pilot.pause()
        assert "Nothing is called that" in screen_text(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.wizard)
        assert app.wizard.page is pages.DKM
        assert has_focus(app, "field-dkm-container")


async def test_the_palette_starts_a_run_as_the_button_does(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, "f9")
        await pilot.press(*"start", "enter")
        await until(pilot, lambda: app.wizard.page is pages.RUN)
        await until(pilot, lambda: "not started" in screen_text(pilot))


async def test_what_a_change_makes_stale_is_marked_at_once_and_stays_to_be_seen(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=LARGE) as pilot:
        await told(pilot, good_facts(dkm=a_container(found=False)))
        app.jobs.look = lambda *_, **__: None  # type: ignore[method-assign]
        await to_page(pilot, "dkm")
        assert "X FAIL DKM-01" in screen_text(pilot)
        await to_field(pilot, "dkm.container")
        await type_text(pilot, "CN=Other,DC=contoso,DC=lab")
        await settled(pilot)
        await until(pilot, lambda: "> DKM container     ~ asking" in screen_text(pilot))
        assert "~ asking DKM-01" in screen_text(pilot)
        assert "asked again; it was FAIL" in page_text(pilot)
        assert "  SQL Server        + ok" in screen_text(pilot)


async def test_keys_that_correct_what_is_typed_fast_do_so_in_their_order(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "dkm")
        field = await to_field(pilot, "dkm.container")
        assert isinstance(field, Input)
        send(app, "end", "ctrl+u", "a", "b", "X", "backspace", "c", "d", "Y", "backspace", "backspace", "e")
        send(app, "home", "s", "end", "q")
        await until(pilot, lambda: field.value == "sabceq")


async def test_what_is_typed_right_after_turning_to_a_page_is_typed_there(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, partial(has_focus, app, "field-order-job"))
        send(app, "ctrl+n", *"vmm@contoso.lab", "ctrl+n", *"svc@contoso.lab")
        await until(pilot, lambda: app.wizard.page is pages.ACCOUNT and not app.wizard.is_typing)
        assert field_text(app.answers.plan, "installing_account") == "vmm@contoso.lab"
        await until(pilot, lambda: field_text(app.answers.plan, "service_account.name") == "svc@contoso.lab")


async def test_a_page_that_takes_long_gets_its_letters_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doing, "_PATIENCE", 0.01)
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, partial(has_focus, app, "field-order-job"))
        app.wizard.settled_down.clear()
        send(app, "v")
        await asyncio.sleep(0.1)
        assert app.answers.order.job is Job.INSTALL
        app.wizard.settled_down.set()
        await until(pilot, lambda: app.answers.order.job is Job.VERIFY)


async def test_a_terminal_that_is_too_small_is_told_of_until_it_is_larger(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=TINY) as pilot:
        await until(pilot, lambda: "60x20 is small" in screen_text(pilot))
        await pilot.resize_terminal(*SMALL)
        await until(pilot, lambda: "is small" not in screen_text(pilot))
