"""Answer files: a plan as commented TOML. Reading names every mistake at once; nothing secret is read or shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path as FilePath
from typing import Any

from vmm_wizard.plan.fields import BY_KEY, TABLES, Field, Kind, set_field, without_repetition
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.rows import Rows
from vmm_wizard.plan.saving import dumps, save
from vmm_wizard.plan.secret_keys import is_secret_key
from vmm_wizard.plan.toml_lines import Path, Scan, SyntaxMistake, scan
from vmm_wizard.texts import text

__all__ = ["AnswersError", "Draft", "Mistake", "Objection", "Rule", "dumps", "load", "load_draft", "loads", "save"]

#: Longest answer file in bytes; a real one has some thousand.
SIZE_MAX = 256 * 1024

_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong in an answer file. `line` counts from 1; 0 when the whole file is meant. Never holds a secret.

    `str()` is one sentence: file, line, key, what was read, what is allowed.
    """

    file: str
    line: int
    key: str
    read: str
    allowed: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        if not self.key:
            return f"{where}: {self.read}"
        return text("parsing.answers.mistake", place=where, key=self.key, read=self.read, allowed=self.allowed)


@dataclass(frozen=True, slots=True)
class Objection:
    """What a rule has against one row of an answer: its key, its place in the list, the key in it, and what to say."""

    key: str
    index: int
    name: str
    read: str
    allowed: str


#: What is held against a plan once it is read, by rules that this package does not know (such as which checks exist).
Rule = Callable[[Plan], Iterable[Objection]]


def no_rule(_: Plan) -> Iterable[Objection]:
    """Nothing is wrong."""
    return ()


class AnswersError(Exception):
    """An answer file that cannot be used, with every mistake in it, in the order of lines."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan as far as a file can be read, and the texts (by key) of answers that cannot be: nothing typed is lost.
    `stated` are the keys of all answers that the file gives, be they the default or not."""

    plan: Plan
    texts: Mapping[str, str] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()
    stated: frozenset[str] = frozenset()


def load(path: FilePath | str, complete: bool = True, rule: Rule = no_rule) -> Plan:
    """The plan in the file at `path`; with `complete`, required answers must not be missing. What `rule` has against
    it is a mistake like all others.

    Raises AnswersError with all mistakes at once, also when the file cannot be read.
    """
    return loads(_read_text(FilePath(path)), str(path), complete, rule)


def loads(text: str, file: str = "answers", complete: bool = True, rule: Rule = no_rule) -> Plan:
    """As `load`, of a text; `file` is what the mistakes call it."""
    reader = _AnswerReader(text, file)
    reader.hold_against(rule)
    if complete:
        reader.require_answers()
    if reader.mistakes:
        raise AnswersError(reader.sorted_mistakes())
    return reader.plan


def load_draft(path: FilePath | str, rule: Rule = no_rule) -> Draft:
    """What can be read of the file at `path`, for a form to go on with.

    Raises AnswersError only when there is no text to read (no such file, a folder, too large, not UTF-8).
    """
    reader = _AnswerReader(_read_text(FilePath(path)), str(path))
    reader.hold_against(rule)
    return Draft(reader.plan, reader.texts, reader.sorted_mistakes(), frozenset(reader.stated))


def _is_folder(path: FilePath) -> bool:
    try:
        return path.is_dir()
    except OSError:
        # The name is too long, or what it is in may not be looked into.
        return False


