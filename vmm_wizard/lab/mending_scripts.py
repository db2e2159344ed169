"""What the scripts that mend a finding do on a simulated node."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vmm_wizard.lab.descriptors import BUILTIN_ADMINISTRATORS
from vmm_wizard.lab.run_scripts import Answer
from vmm_wizard.lab.script_parameters import ScriptError

if TYPE_CHECKING:
    from vmm_wizard.lab.node import Node
    from vmm_wizard.lab.winrm_shells import ShellSession
    from vmm_wizard.remote.bootstrap import ScriptRequest

_SID = re.compile(r"S-1-[0-9-]+")


def add_administrator(node: Node, request: ScriptRequest, session: ShellSession) -> Answer:
    """add-administrator.ps1: one principal more in the local group, by its SID; a member stays one."""
    sid = str(request.parameters["Sid"])
    if not _SID.fullmatch(sid):
        raise ScriptError("Cannot validate argument on parameter 'Sid'.")
    if not node.is_administrator(session.credential):
        raise ScriptError("Access denied.")
    if sid != BUILTIN_ADMINISTRATORS and node.directory.find_by_sid(sid) is None:
        raise ScriptError(f"Principal {sid} was not found.")
    was_member = sid in node.state.administrators
    if not was_member:
        node.state.administrators.add(sid)
        node.administrators_added.append(sid)
        node.changed()
    return {"was_member": was_member, "added": not was_member}
