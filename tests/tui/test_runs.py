"""Runs on the screen: what one asks, how it is stopped, and runs that never ended, gone on with or only followed."""

import queue
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.wizards import SMALL, a_wizard, all_passwords, page_text, ready_plan, screen_text, to_page, told, until
from vmm_wizard.install.admission import plan_key
from vmm_wizard.install.asking import stuck_question
from vmm_wizard.install.events import Finished, LogGrew, RunStarted, StepChanged, StepState
from vmm_wizard.install.holding import holding
from vmm_wizard.install.journal import Journal, Run
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.plan.answers import dumps
from vmm_wizard.tui.messages import FollowUpsTold, QuestionAsked, RunTold
from vmm_wizard.tui.screens.dialogs import ChoiceDialog
from vmm_wizard.wizard import pages
from vmm_wizard.wizard.run_state import RunState

NODE = "vmm01.contoso.lab"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("VMM_WIZARD_STATE", str(folder))
    return folder


def an_unfinished_run(state: Path, order: Order | None = None) -> tuple[Journal, Run]:
    journal = Journal(state / "journal.sqlite")
    plan = ready_plan()
    run = journal.begin(plan_key(plan), dumps(plan), order or Order())
    journal.tell(run.id, RunStarted(run.id, False, (NODE,)).as_json())
    journal.start(run.id, NODE, "setup")
    journal.tell(run.id, StepChanged(NODE, "setup", StepState.STARTED).as_json())
    return journal, run


def said(pilot: Pilot[int]) -> str:
    """What a dialog says, without its borders and what shows beside them."""
    lines = [line[line.find("│") + 1 : line.rfind("│")] for line in screen_text(pilot).splitlines() if "│" in line]
    return " ".join(" ".join(lines).split())


async def test_a_run_that_never_ended_is_offered_and_its_answers_are_taken(state: Path, tmp_path: Path) -> None:
    journal, run = an_unfinished_run(state, Order(Job.UNINSTALL, (NODE,)))
    journal.end(run.id, "interrupted")
    app = a_wizard(tmp_path, None, all_passwords(ready_plan()))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "Nobody carries it out" in said(pilot))
        assert run.id in said(pilot)
        assert f"setup on {NODE} begun" in said(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: app.wizard.page is pages.RUN)
        assert (app.answers.plan, app.answers.order) == (ready_plan(), Order(Job.UNINSTALL, (NODE,)))


async def test_a_run_that_never_ended_may_be_left_alone(state: Path, tmp_path: Path) -> None:
    an_unfinished_run(state)
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.wizard)
        assert app.wizard.page is pages.JOB
        assert not app.jobs.running


async def test_a_run_of_another_process_is_followed_to_its_end(state: Path, tmp_path: Path) -> None:
    journal, run = an_unfinished_run(state)
    app = a_wizard(tmp_path)
    with holding(ready_plan(), state) as carrying:
        carrying(run.id)
        async with app.run_test(size=SMALL) as pilot:
            await until(pilot, lambda: "Another process of this computer carries it out" in said(pilot))
            await pilot.press("enter")
            await until(pilot, lambda: "setup runs" in page_text(pilot))
            assert app.jobs.watching
            journal.tell(run.id, LogGrew(NODE, ("Main: a line of the other process",)).as_json())
            await until(pilot, lambda: "a line of the other process" in page_text(pilot))
            journal.tell(run.id, Finished("installed", True, "connect the VMM console to vmm:8100").as_json())
            await until(pilot, lambda: app.wizard.page is pages.DONE)
            assert not app.jobs.running
            await until(pilot, lambda: "VMM is installed on every node" in page_text(pilot))
            # How it ended stays on the page of the run, too.
            await pilot.press("ctrl+p")
            await until(pilot, lambda: "100%, 2 of 2 machines done" in page_text(pilot))


async def test_a_run_that_is_followed_is_not_stopped_by_following_it_no_longer(state: Path, tmp_path: Path) -> None:
    _journal, run = an_unfinished_run(state)
    app = a_wizard(tmp_path)
    with holding(ready_plan(), state) as carrying:
        carrying(run.id)
        async with app.run_test(size=SMALL) as pilot:
            await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
            await pilot.press("enter")
            await until(pilot, lambda: app.wizard.page is pages.RUN and app.jobs.watching)
            app.screen.query_one("#start").focus()
            await pilot.press("enter")
            await until(pilot, lambda: "It is only no longer followed" in said(pilot))
            await pilot.press("down", "enter")
            await until(pilot, lambda: not app.jobs.running)
            assert "no longer followed here" in page_text(pilot)


@pytest.mark.parametrize(("keys", "answer"), [(["enter"], "wait"), (["escape"], "wait"), (["down", "enter"], "end")])
async def test_what_a_run_asks_is_answered_on_the_screen(
    keys: list[str], answer: str, state: Path, tmp_path: Path
) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot)
        reply: queue.SimpleQueue[str] = queue.SimpleQueue()
        app.wizard.post_message(QuestionAsked(stuck_question(NODE, "Setup seems to wait at a dialog."), reply))
        await until(pilot, lambda: "Setup seems to wait at a dialog." in said(pilot))
        await pilot.press(*keys)
        await until(pilot, lambda: not reply.empty())
        assert reply.get() == answer


async def test_a_setup_is_ended_only_when_that_was_asked_for_twice(state: Path, tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot)
        await to_page(pilot, "run")
        app.wizard.run_state = RunState(ready_plan())
        app.jobs._running = True
        app.wizard.post_message(RunTold((StepChanged(NODE, "setup", StepState.STARTED),)))
        await until(pilot, lambda: "setup runs" in page_text(pilot))
        app.screen.query_one("#start").focus()
        await pilot.press("enter")
        await until(pilot, lambda: "lets go of it" in said(pilot))
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: "left half done" in said(pilot))
        assert not app.jobs.run.ending_setup
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.jobs.run.ending_setup)
        assert app.jobs.run.stopping


async def test_what_follows_the_install_stands_on_the_last_page(state: Path, tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot)
        await to_page(pilot, "done")
        assert "What follows" not in page_text(pilot)
        app.wizard.post_message(FollowUpsTold(("! to do      Back up the keys", "    next: copy them [you]")))
        await until(pilot, lambda: "Back up the keys" in page_text(pilot))


async def test_the_first_hour_is_one_key_away_once_vmm_is_installed(state: Path, tmp_path: Path) -> None:
    app = a_wizard(tmp_path, ready_plan())
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot)
        await to_page(pilot, "done")
        assert not app.screen.query_one("#first-hour").display
        app.wizard.result = "installed"
        app.wizard.refresh_view()
        app.screen.query_one("#first-hour").focus()
        await pilot.press("enter")
        await until(pilot, lambda: "vmm.contoso.lab:8100" in said(pilot) or "vmm:8100" in said(pilot))
