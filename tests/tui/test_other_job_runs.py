"""The jobs that an administrator does seldom, with the keyboard, at 80x24, each to its end: verify, the console there
and gone again, prepare, a third node, and a rebuild. Against a practice estate.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.estates import ServedEstate, serving_estate
from tests.install.finished import THIRD, uninstall_at_once
from tests.tui.test_job_runs import FIRST, SECOND, choose, ended, nothing_left, opened, owner, served, start, walk_to
from tests.tui.wizards import SMALL, page_text, screen_text, settled, to_field, type_text, until
from vmm_wizard.install.orders import Job
from vmm_wizard.lab.scenarios import scenario
from vmm_wizard.setup.log_phases import SetupKind
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.wizard.answers import Answers

__all__ = ["served"]
HOST = "admin01.contoso.lab"


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedEstate]:
    """Nodes on which nothing is prepared."""
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    folder = tmp_path / "estate"
    folder.mkdir()
    with serving_estate(folder, scenario("nothing-prepared")) as served:
        yield served


async def fill(pilot: Pilot[int], key: str, text: str) -> None:
    await to_field(pilot, key)
    await type_text(pilot, text)
    await settled(pilot)


async def say_yes(pilot: Pilot[int], app: WizardApp, key: str) -> None:
    await to_field(pilot, key)
    await pilot.press("right")
    await settled(pilot)
    assert app.answers.text(key) == "yes"


@pytest.mark.long
async def test_what_setup_left_is_verified(served: ServedEstate) -> None:
    app = opened(served)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, app, Job.VERIFY, "v")
        await walk_to(pilot, app, "run")
        await start(pilot, app, f"VMM will be looked at on: 1. {FIRST} 2. {SECOND}")
        said = await ended(pilot, app)
        assert "What was looked at is right." in said
        assert "Connect the VMM console to vmm:8100" in said
    assert owner(served) == "VMM01 Online"
    assert nothing_left(served)


@pytest.mark.long
async def test_the_console_is_installed_and_taken_away_again(served: ServedEstate) -> None:
    app = opened(served)
    machine = served.estate.workstations[HOST]
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, app, Job.CONSOLE, "c")
        await walk_to(pilot, app, "console")
        await fill(pilot, "order.nodes", "admin01")
        await walk_to(pilot, app, "run")
        await start(pilot, app, f"The VMM console will be installed on: 1. {HOST}")
        assert "The console is installed." in await ended(pilot, app)
        assert machine.console is not None
        for _ in range(2):
            await pilot.press("ctrl+p")
            await pilot.pause()
        await until(pilot, lambda: app.wizard.page.id == "console")
        await say_yes(pilot, app, "order.remove")
        await walk_to(pilot, app, "run")
        await to_field_start(pilot, app)
        await start(pilot, app, f"The VMM console will be taken away from: 1. {HOST}")
        said = await ended(pilot, app)
        assert "The console is gone." in said, screen_text(pilot)
        assert "8100" not in said
    assert machine.console is None
    assert [row.exit_code for row in machine.records[SetupKind.CONSOLE_UNINSTALL]] == [0]


async def to_field_start(pilot: Pilot[int], app: WizardApp) -> None:
    app.screen.query_one("#start").focus()
    await pilot.pause()


@pytest.mark.long
async def test_a_node_is_prepared(bare: ServedEstate) -> None:
    app = WizardApp(Answers.opened(bare.folder / "practice.toml"), bare.secrets, bare.book)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, app, Job.PREPARE, "p")
        await walk_to(pilot, app, "prepare")
        await fill(pilot, "order.nodes", "vmm02")
        await say_yes(pilot, app, "order.restart")
        await walk_to(pilot, app, "run")
        await start(pilot, app, f"Media, kits and features will be put onto: 1. {SECOND}")
        said = await ended(pilot, app)
        assert "The nodes are prepared." in said
    assert nothing_left(bare)


@pytest.mark.long
async def test_a_third_node_is_added(served: ServedEstate) -> None:
    app = opened(served)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, app, Job.ADD_NODE, "a")
        await walk_to(pilot, app, "cluster")
        await fill(pilot, "cluster.nodes", "vmm01, vmm02, vmm03")
        await walk_to(pilot, app, "add-node")
        await fill(pilot, "order.nodes", "vmm03")
        await walk_to(pilot, app, "run")
        await start(pilot, app, f"VMM will be installed as an additional node on: 1. {THIRD}")
        said = await ended(pilot, app)
        assert "VMM is installed on the new nodes." in said
        assert "Connect the VMM console to vmm:8100" in said
    assert served.estate.nodes[THIRD].server == served.estate.nodes[FIRST].server
    assert owner(served) == "VMM01 Online"
    assert nothing_left(served)


@pytest.mark.long
async def test_vmm_is_rebuilt_on_the_database_that_was_kept(served: ServedEstate) -> None:
    estate = served.estate
    uninstall_at_once(estate)
    sql = estate.sql_servers["sql01.contoso.lab"]
    before = sql.database("VirtualManagerDB")
    app = opened(served)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, app, Job.REBUILD, "r")
        await walk_to(pilot, app, "run")
        await start(pilot, app, f"VMM will be installed, on the database that was kept, on: 1. {FIRST} 2. {SECOND}")
        said = await ended(pilot, app)
        assert "VMM is installed on every node, with the database that was kept." in said
        assert "Connect the VMM console" in page_text(pilot)
    assert sql.database("VirtualManagerDB") is before
    assert owner(served) == "VMM01 Online"
    assert nothing_left(served)
