"""A TOML text as statements with their lines: where each key stands, and what can still be read of a broken file.

tomllib says neither on which line a key stands nor more than the first error. A statement (one header, one key with
its value) ends at the first line where tomllib accepts it by itself, because inside an open string or bracket no
beginning is valid TOML. So tomllib stays the only parser, and this module only cuts.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from vmm_wizard.texts import text

#: A place in the data: keys, and indices of lists.
Path = tuple[str | int, ...]

#: Most lines of one statement; a longer one has no lines of its own.
_STATEMENT_LINES = 400
_ASSIGNMENT = re.compile(r"\s*([A-Za-z0-9_.\-\"']+)\s*=\s*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SyntaxMistake:
    """A statement that cannot be read: its line, its key in full as far as it can be told, its value as text."""

    line: int
    problem: str
    key: str = ""
    raw: str = ""


@dataclass(slots=True)
class Scan:
    """What was read: the data as tomllib gives it, the line of each key (and list element), and the mistakes."""

    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)
    mistakes: list[SyntaxMistake] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of `path`, else of what holds it; 0 when neither is known."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 0


def scan(written: str) -> Scan:
    """Read a TOML text as far as it can be read; never raises."""
    written = written.replace("\r\n", "\n")
    found = by_statement(written)
    try:
        found.data = tomllib.loads(written)
    except tomllib.TOMLDecodeError as error:
        if not found.mistakes:
            found.mistakes.append(SyntaxMistake(error_line(error, written), _problem(error)))
    except RecursionError:
        found.mistakes.append(SyntaxMistake(1, text("parsing.toml_lines.nested")))
    else:
        found.mistakes.clear()
    return found


def by_statement(text: str) -> Scan:
    """The same, put together from the statements alone: all that is readable of a text that is not TOML as a whole."""
    found = Scan()
    reader = _Reader(found)
    for line, statement in _statements(text):
        reader.take(line, statement)
    return found


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """(first line, text) of each statement; a broken one is the single line that it begins on."""
    lines = text.split("\n")
    position = 0
    while position < len(lines):
        if not lines[position].strip() or lines[position].lstrip().startswith("#"):
            position += 1
            continue
        length = _statement_length(lines, position)
        yield position + 1, "\n".join(lines[position : position + length])
        position += length


def _statement_length(lines: list[str], position: int) -> int:
    for length in range(1, min(_STATEMENT_LINES, len(lines) - position) + 1):
        if _loads("\n".join(lines[position : position + length])) is not None:
            return length
    return 1


def _loads(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


class _Reader:
    """Puts statements together as TOML does, and notes what stands twice."""

    def __init__(self, found: Scan) -> None:
        self._found = found
        self._table: Path = ()
        self._headers: dict[Path, int] = {}

    def take(self, line: int, statement: str) -> None:
        try:
            parsed = tomllib.loads(statement)
        except tomllib.TOMLDecodeError as error:
            self._broken(line, statement, _problem(error))
        except RecursionError:
            self._broken(line, statement, text("parsing.toml_lines.nested"))
        else:
            if statement.lstrip().startswith("["):
                self._header(line, parsed, is_list=statement.lstrip().startswith("[["))
            else:
                self._assign(line, statement, parsed)

    def _broken(self, line: int, statement: str, problem: str) -> None:
        match = _ASSIGNMENT.fullmatch(statement)
        name = match[1].replace('"', "").replace("'", "") if match else ""
        where = [str(part) for part in self._table]
        key = ".".join([*where, name]) if name else ""
        self._found.mistakes.append(SyntaxMistake(line, problem, key, match[2].strip() if match else ""))

    def _header(self, line: int, parsed: dict[str, Any], *, is_list: bool) -> None:
        names: list[str] = []
        inner: Any = parsed
        while isinstance(inner, dict) and inner:
            name, inner = next(iter(inner.items()))
            names.append(name)
        holder, place = self._descend(tuple(names[:-1] if is_list else names))
        if holder is None:
            self._repeated(line, ".".join(names), self._found.line(place))
            return
        if is_list:
            elements = holder.setdefault(names[-1], [])
            if not isinstance(elements, list):
                self._repeated(line, ".".join(names), self._found.line((*place, names[-1])))
                return
            elements.append({})
            place = (*place, names[-1], len(elements) - 1)
        elif place in self._headers:
            self._repeated(line, f"[{'.'.join(names)}]", self._headers[place])
        self._headers[place] = line
        self._found.lines.setdefault(place, line)
        self._table = place

    def _assign(self, line: int, statement: str, parsed: dict[str, Any]) -> None:
        names: list[str | int] = []
        inner: Any = parsed
        # Dotted keys: down to what the statement sets. An inline table is its value, not a place.
        depth = _key_depth(statement)
        while isinstance(inner, dict) and len(inner) == 1 and len(names) < depth:
            name, inner = next(iter(inner.items()))
            names.append(name)
        holder, place = self._descend((*self._table, *names[:-1]))
        path = (*place, names[-1])
        if holder is None or names[-1] in holder:
            self._repeated(line, ".".join(str(part) for part in path if isinstance(part, str)), self._found.line(path))
            return
        holder[str(names[-1])] = inner
        self._found.lines[path] = line
        for index, offset in enumerate(_element_offsets(statement, inner)):
            self._found.lines[*path, index] = line + offset

    def _descend(self, wanted: Path) -> tuple[dict[str, Any] | None, Path]:
        """The table at `wanted` (made where it is missing) and its place; None when something else stands there.

        Of a list of tables the last one is meant, whatever index `wanted` has.
        """
        holder: Any = self._found.data
        place: Path = ()
        for name in wanted:
            if isinstance(name, int):
                continue
            if not isinstance(holder, dict):
                return None, place
            holder = holder.setdefault(name, {})
            place = (*place, name)
            if isinstance(holder, list) and holder:
                place = (*place, len(holder) - 1)
                holder = holder[-1]
        return (holder if isinstance(holder, dict) else None), place

    def _repeated(self, line: int, key: str, first: int) -> None:
        self._found.mistakes.append(SyntaxMistake(line, text("parsing.toml_lines.twice", first=first), key))


def _key_depth(statement: str) -> int:
    """How many names the key of a statement has: cut at each equals sign until the left side reads as a key."""
    for match in re.finditer("=", statement):
        parsed = _loads(f"{statement[: match.start()]}= 0")
        if parsed is not None:
            depth = 0
            inner: Any = parsed
            while isinstance(inner, dict):
                inner = next(iter(inner.values()))
                depth += 1
            return depth
    return 1


def _element_offsets(statement: str, value: object) -> list[int]:
    """For a list over several lines: how many lines below its key each element ends."""
    if not isinstance(value, list) or "\n" not in statement:
        return []
    lines = statement.split("\n")
    offsets: list[int] = []
    for offset in range(len(lines)):
        closed = _loads("\n".join([*lines[: offset + 1], "]"])) or {}
        inner: Any = closed
        while isinstance(inner, dict) and inner:
            inner = next(iter(inner.values()))
        if isinstance(inner, list):
            offsets += [offset] * (len(inner) - len(offsets))
    offsets += [len(lines) - 1] * (len(value) - len(offsets))
    return offsets[: len(value)]


def _problem(error: tomllib.TOMLDecodeError) -> str:
    message = re.sub(r"\s*\(at (?:line \d+, column \d+|end of document)\)", "", str(error))
    return message[:1].lower() + message[1:]


def error_line(error: tomllib.TOMLDecodeError, text: str) -> int:
    """The line that an error of tomllib speaks of; the last one for the end of the document."""
    match = re.search(r"at line (\d+)", str(error))
    return int(match[1]) if match else text.rstrip().count("\n") + 1
