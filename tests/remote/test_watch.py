"""How setup's processes fare, told by the wrapper beside them: what a hidden dialog is told from slow work by."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC

import pytest

from tests.lab.machines import (
    INI,
    PASSWORD,
    SERVICE_PASSWORD,
    PracticeMachine,
    SmallEstate,
    fast_estate,
    serving,
)
from tests.plan.plans import contoso
from tests.powershell import answer_keys, functions, literal_keys, of_type, parse, words
from tests.remote.test_task import setup_files, task_on, until
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote.bootstrap import load_script
from vmm_wizard.remote.task import RemoteTask
from vmm_wizard.remote.task_run import SetupWatch, TaskStatus, UnreadableAnswer, read_status
from vmm_wizard.setup.ini import render_server_ini

#: A look every twentieth of a second, and setup is over in four.
SPEED = 300.0


@pytest.fixture
def estate() -> SmallEstate:
    return fast_estate(SPEED)


@pytest.fixture
def machine(estate: SmallEstate) -> PracticeMachine:
    return estate.machines[0]


@pytest.fixture
def task(machine: PracticeMachine) -> Iterator[RemoteTask]:
    with serving(machine) as service:
        task = task_on(service)
        machine.files.write(INI, render_server_ini(contoso(), first=True))
        task.stage(setup_files())
        task.start(Secret(PASSWORD))
        task.send_secrets((Secret(SERVICE_PASSWORD),), until(task, "public_key"))
        yield task
        task.remove(end_running=True)
        task.close()


def seen(task: RemoteTask, wanted: Callable[[SetupWatch], bool]) -> SetupWatch:
    """The first watch of this kind."""
    for status in task.watch(1.0, 30.0):
        assert status.result is None, "setup ended first"
        if status.watch is not None and wanted(status.watch):
            return status.watch
    raise AssertionError("the watch ended")


def test_processor_time_of_setup_at_work_grows(task: RemoteTask) -> None:
    first = seen(task, lambda watch: bool(watch.processes))
    later = seen(task, lambda watch: watch.cpu_seconds > first.cpu_seconds + 1)

    assert {process.name for process in later.processes} == {"Setup.exe", "SetupVM.exe"}
    assert later.cpu_seconds == pytest.approx(sum(process.cpu_seconds for process in later.processes))
    assert later.windows == ()
    assert later.time.tzinfo == UTC


def test_a_dialog_shows_as_a_window_of_a_process_that_takes_no_time(task: RemoteTask, machine: PracticeMachine) -> None:
    seen(task, lambda watch: bool(watch.processes))
    for process in machine.processes:
        process.work(machine.clock.seconds(), 0.0)
    worker = list(machine.processes)[-1]
    worker.windows.append("Setup Wizard")
    worker.responds = False

    first = seen(task, lambda watch: bool(watch.windows))
    machine.files.delete(r"C:\ProgramData\vmm-wizard\run-1\watch.json")
    later = seen(task, lambda watch: bool(watch.windows))

    assert later.windows == ("Setup Wizard",)
    assert [process.responds for process in later.processes] == [True, False]
    assert later.cpu_seconds == first.cpu_seconds


def test_what_has_ended_keeps_its_share(task: RemoteTask, machine: PracticeMachine) -> None:
    seen(task, lambda watch: bool(watch.processes))
    installer = machine.processes.start("msiexec", machine.clock.seconds(), busy=1.0)
    before = seen(task, lambda watch: any(process.cpu_seconds > 20 for process in watch.processes))
    machine.processes.remove(installer)
    after = seen(task, lambda watch: "msiexec.exe" not in {process.name for process in watch.processes})

    assert after.cpu_seconds >= before.cpu_seconds


def test_a_task_that_was_ended_is_watched_no_more(task: RemoteTask, machine: PracticeMachine) -> None:
    seen(task, lambda watch: bool(watch.processes))

    assert task.remove(end_running=True).left == ()
    assert machine.files.inside(r"C:\ProgramData\vmm-wizard") == ()
    assert task.status().watch is None


# --- script, estate and reader


def test_the_estate_writes_the_keys_that_the_wrapper_writes(task: RemoteTask, machine: PracticeMachine) -> None:
    seen(task, lambda watch: bool(watch.processes))
    written = json.loads(machine.files.read(r"C:\ProgramData\vmm-wizard\run-1\watch.json") or b"")
    literals = literal_keys(parse(load_script("wrapper").text))

    assert frozenset(written) in literals
    assert frozenset(written["processes"][0]) in literals


def test_the_wrapper_asks_for_no_command_line_anywhere() -> None:
    text = load_script("wrapper").text
    bodies = [words(row) for row in of_type(parse(text), "function_statement")]

    assert {"Write-Watch", "Get-WatchedProcess"} <= functions(parse(text))
    assert "CommandLine'" not in text
    assert any("'\\s[-/]\\w'" in body for body in bodies if body.startswith("function Get-WatchedProcess"))


def answered(watch: str) -> TaskStatus:
    empty = dict.fromkeys(answer_keys(parse(load_script("run-status").text)), "")
    return read_status({**empty, "log_length": 0, "setup_processes": [], "watch": watch})


def test_a_moment_without_the_file_is_no_error() -> None:
    assert answered("").watch is None


@pytest.mark.parametrize("watch", ["{}", '{"time": "soon", "cpu_milliseconds": 1, "processes": []}', "[]", "{"])
def test_what_no_wrapper_writes_is_unreadable(watch: str) -> None:
    with pytest.raises(UnreadableAnswer):
        answered(watch)
