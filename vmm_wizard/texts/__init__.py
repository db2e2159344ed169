"""What the wizard says, in one place: a folder a language, in it a TOML file a topic, `{name}` where a value goes.

A translation is a folder beside `en` with files of the same names; what it lacks is said in English. English is the
only language shipped. `VMM_WIZARD_LANGUAGE` names the folder.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

#: The language that is complete.
ENGLISH = "en"
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
    file = resources.files(__package__).joinpath(language, f"{topic}.toml")
    if not file.is_file():
        return {}
    parts = _HEAD.split(file.read_text(encoding="utf-8"))
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


@cache
def _read(topic: str, language: str, table: str) -> Mapping[str, str]:
    """The sentences of one table by their whole keys."""
    prefix = f"{topic}.{table}" if table else topic
    return dict(_flat(tomllib.loads(_tables(topic, language)[table]), prefix))


def topics() -> tuple[str, ...]:
    """The topics that English has, in alphabetical order."""
    names = (file.name for file in resources.files(__package__).joinpath(ENGLISH).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def _flat(table: Mapping[str, object], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}.{name}")
        else:
            yield f"{prefix}.{name}", str(value)
