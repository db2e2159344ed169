"""What the simulated setup.exe is told: its command line and its answer file, read as the real one reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeVar

from vmm_wizard.lab.logons import Credential, LogonRefused, Logons
from vmm_wizard.setup.ini import ProfileSection, read_private_profile
from vmm_wizard.setup.log_phases import SetupKind

T = TypeVar("T")

#: Exit codes of setup (1.3).
SUCCEEDED, FAILED, PREREQUISITE_FAILED, BAD_COMMAND_LINE, ANOTHER_SETUP = 0, 1, 14, 15, 18

_PROGRAM_FILES = r"C:\Program Files\Microsoft System Center\Virtual Machine Manager"

_WITH_VALUE = {
    name.casefold(): name
    for name in (
        "f",
        "VmmServiceDomain",
        "VmmServiceUserName",
        "VmmServiceUserPassword",
        "SqlDBAdminDomain",
        "SqlDBAdminName",
        "SqlDBAdminPassword",
    )
}
_WITHOUT_VALUE = {name.casefold(): name for name in ("server", "client", "i", "x", "IACCEPTSCEULA", "opsmgr")}


class RefusedInput(Exception):
    """Setup does not begin: the command line or a value in the answer file is refused. The text is its log line."""


@dataclass(frozen=True)
class SetupArguments:
    """The switches that were given: `values` by their documented names, `flags` without a value."""

    flags: frozenset[str] = frozenset()
    values: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> SetupArguments:
        """Read the arguments behind the program's name. Raises RefusedInput (PHX: exit 15).

        A value that begins with `/` or `-` is taken for a switch, so the switch before it has none.
        """
        flags: set[str] = set()
        values: dict[str, str] = {}
        waiting = list(arguments)
        while waiting:
            token = waiting.pop(0)
            name = token[1:].casefold()
            if not token or token[0] not in "/-":
                raise RefusedInput("command line error: a value stands where a switch is expected")
            if name in _WITHOUT_VALUE:
                flags.add(_WITHOUT_VALUE[name])
            elif name in _WITH_VALUE:
                if not waiting or waiting[0][:1] in ("/", "-", ""):
                    raise RefusedInput(f"command line error: /{_WITH_VALUE[name]} has no value")
                values[_WITH_VALUE[name]] = waiting.pop(0)
            else:
                # What is no switch may be the rest of a password: it is not repeated.
                raise RefusedInput("command line error: unknown switch")
        found = cls(frozenset(flags), values)
        found._verify()
        return found

    def _verify(self) -> None:
        if len({"server", "client"} & self.flags) != 1 or len({"i", "x"} & self.flags) != 1:
            raise RefusedInput("command line error: one of /server and /client, and one of /i and /x, are expected")
        if not self.work.removes and "IACCEPTSCEULA" not in self.flags:
            raise RefusedInput("Have NOT acknowledge acceptance of the license terms")

    @property
    def work(self) -> SetupKind:
        """What setup is started for."""
        if "server" in self.flags:
            return SetupKind.INSTALL if "i" in self.flags else SetupKind.UNINSTALL
        return SetupKind.CONSOLE if "i" in self.flags else SetupKind.CONSOLE_UNINSTALL

    def account(self, prefix: str, user: str) -> tuple[str, str] | None:
        """The login `DOMAIN\\user` and password of one of the two accounts, or None when a part is missing."""
        parts = [self.values.get(f"{prefix}{name}", "") for name in ("Domain", user, self._password_of(prefix))]
        domain, name, password = parts
        return (f"{domain}\\{name}", password) if all(parts) else None

    @staticmethod
    def _password_of(prefix: str) -> str:
        return "UserPassword" if prefix == "VmmService" else "Password"


@dataclass(frozen=True)
class SetupOptions:
    """The answer file with setup's own defaults for what it does not hold (2.2)."""

    program_files: str
    create_database: bool
    sql_machine: str
    sql_instance: str
    sql_port: int
    sql_database: str
    impersonates: bool
    ports: tuple[int, ...]
    service_is_local: bool
    container: str
    highly_available: bool
    second_node: bool
    role_name: str
    addresses: tuple[IPv4Address | IPv6Address, ...]
    creates_library: bool
    upgrade: bool

    @classmethod
    def read(cls, data: bytes | None, computer_name: str) -> SetupOptions:
        """Read an answer file's bytes; None is a file that is not there: all defaults, silently (INST).

        Raises RefusedInput for a value that the real parser refuses (PHX: exit 15).
        """
        options = _Reader(read_private_profile(data) if data is not None else ProfileSection())
        path = options.text("ProgramFiles", _PROGRAM_FILES)
        if "\\\\" in path:
            raise RefusedInput("command line error: ProgramFiles is not a valid path")
        found = cls(
            program_files=path,
            create_database=options.flag("CreateNewSqlDatabase", True),
            sql_machine=options.text("SqlMachineName", computer_name),
            sql_instance=options.text("SqlInstanceName", "MICROSOFT$VMM$"),
            sql_port=options.port("SqlServerPort", 0),
            sql_database=options.text("SqlDatabaseName", "VirtualManagerDB"),
            impersonates=options.flag("RemoteDatabaseImpersonation", False),
            ports=(
                options.port("IndigoTcpPort", 8100),
                options.port("IndigoHTTPSPort", 8101),
                options.port("IndigoNETTCPPort", 8102),
                options.port("IndigoHTTPPort", 8103),
                options.port("WSManTcpPort", 5985),
                options.port("BitsTcpPort", 443),
            ),
            service_is_local=options.flag("VmmServiceLocalAccount", False),
            container=options.text("TopContainerName", "VMMServer"),
            highly_available=options.flag("HighlyAvailable", False),
            second_node=options.flag("HighlyAvailable2ndNode", False),
            role_name=options.text("VmmServerName", ""),
            addresses=options.addresses("VMMStaticIPAddress"),
            creates_library=options.flag("CreateNewLibraryShare", True),
            upgrade=options.flag("Upgrade", True),
        )
        found._verify()
        return found

    def _verify(self) -> None:
        if len(set(self.ports)) < len(self.ports):
            raise RefusedInput("command line error: two ports are the same")
        if not self.highly_available:
            return
        if not self.role_name or len(self.role_name) > 15:
            raise RefusedInput(f"command line error: VmmServerName {self.role_name!r} has not 1 to 15 characters")
        if self.service_is_local:
            raise RefusedInput("command line error: a highly available server needs a domain account")
        if "=" not in self.container:
            raise RefusedInput("command line error: TopContainerName is no distinguished name")

    @property
    def default_instance(self) -> bool:
        """Whether SQL Server's default instance is meant."""
        return self.sql_instance.upper() in ("", "MSSQLSERVER")


