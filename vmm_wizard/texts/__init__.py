"""What the wizard says, in one place: a folder a language, in it a TOML file a topic, `{name}` where a value goes.

A translation is a folder beside `en` with files of the same names; what it lacks is said in English. English is the
only language shipped. `VMM_WIZARD_LANGUAGE` names the folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

#: Where the languages lie: read as files, for what a package's resources are opened with takes 3 ms to load.
_FOLDER = Path(__file__).parent
#: The language that is complete.
ENGLISH = "en"
#: A row of a table that is a plain string.
_ROW = re.compile(r"""([A-Za-z0-9_.-]+) = (?:"([^"\\]*)"|'([^']*)')""")
#: The head of a table, alone on its line.
_HEAD = re.compile(r"^\[([^\[\]\n]+)\][ \t]*$", re.MULTILINE)


def text(key: str, /, **values: object) -> str:
    """The sentence `topic.name...` of the language in use, with `values` in its places.

    `key` begins with the name of its file: `run.stop.title` is `stop.title` in `run.toml`. Raises KeyError for a key
    that English has not, and for a place without a value: both are errors of ours.
    """
    topic = key.partition(".")[0]
    for language in dict.fromkeys((os.environ.get("VMM_WIZARD_LANGUAGE", ENGLISH), ENGLISH)):
        found = _sentence(key, topic, language)
        if found is not None:
            return found.format(**values) if values else found
    raise KeyError(key)


def has(key: str, /) -> bool:
    """Whether English says something by this key."""
    return _sentence(key, key.partition(".")[0], ENGLISH) is not None


def counted(key: str, number: int, /, **values: object) -> str:
    """The sentence `key.one` or `key.other` by `number`, which is also its value `number`."""
    return text(f"{key}.{'one' if number == 1 else 'other'}", number=number, **values)


def sentences(topic: str, language: str = ENGLISH) -> Mapping[str, str]:
    """All sentences of a topic by their whole keys; none where the language lacks it."""
    tables = _tables(topic, language)
    return {key: said for name in tables for key, said in _read(topic, language, name).items()}


def _sentence(key: str, topic: str, language: str) -> str | None:
    """A sentence by its whole key. Of its file only the table that it is in is read: a long file costs 12 ms."""
    tables, name = _tables(topic, language), key
    while name != topic:
        name = name.rpartition(".")[0]
        table = name[len(topic) + 1 :]
        if table in tables:
            found = _read(topic, language, table).get(key)
            if found is not None:
                return found
    return None


@cache
def _tables(topic: str, language: str) -> Mapping[str, str]:
    """The text of each table of a topic by its name; what stands before the first one has none."""
    if not language.isidentifier() or not topic.isidentifier():
        return {}
    try:
        written = (_FOLDER / language / f"{topic}.toml").read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    parts = _HEAD.split(written)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


@cache
def _read(topic: str, language: str, table: str) -> Mapping[str, str]:
    """The sentences of one table by their whole keys."""
    prefix = f"{topic}.{table}" if table else topic
    written = _tables(topic, language)[table]
    simple = _simple(written)
    if simple is None:
        # Few tables need it, none of them before the first paint.
        import tomllib

        return dict(_flat(tomllib.loads(written), prefix))
    return {f"{prefix}.{name}": said for name, said in simple}


def _simple(written: str) -> list[tuple[str, str]] | None:
    """The rows of a table of plain strings, as nearly all are: tomllib takes thirty times as long. None for others."""
    rows: list[tuple[str, str]] = []
    for line in written.splitlines():
        row = _ROW.fullmatch(line)
        if row is not None:
            rows.append((row[1], row[3] if row[2] is None else row[2]))
        elif line and not line.startswith("#"):
            return None
    return rows


def topics() -> tuple[str, ...]:
    """The topics that English has, in alphabetical order."""
    return tuple(sorted(file.stem for file in (_FOLDER / ENGLISH).glob("*.toml")))


def _flat(table: Mapping[str, object], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}.{name}")
        else:
            yield f"{prefix}.{name}", str(value)
