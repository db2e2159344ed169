"""The glossary: what the words mean that a help text uses, and which of them a text holds. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from vmm_wizard.texts import has, sentences, text

#: Words that stand in nearly every text, and would be listed below each.
_EVERYWHERE = frozenset({"check", "node", "media"})


@dataclass(frozen=True, slots=True)
class Term:
    """A word. `also`: other ways to write it. `see`: keys of related terms. `source`: tags of where it is from."""

    key: str
    name: str
    also: tuple[str, ...]
    means: str
    see: tuple[str, ...]
    source: tuple[str, ...]


@cache
def terms() -> tuple[Term, ...]:
    """All terms, in alphabetical order."""
    keys = dict.fromkeys(key.split(".")[1] for key in sentences("glossary"))
    return tuple(sorted(map(_term, keys), key=lambda row: row.name.casefold()))


def _term(key: str) -> Term:
    also = text(f"glossary.{key}.also").split("|") if has(f"glossary.{key}.also") else []
    see = text(f"glossary.{key}.see").split()
    source = text(f"glossary.{key}.source").split()
    means = text(f"glossary.{key}.means")
    return Term(key, text(f"glossary.{key}.name"), tuple(also), means, tuple(see), tuple(source))


@cache
def _by_spelling() -> Mapping[str, Term]:
    return {word.casefold(): row for row in terms() for word in (row.key, row.name, *row.also)}


def find(word: str) -> Term | None:
    """The term that somebody means, written in any of its ways; None for a word that is not in the glossary."""
    return _by_spelling().get(" ".join(word.split()).casefold())


def spellings() -> tuple[str, ...]:
    """Every way to write a term, in lower case."""
    return tuple(_by_spelling())


def terms_in(said: str) -> tuple[Term, ...]:
    """The terms that a text holds, in the order in which they come; words that are everywhere are left out."""
    return tuple(dict.fromkeys(row for row in _found(said) if row.key not in _EVERYWHERE))


def related(term: Term) -> tuple[Term, ...]:
    """The terms that one refers to."""
    return tuple(_by_spelling()[key] for key in term.see)


def _found(said: str) -> Iterator[Term]:
    for match in _pattern().finditer(said):
        term = _by_spelling().get(match.group().casefold())
        if term is not None:
            yield term


@cache
def _pattern() -> re.Pattern[str]:
    words = sorted({word for row in terms() for word in (row.name, *row.also)}, key=len, reverse=True)
    # An abbreviation is one in capitals only: "ou" is no OU.
    either = (re.escape(word) if word.isupper() else f"(?i:{re.escape(word)})" for word in words)
    return re.compile(rf"(?<!\w)(?:{'|'.join(either)})(?!\w)")
