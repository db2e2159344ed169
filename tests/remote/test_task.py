"""Runs as scheduled tasks, over a real WinRM connection: staged, started once, followed, cleared up."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator

import pytest

from tests.lab.machines import (
    INI,
    INSTALLER,
    PASSWORD,
    SERVICE_PASSWORD,
    PracticeMachine,
    SmallEstate,
    fast_estate,
    serving,
)
from tests.plan.plans import contoso
from tests.remote.targets import at
from vmm_wizard.lab.winrm_server import WinrmServer
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote.errors import Cancelled, LogonRefused, NodeUnreachable, ScriptFailed
from vmm_wizard.remote.run_files import rehearsal_job, setup_job, wrapper_file
from vmm_wizard.remote.session import Login, Session
from vmm_wizard.remote.task import RemoteTask
from vmm_wizard.remote.task_run import RunFile, TaskStatus
from vmm_wizard.setup.command import server_install
from vmm_wizard.setup.ini import render_server_ini

#: Twenty minutes of setup in one second, so that WinRM is away for a twentieth of one.
SPEED = 1200.0
ACCOUNT = AccountName.parse(INSTALLER)


@pytest.fixture
def estate() -> SmallEstate:
    return fast_estate(SPEED)


@pytest.fixture
def machine(estate: SmallEstate) -> PracticeMachine:
    return estate.machines[0]


@pytest.fixture
def service(machine: PracticeMachine) -> Iterator[WinrmServer]:
    with serving(machine) as service:
        yield service


def task_on(service: WinrmServer, *, password: str = PASSWORD, run_id: str = "run-1", **more: object) -> RemoteTask:
    login = Login(INSTALLER, Secret(password))
    given: dict[str, object] = {"patience": 20.0, "pace": 0.02, **more}
    return RemoteTask(
        lambda deadline, cancel: Session.open(at(service), login, deadline, cancel),
        "vmm01.contoso.lab:5985",
        run_id,
        ACCOUNT,
        **given,  # type: ignore[arg-type]
    )


@pytest.fixture
def task(service: WinrmServer) -> Iterator[RemoteTask]:
    task = task_on(service)
    yield task
    task.close()


def rehearsal() -> tuple[RunFile, ...]:
    job = rehearsal_job(
        domain="contoso.lab",
        dkm_container="CN=VMMDKM,DC=contoso,DC=lab",
        sql_host="sql01.contoso.lab",
        sql_instance="",
        sql_port=0,
    )
    return (wrapper_file(), job)


def setup_files() -> tuple[RunFile, ...]:
    command = server_install(contoso(), INI)
    job = setup_job(command.program, command.argument_template())
    return (wrapper_file(), job, RunFile("VMMServer.ini", b"not read"))


def until(task: RemoteTask, reached: str) -> TaskStatus:
    """Follow the run until the status has something in this field."""
    for status in task.watch(1.0, 30.0):
        if getattr(status, reached):
            return status
        assert not status.stopped_because, status.stopped_because
    raise AssertionError("the watch ended")


# --- staging


def test_what_is_staged_reads_back_byte_for_byte(task: RemoteTask) -> None:
    files = (wrapper_file(), RunFile("VMMServer.ini", bytes(range(256))))

    staged = task.stage(files)

    assert staged.files == files
    assert staged.folder == r"C:\ProgramData\vmm-wizard\run-1"
    assert not staged.task_exists


def test_the_folder_is_for_system_administrators_and_the_account(
    task: RemoteTask, machine: PracticeMachine, estate: SmallEstate
) -> None:
    folder = task.stage(rehearsal()).folder

    for sid in ("S-1-5-18", "S-1-5-32-544", estate.sid(INSTALLER)):
        assert machine.files.may_enter(folder + r"\job.json", [sid])
    assert not machine.files.may_enter(folder + r"\job.json", ["S-1-5-32-545", estate.sid(r"CONTOSO\svc-vmm")])


def test_a_file_that_would_leave_the_folder_is_refused(task: RemoteTask, machine: PracticeMachine) -> None:
    with pytest.raises(ScriptFailed):
        task.stage((RunFile(r"..\evil.ps1", b""),))
    assert not machine.files.inside("C:")


def test_a_run_that_has_begun_is_not_staged_again(task: RemoteTask) -> None:
    task.stage(rehearsal())
    task.start(Secret(PASSWORD))

    staged = task.stage((wrapper_file(), RunFile("job.json", b"another")))

    assert staged.task_exists
    assert staged.files[1].content != b"another"


# --- starting


def test_a_task_is_started_once_however_often_it_is_asked_for(task: RemoteTask, machine: PracticeMachine) -> None:
    task.stage(rehearsal())

    first, second = task.start(Secret(PASSWORD)), task.start(Secret(PASSWORD))

    assert (first.registered, first.started, first.existed) == (True, True, False)
    assert (second.registered, second.started, second.existed) == (True, False, True)
    assert machine.scheduler.names() == ("vmm-wizard-run-1",)


def test_a_wrong_stored_password_is_said_in_words_and_counted_once(task: RemoteTask, estate: SmallEstate) -> None:
    task.stage(rehearsal())

    start = task.start(Secret("wrong"))

    assert not start.registered
    assert start.failed_step == "register"
    assert start.reason == "the user name or password is wrong (0x8007052E)"
    assert estate.credential(INSTALLER).counted == 1


def test_a_node_that_stores_no_passwords_says_so(task: RemoteTask, machine: PracticeMachine) -> None:
    machine.stores = False
    task.stage(rehearsal())

    assert "DisableDomainCreds" in task.start(Secret(PASSWORD)).reason


def test_a_missing_batch_right_shows_in_the_status(task: RemoteTask, machine: PracticeMachine) -> None:
    machine.batch_denied.add(INSTALLER)
    task.stage(rehearsal())

    assert task.start(Secret(PASSWORD)).registered
    assert "no right to log on as a batch job" in task.status().stopped_because


def test_a_constrained_language_shows_in_the_status(task: RemoteTask, machine: PracticeMachine) -> None:
    machine.language = "ConstrainedLanguage"
    task.stage(rehearsal())
    task.start(Secret(PASSWORD))

    while not (stopped := task.status().stopped_because):
        pass
    assert "ConstrainedLanguage" in stopped


# --- secrets


def test_secrets_longer_than_the_key_reach_the_wrapper_whole(task: RemoteTask, machine: PracticeMachine) -> None:
    long = Secret("ß\u4e2d" * 127 + "!")
    task.stage(rehearsal())
    task.start(Secret(PASSWORD))
    status = until(task, "public_key")

    assert task.send_secrets((long,), status)

    report = until(task, "report").report
    assert report is not None
    assert report["secret_digests"] == [digest(long.reveal())]


def digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_secrets_are_taken_once(task: RemoteTask) -> None:
    task.stage(rehearsal())
    task.start(Secret(PASSWORD))
    status = until(task, "public_key")

    assert task.send_secrets((Secret("one"),), status)
    until(task, "result")
    assert not task.send_secrets((Secret("two"),), status)


def test_a_blob_for_another_key_ends_the_run_with_a_reason(task: RemoteTask, machine: PracticeMachine) -> None:
    task.stage(rehearsal())
    task.start(Secret(PASSWORD))
    until(task, "public_key")
    machine.files.write(
        r"C:\ProgramData\vmm-wizard\run-1\secrets.json", json.dumps({"secrets": [{"chunks": ["AAAA"]}]}).encode()
    )

    result = until(task, "result").result
    assert result is not None
    assert result.exit_code is None
    assert "cannot be decrypted" in result.error


# --- a whole installation


def install(task: RemoteTask, machine: PracticeMachine) -> tuple[TaskStatus, bytes]:
    """Run setup on a machine and follow it to its end; the last status, and the log as it came in pieces."""
    machine.files.write(INI, render_server_ini(contoso(), first=True))
    task.stage(setup_files())
    assert task.start(Secret(PASSWORD)).started
    assert task.send_secrets((Secret(SERVICE_PASSWORD),), until(task, "public_key"))
    log = b""
    while True:
        status = task.status(len(log))
        log += status.log_bytes
        if status.result is not None and len(log) == status.log_length:
            return status, log
        task.pause(1.0)


def test_setup_is_followed_to_its_end_over_the_restart_of_winrm(task: RemoteTask, machine: PracticeMachine) -> None:
    status, log = install(task, machine)

    assert status.result is not None
    assert status.result.exit_code == 0
    assert machine.cuts == [60.0]
    assert log.decode() == machine.log
    assert machine.server is not None
    assert [record.exit_code for record in machine.setups] == [0]


def test_after_a_run_nothing_is_left_but_the_log(task: RemoteTask, machine: PracticeMachine) -> None:
    install(task, machine)

    removal = task.remove()

    assert not removal.was_running
    assert removal.left == ()
    assert machine.scheduler.names() == ()
    assert not machine.files.has_folder(r"C:\ProgramData\vmm-wizard")
    assert machine.log


def test_no_password_is_ever_in_a_file_a_task_or_a_command_line(task: RemoteTask, machine: PracticeMachine) -> None:
    status, log = install(task, machine)

    for secret in (PASSWORD, SERVICE_PASSWORD):
        assert machine.files.holding(secret) == ()
        scheduled = machine.scheduler.get("vmm-wizard-run-1")
        assert scheduled is not None
        assert secret not in scheduled.xml()
        assert not any(secret in command for command in machine.commands)
        assert secret.encode() not in log
        assert secret not in repr(status)


def test_a_run_can_be_taken_up_by_another_process(service: WinrmServer, machine: PracticeMachine) -> None:
    first = task_on(service)
    machine.files.write(INI, render_server_ini(contoso(), first=True))
    first.stage(setup_files())
    first.start(Secret(PASSWORD))
    first.send_secrets((Secret(SERVICE_PASSWORD),), until(first, "public_key"))
    first.close()

    second = task_on(service)
    assert second.stage(setup_files()).task_exists
    assert not second.start(Secret(PASSWORD)).started
    result = until(second, "result").result
    second.close()

    assert result is not None
    assert result.exit_code == 0
    assert len(machine.setups) == 1


def test_setup_beside_another_setup_is_not_started(task: RemoteTask, machine: PracticeMachine) -> None:
    machine.processes.start("Setup")

    status, _ = install(task, machine)

    assert status.result is not None
    assert status.result.exit_code is None
    assert "another setup runs already" in status.result.error
    assert machine.setups == []


def test_a_run_that_goes_on_is_left_alone(service: WinrmServer, estate: SmallEstate) -> None:
    machine = estate.machines[0]
    task = task_on(service)
    task.stage(rehearsal())
    task.start(Secret(PASSWORD))
    until(task, "public_key")

    removal = task.remove()
    assert removal.was_running
    assert len(removal.left) == 2
    assert machine.files.has_folder(r"C:\ProgramData\vmm-wizard\run-1")

    assert task.remove(end_running=True).left == ()
    assert not machine.files.has_folder(r"C:\ProgramData\vmm-wizard")
    task.close()


def test_an_old_log_is_kept_under_another_name(task: RemoteTask, machine: PracticeMachine) -> None:
    machine.files.write(r"C:\ProgramData\VMMLogs\SetupWizard.log", b"the run before\r\n")
    assert not task.status().log_exists

    _, log = install(task, machine)

    assert b"the run before" not in log
    assert len(machine.files.holding("the run before")) == 1


# --- the way there


def test_a_refused_logon_is_never_tried_again(service: WinrmServer, estate: SmallEstate) -> None:
    task = task_on(service, password="wrong")

    for _ in range(3):
        with pytest.raises(LogonRefused):
            task.status()
    with pytest.raises(LogonRefused):
        task.remove(end_running=True)

    assert estate.credential(INSTALLER).counted == 1
    assert not task.reached


def test_a_node_that_stays_away_is_given_up(service: WinrmServer) -> None:
    task = task_on(service, patience=0.3)
    service.cut()

    with pytest.raises(NodeUnreachable):
        task.status()


def test_a_node_that_comes_back_is_asked_again(service: WinrmServer) -> None:
    task = task_on(service)
    task.status()
    service.cut()
    threading.Timer(0.2, service.accept).start()

    assert task.status().task_state == "Missing"
    task.close()


def test_waiting_ends_as_soon_as_it_is_cancelled(service: WinrmServer) -> None:
    cancel = threading.Event()
    task = task_on(service, cancel=cancel, pace=1.0)
    service.cut()
    threading.Timer(0.1, cancel.set).start()
    begun = time.monotonic()

    with pytest.raises(Cancelled):
        task.status()
    assert time.monotonic() - begun < 5
