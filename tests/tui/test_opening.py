"""What the wizard opens with: what was kept, runs that are not finished, and the first page that is still open."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.building import a_container, good_facts
from tests.tui.test_runs import an_unfinished_run
from tests.tui.wizards import SMALL, all_passwords, nowhere, ready_plan, screen_text, told, until
from vmm_wizard.plan.saving import save
from vmm_wizard.plan.secrets import Secrets
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.wizard import pages
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.recovery import keep

FAULTY = good_facts(dkm=a_container(found=False))


def opened(folder: Path, secrets: Secrets) -> WizardApp:
    """The wizard on a file in which all is answered."""
    file = folder / "contoso.toml"
    save(ready_plan(), file)
    return WizardApp(Answers.opened(file), secrets, nowhere(folder))


async def says(pilot: Pilot[int], words: str) -> None:
    await until(pilot, lambda: words in " ".join(screen_text(pilot).split()))


async def test_kept_answers_and_unfinished_runs_are_offered_one_after_the_other_and_the_open_page_is_in_front(
    state: Path, tmp_path: Path
) -> None:
    an_unfinished_run(state)
    app = opened(tmp_path, Secrets())
    kept = Answers.opened(app.answers.file)
    kept.answer("database.name", "Other")
    assert keep(kept, state) is not None
    async with app.run_test(size=SMALL) as pilot:
        await says(pilot, "Answers that were not saved")
        await pilot.press("enter")
        await says(pilot, "A run is not finished")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.wizard)
        assert app.answers.text("database.name") == "Other"
        assert app.wizard.page is pages.CONNECTION
        assert "Connection is the first page that is still open (. open)" in app.wizard.status


@pytest.mark.parametrize("is_touched", [False, True])
async def test_where_all_is_answered_the_page_that_fails_comes_to_the_front_unless_somebody_has_begun(
    is_touched: bool, state: Path, tmp_path: Path
) -> None:
    app = opened(tmp_path, all_passwords(ready_plan()))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: app.wizard._waits_at or app.wizard.page is not pages.JOB)
        app.jobs.close()
        await app.wizard.show_page(pages.JOB)
        app.wizard._waits_at = (pages.JOB, app.answers.plan)
        if is_touched:
            await pilot.press("tab")
        await told(pilot, FAULTY)
        await pilot.pause()
        assert app.wizard.page is (pages.JOB if is_touched else pages.DKM)