def _read_text(path: FilePath) -> str:
    def refused(why: str) -> AnswersError:
        return AnswersError((Mistake(str(path), 0, "", why, ""),))

    try:
        with path.open("rb") as file:
            data = file.read(SIZE_MAX + 1)
    except IsADirectoryError:
        raise refused(text("parsing.answers.folder")) from None
    except OSError as error:
        if _is_folder(path):
            raise refused(text("parsing.answers.folder")) from None
        why = error.strerror.lower() if error.strerror else text("parsing.answers.no_reason")
        raise refused(text("parsing.answers.unreadable", why=why)) from None
    except ValueError:
        raise refused(text("parsing.answers.no_file_name")) from None
    if len(data) > SIZE_MAX:
        raise refused(text("parsing.answers.too_large", size=SIZE_MAX // 1024))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        is_utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        why = text("parsing.answers.utf16") if is_utf16 else text("parsing.answers.not_utf8", line=line)
        raise refused(why) from None


class _AnswerReader:
    """One reading of one text: the plan so far, the texts that are no values, the mistakes."""

    def __init__(self, text: str, file: str) -> None:
        self.plan = Plan()
        self.texts: dict[str, str] = {}
        self.mistakes: list[Mistake] = []
        self.stated: set[str] = set()
        self._file = file
        self._rows: dict[tuple[str, int], int] = {}
        self._scan: Scan = scan(text)
        for syntax in self._scan.mistakes:
            self._syntax(syntax)
        self._read_table(self._scan.data, ())

    def sorted_mistakes(self) -> tuple[Mistake, ...]:
        return tuple(sorted(self.mistakes, key=lambda mistake: (mistake.line == 0, mistake.line)))

    def require_answers(self) -> None:
        told = {mistake.key for mistake in self.mistakes}
        for key in self.plan.missing():
            if key not in told:
                path = tuple(key.split("."))
                self._mistake(self._scan.line(path), key, text("parsing.answers.not_answered"), _expected(BY_KEY[key]))

    def hold_against(self, rule: Rule) -> None:
        for one in rule(self.plan):
            path: Path = (*one.key.split("."), self._rows[one.key, one.index])
            names = (one.name,) if (*path, one.name) in self._scan.lines else ()
            self._mistake(self._scan.line((*path, *names)), f"{one.key}.{one.name}", one.read, one.allowed)

    def _mistake(self, line: int, key: str, read: str, allowed: str) -> None:
        self.mistakes.append(Mistake(self._file, line, key, read, allowed))

    def _secret(self, line: int, key: str) -> None:
        self._mistake(line, key, text("parsing.answers.a_secret"), text("parsing.answers.keep_out"))

    def _syntax(self, syntax: SyntaxMistake) -> None:
        if is_secret_key(syntax.key):
            self._secret(syntax.line, syntax.key)
            return
        kind = "with_backslash" if '"' in syntax.raw and "\\" in syntax.raw else "plain"
        if syntax.key in BY_KEY:
            self.texts.setdefault(syntax.key, syntax.raw.strip("\"'"))
        if syntax.key:
            known = BY_KEY.get(syntax.key)
            allowed = _expected(known) if known else text("parsing.answers.mend_the_line")
            read = text(f"parsing.answers.not_toml.{kind}", problem=syntax.problem)
            self._mistake(syntax.line, syntax.key, read, allowed)
        else:
            read = text(f"parsing.answers.line_not_toml.{kind}", problem=syntax.problem)
            self._mistake(syntax.line, "", read, "")

    def _read_table(self, table: Mapping[str, Any], path: Path) -> None:
        for name, raw in table.items():
            here = (*path, name)
            key = ".".join(map(str, here))
            if is_secret_key(name):
                self._secret(self._scan.line(here), key)
            elif key in BY_KEY:
                self.stated.add(key)
                self._read_field(BY_KEY[key], raw, here)
            elif key not in TABLES:
                self._unknown(key, self._scan.line(here), is_table=_is_table(raw))
            elif isinstance(raw, dict):
                self._read_table(raw, here)
            else:
                self._mistake(self._scan.line(here), key, _shown(raw), text("parsing.answers.table_expected", key=key))

    def _unknown(self, key: str, line: int, *, is_table: bool) -> None:
        read = text("parsing.answers.unknown_table") if is_table else text("parsing.answers.unknown_key")
        self._mistake(line, key, read, nearest_key(key))

    def _read_field(self, field: Field, raw: Any, path: Path) -> None:
        if field.rows:
            self._read_rows(field, field.rows, raw, path)
            return
        try:
            value = _value(field, raw)
        except _BadElement as error:
            self._refuse(field, error.raw, (*path, error.index), str(error))
            self.texts[field.key] = _raw_text(raw)
        except (ValueError, TypeError) as error:
            self._refuse(field, raw, path, str(error))
            self.texts[field.key] = _raw_text(raw)
        else:
            self.plan = set_field(self.plan, field.key, value)

    def _refuse(self, field: Field, raw: Any, path: Path, problem: str) -> None:
        self._mistake(self._scan.line(path), field.key, _shown(raw), _expected(field, problem))

    def _read_rows(self, field: Field, rows: Rows, raw: Any, path: Path) -> None:
        if not isinstance(raw, list) or not all(isinstance(one, dict) for one in raw):
            self._refuse(field, raw, path, "")
            return
        read: list[Any] = []
        for index, one in enumerate(raw):
            value = self._read_row(field, rows, one, (*path, index))
            if value is not None and rows.key(value) in map(rows.key, read):
                shown, place = ", ".join(rows.texts(value).values()), (*path, index, rows.columns[0])
                self._refuse(field, shown, place, text(f"parsing.rows.twice.{field.key}"))
            elif value is not None:
                self._rows[field.key, len(read)] = index
                read.append(value)
        self.plan = set_field(self.plan, field.key, tuple(read))

    def _read_row(self, field: Field, rows: Rows, one: dict[str, Any], path: Path) -> Any | None:
        texts: dict[str, str] = {}
        good = True
        for name, raw in one.items():
            key = f"{field.key}.{name}"
            written = raw.isoformat() if type(raw) is date else raw
            if name not in rows.columns:
                good = False
                line = self._scan.line((*path, name))
                if is_secret_key(name):
                    self._secret(line, key)
                else:
                    near = _close(name, rows.columns, 0.5)
                    columns = text("parsing.answers.expected.plain", allowed=", ".join(rows.columns))
                    hint = text("parsing.answers.did_you_mean", key=near[0]) if near else columns
                    self._mistake(line, key, text("parsing.answers.unknown_key"), hint)
            elif not isinstance(written, str):
                good = False
                self._refuse(field, written, (*path, name), text("parsing.answers.column_is_text", column=name))
            else:
                texts[name] = written
        if not good:
            return None
        try:
            return rows.parse(texts)
        except ValueError as error:
            self._refuse(field, ", ".join(texts.values()), path, str(error))
            return None


def _expected(field: Field, problem: str = "") -> str:
    """What is allowed for an answer, and what was wrong with the value that was read where that says more."""
    if problem:
        return text("parsing.answers.expected.because", allowed=field.allowed, problem=problem)
    return text("parsing.answers.expected.plain", allowed=field.allowed)


class _BadElement(ValueError):
    """A bad element of a list: where and what."""

    def __init__(self, index: int, raw: Any, problem: str) -> None:
        super().__init__(problem)
        self.index = index
        self.raw = raw


def _close(word: str, known: Iterable[str], least: float) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(word, list(known), 1, least)


def nearest_key(key: str) -> str:
    """What to say of an unknown key: the key or table that was probably meant."""
    known = [*BY_KEY, *TABLES]
    near = _close(key, known, 0.6)
    if not near:
        names = {name.rpartition(".")[2]: name for name in known}
        near = [names[name] for name in _close(key.rpartition(".")[2], names, 0.75)]
    if near:
        return text("parsing.answers.did_you_mean", key=near[0])
    return text("parsing.answers.tables", tables=", ".join(TABLES))


def _value(field: Field, raw: Any) -> Any:
    """The value of an answer as TOML gives it; TypeError (no words) for a wrong type, ValueError for a wrong text."""
    if field.kind is Kind.TEXTS:
        if not isinstance(raw, list):
            raise TypeError
        return _elements(field, raw)
    if field.kind is Kind.FLAG:
        if not isinstance(raw, bool):
            raise TypeError
        return raw
    if field.kind is Kind.NUMBER:
        if not isinstance(raw, int) or isinstance(raw, bool):
            raise TypeError
        return field.parse(str(raw))
    if not isinstance(raw, str):
        raise TypeError
    return field.parse(raw)


def _is_table(raw: Any) -> bool:
    return isinstance(raw, dict) or (isinstance(raw, list) and bool(raw) and isinstance(raw[0], dict))


def _elements(field: Field, raw: list[Any]) -> tuple[Any, ...]:
    for index, element in enumerate(raw):
        if not isinstance(element, str):
            raise _BadElement(index, element, "")
        try:
            without_repetition(field, raw[: index + 1])
        except ValueError as error:
            raise _BadElement(index, element, str(error)) from None
    return without_repetition(field, raw)


def _raw_text(raw: Any) -> str:
    if isinstance(raw, list):
        return ", ".join(map(_raw_text, raw))
    return raw if isinstance(raw, str) else str(raw)


def _shown(raw: Any) -> str:
    """A value as it may stand in a sentence: short, on one line."""
    if isinstance(raw, dict):
        return text("parsing.answers.a_table")
    written = json.dumps(raw, ensure_ascii=False, default=str)
    return written if len(written) <= _SHOWN else f"{written[: _SHOWN - 3]}..."
