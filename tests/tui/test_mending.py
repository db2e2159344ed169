"""Mending from the page of a finding, by the keyboard: shown, asked for, done, and checked again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from tests.estates import ServedEstate, serving_estate
from tests.tui.wizards import SMALL, screen_text, to_page, until
from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.lab import contoso
from vmm_wizard.lab.scenarios import scenario
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.tui.messages import FindingsChosen
from vmm_wizard.tui.screens.dialogs import ChoiceDialog, MendableDialog, TextDialog
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.mendable import mendable

VMM02 = "vmm02.contoso.lab"


def finding(check_id: str, status: Status) -> Finding:
    return Finding(check_id, "", "node", "", status, "", "", "")


def test_only_what_is_wrong_and_can_be_mended_is_offered() -> None:
    rows = [
        finding("ACC-04", Status.FAIL),
        finding("ACC-04", Status.PASS),
        finding("RUN-02", Status.WARN),
        finding("DKM-01", Status.UNKNOWN),
        finding("NOD-08", Status.FAIL),
    ]
    assert [(row.id, row.status) for row in mendable(rows)] == [("ACC-04", Status.FAIL), ("RUN-02", Status.WARN)]


@asynccontextmanager
async def opened(
    folder: Path, fault: str, page: str, check_id: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Pilot[int], WizardApp, ServedEstate]]:
    """The wizard on a faulty estate, the dialog about the finding open."""
    monkeypatch.setenv("VMM_WIZARD_STATE", str(folder / "state"))
    with serving_estate(folder, scenario(fault)) as served:
        app = WizardApp(Answers(served.plan), served.secrets, served.book)
        async with app.run_test(size=SMALL) as pilot:
            await to_page(pilot, page)

            def wrong() -> tuple[Finding, ...]:
                rows = app.wizard.view.findings
                return tuple(row for row in rows if row.id == check_id and row.status in (Status.FAIL, Status.WARN))

            await until(pilot, lambda: wrong() and not app.wizard.view.waiting)
            app.wizard.post_message(FindingsChosen(wrong()))
            await until(pilot, lambda: isinstance(app.screen, TextDialog))
            yield pilot, app, served
            app.jobs.close()


async def test_a_finding_is_mended_after_the_change_was_shown_and_agreed_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path, "service-account-no-admin", "account", "ACC-04", monkeypatch) as (pilot, app, served):
        assert isinstance(app.screen, MendableDialog)
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog) and app.screen.query(OptionList))
        await until(pilot, lambda: "On vmm02.contoso.lab, as CONTOSO\\vmm-setup:" in screen_text(pilot))
        assert served.estate.nodes[VMM02].administrators_added == []
        await pilot.press("down", "enter")
        await until(pilot, lambda: "ACC-04 is mended" in screen_text(pilot))
        await until(
            pilot,
            lambda: {row.status for row in app.wizard.view.findings if row.id == "ACC-04"} == {Status.PASS},
        )
        assert len(served.estate.nodes[VMM02].administrators_added) == 1


async def test_who_says_no_has_changed_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path, "dkm-missing-yours-to-make", "dkm", "DKM-01", monkeypatch) as (pilot, app, served):
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog) and app.screen.query(OptionList))
        await until(pilot, lambda: "create the container VMMDKM" in screen_text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.wizard)
        assert served.estate.directory.get(contoso.DKM) is None


async def test_a_refusal_says_which_right_is_lacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path, "dkm-missing", "dkm", "DKM-01", monkeypatch) as (pilot, app, _):
        await pilot.press("m")
        await until(pilot, lambda: "Not mended from here" in screen_text(pilot))
        await until(pilot, lambda: "lacks the right to create containers" in screen_text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.wizard)


async def test_other_findings_are_only_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path, "pending-reboot", "cluster", "NOD-08", monkeypatch) as (pilot, app, _):
        assert not isinstance(app.screen, MendableDialog)
        await pilot.press("m")
        await pilot.pause()
        assert isinstance(app.screen, TextDialog)
