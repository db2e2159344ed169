"""Scripts that run inside a task, over a real WinRM connection: staged, run once, followed line by line, answered."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.lab.machines import INSTALLER, PASSWORD, PracticeMachine, SmallEstate, fast_estate, serving
from tests.remote.test_task import SPEED, task_on, until
from vmm_wizard.lab.script_parameters import ScriptError
from vmm_wizard.lab.wrapper import InsideWork
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote.bootstrap import INSIDE, JSON, Script, load_script
from vmm_wizard.remote.run_files import job_of, script_job, wrapper_file
from vmm_wizard.remote.task import RemoteTask
from vmm_wizard.remote.task_run import RunFile, TaskStatus

TEXT = """# Counts.
param(
    [Parameter(Mandatory)]
    [int] $Most,
    [Parameter(Mandatory)]
    [System.IO.TextWriter] $Log
)
$answer
"""
FOLDER = r"C:\ProgramData\vmm-wizard\run-1"


def count(work: InsideWork) -> dict[str, JSON]:
    """What the script above does: a line a number, and who it runs as."""
    most = work.parameters["Most"]
    assert isinstance(most, int)
    if most < 0:
        raise ScriptError("there is no such number")
    for number in range(most):
        work.say(f"number {number + 1}")
    return {"counted": most, "user": work.task.account.account}


@pytest.fixture
def estate() -> SmallEstate:
    return fast_estate(SPEED)


@pytest.fixture
def machine(estate: SmallEstate) -> PracticeMachine:
    machine = estate.machines[0]
    machine.inside["count"] = count
    machine.inside_texts["count"] = TEXT
    return machine


@pytest.fixture
def task(machine: PracticeMachine) -> Iterator[RemoteTask]:
    with serving(machine) as service:
        task = task_on(service)
        yield task
        task.close()


def counting(parameters: dict[str, JSON], text: str = TEXT) -> tuple[RunFile, ...]:
    return (wrapper_file(), *job_of(Script("count", text), parameters))


def run(task: RemoteTask, files: tuple[RunFile, ...]) -> TaskStatus:
    task.stage(files)
    assert task.start(Secret(PASSWORD)).started
    until(task, "result")
    return task.status(log="work")


def test_a_script_runs_in_the_task_and_gives_back_its_answer(task: RemoteTask) -> None:
    status = run(task, counting({"Most": 2}))

    assert status.result is not None
    assert (status.result.mode, status.result.exit_code, status.result.error) == ("script", 0, "")
    assert status.report == {"counted": 2, "user": INSTALLER}
    assert status.begun


def test_its_lines_are_read_from_where_one_stands(task: RemoteTask) -> None:
    first = run(task, counting({"Most": 3}))
    more = task.status(len(b"number 1\r\n"), log="work")

    assert first.log_bytes == b"number 1\r\nnumber 2\r\nnumber 3\r\n"
    assert more.log_bytes == b"number 2\r\nnumber 3\r\n"
    assert more.log_length == len(first.log_bytes)
    assert not task.status().log_exists


def test_its_error_is_the_results_and_no_report_is_left(task: RemoteTask) -> None:
    status = run(task, counting({"Most": -1}))

    assert status.result is not None
    assert status.result.exit_code is None
    assert status.result.error == "there is no such number (0x80131501)"
    assert b"there is no such number" in status.log_bytes
    assert status.report is None


@pytest.mark.parametrize(
    ("parameters", "said"),
    [({}, "missing mandatory parameters: Most"), ({"Most": 1, "Least": 0}, "matches parameter name 'Least'")],
)
def test_it_takes_the_parameters_that_it_declares(task: RemoteTask, parameters: dict[str, JSON], said: str) -> None:
    status = run(task, counting(parameters))

    assert status.result is not None
    assert said in status.result.error


def test_a_script_of_another_text_is_refused_by_the_estate(task: RemoteTask) -> None:
    status = run(task, counting({"Most": 1}, TEXT.replace("Counts", "Guesses")))

    assert status.result is not None
    assert "knows no script 'count' of this text" in status.result.error
    assert not status.begun


def test_nothing_of_a_script_is_left_when_its_run_is_removed(task: RemoteTask, machine: PracticeMachine) -> None:
    run(task, counting({"Most": 1}))
    assert machine.files.exists(rf"{FOLDER}\work.log")
    assert machine.files.exists(rf"{FOLDER}\count.ps1")

    assert task.remove().left == ()
    assert machine.files.inside(r"C:\ProgramData\vmm-wizard") == ()


def test_a_script_is_never_run_twice_by_one_run(task: RemoteTask, machine: PracticeMachine) -> None:
    run(task, counting({"Most": 1}))
    scheduled = machine.scheduler.get("vmm-wizard-run-1")
    assert scheduled is not None

    assert machine.run_wrapper(scheduled, FOLDER) == 78
    assert task.status(log="work").log_bytes == b"number 1\r\n"


def test_the_order_names_the_staged_file_and_holds_no_secret() -> None:
    job, file = job_of(Script("count", TEXT), {"Most": 1})

    assert json.loads(job.content) | {"secret_wait_seconds": 0} == {
        "mode": "script",
        "script": "count.ps1",
        "parameters": {"Most": 1},
        "secret_count": 0,
        "secret_wait_seconds": 0,
    }
    assert file == RunFile("count.ps1", TEXT.replace("\n", "\r\n").encode())


def test_a_script_of_the_package_is_found_by_its_name_alone() -> None:
    with pytest.raises(FileNotFoundError):
        script_job("no-such-script", {})
    with pytest.raises(FileNotFoundError):
        load_script(INSIDE)


def test_it_has_moments_of_its_own(task: RemoteTask, machine: PracticeMachine) -> None:
    run(task, counting({"Most": 1}))

    assert machine.scripts_met == ["script count", "after script count"]


def test_a_disk_that_is_full_by_then_leaves_a_task_without_a_result(task: RemoteTask, machine: PracticeMachine) -> None:
    machine.at_script = lambda _: setattr(machine.files, "full", True)
    task.stage(counting({"Most": 1}))
    task.start(Secret(PASSWORD))
    found = machine.scheduler.get("vmm-wizard-run-1")
    assert found is not None
    assert found.thread is not None
    found.thread.join(20)

    status = task.status()
    assert (status.result, status.report, status.task_result) == (None, None, 1)
    assert machine.scripts_met == ["script count"]