@dataclass(frozen=True)
class UninstallOptions:
    """VMServerUninstall.ini with setup's own defaults: a file that says nothing of the database drops it (2.5)."""

    impersonates: bool
    retains_database: bool
    is_forced: bool

    @classmethod
    def read(cls, data: bytes | None) -> UninstallOptions:
        """Read a file's bytes; None is a file that is not there. Raises RefusedInput as `SetupOptions.read` does."""
        options = _Reader(read_private_profile(data) if data is not None else ProfileSection())
        return cls(
            impersonates=options.flag("RemoteDatabaseImpersonation", False),
            retains_database=options.flag("RetainSqlDatabase", False),
            is_forced=options.flag("ForceHAVMMUninstall", False),
        )


@dataclass(frozen=True)
class ConsoleOptions:
    """VMClient.ini with setup's own defaults (2.4)."""

    program_files: str
    port: int

    @classmethod
    def read(cls, data: bytes | None) -> ConsoleOptions:
        """Read a file's bytes; None is a file that is not there. Raises RefusedInput as `SetupOptions.read` does."""
        options = _Reader(read_private_profile(data) if data is not None else ProfileSection())
        return cls(options.text("ProgramFiles", _PROGRAM_FILES), options.port("IndigoTcpPort", 8100))


def validated(logons: Logons, account: tuple[str, str] | None, what: str) -> Credential:
    """Validate an account with a network logon (PHX): a wrong password counts, as everywhere. Raises RefusedInput."""
    if account is None:
        raise RefusedInput(f"command line error: {what} is not complete")
    try:
        return logons.log_on(*account, via="setup")
    except LogonRefused as refused:
        raise RefusedInput(f"command line error: could not validate {what} {account[0]}: {refused.refusal}") from None


class _Reader:
    """Values of an answer file, with a default each, checked as the forked parser checks them (PHX)."""

    def __init__(self, values: ProfileSection) -> None:
        self._values = values

    def text(self, name: str, default: str) -> str:
        value = self._values.get(name)
        if value is None:
            return default
        if len(value) > 255:
            raise RefusedInput(f"command line error: {name} is too long")
        return value.strip()

    def flag(self, name: str, default: bool) -> bool:
        return self._parsed(name, default, {"0": False, "1": True}.__getitem__)

    def port(self, name: str, default: int) -> int:
        return self._parsed(name, default, _port)

    def addresses(self, name: str) -> tuple[IPv4Address | IPv6Address, ...]:
        return self._parsed(
            name, (), lambda text: tuple(ip_address(part.strip()) for part in text.split(",") if part.strip())
        )

    def _parsed(self, name: str, default: T, parse: Callable[[str], T]) -> T:
        text = self._values.get(name)
        if text is None:
            return default
        try:
            return parse(text.strip())
        except (KeyError, ValueError):
            raise RefusedInput(f"command line error: {name} has the value {text!r}") from None


def _port(text: str) -> int:
    number = int(text)
    if not 0 < number < 65536:
        raise ValueError(text)
    return number
