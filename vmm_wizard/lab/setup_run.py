"""setup.exe on a simulated node: twenty minutes of estate time, a growing log, a restart of WinRM, late failures.

Names, ids and numbers of errors that no source documents are the estate's own; the form of the lines is the real one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from vmm_wizard.lab.files import DiskFull
from vmm_wizard.lab.logons import Credential, LogonRefused
from vmm_wizard.lab.moments import Moment
from vmm_wizard.lab.processes import LAUNCHER, WORKER, ProcessEnd, SetupProcess
from vmm_wizard.lab.run_scripts import LOG
from vmm_wizard.lab.setup_answers import (
    ANOTHER_SETUP,
    BAD_COMMAND_LINE,
    FAILED,
    PREREQUISITE_FAILED,
    SUCCEEDED,
    RefusedInput,
    SetupArguments,
    SetupOptions,
)
from vmm_wizard.lab.setup_course import Dialog, SetupCourse
from vmm_wizard.lab.setup_install import PostInstall, StepFailed
from vmm_wizard.lab.setup_machine import SetupMachine, SetupRecord
from vmm_wizard.lab.tds_tokens import SqlError
from vmm_wizard.setup.command import split

#: Estate seconds that an installation takes on one node, that WinRM is away meanwhile, and that a rollback takes.
DURATION = 1200.0
WINRM_AWAY = 60.0
ROLLBACK = 180.0

#: SQL Server's edition numbers that setup does not take: Express (REQ*).
_EXPRESS = 4
_FILES = 40

#: The launcher that the command line names, and the process that does the work.
PROCESSES = ("Setup", "SetupVM")
#: The exit code of a process that taskkill or Task Manager has ended.
TERMINATED = 1


class Killed(Exception):
    """The process was ended from outside: nothing is undone, nothing more is written."""


@dataclass(frozen=True)
class _Parsed:
    options: SetupOptions
    account: Credential
    sql_account: Credential
    service: Credential


def orphaned_setup(machine: SetupMachine, stop: threading.Event) -> None:
    """setup.exe started inside a WinRM session: two processes that never end, and no log (G25). Blocks until `stop`."""
    now = machine.clock.seconds()
    for name in PROCESSES:
        machine.processes.start(name, now)
    machine.changed()
    stop.wait()


class SetupRun:
    """One run of setup.exe, started by a task as `account`. `program` is its path, `line` its arguments as one text."""

    def __init__(self, machine: SetupMachine, program: str, line: str, account: Credential, stop: ProcessEnd):
        self._machine = machine
        self._program = program
        self._line = line
        self._account = account
        self._parent = stop
        self._stop = stop.child()
        self._begun = machine.clock.seconds()
        self._date = machine.date()
        self._shift = machine.date_shift
        #: When it began, later by what it stood still.
        self._base = self._begun
        self._percent = -1
        self._worker: SetupProcess | None = None
        self._work: PostInstall | None = None
        self._exit_code = SUCCEEDED

    def run(self) -> int | None:
        """Run to the end; the exit code, or None when it was ended from outside."""
        machine = self._machine
        if machine.processes:
            return ANOTHER_SETUP
        record = SetupRecord(machine.computer_name, self._begun)
        machine.setups.append(record)
        launcher, worker = (
            machine.processes.start(name, self._begun, busy, self._stop)
            for name, busy in zip(PROCESSES, (LAUNCHER, WORKER), strict=True)
        )
        self._worker = worker
        machine.changed()
        try:
            record.exit_code = self._install()
        except Killed:
            # Ended with its task, or alone: then the task goes on, and sees what TerminateProcess left.
            return None if self._parent.is_set() else self._exit_code or TERMINATED
        finally:
            machine.processes.remove(launcher, worker)
            record.ended = machine.clock.seconds()
            machine.changed()
        return record.exit_code

    def _install(self) -> int:
        try:
            return self._steps()
        except StepFailed as failure:
            return self._roll_back(failure)

    def _steps(self) -> int:
        self._until(0.005)
        self._write(f"Main: {self._program}, version {self._machine.media_version}")
        try:
            parsed = self._parse()
        except RefusedInput as refused:
            self._write(str(refused))
            return BAD_COMMAND_LINE
        self._until(0.03)
        self._write("CheckPrerequisites: begin")
        missing = [*self._machine.missing_prerequisites(), *self._sql_prerequisites(parsed.options)]
        for sentence in missing:
            self._write(f"CheckPrerequisites: {sentence}")
        if missing:
            self._write("We failed the prerequisite checks.")
            return PREREQUISITE_FAILED
        self._write("CheckPrerequisites: passed")
        work = self._work = PostInstall(
            self._machine, parsed.options, parsed.account, parsed.sql_account, parsed.service, self._write
        )
        self._copy_files(work)
        return self._post_install(work)

    # --- before anything is changed

    def _parse(self) -> _Parsed:
        machine = self._machine
        arguments = SetupArguments.parse(split(self._line))
        answer_file = arguments.values.get("f", "")
        data = machine.files.read(answer_file) if answer_file else None
        self._write(f"AnswerFile: {answer_file or 'none'}, {'read' if data is not None else 'not found, defaults'}")
        options = SetupOptions.read(data, machine.computer_name)
        if machine.installed is not None:
            raise RefusedInput("command line error: a VMM management server is installed on this computer already")
        service = self._log_on(arguments.account("VmmService", "UserName"), "the service account")
        sql_account = self._account
        if options.impersonates:
            sql_account = self._log_on(arguments.account("SqlDBAdmin", "Name"), "the SQL administrator")
        self._verify_database(options, sql_account)
        self._write(f"Options: highly available {options.highly_available}, server {options.role_name or 'local'}")
        return _Parsed(options, self._account, sql_account, service)

    def _log_on(self, account: tuple[str, str] | None, what: str) -> Credential:
        """Validate an account with a network logon (PHX): a wrong password counts, as everywhere."""
        if account is None:
            raise RefusedInput(f"command line error: {what} is not complete")
        try:
            return self._machine.logons.log_on(*account, via="setup")
        except LogonRefused as refused:
            raise RefusedInput(
                f"command line error: could not validate {what} {account[0]}: {refused.refusal}"
            ) from None

    def _verify_database(self, options: SetupOptions, account: Credential) -> None:
        """A new database that exists, or an existing one that does not, is refused at once where setup can see it."""
        server = self._machine.find_sql(options.sql_machine, options.sql_instance, options.sql_port)
        if server is None:
            return
        try:
            server.windows_principal(account.account)
        except SqlError:
            return
        exists = server.has_database(options.sql_database)
        if exists == options.create_database:
            word = "exists already" if exists else "does not exist"
            raise RefusedInput(f"command line error: the database {options.sql_database} {word}")

    def _sql_prerequisites(self, options: SetupOptions) -> list[str]:
        server = self._machine.find_sql(options.sql_machine, options.sql_instance, options.sql_port)
        if server is None:
            return []
        wrong = []
        if server.engine_edition == _EXPRESS:
            wrong.append(f"{server.server_name} is {server.edition}, which is not supported")
        if server.is_case_sensitive:
            wrong.append(f"{server.server_name} has the case-sensitive collation {server.collation}")
        return wrong

    # --- the long part

    def _copy_files(self, work: PostInstall) -> None:
        self._write("ProcessInstalls: installing PangaeaServer")
        for number in range(1, _FILES + 1):
            self._until(0.05 + 0.70 * number / _FILES)
            work.copy_files(number)
            self._write(f"ProcessInstalls: PangaeaServer, package {number} of {_FILES}")
            if number == _FILES * 3 // 4:
                self._write("ConfigureWinRM: restarting the service Windows Remote Management")
                self._machine.restart_winrm(WINRM_AWAY)

    def _post_install(self, work: PostInstall) -> int:
        steps: tuple[tuple[float, Callable[[], None]], ...] = (
            (0.78, lambda: self._require_administrator(work.service)),
            (0.80, work.database),
            (0.86, work.keys),
            (0.90, work.service_principal_names),
            (0.93, work.server),
            (0.95, self._require_own_winrm),
            (0.97, work.role),
            (0.99, work.connection_point),
        )
        self._write("ProcessInstalls: Running the PostProcessDelegate for PangaeaServer")
        for moment, step in steps:
            self._until(moment)
            step()
        self._until(1.0)
        self._write("ProcessInstalls: PangaeaServer installed")
        self._write(f"Main: setup has ended with exit code {self._exit_code}")
        return self._exit_code

    def _require_own_winrm(self) -> None:
        """Setup places its agent on the node itself, over WinRM (KBSHARE)."""
        fault = self._machine.loop_fault()
        if fault:
            raise StepFailed("HostAgentWSManError", f"{self._machine.dns_name}: {fault}")

    def _require_administrator(self, service: Credential) -> None:
        if not self._machine.is_administrator(service):
            raise StepFailed(
                "ServiceAccountNotAdministrator",
                f"{service.account} is not in the Administrators group of {self._machine.computer_name}",
            )

    def _roll_back(self, failure: StepFailed) -> int:
        for line in (
            f"Threw Exception.Type: {failure.name}Exception, Exception.Message: {failure}",
            f"*** Carmine error was: {failure.name} (1); HR: 0x{failure.code:08x}",
            f"FailureReason = {failure}",
            "VMMPostinstallProcessor threw an exception",
            "ProcessInstalls: Running the PostProcessDelegate for PangaeaServer failed.... "
            "This is a fatal item. Setting rollback.",
            "ProcessInstalls: Rollback is set and we are not doing an uninstall",
            "****Starting*RollBack***",
        ):
            self._write(line)
        self._wait(ROLLBACK)
        if self._work is not None:
            self._work.roll_back()
        self._write("****Ended*RollBack***")
        code = self._exit_code or FAILED
        self._write(f"Main: setup has ended with exit code {code}")
        return code

    # --- time and log

    def _until(self, moment: float) -> None:
        """Let time pass until this part of the whole is over, with all that is to happen on the way."""
        for percent in self._machine.percents("setup"):
            if self._percent < percent <= moment * 100:
                self._percent = percent
                self._wait_for(percent / 100)
                self._machine.reached(Moment("setup", percent=percent))
                self._wait(0)
                self._take_course()
        self._wait_for(moment)

    def _wait_for(self, moment: float) -> None:
        self._wait(self._base + moment * DURATION - self._machine.clock.seconds())

    def _take_course(self) -> None:
        """Do what a fault has put in the way. Raises StepFailed, Killed."""
        course, self._machine.course = self._machine.course, SetupCourse()
        if course.exit_code is not None:
            self._exit_code = course.exit_code
        if course.dialog is not None:
            self._stand_at(course.dialog)
        if course.pause:
            self._base += course.pause
            self._wait(course.pause)
        if course.failure is not None:
            self._exit_code = course.failure.exit_code
            raise StepFailed(course.failure.name, course.failure.text)
        if course.sudden_end is not None:
            if self._work is not None:
                self._work.leave(course.sudden_end.leaves)
            self._exit_code = course.sudden_end.exit_code
            raise Killed

    def _stand_at(self, dialog: Dialog) -> None:
        """Wait for somebody who closes a window that nobody sees: no log, no processor time."""
        clock, worker = self._machine.clock, self._worker
        assert worker is not None
        begun = clock.seconds()
        worker.work(begun, 0.0)
        worker.windows.append(dialog.title)
        self._machine.changed()
        if dialog.seconds is None:
            self._stop.wait()
        self._wait(dialog.seconds or 0.0)
        worker.windows.remove(dialog.title)
        worker.work(clock.seconds(), WORKER)
        self._base += clock.seconds() - begun

    def _wait(self, seconds: float) -> None:
        if seconds > 0 and self._machine.clock.wait(seconds, self._stop):
            raise Killed
        if self._stop.is_set():
            raise Killed

    def _write(self, text: str) -> None:
        # Estate time, so that the log's clock goes as fast as everything else of the estate.
        moment = self._date + timedelta(
            seconds=self._machine.clock.seconds() - self._begun + self._machine.date_shift - self._shift
        )
        with suppress(DiskFull):
            self._machine.files.append(LOG, f"{moment:%H:%M:%S}:{text}\r\n".encode())
