"""setup.exe taking VMM away on a simulated machine: the server from a node, and the console; and the console alone.

What no source documents (the order of the steps, names and numbers of errors) is the estate's own. Nothing of a removal
is ever rolled back: a step that fails is passed over, and leaves a node half done (PHX).
"""

from __future__ import annotations

from dataclasses import dataclass

from vmm_wizard.lab.logons import Credential
from vmm_wizard.lab.setup_answers import (
    FAILED,
    PREREQUISITE_FAILED,
    ConsoleOptions,
    RefusedInput,
    SetupArguments,
    UninstallOptions,
    validated,
)
from vmm_wizard.lab.setup_install import FAILED as ERROR
from vmm_wizard.lab.setup_install import SQL_ERROR, StepFailed
from vmm_wizard.lab.setup_machine import InstalledConsole, InstalledServer, SetupMachine
from vmm_wizard.lab.setup_pace import WINRM_AWAY, Pace
from vmm_wizard.lab.sql import SqlServer
from vmm_wizard.lab.tds_tokens import SqlError

#: Estate seconds that each takes.
REMOVAL, CONSOLE, CONSOLE_REMOVAL = 480.0, 240.0, 120.0
_FILES = 40


def answer_file(machine: SetupMachine, arguments: SetupArguments, pace: Pace) -> bytes | None:
    """What `/f` names; None when it names nothing, or a file that is not there: setup goes on with its defaults."""
    path = arguments.values.get("f", "")
    data = machine.files.read(path) if path else None
    pace.write(f"AnswerFile: {path or 'none'}, {'read' if data is not None else 'not found, defaults'}")
    return data


@dataclass
class ServerRemoval:
    """`/server /x` on one node, as `account`."""

    machine: SetupMachine
    arguments: SetupArguments
    account: Credential
    pace: Pace

    def run(self) -> int:
        """Everything until setup ends; its exit code. Raises RefusedInput before anything is changed, and Killed."""
        machine, pace = self.machine, self.pace
        options = UninstallOptions.read(answer_file(machine, self.arguments, pace))
        server = machine.installed
        if server is None:
            raise RefusedInput("command line error: the VMM management server is not installed on this computer")
        sql_account = self.account
        if options.impersonates:
            sql_account = validated(
                machine.logons, self.arguments.account("SqlDBAdmin", "Name"), "the SQL administrator"
            )
        pace.until(0.04)
        pace.write("CheckPrerequisites: begin")
        try:
            _require_closed(machine)
            pace.until(0.06)
            is_last = self._is_last(server, sql_account, options)
        except StepFailed as failure:
            return given_up(pace, failure)
        pace.write(f"CheckPrerequisites: this is {'the last' if is_last else 'not the last'} node")
        pace.until(0.10)
        pace.write("Doing Preinstall task for PangaeaServer")
        try:
            self._leave(server, is_last)
            pace.until(0.26)
            self._database(server, sql_account, options, is_last)
        except StepFailed as failure:
            pace.write(
                "ProcessInstalls: Running the PreprocessDelegate for PangaeaServer failed.... This is a fatal item.  "
                "Setting rollback."
            )
            pace.write(
                "ProcessInstalls: Rollback is set but we are doing an uninstall so we will clear the rollback switch "
                "and continue"
            )
            return given_up(pace, failure)
        self._files(server)
        pace.until(1.0)
        return pace.end(pace.exit_code)

    def _is_last(self, server: InstalledServer, account: Credential, options: UninstallOptions) -> bool:
        """Whether no other node has VMM: the database says so. Without it, setup goes on only where it is forced."""
        cluster = self.machine.role_cluster
        others = [] if cluster is None else [node for node in cluster.vmm_nodes() if node != self._label]
        try:
            found = self._sql(server)
            principal = found.windows_principal(account.account)
            database = found.database(server.sql_database)
            if database is None or not database.is_vmm or not found.may_enter(principal, server.sql_database):
                raise StepFailed("LastNodeUnknown", f"{server.sql_database} is no VMM database to {principal.name}")
        except (StepFailed, SqlError) as reason:
            if not options.is_forced:
                text = f"Setup cannot determine whether this node is the last one: {getattr(reason, 'message', reason)}"
                raise StepFailed("LastNodeUnknown", text) from None
            self.pace.write("CheckPrerequisites: the database cannot be asked, and ForceHAVMMUninstall is set")
        return not others

    def _leave(self, server: InstalledServer, is_last: bool) -> None:
        """Stop the service and leave the cluster role; with the last node the role goes, and what is registered."""
        pace, cluster = self.pace, self.machine.role_cluster
        pace.write("Service: stopping SCVMMService")
        pace.until(0.16)
        if cluster is None or cluster.vmm_role() is None:
            return
        if is_last:
            self._unregister(server)
            cluster.give_up_vmm_role()
            pace.write(f"Cluster: role {server.role_name} is removed")
            return
        if cluster.owns_vmm(self.machine.computer_name):
            # Removing the active node kills the service, and all nodes must be installed again (HAU, PHX).
            pace.write(f"Cluster: this is the active node of {server.role_name}: the role fails")
            cluster.fail_vmm_role()
        cluster.remove_vmm_node(self.machine.dns_name)
        pace.write(f"Cluster: {self._label} is no possible owner of role {server.role_name} any more")

    def _unregister(self, server: InstalledServer) -> None:
        """Take the role's names from the service account, where the account of this run may write them."""
        directory = self.machine.directory
        actor = directory.find_by_sid(self.account.sid)
        forms = {f"scvmm/{server.role_name}".casefold(), f"scvmm/{server.role_name}.{directory.dns_domain}".casefold()}
        for holder in directory.find_spn(f"SCVMM/{server.role_name}"):
            kept = [value.decode() for value in holder.values("servicePrincipalName")]
            kept = [value for value in kept if value.casefold() not in forms]
            try:
                if actor is None or not self.machine.reaches_directory():
                    raise PermissionError(self.account.account)
                directory.write(actor.dn, holder.dn, {"servicePrincipalName": kept})
                self.pace.write("SPN: removed")
            except PermissionError:
                self.pace.write(f"Warning: the SPN of {holder.text('sAMAccountName')} stays behind")

    def _database(self, server: InstalledServer, account: Credential, options: UninstallOptions, is_last: bool) -> None:
        """Keep the database, or drop it, which breaks every node that is left."""
        pace, name = self.pace, server.sql_database
        if options.retains_database:
            pace.write(f"SqlWork: database {name} is kept")
            return
        try:
            found = self._sql(server)
            principal = found.windows_principal(account.account)
            if found.database(name) is None:
                pace.write(f"SqlWork: there is no database {name} any more")
                return
            if any(session.database.casefold() == name.casefold() for session in found.clients):
                raise SqlError(3702, f"Cannot drop database '{name}' because it is currently in use.", 3, 16)
            found.drop_database_as(name, principal)
        except SqlError as error:
            raise StepFailed("DatabaseNotDropped", f"{error.number}: {error.message}", SQL_ERROR) from None
        pace.write(f"SqlWork: database {name} is dropped")
        cluster = self.machine.role_cluster
        if not is_last and cluster is not None:
            cluster.fail_vmm_role()

    def _files(self, server: InstalledServer) -> None:
        pace = self.pace
        pace.until(0.34)
        pace.write("Doing Install task for PangaeaServer")
        for number in range(1, _FILES + 1):
            pace.until(0.35 + 0.60 * number / _FILES)
            pace.write(f"ProcessInstalls: PangaeaServer, package {number} of {_FILES}")
            if number == _FILES * 3 // 4:
                pace.write("ConfigureWinRM: restarting the service Windows Remote Management")
                self.machine.restart_winrm(WINRM_AWAY)
        self.machine.files.delete_folder(server.install_path)
        self.machine.uninstall()
        pace.write("ProcessInstalls: PangaeaServer removed")

    def _sql(self, server: InstalledServer) -> SqlServer:
        found = self.machine.find_sql(server.sql_machine, server.sql_instance, server.sql_port)
        if found is None:
            name = f"{server.sql_machine}\\{server.sql_instance}".rstrip("\\")
            raise StepFailed("SqlNotFound", f"The instance {name} was not found or was not accessible", SQL_ERROR)
        return found

    @property
    def _label(self) -> str:
        return self.machine.computer_name.upper()


