"""Writes a plan as commented TOML: a new file with a word on each answer, or an existing one with its own comments."""

from __future__ import annotations

import json
import os
import stat
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from vmm_wizard.plan.fields import FIELDS, TABLES, Field, toml_value
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text

_WIDTH = 110


def dumps(plan: Plan, texts: Mapping[str, str] | None = None) -> str:
    """`plan` as a new answer file; `texts` are answers (by key) that are no values yet and are written as typed."""
    texts = texts or {}
    lines = [*_comment(text("answer_file.header"))]
    for field in FIELDS:
        if not field.table and not field.rows:
            lines += ["", *_field_lines(plan, field, texts)]
    for table in TABLES:
        lines += ["", *_comment(text(f"answer_file.table.{table}")), f"[{table}]"]
        for field in FIELDS:
            if field.table == table and not field.rows:
                lines += _field_lines(plan, field, texts)
        for field in FIELDS:
            if field.table == table and field.rows:
                lines += _row_lines(plan, field, texts)
    for field in FIELDS:
        if not field.table and field.rows:
            lines += ["", *_row_lines(plan, field, texts)]
    return "\n".join([*lines, ""])


def _field_lines(plan: Plan, field: Field, texts: Mapping[str, str]) -> list[str]:
    return [*_comment(field.about), f"{field.name} = {_literal(toml_value(plan, field, texts))}"]


def _row_lines(plan: Plan, field: Field, texts: Mapping[str, str]) -> Iterator[str]:
    assert field.rows is not None
    value = toml_value(plan, field, texts)
    yield from _comment(field.about)
    if isinstance(value, str):
        yield f"{field.name} = {_literal(value)}"
        return
    if not value:
        yield f"# [[{field.key}]]"
        for name, shown in field.rows.example.items():
            words = text(f"parsing.rows.example.{field.key}.{name}") if shown is None else shown
            yield f"# {name} = {_literal(words)}"
    for one in value:
        yield f"[[{field.key}]]"
        yield from (f"{name} = {_literal(written)}" for name, written in one.items())


def _comment(text: str) -> list[str]:
    return [f"# {line}" for paragraph in text.splitlines() for line in textwrap.wrap(paragraph, _WIDTH)]


def _literal(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, str):
        return _quoted(value)
    return json.dumps(value)


def _quoted(text: str) -> str:
    plain = all(ord(character) >= 32 and ord(character) != 127 for character in text)
    if plain and "'" not in text and ("\\" in text or '"' in text):
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def save(plan: Plan, path: Path | str, texts: Mapping[str, str] | None = None) -> None:
    """Write `plan` to `path` in one go: readers see the old file or the new one, never half of one.

    An existing file keeps its comments, order, line ends and mode; what looks like a secret is dropped from it. One
    that cannot be kept so (it is not TOML) is set aside as `<name>.bak` first. Raises OSError when it cannot be
    written.
    """
    target = Path(path).resolve()
    wanted = dict(texts or {})
    old = _existing(target)
    content = None if old is None else updated(old, plan, wanted)
    if content is None:
        content = dumps(plan, wanted)
        if old is not None and old.strip():
            target.replace(target.with_name(f"{target.name}.bak"))
    _replace_file(target, content.encode())


def _existing(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        # Whatever it is, it is not thrown away: text that is no TOML is set aside.
        return "not TOML"


def updated(old: str, plan: Plan, texts: Mapping[str, str]) -> str | None:
    """The text of an answer file with the answers of `plan`, or None when it cannot be changed without loss.

    Comments, order and line ends stay; `texts` are answers (by key) that are no values yet and are written as typed.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    from vmm_wizard.plan.tomlkit_edit import edit, plain_rows

    crlf = "\r\n" in old
    wanted = {field.key: toml_value(plan, field, texts) for field in FIELDS}
    try:
        document = tomlkit.parse(old.replace("\r\n", "\n"))
        edit(document, wanted)
        content = tomlkit.dumps(document)
        written = tomllib.loads(content)
    except (TOMLKitError, tomllib.TOMLDecodeError, TypeError, ValueError, KeyError, AttributeError, IndexError):
        # tomlkit has its limits with tables out of order; then the file is written anew.
        return None
    default = Plan()
    for field in FIELDS:
        found: Any = written
        for name in field.key.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        if (toml_value(default, field, {}) if found is None else plain_rows(found)) != wanted[field.key]:
            return None
    return content.replace("\n", "\r\n") if crlf else content


def _replace_file(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    mode = _mode(path)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def _mode(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None
