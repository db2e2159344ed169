"""Scheduled tasks of a simulated node: who may have one, what is checked when, and that the password stays inside."""

from __future__ import annotations

import threading

import pytest

from tests.lab.machines import INSTALLER, PASSWORD, SERVICE, SmallEstate
from vmm_wizard.lab.files import NodeFiles
from vmm_wizard.lab.tasks import (
    ACCOUNT_RESTRICTION,
    ALREADY_EXISTS,
    LOGON_TYPE_NOT_GRANTED,
    NEVER_RAN,
    NO_SUCH_LOGON_SESSION,
    STILL_RUNNING,
    TERMINATED,
    ScheduledTask,
    TaskRefused,
    TaskScheduler,
)

LOGON_FAILURE = 0x8007052E
LOCKED_OUT = 0x80070775


@pytest.fixture
def estate() -> SmallEstate:
    return SmallEstate()


@pytest.fixture
def scheduler(estate: SmallEstate) -> TaskScheduler:
    return estate.machines[0].scheduler


def registered(scheduler: TaskScheduler, password: str = PASSWORD) -> ScheduledTask:
    return scheduler.register("vmm-wizard-1", INSTALLER, password, "-Command x", "PT2H")


def refusal(scheduler: TaskScheduler, password: str = PASSWORD) -> int:
    with pytest.raises(TaskRefused) as refused:
        registered(scheduler, password)
    return refused.value.code


def test_a_task_with_a_good_password_has_never_run(scheduler: TaskScheduler, estate: SmallEstate) -> None:
    task = registered(scheduler)

    assert scheduler.names() == ("vmm-wizard-1",)
    assert task.last_result == NEVER_RAN
    assert estate.credential(INSTALLER).last_via[-1] == "task"


def test_the_password_is_nowhere_in_the_task(scheduler: TaskScheduler) -> None:
    task = registered(scheduler)

    assert PASSWORD not in task.xml()
    assert PASSWORD not in repr(task).replace(repr(task.account), "")
    assert "<LogonType>Password</LogonType>" in task.xml()
    assert "IgnoreNew" in task.xml()


def test_a_wrong_password_is_refused_and_counted(scheduler: TaskScheduler, estate: SmallEstate) -> None:
    assert refusal(scheduler, "wrong") == LOGON_FAILURE
    assert estate.credential(INSTALLER).counted == 1
    assert scheduler.names() == ()


def test_three_wrong_passwords_lock_the_account_for_tasks_too(scheduler: TaskScheduler) -> None:
    for _ in range(3):
        refusal(scheduler, "wrong")

    assert refusal(scheduler) == LOCKED_OUT


def test_a_node_that_stores_no_passwords_asks_nobody(scheduler: TaskScheduler, estate: SmallEstate) -> None:
    estate.machines[0].stores = False

    assert refusal(scheduler, "wrong") == NO_SUCH_LOGON_SESSION
    assert estate.credential(INSTALLER).counted == 0


def test_protected_users_can_have_nothing_stored(scheduler: TaskScheduler, estate: SmallEstate) -> None:
    group = estate.directory.find_by_sid(estate.directory.sid(525))
    assert group is not None
    estate.directory.add_member(group.dn, estate.installer_dn)

    assert refusal(scheduler) == ACCOUNT_RESTRICTION


def test_a_second_task_of_the_same_name_is_refused(scheduler: TaskScheduler) -> None:
    registered(scheduler)

    assert refusal(scheduler) == ALREADY_EXISTS


def test_without_the_batch_right_a_task_does_not_start(scheduler: TaskScheduler, estate: SmallEstate) -> None:
    estate.machines[0].batch_denied.add(INSTALLER)
    task = registered(scheduler)
    ran = threading.Event()

    def program(_: ScheduledTask) -> int:
        ran.set()
        return 0

    scheduler.run(task, program)

    assert task.last_result == LOGON_TYPE_NOT_GRANTED
    assert not task.is_active
    assert not ran.is_set()


def test_a_running_task_is_not_started_again(scheduler: TaskScheduler) -> None:
    task = registered(scheduler)
    release, starts = threading.Event(), []

    def program(_: ScheduledTask) -> int:
        starts.append(1)
        release.wait()
        return 5

    scheduler.run(task, program)
    scheduler.run(task, program)
    assert task.last_result == STILL_RUNNING
    release.set()
    assert task.thread is not None
    task.thread.join()

    assert starts == [1]
    assert task.last_result == 5
    assert task.state == "Ready"


def test_a_stopped_task_has_ended_when_stop_comes_back(scheduler: TaskScheduler) -> None:
    task = registered(scheduler)
    scheduler.run(task, lambda running: int(running.stop.wait()))

    scheduler.stop(task)

    assert task.thread is not None
    assert not task.thread.is_alive()
    assert task.last_result == TERMINATED


def test_a_folder_lets_in_only_its_own_trustees_and_so_does_what_is_in_it(estate: SmallEstate) -> None:
    files = NodeFiles()
    files.make_folder(r"C:\ProgramData\vmm-wizard", ["S-1-5-18"])
    files.make_folder(r"C:\ProgramData\vmm-wizard\1", ["S-1-5-18", estate.sid(INSTALLER)])
    files.write(r"C:\ProgramData\vmm-wizard\1\job.json", b"{}")

    assert files.may_enter(r"c:\programdata\VMM-WIZARD\1\job.json", [estate.sid(INSTALLER)])
    assert not files.may_enter(r"C:\ProgramData\vmm-wizard\1\job.json", [estate.sid(SERVICE)])
    assert not files.may_enter(r"C:\ProgramData\vmm-wizard", [estate.sid(INSTALLER)])


def test_files_are_found_in_any_case_moved_and_deleted_with_their_folder() -> None:
    files = NodeFiles()
    files.append(r"C:\A\one.log", b"x")
    files.append(r"c:\a\ONE.LOG", b"y")
    files.move(r"C:\a\one.log", r"C:\a\two.log")

    assert files.read(r"C:\A\TWO.log") == b"xy"
    assert files.read(r"C:\A\one.log") is None
    assert files.inside(r"C:\A") == (r"C:\a\two.log",)
    files.delete_folder(r"c:\a")
    assert not files.has_folder(r"C:\A")
