"""VMServer.ini, VMClient.ini and VMServerUninstall.ini: what setup.exe is told by `/f` (facts sheet, section 2)."""

from __future__ import annotations

from vmm_wizard.plan.model import Plan, Registration
from vmm_wizard.plan.names import HostName
from vmm_wizard.setup.profile import SECTION, ProfileSection, read_private_profile, render_profile
from vmm_wizard.texts import text

__all__ = [
    "CLIENT_INI",
    "SECTION",
    "SERVER_INI",
    "UNINSTALL_INI",
    "ProfileSection",
    "client_options",
    "is_first_node",
    "read_private_profile",
    "render_client_ini",
    "render_server_ini",
    "render_server_ini_for",
    "render_uninstall_ini",
    "server_options",
    "uninstall_options",
]

#: File names as on the media (INST).
SERVER_INI = "VMServer.ini"
CLIENT_INI = "VMClient.ini"
UNINSTALL_INI = "VMServerUninstall.ini"

#: What setup takes for the default instance; without the key it would look for MICROSOFT$VMM$ (INST, PHX).
DEFAULT_INSTANCE = "MSSQLSERVER"
#: The port that needs no `SqlServerPort` (PHX).
DEFAULT_SQL_PORT = 1433


def server_options(plan: Plan, *, first: bool) -> dict[str, str]:
    """The keys of VMServer.ini in the order they are written, for the `first` node or an additional one (2.2, 2.3).

    Whatever the documentation gives a default for is written out, because setup falls back to its own silently. The
    four library keys are left out on every node of a highly available server (DSC, HASRV). Raises ValueError with one
    sentence when an answer that setup needs is not there yet.
    """
    _require_answers(plan)
    options = _registration_options(plan.registration)
    options["ProgramFiles"] = plan.program_files
    options |= _database_options(plan, first=first)
    options |= {name: str(port) for name, port in plan.ports.named()}
    # The account itself is on the command line; 0 says that it is not LocalSystem, which HA refuses (SVC).
    options["VmmServiceLocalAccount"] = "0"
    options["TopContainerName"] = str(plan.dkm.dn)
    options["HighlyAvailable"] = "1"
    # Undocumented, but in setup's key list (PHX). On the first node "absent" and 0 mean the same (2.3); 0 is written
    # because a key that is left out can be misspelt without anybody seeing it.
    options["HighlyAvailable2ndNode"] = _flag(not first)
    options["VmmServerName"] = str(plan.cluster.role_name)
    if plan.cluster.static_addresses:
        options["VMMStaticIPAddress"] = ",".join(map(str, plan.cluster.static_addresses))
    # Setup's default is 1: it would change an older schema that it finds. A fresh install never wants that (EALES).
    options["Upgrade"] = "0"
    return options


def _require_answers(plan: Plan) -> None:
    missing = plan.missing()
    if missing:
        raise ValueError(text("setup_files.ini.missing", answers=", ".join(missing)))


def _registration_options(registration: Registration) -> dict[str, str]:
    default = Registration()
    options = {"ProductKey": registration.product_key} if registration.product_key else {}
    return options | {
        "UserName": registration.user_name or default.user_name,
        "CompanyName": registration.company_name or default.company_name,
        "SQMOptIn": _flag(registration.telemetry),
        "MUOptIn": _flag(registration.microsoft_update),
    }


def _database_options(plan: Plan, *, first: bool) -> dict[str, str]:
    database = plan.database
    target = database.target
    options = {
        # An additional node joins the database that the first one made (2.3).
        "CreateNewSqlDatabase": _flag(first and database.create_new),
        "SqlMachineName": target.host,
        # A listener takes no instance, and the key left out would mean MICROSOFT$VMM$ (AOTP, INST).
        "SqlInstanceName": "" if database.is_listener else target.instance or DEFAULT_INSTANCE,
        "SqlDatabaseName": database.name,
    }
    if target.port not in (0, DEFAULT_SQL_PORT):
        options["SqlServerPort"] = str(target.port)
    options["RemoteDatabaseImpersonation"] = _flag(plan.has_sql_admin)
    return options


def _flag(value: bool) -> str:
    return "1" if value else "0"


def is_first_node(plan: Plan, node: HostName) -> bool:
    """Whether `node` is the first that the plan names; raises ValueError for a node that it does not name."""
    wanted = node.qualified(plan.dns_domain).key
    keys = [known.key for known in plan.nodes]
    if wanted not in keys:
        raise ValueError(text("setup_files.ini.no_node", node=node))
    return keys[0] == wanted


def render_server_ini(plan: Plan, *, first: bool) -> bytes:
    """VMServer.ini as bytes for the first node or an additional one; raises ValueError with one sentence.

    Without any secret: setup takes those from the command line only (1.2).
    """
    return render_profile(server_options(plan, first=first))


def render_server_ini_for(plan: Plan, node: HostName) -> bytes:
    """VMServer.ini for a node by its place in the plan; raises ValueError with one sentence."""
    return render_server_ini(plan, first=is_first_node(plan, node))


def client_options(plan: Plan) -> dict[str, str]:
    """The keys of VMClient.ini: the console alone (2.4, CMDTP). `VmmServerForOpsMgrConfig` is documented as unused."""
    return {
        "ProgramFiles": plan.program_files,
        "IndigoTcpPort": str(plan.ports.console),
        "MUOptIn": _flag(plan.registration.microsoft_update),
    }


def render_client_ini(plan: Plan) -> bytes:
    """VMClient.ini as bytes; raises ValueError with one sentence for a value that cannot be carried."""
    return render_profile(client_options(plan))


def uninstall_options(
    plan: Plan, *, last_node: bool = False, remove_database: bool = False, force: bool = False
) -> dict[str, str]:
    """The keys of VMServerUninstall.ini (2.5, INST). The database is kept where setup's own default drops it.

    `remove_database` drops it, which breaks every other node: refused with ValueError unless this is the `last_node`.
    `force` goes on although setup cannot tell whether it is the last (database gone or unreadable).
    """
    if remove_database and not last_node:
        raise ValueError(text("setup_files.ini.database_needed"))
    return {
        "RemoteDatabaseImpersonation": _flag(plan.has_sql_admin),
        "RetainSqlDatabase": _flag(not remove_database),
        "ForceHAVMMUninstall": _flag(force),
    }


def render_uninstall_ini(
    plan: Plan, *, last_node: bool = False, remove_database: bool = False, force: bool = False
) -> bytes:
    """VMServerUninstall.ini as bytes; raises ValueError as `uninstall_options` does."""
    return render_profile(uninstall_options(plan, last_node=last_node, remove_database=remove_database, force=force))
