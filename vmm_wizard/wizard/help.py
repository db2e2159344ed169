"""Help in whole: of an answer, a check, a term or a page, from the catalogue; for the panel, F1 and `explain`. Pure."""

from __future__ import annotations

import difflib
import textwrap
from dataclasses import dataclass

from vmm_wizard.checks.explain import UnknownCheckError, explain
from vmm_wizard.checks.registry import all_checks
from vmm_wizard.plan.fields import BY_KEY
from vmm_wizard.texts import has, text
from vmm_wizard.wizard import glossary
from vmm_wizard.wizard.field_words import help_of
from vmm_wizard.wizard.order_fields import ORDER_FIELDS
from vmm_wizard.wizard.pages import BY_ID, DONE, LABELS, Page

#: The parts of an answer's help in the catalogue, in reading order.
PARTS = ("what", "why", "where", "whom", "wrong")
#: What stands on the last page, as a subject of help: how it ended and what follows.
DONE_PAGE = "thing:done"
#: Terms listed below a help text at the most: more are not read.
_MOST = 8
#: Parts shown in the panel at the most: what may be written and the sources are for F1.
_IN_PANEL = len(PARTS)


@dataclass(frozen=True, slots=True)
class Help:
    """What there is to say of something: (heading, text) in reading order. `related`: terms to be named in any case."""

    title: str
    parts: tuple[tuple[str, str], ...]
    related: tuple[glossary.Term, ...] = ()

    @property
    def terms(self) -> tuple[glossary.Term, ...]:
        """The words of the glossary that it uses."""
        found = glossary.terms_in("\n".join(row for _, row in self.parts))
        return tuple(row for row in dict.fromkeys((*self.related, *found)) if row.name != self.title)[:_MOST]

    def paragraphs(self) -> tuple[tuple[str, str], ...]:
        """The parts, and at the end the words that the glossary tells more of."""
        names = ", ".join(row.name for row in self.terms)
        return (*self.parts, (text("help.see"), names)) if names else self.parts


class UnknownWordError(LookupError):
    """There is no check, no answer and no term of that name; the message names near ones."""


def help_of_answer(key: str) -> Help:
    """The help of an answer or of a choice of the job. Raises KeyError for an unknown key."""
    said = {part: text(f"answers.{key}.{part}") for part in PARTS}
    said["what"] = help_of(key)
    rows = [(text(f"help.answer.{part}"), said[part]) for part in PARTS]
    expected = text(f"answers.{key}.expected")
    rows.append((text("help.answer.expected"), f"{expected[:1].upper()}{expected[1:]}."))
    rows.append((text("help.answer.source"), sources(text(f"answers.{key}.source"))))
    return Help(LABELS.get(key, key), tuple(rows))


def help_of_check(check_id: str) -> Help:
    """The help of a check. Raises UnknownCheckError for an id that is none."""
    told = explain(check_id)
    return Help(f"{told.id}  {told.title}", told.paragraphs())


def help_of_term(term: glossary.Term) -> Help:
    """What a term means, and where from."""
    also = ((text("help.term.also"), ", ".join(term.also)),) if term.also else ()
    where_from = (text("help.term.source"), sources(" ".join(term.source)))
    return Help(term.name, ((text("help.term.means"), term.means), *also, where_from), glossary.related(term))


def help_of_page(page: Page) -> Help:
    """What a page is for, what is answered on it, and which checks look at it."""
    rows = [(text("help.page.about"), page.about)]
    if page is DONE:
        rows.append((text("help.page.now"), text("help.page.done").strip()))
    if page.keys:
        rows.append((text("help.page.answers"), ", ".join(LABELS[key] for key in page.keys)))
    checks = [row.id for row in all_checks() if row.topic in page.topics or row.id in page.ids]
    if checks:
        rows.append((text("help.page.checks"), ", ".join(checks)))
    return Help(page.name, tuple(rows))


def help_of_thing(subject: str, line: str, page: Page) -> Help:
    """The help of what has the focus on `page`.

    `subject` is `answer:KEY`, `check:ID` or `thing:NAME`; else `line`, its line of help, is all that is known of it.
    """
    kind, _, name = subject.partition(":")
    if kind == "answer":
        return help_of_answer(name)
    if kind == "check":
        return help_of_check(name)
    if subject == DONE_PAGE:
        return help_of_page(DONE)
    if kind == "thing" and has(f"help.thing.{name}.title"):
        rows = [(text("help.answer.what"), text(f"help.thing.{name}.what"))]
        return Help(text(f"help.thing.{name}.title"), tuple(rows))
    if line:
        return Help(page.name, ((text("help.answer.what"), line), (text("help.page.about"), page.about)))
    return help_of_page(page)


def fitting(told: Help, width: int, height: int) -> tuple[tuple[str, str], ...]:
    """The parts that fit below each other into a panel, with an empty row between them where there is room for it.

    Title, an empty row, and the way to more take four rows.
    """
    rows = [len(textwrap.wrap(said, max(width, 1))) + 1 for _, said in told.parts]
    count, left = 0, height - 4
    while count < len(rows) and rows[count] <= left and count < _IN_PANEL:
        left -= rows[count]
        count += 1
    parts = told.parts[:count]
    if left < count - 1:
        return parts
    return tuple((heading, f"{said}\n" if place < count - 1 else said) for place, (heading, said) in enumerate(parts))


def sources(tags: str) -> str:
    """Where a rule comes from, in words; tags are parted by blanks."""
    return "; ".join(text(f"sources.{tag}") for tag in tags.split())


def looked_up(word: str) -> Help:
    """The help of what somebody names: a check's id, an answer's key, a term, a page. Raises UnknownWordError."""
    word = " ".join(word.split())
    try:
        return help_of_check(word)
    except UnknownCheckError:
        pass
    key = word.casefold()
    if key in BY_KEY or key in ORDER_FIELDS:
        return help_of_answer(key)
    term = glossary.find(word)
    if term is not None:
        return help_of_term(term)
    if key in BY_ID:
        return help_of_page(BY_ID[key])
    known = [row.id.casefold() for row in all_checks()] + [*BY_KEY, *ORDER_FIELDS, *glossary.spellings()]
    near = difflib.get_close_matches(key, known, n=3)
    raise UnknownWordError(
        text("help.unknown.near", word=word, near=text("help.unknown.or").join(_as_written(row) for row in near))
        if near
        else text("help.unknown.none", word=word)
    )


def _as_written(word: str) -> str:
    """A near word as it is written in lists."""
    term = glossary.find(word)
    if term is not None:
        return term.name
    return word.upper() if any(row.id == word.upper() for row in all_checks()) else word
