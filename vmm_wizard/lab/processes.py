"""Processes of setup on a simulated node: number, processor time, titles of their windows, and their end."""

from __future__ import annotations

import threading
from collections.abc import Iterator

#: Shares of one processor that the launcher and the worker of setup take while they work.
LAUNCHER, WORKER = 0.01, 0.35
#: Windows numbers processes in steps of four.
_FIRST_PID, _STEP = 4120, 4


class ProcessEnd(threading.Event):
    """Set when a process is to end; what it started ends with it."""

    def __init__(self) -> None:
        super().__init__()
        self._tree = threading.Lock()
        self._children: list[ProcessEnd] = []

    def child(self) -> ProcessEnd:
        """The end of something that this process starts."""
        made = ProcessEnd()
        with self._tree:
            self._children.append(made)
            over = self.is_set()
        if over:
            made.set()
        return made

    def set(self) -> None:
        super().set()
        with self._tree:
            children = list(self._children)
        for each in children:
            each.set()


class SetupProcess:
    """One process. `started` is in estate seconds, `busy` the share of one processor that it takes from then on."""

    def __init__(self, name: str, pid: int, started: float = 0.0, busy: float = 0.0, end: ProcessEnd | None = None):
        self.name = name
        self.pid = pid
        self.started = started
        #: Titles of its windows; empty while it waits for nobody.
        self.windows: list[str] = []
        #: Whether it answers its window's messages.
        self.responds = True
        self._end = end or ProcessEnd()
        self._lock = threading.Lock()
        self._busy = busy
        self._used = 0.0
        self._since = started

    def cpu_seconds(self, now: float) -> float:
        """The processor time that it has used until `now` (estate seconds)."""
        with self._lock:
            return self._used + self._busy * max(now - self._since, 0.0)

    def work(self, now: float, busy: float) -> None:
        """From `now` on it takes another share of a processor; 0: it waits."""
        with self._lock:
            self._used += self._busy * max(now - self._since, 0.0)
            self._since, self._busy = now, busy

    def terminate(self) -> None:
        """End it from outside: it undoes nothing, and writes nothing more."""
        self._end.set()


class Processes:
    """The setup processes of one node that run now, in the order of their start. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[SetupProcess] = []
        self._next = _FIRST_PID

    def start(self, name: str, now: float = 0.0, busy: float = 0.0, end: ProcessEnd | None = None) -> SetupProcess:
        """Start a process at `now` (estate seconds); `end` is what ends it."""
        with self._lock:
            made = SetupProcess(name, self._next, now, busy, end)
            self._next += _STEP
            self._running.append(made)
        return made

    def remove(self, *ended: SetupProcess) -> None:
        """These have ended."""
        with self._lock:
            self._running = [each for each in self._running if each not in ended]

    def clear(self) -> None:
        """None of them runs any more."""
        with self._lock:
            self._running = []

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, without `.exe`."""
        return tuple(each.name for each in self)

    def __iter__(self) -> Iterator[SetupProcess]:
        with self._lock:
            return iter(tuple(self._running))

    def __len__(self) -> int:
        with self._lock:
            return len(self._running)
