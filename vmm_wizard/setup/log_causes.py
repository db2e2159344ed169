"""Which lines of SetupWizard.log mean failure (1.4), what is behind them, and what to do (section 12)."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
    """A cause in a sentence, and what to do about it."""

    pattern: re.Pattern[str]
    cause: str
    remedy: str


def _cause(pattern: str, cause: str, remedy: str) -> Cause:
    return Cause(re.compile(pattern, re.IGNORECASE), cause, remedy)


#: The first that matches is taken, so the more telling ones stand first.
_CAUSES = (
    _cause(
        r"Have NOT acknowledge acceptance",
        "The licence terms were not accepted on the command line.",
        "Set registration.eula_accepted to true once you have read them.",
    ),
    _cause(
        r"(?:SPN|SCP)\b.*could not be registered|could not .*register.*\b(?:SPN|SCP)\b",
        "The installing account may not write the service account's SPNs or the connection point, so that consoles on "
        "other machines cannot connect yet.",
        "Let a domain admin run `setspn -u -s SCVMM/<role> <service account>` and the same for the role's full name; "
        "write both into the registry value VmmServicePrincipalNames below VMM's Setup key on every node, and run "
        "ConfigureSCPTool.exe -install from VMM's setup folder.",
    ),
    _cause(
        r"\(1602\)|Carmine error was: \w+ \(1602\)|\bID: 1602\b|Unable to connect to the VMM Management server",
        "The console cannot reach VMM's service: it does not run, or the name is not the role's.",
        "Connect to the role's name and console port, never to the cluster or a node; look at POST-01 and POST-02 of "
        "`vmm-wizard check`: the role is online, and SCVMMService runs on its owner.",
    ),
    _cause(
        r"db_owner|cannot execute as the database principal|\b15517\b",
        "The service account is no longer db_owner of VMM's database, without which nobody can log in to VMM.",
        "Let a DBA run `ALTER ROLE db_owner ADD MEMBER [<service account>]` in VMM's database; fewer rights are not "
        "supported.",
    ),
    _cause(
        r"MICROSOFT\$VMM\$",
        "Setup looked for its own default instance: it has not read the answer file, and took its defaults.",
        "See that the file lies where `/f` says, is plain ASCII or UTF-16 with its mark and begins with [OPTIONS]; "
        "`vmm-wizard emit` writes it so.",
    ),
    _cause(
        r"active node|currently (?:the )?owns?(?:er)?\b.*role",
        "This node carries VMM's role just now. Uninstalled from it, VMM must be installed again on all nodes.",
        "Move the role away first, `Move-ClusterGroup -Name <role> -Node <another node>`, then uninstall.",
    ),
    _cause(
        r"LastNodeUnknown|(?:cannot|could not) (?:tell|verify|determine) whether .*(?:last|final)",
        "Setup cannot tell whether this is the last node of VMM, because its database is gone or cannot be read.",
        "Mend the way to the database first. Only when it is gone for good, uninstall with ForceHAVMMUninstall=1.",
    ),
    _cause(
        r"FilesInUse|VmmAdminUi|VMM (?:console|command shell) is open|being used by another process",
        "A VMM console, or a PowerShell with VMM's module, is open on this computer and holds its files.",
        "Close them in every session, those of other users too (RUN-04 of `vmm-wizard check` names them), and start "
        "again.",
    ),
    _cause(
        r"console cannot be (?:removed|uninstalled)|ConsoleNeededByServer",
        "The console belongs to the management server as long as that is installed.",
        "Uninstall the server from this node first, then the console.",
    ),
    _cause(
        r"not installed on this computer",
        "What is to be removed is not on this computer.",
        "Nothing is to be done here; look whether it was meant for another node.",
    ),
    _cause(
        r"cannot drop (?:the )?database|DatabaseNotDropped|\b370[12]:",
        "The database could not be dropped: somebody has it open, or the account may not.",
        "Close what has it open (SQL-05 of `vmm-wizard check` shows who), and let a DBA drop it.",
    ),
    _cause(
        r"cannot be decrypted|could not decrypt|CryptographicException|DkmKeyNotFound",
        "The keys to this database are not in the DKM container that setup was given, so nothing can be decrypted.",
        "Give dkm.container the container with which the database was made. If that is lost, so is what was encrypted.",
    ),
    _cause(
        r"\b1618\b|another installation is (?:already )?in progress",
        "Windows Installer was busy with something else.",
        "Wait until no msiexec.exe works any more, and start again.",
    ),
    _cause(
        r"(?:LaunchMsi|msiexec|MSI)\b.*\b16(?:03|01)\b",
        "Windows Installer gave up on a package of VMM.",
        "Read the package's own log beside SetupWizard.log: the first line with `Return value 3` is where it failed.",
    ),
    _cause(
        r"HostAgentBadSharePathname|\(2917\)",
        "Setup cannot reach this computer by its own name: `-SCVMM-` in the name is reserved, or WinRM to itself "
        "or its HTTP SPN is broken.",
        "Rename a server that has -SCVMM- in its name; otherwise run `winrm quickconfig` and look for a wrong holder "
        "of HTTP/<name> with `setspn -Q HTTP/<name>`.",
    ),
    _cause(
        r"HostAgentWSManError|\(2927\)",
        "WinRM on this node does not answer setup's request to itself.",
        "Run `Test-WSMan <full name of the node>` on the node and mend what it says (winrm quickconfig, a group policy "
        "with an empty IPv4Filter, a wrong HTTP SPN); NOD-14 of `vmm-wizard check` says which.",
    ),
    _cause(
        r"EnumValueName|SerializationException",
        "The database was changed by a newer update of VMM than the setup media has.",
        "Use media of the same update level, or a new database.",
    ),
    _cause(
        r"resource group .* failed|ClusterRole|cluster resource|network name resource|\b(?:1069|1194|1196|1205)\b",
        "The cluster could not make VMM's role: the cluster's computer object may not create the role's, an address or "
        "the name is taken, or DNS refused the record.",
        "Look at CLU-05, CLU-09, NAM-05 and NAM-06 of `vmm-wizard check`, and at the FailoverClustering event log.",
    ),
    _cause(
        r"server is not operational|8007203A",
        "No domain controller answered setup.",
        "See that a domain controller answers the node (`nltest /dsgetdc:<domain>` there), clean up what setup has "
        "left, and start again.",
    ),
    _cause(
        r"ServiceNotStarted|SCVMMService\b.*(?:did|does|could) not start",
        "VMM's service was installed and did not start: as a rule its database, its account's right to log on as a "
        "service, or a domain controller is missing.",
        "Look at the events of Service Control Manager (7000, 7009, 7038, 7041) on the node, and at SQL-01, ACC-05 and "
        "NOD-08 of `vmm-wizard check`; then clean up what setup has left, and start again.",
    ),
    _cause(
        r"DkmContainerNotFound|TopContainer.*not|no such object",
        "The DKM container does not exist where the plan says.",
        "Create it with `New-ADObject -Type container`, or correct dkm.container.",
    ),
    _cause(
        r"Dkm\w*Denied|(?:DKM|container).*denied|INSUFF_ACCESS_RIGHTS|insufficient access rights",
        "The installing account lacks Full Control of the DKM container and everything below it.",
        "Grant it on the container for this object and all descendant objects; DKM-02 of `vmm-wizard check` says how.",
    ),
    _cause(
        r"role sysadmin|CREATE DATABASE permission|SqlPermission|\b(?:18456|262|229):",
        "The account that setup uses in SQL Server is not sysadmin there.",
        "Add it to the sysadmin role, or give database.admin_account; SQL-02 of `vmm-wizard check` says how.",
    ),
    _cause(
        r"network-related or instance-specific|SqlNotFound|was not found or was not accessible",
        "SQL Server cannot be reached from the node by that name, instance and port.",
        "Look at SQL-01 of `vmm-wizard check`: firewall, SQL Browser, or database.port.",
    ),
    _cause(
        r"database .*(?:already exists|exists already)",
        "The database exists, and setup was told to make a new one.",
        "Set database.create_new to false to take it, or choose another database.name.",
    ),
    _cause(
        r"database .*does not exist",
        "The database does not exist, and setup was told to take an existing one.",
        "Set database.create_new to true, or correct database.name.",
    ),
    _cause(
        r"not in the Administrators group|NotAdministrator|not an administrator",
        "The service account is not a local administrator of this node.",
        "Run `Add-LocalGroupMember -SID S-1-5-32-544 -Member <service account>` on every node.",
    ),
    _cause(
        r"could not validate (?:the )?(?:service account|SQL administrator)",
        "Setup could not log on with the account's password.",
        "Correct the password (ACC-03 proves it with one try), and see that the account is not locked.",
    ),
    _cause(
        r"could not validate user",
        "The computer's name is longer than 15 characters, or there is no two-way trust.",
        "Rename the computer; NAM-04 of `vmm-wizard check` shows which.",
    ),
    _cause(
        r"(?<!not )installed on this computer already",
        "A VMM management server is on this node already.",
        "Leave the node out of the plan, or uninstall VMM there first.",
    ),
    _cause(
        r"We failed the prerequisite checks",
        "A prerequisite is missing; the lines above name it, and FullPrereq.xml in the same folder has all of them.",
        "Run `vmm-wizard check` and mend what fails for this node.",
    ),
    _cause(
        r"command line error",
        "Setup refused its command line or a value of its answer file.",
        "Compare VMServer.ini and command.txt of `vmm-wizard emit` with what the line says.",
    ),
)

#: For a line that means failure and has no known cause.
UNEXPLAINED = _cause(
    r"",
    "Setup reported a failure that has no known cause.",
    "Read the lines around it; the number in brackets is VMM's own error id.",
)


def is_failure(text: str) -> bool:
    """Whether a line (without its time) means that setup failed."""
    return any(pattern.search(text) for pattern in _FAILURES)


def is_warning(text: str) -> bool:
    """Whether a line says that setup went on without something that the admin must do by hand."""
    return bool(_WARNINGS.search(text))


def explain(text: str) -> Cause:
    """What is behind a line; `UNEXPLAINED` when nothing is known."""
    return next((cause for cause in _CAUSES if cause.pattern.search(text)), UNEXPLAINED)
