"""Setup that takes another course: a hidden dialog, slow work, late failures, a sudden end, machines that go away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.lab.machines import CONTAINER, SmallEstate
from vmm_wizard.lab.setup_course import Dialog, LateFailure, SuddenEnd
from vmm_wizard.lab.setup_run import TERMINATED

FOLDER = r"C:\Program Files\Microsoft System Center\Virtual Machine Manager"


@pytest.fixture
def estate() -> SmallEstate:
    return SmallEstate()


def seconds_of(estate: SmallEstate) -> float:
    (record,) = estate.machines[0].setups
    assert record.ended is not None
    return record.ended - record.started


@pytest.fixture
def hanging(estate: SmallEstate) -> Iterator[tuple[SmallEstate, list[int | None]]]:
    """A setup that stands at a dialog at 40 percent, and where its exit code will be."""
    node = estate.machines[0]
    node.at[40] = lambda: setattr(node.course, "dialog", Dialog("Setup needs you"))
    codes: list[int | None] = []
    line = node.prepare()
    running = threading.Thread(target=lambda: codes.append(node.setup(line)))
    running.start()
    while not any(process.windows for process in node.processes):
        assert running.is_alive()
    yield estate, codes
    for process in node.processes:
        process.terminate()
    running.join(10)


def test_a_hidden_dialog_stands_with_a_window_and_without_work_until_it_is_ended(
    hanging: tuple[SmallEstate, list[int | None]],
) -> None:
    estate, codes = hanging
    node = estate.machines[0]
    now = estate.clock.seconds()
    log = node.log
    worker = next(process for process in node.processes if process.name == "SetupVM")
    assert worker.windows == ["Setup needs you"]
    assert worker.cpu_seconds(now) == worker.cpu_seconds(now + 5000) > 0
    assert (node.log, codes) == (log, [])
    worker.terminate()
    while not codes:
        assert node.log == log
    assert codes == [TERMINATED]
    assert len(node.processes) == 0


def test_a_dialog_that_somebody_closes_costs_its_time_and_no_more(estate: SmallEstate) -> None:
    node = estate.machines[0]
    node.at[40] = lambda: setattr(node.course, "dialog", Dialog("Setup needs you", 900.0))
    assert node.setup(node.prepare()) == 0
    assert seconds_of(estate) == pytest.approx(1200 + 900)


def test_slow_work_stands_still_in_the_log_and_works(estate: SmallEstate) -> None:
    node = estate.machines[0]
    seen: list[tuple[float, str]] = []

    def look() -> None:
        worker = next(process for process in node.processes if process.name == "SetupVM")
        seen.append((worker.cpu_seconds(estate.clock.seconds()), node.log))

    def pause() -> None:
        look()
        node.course.pause = 3000.0

    node.at[40] = pause
    # The next package comes at 40.25 percent: until then there is nothing to be said.
    node.at[41] = look
    assert node.setup(node.prepare()) == 0
    (before, log), (after, later) = seen
    assert after - before > 3000 * 0.3
    assert len(later.splitlines()) - len(log.splitlines()) <= 1
    assert seconds_of(estate) == pytest.approx(1200 + 3000)


@pytest.mark.parametrize("percent", [0, 2, 40, 85, 96, 100])
def test_a_failure_at_any_moment_rolls_back_with_its_line_and_its_exit_code(estate: SmallEstate, percent: int) -> None:
    node = estate.machines[0]
    before = len(estate.directory.children(CONTAINER)), len(estate.sql.databases), len(estate.sql.logins)
    failure = LateFailure("AgentInstall", "The agent could not be installed", 7)
    node.at[percent] = lambda: setattr(node.course, "failure", failure)
    assert node.setup(node.prepare()) == 7
    assert "Threw Exception.Type: AgentInstallException, Exception.Message: The agent could not be in" in node.log
    assert node.log.endswith("setup has ended with exit code 7\r\n")
    assert (node.server, estate.cluster.role, node.files.inside(FOLDER)) == (None, "", ())
    assert (len(estate.directory.children(CONTAINER)), len(estate.sql.databases), len(estate.sql.logins)) == before


def test_another_exit_code_after_everything_was_done(estate: SmallEstate) -> None:
    node = estate.machines[0]
    node.at[100] = lambda: setattr(node.course, "exit_code", 3010)
    assert node.setup(node.prepare()) == 3010
    assert node.server is not None
    assert node.log.endswith("setup has ended with exit code 3010\r\n")


@pytest.mark.parametrize(
    ("percent", "leaves", "database", "service", "role"),
    [
        (40, (), False, False, False),
        (40, ("database",), True, False, False),
        (40, ("service",), False, True, False),
        (85, (), True, False, False),
        (96, (), True, True, False),
        (98, (), True, True, True),
    ],
)
def test_a_sudden_end_leaves_what_was_done_until_then_and_what_it_is_told_to(
    estate: SmallEstate, percent: int, leaves: tuple[str, ...], database: bool, service: bool, role: bool
) -> None:
    node = estate.machines[0]
    node.at[percent] = lambda: setattr(node.course, "sudden_end", SuddenEnd(leaves))
    assert node.setup(node.prepare()) == TERMINATED
    assert "RollBack" not in node.log
    assert "has ended" not in node.log
    assert bool(node.files.inside(FOLDER))
    assert estate.sql.has_database("VirtualManagerDB") == database
    assert (node.server is not None, bool(estate.cluster.role)) == (service, role)
    assert len(node.processes) == 0


def test_a_disk_that_is_full_ends_in_a_rollback_and_says_so_where_it_can(estate: SmallEstate) -> None:
    node = estate.machines[0]
    node.at[40] = lambda: setattr(node.files, "full", True)
    assert node.setup(node.prepare()) == 1
    assert node.files.inside(FOLDER) == ()
    # Nothing more could be written into the log either.
    assert "RollBack" not in node.log


def test_a_sql_server_that_goes_late_keeps_what_nobody_can_take_away_there(estate: SmallEstate) -> None:
    node = estate.machines[0]
    node.at[90] = lambda: setattr(node, "sql_answering", False)
    assert node.setup(node.prepare()) == 1
    assert "SCVMMService on VMM01 did not start" in node.log
    assert "RollBack: sql01.contoso.lab does not answer, its part is left as it is" in node.log
    assert estate.sql.has_database("VirtualManagerDB")
    assert (node.server, estate.cluster.role) == (None, "")
    assert len(estate.directory.children(CONTAINER)) == 0


def test_a_controller_that_goes_ends_in_a_rollback(estate: SmallEstate) -> None:
    node = estate.machines[0]
    node.at[82] = lambda: setattr(node, "directory_answering", False)
    assert node.setup(node.prepare()) == 1
    assert "The server is not operational." in node.log
    assert "HR: 0x8007203a" in node.log
    assert not estate.sql.has_database("VirtualManagerDB")


def test_the_logs_clock_jumps_with_the_nodes(estate: SmallEstate) -> None:
    node = estate.machines[0]
    node.at[50] = lambda: setattr(node, "date_shift", 3 * 3600.0)
    assert node.setup(node.prepare()) == 0
    hours = [int(line[:2]) for line in node.log.splitlines()]
    jumps = [(after - before) % 24 for before, after in pairwise(hours)]
    assert sum(jump >= 3 for jump in jumps) == 1
