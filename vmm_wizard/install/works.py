"""What can be carried out on a node as a scheduled task: setup.exe with an answer file, or a script of ours."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal

from vmm_wizard.install.following import Follower, HandFollower, ScriptFollower, SetupFollower
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import AccountName, HostName
from vmm_wizard.setup import by_hand
from vmm_wizard.setup.command import (
    SetupCommand,
    console_install,
    console_uninstall,
    server_install,
    server_uninstall,
)
from vmm_wizard.setup.ini import (
    CLIENT_INI,
    SERVER_INI,
    UNINSTALL_INI,
    client_options,
    read_private_profile,
    render_client_ini,
    render_server_ini,
    render_uninstall_ini,
    server_options,
    uninstall_options,
)
from vmm_wizard.setup.log_phases import SetupKind

if TYPE_CHECKING:
    from vmm_wizard.remote.bootstrap import JSON
    from vmm_wizard.remote.task_run import RunFile

#: Which log grows while a work goes on: SetupWizard.log, or the work's own in the run's folder.
LogName = Literal["setup", "work"]


class Work(ABC):
    """One work on one node. `step` is what its main step is called; `harmless`: it changes nothing, and may be ended
    at any moment and done again; `by_hand`: no task starts it, but somebody at the node's console."""

    step: str
    log: LogName
    harmless: bool = False
    by_hand: bool = False

    @property
    def secret_accounts(self) -> tuple[AccountName, ...]:
        """The accounts whose passwords it is handed, in order."""
        return ()

    @abstractmethod
    def files(self, folder: str) -> tuple[RunFile, ...]:
        """What is staged into the run's folder on the node, whose path this is."""

    def misread(self, read: Mapping[str, bytes]) -> str:  # noqa: ARG002 - a script is no answer file
        """What of the staged files, by name, Windows would read otherwise than meant; empty when nothing."""
        return ""

    @abstractmethod
    def follower(self, node: str, stall: float) -> Follower:
        """Who reads its log; `stall` is how many seconds that may stand still before the user is told."""


@dataclass(frozen=True)
class SetupWork(Work):
    """setup.exe with the command line that `command` makes of an answer file's path, and where `ini_name` is given
    that file, which must read back as `options`."""

    command: Callable[[str], SetupCommand]
    step: str = "setup"
    ini_name: str = ""
    ini: bytes = b""
    options: Mapping[str, str] = field(default_factory=dict)
    log: LogName = "setup"
    kind: SetupKind = SetupKind.INSTALL

    @property
    def secret_accounts(self) -> tuple[AccountName, ...]:
        return self.command(self.ini_name).secret_accounts

    def files(self, folder: str) -> tuple[RunFile, ...]:
        from vmm_wizard.remote.run_files import setup_job, wrapper_file
        from vmm_wizard.remote.task_run import RunFile

        command = self.command(f"{folder}\\{self.ini_name}")
        answers = (RunFile(self.ini_name, self.ini),) if self.ini_name else ()
        return (wrapper_file(), *answers, setup_job(command.program, command.argument_template()))

    def misread(self, read: Mapping[str, bytes]) -> str:
        if not self.ini_name:
            return ""
        profile = read_private_profile(read[self.ini_name])
        wrong = [key for key, value in self.options.items() if profile.get(key) != value]
        return f"{', '.join(wrong)} of {self.ini_name}" if wrong else ""

    def follower(self, node: str, stall: float) -> SetupFollower:
        return SetupFollower(node, stall, self.step, self.kind)


def install_work(plan: Plan, *, first: bool) -> SetupWork:
    """VMM's setup on the plan's `first` or on an additional node. Raises ValueError for what setup cannot be told."""
    ini, options = render_server_ini(plan, first=first), server_options(plan, first=first)
    return SetupWork(partial(server_install, plan), "setup", SERVER_INI, ini, options)


@dataclass(frozen=True)
class HandWork(SetupWork):
    """VMM's setup, started by a person on the node: setup.json and the script that asks for the passwords."""

    job: bytes = b""
    by_hand = True

    def files(self, folder: str) -> tuple[RunFile, ...]:  # noqa: ARG002 - the script looks beside itself
        from vmm_wizard.remote.task_run import RunFile

        return (
            RunFile(self.ini_name, self.ini),
            RunFile(by_hand.JOB, self.job),
            RunFile(by_hand.SCRIPT, by_hand.script_bytes()),
        )

    def follower(self, node: str, stall: float) -> HandFollower:
        return HandFollower(node, stall, self.step, self.kind)


def hand_work(plan: Plan, node: str, *, first: bool) -> HandWork:
    """As `install_work`, for somebody who starts it on `node` (full name). Raises ValueError as that does."""
    ini, options = by_hand.answer_file(plan, first=first), server_options(plan, first=first)
    job = by_hand.job_bytes(plan, HostName.parse(node), ini)
    return HandWork(partial(server_install, plan), "setup", SERVER_INI, ini, options, job=job)


def uninstall_work(
    plan: Plan, *, last_node: bool = False, remove_database: bool = False, force: bool = False
) -> SetupWork:
    """VMM's server is taken from a node. Raises ValueError as `uninstall_options` does, and for a value that setup
    cannot be told."""
    how = {"last_node": last_node, "remove_database": remove_database, "force": force}
    ini, options = render_uninstall_ini(plan, **how), uninstall_options(plan, **how)
    command = partial(server_uninstall, plan)
    return SetupWork(command, "uninstall", UNINSTALL_INI, ini, options, kind=SetupKind.UNINSTALL)


def console_work(plan: Plan) -> SetupWork:
    """The console is installed on a machine. Raises ValueError for what setup cannot be told."""
    ini, options = render_client_ini(plan), client_options(plan)
    return SetupWork(partial(console_install, plan), "console", CLIENT_INI, ini, options, kind=SetupKind.CONSOLE)


def console_uninstall_work(plan: Plan) -> SetupWork:
    """The console is taken from a machine that has no VMM server: without an answer file (CMDTP)."""
    return SetupWork(lambda _: console_uninstall(plan), "console", kind=SetupKind.CONSOLE_UNINSTALL)


@dataclass(frozen=True)
class ScriptWork(Work):
    """One of our scripts that run inside a task, where a second hop is needed; its report is what it gives back."""

    script: str
    parameters: Mapping[str, JSON]
    step: str
    harmless: bool = False
    log: LogName = "work"
    #: The parameter that is told the run's folder, for a script that keeps files of its own there.
    folder_parameter: str = ""

    def files(self, folder: str) -> tuple[RunFile, ...]:
        from vmm_wizard.remote.run_files import script_job, wrapper_file

        place = {self.folder_parameter: folder} if self.folder_parameter else {}
        return (wrapper_file(), *script_job(self.script, {**self.parameters, **place}))

    def follower(self, node: str, stall: float) -> ScriptFollower:
        return ScriptFollower(node, stall, self.step)
