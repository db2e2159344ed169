"""The whole way by keyboard alone at 80x24 on a served estate: to "installed", and past a fault that is mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.estates import FAST, serving_estate
from tests.tui.wizards import SMALL, screen_text, settled, to_field, type_text, until
from vmm_wizard.tui.answers import Answers
from vmm_wizard.tui.app import WizardApp

PAGES_TO_RUN = 9


async def test_every_page_to_installed_by_keyboard_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    with serving_estate(tmp_path / "estate", speed=FAST) as served:
        app = WizardApp(Answers.opened(served.folder / "practice.toml"), served.secrets, served.book)
        async with app.run_test(size=SMALL) as pilot:
            seen = [app.wizard.page.id]
            for _ in range(PAGES_TO_RUN):
                await pilot.press("ctrl+n")
                await pilot.pause()
                seen.append(app.wizard.page.id)
            await until(pilot, lambda: "Nothing known stands in the way" in screen_text(pilot))
            await pilot.press("enter", "down", "enter")
            await until(pilot, lambda: app.wizard.page.id == "done" and not app.wizard.view.waiting, patience=120)
            await until(pilot, lambda: "vmm:8100" in screen_text(pilot))
            await pilot.press("ctrl+q")
        report = served.estate.report()
    assert len(set(seen)) == PAGES_TO_RUN + 1
    assert seen[-1] == "run"
    assert app.return_value == 0
    assert [len(report["setups"][f"vmm0{number}.contoso.lab"]) for number in (1, 2, 3)] == [1, 1, 0]
    assert report["tasks"]["vmm01.contoso.lab"] == report["tasks"]["vmm02.contoso.lab"] == []
    assert set(report["roles"]) == {"vmm"}


async def test_a_fault_is_met_mended_and_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    with serving_estate(tmp_path / "estate", speed=FAST) as served:
        answers = served.folder / "practice.toml"
        text = answers.read_text(encoding="utf-8")
        answers.write_text(text.replace("CN=VMMDKM,", "CN=VMMKEYS,"), encoding="utf-8")
        app = WizardApp(Answers.opened(answers), served.secrets, served.book)
        async with app.run_test(size=SMALL) as pilot:
            await pilot.press(*["ctrl+n"] * 3)
            await until(pilot, lambda: "DKM-01" in screen_text(pilot) and "FAIL" in screen_text(pilot))
            await to_field(pilot, "dkm.container")
            await type_text(pilot, "CN=VMMDKM,DC=contoso,DC=lab")
            await settled(pilot)
            await until(pilot, lambda: "FAIL" not in screen_text(pilot) and not app.wizard.view.waiting)
            await pilot.press(*["ctrl+n"] * 6)
            await until(pilot, lambda: "Nothing known stands in the way" in screen_text(pilot))
            await pilot.press("enter", "down", "enter")
            await until(pilot, lambda: app.wizard.page.id == "done" and not app.wizard.view.waiting, patience=120)
        assert all(served.estate.report()["installed"][f"vmm0{number}.contoso.lab"] for number in (1, 2))
