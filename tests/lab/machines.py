"""Two machines of a small estate on which tasks and setup run: directory, SQL Server and logons are the lab's own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.lab.served_directory import BASE, add_user
from tests.plan.plans import contoso
from vmm_wizard.lab.clock import Clock, ManualClock, SpedUpClock
from vmm_wizard.lab.descriptors import CONTAINER_INHERIT, GENERIC_ALL, allow
from vmm_wizard.lab.directory import Directory
from vmm_wizard.lab.logons import Credential, Logons
from vmm_wizard.lab.moments import Moment
from vmm_wizard.lab.node import Node
from vmm_wizard.lab.node_runs import NodeRuns
from vmm_wizard.lab.processes import ProcessEnd
from vmm_wizard.lab.run_scripts import LOG
from vmm_wizard.lab.script_parameters import ScriptError
from vmm_wizard.lab.setup_machine import InstalledServer, RoleRefused
from vmm_wizard.lab.setup_run import SetupRun
from vmm_wizard.lab.sql import ServerLogin, SqlServer
from vmm_wizard.lab.winrm_server import CommandResult, ShellSession, WinrmServer
from vmm_wizard.lab.wrapper import InsideWork
from vmm_wizard.plan.model import Plan
from vmm_wizard.remote import bootstrap
from vmm_wizard.remote.bootstrap import JSON
from vmm_wizard.setup.command import SecretOf, quote, server_install
from vmm_wizard.setup.ini import render_server_ini

INSTALLER = r"CONTOSO\vmm-setup"
SERVICE = r"CONTOSO\svc-vmm"
PASSWORD = "Installer-Pa55 wörd"
SERVICE_PASSWORD = 'Service "Canary\\'
CONTAINER = f"CN=VMMDKM,{BASE}"
INI = r"C:\run\VMServer.ini"


class WaitingClock(ManualClock):
    """Time that passes when somebody waits for it: a run of twenty minutes is over at once, in one thread."""

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        self.advance(seconds)
        return stop.is_set()


@dataclass
class PracticeCluster:
    """A cluster with one role at most, whose computer object the directory makes, or refuses."""

    directory: Directory
    cno: str
    name: str = "VMMCLU"
    role: str = ""
    nodes: list[str] = field(default_factory=list)
    refuses: str = ""
    failed: bool = False

    def vmm_role(self) -> str | None:
        return self.role or None

    def create_vmm_role(self, name: str, addresses: Collection[str], node: str) -> None:
        if self.refuses:
            raise RoleRefused(self.refuses)
        try:
            self.directory.create_computer(self.cno, name, f"CN=Computers,{BASE}")
        except PermissionError as error:
            raise RoleRefused(str(error)) from None
        self.role, self.nodes = name, [node]

    def remove_vmm_role(self) -> None:
        self.role, self.nodes = "", []

    def give_up_vmm_role(self) -> None:
        self.remove_vmm_role()

    def fail_vmm_role(self) -> None:
        self.failed = True

    def vmm_nodes(self) -> Collection[str]:
        return [node.partition(".")[0].upper() for node in self.nodes]

    def owns_vmm(self, node: str) -> bool:
        return not self.failed and list(self.vmm_nodes())[:1] == [node.upper()]

    def add_vmm_node(self, node: str) -> None:
        self.nodes.append(node)

    def remove_vmm_node(self, node: str) -> None:
        self.nodes.remove(node)


class SmallEstate:
    """contoso.lab with an installer who may do everything that setup needs, and nothing else."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or WaitingClock()
        self.logons = Logons()
        self.directory = Directory(BASE, "CONTOSO", self.logons, self.clock)
        self.installer_dn = add_user(self.directory, self.logons, "vmm-setup", PASSWORD)
        self.service_dn = add_user(self.directory, self.logons, "svc-vmm", SERVICE_PASSWORD)
        self.directory.add(CONTAINER, "container")
        self.grant(CONTAINER, CONTAINER_INHERIT)
        self.grant(self.service_dn)
        self.sql = SqlServer(
            "sql01.contoso.lab", self._sids_of, logins=[ServerLogin(INSTALLER, self.sid(INSTALLER), {"sysadmin"})]
        )
        cno = self.directory.add(f"CN=VMMCLU,CN=Computers,{BASE}", "computer")
        self.cluster = PracticeCluster(self.directory, cno)
        self.machines = [PracticeMachine(self, name) for name in ("vmm01", "vmm02")]

    def grant(self, dn: str, flags: int = 0) -> None:
        """Full control for the installer."""
        self.directory.grant(dn, allow(self.sid(INSTALLER), GENERIC_ALL, flags))

    def credential(self, login: str) -> Credential:
        found = self.logons.find(login)
        assert found is not None
        return found

    def sid(self, login: str) -> str:
        return self.credential(login).sid

    def _sids_of(self, account: str) -> Iterable[str]:
        found = self.logons.find(account)
        return {found.sid, *self.directory.token_groups(found.dn)} if found else ()


