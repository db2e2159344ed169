"""Two more jobs with the keyboard, at 80x24, against a practice estate where VMM is installed: failover, uninstall."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.estates import ANSWERS, ServedEstate, contoso_plan, serving_estate
from tests.install.finished import install_at_once, removals
from tests.tui.wizards import SMALL, page_text, screen_text, settled, to_field, type_text, until
from vmm_wizard.install.orders import Job
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.tui.screens.dialogs import ChoiceDialog
from vmm_wizard.wizard import flow, pages
from vmm_wizard.wizard.answers import Answers

FIRST, SECOND = "vmm01.contoso.lab", "vmm02.contoso.lab"


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedEstate]:
    """VMM on both nodes; the first one is active."""
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    folder = tmp_path / "estate"
    folder.mkdir()
    with serving_estate(folder) as served:
        install_at_once(served.estate, contoso_plan())
        yield served


def opened(served: ServedEstate) -> WizardApp:
    return WizardApp(Answers.opened(ANSWERS / "contoso-ha.toml"), served.secrets, served.book)


def owner(served: ServedEstate) -> str:
    role = served.estate.cluster.vmm_group()
    return f"{role.owner} {role.state}" if role else "no role"


async def choose(pilot: Pilot[int], app: WizardApp, job: Job, letter: str) -> None:
    """The job, by its first letter in the list of the first page."""
    await to_field(pilot, "order.job")
    await pilot.press(letter)
    await settled(pilot)
    assert app.answers.order.job is job


async def walk_to(pilot: Pilot[int], app: WizardApp, page_id: str) -> None:
    """On, page by page, until this one."""
    while app.wizard.page.id != page_id:
        following = flow.next_page(app.wizard.page, app.answers.order.job)
        await pilot.press("ctrl+n")
        await until(pilot, lambda page=following: app.wizard.page is page)  # type: ignore[misc]
        await pilot.pause()
        assert following.name in screen_text(pilot)


async def start(pilot: Pilot[int], app: WizardApp, promised: str) -> str:
    """Start once the page promises this, and say yes; gives back what was asked."""
    await until(pilot, lambda: f"Nothing known stands in the way. {promised}" in page_text(pilot))
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
    await pilot.pause()
    asked = " ".join(screen_text(pilot).split())
    await pilot.press("down", "enter")
    return asked


async def ended(pilot: Pilot[int], app: WizardApp) -> str:
    """What the last page says."""
    await until(pilot, lambda: app.wizard.page is pages.DONE and page_text(pilot))
    await pilot.pause()
    return page_text(pilot)


def nothing_left(served: ServedEstate) -> bool:
    report = served.estate.report()
    return not (any(report["tasks"].values()) or any(report["run_folders"].values()) or report["bad_logons"])


@pytest.mark.long
async def test_the_role_is_moved_with_the_keyboard(served: ServedEstate) -> None:
    app = opened(served)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, app, Job.FAILOVER, "f")
        await walk_to(pilot, app, "failover")
        await to_field(pilot, "order.target")
        await type_text(pilot, "vmm02")
        await settled(pilot)
        await walk_to(pilot, app, "run")
        asked = await start(pilot, app, "The role will be moved to: 1. vmm02.contoso.lab")
        assert "while there are any" in asked
        said = await ended(pilot, app)
        assert "The role is on its new node, and answers." in said
        assert owner(served) == "VMM02 Online"
        # Nothing is unsaved: it ends without a question.
        await pilot.press("ctrl+q")
    assert app.return_value == 0
    assert nothing_left(served)


@pytest.mark.long
async def test_vmm_is_taken_away_with_the_keyboard_and_the_database_stays(served: ServedEstate) -> None:
    app = opened(served)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, app, Job.UNINSTALL, "u")
        await walk_to(pilot, app, "run")
        asked = await start(pilot, app, f"VMM will be taken away from: 1. {FIRST} 2. {SECOND}")
        assert "The database VirtualManagerDB is kept." in asked
        said = await ended(pilot, app)
        assert "VMM is gone from there." in said
        # The page alone scrolls, and its text has the keys: one comes to the end, where the button is.
        assert "Arrows scroll." in screen_text(pilot)
        assert "Quit" not in said
        await pilot.press("end")
        await until(pilot, lambda: "Quit" in page_text(pilot))
        # Nothing is unsaved: it ends without a question.
        await pilot.press("ctrl+q")
    assert app.return_value == 0
    assert removals(served.estate) == {FIRST: [0], SECOND: [0]}
    assert owner(served) == "no role"
    assert served.estate.sql_servers["sql01.contoso.lab"].database("VirtualManagerDB") is not None
    assert nothing_left(served)
