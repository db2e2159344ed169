"""Sessions that are kept for a while after whoever used them is done, so that the next question needs no logon.

A logon costs six requests, seconds over a slow line, and a line in the node's security log. For each node and login
(the way there, the account, the very password) one session may wait. It is lent to one caller at a time; what is lent
looks like any other session, and ends up here again when it is closed and all went well.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote.errors import DeadlinePassed, NodeUnreachable
from vmm_wizard.remote.session import JSON, Login, Script, Session, Target
from vmm_wizard.remote.winrs import TIDYING_SECONDS

#: Seconds that a session waits for somebody. Windows itself ends a silent connection after 120 (HTTP.sys).
IDLE_SECONDS = 60.0
#: Seconds for which somebody who leaves a wizard waits, at most, while nodes are told to forget a shell.
LEAVING_SECONDS = 0.5

_Key = tuple[Target, Login]


class KeptSessions:
    """The sessions of one run, or of one wizard, that nobody uses at the moment. Thread-safe.

    `is_stopped` says of a password that it must not be used any more: what was logged on by it is lent to nobody.
    """

    def __init__(
        self, is_stopped: Callable[[Secret], bool] = lambda _: False, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._is_stopped = is_stopped
        self._idle_seconds = idle_seconds
        self._changed = threading.Condition()
        #: What waits, and until when.
        self._idle: dict[_Key, tuple[Session, float]] = {}
        self._age = 0
        self._closed = False
        self._is_watched = False
        #: The threads that end what waited when all was closed.
        self._ending: list[threading.Thread] = []

    def __len__(self) -> int:
        with self._changed:
            return len(self._idle)

    def open(self, target: Target, login: Login, deadline: float, cancel: threading.Event) -> Session:
        """The session that waits for this node and login; without one a new one, as `Session.open`, which see.

        Whether the one that waited is still there shows at the first script: see `_Lent.run`.
        """
        with self._changed:
            age = self._age
            waiting = self._idle.pop((target, login), None)
        if waiting is not None:
            session, until = waiting
            if time.monotonic() < until and not self._is_stopped(login.password) and session.is_quiet():
                return _Lent(session, self, login, age, cancel, waited=True)
            _end([session])
        return _Lent(Session.open(target, login, deadline, cancel), self, login, age, cancel)

    def keep(self, session: Session, login: Login, age: int) -> bool:
        """Let a session wait for the next who asks; false where that must not be, or another one waits already."""
        with self._changed:
            key = session.target, login
            if self._closed or age != self._age or key in self._idle:
                return False
            self._idle[key] = session, time.monotonic() + self._idle_seconds
            if not self._is_watched:
                self._is_watched = True
                threading.Thread(target=self._watch, name="kept sessions", daemon=True).start()
            return True

    def drop(self, host: str) -> None:
        """Give up what waits for a node (by the name in its target), which is about to restart Windows or WinRM."""
        with self._changed:
            keys = [key for key in self._idle if key[0].host.casefold() == host.casefold()]
            sessions = [self._idle.pop(key)[0] for key in keys]
        _join(_end(sessions), TIDYING_SECONDS)

    def renew(self) -> None:
        """Lend nothing any more that was opened before: a logon has the groups that its account had at that time."""
        with self._changed:
            self._age += 1
            sessions = self._take_all()
        _end(sessions)

    def close(self, wait: float = TIDYING_SECONDS) -> None:
        """Give up all that waits, and keep nothing any more. Nodes have `wait` seconds in all to hear of it; who calls
        with 0 first may see to other things before calling again."""
        with self._changed:
            self._closed = True
            self._ending += _end(self._take_all())
            self._changed.notify_all()
        _join(self._ending, wait)

    def _take_all(self) -> list[Session]:
        sessions = [session for session, _ in self._idle.values()]
        self._idle.clear()
        return sessions

    def _watch(self) -> None:
        """End what has waited for too long, as long as anything waits."""
        while True:
            with self._changed:
                now = time.monotonic()
                late = [key for key, (_, until) in self._idle.items() if until <= now]
                sessions = [self._idle.pop(key)[0] for key in late]
                if not sessions and not self._idle:
                    self._is_watched = False
                    return
                if not sessions:
                    self._changed.wait(min(until for _, until in self._idle.values()) - now)
            _end(sessions)


def _end(sessions: Iterable[Session]) -> list[threading.Thread]:
    """Close sessions, all at once, in threads that nothing has to wait for."""
    threads = [threading.Thread(target=session.close, name="kept session ends", daemon=True) for session in sessions]
    for thread in threads:
        thread.start()
    return threads


def _join(threads: Iterable[threading.Thread], wait: float) -> None:
    """Wait for all of them, for so many seconds at most."""
    until = time.monotonic() + wait
    for thread in threads:
        thread.join(max(until - time.monotonic(), 0.0))


class _Lent(Session):
    """A session while one caller has it."""

    def __init__(
        self,
        session: Session,
        kept: KeptSessions,
        login: Login,
        age: int,
        cancel: threading.Event,
        *,
        waited: bool = False,
    ) -> None:
        self._kept = kept
        self._age = age
        #: It has waited, and nothing was asked since: it may be gone without anybody's knowing.
        self._is_untried = waited
        super().__init__(session._line, session._http, login)
        self._shell = session._shell
        self._line.cancel = cancel

    def run(
        self,
        script: Script,
        parameters: Mapping[str, JSON],
        secrets: Sequence[Secret] = (),
        *,
        deadline: float,
        cancel: threading.Event | None = None,
    ) -> dict[str, object]:
        """As `Session.run`. Where a session that has waited turns out to be gone before any of the script has left, a
        new one is opened, once: no script is repeated by that. Raises what `Session.open` does, too."""
        is_untried, self._is_untried = self._is_untried and not self.closed, False
        try:
            return super().run(script, parameters, secrets, deadline=deadline, cancel=cancel)
        except DeadlinePassed:
            raise
        except NodeUnreachable:
            if not (is_untried and self.closed) or self._line.script_sent:
                raise
        fresh = Session.open(self.target, self._login, deadline, cancel or self._line.cancel)
        self._line, self._http, self._shell = fresh._line, fresh._http, fresh._shell
        self.closed, self.reusable = False, True
        return super().run(script, parameters, secrets, deadline=deadline, cancel=cancel)

    def close(self) -> None:
        """Let the session wait for the next who asks, or end it. May be called twice."""
        with self._busy:
            if not self.closed and self.reusable and self._shell is not None and self._shell.may_wait:
                self.closed = True
                session = Session(self._line, self._http, self._login)
                session._shell = self._shell
                self._line.cancel = threading.Event()
                if not self._kept.keep(session, self._login, self._age):
                    session.close()
        super().close()
