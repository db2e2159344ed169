"""All that runs touch on one simulated node: its files, tasks and setup processes, bound to what the node is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from vmm_wizard.lab.files import NodeFiles
from vmm_wizard.lab.logons import Credential
from vmm_wizard.lab.processes import ProcessEnd, Processes
from vmm_wizard.lab.rehearsal_report import (
    NO_CONTROLLER,
    batch_token,
    container_report,
    find_sql,
    sql_report,
    token_report,
)
from vmm_wizard.lab.run_scripts import RUN_SCRIPTS, Answer
from vmm_wizard.lab.setup_course import SetupCourse
from vmm_wizard.lab.setup_machine import InstalledConsole, SetupMachine, SetupRecord
from vmm_wizard.lab.setup_run import SetupRun
from vmm_wizard.lab.sql import SqlServer
from vmm_wizard.lab.tasks import ScheduledTask, TaskScheduler
from vmm_wizard.lab.wrapper import InsideWork, run_wrapper
from vmm_wizard.remote.bootstrap import INSIDE, JSON, ScriptRequest, load_script
from vmm_wizard.setup.log_phases import SetupKind

#: Member of Domain Admins' neighbour whose members may have nothing stored (RID).
_PROTECTED_USERS = 525


class NodeRuns(SetupMachine):
    """Files, tasks and setup of one node. A subclass says what the node is, through the methods left open.

    `key_bits` is the size of the wrapper's RSA key.
    """

    key_bits = 4096
    date_shift = 0.0
    language = "FullLanguage"
    ui_culture = "en-US"

    def __init__(self, computer_name: str, dns_name: str) -> None:
        self.computer_name = computer_name
        self.dns_name = dns_name
        self.files = NodeFiles()
        self.processes = Processes()
        #: What people have started at its console; it ends with Windows.
        self.consoles = ProcessEnd()
        self.course = SetupCourse()
        self.records: dict[SetupKind, list[SetupRecord]] = {work: [] for work in SetupKind}
        self.setups = self.records[SetupKind.INSTALL]
        self.console: InstalledConsole | None = None
        self.scheduler = TaskScheduler(
            self.logons, self.stores_passwords, self.has_batch_right, self.is_protected, self.changed
        )

    # --- what the node is

    @abstractmethod
    def stores_passwords(self) -> bool:
        """Whether tasks may have stored passwords (the policy DisableDomainCreds is not set)."""

    @abstractmethod
    def has_batch_right(self, account: Credential) -> bool:
        """SeBatchLogonRight without SeDenyBatchLogonRight, directly or by a group."""

    @abstractmethod
    def administrators(self) -> Collection[str]:
        """The SIDs in the local group Administrators."""

    @property
    @abstractmethod
    def sql_servers(self) -> Iterable[SqlServer]:
        """All instances of the estate."""

    def sql_answers(self, server: SqlServer, port: int) -> bool:  # noqa: ARG002 - a node with firewalls says more
        """Whether an instance can be connected to from here; port 0: the default one, or what SQL Browser says."""
        return True

    def has_program(self, path: str) -> bool:  # noqa: ARG002 - a node that knows its media says more
        """Whether there is a program at this path, such as the media's setup.exe."""
        return True

    def inside_scripts(self) -> Mapping[str, Callable[[InsideWork], dict[str, JSON]]]:
        """By name: what each script that runs inside a task does on this node."""
        return {}

    def inside_text(self, name: str) -> str:
        return load_script(f"{INSIDE}/{name}").text if name in self.inside_scripts() else ""

    # --- what follows from it

    def find_sql(self, host: str, instance: str, port: int) -> SqlServer | None:
        server = find_sql(self.sql_servers, host, instance)
        return server if server is not None and self.sql_answers(server, port) else None

    def run_script(self, request: ScriptRequest) -> Answer:
        """What one of the five scripts of a run answers. Raises ScriptError; KeyError for another script."""
        return RUN_SCRIPTS[request.name](self, request)

    def run_wrapper(self, task: ScheduledTask, folder: str) -> int:
        return run_wrapper(self, task, folder)

    def run_inside(self, name: str, work: InsideWork) -> dict[str, JSON]:
        return self.inside_scripts()[name](work)

    def run_setup(self, program: str, line: str, task: ScheduledTask) -> int | None:
        return SetupRun(self, program, line, task.account, task.stop).run()

    def language_mode(self, account: Credential) -> str:  # noqa: ARG002 - a policy may tell accounts apart
        return self.language

    def is_protected(self, account: Credential) -> bool:
        """Whether the account is in Protected Users."""
        return self.directory.sid(_PROTECTED_USERS) in self._token_of(account)

    def is_administrator(self, account: Credential) -> bool:
        return not self._token_of(account).isdisjoint(self.administrators())

    def now(self) -> datetime:
        return self.date()

    def rehearse(self, job: Mapping[str, Any], account: Credential) -> dict[str, Any]:
        token = batch_token(self.directory, account, self.administrators())
        sql = self.find_sql(job["sql_host"], job["sql_instance"], job["sql_port"])
        cluster = self.role_cluster
        missing = "" if cluster else "The cluster service is not running. (0x8007085A)"
        return {
            **token_report(token, self.language_mode(account), self.ui_culture),
            **sql_report(sql, self.directory, job["sql_host"], job["sql_port"], account),
            **(container_report(self.directory, job, account) if self.reaches_directory() else NO_CONTROLLER),
            "cluster_name": cluster.name if cluster else "",
            "cluster_error": missing,
        }

    def _token_of(self, account: Credential) -> frozenset[str]:
        return batch_token(self.directory, account, ()).sids
