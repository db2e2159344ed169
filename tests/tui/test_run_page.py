"""The page of the run with the keyboard: its log searched and filtered, its clock, the bell, and letting the run go."""

import queue
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tests.tui.test_runs import NODE, an_unfinished_run, said
from tests.tui.wizards import SMALL, a_wizard, page_text, ready_plan, screen_text, to_page, told, until
from vmm_wizard.install.asking import stuck_question
from vmm_wizard.install.events import Finished, LogGrew, RunStarted, StepChanged, StepState
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.tui.messages import QuestionAsked, RunTold
from vmm_wizard.tui.widgets.run_log import RunLog
from vmm_wizard.wizard.run_state import RunState

FAILS = "*** Carmine error was: HostAgentFail (2912); HR: 0x80041001"


async def a_run(pilot: Pilot[int]) -> WizardApp:
    """A run under way, begun ten minutes ago, its log in front."""
    app = await told(pilot)
    await to_page(pilot, "run")
    app.wizard.run_state = RunState(ready_plan())
    app.jobs._running = True
    begun = datetime.now(UTC) - timedelta(minutes=10, seconds=5)
    lines = LogGrew(NODE, (*(f"package {number}" for number in range(1, 40)), FAILS, "the end"))
    events = (RunStarted("r1", False, (NODE,)), StepChanged(NODE, "setup", StepState.STARTED), lines)
    app.wizard.post_message(RunTold(events, (begun,) * 3))
    await until(pilot, lambda: "the end" in page_text(pilot))
    app.screen.query_one("#log").focus()
    await pilot.pause()
    return app


def head(app: WizardApp) -> str:
    return str(app.screen.query_one("#log-head", Static).content)


async def test_the_log_is_searched_filtered_and_followed_with_keys(state: Path, tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await a_run(pilot)
        assert "Elapsed 10:" in page_text(pilot)
        assert "for 10 min; usually 20 min (by guides)" in page_text(pilot)
        assert "/ or Ctrl+F searches" in screen_text(pilot)
        await pilot.press("slash", *"package 1", "enter")
        await until(pilot, lambda: '"package 1": 11 of 11' in head(app))
        assert "> package 19" in page_text(pilot)
        await pilot.press("n")
        await until(pilot, lambda: "1 of 11" in head(app))
        assert "> package 1 " in page_text(pilot)
        # What comes meanwhile does not take away what is read.
        app.wizard.post_message(RunTold((LogGrew(NODE, ("something new",)),), (datetime.now(UTC),)))
        await until(pilot, lambda: "44 lines" in head(app))
        assert "> package 1 " in page_text(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "something new" in page_text(pilot))
        await pilot.press("p")
        await until(pilot, lambda: "only problems: 1 line" in head(app))
        assert f"X {FAILS}" in page_text(pilot), "what is wider than the page goes on below"
        await pilot.press("slash")
        await until(pilot, lambda: "Esc leaves" in page_text(pilot))
        await pilot.press(*"no such line", "enter")
        await until(pilot, lambda: "is nowhere in it, only problems: 1 line" in page_text(pilot))
        await pilot.press("escape", "home")
        await until(pilot, lambda: "End follows" in head(app))
        await pilot.press("end")
        await until(pilot, lambda: "End follows" not in head(app))
        assert app.screen.query_one(RunLog).follows


async def test_a_run_that_calls_rings_once_and_the_bell_can_be_switched_off(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = a_wizard(tmp_path, ready_plan())
    rung: list[str] = []
    monkeypatch.setattr(app, "bell", lambda: rung.append(app.wizard._title._shown or "bell"))
    async with app.run_test(size=SMALL) as pilot:
        await a_run(pilot)
        assert rung == []
        reply: queue.SimpleQueue[str] = queue.SimpleQueue()
        app.wizard.post_message(QuestionAsked(stuck_question(NODE, "Setup seems to wait at a dialog."), reply))
        await until(pilot, lambda: "Setup seems to wait" in said(pilot))
        assert len(rung) == 1
        assert app.wizard.waits
        await pilot.press("enter")
        await until(pilot, lambda: not app.wizard.waits)
        await pilot.press("b")
        await until(pilot, lambda: "the bell is off" in screen_text(pilot))
        app.jobs._running = False
        app.wizard.post_message(RunTold((Finished("cancelled", False, "stopped"),), (datetime.now(UTC),)))
        await until(pilot, lambda: "Took 10:" in page_text(pilot))
        assert len(rung) == 1


async def test_who_quits_while_a_run_goes_on_by_itself_is_told_how_to_come_back(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await a_run(pilot)
        assert app.wizard.parting == ""
        app.jobs.run.watching = True
        await pilot.press("ctrl+q")
    assert "The run goes on by itself. `vmm-wizard attach r1` follows it." in capsys.readouterr().err


async def test_letting_a_run_go_on_says_first_what_that_means(state: Path, tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await a_run(pilot)
        await pilot.press("d")
        await until(pilot, lambda: "`vmm-wizard attach r1`" in said(pilot))
        await pilot.press("escape")
        assert not app.jobs.run.leaving
        await pilot.press("d")
        await until(pilot, lambda: "without a terminal" in said(pilot))
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.jobs.run.leaving)
        assert app.jobs.run.stopping


async def test_of_several_runs_that_never_ended_one_is_chosen(state: Path, tmp_path: Path) -> None:
    an_unfinished_run(state)
    an_unfinished_run(state, Order(Job.UNINSTALL, (NODE,)))
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "Runs that are not finished" in said(pilot))
        assert "uninstall on vmmclu: nobody carries it out" in said(pilot)
        await pilot.press("escape")
        await pilot.press("f7")
        await until(pilot, lambda: "Runs that are not finished" in said(pilot))
        await pilot.press("down", "enter")
        await until(pilot, lambda: "(install on" in said(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: app.wizard.page.id == "run")
        assert app.answers.order.job is Job.INSTALL
