"""Which lines of SetupWizard.log mean failure (1.4), what is behind them, and what to do (section 12)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vmm_wizard.texts import text

#: Lines that mean failure (KBSHARE, KBDES, PHX). "Rollback is set but we are doing an uninstall" is none.
_FAILURES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"FailureReason\s*=",
        r"Threw Exception\.Type:",
        r"\*\*\* Carmine error was:",
        r"VMMPostinstallProcessor threw an exception",
        r"Running the P(?:re|ost)-?Process(?:ing)?Delegate .*(?:failed|returned false|threw)",
        r"Install Item .* failed to install",
        r"ProcessInstalls: Rollback is set(?! but we are doing an uninstall)",
        r"\*+Starting\*RollBack\*+",
        r"We failed the prerequisite checks",
        r"command line error",
        r"Have NOT acknowledge acceptance",
    )
)
_WARNINGS = re.compile(r"\b(?:SPN|SCP)\b.*could not be registered|could not .*register.*\b(?:SPN|SCP)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cause:
    """What is behind a line that matches: `name` is that of its sentences in the catalogue."""

    name: str
    pattern: re.Pattern[str]

    @property
    def cause(self) -> str:
        """What is behind it, in a sentence."""
        return text(f"setup_files.causes.{self.name}.cause")

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return text(f"setup_files.causes.{self.name}.remedy")


def _cause(name: str, pattern: str) -> Cause:
    return Cause(name, re.compile(pattern, re.IGNORECASE))


#: The first that matches is taken, so the more telling ones stand first.
_CAUSES = (
    _cause("licence_terms", r"Have NOT acknowledge acceptance"),
    _cause("principal_names", r"(?:SPN|SCP)\b.*could not be registered|could not .*register.*\b(?:SPN|SCP)\b"),
    _cause(
        "console_connects",
        r"\(1602\)|Carmine error was: \w+ \(1602\)|\bID: 1602\b|Unable to connect to the VMM Management server",
    ),
    _cause("db_owner", r"db_owner|cannot execute as the database principal|\b15517\b"),
    _cause("default_instance", r"MICROSOFT\$VMM\$"),
    _cause("active_node", r"active node|currently (?:the )?owns?(?:er)?\b.*role"),
    _cause(
        "last_node_unknown", r"LastNodeUnknown|(?:cannot|could not) (?:tell|verify|determine) whether .*(?:last|final)"
    ),
    _cause(
        "files_in_use", r"FilesInUse|VmmAdminUi|VMM (?:console|command shell) is open|being used by another process"
    ),
    _cause("console_needed", r"console cannot be (?:removed|uninstalled)|ConsoleNeededByServer"),
    _cause("not_installed", r"not installed on this computer"),
    _cause("database_not_dropped", r"cannot drop (?:the )?database|DatabaseNotDropped|\b370[12]:"),
    _cause("keys_missing", r"cannot be decrypted|could not decrypt|CryptographicException|DkmKeyNotFound"),
    _cause("installer_busy", r"\b1618\b|another installation is (?:already )?in progress"),
    _cause("installer_gave_up", r"(?:LaunchMsi|msiexec|MSI)\b.*\b16(?:03|01)\b"),
    _cause("own_name", r"HostAgentBadSharePathname|\(2917\)"),
    _cause("winrm_to_itself", r"HostAgentWSManError|\(2927\)"),
    _cause("newer_database", r"EnumValueName|SerializationException"),
    _cause(
        "cluster_role",
        r"resource group .* failed|ClusterRole|cluster resource|network name resource|\b(?:1069|1194|1196|1205)\b",
    ),
    _cause("no_controller", r"server is not operational|8007203A"),
    _cause("service_not_started", r"ServiceNotStarted|SCVMMService\b.*(?:did|does|could) not start"),
    _cause("dkm_missing", r"DkmContainerNotFound|TopContainer.*not|no such object"),
    _cause("dkm_denied", r"Dkm\w*Denied|(?:DKM|container).*denied|INSUFF_ACCESS_RIGHTS|insufficient access rights"),
    _cause("not_sysadmin", r"role sysadmin|CREATE DATABASE permission|SqlPermission|\b(?:18456|262|229):"),
    _cause("sql_unreachable", r"network-related or instance-specific|SqlNotFound|was not found or was not accessible"),
    _cause("database_exists", r"database .*(?:already exists|exists already)"),
    _cause("database_missing", r"database .*does not exist"),
    _cause("not_administrator", r"not in the Administrators group|NotAdministrator|not an administrator"),
    _cause("account_not_validated", r"could not validate (?:the )?(?:service account|SQL administrator)"),
    _cause("user_not_validated", r"could not validate user"),
    _cause("already_installed", r"(?<!not )installed on this computer already"),
    _cause("prerequisites", r"We failed the prerequisite checks"),
    _cause("command_line", r"command line error"),
)

#: For a line that means failure and has no known cause.
UNEXPLAINED = _cause("unexplained", r"")


def is_failure(line: str) -> bool:
    """Whether a line (without its time) means that setup failed."""
    return any(pattern.search(line) for pattern in _FAILURES)


def is_warning(line: str) -> bool:
    """Whether a line says that setup went on without something that the admin must do by hand."""
    return bool(_WARNINGS.search(line))


def explain(line: str) -> Cause:
    """What is behind a line; `UNEXPLAINED` when nothing is known."""
    return next((cause for cause in _CAUSES if cause.pattern.search(line)), UNEXPLAINED)