class PracticeMachine(NodeRuns):
    """A node of the small estate, and the backend of its WinRM service."""

    key_bits = 2048
    media_version = "10.22.1287.0"

    def __init__(self, estate: SmallEstate, name: str) -> None:
        self.estate = estate
        self.missing: list[str] = []
        self.server: InstalledServer | None = None
        self.stores = True
        self.batch_denied: set[str] = set()
        self.cuts: list[float] = []
        self.commands: list[str] = []
        self.services: list[WinrmServer] = []
        self.in_cluster = True
        #: What is done at a percentage of a setup.
        self.at: dict[int, Callable[[], None]] = {}
        #: How far scripts inside a task were, and what is done there.
        self.scripts_met: list[str] = []
        self.at_script: Callable[[Moment], None] = lambda _: None
        self.sql_answering = self.directory_answering = True
        #: Scripts that run inside tasks here: by name, what each does, and its text.
        self.inside: dict[str, Callable[[InsideWork], dict[str, JSON]]] = {}
        self.inside_texts: dict[str, str] = {}
        self.admins = {estate.sid(INSTALLER), estate.sid(SERVICE)}
        super().__init__(name.upper(), f"{name}.contoso.lab")

    # what setup and tasks ask of their node

    @property
    def clock(self) -> Clock:
        return self.estate.clock

    @property
    def logons(self) -> Logons:
        return self.estate.logons

    @property
    def directory(self) -> Directory:
        return self.estate.directory

    @property
    def sql_servers(self) -> Iterable[SqlServer]:
        return [self.estate.sql]

    @property
    def role_cluster(self) -> PracticeCluster | None:
        return self.estate.cluster if self.in_cluster else None

    @property
    def installed(self) -> InstalledServer | None:
        return self.server

    def missing_prerequisites(self) -> Sequence[str]:
        return self.missing

    def administrators(self) -> Collection[str]:
        return self.admins

    def stores_passwords(self) -> bool:
        return self.stores

    def has_batch_right(self, account: Credential) -> bool:
        return account.account not in self.batch_denied

    def inside_scripts(self) -> Mapping[str, Callable[[InsideWork], dict[str, JSON]]]:
        return self.inside

    def inside_text(self, name: str) -> str:
        return self.inside_texts.get(name, "")

    def install(self, server: InstalledServer) -> None:
        self.server = server

    def uninstall(self) -> None:
        self.server = None

    def restart_winrm(self, seconds: float) -> None:
        self.cuts.append(seconds)
        if not self.services:
            return
        for service in self.services:
            service.cut()
        threading.Thread(target=self._bring_back, args=(seconds,), daemon=True).start()

    def _bring_back(self, seconds: float) -> None:
        self.clock.wait(seconds, threading.Event())
        for service in self.services:
            service.accept()

    def percents(self, work: str) -> Sequence[int]:
        return sorted(self.at) if work == "setup" else ()

    def reached(self, moment: Moment) -> None:
        if moment.kind in ("setup", "uninstall"):
            self.at.pop(moment.percent)()
        else:
            self.scripts_met.append(str(moment))
            self.at_script(moment)

    def sql_answers(self, server: SqlServer, port: int) -> bool:
        del server, port
        return self.sql_answering

    def reaches_directory(self) -> bool:
        return self.directory_answering

    def changed(self) -> None:
        pass

    # the backend of WinRM

    def may_log_on(self, credential: Credential) -> bool:
        return credential.sid in self.admins

    def shell_allowed(self) -> bool:
        return True

    def remoting_allowed(self) -> bool:
        return True

    def endpoint_mode(self) -> str:
        return "FullLanguage"

    def run(self, command: str, arguments: list[str], session: ShellSession) -> CommandResult:
        self.commands.append(" ".join([command, *arguments]))
        request = bootstrap.read_stdin(session.stdin())
        try:
            answer: dict[str, bootstrap.JSON] = {"result": self.run_script(request)}
        except ScriptError as error:
            answer = {"error": {"message": str(error), "type": "System.Exception", "line": 1}}
        return CommandResult(bootstrap.write_answer(answer))

    # for tests

    def prepare(self, plan: Plan | None = None, first: bool = True, ini: bytes | None = None) -> str:
        """Stage an answer file; the arguments of setup as one line."""
        plan = plan or contoso()
        self.files.write(INI, render_server_ini(plan, first=first) if ini is None else ini)
        words = [SERVICE_PASSWORD if isinstance(word, SecretOf) else word for word in self.arguments(plan)]
        return " ".join(map(quote, words))

    @staticmethod
    def arguments(plan: Plan) -> tuple[str | SecretOf, ...]:
        return server_install(plan, INI).arguments

    def setup(self, line: str) -> int | None:
        """Run setup to its end as the installer."""
        program = r"C:\VMM\Media\setup.exe"
        return SetupRun(self, program, line, self.estate.credential(INSTALLER), ProcessEnd()).run()

    @property
    def log(self) -> str:
        """SetupWizard.log as text."""
        return (self.files.read(LOG) or b"").decode()


@contextmanager
def serving(machine: PracticeMachine | Node) -> Iterator[WinrmServer]:
    """The machine's WinRM service on a free port."""
    service = WinrmServer(machine, machine.logons, name=machine.computer_name, clock=machine.clock)
    machine.services.append(service)
    try:
        yield service
    finally:
        machine.scheduler.close()
        service.close()


def fast_estate(speed: float) -> SmallEstate:
    """An estate whose time runs by itself, `speed` times as fast as real time."""
    return SmallEstate(SpedUpClock(speed))
