"""The runbook of an install by hand: a numbered folder a node with its answer file, a script and the steps to take.

For where no task may keep a password (DisableDomainCreds, Protected Users), and for a change board. Nothing in it is
secret: the script asks for the passwords on the node.
"""

from __future__ import annotations

from collections.abc import Mapping

from vmm_wizard.plan.model import Plan
from vmm_wizard.report.runbook_text import node_steps, overview
from vmm_wizard.setup.by_hand import JOB, SCRIPT, answer_file, job_bytes, script_bytes, windows_text
from vmm_wizard.setup.command import server_install
from vmm_wizard.setup.emit import folder_name
from vmm_wizard.setup.ini import SERVER_INI
from vmm_wizard.texts import text

README = "README.md"


def runbook_files(plan: Plan, answers: str) -> Mapping[str, bytes]:
    """The files by their relative paths, in the order in which they are read: README.md, then `01-<node>/...`.

    `answers` is the answer file's name, for the commands in the text. Raises ValueError with one sentence when the plan
    is not complete, the licence terms are not accepted, or a value cannot be carried.
    """
    if not plan.cluster.nodes:
        raise ValueError(text("reports.runbook.no_nodes"))
    folders = node_folders(plan)
    files = {README: windows_text(overview(plan, answers, folders))}
    for place, folder in enumerate(folders):
        ini = answer_file(plan, first=place == 0)
        command = server_install(plan, SERVER_INI)
        files |= {
            f"{folder}/{README}": windows_text(node_steps(plan, answers, folders, place, command.secret_accounts)),
            f"{folder}/{SERVER_INI}": ini,
            f"{folder}/{JOB}": job_bytes(plan, plan.cluster.nodes[place], ini),
            f"{folder}/{SCRIPT}": script_bytes(),
        }
    return files


def node_folders(plan: Plan) -> tuple[str, ...]:
    """The folders of the nodes in the order of installation: `01-vmm01`, `02-vmm02`, ...

    Raises ValueError when a node's name cannot be part of the name of a folder.
    """
    return tuple(f"{place:02}-{folder_name(node)}" for place, node in enumerate(plan.cluster.nodes, 1))
