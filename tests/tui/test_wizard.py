"""The wizard as a person with a keyboard finds it, at 80x24 and smaller."""

from functools import partial
from pathlib import Path

import pytest
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from tests.building import a_container, good_facts
from tests.tui.wizards import (
    LARGE,
    SMALL,
    TINY,
    a_wizard,
    all_passwords,
    ready_plan,
    screen_text,
    settled,
    to_field,
    to_page,
    told,
    type_text,
    until,
)
from vmm_wizard.plan.answers import load
from vmm_wizard.plan.names import AccountName
from vmm_wizard.tui import pages
from vmm_wizard.tui.app import WizardApp, choose_theme
from vmm_wizard.tui.screens.dialogs import ChoiceDialog, FileDialog, TextDialog
from vmm_wizard.tui.widgets.steps import Steps

PAGES = [page.id for page in pages.PAGES]


async def test_all_steps_stand_beside_the_page_from_the_first_paint(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        text = screen_text(pilot)
        assert all(page.step in text for page in pages.PAGES)
        assert "VMM release" in text
        assert len(app.wizard.query("PageView")) == 1


async def test_the_first_field_is_ready_on_every_page(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        for page in pages.PAGES[:8]:
            await to_page(pilot, page.id)
            field = f"field-{page.keys[0].replace('.', '-')}"
            await until(pilot, partial(has_focus, app, field))


def has_focus(app: WizardApp, place: str) -> bool:
    return place in ancestor_ids(app.focused)


def ancestor_ids(widget: Widget | None) -> list[str | None]:
    return [] if widget is None else [node.id for node in widget.ancestors if isinstance(node, Widget)]


@pytest.mark.parametrize("page_id", PAGES)
async def test_everything_that_takes_keys_is_reached_by_tab_and_nothing_is_cut(page_id: str, tmp_path: Path) -> None:
    """At 80x24, and at 60x20, where more has to be scrolled."""
    app = a_wizard(tmp_path, ready_plan(), all_passwords(ready_plan()))
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot, good_facts(dkm=a_container(found=False)))
        await to_page(pilot, page_id)
        await assert_nothing_is_cut(pilot, page_id)
        await assert_tab_reaches_everything(pilot, SMALL)
        await pilot.resize_terminal(*TINY)
        await pilot.pause()
        await assert_nothing_is_cut(pilot, page_id)
        await assert_tab_reaches_everything(pilot, TINY)


async def assert_nothing_is_cut(pilot: Pilot[int], page_id: str) -> None:
    page = pilot.app.screen.query_one(f"#page-{page_id}")
    await until(pilot, lambda: page.max_scroll_x == 0)
    shown = [widget for widget in pilot.app.screen.query("Label, Button") if widget.region]
    assert shown
    for widget in shown:
        text = widget.label if isinstance(widget, Button) else widget.render()
        assert widget.size.width >= len(str(text)), f"{text} is cut"


async def assert_tab_reaches_everything(pilot: Pilot[int], size: tuple[int, int]) -> None:
    wanted = set(pilot.app.screen.focus_chain)
    reached = set()
    for _ in wanted:
        await pilot.press("tab")
        focused = pilot.app.focused
        assert focused is not None
        reached.add(focused)
        visible = focused.region.intersection(Region(0, 0, *size))
        assert visible.height >= 1
        assert visible.width == focused.region.width
        in_sight, _ = pilot.app.screen.get_widget_at(*visible.offset)
        assert focused in (in_sight, *in_sight.ancestors), f"{focused} is covered by {in_sight}"
    assert reached == wanted


async def test_a_narrow_screen_shows_the_step_in_one_line(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=TINY) as pilot:
        await told(pilot)
        assert "Step 1 of 11 > Job and release + ok" in screen_text(pilot)
        assert app.screen.query_one(Steps).size.height == 1


async def test_resizing_brings_the_steps_back(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=TINY) as pilot:
        await pilot.resize_terminal(*SMALL)
        await pilot.pause()
        assert "Cluster and nodes" in screen_text(pilot)


# --- keys


@pytest.mark.parametrize("keys", [("ctrl+n", "ctrl+p"), ("alt+right", "alt+left")])
async def test_pages_are_turned_by_either_pair_of_keys(keys: tuple[str, str], tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press(keys[0], keys[0])
        assert app.wizard.page is pages.ACCOUNT
        await pilot.press(keys[1])
        assert app.wizard.page is pages.CONNECTION


async def test_pages_are_turned_by_the_buttons(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        app.screen.query_one("#next").focus()
        await pilot.press("enter")
        await until(pilot, lambda: app.wizard.page is pages.CONNECTION)
        app.screen.query_one("#back").focus()
        await pilot.press("enter")
        await until(pilot, lambda: app.wizard.page is pages.JOB)


@pytest.mark.parametrize("key", ["f3", "ctrl+g"])
async def test_any_page_is_one_dialog_away(key: str, tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
        await pilot.press("down", "down", "down", "enter")
        await until(pilot, lambda: app.wizard.page is pages.DKM)


async def test_enter_goes_from_field_to_field(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "sql")
        await to_field(pilot, "database.host")
        await pilot.press("enter")
        assert "field-database-instance" in ancestor_ids(app.focused)


@pytest.mark.parametrize("key", ["f1", "ctrl+t"])
async def test_help_explains_keys_and_signs(key: str, tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=LARGE) as pilot:
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        assert "Ctrl+S  F2" in screen_text(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.wizard)


async def test_a_field_says_what_it_is_for_while_it_has_the_focus(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "dkm")
        await to_field(pilot, "dkm.container")
        await pilot.pause()
        assert "It must exist" in str(app.screen.query_one("#help", Static).render())


# --- answers


async def test_what_cannot_be_read_is_said_below_its_field_and_kept(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot)
        await to_page(pilot, "dkm")
        await to_field(pilot, "dkm.container")
        await type_text(pilot, "VMMDKM")
        await settled(pilot)
        text = screen_text(pilot)
        assert "expected a distinguished name" in " ".join(text.split())
        assert "DKM container     X error" in text
        assert app.screen.query_one("#field-dkm-container Input", Input).value == "VMMDKM"


async def test_next_is_blocked_by_nothing(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot, good_facts(dkm=a_container(found=False)))
        await to_page(pilot, "names")
        await to_field(pilot, "cluster.static_addresses")
        await type_text(pilot, "nonsense")
        await pilot.press("ctrl+n")
        assert app.wizard.page is pages.PORTS
        assert "X error" in screen_text(pilot)


async def test_what_was_typed_is_taken_when_the_page_is_left_at_once(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "names")
        await to_field(pilot, "cluster.role_name")
        await type_text(pilot, "vmm2")
        await pilot.press("ctrl+n")
        assert app.answers.plan.cluster.role_name.text == "vmm2"


async def test_a_choice_becomes_an_answer(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await to_field(pilot, pages.EULA)
        await pilot.press("right")
        await settled(pilot)
        assert app.answers.plan.registration.eula_accepted


async def test_findings_stand_below_the_form_with_sign_word_and_id(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot, good_facts(dkm=a_container(found=False)))
        await to_page(pilot, "dkm")
        await pilot.pause()
        assert "X FAIL DKM-01" in screen_text(pilot)
        assert "DKM container     X FAIL" in screen_text(pilot)


async def test_enter_on_a_finding_shows_it_in_full(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=LARGE) as pilot:
        await told(pilot, good_facts(dkm=a_container(found=False)))
        await to_page(pilot, "dkm")
        await to_field(pilot, "dkm.container")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        await pilot.pause()
        text = screen_text(pilot)
        assert all(heading in text for heading in ("What was read", "What to do", "Why"))
        assert "dsadd" in text or "New-ADObject" in text


async def test_an_unanswered_page_says_what_its_checks_wait_for(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot)
        await to_page(pilot, "dkm")
        await pilot.pause()
        assert "will follow when these are answered" in " ".join(screen_text(pilot).split())


async def test_what_stands_in_the_way_is_listed_before_a_run_and_start_does_not_start(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan(), all_passwords(ready_plan()))
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot, good_facts(dkm=a_container(found=False)))
        await to_page(pilot, "run")
        await pilot.pause()
        assert "X FAIL DKM-01" in screen_text(pilot)
        app.screen.query_one("#start").focus()
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen is app.wizard
        assert not app.jobs.running
        assert "not started" in screen_text(pilot)


async def test_start_explains_the_rehearsal_and_asks_before_anything_is_done(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan(), all_passwords(ready_plan()))
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot)
        await to_page(pilot, "run")
        app.screen.query_one("#start").focus()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
        await pilot.pause()
        text = " ".join(screen_text(pilot).split())
        assert "a rehearsal runs on each node" in text
        assert "stores the password" in text
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.wizard)
        assert not app.jobs.running


async def test_review_shows_all_findings_and_each_nodes_files_masked(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan(), all_passwords(ready_plan()))
    async with app.run_test(size=LARGE) as pilot:
        await told(pilot, good_facts(dkm=a_container(found=False)))
        await to_page(pilot, "review")
        await pilot.pause()
        preview = str(app.screen.query_one("#preview-text", Static).render())
        assert preview.count("[OPTIONS]") == 2
        assert "HighlyAvailable2ndNode" in preview
        assert "/VmmServiceUserPassword ***" in preview
        assert "X FAIL DKM-01" in screen_text(pilot)


# --- saving and leaving


@pytest.mark.parametrize("key", ["ctrl+s", "f2"])
async def test_saving_asks_for_a_file_when_there_is_none(key: str, tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, FileDialog))
        field = app.screen.query_one(Input)
        field.value = str(tmp_path / "mine")
        await pilot.press("enter")
        await until(pilot, (tmp_path / "mine.toml").exists)
    assert load(tmp_path / "mine.toml") == ready_plan()


async def test_saving_that_fails_is_said(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    app.answers.file = tmp_path / "no such folder" / "a.toml"
    async with app.run_test(size=LARGE) as pilot:
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert "not saved" in screen_text(pilot)
        assert app.answers.unsaved


async def test_review_has_a_button_that_saves(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    app.answers.file = tmp_path / "a.toml"
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "review")
        app.screen.query_one("#save").focus()
        await pilot.press("enter")
        await until(pilot, (tmp_path / "a.toml").exists)


@pytest.mark.parametrize("key", ["ctrl+q", "f10"])
async def test_nothing_unsaved_is_left_without_a_word(key: str, tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press(key)
    assert app.return_value == 0


async def test_quitting_with_something_unsaved_asks_and_staying_stays(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.wizard)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
        await pilot.press("down", "enter")
    assert app.return_value == 0


async def test_quitting_can_save_first(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    app.answers.file = tmp_path / "a.toml"
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
        await pilot.press("enter")
        await until(pilot, lambda: app.return_value is not None)
    assert load(tmp_path / "a.toml") == ready_plan()


async def test_a_file_with_mistakes_is_opened_with_a_word_about_them(tmp_path: Path) -> None:
    from vmm_wizard.tui.answers import Answers

    (tmp_path / "a.toml").write_text('relese = "2022"\n', encoding="utf-8")
    app = a_wizard(tmp_path)
    app.answers.notices = Answers.opened(tmp_path / "a.toml").notices
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        await pilot.pause()
        assert "did you mean release?" in " ".join(screen_text(pilot).split())


# --- passwords


async def test_a_password_is_taken_when_its_field_is_left_not_while_it_is_typed(tmp_path: Path) -> None:
    account = AccountName.parse(r"CONTOSO\vmm-setup")
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "connection")
        await to_field(pilot, "password:installing_account")
        await pilot.press(*"pa55word")
        await pilot.pause(0.4)
        assert app.jobs.secrets.get(account) is None
        await pilot.press("tab")
        await until(pilot, lambda: app.jobs.secrets.get(account))
        secret = app.jobs.secrets.get(account)
        assert secret is not None
        assert secret.reveal() == "pa55word"
        assert app.screen.query_one("#password-installing_account Input", Input).value == ""


async def test_a_password_belongs_to_the_account_it_was_given_for(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "account")
        await to_field(pilot, "password:service_account.name")
        await pilot.press(*"pa55word", "shift+tab")
        await until(pilot, lambda: AccountName.parse(r"CONTOSO\svc-vmm") in app.jobs.secrets)
        await type_text(pilot, r"CONTOSO\svc-other")
        await settled(pilot)
        assert AccountName.parse(r"CONTOSO\svc-other") not in app.jobs.secrets
        assert ". open" in next(line for line in screen_text(pilot).splitlines() if "> Service account" in line)


async def test_only_an_account_that_is_named_is_asked_for_its_password(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "sql")
        await pilot.pause()
        field = app.screen.query_one("#password-database-admin_account")
        assert not field.display
        await to_field(pilot, "database.admin_account")
        await type_text(pilot, r"CONTOSO\dba")
        await settled(pilot)
        assert field.display


# --- the look


@pytest.mark.parametrize(
    ("environ", "theme"),
    [
        ({"TERM": "xterm-256color"}, "textual-dark"),
        ({"TERM": "linux"}, "ansi-dark"),
        ({"TERM": "linux", "NO_COLOR": "1"}, "textual-dark"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "textual-dark"),
        ({}, "textual-dark"),
    ],
)
def test_the_theme_suits_the_terminal_and_is_never_black_on_black(environ: dict[str, str], theme: str) -> None:
    assert choose_theme(environ) == theme


async def test_no_cursor_blinks_and_nothing_moves_when_nothing_happens(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot)
        for page_id in PAGES:
            await to_page(pilot, page_id)
        for field in app.wizard.query(Input):
            assert not field.cursor_blink
        assert not app.wizard.auto_refresh
        assert all(widget.auto_refresh is None for widget in app.wizard.query("*"))
