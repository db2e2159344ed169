"""What the WinRM services of one node do to their clients beside answering: refuse, cut, keep silent, spoil output."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmm_wizard.lab.winrm_server import WinrmServer


@dataclass(frozen=True)
class Garbage:
    """What becomes of a script's output: texts before and after it, and the share of it that is kept (1: all)."""

    before: str = ""
    after: str = ""
    kept: float = 1.0

    def spoil(self, stdout: bytes) -> bytes:
        """The output as it arrives."""
        kept = stdout[: int(len(stdout) * self.kept)]
        return _lines(self.before) + kept + _lines(self.after)


def _lines(text: str) -> bytes:
    return "".join(f"{line}\r\n" for line in text.splitlines()).encode()


class Wire:
    """Faults of one node's services, which may overlap. Every method but `spoiled` gives what ends the fault."""

    def __init__(self, services: list[WinrmServer]) -> None:
        self._services = services
        self._lock = threading.RLock()
        self._shut: set[object] = set()
        self._silent: set[object] = set()
        self._garbage: list[Garbage] = []
        self._always: list[Garbage] = []
        self._cuts = 0

    def attach(self, service: WinrmServer) -> None:
        """One more service of the node: it is as the others are."""
        with self._lock:
            self._services.append(service)
            service.silent = bool(self._silent)
            service.shells.cuts = self._cuts
            if self._shut:
                service.cut()

    def shut(self) -> Callable[[], None]:
        """Cut every connection and refuse new ones, until all who shut it have opened it again."""
        reason = object()
        with self._lock:
            self._shut.add(reason)
            for service in self._services:
                service.cut()
        return lambda: self._open(reason)

    def _open(self, reason: object) -> None:
        with self._lock:
            self._shut.discard(reason)
            if not self._shut:
                for service in self._services:
                    service.accept()

    def silence(self) -> Callable[[], None]:
        """Accept connections, read what comes, and answer nothing, not even what is being worked at."""
        reason = object()
        with self._lock:
            self._silent.add(reason)
            for service in self._services:
                service.silent = True
        return lambda: self._speak(reason)

    def _speak(self, reason: object) -> None:
        with self._lock:
            self._silent.discard(reason)
            if self._silent:
                return
            for service in self._services:
                service.silent = False
                service.hang_up()  # who was not answered never will be

    def cut_answers(self, count: int = 1) -> None:
        """Break the connection in the middle of the next answers that carry a script's output."""
        with self._lock:
            self._cuts = count
            for service in self._services:
                service.shells.cuts = count

    def cut_all_answers(self) -> Callable[[], None]:
        """Break it in the middle of every such answer."""
        self.cut_answers(-1)
        return lambda: self.cut_answers(0)

    def spoil_next(self, garbage: Garbage) -> None:
        """The next script's output arrives like this."""
        with self._lock:
            self._garbage.append(garbage)

    def spoil_all(self, garbage: Garbage) -> Callable[[], None]:
        """Every script's output arrives like this."""
        with self._lock:
            self._always.append(garbage)
        return lambda: self._always.remove(garbage)

    def spoiled(self, stdout: bytes) -> bytes:
        """A script's output as it leaves the node."""
        with self._lock:
            row = [*self._always, *self._garbage]
            self._garbage.clear()
        for garbage in row:
            stdout = garbage.spoil(stdout)
        return stdout
