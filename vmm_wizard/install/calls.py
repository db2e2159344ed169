"""Short questions to nodes over WinRM: one session a node, kept until it breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from vmm_wizard.addresses import AddressError
from vmm_wizard.remote.errors import Cancelled, LogonRefused, NodeUnreachable, RemoteError

if TYPE_CHECKING:
    from vmm_wizard.install.context import Context
    from vmm_wizard.remote.session import Session

T = TypeVar("T")

#: What a node is asked: a function of a session and a deadline (time.monotonic()).
Question = Callable[["Session", float], T]

#: Seconds for one question.
CALL_SECONDS = 60.0


class Calls:
    """Asks nodes of a plan, each call one attempt. `close` ends the sessions."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sessions: dict[str, Session] = {}
        self._answered = ""

    def ask(self, node: str, question: Question[T]) -> T:
        """What `node` (by full name) answers. Raises RemoteError, AddressError; NodeFailed without a password."""
        from vmm_wizard.remote.session import deadline_in

        deadline = deadline_in(CALL_SECONDS)
        session = self._sessions.get(node)
        try:
            if session is None or session.closed:
                session = self._sessions[node] = self._open(node, deadline)
            answer = question(session, deadline)
        except NodeUnreachable:
            self._forget(node)
            raise
        self._answered = node
        return answer

    def ask_any(self, nodes: Iterable[str], question: Question[T]) -> T:
        """What the first of `nodes` says that answers, beginning with the one that answered last.

        A refused logon is not tried on the next node: each counts. Raises what the first of them raised.
        """
        first: Exception | None = None
        known = tuple(nodes)
        for node in sorted(known, key=lambda name: name != self._answered):
            try:
                return self.ask(node, question)
            except (LogonRefused, Cancelled):
                raise
            except (RemoteError, AddressError) as error:
                first = first or error
        assert first is not None
        raise first

    def close(self) -> None:
        """End all sessions."""
        for node in tuple(self._sessions):
            self._forget(node)

    def _open(self, node: str, deadline: float) -> Session:
        from vmm_wizard.install.context import node_connector

        context = self._context
        preflight = context.preflight
        connect, _ = node_connector(context.plan, node, context.password, preflight.addresses, preflight.kept)
        return connect(deadline, context.cancel)

    def _forget(self, node: str) -> None:
        session = self._sessions.pop(node, None)
        if session is not None:
            session.close()
