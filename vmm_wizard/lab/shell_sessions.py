"""A command that runs in a remote shell of a simulated node, and what the service asks of the node behind it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol

from vmm_wizard.lab import wsman_messages as wsman
from vmm_wizard.lab.logons import Credential
from vmm_wizard.lab.wsman_messages import Fault


class SessionCancelled(Exception):
    """The command was terminated or its shell went away while it waited."""


@dataclass(frozen=True)
class CommandResult:
    """What a command wrote, as bytes in whatever encoding the node uses, and its exit code."""

    stdout: bytes = b""
    stderr: bytes = b""
    exit_code: int = 0


class ShellSession:
    """A running command as the backend sees it. Always a network logon: it has no credentials for a second hop."""

    network_logon = True

    def __init__(self, credential: Credential) -> None:
        self.credential = credential
        self.cancelled = threading.Event()
        self._changed = threading.Condition()
        self._stdin = bytearray()
        self._ended = False
        self._out: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        self._exit_code: int | None = None

    def stdin(self) -> bytes:
        """All that was sent, once the End flag came; blocks until then. Raises SessionCancelled."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self.cancelled.is_set())
            if not self._ended:
                raise SessionCancelled
            return bytes(self._stdin)

    def write(self, data: bytes) -> None:
        """Write to stdout before the command ends."""
        with self._changed:
            self._out["stdout"] += data
            self._changed.notify_all()

    def feed(self, data: bytes, end: bool) -> None:
        """Take a Send. Raises Fault when nothing reads any more."""
        with self._changed:
            if self._ended or self._exit_code is not None or self.cancelled.is_set():
                raise Fault(wsman.BROKEN_PIPE, "w:InternalError", "The pipe has been ended.")
            self._stdin += data
            self._ended = end
            self._changed.notify_all()

    def finish(self, result: CommandResult) -> None:
        """The command ended with this result."""
        with self._changed:
            self._out["stdout"] += result.stdout
            self._out["stderr"] += result.stderr
            self._exit_code = result.exit_code
            self._changed.notify_all()

    def cancel(self) -> None:
        """Terminate the command: whatever waits in it is woken."""
        with self._changed:
            self.cancelled.set()
            self._changed.notify_all()

    def take(self, timeout: float, piece: int) -> tuple[dict[str, bytes], int | None]:
        """Up to `piece` bytes of each stream, and the exit code once all was taken.

        Waits up to `timeout` real seconds for something to say; raises Fault when there was nothing.
        """
        with self._changed:
            self._changed.wait_for(self._has_news, timeout)
            if self.cancelled.is_set():
                raise Fault(995, "w:InternalError", "The I/O operation has been aborted.")
            if not self._has_news():
                raise Fault(
                    wsman.OPERATION_TIMED_OUT,
                    "w:TimedOut",
                    "The operation did not complete within the time given in OperationTimeout.",
                )
            taken: dict[str, bytes] = {}
            for name, waiting in self._out.items():
                taken[name] = bytes(waiting[:piece])
                del waiting[:piece]
            return taken, None if any(self._out.values()) else self._exit_code

    @property
    def is_running(self) -> bool:
        """Whether the command has neither ended nor been terminated."""
        return self._exit_code is None and not self.cancelled.is_set()

    def _has_news(self) -> bool:
        return self._exit_code is not None or any(self._out.values()) or self.cancelled.is_set()


class WinrmBackend(Protocol):
    """The node behind the service: what it lets whom do, and what commands answer there."""

    def may_log_on(self, credential: Credential) -> bool:
        """Whether the account is a local administrator or in Remote Management Users."""

    def shell_allowed(self) -> bool:
        """The policy AllowRemoteShellAccess, which is about WinRS shells alone."""

    def remoting_allowed(self) -> bool:
        """Whether the endpoint of PowerShell remoting lets administrators in."""

    def endpoint_mode(self) -> str:
        """The language mode of a runspace there."""

    def run(self, command: str, arguments: list[str], session: ShellSession) -> CommandResult:
        """Run a command; called in a thread of its own. May block, and then heeds `session.cancelled`."""
