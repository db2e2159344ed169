"""What a command line sent over WinRM finds on a simulated node: our own scripts, and a few words of greeting.

No PowerShell is interpreted: a script is known by its whole text, and what it would answer on a node in this state is
computed. A script that the estate does not know is refused.

A session is a network logon: what a command needs from another computer is refused (double hop). That user-scope DPAPI
fails in one, too, is not simulated: no script of ours uses it, and a script of somebody else's is not run.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from vmm_wizard.lab.directory_search import directory_search
from vmm_wizard.lab.files import DiskFull
from vmm_wizard.lab.library_report import library_facts
from vmm_wizard.lab.mending_scripts import add_administrator
from vmm_wizard.lab.moments import VERIFY, Moment
from vmm_wizard.lab.node_network import list_neighbors
from vmm_wizard.lab.node_report import node_facts
from vmm_wizard.lab.role_scripts import ROLE_SCRIPTS
from vmm_wizard.lab.run_scripts import RUN_SCRIPTS, Answer
from vmm_wizard.lab.script_parameters import ScriptError, bind
from vmm_wizard.lab.setup_run import orphaned_setup
from vmm_wizard.lab.winrm_shells import CommandResult, SessionCancelled, ShellSession
from vmm_wizard.lab.wsman_messages import clixml_errors
from vmm_wizard.remote import bootstrap

if TYPE_CHECKING:
    from vmm_wizard.lab.node import Node

Handler = Callable[["Node", bootstrap.ScriptRequest, ShellSession], Answer]


def _of_run(node: Node, request: bootstrap.ScriptRequest, _session: ShellSession) -> Answer:
    return node.run_script(request)


#: How the ids of rehearsals begin.
_REHEARSAL = "rehearsal-"

#: A command line that starts setup, from cmd.exe or from PowerShell.
_SETUP = re.compile(r"""\s*(&\s*)?(?:"[^"]*setup\.exe"|'[^']*setup\.exe'|\S*setup\.exe)(\s|$)""", re.IGNORECASE)

_POWERSHELL = re.compile(r"(?:^|[\\\"])(?:powershell|pwsh)(?:\.exe)?\"?$", re.IGNORECASE)

#: Commands that need credentials on another computer, and what a network logon without them meets.
_SECOND_HOPS = (
    (re.compile(r"dir\s+\"?\\\\(?P<host>[\w.-]+)\\", re.IGNORECASE), "Access is denied."),
    (re.compile(r"net\s+(?:user|group)\s.*/domain$", re.IGNORECASE), "System error 5 has occurred."),
    (
        re.compile(r"sqlcmd\s(?!.*\s-U\s).*-S\s+(?:tcp:)?(?P<host>[\w.-]+)", re.IGNORECASE),
        "Login failed for user 'NT AUTHORITY\\ANONYMOUS LOGON'.",
    ),
)

#: Every script that a node answers, by its name.
HANDLERS: Mapping[str, Handler] = {
    "add-administrator": add_administrator,
    "directory-search": directory_search,
    "list-neighbors": list_neighbors,
    "library-facts": library_facts,
    "node-facts": node_facts,
    **ROLE_SCRIPTS,
    **dict.fromkeys(RUN_SCRIPTS, _of_run),
}


def answer_command(node: Node, command: str, arguments: list[str], session: ShellSession) -> CommandResult:
    """What a command line comes to on this node."""
    line = " ".join([command, *arguments]).strip()
    if line == " ".join([bootstrap.PROGRAM, *bootstrap.arguments()]):
        return _run_script(node, session)
    encoded = _encoded_text(line.split())
    text = line if encoded is None else encoded
    if _SETUP.match(text):
        return _start_setup(node, session)
    return _greeting(node, text, session)


