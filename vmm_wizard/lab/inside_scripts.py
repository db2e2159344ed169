"""What the scripts do that run inside a task of a simulated node, with credentials of their own for other computers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from vmm_wizard.lab.prepare_script import prepare_node
from vmm_wizard.lab.vmm_report import vmm_report
from vmm_wizard.lab.wrapper import InsideWork
from vmm_wizard.remote.bootstrap import JSON

if TYPE_CHECKING:
    from vmm_wizard.lab.node import Node

#: By name: each raises ScriptError where the script would end in an error.
INSIDE_SCRIPTS: Mapping[str, Callable[[Node, InsideWork], dict[str, JSON]]] = {
    "prepare-node": prepare_node,
    "vmm-report": vmm_report,
}
