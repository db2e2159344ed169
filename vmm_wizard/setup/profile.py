"""Windows' private-profile format: write it so that nothing is lost, read it as GetPrivateProfileString does."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping

from vmm_wizard.texts import text

#: The one section of VMM's answer files (2.1).
SECTION = "OPTIONS"
#: Characters that setup's buffer holds, the closing NUL included (PHX).
BUFFER_CHARACTERS = 4096

_LINE_END = re.compile(r"\r\n|\r|\n")
#: What the API trims around names and values: blank and every control character below it.
_BLANKS = "".join(map(chr, range(33)))


class ProfileSection(Mapping[str, str]):
    """The keys of one section, looked up in any case; iterates over the names as written. The first of a name wins."""

    def __init__(self, entries: Iterable[tuple[str, str]] = ()) -> None:
        self._entries: dict[str, tuple[str, str]] = {}
        for name, value in entries:
            self._entries.setdefault(name.casefold(), (name, value))

    def __getitem__(self, name: str) -> str:
        return self._entries[name.casefold()][1]

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, _ in self._entries.values()])

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"ProfileSection({list(self)})"


def read_private_profile(data: bytes, section: str = SECTION) -> ProfileSection:
    """What GetPrivateProfileString finds in `section` of a file with these bytes; empty when there is no such section.

    The API's rules (2.1): a UTF-16LE byte order mark is honoured and no other, so that a UTF-8 mark becomes part of the
    first line and hides a section written there; only `;` at the beginning of a line is a comment; blanks around names
    and values go, and so does one pair of quotes around a value; the first section and the first key of a name win, in
    any case; a value ends at a NUL and after 4,095 characters; what follows a value on its line belongs to it.
    """
    pairs = _section_lines(decode_profile(data), section)
    return ProfileSection([(name, _as_returned(value)) for name, value in pairs])


def decode_profile(data: bytes) -> str:
    """The text that the API sees: UTF-16LE behind its mark, else the ANSI code page (Windows-1252)."""
    if data.startswith(codecs.BOM_UTF16_LE):
        return data[2:].decode("utf-16-le", errors="replace")
    return data.decode("cp1252", errors="replace")


def logical_lines(text: str) -> list[str]:
    """The lines of a profile without their ends (CR, LF or both) and without blanks around them."""
    return [line.strip(_BLANKS) for line in _LINE_END.split(text)]


def section_name(line: str) -> str | None:
    """The section that a trimmed line opens, or None when it opens none."""
    if not line.startswith("[") or "]" not in line:
        return None
    return line[1 : line.index("]")].strip(_BLANKS)


def key_and_value(line: str) -> tuple[str, str] | None:
    """Name and raw value of a trimmed line, or None for a comment or a line without an equals sign."""
    name, sign, value = line.partition("=")
    if not sign or line.startswith(";"):
        return None
    return name.strip(_BLANKS), value.strip(_BLANKS)


def _section_lines(text: str, section: str) -> Iterator[tuple[str, str]]:
    inside = False
    for line in logical_lines(text):
        opened = section_name(line)
        if opened is not None:
            if inside:
                return
            inside = opened.casefold() == section.casefold()
        elif inside:
            pair = key_and_value(line)
            if pair is not None:
                yield pair


def _as_returned(value: str) -> str:
    value = value.partition("\0")[0].rstrip(_BLANKS)
    if _in_quotes(value):
        value = value[1:-1]
    units = value.encode("utf-16-le", errors="surrogatepass")
    return units[: 2 * (BUFFER_CHARACTERS - 1)].decode("utf-16-le", errors="replace")


def _in_quotes(value: str) -> bool:
    return len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"


def render_profile(options: Mapping[str, str], section: str = SECTION) -> bytes:
    """A profile with one section, that reads back as `options`: CRLF, ASCII, or UTF-16LE with its mark.

    Raises ValueError with one sentence for a value that cannot be carried (a line break or another control character,
    blanks at its ends, more than 4,095 characters).
    """
    lines = [f"[{section}]"]
    lines += [f"{name}={_as_written(name, value)}" for name, value in options.items()]
    written = "".join(f"{line}\r\n" for line in lines)
    if written.isascii():
        return written.encode("ascii")
    try:
        return codecs.BOM_UTF16_LE + written.encode("utf-16-le")
    except UnicodeEncodeError as error:
        bad = f"U+{ord(written[error.start]):04X}"
        raise ValueError(text("setup_files.profile.no_letter", letter=bad)) from None


def _as_written(name: str, value: str) -> str:
    if any(ord(character) < 32 or ord(character) in (127, 0x85, 0x2028, 0x2029) for character in value):
        raise ValueError(text("setup_files.profile.control_characters", name=name))
    if value != value.strip(_BLANKS):
        raise ValueError(text("setup_files.profile.blanks", name=name))
    if len(value.encode("utf-16-le", errors="surrogatepass")) // 2 >= BUFFER_CHARACTERS:
        raise ValueError(text("setup_files.profile.too_long", name=name, most=BUFFER_CHARACTERS - 1))
    # A value that stands in quotes of its own would lose them, so it gets a second pair to lose.
    return f'"{value}"' if _in_quotes(value) else value
