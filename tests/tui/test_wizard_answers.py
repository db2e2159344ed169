"""What a person types into the wizard, saves, and leaves: answers, passwords, files."""

from pathlib import Path

import pytest
from textual.widgets import Input, Static

from tests.building import a_container, good_facts
from tests.tui.wizards import (
    LARGE,
    SMALL,
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
from vmm_wizard.facts.model import PasswordFacts
from vmm_wizard.install.orders import Job
from vmm_wizard.plan.answers import load
from vmm_wizard.plan.names import AccountName
from vmm_wizard.tui.screens.dialogs import ChoiceDialog, FileDialog, TextDialog
from vmm_wizard.wizard import pages

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


async def test_enter_goes_on_from_a_choice_too(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("enter", "enter", "y", "enter")
        assert app.answers.order.job is Job.INSTALL
        await settled(pilot)
        assert app.answers.plan.registration.eula_accepted
        await pilot.press("enter")
        await until(pilot, lambda: app.wizard.page is pages.CONNECTION)


async def test_a_choice_becomes_an_answer(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await to_field(pilot, pages.EULA)
        await pilot.press("right")
        await settled(pilot)
        assert app.answers.plan.registration.eula_accepted


async def test_a_finding_stands_below_its_form_on_review_and_before_a_run_and_is_shown_in_full(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan(), all_passwords(ready_plan()))
    async with app.run_test(size=LARGE) as pilot:
        await told(pilot, good_facts(dkm=a_container(found=False)))
        await to_page(pilot, "dkm")
        await to_field(pilot, "dkm.container")
        assert "X FAIL DKM-01" in screen_text(pilot)
        assert "DKM container     X FAIL" in screen_text(pilot)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        await pilot.pause()
        text = screen_text(pilot)
        assert all(heading in text for heading in ("What was read", "What to do", "Why"))
        assert "dsadd" in text or "New-ADObject" in text
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.wizard)

        await to_page(pilot, "review")
        preview = str(app.screen.query_one("#preview-text", Static).render())
        assert preview.count("[OPTIONS]") == 2
        assert "HighlyAvailable2ndNode" in preview
        assert "/VmmServiceUserPassword ***" in preview
        assert "X FAIL DKM-01" in screen_text(pilot)

        await to_page(pilot, "run")
        assert "X FAIL DKM-01" in screen_text(pilot)
        app.screen.query_one("#start").focus()
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen is app.wizard
        assert not app.jobs.running
        assert "not started" in screen_text(pilot)


async def test_an_unanswered_page_says_what_its_checks_wait_for(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot)
        await to_page(pilot, "dkm")
        await pilot.pause()
        assert "will follow when these are answered" in " ".join(screen_text(pilot).split())


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


# --- saving and leaving


async def test_saving_asks_for_a_file_when_there_is_none(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, FileDialog))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.wizard)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, FileDialog))
        field = app.screen.query_one(Input)
        field.value = str(tmp_path / "mine")
        await pilot.press("enter")
        await until(pilot, (tmp_path / "mine.toml").exists)
    assert load(tmp_path / "mine.toml") == ready_plan()


async def test_saving_over_another_file_asks_first_and_offers_another_name(tmp_path: Path) -> None:
    other = tmp_path / "a.toml"
    other.write_text("# last year's\n", encoding="utf-8")
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        for answer in ("enter", "down"):
            await pilot.press("ctrl+s")
            await until(pilot, lambda: isinstance(app.screen, FileDialog))
            app.screen.query_one(Input).value = str(other)
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
            assert other.read_text(encoding="utf-8") == "# last year's\n"
            await pilot.press(answer)
            if answer == "enter":
                await until(pilot, lambda: isinstance(app.screen, FileDialog))
                await pilot.press("escape")
        await pilot.press("enter")
        await until(pilot, lambda: app.answers.file == other)
    assert load(other) == ready_plan()


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
    from vmm_wizard.wizard.answers import Answers

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


async def test_behind_a_name_that_cannot_be_read_a_password_waits_for_the_name(tmp_path: Path) -> None:
    account = AccountName.parse(r"CONTOSO\vmm-setup")
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "connection")
        await to_field(pilot, "installing_account")
        await pilot.press(*"vmm-setup", "tab", *"pa55word", "tab")
        await settled(pilot)
        assert app.answers.text("domain") == ""
        assert "pa55word" not in screen_text(pilot)
        await pilot.press("shift+tab", "shift+tab")
        await type_text(pilot, r"CONTOSO\vmm")
        await settled(pilot)
        assert AccountName.parse(r"CONTOSO\vmm") not in app.jobs.secrets, "the name is still being typed"
        await pilot.press(*"-setup", "enter", "enter")
        await until(pilot, lambda: app.jobs.secrets.get(account))
        secret = app.jobs.secrets.get(account)
        assert secret is not None
        assert secret.reveal() == "pa55word"


async def test_a_password_belongs_to_the_account_it_was_given_for(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "account")
        await to_field(pilot, "password:service_account.name")
        await pilot.press(*"pa55word", "shift+tab")
        await until(pilot, lambda: AccountName.parse(r"CONTOSO\svc-vmm") in app.jobs.secrets)
        row = app.screen.query_one("#password-service_account-name Input", Input)
        assert row.placeholder.startswith("given")
        key = r"contoso\svc-vmm"
        await told(pilot, good_facts(passwords={key: PasswordFacts(key, False, "52e", "wrong user name or password")}))
        assert row.placeholder == "X refused, see below"
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
