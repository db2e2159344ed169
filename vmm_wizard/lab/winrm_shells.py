"""Remote shells of one simulated node: who opened them, what runs in them, what it read and wrote, how they end."""

from __future__ import annotations

import base64
import logging
import threading
import uuid
from dataclasses import dataclass, field

from vmm_wizard.lab import wsman_messages as wsman
from vmm_wizard.lab.clock import Clock
from vmm_wizard.lab.logons import Credential
from vmm_wizard.lab.runspaces import Runspaces
from vmm_wizard.lab.shell_sessions import CommandResult, SessionCancelled, ShellSession, WinrmBackend
from vmm_wizard.lab.wsman_messages import Fault

#: Longest command line that cmd.exe takes, and that CreateProcess takes where cmd.exe is skipped, in characters.
CMD_LIMIT = 8191
PROCESS_LIMIT = 32_766
#: A shell that nobody talks to lives this many estate seconds (winrs IdleTimeout = 7200000 ms).
IDLE_TIMEOUT = 7200.0
#: MaxShellsPerUser of a current Windows Server.
MAX_SHELLS = 30
#: Most bytes of one stream in one Receive.
PIECE = 32_768

_log = logging.getLogger(__name__)

__all__ = [
    "IDLE_TIMEOUT",
    "MAX_SHELLS",
    "PIECE",
    "CommandResult",
    "SessionCancelled",
    "ShellSession",
    "Shells",
    "WinrmBackend",
]


@dataclass
class _Shell:
    owner: Credential
    last_used: float
    idle_timeout: float
    commands: dict[str, ShellSession] = field(default_factory=dict)
    has_run_powershell: bool = False

    def cancel(self) -> None:
        for command in self.commands.values():
            command.cancel()


