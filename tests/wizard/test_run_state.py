"""A run folded from its events into what is shown."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.building import a_container, good_facts
from tests.tui.wizards import ready_plan
from vmm_wizard.checks.registry import judge
from vmm_wizard.install.engine import blocking
from vmm_wizard.install.events import (
    Event,
    Finished,
    LogGrew,
    Notice,
    PreflightDone,
    Progress,
    RunStarted,
    StepChanged,
    StepState,
)
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.wizard.run_state import RunState
from vmm_wizard.wizard.run_times import Usuals

FIRST, SECOND = "vmm01.contoso.lab", "vmm02.contoso.lab"


def after(*events: Event) -> RunState:
    """A run that told these events."""
    state = RunState(ready_plan())
    for event in events:
        state.take(event)
    return state


def test_before_anything_was_told_every_node_waits() -> None:
    lines = RunState(ready_plan()).lines()
    assert "  vmm01 [------------]   0% waiting" in lines
    assert "  vmm02 [------------]   0% waiting" in lines


def test_progress_moves_the_bar_of_its_node_alone() -> None:
    state = after(StepChanged(FIRST, "setup", StepState.STARTED), Progress(FIRST, "setup", 40, "installing files"))
    lines = state.lines()
    assert "> vmm01 [####--------]  40% setup runs" in lines
    assert "  installing files" in lines
    assert "  vmm02 [------------]   0% waiting" in lines


def test_progress_is_shown_by_the_bar_and_not_in_the_log() -> None:
    assert RunState(ready_plan()).take(Progress(FIRST, "setup", 40, "installing files")) == []


def test_new_lines_of_setups_log_go_into_the_log() -> None:
    assert RunState(ready_plan()).take(LogGrew(FIRST, ("one", "two"))) == ["    one", "    two"]


def test_only_while_setup_runs_is_stopping_a_letting_go() -> None:
    assert not after(StepChanged(FIRST, "stage", StepState.STARTED)).is_running_setup
    assert after(StepChanged(FIRST, "setup", StepState.STARTED)).is_running_setup
    assert not after(
        StepChanged(FIRST, "setup", StepState.STARTED), StepChanged(FIRST, "setup", StepState.DONE)
    ).is_running_setup


def test_a_verified_node_is_marked_with_sign_and_words() -> None:
    lines = after(StepChanged(FIRST, "verify", StepState.DONE, "registry: VMM; SCVMMService is running")).lines()
    assert "+ vmm01 [############] 100% installed, verified" in lines
    assert max(map(len, lines)) < 48, "on a screen of 80 columns, with a scrollbar"


def test_a_step_without_room_behind_the_name_of_its_machine_stands_below() -> None:
    state = after(StepChanged(FIRST, "setup", StepState.STARTED))
    assert state.lines(room=30)[-4:-1] == ["> vmm01 [------------]   0%", "  setup runs", "  vmm02 [------------]   0%"]
    assert "> vmm01 [------------]   0% setup runs" in state.lines(room=40)


def test_a_node_that_has_vmm_already_is_marked() -> None:
    lines = after(StepChanged(FIRST, "setup", StepState.SKIPPED, "VMM is installed here already")).lines()
    assert "+ vmm01 [############] 100% installed already" in lines


def test_a_failed_step_marks_its_node() -> None:
    lines = after(StepChanged(FIRST, "stage", StepState.FAILED, "disk full")).lines()
    assert "X vmm01 [------------]   0% staging: failed" in lines
    assert "  disk full" in lines


def test_a_resumed_run_says_that_it_goes_on() -> None:
    assert after(RunStarted("r1", True, (FIRST,))).headline == "Going on with r1."


def test_a_good_ending_says_what_was_verified_and_where_to_connect() -> None:
    state = after(
        StepChanged(FIRST, "verify", StepState.DONE, "registry: VMM; cluster role vmm is Online"),
        StepChanged("", "verify", StepState.DONE, "connect the VMM console to vmm:8100"),
        Finished("installed", True, "connect the VMM console to vmm:8100"),
    )
    text = "\n".join(state.ending())
    assert "+ VMM is installed on every node." in text
    assert text.casefold().count("connect the vmm console to vmm:8100") == 1
    assert f"+ {FIRST}: registry: VMM" in text
    assert f"+ {FIRST}: cluster role vmm is Online" in text


def test_the_console_is_never_sent_to_a_node() -> None:
    text = "\n".join(after(Finished("unchanged", False, "")).ending())
    assert "vmm01" not in text


def test_a_failure_ends_with_its_cause_and_what_to_do() -> None:
    state = after(Notice("", "setup ended with exit code 1", "grant Full Control"), Finished("failed", True, "exit 1"))
    text = "\n".join(state.ending())
    assert "X The installation failed." in text
    assert "exit 1" in text
    assert "  -> grant Full Control" in text


def test_a_refusal_ends_with_what_stood_in_the_way() -> None:
    findings = judge(ready_plan(), good_facts(dkm=a_container(found=False)))
    state = after(PreflightDone(findings, blocking(findings)), Finished("refused", False, "not started: DKM-01"))
    text = "\n".join(state.ending())
    assert "X The run was not started." in text
    assert "FAIL DKM-01" in text


def test_a_cancelled_run_says_how_to_go_on() -> None:
    assert "it goes on where it was" in "\n".join(after(Finished("cancelled", True, "setup goes on")).ending())


def test_a_warning_of_the_last_checks_is_left_to_the_list_of_findings() -> None:
    assert after(Notice("", "POST-03: no service connection point", "mend")).notices == []


def test_what_stopping_means_is_said_while_a_step_goes_on() -> None:
    state = RunState(ready_plan())
    assert not state.stopping
    state.take(StepChanged(FIRST, "preflight", StepState.STARTED))
    assert "(Safe to stop here)" in state.lines()
    state.take(StepChanged(FIRST, "setup", StepState.STARTED))
    assert "(Past the point of no return on vmm01)" in state.lines()
    assert "leaves vmm01.contoso.lab half done" in state.stopping
    state.take(Finished("installed", True, "connect"))
    assert not any(line.startswith("(") for line in state.lines())


NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def minute(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def timed(*rows: tuple[float, Event], usuals: Usuals | None = None, order: Order | None = None) -> RunState:
    """A run that told each of these at that minute."""
    state = RunState(ready_plan(), order or Order(), usuals or Usuals())
    for at, event in rows:
        state.take(event, minute(at))
    return state


BEGIN = (0.0, RunStarted("r1", False, (FIRST, SECOND)))
SETUP = (2.0, StepChanged(FIRST, "setup", StepState.STARTED))


def test_how_long_it_takes_is_told_by_the_times_of_its_events() -> None:
    state = timed(BEGIN, SETUP, (8.0, Progress(FIRST, "setup", 40, "installing files")))
    assert "  for 10 min; usually 20 min (by guides)" in state.lines(minute(12.5))
    assert state.clock(minute(12.5)) == "Elapsed 12:30, usually 40 min in all"


def test_what_was_measured_here_comes_before_what_guides_say() -> None:
    state = timed(BEGIN, SETUP, usuals=Usuals({"setup": [18 * 60.0, 25 * 60.0]}))
    assert "  for 3 min; usually 18-25 min (the last 2 here)" in state.lines(minute(5))


def test_the_first_node_says_what_is_usual_for_the_second() -> None:
    state = timed(
        *(BEGIN, SETUP, (20.0, StepChanged(FIRST, "setup", StepState.DONE))),
        *(
            (21.0, StepChanged(FIRST, "verify", StepState.DONE)),
            (22.0, StepChanged(SECOND, "setup", StepState.STARTED)),
        ),
    )
    lines = state.lines(minute(23))
    assert "  took 19 min" in lines
    assert "  for 1 min; 18 min last time here" in lines


def test_a_run_that_is_gone_on_with_shows_how_long_setup_has_really_taken() -> None:
    again = StepChanged(FIRST, "setup", StepState.STARTED)
    state = timed(
        *(BEGIN, SETUP, (4.0, Finished("cancelled", True, "setup goes on")), (9.0, RunStarted("r1", True, (FIRST,)))),
        (9.5, again),
    )
    assert any("for 8 min" in line for line in state.lines(minute(10)))
    assert state.clock(minute(10)).startswith("Elapsed 10:00")
    assert state.finished is None


def test_a_second_attempt_on_a_node_is_timed_anew() -> None:
    state = timed(
        *(BEGIN, SETUP, (6.0, StepChanged(FIRST, "setup", StepState.FAILED, "exit 1"))),
        *(
            (30.0, StepChanged(FIRST, "stage", StepState.STARTED)),
            (31.0, StepChanged(FIRST, "setup", StepState.STARTED)),
        ),
    )
    assert any("for 2 min" in line for line in state.lines(minute(33)))


def test_the_clock_stops_with_the_run() -> None:
    state = timed(BEGIN, SETUP, (41.0, Finished("installed", True, "connect")))
    assert state.clock(minute(500)) == "Took 41:00"


def test_without_times_nothing_is_told_of_them() -> None:
    state = after(RunStarted("r1", False, (FIRST,)), StepChanged(FIRST, "setup", StepState.STARTED))
    assert state.clock(NOON) == ""
    assert not any(" min" in line for line in state.lines(NOON))


def test_the_whole_run_goes_by_what_is_usual_and_is_never_done_before_its_machines() -> None:
    state = timed(BEGIN)
    assert state.percent == 0
    seen = [state.percent]
    for event in (
        StepChanged(FIRST, "preflight", StepState.DONE),
        StepChanged(FIRST, "setup", StepState.STARTED),
        Progress(FIRST, "setup", 50, ""),
        StepChanged(FIRST, "setup", StepState.DONE),
        StepChanged(FIRST, "clear", StepState.DONE),
        StepChanged(FIRST, "verify", StepState.DONE),
    ):
        state.take(event)
        seen.append(state.percent)
    assert seen == sorted(seen)
    assert seen[-1] == 50
    assert "[########--------]  50%, 1 of 2 machines done" in state.lines()
    state.take(StepChanged(SECOND, "setup", StepState.STARTED))
    state.take(Progress(SECOND, "setup", 99, "ending"))
    assert 90 < state.percent < 100


def test_a_failover_is_about_its_target_alone_and_ends_with_a_sentence() -> None:
    order = Order(Job.FAILOVER, target=SECOND)
    state = RunState(ready_plan(), order)
    state.take(StepChanged(SECOND, "move", StepState.DONE, "moved"))
    state.take(Finished("done", True, f"role vmm is online on {SECOND}: connect consoles to vmm.contoso.lab:8100"))
    assert list(state.nodes) == [SECOND]
    assert any("100%" in line for line in state.lines())
    ending = state.ending()
    assert f"Role vmm is online on {SECOND}." in ending
    assert sum("8100" in line for line in ending) == 1


def test_a_console_that_is_taken_away_is_connected_to_nothing() -> None:
    state = RunState(ready_plan(), replace(Order(Job.CONSOLE, ("ws01.contoso.lab",)), remove=True))
    state.take(Finished("done", True, "the console is gone from ws01.contoso.lab"))
    assert "The console is gone from ws01.contoso.lab." in state.ending()
    assert not any("8100" in line for line in state.ending())
