"""Nodes for tests of both ends of WinRM: a backend that answers a few commands, accounts, certificates."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.certificate_authority import CertificateAuthority
from vmm_wizard.lab.logons import Credential, Logons
from vmm_wizard.lab.winrm_server import CommandResult, ShellSession
from vmm_wizard.remote import bootstrap
from vmm_wizard.remote.bootstrap import JSON, ScriptRequest

ADMIN = "CONTOSO\\vmm-setup"
ADMIN_UPN = "vmm-setup@contoso.lab"
PASSWORD = "Practice-Pa55:word ä"
VISITOR = "CONTOSO\\visitor"


def contoso_logons(lockout: int = 3) -> Logons:
    """One administrator, one account without rights on nodes, one disabled."""
    logons = Logons(lockout)
    logons.add(Credential(ADMIN, PASSWORD, "S-1-5-21-1-2-3-1104", "CN=vmm-setup", (ADMIN_UPN,)))
    logons.add(Credential(VISITOR, PASSWORD, "S-1-5-21-1-2-3-1105", "CN=visitor"))
    logons.add(Credential("CONTOSO\\gone", PASSWORD, "S-1-5-21-1-2-3-1106", "CN=gone", state="disabled"))
    return logons


Answer = Mapping[str, JSON] | CommandResult


@dataclass
class PracticeNode:
    """A node that runs our bootstrap's scripts by asking `scripts[name]`, and a few commands of cmd.exe."""

    scripts: dict[str, Callable[[ScriptRequest, ShellSession], Answer]] = field(default_factory=dict)
    shells_allowed: bool = True
    runspaces_allowed: bool = True
    mode: str = "FullLanguage"
    commands: list[str] = field(default_factory=list)
    runs: list[ScriptRequest] = field(default_factory=list)
    started: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)

    def may_log_on(self, credential: Credential) -> bool:
        return credential.account == ADMIN

    def shell_allowed(self) -> bool:
        return self.shells_allowed

    def remoting_allowed(self) -> bool:
        return self.runspaces_allowed

    def endpoint_mode(self) -> str:
        return self.mode

    def run(self, command: str, arguments: list[str], session: ShellSession) -> CommandResult:
        line = " ".join([command, *arguments])
        self.commands.append(line)
        if line == " ".join([bootstrap.PROGRAM, *bootstrap.arguments()]):
            return self._run_script(session)
        if command == "whoami":
            return CommandResult(session.credential.account.encode() + b"\r\n")
        if command == "more":
            return CommandResult(session.stdin())
        if command == "wait":
            return self._wait(session)
        if command == "fail":
            raise RuntimeError("the backend has a fault")
        if command == "echo":
            return CommandResult(" ".join(arguments).encode("utf-16"))
        if command == "exit":
            return CommandResult(exit_code=int(arguments[0]))
        if command.lower().startswith("powershell"):
            return CommandResult(b"5.1\r\n")
        return CommandResult(stderr=f"'{command}' is not recognized\r\n".encode(), exit_code=1)

    def _run_script(self, session: ShellSession) -> CommandResult:
        request = bootstrap.read_stdin(session.stdin())
        self.runs.append(request)
        answer = self.scripts[request.name](request, session)
        return answer if isinstance(answer, CommandResult) else CommandResult(bootstrap.write_answer(answer))

    def _wait(self, session: ShellSession) -> CommandResult:
        self.started.set()
        session.cancelled.wait()
        self.stopped.set()
        return CommandResult(exit_code=1)


def wait_forever(node: PracticeNode) -> Callable[[ScriptRequest, ShellSession], Answer]:
    """A script that ends only when it is terminated."""
    return lambda _request, session: node._wait(session)


class Certificates:
    """A practice authority in a folder: `ca_file`, and server contexts for names."""

    def __init__(self, folder: Path) -> None:
        self._authority = CertificateAuthority(folder)
        self.ca_file = str(self._authority.file)

    def context(self, host: str) -> tuple[ssl.SSLContext, str]:
        """(server context with a certificate for `host`, the certificate's SHA-256 fingerprint)."""
        issued = self._authority.issue(host)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(issued.certificate, issued.key)
        return context, issued.sha256
