"""What a terminal can show: which colours, or none, and whether it knows more than ASCII. Pure; no Textual."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

#: What `--theme` and VMM_WIZARD_THEME may say. `16-...`: the terminal's own sixteen colours; `none`: no colours.
CHOICES = ("auto", "dark", "light", "16-dark", "16-light", "none")
VARIABLE = "VMM_WIZARD_THEME"

_THEMES = {"dark": "textual-dark", "light": "textual-light", "16-dark": "ansi-dark", "16-light": "ansi-light"}
#: Terminals of one colour, and of their own letters: DEC's, and those that emulate them and no more.
_ONE_COLOUR = ("vt52", "vt100", "vt102", "vt220", "vt320", "vt420", "vt510")
#: Background colours, by number, that are light: white and the bright ones but black.
_LIGHT = frozenset({"7", "9", "10", "11", "12", "13", "14", "15"})


@dataclass(frozen=True, slots=True)
class Look:
    """How the wizard is shown. `theme`: one of Textual's. `colours`: False where no colour code may be sent, and where
    what has the focus is told by reverse. `ascii`: nothing but ASCII is sent."""

    theme: str = "textual-dark"
    colours: bool = True
    ascii: bool = False

    @property
    def next_theme(self) -> str:
        """The theme after this one, where light and dark are switched; the same one where there is no other."""
        if not self.colours:
            return self.theme
        row = ("ansi-dark", "ansi-light") if self.theme.startswith("ansi") else ("textual-dark", "textual-light")
        return row[1 - row.index(self.theme)]


def look_of(environ: Mapping[str, str], os_name: str = os.name) -> Look:
    """The look for a terminal, from what its environment says of it; VMM_WIZARD_THEME goes before all but NO_COLOR,
    which wins (https://no-color.org)."""
    term = environ.get("TERM", "")
    wanted = environ.get(VARIABLE, "auto")
    one_colour = term.startswith(_ONE_COLOUR) or term.endswith(("-m", "-mono"))
    in_ascii = term.startswith(_ONE_COLOUR) or (os_name == "posix" and not _is_utf8(environ))
    if environ.get("NO_COLOR") or wanted == "none" or (one_colour and wanted not in _THEMES):
        return Look(colours=False, ascii=in_ascii)
    if wanted not in _THEMES:
        # What the background is some terminals say, as `foreground;background`; the others are dark, as most are.
        light = environ.get("COLORFGBG", "").rpartition(";")[2] in _LIGHT
        wanted = ("16-" if _has_sixteen(environ, os_name) else "") + ("light" if light else "dark")
    return Look(_THEMES[wanted], ascii=in_ascii)


def _has_sixteen(environ: Mapping[str, str], os_name: str) -> bool:
    """Whether sixteen colours are all that a terminal promises. PuTTY and screen say xterm and screen, no more."""
    term = environ.get("TERM", "")
    if os_name == "nt" or environ.get("COLORTERM", "").casefold() in ("truecolor", "24bit"):
        return False
    return not ("256color" in term or term.endswith(("-kitty", "-direct", "-ghostty")))


def _is_utf8(environ: Mapping[str, str]) -> bool:
    """Whether the locale is one of UTF-8. Python, started in the locale C, makes one for itself (PEP 538) and leaves
    LC_CTYPE behind: that says nothing of the terminal."""
    made_up = environ.get("LC_CTYPE") == "C.UTF-8" and environ.get("LANG", "") in ("", "C", "POSIX")
    names = ("LC_ALL", "LANG") if made_up else ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next((environ[name] for name in names if environ.get(name)), "")
    return locale.casefold().replace("-", "").partition("@")[0].endswith("utf8")


_DRAWN = {
    "─━═╌┄╴╶╸╺▔▁": "-",
    "│┃║╎┆╵╷╹╻▏▕▎▍▌▐": "|",
    "┌┐└┘├┤┬┴┼┏┓┗┛┣┫┳┻╋╔╗╚╝╠╣╦╩╬╭╮╯╰": "+",
    "█▇▆▅▄▃▂▀▊▋▉░▒▓■": "#",
    "→▶►▸": ">",
    "←◀◄◂": "<",
    "↑▲": "^",
    "↓▼": "v",
    "•·●○": "*",
    "…": ".",
    "–—": "-",
    "“”„": '"',
    "‘’‚": "'",
    "✓✔": "+",
    "✗✘×": "x",
    "\N{NO-BREAK SPACE}": " ",
}
_SIGNS = {sign: plain for signs, plain in _DRAWN.items() for sign in signs}


def in_ascii(text: str) -> str:
    """`text` in ASCII, as many columns wide: drawn lines by signs, letters without their accents, the rest by `?`."""
    return text if text.isascii() else "".join(map(_plain, text))


@cache
def _plain(sign: str) -> str:
    if sign.isascii():
        return sign
    if sign in _SIGNS:
        return _SIGNS[sign]
    letter = unicodedata.normalize("NFKD", sign)[0]
    if letter.isascii():
        return letter
    if unicodedata.combining(sign):
        return ""
    return "??" if unicodedata.east_asian_width(sign) in "WF" else "?"
