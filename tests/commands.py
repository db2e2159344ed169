"""Starts `vmm-wizard` in a process of its own, as `python -m vmm_wizard` would, and without importing it all anew."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal

ROOT = Path(__file__).parent.parent

#: A process of its own from its first instruction on, as every platform has it.
Real = subprocess.Popen[str]


class Forked:
    """A command that was begun by forking, used as `subprocess.Popen` is: text in UTF-8, nothing to read from."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], *, hush: bool) -> None:
        self.args = arguments
        self.returncode: int | None = None
        self.stdout, out = _pipe()
        self.stderr, err = (None, os.open(os.devnull, os.O_WRONLY)) if hush else _pipe()
        ours, told = socket.socketpair()
        order = {"arguments": arguments, "environment": dict(environment), "folder": str(Path.cwd())}
        _server().give(order, [out, err, told.fileno()])
        told.close()
        os.close(out)
        os.close(err)
        self._line, self._told = ours, ours.makefile("r")
        self.pid = int(self._told.readline())
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, or minus the signal that ended it. Raises subprocess.TimeoutExpired."""
        with self._lock:
            if self.returncode is None:
                if not select.select([self._line], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired(self.args, timeout or 0)
                self.returncode = int(self._told.readline())
                self._told.close()
                self._line.close()
            return self.returncode

    def send_signal(self, number: int) -> None:
        """Nothing where it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """(Standard output, standard error) when it has ended. Raises subprocess.TimeoutExpired; it goes on then."""
        said = ["", ""]

        def read(number: int, file: IO[str]) -> None:
            said[number] = file.read()

        files = [file for file in (self.stdout, self.stderr) if file is not None]
        readers = [threading.Thread(target=read, args=row, daemon=True) for row in enumerate(files)]
        for reader in readers:
            reader.start()
        self.wait(timeout)
        for reader in readers:
            reader.join()
        return said[0], said[1]

    def __enter__(self) -> Forked:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in (self.stdout, self.stderr):
            if file is not None:
                file.close()
        self.wait()


def _pipe() -> tuple[IO[str], int]:
    reading, writing = os.pipe()
    return os.fdopen(reading, encoding="utf-8"), writing


class _Server:
    """The process of `tests/forking.py`, from the first order to the end of this one."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        self._lock = threading.Lock()
        command = [sys.executable, "-m", "tests.forking", str(theirs.fileno())]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, cwd=ROOT, pass_fds=[theirs.fileno()], start_new_session=True
        )
        theirs.close()
        atexit.register(self._close)

    def give(self, order: Mapping[str, Any], files: list[int]) -> None:
        body = json.dumps(order).encode()
        with self._lock:
            socket.send_fds(self._control, [b"%8d" % len(body)], files)
            self._control.sendall(body)

    def _close(self) -> None:
        self._control.close()
        self._process.wait()


_server = cache(_Server)


def start(
    *arguments: object, environment: Mapping[str, str], errors: Literal["told", "hushed"] = "told", real: bool = False
) -> Forked | Real:
    """The command in a process of its own, its output in pipes. `real`: started by the system, not forked; so it is
    everywhere but on POSIX."""
    words = [str(argument) for argument in arguments]
    if not real and os.name == "posix":
        return Forked(words, environment, hush=errors == "hushed")
    return subprocess.Popen(
        [sys.executable, "-m", "vmm_wizard", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if errors == "told" else subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env=dict(environment),
    )


def run(
    *arguments: object, environment: Mapping[str, str], timeout: float = 120, real: bool = False
) -> subprocess.CompletedProcess[str]:
    """As `start`, to its end."""
    with start(*arguments, environment=environment, real=real) as process:
        try:
            said, errors = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode or 0, said, errors)