@dataclass
class ConsoleSetup:
    """`/client /i` and `/client /x` on a node or any other machine of the domain."""

    machine: SetupMachine
    arguments: SetupArguments
    pace: Pace

    def install(self) -> int:
        """Install the console; the exit code. Raises RefusedInput and Killed."""
        machine, pace = self.machine, self.pace
        options = ConsoleOptions.read(answer_file(machine, self.arguments, pace))
        if machine.console is not None:
            raise RefusedInput("command line error: the VMM console is installed on this computer already")
        pace.until(0.05)
        pace.write("CheckPrerequisites: begin")
        if machine.restart_pending():
            pace.write("CheckPrerequisites: A restart of this computer is pending")
            pace.write("We failed the prerequisite checks.")
            return PREREQUISITE_FAILED
        self._files("installing")
        machine.console = InstalledConsole(options.program_files, machine.media_version, options.port)
        return self._end()

    def remove(self) -> int:
        """Take the console away, which goes after the server only; the exit code. Raises RefusedInput and Killed."""
        machine, pace = self.machine, self.pace
        if machine.installed is not None:
            raise RefusedInput(
                "command line error: the console cannot be removed while the management server is installed"
            )
        if machine.console is None:
            raise RefusedInput("command line error: the VMM console is not installed on this computer")
        pace.until(0.05)
        pace.write("CheckPrerequisites: begin")
        try:
            _require_closed(machine)
        except StepFailed as failure:
            return given_up(pace, failure)
        self._files("removing")
        machine.console = None
        return self._end()

    def _files(self, doing: str) -> None:
        self.pace.write(f"ProcessInstalls: {doing} PangaeaClient")
        for number in range(1, _FILES // 4 + 1):
            self.pace.until(0.10 + 0.85 * number / (_FILES // 4))
            self.pace.write(f"ProcessInstalls: PangaeaClient, package {number} of {_FILES // 4}")

    def _end(self) -> int:
        self.machine.changed()
        self.pace.until(1.0)
        return self.pace.end(self.pace.exit_code)


def _require_closed(machine: SetupMachine) -> None:
    """An open console, or a PowerShell with VMM's module, holds files that are to go (HAU, RUN-04)."""
    held = machine.open_consoles()
    if held:
        raise StepFailed("FilesInUse", f"VMM console is open: {', '.join(held)}", ERROR)


def given_up(pace: Pace, failure: StepFailed) -> int:
    """A run that is not rolled back ends where it stands; the exit code."""
    pace.fail(failure)
    return pace.end(pace.exit_code or FAILED)
