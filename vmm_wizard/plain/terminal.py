"""The console that a process has: lines in and out, without one escape code, and passwords that are not shown.

What a terminal sends is one line at a time, and nothing marks what is pasted. So what counts is when it comes: a line
that was there before its question is put was typed ahead, and answers it; several that come at once behind the
question are a paste.
"""

from __future__ import annotations

import getpass
import io
import os
import select
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from vmm_wizard.printable import printable

#: Columns where the terminal does not say how wide it is.
UNKNOWN_WIDTH = 80
#: Seconds in which further lines belong to a text that was pasted: nobody types two so fast.
PASTE_SECONDS = 0.05
#: Seconds without a letter that end a paste, on a slow line too.
SETTLED_SECONDS = 0.2
#: Seconds in which nobody types so much as the first letter of the next line.
AT_ONCE_SECONDS = 0.015
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
        #: Empty lines that came behind another: Enter, typed ahead.
        self._ahead: list[str] = []
        #: What came at once with the last line.
        self._pasted: list[str] = []
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
        """Ask for a line. One that was typed ahead stands somewhere above: it is said again behind its question."""
        is_ahead = bool(self._ahead) or (self._is_typed and self._is_there(0))
        self._put(prompt)
        line = self._ahead.pop(0) if self._ahead else self._line()
        self._pasted = self._at_once() if self._is_typed and not is_ahead else []
        if not self._is_typed or is_ahead:
            self.write(printable(line))
        return line

    def pasted(self) -> list[str]:
        """The lines that came at once behind the last one; none from a pipe, and none where it was typed ahead."""
        return self._pasted

    def read_secret(self, prompt: str) -> str:
        """Ask for a line that is not shown; from a pipe it is read as it comes. Raises UnicodeError for letters in
        another encoding: half a password is a logon that counts."""
        self._pasted = []
        if not self._is_typed:
            self._put(prompt)
            line = self._line()
            self.write("")
        elif sys.platform == "win32":
            line = getpass.getpass(self._sayable(prompt))
        else:
            with self._unseen():
                self._put(prompt)
                line = self._line()
                self._pasted = self._at_once()
            self.write("")
        line.encode()
        return line

    @contextmanager
    def _unseen(self) -> Iterator[None]:
        """The terminal shows nothing of what is typed. What was typed ahead is no password: it is dropped."""
        if sys.platform != "win32":
            import termios

            terminal, before = self._in.fileno(), termios.tcgetattr(self._in.fileno())
            unseen = termios.tcgetattr(terminal)
            unseen[3] &= ~termios.ECHO
            termios.tcsetattr(terminal, termios.TCSAFLUSH, unseen)
            self._ahead = []
            try:
                yield
            finally:
                termios.tcsetattr(terminal, termios.TCSADRAIN, before)

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

    def _at_once(self) -> list[str]:
        """What comes at once behind a line. Empty lines alone are Enter, typed ahead: they stay."""
        lines = self._lines_within(AT_ONCE_SECONDS) + self._unfinished()
        if not lines:
            lines = self._lines_within(PASTE_SECONDS)
            lines += self._unfinished() if lines else []
        if any(line.strip() for line in lines):
            return lines
        self._ahead += lines
        return []

    def _lines_within(self, seconds: float) -> list[str]:
        lines: list[str] = []
        while self._is_there(SETTLED_SECONDS if any(lines) else seconds):
            lines.append(self._line())
        return lines

    def _is_there(self, seconds: float) -> bool:
        """Whether a line comes within so many seconds."""
        if sys.platform == "win32":
            import msvcrt

            time.sleep(seconds)
            return msvcrt.kbhit()
        return bool(select.select([self._in.fileno()], [], [], seconds)[0])

    def _unfinished(self) -> list[str]:
        """What came of a line that is not ended, with all that follows at once: a paste seldom ends with Enter."""
        if sys.platform == "win32":
            return []
        import termios

        terminal, before = self._in.fileno(), termios.tcgetattr(self._in.fileno())
        bare = termios.tcgetattr(terminal)
        bare[3] &= ~termios.ICANON
        bare[6][termios.VMIN], bare[6][termios.VTIME] = 0, 0
        read = b""
        termios.tcsetattr(terminal, termios.TCSANOW, bare)
        try:
            while part := os.read(terminal, _LINE):
                read += part
                self._is_there(SETTLED_SECONDS)
        finally:
            termios.tcsetattr(terminal, termios.TCSANOW, before)
        if read and not read.endswith(b"\n"):
            self.write("")
        return read.decode(self._in.encoding or "utf-8", _ESCAPED).splitlines()
