"""What reaches somebody who looks elsewhere: the bell, and the title of the terminal."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping

#: Seconds between two titles while nothing but the percentage changes.
REST = 5.0
#: What terminals call themselves that take a title; others might print it.
_ABLE = (
    *("xterm", "rxvt", "screen", "tmux", "alacritty", "kitty", "foot", "st-", "konsole", "gnome", "vte", "putty"),
    *("wezterm", "ghostty", "contour", "mintty", "cygwin"),
)
_NUMBERS = re.compile(r"\d+")
_SAVE, _RESTORE = "\x1b[22;2t", "\x1b[23;2t"


def takes_titles(environ: Mapping[str, str], os_name: str = os.name) -> bool:
    """Whether the terminal takes a title: known ones do; a dumb one, or the console of Linux, would print it."""
    return os_name == "nt" or environ.get("TERM", "").startswith(_ABLE)


class TerminalTitle:
    """The title of the terminal. `write` takes what is sent to it, `able` whether it takes titles at all."""

    def __init__(self, write: Callable[[str], object], *, able: bool) -> None:
        self._write = write
        self._able = able
        self._shown = ""
        self._at = 0.0

    def show(self, title: str, *, at_once: bool = False, now: Callable[[], float] = time.monotonic) -> None:
        """Make this the title; where only its numbers differ, not within `REST` seconds of the last one unless
        `at_once`. Nothing may be told for long after it."""
        title = "".join(letter for letter in title if letter.isprintable())
        if not self._able or title == self._shown:
            return
        moment = now()
        is_same = _NUMBERS.sub("", title) == _NUMBERS.sub("", self._shown)
        if is_same and not at_once and moment - self._at < REST:
            return
        self._write(f"{'' if self._shown else _SAVE}\x1b]2;{title}\x07")
        self._shown, self._at = title, moment

    def restore(self) -> None:
        """The title that the terminal had before; one that kept none gets an empty one. It is the last word: what a
        run still tells while the wizard is being left names nothing any more."""
        if self._shown:
            self._write(f"\x1b]2;\x07{_RESTORE}")
            self._shown = ""
        self._able = False
