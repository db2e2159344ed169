"""Runs by lines: what one tells is thinned, what it asks is asked, how it is stopped, and runs that never ended."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.building import NOW, a_plan
from tests.plain.consoles import Scripted, Typed, a_session
from tests.tui.wizards import ready_plan
from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.install.admission import plan_key
from vmm_wizard.install.asking import END, RESTART, WAIT, restart_question, stuck_question
from vmm_wizard.install.events import Event, Finished, LogGrew, Notice, Progress, RunStarted, StepChanged, StepState
from vmm_wizard.install.holding import holding
from vmm_wizard.install.journal import Journal, Run
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.plain.carrying import Carrier
from vmm_wizard.plain.running import Thinned, follow, stop
from vmm_wizard.plain.session import Session
from vmm_wizard.plan.answers import dumps
from vmm_wizard.wizard import pages
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.carrying import Asked, Row, Unknowns
from vmm_wizard.wizard.run_state import RunState

NODE = "vmm01.contoso.lab"
SETUP = StepChanged(NODE, "setup", StepState.STARTED, "past the point of no return")
END_OF_RUN = Finished("installed", True, "connect the VMM console to vmm:8100")


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("VMM_WIZARD_STATE", str(folder))
    return folder


def following(folder: Path, console: Scripted, *told: Event | Asked | Unknowns) -> Session:
    """A sitting in which a run goes on and has told all this."""
    session = a_session(console, folder, Answers(ready_plan()))
    state = session.state
    state.run_state = RunState(a_plan())
    state.carrier = Carrier(state.estate.secrets, state.estate.preflight)
    state.carrier.running = True
    for row in told:
        state.carrier.told.put(row if isinstance(row, Asked | Unknowns) else Row(row, NOW))
    return session


def lines_of(*events: Event, with_log: bool = False) -> list[str]:
    thinned = Thinned(RunState(a_plan()), with_log)
    return [line for event in events for line in thinned.lines(Row(event, NOW))]


class TestWhatIsTold:
    def test_is_a_line_for_each_phase_and_tenth_of_setup(self) -> None:
        steps = [Progress(NODE, "setup", percent, "Installing files") for percent in range(41)]
        said = lines_of(*steps, Progress(NODE, "setup", 41, "Creating the database"))
        assert [line.split("percent")[0].split()[-1] for line in said] == ["0", "10", "20", "30", "40", "41"]

    def test_says_the_phase_of_setup_once(self) -> None:
        steps = [Progress(NODE, "setup", percent, "Installing files") for percent in (0, 10)]
        assert lines_of(*steps) == ["  vmm01: 0 percent, Installing files", "  vmm01: 10 percent"]

    def test_of_a_step_that_is_over_at_once_is_one_line(self, tmp_path: Path) -> None:
        console = Scripted()
        begun, done = (StepChanged(NODE, "stage", state, "") for state in (StepState.STARTED, StepState.DONE))
        session = following(tmp_path, console, begun, done, END_OF_RUN)
        session.state.rest = 60
        follow(session.state, with_log=False)
        assert [line for line in console.said if "stage" in line] == [f"{NODE}, stage: done"]

    def test_has_setups_own_log_only_where_that_was_asked_for(self) -> None:
        assert lines_of(LogGrew(NODE, ("11:22 a line",))) == []
        assert lines_of(LogGrew(NODE, ("11:22 a line",)), with_log=True) == ["    11:22 a line"]

    @pytest.mark.parametrize(
        ("state", "word"), [("started", "begun"), ("done", "done"), ("skipped", "not needed"), ("failed", "FAILED")]
    )
    def test_says_the_state_of_a_step_in_a_word(self, state: str, word: str) -> None:
        (said,) = lines_of(StepChanged(NODE, "stage", StepState(state), "a sentence"))
        assert f"{NODE}, stage: {word}: a sentence" in said

    def test_cannot_steer_the_terminal(self, tmp_path: Path) -> None:
        console = Scripted()
        follow(
            following(tmp_path, console, StepChanged(NODE, "stage", StepState.DONE, "\x1b[2J"), END_OF_RUN).state,
            with_log=True,
        )
        assert any(r"\x1b[2J" in line for line in console.said)

    def test_leaves_the_commands_of_a_notice_whole(self, tmp_path: Path) -> None:
        console, command = Scripted(), "powershell -NoProfile " + "-Argument value " * 12 + "end"
        notice = Notice(NODE, "start setup there", command)
        follow(following(tmp_path, console, notice, END_OF_RUN).state, with_log=False)
        assert f"    -> {command}" in console.said

    def test_ends_with_the_result(self, tmp_path: Path) -> None:
        console = Scripted()
        session = following(tmp_path, console, RunStarted("20261126", False, (NODE,)), SETUP, END_OF_RUN)
        follow(session.state, with_log=False)
        assert session.state.result == "installed"
        assert not session.state.running
        assert console.said[-1] == "installed: connect the VMM console to vmm:8100"


class TestAQuestionOfTheRun:
    def test_is_asked_with_the_answer_first_that_changes_nothing(self, tmp_path: Path) -> None:
        for typed, answer in (("", WAIT), ("2", END)):
            asked = Asked(stuck_question(NODE, "Setup seems to wait at a dialog."))
            console = Scripted(typed)
            follow(following(tmp_path, console, SETUP, asked, END_OF_RUN).state, with_log=False)
            assert asked.reply.get_nowait() == answer
            assert f"A question about {NODE}: Setup seems to wait at a dialog. 1. wait: " in console.text

    def test_of_a_restart_is_answered_by_its_number(self, tmp_path: Path) -> None:
        asked = Asked(restart_question(NODE, "A restart is pending."))
        follow(following(tmp_path, Scripted("2"), asked, END_OF_RUN).state, with_log=False)
        assert asked.reply.get_nowait() == RESTART

    def test_where_nobody_answers_changes_nothing(self, tmp_path: Path) -> None:
        asked = Asked(restart_question(NODE, "A restart is pending."))
        unknown = Unknowns((Finding("SQL-02", "title", "database", "", Status.UNKNOWN, "", "no answer", ""),))
        follow(following(tmp_path, Scripted(), asked, unknown, END_OF_RUN).state, with_log=False)
        assert asked.reply.get_nowait() == asked.question.default
        assert unknown.reply.get_nowait() is False

    def test_about_something_unknown_names_it(self, tmp_path: Path) -> None:
        unknown = Unknowns((Finding("SQL-02", "title", "database", "", Status.UNKNOWN, "", "no answer", ""),))
        console = Scripted("yes")
        follow(following(tmp_path, console, unknown, END_OF_RUN).state, with_log=False)
        assert "? unknown SQL-02: no answer" in console.text
        assert unknown.reply.get_nowait() is True

    def test_does_not_lead_to_another_page_while_the_run_goes_on(self, tmp_path: Path) -> None:
        asked = Asked(restart_question(NODE, "A restart is pending."))
        console = Scripted(":back", ":pages", "")
        follow(following(tmp_path, console, asked, END_OF_RUN).state, with_log=False)
        assert console.text.count("not while a run goes on") == 2


class TestStopping:
    def stopped(self, folder: Path, *typed: Typed, setup: bool = True) -> tuple[Scripted, Carrier]:
        console = Scripted(*typed)
        state = following(folder, console).state
        assert state.run_state is not None
        assert state.carrier is not None
        state.run_state.take(SETUP if setup else StepChanged(NODE, "stage", StepState.STARTED))
        stop(state)
        return console, state.carrier

    def test_goes_on_by_enter(self, tmp_path: Path) -> None:
        _, carrier = self.stopped(tmp_path, "")
        assert not carrier.stopping

    def test_between_steps_says_what_becomes_of_it(self, tmp_path: Path) -> None:
        console, carrier = self.stopped(tmp_path, "2", setup=False)
        assert "The run stops before its next step" in console.text
        assert carrier.stopping

    def test_lets_go_of_a_setup(self, tmp_path: Path) -> None:
        console, carrier = self.stopped(tmp_path, "2")
        assert "so the wizard lets go of it" in console.text
        assert "Past the point of no return" in console.text
        assert carrier.stopping
        assert not carrier.ending_setup

    @pytest.mark.parametrize(("typed", "ends"), [(("3", "1"), False), (("3", ""), False), (("3", "2"), True)])
    def test_ends_a_setup_only_when_that_was_asked_for_twice(
        self, tmp_path: Path, typed: tuple[str, ...], ends: bool
    ) -> None:
        _, carrier = self.stopped(tmp_path, *typed)
        assert carrier.ending_setup is ends
        assert carrier.stopping is ends

    def test_is_asked_once_however_often_ctrl_c_is_pressed(self, tmp_path: Path) -> None:
        console, carrier = self.stopped(tmp_path, KeyboardInterrupt, KeyboardInterrupt, "")
        assert console.text.count("Setup is running on a node.") == 1
        assert not carrier.stopping

    def test_may_let_the_run_go_on_by_itself_once_it_is_said_what_that_means(self, tmp_path: Path) -> None:
        console, carrier = self.stopped(tmp_path, "4", "2")
        assert "Passwords go to it through a pipe" in console.text
        assert carrier.stopping
        assert carrier.leaving
        _, carrier = self.stopped(tmp_path, "4", "")
        assert not carrier.stopping

    def test_on_a_practice_estate_leaves_no_run_to_itself(self, tmp_path: Path) -> None:
        console = Scripted("")
        state = following(tmp_path, console).state
        state.keeps = None
        stop(state)
        assert "by itself" not in console.text

    def test_by_nobody_goes_on(self, tmp_path: Path) -> None:
        _, carrier = self.stopped(tmp_path)
        assert not carrier.stopping


def an_unfinished_run(folder: Path, order: Order | None = None) -> tuple[Journal, Run]:
    journal = Journal(folder / "journal.sqlite")
    plan = ready_plan()
    run = journal.begin(plan_key(plan), dumps(plan), order or Order())
    journal.tell(run.id, RunStarted(run.id, False, (NODE,)).as_json())
    journal.start(run.id, NODE, "setup")
    journal.tell(run.id, SETUP.as_json())
    return journal, run


class TestARunThatNeverEnded:
    def test_is_offered_and_its_answers_are_taken(self, tmp_path: Path, state_folder: Path) -> None:
        _, run = an_unfinished_run(state_folder, Order(Job.UNINSTALL, (NODE,)))
        console = Scripted("1", ":quit", "2")
        session = a_session(console, tmp_path)
        session.run()
        assert f"Run {run.id} (uninstall on vmmclu)" in console.text
        assert "Nobody carries it out." in console.text
        assert session.state.answers.order.job is Job.UNINSTALL
        assert session.state.answers.plan == ready_plan()
        of_job = pages.PAGES_OF[Job.UNINSTALL]
        assert f"Step {of_job.index(pages.RUN) + 1} of {len(of_job)}: Run" in console.text

    def test_is_listed_again_when_asked_for(self, tmp_path: Path, state_folder: Path) -> None:
        an_unfinished_run(state_folder)
        an_unfinished_run(state_folder, Order(Job.VERIFY))
        console = Scripted("3", ":runs", "2", "2", ":quit")
        a_session(console, tmp_path).run()
        assert console.text.count("Runs that are not finished") == 2
        assert "(install on vmmclu)" in console.text

    def test_does_not_take_the_place_of_answers_that_are_not_saved(self, tmp_path: Path, state_folder: Path) -> None:
        an_unfinished_run(state_folder)
        console = Scripted("2", "", "2019", ":runs", "1", ":quit", "2")
        session = a_session(console, tmp_path)
        session.run()
        assert "X save your answers first" in console.text
        assert session.state.answers.plan.release == "2019"

    def test_may_be_left_alone(self, tmp_path: Path, state_folder: Path) -> None:
        an_unfinished_run(state_folder)
        console = Scripted("2", ":quit")
        session = a_session(console, tmp_path)
        assert session.run() == 0
        assert session.state.answers.plan != ready_plan()

    def test_of_another_process_is_followed_to_its_end(self, tmp_path: Path, state_folder: Path) -> None:
        journal, run = an_unfinished_run(state_folder)
        held, ended = threading.Event(), threading.Event()

        def carry_out() -> None:
            with holding(ready_plan(), state_folder) as carrying:
                carrying(run.id)
                held.set()
                ended.wait(60)
                journal.tell(run.id, Notice("", "almost there").as_json())
                journal.tell(run.id, END_OF_RUN.as_json())

        thread = threading.Thread(target=carry_out, daemon=True)
        thread.start()
        assert held.wait(60)
        console = Ending(ended, "1", ":quit", "2")
        session = a_session(console, tmp_path)
        session.run()
        thread.join(60)
        assert "Another process of this computer carries it out now." in console.text
        assert "! almost there" in console.said
        assert session.state.result == "installed"
        assert "+ VMM is installed on every node." in console.said


class Ending(Scripted):
    """A console that lets another process' run end once setup's line was said."""

    def __init__(self, ended: threading.Event, *typed: Typed) -> None:
        super().__init__(*typed)
        self._ended = ended

    def write(self, line: str) -> None:
        super().write(line)
        if line.startswith(f"{NODE}, setup: begun"):
            self._ended.set()
