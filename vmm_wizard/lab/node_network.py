"""What a simulated node has heard on its networks."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from vmm_wizard.lab.run_scripts import Answer
from vmm_wizard.lab.script_parameters import ScriptError

if TYPE_CHECKING:
    from vmm_wizard.lab.node import Node
    from vmm_wizard.lab.winrm_shells import ShellSession
    from vmm_wizard.remote.bootstrap import ScriptRequest


def list_neighbors(node: Node, request: ScriptRequest, session: ShellSession) -> Answer:  # noqa: ARG001
    """list-neighbors.ps1: the other nodes of the cluster, and who else was heard; multicast entries never go away."""
    family = str(request.parameters["AddressFamily"])
    if family not in ("IPv4", "IPv6"):
        raise ScriptError("Cannot validate argument on parameter 'AddressFamily'.")
    others = (other for other in node.estate.nodes.values() if other is not node)
    heard = {*node.state.neighbors, *(address for other in others for address in other.addresses.values())}
    version = 4 if family == "IPv4" else 6
    found = sorted(text for text in heard if ipaddress.ip_address(text).version == version)
    return {"neighbors": [*found, "224.0.0.22" if version == 4 else "ff02::16"]}
