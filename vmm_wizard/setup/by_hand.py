"""What a person needs to start setup on a node: the answer file, what the script is told, and the script. No secret.

The script asks for the passwords on the node. Whatever differs between nodes is in setup.json.
"""

from __future__ import annotations

import base64
import hashlib
import json
from importlib import resources

from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import HostName
from vmm_wizard.setup.command import server_install
from vmm_wizard.setup.ini import SERVER_INI, render_server_ini, server_options
from vmm_wizard.setup.lint import lint
from vmm_wizard.setup.profile import read_private_profile
from vmm_wizard.texts import text

SCRIPT, JOB = "run-setup.ps1", "setup.json"


def script_bytes() -> bytes:
    """run-setup.ps1 as Windows keeps text: the same for every node."""
    return windows_text((resources.files("vmm_wizard.setup") / "scripts" / SCRIPT).read_text(encoding="ascii"))


def answer_file(plan: Plan, *, first: bool) -> bytes:
    """VMServer.ini, proved to be read back as it was meant. Raises ValueError with the first thing that is not."""
    data = render_server_ini(plan, first=first)
    if dict(read_private_profile(data)) != server_options(plan, first=first):
        raise ValueError(text("setup_files.by_hand.not_read_back", file=SERVER_INI))
    findings = lint(data, SERVER_INI)
    if findings:
        raise ValueError(f"{SERVER_INI}: {findings[0]}")
    return data


def job_bytes(plan: Plan, node: HostName, ini: bytes) -> bytes:
    """setup.json: whose computer, which program and arguments; places for passwords, and none itself."""
    command = server_install(plan, SERVER_INI)
    template: list[object] = [
        {"kind": "secret", **word} if isinstance(word, dict) else word for word in command.argument_template()
    ]
    template[template.index("/f") + 1] = {"kind": "answer_file"}
    document = {
        "computer": node.label.upper()[:15],
        "account": str(plan.installing_account),
        "program": command.program,
        "shown": command.masked(),
        "answer_file": SERVER_INI,
        "answer_file_sha256": base64.b64encode(hashlib.sha256(ini).digest()).decode(),
        "secret_accounts": [str(account) for account in command.secret_accounts],
        "arguments": template,
    }
    # Plain ASCII: Windows PowerShell 5.1 reads it alike in every code page.
    return windows_text(json.dumps(document, indent=2) + "\n")


def command_line(folder: str) -> str:
    """The line that starts the script in `folder` (its path on the node), for an elevated PowerShell.

    A script block is under no execution policy, so none has to be loosened; and a PowerShell of its own, for the script
    ends the one that it runs in.
    """
    quoted = folder.replace("'", "''")
    read = rf"[System.IO.File]::ReadAllText('{quoted}\{SCRIPT}')"
    return f"powershell.exe -NoProfile -Command \"& ([scriptblock]::Create({read})) -Folder '{quoted}'\""


def windows_text(text: str) -> bytes:
    """UTF-8 with the line ends that the editors of every Windows show."""
    return text.replace("\n", "\r\n").encode()
