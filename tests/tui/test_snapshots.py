"""How each page looks, at 80x24 and 120x36. `pytest tests/tui/test_snapshots.py --snapshot-update` takes them anew."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.building import a_container, a_sql, good_facts, installed_facts
from tests.tui.wizards import LARGE, SMALL, a_wizard, all_passwords, ready_plan, to_page, told
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.install.events import Event, Finished, LogGrew, Progress, RunStarted, StepChanged, StepState
from vmm_wizard.install.orders import Order
from vmm_wizard.plan.model import Plan
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.tui.messages import RunTold
from vmm_wizard.wizard import pages
from vmm_wizard.wizard.run_state import RunState

SIZES = {"80x24": SMALL, "120x36": LARGE}
Compare = Callable[..., bool]

#: Something of everything: a fail, a warning and something unknown.
MIXED = good_facts(
    dkm=a_container(found=False),
    sql=a_sql(product_version="99.0.0.0"),
    nodes={**good_facts().nodes, "vmm02.contoso.lab": NoAnswer("could not reach vmm02.contoso.lab:5985: refused")},
)
FIRST, SECOND = "vmm01.contoso.lab", "vmm02.contoso.lab"
UNDER_WAY: tuple[Event, ...] = (
    RunStarted("20260302-120000-abc123", False, (FIRST, SECOND)),
    StepChanged(FIRST, "preflight", StepState.DONE, "nothing stands in the way"),
    StepChanged(FIRST, "stage", StepState.DONE, "answer file and wrapper staged and read back"),
    StepChanged(FIRST, "setup", StepState.STARTED),
    LogGrew(FIRST, ("12:00:01:Running setup", "12:00:02:Installing PangaeaServer")),
    Progress(FIRST, "setup", 40, "installing files"),
)
ENDED: tuple[Event, ...] = (
    StepChanged(
        FIRST, "verify", StepState.DONE, "registry: VMM 10.22; cluster role vmm is Online; SCVMMService is running"
    ),
    StepChanged(SECOND, "verify", StepState.DONE, "registry: VMM 10.22; SCVMMService is stopped, as on a passive node"),
    Finished("installed", True, "connect the VMM console to vmm:8100"),
)


def a_snapshot(folder: Path, plan: Plan | None = None) -> WizardApp:
    plan = plan or ready_plan()
    return a_wizard(folder, plan, all_passwords(plan))


async def run_is_told(pilot: Pilot[int], *events: Event) -> None:
    """The wizard after it was told of a run, as the bridge to the threads tells it."""
    app = pilot.app
    assert isinstance(app, WizardApp)
    app.wizard.run_state = app.wizard.run_state or RunState(app.answers.plan)
    app.wizard.post_message(RunTold(events))
    await pilot.pause()


def on_page(page_id: str) -> Callable[[Pilot[int]], Awaitable[None]]:
    async def prepare(pilot: Pilot[int]) -> None:
        await told(pilot, MIXED)
        await to_page(pilot, page_id)

    return prepare


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page_id", [page.id for page in pages.PAGES])
def test_every_page_looks_as_before(page_id: str, size: str, snap_compare: Compare, tmp_path: Path) -> None:
    assert snap_compare(a_snapshot(tmp_path), terminal_size=SIZES[size], run_before=on_page(page_id))


#: What is chosen on the page of a job, so that each of its fields has something in it.
CHOSEN = Order(nodes=(SECOND,), target=SECOND, remove_database="VirtualManagerDB", restart=True, moves=True)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page_id", [page.id for page in pages.BY_ID.values() if page not in pages.PAGES])
def test_every_page_of_another_job_looks_as_before(
    page_id: str, size: str, snap_compare: Compare, tmp_path: Path
) -> None:
    app = a_snapshot(tmp_path)
    page = pages.BY_ID[page_id]
    app.answers.order = replace(CHOSEN, job=next(job for job, row in pages.PAGES_OF.items() if page in row))
    assert snap_compare(app, terminal_size=SIZES[size], run_before=on_page(page_id))


@pytest.mark.parametrize("size", SIZES)
def test_a_good_ending_looks_as_before(size: str, snap_compare: Compare, tmp_path: Path) -> None:
    async def prepare(pilot: Pilot[int]) -> None:
        await told(pilot, installed_facts())
        await run_is_told(pilot, *UNDER_WAY, *ENDED)
        await pilot.pause()

    assert snap_compare(a_snapshot(tmp_path), terminal_size=SIZES[size], run_before=prepare)


def test_an_empty_wizard_looks_as_before(snap_compare: Compare, tmp_path: Path) -> None:
    async def prepare(pilot: Pilot[int]) -> None:
        await told(pilot)
        await to_page(pilot, "sql")

    assert snap_compare(a_wizard(tmp_path), terminal_size=SMALL, run_before=prepare)


def test_a_finding_in_full_looks_as_before(snap_compare: Compare, tmp_path: Path) -> None:
    async def prepare(pilot: Pilot[int]) -> None:
        await told(pilot, MIXED)
        await to_page(pilot, "dkm")
        await pilot.press("tab", "enter")
        await pilot.pause()

    assert snap_compare(a_snapshot(tmp_path), terminal_size=SMALL, run_before=prepare)


@pytest.mark.parametrize("key", ["f1", "f3", "f9", "ctrl+q", "ctrl+s"])
def test_every_dialog_looks_as_before(key: str, snap_compare: Compare, tmp_path: Path) -> None:
    async def prepare(pilot: Pilot[int]) -> None:
        await told(pilot)
        await pilot.press(key)
        await pilot.pause()

    assert snap_compare(a_snapshot(tmp_path), terminal_size=SMALL, run_before=prepare)


def test_a_text_that_cannot_be_read_looks_as_before(snap_compare: Compare, tmp_path: Path) -> None:
    async def prepare(pilot: Pilot[int]) -> None:
        app = await told(pilot)
        app.answers.answer("database.port", "many")
        await to_page(pilot, "sql")

    plan = ready_plan()
    assert snap_compare(a_snapshot(tmp_path, plan), terminal_size=SMALL, run_before=prepare)


def test_a_narrow_screen_looks_as_before(snap_compare: Compare, tmp_path: Path) -> None:
    assert snap_compare(a_snapshot(tmp_path), terminal_size=(60, 20), run_before=on_page("sql"))
