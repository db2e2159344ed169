"""What the scripts do on a simulated node that move VMM's role, restart Windows, and keep the lock of a run."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

from vmm_wizard.lab.cluster import FailoverCluster
from vmm_wizard.lab.run_scripts import Answer
from vmm_wizard.lab.script_parameters import ScriptError
from vmm_wizard.lab.setup_machine import RoleRefused

if TYPE_CHECKING:
    from vmm_wizard.lab.node import Node
    from vmm_wizard.lab.winrm_shells import ShellSession
    from vmm_wizard.remote.bootstrap import ScriptRequest

#: Estate seconds that VMM's role takes to stop on one node and to start on another, and that a restart takes.
MOVE_SECONDS = 90.0
RESTART_SECONDS = 180.0
#: How shutdown.exe ends where a restart is on its way already (ERROR_SHUTDOWN_IS_SCHEDULED).
ALREADY_SCHEDULED = 1190

_REASON = re.compile(r"[A-Za-z0-9 .,:()_-]{0,200}")


def _cluster(node: Node, session: ShellSession) -> FailoverCluster:
    """The node's cluster, for an administrator. Raises ScriptError."""
    if node.role_cluster is None:
        raise ScriptError("The cluster service is not running. Make sure that the service is running on all nodes")
    if not node.is_administrator(session.credential):
        raise ScriptError("You do not have administrative privileges on the cluster.")
    return node.role_cluster


def move_role(node: Node, request: ScriptRequest, session: ShellSession) -> Answer:
    """move-role.ps1: begin to move, and tell owner and state."""
    cluster = _cluster(node, session)
    role, target = str(request.parameters["Role"]), str(request.parameters["Node"])
    answer: Answer = {"owner_before": "", "owner": "", "state": "", "begun": False, "refused": ""}
    found = cluster.group(role)
    if found is None:
        return answer | {"refused": f"the cluster has no role {role}"}
    if found is not cluster.vmm_group():
        return answer | {"refused": f"the role {role} does not run VMM"}
    answer["owner_before"] = found.owner
    if target and found.owner.casefold() != target.casefold():
        try:
            cluster.begin_move(role, target)
        except RoleRefused as refused:
            answer["refused"] = str(refused)
        else:
            answer["begun"] = True
            threading.Thread(target=_finish, args=(node, cluster, role), name=f"move {role}", daemon=True).start()
    return answer | {"owner": found.owner, "state": found.state}


def _finish(node: Node, cluster: FailoverCluster, role: str) -> None:
    if not node.clock.wait(MOVE_SECONDS, node.estate.stop):
        cluster.finish_move(role)


def restart_node(node: Node, request: ScriptRequest, session: ShellSession) -> Answer:
    """restart-node.ps1: when Windows began, and a restart in some seconds."""
    reason, delay = str(request.parameters["Reason"]), request.parameters["DelaySeconds"]
    if not _REASON.fullmatch(reason) or not isinstance(delay, int) or not 1 <= delay <= 600:
        raise ScriptError("Cannot validate argument on parameter 'Reason' or 'DelaySeconds'.")
    code: int | None = None
    if request.parameters["Restart"]:
        if not node.is_administrator(session.credential):
            raise ScriptError("Access is denied.")
        code = 0 if node.power.restart_in(delay, RESTART_SECONDS) else ALREADY_SCHEDULED
    return {"boot_time": node.power.boot_time.strftime("%Y-%m-%dT%H:%M:%SZ"), "exit_code": code}


def cluster_lock(node: Node, request: ScriptRequest, session: ShellSession) -> Answer:
    """cluster-lock.ps1: compare, and write or take away."""
    cluster = _cluster(node, session)
    action, lock, seen = (str(request.parameters[name]) for name in ("Action", "Lock", "Seen"))
    if action not in ("read", "take", "clear"):
        raise ScriptError("Cannot validate argument on parameter 'Action'.")
    before, done = cluster.run_lock, False
    if action == "take" and lock:
        done = cluster.change_lock(lock, ("", seen, lock))
    elif action == "clear" and seen:
        done = bool(before) and cluster.change_lock("", (seen,))
    return {"before": before, "after": cluster.run_lock, "done": done}


#: By script name: what each does on a node.
ROLE_SCRIPTS = {"move-role": move_role, "restart-node": restart_node, "cluster-lock": cluster_lock}
