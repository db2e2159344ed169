"""Texts from elsewhere made safe to show: a control sequence in a log line or a name must not steer the terminal."""

from __future__ import annotations

import unicodedata

_KEPT = frozenset("\n\t")


def _is_shown(character: str) -> bool:
    return character.isprintable() or character in _KEPT or unicodedata.category(character) == "Zs"


def _code(character: str) -> str:
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def printable(text: str) -> str:
    r"""`text` with whatever cannot be seen written as its code (`\x1b`, `\u202e`): control characters, marks that turn
    the direction of writing, lone surrogates. Line ends, tabs and blanks of all widths stay. Twice is the same as once.
    """
    if text.isprintable():
        return text
    return "".join(c if _is_shown(c) else _code(c) for c in text.replace("\r\n", "\n"))


def printable_json(document: str) -> str:
    """A JSON document with the same characters escaped as JSON does: it still says the same to a program."""
    if document.isprintable():
        return document
    return "".join(c if _is_shown(c) else _json_code(c) for c in document)


def _json_code(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
