"""Copying, writing to a file and requests to other teams, by the keyboard."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input

from tests.building import a_plan, installed_facts
from tests.tui.scenes import ENDED, MIXED, UNDER_WAY, told_of
from tests.tui.wizards import SMALL, a_wizard, all_passwords, ready_plan, screen_text, to_page, told, until
from vmm_wizard import log
from vmm_wizard.afterwards.follow_ups import follow_ups
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.tui.messages import FindingsChosen, FollowUpsTold
from vmm_wizard.tui.screens.dialogs import ChoiceDialog, FindingDialog, TextDialog
from vmm_wizard.tui.sharing import WriteDialog

SECRET = "Sehr.Geheim-77"


def a_shared_wizard(folder: Path) -> WizardApp:
    return a_wizard(folder, ready_plan(), all_passwords(ready_plan()))


async def dkm_opened(pilot: Pilot[int]) -> WizardApp:
    """The dialog about the container that is missing."""
    app = await told(pilot, MIXED)
    rows = tuple(row for row in app.wizard.view.findings if row.id == "DKM-01")
    app.wizard.post_message(FindingsChosen(rows))
    await until(pilot, lambda: isinstance(app.screen, FindingDialog))
    return app


async def test_a_remedy_is_copied_written_and_not_written_over_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with a_shared_wizard(tmp_path).run_test(size=SMALL) as pilot:
        app = await dkm_opened(pilot)
        await until(pilot, lambda: "W writes to a file." in screen_text(pilot))
        await pilot.press("c")
        await until(pilot, lambda: "Copied: what mends DKM-01" in screen_text(pilot))
        assert app.clipboard.startswith("New-ADObject")
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WriteDialog) and app.focused is not None)
        await pilot.press("enter")
        await until(pilot, lambda: "Written: what mends DKM-01, to DKM-01.txt" in screen_text(pilot))
        written = (tmp_path / "DKM-01.txt").read_text(encoding="utf-8")
        assert written == app.clipboard
        # Once more: the file is there, and stays as it is.
        (tmp_path / "DKM-01.txt").write_text("mine", encoding="utf-8")
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WriteDialog) and app.focused is not None)
        await pilot.press("enter")
        await until(pilot, lambda: "DKM-01.txt exists already." in screen_text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.focused, Input))
        assert (tmp_path / "DKM-01.txt").read_text(encoding="utf-8") == "mine"
        await pilot.press("enter")
        await until(pilot, lambda: "DKM-01.txt exists already." in screen_text(pilot))
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, FindingDialog))
        assert (tmp_path / "DKM-01.txt").read_text(encoding="utf-8") == written


async def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    async with a_shared_wizard(tmp_path).run_test(size=SMALL) as pilot:
        app = await dkm_opened(pilot)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WriteDialog) and app.focused is not None)
        app.screen.query_one(Input).value = str(tmp_path / "no such folder" / "x.txt")
        await pilot.press("enter")
        await until(pilot, lambda: "X not written" in screen_text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FindingDialog))


async def test_a_finding_leads_to_the_request_and_the_palettes_action_to_all_teams(tmp_path: Path) -> None:
    async with a_shared_wizard(tmp_path).run_test(size=SMALL) as pilot:
        app = await dkm_opened(pilot)
        await pilot.press("r")
        await until(pilot, lambda: "Subject: VMM 2022 on vmmclu.contoso.lab" in screen_text(pilot))
        await pilot.press("c")
        await until(pilot, lambda: "the request to the AD team" in screen_text(pilot))
        assert app.clipboard.startswith("Subject: ")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.wizard)
        await to_page(pilot, "review")
        app.screen.query_one("#request", Button).press()
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
        await until(pilot, lambda: "the AD team: " in screen_text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))


async def test_what_follows_is_copied_from_the_last_page_and_from_its_dialog(tmp_path: Path) -> None:
    async with a_shared_wizard(tmp_path).run_test(size=SMALL) as pilot:
        app = await told(pilot, installed_facts())
        await told_of(pilot, *UNDER_WAY, *ENDED)
        await until(pilot, lambda: app.wizard.page.id == "done")
        rows = follow_ups(a_plan(), installed_facts())
        app.wizard.post_message(FollowUpsTold(("! to do      x",), tuple(rows)))
        await until(pilot, lambda: app.screen.query_one("#all-follow-ups").display)
        app.screen.query_one("#all-follow-ups").focus()
        await pilot.press("c")
        await until(pilot, lambda: "AFT-" in app.clipboard)
        await pilot.press("enter")
        await until(pilot, lambda: "What follows the install" in screen_text(pilot))
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WriteDialog))


async def test_no_secret_comes_into_the_clipboard(tmp_path: Path) -> None:
    log.mask(SECRET)
    written: list[str] = []
    app = a_shared_wizard(tmp_path)
    async with app.run_test(size=SMALL):
        assert app._driver is not None
        app._driver.write = written.append  # type: ignore[method-assign]
        app.copy_to_clipboard(f"net use /user:me {SECRET}{os.linesep}")
        assert SECRET not in app.clipboard
        assert "***" in app.clipboard
