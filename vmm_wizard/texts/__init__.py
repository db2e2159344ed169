"""What the wizard says, in one place: a folder a language, in it a TOML file a topic, `{name}` where a value goes.

A translation is a folder beside `en` with files of the same names; what it lacks is said in English. English is the
only language shipped. `VMM_WIZARD_LANGUAGE` names the folder.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

#: The language that is complete.
ENGLISH = "en"


def text(key: str, /, **values: object) -> str:
    """The sentence `topic.name...` of the language in use, with `values` in its places.

    `key` begins with the name of its file: `run.stop.title` is `stop.title` in `run.toml`. Raises KeyError for a key
    that English has not, and for a place without a value: both are errors of ours.
    """
    topic = key.partition(".")[0]
    for language in dict.fromkeys((os.environ.get("VMM_WIZARD_LANGUAGE", ENGLISH), ENGLISH)):
        found = sentences(topic, language).get(key)
        if found is not None:
            return found.format(**values) if values else found
    raise KeyError(key)


def counted(key: str, number: int, /, **values: object) -> str:
    """The sentence `key.one` or `key.other` by `number`, which is also its value `number`."""
    return text(f"{key}.{'one' if number == 1 else 'other'}", number=number, **values)


@cache
def sentences(topic: str, language: str = ENGLISH) -> Mapping[str, str]:
    """All sentences of a topic by their whole keys; none where the language lacks it."""
    if not language.isidentifier():
        return {}
    file = resources.files(__package__).joinpath(language, f"{topic}.toml")
    if not file.is_file():
        return {}
    return dict(_flat(tomllib.loads(file.read_text(encoding="utf-8")), topic))


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
