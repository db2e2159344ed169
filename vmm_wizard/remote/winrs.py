"""A WinRS shell on a node, and our bootstrap run in it: script, parameters and secrets over stdin, text back."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote import bootstrap
from vmm_wizard.remote.bootstrap import JSON, Output, Script
from vmm_wizard.remote.errors import AnswerUnreadable, RemoteError
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.remote.connection import Line

#: Seconds, at most, in which a node is asked to forget a command or a shell.
TIDYING_SECONDS = 2.0
#: Most bytes that a script may write in all: the largest answer of ours, a piece of a log, is a hundredth of it.
MOST_OUTPUT = 16 * 2**20


class Shell(Protocol):
    """Where scripts run on a node: over WinRS, or over PowerShell remoting.

    `may_wait`: it may be kept while nothing runs in it. `execute` sets its line's `script_sent` before a script leaves.
    """

    may_wait: ClassVar[bool]

    def execute(self, script: Script, parameters: Mapping[str, JSON], secrets: Sequence[Secret]) -> Output:
        """Run the bootstrap with a script and return what it wrote. Raises RemoteError and the libraries' errors."""

    def close(self) -> None:
        """End the shell on the node. Raises what `execute` does."""


class WinrsShell:
    """An open WinRS shell."""

    may_wait: ClassVar[bool] = True

    def __init__(self, line: Line, protocol: Any) -> None:
        """Opens it, on a connection that is logged on. Raises pywinrm's errors."""
        self._line = line
        self._protocol = protocol
        self._shell: str = protocol.open_shell(codepage=65001)

    def execute(self, script: Script, parameters: Mapping[str, JSON], secrets: Sequence[Secret]) -> Output:
        command = self._protocol.run_command(
            self._shell, bootstrap.PROGRAM, bootstrap.arguments(), console_mode_stdin=False
        )
        try:
            self._send(command, bootstrap.write_stdin(script, parameters, secrets))
            return self._receive(command)
        finally:
            self._signal(command)

    def close(self) -> None:
        self._protocol.close_shell(self._shell, close_session=False)

    def _send(self, command: str, stdin: bytes) -> None:
        from winrm.exceptions import WinRMOperationTimeoutError, WSManFaultError

        pieces = bootstrap.chunks(stdin)
        self._line.script_sent = True
        try:
            for number, piece in enumerate(pieces, 1):
                self._line.require_time()
                self._protocol.send_command_input(self._shell, command, piece, end=number == len(pieces))
        except (WSManFaultError, WinRMOperationTimeoutError):
            # The command may have ended already (no PowerShell, command line refused): its output says why.
            return

    def _receive(self, command: str) -> Output:
        from winrm.exceptions import WinRMOperationTimeoutError

        stdout, stderr = bytearray(), bytearray()
        while True:
            self._line.require_time()
            try:
                out, err, exit_code, is_done = self._next(command)
            except WinRMOperationTimeoutError:
                continue  # normal while a script is silent
            stdout += out
            stderr += err
            if len(stdout) + len(stderr) > MOST_OUTPUT:
                why = text("reasons.shared.too_large", size=MOST_OUTPUT // 2**20)
                raise AnswerUnreadable(self._line.target.place, why)
            if is_done:
                return Output(bytes(stdout), bytes(stderr), exit_code)

    def _next(self, command: str) -> Any:
        """What one Receive brings. It is answered soon, also where there is nothing to say: so a cancel is heard."""
        from vmm_wizard.remote.connection import LONG_OPERATION, OPERATION_TIMEOUT

        self._protocol.operation_timeout_sec = OPERATION_TIMEOUT
        try:
            return self._protocol.get_command_output_raw(self._shell, command)
        finally:
            self._protocol.operation_timeout_sec = LONG_OPERATION

    def _signal(self, command: str) -> None:
        """Terminate the command, best-effort: the node forgets it or its shell ends."""
        from winrm.exceptions import WinRMError, WinRMOperationTimeoutError, WinRMTransportError

        with (
            contextlib.suppress(WinRMError, WinRMTransportError, WinRMOperationTimeoutError, RemoteError, OSError),
            contextlib.suppress(AssertionError, StopIteration, ValueError, SyntaxError),
            self._line.tidying(TIDYING_SECONDS),
        ):
            self._protocol.cleanup_command(self._shell, command)
