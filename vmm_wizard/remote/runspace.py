"""A runspace of PowerShell remoting (PSRP) on a node: where our bootstrap runs when policy forbids WinRS shells.

It is opened on the connection, and under the one logon, that the WinRS shell was refused on: pypsrp makes the messages,
and they travel as all others do (same address book, certificate, encryption and deadline).

What Windows writes down decides how a secret gets there. Script block logging (event 4104) has the text of what runs:
the bootstrap and the script, in which no value is. Module logging (4103) and transcripts have the text of each value
that is bound to a parameter, of a script as of a cmdlet. So the secrets are one SecureString: on its way encrypted by a
key of the session's own (MS-PSRP 2.2.5.1.24), and in any of these logs nothing but the name of its type.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote import bootstrap
from vmm_wizard.remote.bootstrap import JSON, Output, Script
from vmm_wizard.remote.errors import AnswerUnreadable, LanguageModeRefused, RemoteError
from vmm_wizard.remote.winrs import MOST_OUTPUT, TIDYING_SECONDS
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.remote.connection import Line

#: The endpoint that every Windows Server has.
ENDPOINT = "Microsoft.PowerShell"
#: How a runspace in NoLanguage mode refuses any script (an endpoint made for JEA is in that mode).
_NO_SCRIPTS = "ScriptsNotAllowed"
_RECEIVE = b"http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Receive</"


class RunspaceShell:
    """An open runspace. It is a process of its own on the node, and what starts a script there has the script in it."""

    may_wait: ClassVar[bool] = False

    def __init__(self, line: Line, protocol: Any) -> None:
        """Opens it, on a connection that is logged on. Raises RemoteError and pywinrm's errors."""
        from pypsrp.powershell import RunspacePool
        from pypsrp.wsman import WSMan

        from vmm_wizard.remote.connection import LONG_OPERATION

        self._line = line
        messages: Any = WSMan(line.target.host, ssl=False, auth="ntlm", username="", password="")
        # A node starts a process of its own for a runspace, which takes it longer than any answer of WinRS.
        messages.operation_timeout = LONG_OPERATION
        # Instead of pypsrp's own connection, which would log on once more.
        messages.transport = _Transport(line, protocol)
        self._pool = RunspacePool(messages, configuration_name=ENDPOINT)
        with self._understood():
            self._pool.open()

    def execute(self, script: Script, parameters: Mapping[str, JSON], secrets: Sequence[Secret]) -> Output:
        from pypsrp.powershell import PowerShell

        request, lines = bootstrap.write_request(script, parameters), bootstrap.write_secrets(secrets)
        self._line.script_sent = True
        with self._understood():
            pipeline = PowerShell(self._pool)
            pipeline.add_script(bootstrap.runspace_text())
            pipeline.add_argument(bootstrap.source()).add_argument(request)
            if lines:
                pipeline.add_argument(self._secure(lines))
            pipeline.begin_invoke()
            try:
                self._await(pipeline)
            finally:
                self._end(pipeline)
        return self._output(pipeline)

    def close(self) -> None:
        with self._understood():
            self._pool.close()

    def _secure(self, text: str) -> Any:
        from pypsrp.complex_objects import ObjectMeta

        self._pool.exchange_keys()
        return self._pool.serialize(text, ObjectMeta("SS"))

    def _await(self, pipeline: Any) -> None:
        from pypsrp.complex_objects import PSInvocationState

        from vmm_wizard.remote.connection import OPERATION_TIMEOUT

        while pipeline.state == PSInvocationState.RUNNING:
            self._line.require_time()
            pipeline.poll_invoke(timeout=OPERATION_TIMEOUT)
            if sum(len(str(part)) for part in pipeline.output) > MOST_OUTPUT:
                why = text("reasons.shared.too_large", size=MOST_OUTPUT // 2**20)
                raise AnswerUnreadable(self._line.target.place, why)

    def _end(self, pipeline: Any) -> None:
        """Stop what still runs and let the node forget it, best-effort."""
        from pypsrp.complex_objects import PSInvocationState
        from pypsrp.exceptions import WinRMError
        from winrm import exceptions as winrm

        with (
            contextlib.suppress(WinRMError, winrm.WinRMError, winrm.WinRMTransportError, RemoteError, OSError),
            contextlib.suppress(winrm.WinRMOperationTimeoutError, ValueError, SyntaxError),
            self._line.tidying(TIDYING_SECONDS),
        ):
            if pipeline.state == PSInvocationState.RUNNING:
                pipeline.stop()
            else:
                pipeline.close()

    def _output(self, pipeline: Any) -> Output:
        errors = list(pipeline.streams.error)
        if any(getattr(error, "fq_error", "") == _NO_SCRIPTS for error in errors):
            raise LanguageModeRefused(self._line.target.place, "NoLanguage")
        said = "\n".join(str(part) for part in pipeline.output)
        return Output(said.encode(), "\n".join(map(str, errors)).encode(), int(bool(errors)))

    @contextlib.contextmanager
    def _understood(self) -> Iterator[None]:
        """Call what pypsrp cannot understand by its name."""
        import struct

        from pypsrp.exceptions import WinRMError

        try:
            yield
        except (WinRMError, struct.error, KeyError, AttributeError) as error:
            what = text("reasons.runspace.not_remoting", kind=type(error).__name__)
            raise AnswerUnreadable(self._line.target.place, what) from None


class _Transport:
    """Carries pypsrp's messages over the session's own connection."""

    def __init__(self, line: Line, protocol: Any) -> None:
        self._line = line
        self._protocol = protocol
        self.endpoint = line.target.url

    def send(self, message: bytes, retries_on_read_timeout: int = 0, timeout: int | None = None) -> bytes:
        """One message and its answer. A node that has nothing to say yet is asked again, until the deadline."""
        from winrm.exceptions import WinRMOperationTimeoutError

        del retries_on_read_timeout, timeout
        while True:
            self._line.require_time()
            try:
                answer: bytes = self._protocol.send_message(message)
            except WinRMOperationTimeoutError:
                if _RECEIVE not in message:
                    raise self._line.lost(text("reasons.shared.timed_out")) from None
                continue
            return answer

    def close(self) -> None:
        """Nothing: the connection is the session's."""
