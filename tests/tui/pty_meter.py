"""What the wizard costs on a line: bytes by key, by Tab and by nothing, first paint, and leaving, under a pty.

`python -m tests.tui.pty_meter` prints the figures of the wizard on a served practice estate. POSIX only: Windows has no
pty of this kind.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

#: Seconds without a byte after which a screen is at rest.
REST = 0.5
#: Seconds that anything may take on a machine that is busy.
PATIENCE = 60.0

#: The floor: an application of the same toolkit with one word on it.
EMPTY = """
from textual.app import App
from textual.widgets import Static

class Empty(App):
    def compose(self):
        yield Static("ready")
    def on_key(self):
        self.exit()

Empty().run()
"""
TAB, CTRL_N, CTRL_Q = b"\t", b"\x0e", b"\x11"


class Terminal:
    """A program under a pty of a size, its output counted. It answers no questions, as many terminals do not."""

    def __init__(self, argv: Sequence[str], size: tuple[int, int], environ: Mapping[str, str]) -> None:
        self.begun = time.monotonic()
        self._master, slave = pty.openpty()
        columns, rows = size
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLORTERM")}
        self._process = subprocess.Popen(
            argv,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**inherited, "TERM": "xterm-256color", **environ},
            start_new_session=True,
        )
        os.close(slave)
        self.output = b""

    @property
    def process_id(self) -> int:
        return self._process.pid

    def _read(self, seconds: float) -> bytes:
        """What comes within `seconds`; empty when nothing does."""
        if not select.select([self._master], [], [], max(seconds, 0))[0]:
            return b""
        with contextlib.suppress(OSError):
            data = os.read(self._master, 65536)
            self.output += data
            return data
        return b""

    def send(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def until(self, text: str) -> float:
        """Wait until `text` was written; the seconds since the start."""
        due = time.monotonic() + PATIENCE
        while text.encode() not in self.output:
            if time.monotonic() > due:
                raise TimeoutError(f"{text!r} never came; there is {self.output[-2000:]!r}")
            self._read(0.2)
        return time.monotonic() - self.begun

    def bytes_until_rest(self, rest: float = REST) -> int:
        """The bytes that come until none did for `rest` seconds."""
        count = 0
        while data := self._read(rest):
            count += len(data)
        return count

    def bytes_after(self, keys: bytes) -> int:
        """What a key costs."""
        self.send(keys)
        return self.bytes_until_rest()

    def bytes_within(self, seconds: float) -> int:
        """What comes within a time in which nothing is done."""
        due, count = time.monotonic() + seconds, 0
        while (left := due - time.monotonic()) > 0:
            count += len(self._read(left))
        return count

    def ended_after(self, keys: bytes) -> float:
        """Leave by these keys; the seconds until the process is gone."""
        begun = time.monotonic()
        self.send(keys)
        while self._process.poll() is None:
            if time.monotonic() > begun + PATIENCE:
                raise TimeoutError("it never ended")
            self._read(0.01)
        return time.monotonic() - begun

    def close(self) -> None:
        """End it, whatever it does."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._master)


