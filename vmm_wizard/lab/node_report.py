"""What node-facts.ps1 answers on a simulated node: the keys of NodeFacts, from the node's state."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from vmm_wizard.lab.cluster import FailoverCluster
from vmm_wizard.lab.cluster_report import address_probes, health, validation
from vmm_wizard.lab.node_settings import settings_report
from vmm_wizard.lab.policy import policy_report
from vmm_wizard.lab.run_scripts import LOG, Answer
from vmm_wizard.lab.setup_machine import InstalledServer, SqlSettings
from vmm_wizard.lab.winrm_shells import ShellSession
from vmm_wizard.remote.bootstrap import JSON, ScriptRequest

if TYPE_CHECKING:
    from vmm_wizard.lab.node import Node

_RIGHTS = {
    "service_logon": "SeServiceLogonRight",
    "deny_service_logon": "SeDenyServiceLogonRight",
    "batch_logon": "SeBatchLogonRight",
    "deny_batch_logon": "SeDenyBatchLogonRight",
    "deny_network_logon": "SeDenyNetworkLogonRight",
}
_PORTS = ("console", "winpe_https", "wds", "winpe_http", "winrm", "bits")
_MOST_LOG_LINES = 20
_LONGEST_LOG_LINE = 300
#: Files of the Windows System Image Manager in the kit.
_WSIM_FILES = 24
_FOR_ADMINISTRATORS = (
    *(
        "secure_channel",
        "administrators",
        "rights",
        "policy",
        "validation",
        "shell",
        "app_control",
        "installer_busy",
        "consoles",
        "staged",
    ),
)
#: What a reader without administrator rights meets.
_DENIED = [
    *(f"{part}: Access is denied." for part in _FOR_ADMINISTRATORS),
    "tasks: only an administrator sees all tasks",
]
#: What the service manager keeps from him.
_SERVICE_DENIED = "vmm: the service manager does not show SCVMMService"


def node_facts(node: Node, request: ScriptRequest, session: ShellSession) -> Answer:
    """All facts of the node as the script's caller sees them: user rights and members need an administrator."""
    parameters = request.parameters
    state = node.state
    is_administrator = node.is_administrator(session.credential)
    is_hidden = node.server is not None and not is_administrator
    cluster, cluster_error = _own_cluster(node, is_administrator)
    return {
        "language_mode": state.language_mode,
        "computer_name": node.computer_name,
        "pending_computer_name": state.pending_computer_name or node.computer_name,
        "host_name": state.host_name or node.computer_name.lower(),
        "dns_host_name": f"{state.host_name}.{node.estate.domain}" if state.host_name else node.dns_name,
        "user": session.credential.account,
        "is_administrator": is_administrator,
        "part_of_domain": state.part_of_domain,
        "domain": node.estate.domain if state.part_of_domain else "WORKGROUP",
        "secure_channel": state.secure_channel if is_administrator else None,
        "os_caption": state.os_caption,
        "os_build": state.os_build,
        "product_type": state.product_type,
        "installation_type": state.installation_type,
        "ui_culture": state.ui_culture,
        "culture": state.settings.culture,
        "logical_processors": state.logical_processors,
        "memory_bytes": state.memory,
        "system_drive": "C:",
        "disks": [{"drive": disk.drive, "free_bytes": disk.free, "size_bytes": disk.size} for disk in state.disks],
        "dotnet_release": state.dotnet_release,
        "powershell_version": state.powershell_version,
        "adk": {
            "root": state.adk.root,
            "version": state.adk.version if state.adk.root else "",
            "deployment_tools": bool(state.adk.root) and state.adk.deployment_tools,
            "windows_pe": bool(state.adk.root) and state.adk.windows_pe,
            "wsim_files": _WSIM_FILES if state.adk.root else 0,
            "wsim_uncopied": 0 if state.adk.wsim_copied or not state.adk.root else _WSIM_FILES,
        },
        "reboot": {
            "component_servicing": state.pending_component_servicing,
            "windows_update": state.pending_windows_update,
            "file_renames": state.pending_file_renames,
            "computer_rename": state.pending_computer_name not in ("", node.computer_name),
        },
        "hyperv_feature": state.hyperv_feature,
        "hyperv_service": state.hyperv_service,
        "agent_installed": state.agent or node.server is not None,
        "vmm": None if is_hidden else _vmm(node, parameters),
        "remains": _remains(node, str(parameters["ProgramFiles"])),
        "administrators": _administrators(node) if is_administrator else None,
        "rights": {field: list(state.rights.get(right, [])) for field, right in _RIGHTS.items()}
        if is_administrator
        else None,
        "disable_domain_creds": state.disable_domain_creds,
        "policy": policy_report(state.policy) if is_administrator else None,
        "media": _media(node, str(parameters["MediaPath"])),
        "sql": _sql(node, parameters),
        "cluster": _cluster(cluster) if cluster else None,
        "cluster_error": cluster_error,
        "adapters": _adapters(node, cluster),
        "address_probes": address_probes(node, parameters["StaticAddresses"]),
        "validation": validation(node) if is_administrator else None,
        **settings_report(node, parameters, is_administrator),
        "setup_processes": list(node.processes.names),
        "tasks": [name for name in node.scheduler.names() if name.startswith("vmm-wizard")]
        if is_administrator
        else None,
        "utc_time": (node.now() + timedelta(seconds=state.settings.clock_ahead)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "unreadable": _unreadable(node, is_administrator, is_hidden),
    }


def _unreadable(node: Node, is_administrator: bool, is_hidden: bool) -> list[JSON]:
    if not is_administrator:
        return [*_DENIED, *([_SERVICE_DENIED] if is_hidden else [])]
    return [] if node.state.policy.logged else ["policy: Windows has not logged what group policy did (RSoP)"]


def _own_cluster(node: Node, is_administrator: bool) -> tuple[FailoverCluster | None, str]:
    """What Get-Cluster without a name answers, or what Windows says instead."""
    if not node.state.cluster_tools:
        return None, "The specified module 'FailoverClusters' was not loaded: no valid module file was found."
    if node.role_cluster is None:
        return None, "The cluster service is not running on this computer."
    if not is_administrator:
        return None, "You do not have administrative privileges on the cluster."
    return node.role_cluster, ""


def _administrators(node: Node) -> list[JSON]:
    rows: list[JSON] = []
    for sid in sorted(node.state.administrators):
        entry = node.directory.find_by_sid(sid)
        name = f"{node.directory.netbios}\\{entry.text('sAMAccountName')}" if entry else ""
        rows.append({"sid": sid, "name": name})
    return rows


def _vmm(node: Node, parameters: Mapping[str, JSON]) -> JSON:
    server = node.server
    if server is None:
        return None
    log = node.files.read(LOG)
    patterns = parameters["FailurePatterns"]
    assert isinstance(patterns, list)
    wanted = [str(pattern).casefold() for pattern in patterns]
    lines = (log or b"").decode("utf-8", "replace").splitlines()
    failures = [
        line.strip()[:_LONGEST_LOG_LINE] for line in lines if any(pattern in line.casefold() for pattern in wanted)
    ]
    return {
        "install_path": server.install_path.rstrip("\\"),
        "version": server.version,
        "service_state": node.service_state,
        "service_account": server.service_account,
        "service_principal_names": server.principal_names,
        **_sql_registry(node, server),
        "sql_database": server.sql_database,
        "ports": dict(zip(_PORTS, server.ports or (server.console_port, 8101, 8102, 8103, 5985, 443), strict=True)),
        "log_exists": log is not None,
        "log_failures": list(failures[-_MOST_LOG_LINES:]),
    }


def _sql_registry(node: Node, server: InstalledServer) -> dict[str, JSON]:
    """What the registry says of the database, and the script makes of it."""
    label = server.sql_machine.partition(".")[0]
    found = server.sql_settings or SqlSettings(
        server.sql_machine,
        f"{label}.{node.estate.domain}",
        server.sql_instance,
        f"{label}\\{server.sql_instance}" if server.sql_instance else label,
    )
    instance = found.instance_name.rpartition("\\")[2]
    same = instance.partition(".")[0].casefold() == found.machine_name.partition(".")[0].casefold()
    return {
        "sql_machine": found.machine_name or found.machine_fqdn,
        "sql_instance": "" if same else instance,
        "sql_settings": {
            "machine_name": found.machine_name,
            "machine_fqdn": found.machine_fqdn,
            "instance_name": found.instance_name,
            "server": found.server,
            "multi_subnet": found.multi_subnet,
        },
    }


def _remains(node: Node, folder: str) -> JSON:
    """The folder of the program files, and the products: a server that was killed half way has files and no product."""
    products = []
    if node.server is not None:
        products.append("Microsoft System Center Virtual Machine Manager Server")
    if node.console is not None:
        products.append("Microsoft System Center Virtual Machine Manager Administrator Console")
    return {
        "folder": node.files.has_folder(folder),
        "products": [{"name": name, "uninstall": f"MsiExec.exe /X{_product_code(name)}"} for name in products],
    }


def _product_code(name: str) -> str:
    return f"{{{uuid.uuid5(uuid.NAMESPACE_DNS, name)}}}".upper()


def _media(node: Node, path: str) -> JSON:
    media = node.state.media
    report: dict[str, JSON] = {
        "path": path,
        "kind": "missing",
        "exists": False,
        "product_version": "",
        "sha256": "",
        "blocked": False,
    }
    if path.startswith(("\\\\", "//")):
        # A share is a second hop: nobody looks there from a network logon.
        return report | {"kind": "network"}
    if path[:2].casefold() not in {disk.drive.casefold() for disk in node.state.disks}:
        return report
    report["kind"] = media.kind
    if (
        media.kind == "network"
        or not media.exists
        or path.rstrip("\\").casefold() != media.path.rstrip("\\").casefold()
    ):
        return report
    return report | {
        "exists": True,
        "product_version": media.version,
        "sha256": media.sha256,
        "blocked": media.blocked,
    }


def _sql(node: Node, parameters: Mapping[str, JSON]) -> JSON:
    host, instance, given = str(parameters["SqlHost"]), str(parameters["SqlInstance"]), parameters["SqlPort"]
    assert isinstance(given, int)
    if not host:
        return {"host": host, "port": given, "open": False, "error": "not asked"}
    port = given
    if instance and not given:
        found = node.instance_port(host, instance)
        if not found:
            return {"host": host, "port": 0, "open": False, "error": "SQL Browser did not answer (timed out)"}
        port = found
    port = port or 1433
    error = node.can_connect(host, port)
    return {"host": host, "port": port, "open": not error, "error": error}


def _cluster(cluster: FailoverCluster) -> JSON:
    kinds = {"IP Address": "address", "IPv6 Address": "address", "Network Name": "name"}
    resources = [(group, resource) for group in cluster.groups for resource in group.resources]
    return {
        "name": cluster.name,
        "domain": cluster.domain,
        "access_point": cluster.access_point,
        "witness": cluster.witness,
        "nodes": [{"name": row.name, "state": row.state, "status": row.status} for row in cluster.members],
        "groups": [
            {"name": row.name, "kind": row.kind, "state": row.state, "owner": row.owner} for row in cluster.groups
        ],
        "services": [
            {
                "name": row.name,
                "group": group.name,
                "service_name": row.value,
                "state": row.state,
                "possible_owners": list(group.possible_owners),
                "preferred_owners": list(group.preferred_owners),
            }
            for group, row in resources
            if row.kind == "Generic Service"
        ],
        "addresses": [
            {"name": row.name, "group": group.name, "kind": kinds[row.kind], "value": row.value, "state": row.state}
            for group, row in resources
            if row.kind in kinds
        ],
        "networks": [{"name": row.name, "role": row.role, "subnets": [str(row.subnet)]} for row in cluster.networks],
        **health(cluster),
    }


def _adapters(node: Node, cluster: FailoverCluster | None) -> JSON:
    if cluster is None:
        return []
    return [
        {"network": network.name, "address": node.addresses[network.name], "dhcp": network.dhcp}
        for network in cluster.networks
        if network.name in node.addresses
    ]
