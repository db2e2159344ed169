"""setup.exe on a simulated node: twenty minutes of estate time, a growing log, a restart of WinRM, late failures.

Names, ids and numbers of errors that no source documents are the estate's own; the form of the lines is the real one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from vmm_wizard.lab.logons import Credential
from vmm_wizard.lab.processes import LAUNCHER, WORKER, ProcessEnd
from vmm_wizard.lab.setup_answers import (
    ANOTHER_SETUP,
    BAD_COMMAND_LINE,
    FAILED,
    PREREQUISITE_FAILED,
    SUCCEEDED,
    RefusedInput,
    SetupArguments,
    SetupOptions,
    validated,
)
from vmm_wizard.lab.setup_install import PostInstall, StepFailed
from vmm_wizard.lab.setup_machine import SetupMachine, SetupRecord
from vmm_wizard.lab.setup_pace import WINRM_AWAY, Killed, Pace
from vmm_wizard.lab.setup_remove import (
    CONSOLE,
    CONSOLE_REMOVAL,
    REMOVAL,
    ConsoleSetup,
    ServerRemoval,
    answer_file,
    given_up,
)
from vmm_wizard.lab.tds_tokens import SqlError
from vmm_wizard.setup.command import split
from vmm_wizard.setup.log_phases import SetupKind

#: Estate seconds that an installation takes on one node, and that its rollback takes.
DURATION = 1200.0
ROLLBACK = 180.0

#: SQL Server's edition numbers that setup does not take: Express (REQ*).
_EXPRESS = 4
_FILES = 40

#: The launcher that the command line names, and the process that does the work.
PROCESSES = ("Setup", "SetupVM")
#: The exit code of a process that taskkill or Task Manager has ended.
TERMINATED = 1


_DURATIONS = {
    SetupKind.INSTALL: DURATION,
    SetupKind.UNINSTALL: REMOVAL,
    SetupKind.CONSOLE: CONSOLE,
    SetupKind.CONSOLE_UNINSTALL: CONSOLE_REMOVAL,
}


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
        self._work: PostInstall | None = None
        self._arguments: SetupArguments | RefusedInput
        try:
            self._arguments = SetupArguments.parse(split(line))
        except RefusedInput as refused:
            self._arguments = refused
        self._for = self._arguments.work if isinstance(self._arguments, SetupArguments) else SetupKind.INSTALL
        kind: Literal["setup", "uninstall"] = "uninstall" if self._for.removes else "setup"
        self._pace = Pace(machine, self._stop, _DURATIONS[self._for], kind, SUCCEEDED)

    def run(self) -> int | None:
        """Run to the end; the exit code, or None when it was ended from outside."""
        machine, pace = self._machine, self._pace
        if machine.processes:
            return ANOTHER_SETUP
        record = SetupRecord(machine.computer_name, pace.begun)
        machine.records[self._for].append(record)
        launcher, worker = (
            machine.processes.start(name, pace.begun, busy, self._stop)
            for name, busy in zip(PROCESSES, (LAUNCHER, WORKER), strict=True)
        )
        pace.worker = worker
        machine.changed()
        try:
            record.exit_code = self._carry_out()
        except Killed:
            # Ended with its task, or alone: then the task goes on, and sees what TerminateProcess left.
            return None if self._parent.is_set() else pace.exit_code or TERMINATED
        finally:
            machine.processes.remove(launcher, worker)
            record.ended = machine.clock.seconds()
            machine.changed()
        return record.exit_code

    def _carry_out(self) -> int:
        machine, pace, arguments = self._machine, self._pace, self._arguments
        try:
            pace.until(0.005)
            pace.write(f"Main: {self._program}, version {machine.media_version}")
            if isinstance(arguments, RefusedInput):
                raise arguments
            if self._for is SetupKind.UNINSTALL:
                return ServerRemoval(machine, arguments, self._account, pace).run()
            if self._for is SetupKind.CONSOLE:
                return ConsoleSetup(machine, arguments, pace).install()
            if self._for is SetupKind.CONSOLE_UNINSTALL:
                return ConsoleSetup(machine, arguments, pace).remove()
            return self._steps(arguments)
        except RefusedInput as refused:
            pace.write(str(refused))
            return BAD_COMMAND_LINE
        except StepFailed as failure:
            return self._roll_back(failure) if self._for is SetupKind.INSTALL else given_up(pace, failure)

    def _steps(self, arguments: SetupArguments) -> int:
        parsed = self._parse(arguments)
        self._pace.until(0.03)
        self._pace.write("CheckPrerequisites: begin")
        missing = [*self._machine.missing_prerequisites(), *self._sql_prerequisites(parsed.options)]
        for sentence in missing:
            self._pace.write(f"CheckPrerequisites: {sentence}")
        if missing:
            self._pace.write("We failed the prerequisite checks.")
            return PREREQUISITE_FAILED
        self._pace.write("CheckPrerequisites: passed")
        work = self._work = PostInstall(
            self._machine, parsed.options, parsed.account, parsed.sql_account, parsed.service, self._pace.write
        )
        self._pace.leave = work.leave
        self._copy_files(work)
        return self._post_install(work)

    # --- before anything is changed

    def _parse(self, arguments: SetupArguments) -> _Parsed:
        machine = self._machine
        data = answer_file(machine, arguments, self._pace)
        options = SetupOptions.read(data, machine.computer_name)
        if machine.installed is not None:
            raise RefusedInput("command line error: a VMM management server is installed on this computer already")
        service = validated(machine.logons, arguments.account("VmmService", "UserName"), "the service account")
        sql_account = self._account
        if options.impersonates:
            sql_account = validated(machine.logons, arguments.account("SqlDBAdmin", "Name"), "the SQL administrator")
        self._verify_database(options, sql_account)
        self._pace.write(f"Options: highly available {options.highly_available}, server {options.role_name or 'local'}")
        return _Parsed(options, self._account, sql_account, service)

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
        self._pace.write("ProcessInstalls: installing PangaeaServer")
        for number in range(1, _FILES + 1):
            self._pace.until(0.05 + 0.70 * number / _FILES)
            work.copy_files(number)
            self._pace.write(f"ProcessInstalls: PangaeaServer, package {number} of {_FILES}")
            if number == _FILES * 3 // 4:
                self._pace.write("ConfigureWinRM: restarting the service Windows Remote Management")
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
        self._pace.write("ProcessInstalls: Running the PostProcessDelegate for PangaeaServer")
        for moment, step in steps:
            self._pace.until(moment)
            step()
        self._pace.until(1.0)
        self._pace.write("ProcessInstalls: PangaeaServer installed")
        return self._pace.end(self._pace.exit_code)

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
        self._pace.fail(failure)
        for line in (
            "VMMPostinstallProcessor threw an exception",
            "ProcessInstalls: Running the PostProcessDelegate for PangaeaServer failed.... "
            "This is a fatal item. Setting rollback.",
            "ProcessInstalls: Rollback is set and we are not doing an uninstall",
            "****Starting*RollBack***",
        ):
            self._pace.write(line)
        self._pace.wait(ROLLBACK)
        if self._work is not None:
            self._work.roll_back()
        self._pace.write("****Ended*RollBack***")
        return self._pace.end(self._pace.exit_code or FAILED)
