"""What vmm-report.ps1 answers inside a task of a simulated node: what VMM's cmdlets would say to its account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmm_wizard.lab.logons import Credential
from vmm_wizard.lab.script_parameters import ScriptError
from vmm_wizard.lab.vmm import Vmm, VmmJob
from vmm_wizard.lab.wrapper import InsideWork
from vmm_wizard.remote.bootstrap import JSON

if TYPE_CHECKING:
    from vmm_wizard.lab.node import Node


def vmm_report(node: Node, work: InsideWork) -> dict[str, JSON]:
    """The script's answer. Raises ScriptError where VMM is not installed, does not answer, or refuses the account."""
    host, port = str(work.parameters["ServerName"]), work.parameters["Port"]
    if node.server is None:
        raise ScriptError("VMM is not installed on this node")
    work.say(f"connecting to {host}:{port}")
    group = node.estate.cluster.vmm_group()
    names = {group.name.casefold(), f"{group.name}.{node.estate.domain}".casefold()} if group else set()
    if group is None or group.state != "Online" or host.casefold() not in names or port != node.server.console_port:
        raise ScriptError(f"You cannot contact the Virtual Machine Manager management server {host}.")
    vmm = node.estate.vmm
    if not _is_administrator(node, vmm, work.task.account):
        raise ScriptError(f"You cannot access VMM management server {host}: {work.task.account.account} has no role")
    work.say(f"connected to {host}:{port}")
    owners = {other.computer_name for other in node.estate.nodes.values() if other.server is not None}
    return {
        "product_version": node.server.version,
        "active_node": group.owner,
        "failover_nodes": sorted(owners & set(group.possible_owners)),
        "running_jobs": [_job(job) for job in vmm.jobs("Running")],
        "failed_jobs": [_job(job) for job in vmm.jobs("Failed", "Canceled")],
        "administrators": list(vmm.administrators),
        "library_servers": sorted({share.server for share in vmm.shares}),
        "library_shares": [{"name": row.name, "path": row.path, "server": row.server} for row in vmm.shares],
        "errors": [],
    }


def _is_administrator(node: Node, vmm: Vmm, account: Credential) -> bool:
    members = {name.casefold() for name in vmm.administrators}
    if account.account.casefold() in members:
        return True
    groups = (node.directory.find_by_sid(sid) for sid in node.directory.token_groups(account.dn))
    return any(f"{node.directory.netbios}\\{row.text('sAMAccountName')}".casefold() in members for row in groups if row)


def _job(job: VmmJob) -> dict[str, JSON]:
    return {
        "id": job.id,
        "name": job.name,
        "owner": job.owner,
        "status": job.state,
        "progress": f"{job.percent} %",
        "target": job.target,
        "started": job.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "restartable": job.restartable,
    }
