"""The runbook of an install by hand: a numbered folder a node with its answer file, a script and the steps to take.

For where no task may keep a password (DisableDomainCreds, Protected Users), and for a change board. Nothing in it is
secret: the script asks for the passwords on the node.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib import resources

from vmm_wizard.plan.model import Plan
from vmm_wizard.report.runbook_text import node_steps, overview
from vmm_wizard.setup.command import SetupCommand, server_install
from vmm_wizard.setup.emit import folder_name
from vmm_wizard.setup.ini import SERVER_INI, render_server_ini, server_options
from vmm_wizard.setup.lint import lint
from vmm_wizard.setup.profile import read_private_profile

SCRIPT, JOB, README = "run-setup.ps1", "setup.json", "README.md"


def runbook_files(plan: Plan, answers: str) -> Mapping[str, bytes]:
    """The files by their relative paths, in the order in which they are read: README.md, then `01-<node>/...`.

    `answers` is the answer file's name, for the commands in the text. Raises ValueError with one sentence when the plan
    is not complete, the licence terms are not accepted, or a value cannot be carried.
    """
    if not plan.cluster.nodes:
        raise ValueError("not answered yet: cluster.nodes")
    folders = node_folders(plan)
    files = {README: _text(overview(plan, answers, folders))}
    for place, folder in enumerate(folders):
        ini = _answer_file(plan, first=place == 0)
        command = server_install(plan, SERVER_INI)
        files |= {
            f"{folder}/{README}": _text(node_steps(plan, answers, folders, place, command.secret_accounts)),
            f"{folder}/{SERVER_INI}": ini,
            f"{folder}/{JOB}": _job(plan, place, command, ini),
            f"{folder}/{SCRIPT}": script_bytes(),
        }
    return files


def node_folders(plan: Plan) -> tuple[str, ...]:
    """The folders of the nodes in the order of installation: `01-vmm01`, `02-vmm02`, ...

    Raises ValueError when a node's name cannot be part of the name of a folder.
    """
    return tuple(f"{place:02}-{folder_name(node)}" for place, node in enumerate(plan.cluster.nodes, 1))


def script_bytes() -> bytes:
    """run-setup.ps1 as Windows keeps text: the same for every node, whatever differs is in setup.json."""
    text = (resources.files("vmm_wizard.setup") / "scripts" / SCRIPT).read_text(encoding="ascii")
    return _text(text)


def _answer_file(plan: Plan, *, first: bool) -> bytes:
    """VMServer.ini, proved to be read back as it was meant. Raises ValueError with the first thing that is not."""
    data = render_server_ini(plan, first=first)
    if dict(read_private_profile(data)) != server_options(plan, first=first):
        raise ValueError(f"{SERVER_INI} would not be read back as it was written")
    findings = lint(data, SERVER_INI)
    if findings:
        raise ValueError(f"{SERVER_INI}: {findings[0]}")
    return data


def _job(plan: Plan, place: int, command: SetupCommand, ini: bytes) -> bytes:
    """What the script is told: whose computer, which program and arguments; places for passwords, and none itself."""
    template: list[object] = [
        {"kind": "secret", **word} if isinstance(word, dict) else word for word in command.argument_template()
    ]
    template[template.index("/f") + 1] = {"kind": "answer_file"}
    document = {
        "computer": plan.cluster.nodes[place].label.upper()[:15],
        "account": str(plan.installing_account),
        "program": command.program,
        "shown": command.masked(),
        "answer_file": SERVER_INI,
        "answer_file_sha256": base64.b64encode(hashlib.sha256(ini).digest()).decode(),
        "secret_accounts": [str(account) for account in command.secret_accounts],
        "arguments": template,
    }
    # Plain ASCII: Windows PowerShell 5.1 reads it alike in every code page.
    return _text(json.dumps(document, indent=2) + "\n")


def _text(text: str) -> bytes:
    """UTF-8 with the line ends that the editors of every Windows show."""
    return text.replace("\n", "\r\n").encode()
