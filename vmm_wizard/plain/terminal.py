"""The console that a process has: lines in and out, without one escape code, and passwords that are not shown."""

from __future__ import annotations

import getpass
import io
import os
import select
import shutil
import sys
import time
from typing import TextIO

from vmm_wizard.printable import printable

#: Columns where the terminal does not say how wide it is.
UNKNOWN_WIDTH = 80
#: Seconds in which further lines belong to a text that was pasted.
PASTE_SECONDS = 0.05
#: Bytes that are read at a time: a terminal gives one line.
_LINE = 65536
#: How bytes are read that are no letters in the encoding of the terminal: as what is not printable.
_ESCAPED = "surrogateescape"


class Terminal:
    """Standard input and output. Where the input is no terminal, what was read is said, so that a log has both."""

    def __init__(self, source: TextIO | None = None, target: TextIO | None = None) -> None:
        self._in = sys.stdin if source is None else source
        self._out = sys.stdout if target is None else target
        if isinstance(self._in, io.TextIOWrapper):
            # Letters in another encoding are said to be none; they are no reason to break.
            self._in.reconfigure(errors=_ESCAPED)
        self._is_typed = self._in.isatty()
        #: Lines that were read to see whether they were pasted, and were not.
        self._ahead: list[str] = []
        self._says_all = (self._out.encoding or "").casefold().replace("-", "").replace("_", "") == "utf8"

    @property
    def width(self) -> int:
        """Columns of a line."""
        size = shutil.get_terminal_size((UNKNOWN_WIDTH, 0)) if self._out.isatty() else None
        return size.columns if size and size.columns > 0 else UNKNOWN_WIDTH

    @property
    def height(self) -> int:
        """Lines of the screen; 0 where nobody waits for the next ones."""
        return shutil.get_terminal_size((UNKNOWN_WIDTH, 0)).lines if self._is_typed and self._out.isatty() else 0

    def write(self, line: str) -> None:
        """Say one line."""
        self._put(f"{line}\n")

    def _put(self, said: str) -> None:
        try:
            self._out.write(self._sayable(said))
            self._out.flush()
        except OSError as error:
            # The terminal has gone, or the reader of a pipe: nobody answers any more.
            raise EOFError from error

    def _sayable(self, said: str) -> str:
        return said if self._says_all else said.encode("ascii", "backslashreplace").decode("ascii")

    def read(self, prompt: str) -> str:
        """Ask for a line."""
        self._put(prompt)
        line = self._ahead.pop(0) if self._ahead else self._line()
        if not self._is_typed:
            self.write(printable(line))
        return line

    def pasted(self) -> list[str]:
        """The lines that came at once behind the last one. Blank ones alone are Enter, typed ahead: they stay."""
        lines: list[str] = []
        while self._is_typed and self._more_is_there():
            lines.append(self._line())
        if any(line.strip() for line in lines):
            return lines
        self._ahead += lines
        return []

    def read_secret(self, prompt: str) -> str:
        """Ask for a line that is not shown; from a pipe it is read as it comes. Raises UnicodeError for letters in
        another encoding: half a password is a logon that counts."""
        if self._is_typed:
            line = getpass.getpass(self._sayable(prompt))
        else:
            self._put(prompt)
            line = self._line()
            self.write("")
        line.encode()
        return line

    def _line(self) -> str:
        if self._is_typed and os.name == "posix":
            return self._typed_line()
        line = self._in.readline()
        if not line:
            raise EOFError
        return line.rstrip("\r\n")

    def _typed_line(self) -> str:
        """A line as the terminal has edited it; read without a buffer, so that it can be told whether more is there."""
        read = b""
        while not read.endswith(b"\n"):
            try:
                part = os.read(self._in.fileno(), _LINE)
            except OSError as error:
                raise EOFError from error
            if not part:
                # Ctrl+D behind some letters sends them; alone it ends the input.
                if not read:
                    raise EOFError
                break
            read += part
        return read.decode(self._in.encoding or "utf-8", _ESCAPED).rstrip("\r\n")

    def _more_is_there(self) -> bool:
        if sys.platform == "win32":
            import msvcrt

            time.sleep(PASTE_SECONDS)
            return msvcrt.kbhit()
        return bool(select.select([self._in.fileno()], [], [], PASTE_SECONDS)[0])
