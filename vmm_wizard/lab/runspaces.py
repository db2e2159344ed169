"""PowerShell remoting (PSRP, MS-PSRP) on a simulated node: runspace pools and pipelines, by psrpcore's server side.

A pipeline is one script with its arguments. Our own bootstrap runs as it does from a WinRS shell; any other text goes
to the node as a command line.
"""

from __future__ import annotations

import base64
import logging
import threading
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any

from vmm_wizard.lab import wsman_messages as wsman
from vmm_wizard.lab.logons import Credential
from vmm_wizard.lab.shell_sessions import CommandResult, SessionCancelled, ShellSession, WinrmBackend
from vmm_wizard.lab.wsman_messages import Fault
from vmm_wizard.remote import bootstrap

if TYPE_CHECKING:
    from psrpcore import ServerPipeline, ServerRunspacePool

_log = logging.getLogger(__name__)

#: The only endpoint that is registered.
ENDPOINT = f"{wsman.POWERSHELL}/Microsoft.PowerShell"


class _Runspace:
    """One pool, and what waits to be received from it and its pipelines. All methods may be called from any thread."""

    def __init__(self, owner: Credential, node: WinrmBackend, piece: int) -> None:
        from psrpcore import ServerRunspacePool

        self.owner = owner
        self._node = node
        self._piece = piece
        self._pool: ServerRunspacePool = ServerRunspacePool()
        self._changed = threading.Condition()
        self._waiting: dict[uuid.UUID | None, deque[bytes]] = {None: deque()}
        self._sessions: dict[uuid.UUID, ShellSession] = {}
        self._ended: set[uuid.UUID] = set()
        self._is_closed = False

    def feed(self, data: bytes, pipeline: uuid.UUID | None = None) -> None:
        """Take fragments of the client's messages, for the pool or for one pipeline. Raises Fault."""
        from psrpcore import CreatePipelineEvent, PSRPCoreError, PSRPPayload, StreamType

        with self._changed:
            try:
                self._pool.receive_data(PSRPPayload(data, StreamType.default, pipeline))
                while (event := self._pool.next_event()) is not None:
                    if isinstance(event, CreatePipelineEvent):
                        self._start(self._pool.pipeline_table[event.pipeline_id])
            except (PSRPCoreError, ValueError) as error:
                raise Fault(wsman.SCHEMA_VALIDATION, "w:SchemaValidationError", f"Not PSRP: {error}") from None
            self._collect()

    def open_pipeline(self, pipeline: uuid.UUID, data: bytes) -> None:
        """A Command: the pipeline, and the first fragments of its description."""
        from psrpcore import ServerPipeline

        with self._changed:
            ServerPipeline(self._pool, pipeline)
            self._waiting[pipeline] = deque()
            self.feed(data, pipeline)

    def take(self, pipeline: uuid.UUID | None, timeout: float) -> tuple[bytes, bool]:
        """The next fragments for the pool (None) or a pipeline, and whether they are its last. Raises Fault when there
        are none within `timeout` seconds."""
        with self._changed:
            if pipeline not in self._waiting:
                raise Fault(wsman.SHELL_NOT_FOUND, "w:InvalidSelectors", "The command does not exist in this shell.")
            self._changed.wait_for(lambda: self._is_closed or self._waiting[pipeline], timeout)
            if self._is_closed:
                raise Fault(995, "w:InternalError", "The I/O operation has been aborted.")
            waiting = self._waiting[pipeline]
            if not waiting:
                raise Fault(
                    wsman.OPERATION_TIMED_OUT,
                    "w:TimedOut",
                    "The operation did not complete within the time given in OperationTimeout.",
                )
            return waiting.popleft(), pipeline in self._ended and not waiting

    def stop(self, pipeline: uuid.UUID) -> None:
        """A Signal: whatever the pipeline waits for is woken, and it is forgotten."""
        with self._changed:
            session = self._sessions.pop(pipeline, None)
        if session is not None:
            session.cancel()

    def close(self) -> None:
        """End the pool and all that runs in it."""
        with self._changed:
            self._is_closed = True
            sessions = list(self._sessions.values())
            self._changed.notify_all()
        for session in sessions:
            session.cancel()

    def _collect(self) -> None:
        while (payload := self._pool.data_to_send(self._piece)) is not None:
            self._waiting.setdefault(payload.pipeline_id, deque()).append(payload.data)
        self._changed.notify_all()

    def _start(self, pipeline: ServerPipeline) -> None:
        session = ShellSession(self.owner)
        self._sessions[pipeline.pipeline_id] = session
        pipeline.start()
        command = pipeline.metadata.commands[0]  # type: ignore[union-attr]
        arguments = [value for _, value in command.parameters]
        threading.Thread(
            target=self._run, args=(pipeline, session, command.command_text, arguments), daemon=True
        ).start()

    def _run(self, pipeline: ServerPipeline, session: ShellSession, text: str, arguments: list[Any]) -> None:
        mode = self._node.endpoint_mode()
        if mode == "NoLanguage":
            self._finish(pipeline, None)
            return
        try:
            result = self._answer(session, text, arguments, mode)
        except SessionCancelled:
            result = CommandResult(exit_code=1)
        except Exception as error:
            _log.exception("the simulated node failed in a runspace")
            result = CommandResult(b"", f"the simulated node failed: {type(error).__name__}".encode(), 1)
        self._finish(pipeline, result)

    def _answer(self, session: ShellSession, text: str, arguments: list[Any], mode: str) -> CommandResult:
        if text != bootstrap.runspace_text():
            return self._node.run(text, [], session)
        if mode != "FullLanguage":
            return CommandResult(f'{{"languageMode":"{mode}"}}'.encode())
        starter, request, *secrets = arguments
        if starter != bootstrap.source():
            return CommandResult(b"", b"the practice estate: this is not the bootstrap", 1)
        lines = secrets[0].decrypt() if secrets else ""
        session.feed(f"{request}\n{lines}".encode("ascii"), True)
        return self._node.run(bootstrap.PROGRAM, list(bootstrap.arguments()), session)

    def _finish(self, pipeline: ServerPipeline, result: CommandResult | None) -> None:
        """The pipeline's end; without a result, a runspace in NoLanguage mode has refused the script."""
        from psrpcore.types import ErrorCategoryInfo, ErrorRecord, NETException, PSInvocationState

        with self._changed:
            if result is None:
                refusal = ErrorRecord(
                    Exception=NETException(Message="The syntax is not supported by this runspace (no-language mode)."),
                    CategoryInfo=ErrorCategoryInfo(),
                    FullyQualifiedErrorId="ScriptsNotAllowed",
                )
                pipeline._change_state(PSInvocationState.Failed, refusal)
            else:
                if result.stdout:
                    pipeline.write_output(result.stdout.decode())
                if result.stderr:
                    error = NETException(Message=bootstrap.error_text(result.stderr))
                    pipeline.write_error(error, fully_qualified_error_id="RuntimeException")
                pipeline.complete()
            self._ended.add(pipeline.pipeline_id)
            self._collect()


