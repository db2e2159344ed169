"""watch.json: how setup's processes fare on a simulated node, written anew while setup runs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Protocol

from vmm_wizard.lab.clock import Clock
from vmm_wizard.lab.files import DiskFull, NodeFiles
from vmm_wizard.lab.processes import Processes

#: Estate seconds between two looks, as in wrapper.ps1.
EVERY = 15.0


class WatchedHost(Protocol):
    """What is looked at, and when."""

    files: NodeFiles
    processes: Processes

    @property
    def clock(self) -> Clock:
        """The estate's time."""


class SetupWatch:
    """Looks at a node's setup processes for as long as the block lasts, the first time at once."""

    def __init__(self, host: WatchedHost, path: str, now: Callable[[], str], ended: threading.Event) -> None:
        """`path` is the file, `now` the node's time as the wrapper writes it; `ended` is set when the task is."""
        self._host = host
        self._path = path
        self._now = now
        self._ended = ended
        self._over = threading.Event()
        self._used: dict[int, int] = {}
        self._thread = threading.Thread(target=self._look_on, name="watch", daemon=True)

    def __enter__(self) -> SetupWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _look_on(self) -> None:
        while not self._ended.is_set():
            if len(self._host.processes):
                self._write()
            if self._host.clock.wait(EVERY, self._over):
                return

    def _write(self) -> None:
        now = self._host.clock.seconds()
        rows = [
            {
                "name": f"{process.name}.exe",
                "id": process.pid,
                "cpu_milliseconds": int(process.cpu_seconds(now) * 1000),
                "window": process.windows[0] if process.windows else "",
                "responds": process.responds,
            }
            for process in self._host.processes
        ]
        self._used |= {int(str(row["id"])): int(str(row["cpu_milliseconds"])) for row in rows}
        watch = {"time": self._now(), "cpu_milliseconds": sum(self._used.values()), "processes": rows}
        with suppress(DiskFull):
            self._host.files.write(f"{self._path}.new", json.dumps(watch).encode())
            self._host.files.move(f"{self._path}.new", self._path)
