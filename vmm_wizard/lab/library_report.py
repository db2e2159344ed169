"""The file server for a library as the practice estate has it, and what library-facts.ps1 answers there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vmm_wizard.lab.run_scripts import Answer
from vmm_wizard.lab.script_parameters import ScriptError

if TYPE_CHECKING:
    from vmm_wizard.lab.node import Node
    from vmm_wizard.lab.winrm_shells import ShellSession
    from vmm_wizard.remote.bootstrap import ScriptRequest

#: Full access to a share.
FULL = 0x1F01FF


@dataclass
class LibraryState:
    """What a file server is: `kind` is its cluster group's type, empty outside a cluster; its shares with who has full
    access (SIDs) by share name. `node`: the machine that owns the role."""

    kind: str = "FileServer"
    cluster: str = "FSCLU"
    node: str = "FSNODE1"
    shares: dict[str, list[str]] = field(default_factory=dict)


def library_facts(node: Node, request: ScriptRequest, session: ShellSession) -> Answer:
    """What the script says on this machine; only an administrator may ask a cluster."""
    state = node.library
    name = str(request.parameters["FileServer"])
    if state is None:
        raise ScriptError(f"{node.computer_name} is no file server of the practice estate")
    answer: Answer = {
        "computer_name": state.node if state.kind else node.computer_name,
        "cluster_name": "",
        "role": None,
        "shares": None,
        "error": "",
    }
    if not node.is_administrator(session.credential):
        return {**answer, "error": "You do not have administrative privileges on the cluster."}
    shares = [
        {"name": share, "path": f"F:\\{share}", "entries": [{"allow": True, "sid": s, "mask": FULL} for s in full]}
        for share, full in state.shares.items()
    ]
    if not state.kind:
        return {**answer, "shares": shares}  # type: ignore[dict-item]
    role = {"name": name, "kind": state.kind, "state": "Online"}
    return {**answer, "cluster_name": state.cluster, "role": role, "shares": shares}  # type: ignore[dict-item]
