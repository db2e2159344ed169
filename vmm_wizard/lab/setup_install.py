"""The late part of the simulated setup: database, DKM, SPNs, cluster role; each step knows how to be undone."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from vmm_wizard.lab.access import effective_mask
from vmm_wizard.lab.descriptors import FULL_CONTROL
from vmm_wizard.lab.directory import NoSuchObject
from vmm_wizard.lab.entries import Entry
from vmm_wizard.lab.files import DiskFull
from vmm_wizard.lab.logons import Credential
from vmm_wizard.lab.setup_answers import SetupOptions
from vmm_wizard.lab.setup_machine import InstalledConsole, InstalledServer, RoleRefused, SetupMachine
from vmm_wizard.lab.sql import VMM_TABLES, Database, ServerLogin, SqlServer
from vmm_wizard.lab.tds_tokens import SqlError

_CONNECTION_POINT = "serviceConnectionPoint"
ACCESS_DENIED = 0x80070005
NOT_FOUND = 0x80072030
FAILED = 0x80004005
SQL_ERROR = 0x80131904
SERVER_DOWN = 0x8007203A

#: Where a thing that is to be undone lies, beside the node and its cluster.
_SQL, _DIRECTORY = "sql", "directory"


class StepFailed(Exception):
    """A step of the post-install work failed. `name` is what the log calls it, the text the exception's message."""

    def __init__(self, name: str, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.name = name
        self.code = code


@dataclass
class PostInstall:
    """The work itself. `account` runs setup, `sql_account` does the SQL work, `service` will run the service."""

    machine: SetupMachine
    options: SetupOptions
    account: Credential
    sql_account: Credential
    service: Credential
    write: Callable[[str], None]
    undo: list[tuple[str, Callable[[], None]]] = field(default_factory=list)
    principal_names: str = ""
    #: The database, once the step of that name has been there.
    found: Database | None = None

    def roll_back(self) -> None:
        """Undo what was done, last first. What lies where nobody answers any more stays, and the log says so."""
        while self.undo:
            where, act = self.undo.pop()
            if where == _SQL and self._find_sql() is None:
                self.write(f"RollBack: {self.options.sql_machine} does not answer, its part is left as it is")
            elif where == _DIRECTORY and not self.machine.reaches_directory():
                self.write("RollBack: no domain controller answers, its part is left as it is")
            else:
                act()

    def leave(self, leftovers: Collection[str]) -> None:
        """What a setup that is killed has made for certain, of LEFTOVERS, before it is undone by nobody."""
        if "files" in leftovers:
            self.copy_files()
        server = self._find_sql()
        if "database" in leftovers and server is not None and not server.has_database(self.options.sql_database):
            self.database()
        if "service" in leftovers and self.machine.installed is None:
            self.server()

    # --- the steps, in order

    def copy_files(self, package: int = 1) -> None:
        """One package of VMM's program files."""
        folder = self.options.program_files.rstrip("\\")
        try:
            self.machine.files.write(f"{folder}\\setup\\package{package:02}.cab", b"MSCF")
        except DiskFull as full:
            raise StepFailed("IOException", str(full), full.hresult) from None
        finally:
            if not self.undo:
                self._undo("", lambda: self.machine.files.delete_folder(folder))

    def database(self) -> None:
        """Create the database, or take the one that is there; login and db_owner for the service account (KBDBO)."""
        server = self._sql_server()
        options = self.options
        self.write(f"SqlWork: connecting to {server.server_name} as {self.sql_account.account}")
        try:
            principal = server.windows_principal(self.sql_account.account)
            if not principal.is_sysadmin:
                raise StepFailed(
                    "SqlPermissionDenied",
                    f"{principal.name} is not a member of the server role sysadmin on {server.server_name}",
                    SQL_ERROR,
                )
            if options.create_database:
                found = server.create_database_as(options.sql_database, principal)
                self._undo(_SQL, lambda: server.drop_database_as(options.sql_database, principal))
                found.tables.extend(VMM_TABLES)
            else:
                found = self._existing_database(server)
        except SqlError as error:
            raise StepFailed("SqlError", f"{error.number}: {error.message}", SQL_ERROR) from None
        self.found = found
        self._give_service(server, found)
        self.write(f"SqlWork: database {found.name} is ready")

    def keys(self) -> None:
        """Make the sub-container with the keys (first node), or prove the same rights on it (DKM)."""
        directory, container = self.machine.directory, self.options.container
        self.write(f"DKM: container {container}")
        self._require_directory()
        try:
            entry = directory.require(container)
        except (NoSuchObject, ValueError):
            raise StepFailed("DkmContainerNotFound", f"There is no such object: {container}", NOT_FOUND) from None
        actor = self._entry(self.account)
        sids = directory.logon_sids(actor.dn)
        self._require_full_control(entry, sids)
        self._require_keys(entry)
        if self._joins or (self.found is not None and self.found.key_container):
            for child in directory.children(entry.dn):
                self._require_full_control(child, sids)
            self.write("DKM: the keys to the database are there")
            return
        try:
            made = self._create(actor.dn, f"CN={uuid.uuid4()},{entry.dn}")
            # Rights on the container alone, without its descendants, end here: the keys go one level deeper.
            self._require_full_control(directory.require(made), sids)
            self._create(actor.dn, f"CN={uuid.uuid4()},{made}")
        except PermissionError as error:
            raise StepFailed("DkmAccessDenied", str(error), ACCESS_DENIED) from None
        if self.found is not None:
            self.found.key_container = made
            self._undo(_SQL, lambda: setattr(self.found, "key_container", ""))
        self.write("DKM: keys are stored")

    def service_principal_names(self) -> None:
        """Write SCVMM/<name> to the service account; without the right setup merely warns (PLAN, TTB)."""
        directory, name = self.machine.directory, self.options.role_name or self.machine.computer_name
        wanted = [f"SCVMM/{name}", f"SCVMM/{name}.{directory.dns_domain}"]
        self._require_directory()
        holder = self._entry(self.service)
        before = [value.decode() for value in holder.values("servicePrincipalName")]
        missing = [spn for spn in wanted if spn.casefold() not in {known.casefold() for known in before}]
        try:
            if missing:
                directory.write(self._entry(self.account).dn, holder.dn, {"servicePrincipalName": [*before, *missing]})
                self._undo(_DIRECTORY, lambda: directory.modify(holder.dn, {"servicePrincipalName": before}))
            self.principal_names = ",".join(wanted)
            self.write("SPN: registered")
        except PermissionError:
            self.write(f"Warning: the SPN could not be registered for {self.service.account}")

    def server(self) -> None:
        """Registry and service on this node."""
        options = self.options
        self.machine.install(
            InstalledServer(
                install_path=options.program_files,
                version=self.machine.media_version,
                service_account=self.service.account,
                principal_names=self.principal_names,
                sql_machine=options.sql_machine,
                sql_instance="" if options.default_instance else options.sql_instance,
                sql_database=options.sql_database,
                role_name=options.role_name if options.highly_available else "",
                console_port=options.ports[0],
                sql_port=options.sql_port,
                ports=options.ports,
            )
        )
        self._undo("", self.machine.uninstall)
        if self.machine.console is None:
            # The console comes along (INST).
            self.machine.console = InstalledConsole(options.program_files, self.machine.media_version, options.ports[0])
            self._undo("", lambda: setattr(self.machine, "console", None))
        self.write("Service: SCVMMService is installed")

    def role(self) -> None:
        """Make the cluster role on the first node, or become a possible owner of it on another."""
        options, cluster = self.options, self.machine.role_cluster
        if not options.highly_available:
            return
        self._require_start()
        if cluster is None:
            raise StepFailed("ClusterNotFound", "This computer is not a node of a failover cluster")
        try:
            if self._joins:
                if (cluster.vmm_role() or "").casefold() != options.role_name.casefold():
                    raise StepFailed(
                        "ClusterRoleNotFound", f"The cluster has no role {options.role_name} that runs VMM"
                    )
                cluster.add_vmm_node(self.machine.dns_name)
                self._undo("", lambda: cluster.remove_vmm_node(self.machine.dns_name))
            else:
                addresses = [str(address) for address in options.addresses]
                cluster.create_vmm_role(options.role_name, addresses, self.machine.dns_name)
                self._undo("", cluster.remove_vmm_role)
        except RoleRefused as refused:
            raise StepFailed("ClusterRoleFailed", str(refused)) from None
        self.write(f"Cluster: role {options.role_name} is ready on this node")

    def connection_point(self) -> None:
        """Register where consoles find the server, below its computer object; without the right merely warn (TTB)."""
        directory, name = self.machine.directory, self.options.role_name or self.machine.computer_name
        computer = directory.find_by_sam(f"{name}$")
        below = directory.children(computer.dn) if computer else ()
        if any(_CONNECTION_POINT.encode() in child.values("objectClass") for child in below):
            return
        host = f"{name}.{directory.dns_domain}"
        values = {
            "serviceClassName": "SCVMM",
            "serviceDNSName": host,
            "serviceBindingInformation": f"{host}:{self.options.ports[0]}",
        }
        try:
            if computer is None or not self.machine.reaches_directory():
                raise PermissionError(name)
            self._create(self._entry(self.account).dn, f"CN=MSVMM,{computer.dn}", _CONNECTION_POINT, values)
            self.write("SCP: registered")
        except PermissionError:
            self.write(f"Warning: the SCP could not be registered for {name}")

    # --- parts

    @property
    def _joins(self) -> bool:
        """Whether this is an additional node: told so, or by what is there already (EALES did without the key)."""
        options, cluster = self.options, self.machine.role_cluster
        if not options.highly_available or cluster is None:
            return False
        there = (cluster.vmm_role() or "").casefold()
        return options.second_node or (there == options.role_name.casefold() and not options.create_database)

    def _undo(self, where: str, act: Callable[[], None]) -> None:
        self.undo.append((where, act))

    def _find_sql(self) -> SqlServer | None:
        options = self.options
        return self.machine.find_sql(options.sql_machine, options.sql_instance, options.sql_port)

    def _require_directory(self) -> None:
        if not self.machine.reaches_directory():
            raise StepFailed("DirectoryServicesCOM", "The server is not operational.", SERVER_DOWN)

    def _require_start(self) -> None:
        """The role is online when its service is up: it reads the database, and its keys from the directory."""
        if self._find_sql() is None or not self.machine.reaches_directory():
            raise StepFailed(
                "ServiceNotStarted", f"The service SCVMMService on {self.machine.computer_name} did not start"
            )

    def _sql_server(self) -> SqlServer:
        options = self.options
        server = self._find_sql()
        if server is None:
            raise StepFailed(
                "SqlNotFound",
                f"The instance {options.sql_machine}\\{options.sql_instance} was not found or was not accessible",
                SQL_ERROR,
            )
        return server

    def _existing_database(self, server: SqlServer) -> Database:
        found = server.database(self.options.sql_database)
        if found is None:
            raise StepFailed("DatabaseNotFound", f"The database {self.options.sql_database} does not exist", SQL_ERROR)
        if self._joins and not found.is_vmm:
            raise StepFailed("DatabaseNotVmm", f"The database {found.name} is no VMM database", SQL_ERROR)
        if not found.is_vmm:
            found.tables.extend(VMM_TABLES)
            self._undo(_SQL, lambda: _drop_tables(found))
        return found

    def _give_service(self, server: SqlServer, database: Database) -> None:
        name = self.service.account
        if not any(login.sid == self.service.sid for login in server.logins):
            login = ServerLogin(name, self.service.sid)
            server.logins.append(login)
            self._undo(_SQL, lambda: server.logins.remove(login))
        if name.casefold() not in {owner.casefold() for owner in database.owners}:
            database.owners.append(name)
            self._undo(_SQL, lambda: database.owners.remove(name))

    def _entry(self, account: Credential) -> Entry:
        found = self.machine.directory.find_by_sid(account.sid)
        if found is None:
            raise StepFailed("AccountNotFound", f"{account.account} is not in the directory", NOT_FOUND)
        return found

    def _create(self, actor_dn: str, dn: str, kind: str = "container", values: Mapping[str, str] | None = None) -> str:
        directory = self.machine.directory
        made = directory.create(actor_dn, dn, kind, values)
        self._undo(_DIRECTORY, lambda: directory.discard(made))
        return made

    def _require_keys(self, container: Entry) -> None:
        """A database that another setup made is of use with its own keys only: they lie below its DKM container."""
        wanted = self.found.key_container if self.found is not None else ""
        if not wanted:
            return
        held = self.machine.directory.get(wanted)
        parent = self.machine.directory.parent(held) if held is not None else None
        if parent is None or parent.key != container.key:
            raise StepFailed(
                "DkmKeyNotFound",
                f"What is encrypted in {self.options.sql_database} cannot be decrypted: its keys are not in "
                f"{container.dn}",
                NOT_FOUND,
            )

    def _require_full_control(self, entry: Entry, sids: Collection[str]) -> None:
        if effective_mask(entry.descriptor, sids) & _NEEDED != _NEEDED:
            raise StepFailed("DkmAccessDenied", f"Access is denied: {entry.dn}", ACCESS_DENIED)


#: Full Control but for what the protection from accidental deletion takes from everybody (DKM-02).
_DELETE, _DELETE_TREE = 0x10000, 0x40
_NEEDED = FULL_CONTROL & ~_DELETE & ~_DELETE_TREE


def _drop_tables(database: Database) -> None:
    database.tables[:] = [table for table in database.tables if table not in VMM_TABLES]