@contextlib.contextmanager
def terminal(
    argv: Sequence[str], size: tuple[int, int] = (80, 24), environ: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """A program under a pty, ended in the end."""
    term = Terminal([sys.executable, *argv], size, environ or {})
    try:
        yield term
    finally:
        term.close()


def wizard_argv(place: Path) -> list[str]:
    """The wizard on the files of a served estate, or on a book of addresses in which there is nothing."""
    argv = ["-m", "vmm_wizard", "wizard", str(place / "practice.toml")]
    argv += ["--address-book", str(place / "address-book.toml")]
    secrets = place / "credentials.toml"
    return [*argv, "--secrets", str(secrets)] if secrets.exists() else argv


@dataclass(frozen=True)
class Paints:
    """When the first page was there, once a start: seconds by the clock, and seconds that the process had computed (all
    zero where the system does not tell)."""

    clock: tuple[float, ...]
    computed: tuple[float, ...]


def computed(process_id: int) -> float:
    """The seconds that all threads of a process have computed; 0 where /proc does not tell."""
    total = 0
    for told in Path(f"/proc/{process_id}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError, ValueError):
            total += int(told.read_text().split()[0])
    return total / 1e9


def first_paints(argv: Sequence[str], text: str, pairs: int) -> tuple[Paints, Paints]:
    """When an empty application is painted, and when `text` of the other one is: in pairs, each taken one after the
    other, because a machine that is busy with other work slows both."""
    taken: tuple[list[tuple[float, float]], ...] = ([], [])
    for _ in range(pairs):
        for rows, command, awaited in ((taken[0], ["-c", EMPTY], "ready"), (taken[1], argv, text)):
            with terminal(command) as term:
                rows.append((term.until(awaited), computed(term.process_id)))
    floor, wizard = (Paints(*zip(*rows, strict=True)) for rows in taken)
    return floor, wizard


def compared(floor: Paints, wizard: Paints) -> str:
    """Both in milliseconds and by ratio: the least and the median, by the clock and as computed."""
    rows = []
    for name in ("clock", "computed"):
        empty, ours = getattr(floor, name), getattr(wizard, name)
        for word, take in (("least", min), ("median", statistics.median)):
            both = f"empty app {take(empty) * 1000:.0f} ms, wizard {take(ours) * 1000:.0f} ms"
            rows.append(f"{name}, {word}: {both}" + (f": {take(ours) / take(empty):.2f} times" if min(empty) else ""))
    return "\n".join(
        f"first paint by the {row}" if row.startswith("clock") else f"first paint as {row}" for row in rows
    )


def first_keys(place: Path) -> str:
    """How long the first keys take that come right after the first paint, while the rest is still being loaded: until
    the screen has changed by a Tab, and by a digit that chooses the release."""
    rows = []
    for key in (TAB, b"\x1b[B"):
        waits = []
        for _ in range(5):
            with terminal(wizard_argv(place)) as term:
                term.until("Licence")
                term.bytes_until_rest(0.05)
                begun = time.monotonic()
                term.send(key)
                while not term._read(PATIENCE):
                    pass
                waits.append(time.monotonic() - begun)
        rows.append(f"{statistics.median(waits) * 1000:.0f} ms (at most {max(waits) * 1000:.0f})")
    return f"right after it a Tab shows after {rows[0]}, an arrow after {rows[1]}"


def bytes_of(place: Path, size: tuple[int, int]) -> str:
    """What keys cost on the second page of the wizard, and what nothing costs."""
    with terminal(wizard_argv(place), size) as term:
        term.until("Licence")
        term.bytes_until_rest(3)
        opened = len(term.output)
        term.send(CTRL_N)
        term.until("CA file")
        term.bytes_until_rest(3)
        fast = term.bytes_after(b"abcdefghijklmnopqrst") / 20
        slow = [term.bytes_after(key.encode()) for key in "abcd"]
        term.bytes_until_rest(3)
        tabs = [term.bytes_after(TAB) for _ in range(8)]
        idle = term.bytes_within(10) / 10
        term.send(CTRL_Q)
        term.bytes_until_rest()
        left = term.ended_after(b"\x1b[B\r")
    costs = f"opening {opened} bytes, a typed key {fast:.0f}, one at rest {slow}, Tab {tabs}, idle {idle:.0f} a second"
    return f"{size[0]}x{size[1]}: {costs}; gone {left * 1000:.0f} ms after the answer to quitting"


def main() -> None:
    """Print all figures."""
    from vmm_wizard.lab.process import start_estate

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        os.environ["VMM_WIZARD_STATE"] = str(place / "state")
        estate = start_estate(place, "", 60.0)
        try:
            # What has changed since it was last run is compiled once.
            first_paints(wizard_argv(place), "Licence", 1)
            click.echo(compared(*first_paints(wizard_argv(place), "Licence", 10)))
            click.echo(first_keys(place))
            for size in ((80, 24), (120, 36), (200, 60)):
                click.echo(bytes_of(place, size))
        finally:
            estate.terminate()
            estate.wait(10)


if __name__ == "__main__":
    main()