class Shells:
    """All shells of one node. Every method answers one WS-Man request or raises Fault."""

    def __init__(
        self,
        node: WinrmBackend,
        clock: Clock,
        *,
        max_shells: int = MAX_SHELLS,
        idle_timeout: float = IDLE_TIMEOUT,
        piece: int = PIECE,
        progress_noise: bool = False,
    ) -> None:
        """`progress_noise`: the first PowerShell of each shell writes a progress record to stderr, as on Windows."""
        self._node = node
        self._clock = clock
        self._max_shells = max_shells
        self._idle_timeout = idle_timeout
        self._piece = piece
        self._progress_noise = progress_noise
        #: So many answers that carry a command's output are broken off in the middle; -1: all of them.
        self.cuts = 0
        self._lock = threading.RLock()
        self._shells: dict[str, _Shell] = {}
        self._runspaces = Runspaces(node, piece)

    def __len__(self) -> int:
        with self._lock:
            self._drop_idle()
            return len(self._shells) + len(self._runspaces)

    def takes_cut(self) -> bool:
        """Whether the answer that is about to leave is to be broken off; counts it."""
        with self._lock:
            wanted = self.cuts != 0
            self.cuts -= self.cuts > 0
        return wanted

    def drop_all(self) -> None:
        """End every shell and all that runs in them, as a restart of the service does."""
        with self._lock:
            shells = list(self._shells.values())
            self._shells.clear()
        for shell in shells:
            shell.cancel()
        self._runspaces.drop_all()

    def answer(self, request: wsman.Request, credential: Credential) -> bytes:
        """Do what `request` asks for on behalf of `credential` and return the answering envelope."""
        if not self._node.may_log_on(credential):
            raise Fault(wsman.ACCESS_DENIED, "w:AccessDenied", "Access is denied.")
        if request.resource.startswith(f"{wsman.POWERSHELL}/"):
            return self._runspaces.answer(request, credential)
        if request.action == wsman.CREATE:
            return self._create(request, credential)
        shell = self._find(request, credential)
        if request.action == wsman.DELETE:
            return self._delete(request, shell)
        if request.action == wsman.COMMAND:
            return self._command(request, shell)
        if request.action == wsman.SEND:
            return self._send(request, shell)
        if request.action == wsman.RECEIVE:
            return self._receive(request, shell)
        if request.action == wsman.SIGNAL:
            return self._signal(request, shell)
        raise Fault(wsman.ACTION_NOT_SUPPORTED, "a:ActionNotSupported", "The service does not know this action.")

    def _drop_idle(self) -> None:
        now = self._clock.seconds()
        for shell_id, shell in list(self._shells.items()):
            busy = any(command.is_running for command in shell.commands.values())
            if not busy and now - shell.last_used >= shell.idle_timeout:
                del self._shells[shell_id]
                shell.cancel()

    def _find(self, request: wsman.Request, credential: Credential) -> _Shell:
        with self._lock:
            self._drop_idle()
            shell = self._shells.get(request.shell_id.upper())
            if shell is None:
                raise wsman.shell_not_found(request.shell_id)
            if shell.owner is not credential:
                raise Fault(wsman.ACCESS_DENIED, "w:AccessDenied", "Access is denied.")
            shell.last_used = self._clock.seconds()
            return shell

    def _create(self, request: wsman.Request, credential: Credential) -> bytes:
        if not self._node.shell_allowed():
            raise Fault(
                wsman.SHELLS_NOT_ALLOWED,
                "w:AccessDenied",
                "The service is configured to not accept any remote shell requests.",
            )
        with self._lock:
            self._drop_idle()
            if sum(shell.owner is credential for shell in self._shells.values()) >= self._max_shells:
                raise Fault(
                    wsman.TOO_MANY_SHELLS,
                    "w:QuotaLimit",
                    f"This user is allowed {self._max_shells} concurrent shells and has them all open.",
                )
            shell_id = str(uuid.uuid4()).upper()
            idle = wsman.idle_timeout(request, self._idle_timeout)
            self._shells[shell_id] = _Shell(credential, self._clock.seconds(), idle)
        return wsman.created_answer(request, f"{wsman.SHELL}/cmd", shell_id)

    def _delete(self, request: wsman.Request, shell: _Shell) -> bytes:
        with self._lock:
            self._shells.pop(request.shell_id.upper(), None)
        shell.cancel()
        return wsman.answer(request, "")

    def _command(self, request: wsman.Request, shell: _Shell) -> bytes:
        command = (request.element("Command").text or "").strip()
        arguments = [text for text in request.texts("Arguments") if text]
        session = ShellSession(shell.owner)
        command_id = str(uuid.uuid4()).upper()
        noise = self._progress_noise and not shell.has_run_powershell and "powershell" in command.lower()
        shell.has_run_powershell = shell.has_run_powershell or noise
        shell.commands[command_id] = session
        skips_cmd = request.options.get("WINRS_SKIP_CMD_SHELL", "").upper() == "TRUE"
        if len(" ".join([command, *arguments])) > (PROCESS_LIMIT if skips_cmd else CMD_LIMIT):
            session.finish(CommandResult(b"", b"The command line is too long.\r\n", 1))
        else:
            runner = threading.Thread(
                target=self._run, args=(command.strip('"'), arguments, session, noise), daemon=True
            )
            runner.start()
        return wsman.answer(
            request, f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"
        )

    def _run(self, command: str, arguments: list[str], session: ShellSession, noise: bool) -> None:
        try:
            result = self._node.run(command, arguments, session)
        except SessionCancelled:
            result = CommandResult(exit_code=1)
        except Exception as error:
            _log.exception("the simulated node failed while running %s", command)
            result = CommandResult(b"", wsman.clixml_errors(f"the simulated node failed: {type(error).__name__}"), 1)
        if noise:
            result = CommandResult(result.stdout, wsman.clixml_progress() + result.stderr, result.exit_code)
        session.finish(result)

    def _running(self, shell: _Shell, command_id: str | None) -> ShellSession:
        session = shell.commands.get((command_id or "").upper())
        if session is None:
            raise Fault(wsman.SHELL_NOT_FOUND, "w:InvalidSelectors", "The command does not exist in this shell.")
        return session

    def _send(self, request: wsman.Request, shell: _Shell) -> bytes:
        stream = request.element("Stream")
        data = wsman.decoded(stream)
        end = stream.get("End", "").lower() in ("true", "1")
        self._running(shell, stream.get("CommandId")).feed(data, end)
        return wsman.answer(request, "<rsp:SendResponse/>")

    def _receive(self, request: wsman.Request, shell: _Shell) -> bytes:
        command_id = request.element("DesiredStream").get("CommandId") or ""
        session = self._running(shell, command_id)
        taken, exit_code = session.take(request.operation_timeout, self._piece)
        shell.last_used = self._clock.seconds()
        parts = []
        for name, data in taken.items():
            if data:
                text = base64.b64encode(data).decode()
                parts.append(f'<rsp:Stream Name="{name}" CommandId="{command_id}">{text}</rsp:Stream>')
            if exit_code is not None:
                parts.append(f'<rsp:Stream Name="{name}" CommandId="{command_id}" End="true"></rsp:Stream>')
        state = "Running" if exit_code is None else "Done"
        code = "" if exit_code is None else f"<rsp:ExitCode>{exit_code}</rsp:ExitCode>"
        parts.append(
            f'<rsp:CommandState CommandId="{command_id}" State="{wsman.SHELL}/CommandState/{state}">'
            f"{code}</rsp:CommandState>"
        )
        return wsman.answer(request, f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>")

    def _signal(self, request: wsman.Request, shell: _Shell) -> bytes:
        command_id = request.element("Signal").get("CommandId") or ""
        session = shell.commands.pop(command_id.upper(), None)
        if session is not None:
            session.cancel()
        return wsman.answer(request, "<rsp:SignalResponse/>")