class Runspaces:
    """All runspace pools of one node. `answer` answers one WS-Man request or raises Fault."""

    def __init__(self, node: WinrmBackend, piece: int) -> None:
        self._node = node
        self._piece = piece
        self._lock = threading.Lock()
        self._open: dict[str, _Runspace] = {}

    def __len__(self) -> int:
        with self._lock:
            return len(self._open)

    def drop_all(self) -> None:
        """End every pool, as a restart of the service does."""
        with self._lock:
            runspaces = list(self._open.values())
            self._open.clear()
        for runspace in runspaces:
            runspace.close()

    def answer(self, request: wsman.Request, credential: Credential) -> bytes:
        if request.resource != ENDPOINT:
            reason = f"The resource URI ({request.resource}) was not found."
            raise Fault(wsman.RESOURCE_NOT_FOUND, "w:DestinationUnreachable", reason)
        if not self._node.remoting_allowed():
            raise Fault(wsman.ACCESS_DENIED, "w:AccessDenied", "Access is denied.")
        if request.action == wsman.CREATE:
            return self._create(request, credential)
        with self._lock:
            runspace = self._open.get(request.shell_id.upper())
        if runspace is None:
            raise wsman.shell_not_found(request.shell_id)
        if runspace.owner is not credential:
            raise Fault(wsman.ACCESS_DENIED, "w:AccessDenied", "Access is denied.")
        if request.action == wsman.DELETE:
            with self._lock:
                self._open.pop(request.shell_id.upper(), None)
            runspace.close()
            return wsman.answer(request, "")
        return _in_runspace(request, runspace)

    def _create(self, request: wsman.Request, credential: Credential) -> bytes:
        shell_id = (request.element("Shell").get("ShellId") or str(uuid.uuid4())).upper()
        runspace = _Runspace(credential, self._node, self._piece)
        runspace.feed(wsman.decoded(request.element("creationXml", wsman.POWERSHELL)))
        with self._lock:
            self._open[shell_id] = runspace
        return wsman.created_answer(request, ENDPOINT, shell_id)


def _in_runspace(request: wsman.Request, runspace: _Runspace) -> bytes:
    if request.action == wsman.COMMAND:
        pipeline = _id(request.element("CommandLine").get("CommandId"))
        runspace.open_pipeline(pipeline, wsman.decoded(request.element("Arguments")))
        name = str(pipeline).upper()
        return wsman.answer(
            request, f"<rsp:CommandResponse><rsp:CommandId>{name}</rsp:CommandId></rsp:CommandResponse>"
        )
    if request.action == wsman.SEND:
        stream = request.element("Stream")
        runspace.feed(wsman.decoded(stream), _id(stream.get("CommandId")) if stream.get("CommandId") else None)
        return wsman.answer(request, "<rsp:SendResponse/>")
    if request.action == wsman.RECEIVE:
        return _receive(request, runspace)
    if request.action == wsman.SIGNAL:
        runspace.stop(_id(request.element("Signal").get("CommandId")))
        return wsman.answer(request, "<rsp:SignalResponse/>")
    raise Fault(wsman.ACTION_NOT_SUPPORTED, "a:ActionNotSupported", "The service does not know this action.")


def _receive(request: wsman.Request, runspace: _Runspace) -> bytes:
    command_id = request.element("DesiredStream").get("CommandId")
    of = f' CommandId="{command_id}"' if command_id else ""
    taken, has_ended = runspace.take(_id(command_id) if command_id else None, request.operation_timeout)
    parts = [f'<rsp:Stream Name="stdout"{of}>{base64.b64encode(taken).decode()}</rsp:Stream>']
    if command_id:
        state = f"{wsman.SHELL}/CommandState/{'Done' if has_ended else 'Running'}"
        parts.append(f'<rsp:CommandState{of} State="{state}"/>')
    return wsman.answer(request, f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>")


def _id(text: str | None) -> uuid.UUID:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        raise Fault(wsman.SCHEMA_VALIDATION, "w:SchemaValidationError", "The command's id is no UUID.") from None
