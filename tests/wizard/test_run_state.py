"""A run folded from its events into what is shown."""

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
from vmm_wizard.wizard.run_state import RunState

FIRST, SECOND = "vmm01.contoso.lab", "vmm02.contoso.lab"


def after(*events: Event) -> RunState:
    """A run that told these events."""
    state = RunState(ready_plan())
    for event in events:
        state.take(event)
    return state


def test_before_anything_was_told_every_node_waits() -> None:
    lines = RunState(ready_plan()).lines()
    assert f"  {FIRST}" in lines
    assert f"  {SECOND}" in lines
    assert sum("0% waiting" in line for line in lines) == 2


def test_progress_moves_the_bar_of_its_node_alone() -> None:
    state = after(StepChanged(FIRST, "setup", StepState.STARTED), Progress(FIRST, "setup", 40, "installing files"))
    lines = state.lines()
    assert "  [########------------]  40% setup runs" in lines
    assert "  installing files" in lines
    assert "  [--------------------]   0% waiting" in lines


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
    assert f"+ {FIRST}" in lines
    assert "  [####################] 100% installed and verified" in lines


def test_a_node_that_has_vmm_already_is_marked() -> None:
    lines = after(StepChanged(FIRST, "setup", StepState.SKIPPED, "VMM is installed here already")).lines()
    assert f"+ {FIRST}" in lines


def test_a_failed_step_marks_its_node() -> None:
    lines = after(StepChanged(FIRST, "stage", StepState.FAILED, "disk full")).lines()
    assert f"X {FIRST}" in lines
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
    assert "Connect the VMM console to vmm:8100" in text
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
    assert f"(Past the point of no return on {FIRST})" in state.lines()
    assert "leaves vmm01.contoso.lab half done" in state.stopping
    state.take(Finished("installed", True, "connect"))
    assert not any(line.startswith("(") for line in state.lines())
