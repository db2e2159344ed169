"""The record of a simulated process: processor time by what it did when, and an end that takes its children along."""

import threading

from tests.lab.machines import INSTALLER, SmallEstate, fast_estate
from vmm_wizard.lab.processes import WORKER, ProcessEnd, Processes
from vmm_wizard.lab.setup_run import TERMINATED, SetupRun


def test_processor_time_grows_only_while_a_process_works() -> None:
    process = Processes().start("SetupVM", now=100.0, busy=0.5)
    assert process.cpu_seconds(110.0) == 5.0
    process.work(110.0, busy=0.0)
    assert process.cpu_seconds(500.0) == 5.0
    process.work(500.0, busy=1.0)
    assert process.cpu_seconds(502.0) == 7.0


def test_processes_have_numbers_of_their_own_that_are_not_used_again() -> None:
    running = Processes()
    first, second = running.start("Setup"), running.start("SetupVM")
    running.remove(first)
    third = running.start("Setup")
    assert len({first.pid, second.pid, third.pid}) == 3
    assert running.names == ("SetupVM", "Setup")


def test_what_a_process_started_ends_with_it_and_not_the_other_way_round() -> None:
    parent = ProcessEnd()
    child = parent.child()
    child.set()
    assert not parent.is_set()
    other = parent.child()
    parent.set()
    assert other.is_set()
    assert parent.child().is_set()


def test_setup_works_in_one_of_its_two_processes() -> None:
    estate = fast_estate(1.0)
    node = estate.machines[0]
    end = ProcessEnd()
    running = threading.Thread(target=setup_run(estate, end).run)
    running.start()
    while len(node.processes) < 2:
        assert running.is_alive()
    launcher, worker = node.processes
    later = worker.started + 1000.0
    assert worker.cpu_seconds(later) == 1000.0 * WORKER > 10 * launcher.cpu_seconds(later) > 0
    assert (launcher.windows, worker.windows) == ([], [])
    end.set()
    running.join(10)
    assert len(node.processes) == 0


def test_a_setup_whose_process_is_ended_alone_leaves_an_exit_code_and_no_word() -> None:
    estate = fast_estate(1.0)
    node = estate.machines[0]
    codes: list[int | None] = []
    running = threading.Thread(target=lambda: codes.append(setup_run(estate, ProcessEnd()).run()))
    running.start()
    while len(node.processes) < 2:
        assert running.is_alive()
    next(iter(node.processes)).terminate()
    running.join(10)
    assert codes == [TERMINATED]
    assert "has ended with exit code" not in node.log
    assert len(node.processes) == 0


def setup_run(estate: SmallEstate, end: ProcessEnd) -> SetupRun:
    node = estate.machines[0]
    return SetupRun(node, "setup.exe", node.prepare(), estate.credential(INSTALLER), end)