def _run_script(node: Node, session: ShellSession) -> CommandResult:
    mode = node.state.language_mode
    if mode != "FullLanguage":
        return CommandResult(f'{{"languageMode":"{mode}"}}\r\n'.encode(), exit_code=3)
    try:
        request = bootstrap.read_stdin(session.stdin())
    except ValueError as error:
        return _refused(str(error))
    handler = HANDLERS.get(request.name)
    if handler is None or bootstrap.load_script(request.name).text != request.text:
        return _refused(f"this node knows no script {request.name!r} of this text")
    node.scripts.append(request.name)
    _reached(node, "script", request, session)
    try:
        bind(request.text, request.parameters)
        document: Mapping[str, bootstrap.JSON] = {"result": handler(node, request, session)}
    except ScriptError as error:
        document = {
            "error": {"message": str(error), "type": "System.Management.Automation.RuntimeException", "line": 1}
        }
    except DiskFull as full:
        document = {"error": {"message": full.called, "type": "MethodInvocationException", "line": 1}}
    _reached(node, "after script", request, session)
    return CommandResult(node.wire.spoiled(bootstrap.write_answer(document)))


def _reached(
    node: Node, kind: Literal["script", "after script"], request: bootstrap.ScriptRequest, session: ShellSession
) -> None:
    """Say how far a script is. Raises SessionCancelled when that has ended the session."""
    run_id = str(request.parameters.get("RunId", ""))
    node.reached(Moment(kind, request.name, of_run=bool(run_id) and not run_id.startswith(_REHEARSAL)))
    if kind == "script" and request.name == "node-facts" and node.server is not None:
        node.reached(VERIFY)
    if session.cancelled.is_set():
        raise SessionCancelled


def _start_setup(node: Node, session: ShellSession) -> CommandResult:
    """Setup that lives in a WinRM session never ends, and leaves its processes behind (G25)."""
    orphaned_setup(node, session.cancelled)
    return CommandResult(exit_code=1)


def _refused(text: str) -> CommandResult:
    return CommandResult(b"", clixml_errors(f"the practice estate: {text}"), 1)


def _encoded_text(words: list[str]) -> str | None:
    """The PowerShell text behind -EncodedCommand, or None when there is none."""
    if not words or not _POWERSHELL.search(words[0]):
        return None
    for number, word in enumerate(words[:-1]):
        if re.fullmatch(r"-e(?:c|nc|ncodedcommand)?", word, re.IGNORECASE):
            try:
                return base64.b64decode(words[number + 1], validate=True).decode("utf-16-le")
            except (binascii.Error, UnicodeDecodeError):
                return ""
    return None


def _second_hop(node: Node, text: str) -> str:
    """Why another computer refuses this command, or an empty text when it needs none."""
    for pattern, refusal in _SECOND_HOPS:
        found = pattern.match(text)
        host = found.groupdict().get("host") if found else None
        if found and (host or "").partition(".")[0].casefold() != node.computer_name.casefold():
            return refusal
    return ""


def _greeting(node: Node, text: str, session: ShellSession) -> CommandResult:
    """The few commands by which foreign clients say hello (`hostname`, `whoami`, `echo`, `exit N`)."""
    said = text.strip().rstrip(";").strip()
    lowered = said.casefold()
    if lowered == "hostname":
        return CommandResult(f"{node.computer_name}\r\n".encode())
    if lowered == "whoami":
        return CommandResult(f"{session.credential.account.casefold()}\r\n".encode())
    if lowered.startswith("echo "):
        return CommandResult(f"{said[5:].strip()}\r\n".encode())
    if "$psversiontable" in lowered:
        return CommandResult(f"{node.state.powershell_version}\r\n".encode())
    code = re.search(r"\bexit\s+(\d{1,5})\s*$", lowered)
    if code:
        return CommandResult(b"", b"", int(code[1]))
    refusal = _second_hop(node, said)
    if refusal:
        return CommandResult(b"", f"{refusal}\r\n".encode(), 1)
    program = said.split(" ", 1)[0]
    return CommandResult(
        b"",
        f"'{program}' is not recognized as an internal or external command,\r\n"
        "operable program or batch file.\r\n".encode(),
        1,
    )
