"""What a suggestion for a field is, what suggestions are made of, and which of them go with what is typed: pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vmm_wizard.plan.fields import Kind
from vmm_wizard.plan.model import Plan
from vmm_wizard.printable import printable
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.order_fields import all_fields
from vmm_wizard.wizard.searched import Asked

if TYPE_CHECKING:
    from vmm_wizard.facts.discovery_model import Discovery

_BREAKS = re.compile(r"[\n\t]+")
#: Letters from which accounts are looked for.
FEWEST_LETTERS = 2


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A line of a list, and the texts that choosing it puts into fields, by key.

    `answers` take the place of what is there; `implied` are filled in only where nothing is answered (`texts_of` tells
    them apart). `is_answer`: the directory gave it for what is typed, so that its text need not hold that.

    In the tree of containers: `depth` is how deep the line lies, `opens` the DN that it opens or closes (such a line
    may have no answers), `is_open` whether it is open, `creates` the DN of a container that choosing it offers to make.
    """

    text: str
    answers: Mapping[str, str] = field(default_factory=dict)
    implied: Mapping[str, str] = field(default_factory=dict)
    is_answer: bool = False
    depth: int = 0
    opens: str = ""
    is_open: bool = False
    creates: str = ""

    @property
    def line(self) -> str:
        """The text as it stands in a list: indented, with the sign of what can be opened."""
        sign = "" if not self.opens else "- " if self.is_open else "+ "
        return f"{'  ' * self.depth}{sign}{_BREAKS.sub(' ', printable(self.text))}"


@dataclass(frozen=True, slots=True)
class Offering:
    """All suggestions for one field. `note` is said above the list."""

    title: str
    suggestions: tuple[Suggestion, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sight:
    """What suggestions are made of. `typed` is what stands in the field now; None: what the plan says."""

    found: Discovery
    plan: Plan
    asked: Asked = field(default_factory=Asked)
    typed: str | None = None


def parts(key: str, typed: str) -> tuple[tuple[str, ...], str]:
    """What is typed as the entries that are complete, and the one that is being typed: all of it but for lists."""
    if all_fields(key).kind is not Kind.TEXTS:
        return (), typed.strip()
    *complete, last = typed.replace(";", ",").split(",")
    return tuple(entry.strip() for entry in complete if entry.strip()), last.strip()


def letters_of(typed: str) -> str:
    """The user's part of an account that is being typed, without the domain."""
    return typed.strip().rpartition("\\")[2].partition("@")[0]


def is_taken(key: str, suggestion: Suggestion, typed: str) -> bool:
    """Whether what is typed is what the suggestion would put there."""
    return suggestion.answers.get(key, "").casefold() == typed.strip().casefold() != ""


def narrowed(key: str, offered: Offering | None, typed: str) -> tuple[Suggestion, ...]:
    """The suggestions that hold what is typed, in any case and place; none once one of them stands in the field."""
    if offered is None:
        return ()
    complete, part = parts(key, typed)
    if not part:
        return offered.suggestions
    if _is_entry(key, part, offered):
        # What only takes the place of an entry is for those who ask for all.
        return tuple(row for row in offered.suggestions if row.answers.get(key, "").count(",") > len(complete))
    if any(is_taken(key, row, typed) for row in offered.suggestions):
        return ()
    wanted = part.casefold()
    return tuple(row for row in offered.suggestions if row.is_answer or wanted in _letters(key, row))


def _is_entry(key: str, part: str, offered: Offering) -> bool:
    """Whether the last entry of a list that is typed is whole: suggestions add to it."""
    if all_fields(key).kind is not Kind.TEXTS:
        return False
    entries = {entry.strip() for row in offered.suggestions for entry in row.answers.get(key, "").split(",")[:-1]}
    return part.casefold() in {form for entry in entries for form in (entry, entry.partition(".")[0])}


def _letters(key: str, row: Suggestion) -> str:
    """What is looked through: the line, and what it answers, but for lists, which hold what is there already."""
    answer = "" if all_fields(key).kind is Kind.TEXTS else row.answers.get(key, "")
    return f"{row.text}\n{answer}".casefold()


def texts_of(suggestion: Suggestion, answers: Answers) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """The texts to put into fields when a suggestion is chosen, and the keys among them that were only implied."""
    implied = {key: text for key, text in suggestion.implied.items() if is_free(answers, key)}
    return {**implied, **suggestion.answers}, tuple(key for key in implied if key not in suggestion.answers)


def is_free(answers: Answers, key: str) -> bool:
    """Whether nothing is answered there: what somebody typed is never overwritten, readable or not."""
    return key not in answers.wrong and answers.text(key) == Answers().text(key)


def numbered(rows: Iterator[Suggestion], most: int) -> tuple[Suggestion, ...]:
    """The first `most` rows, each text once."""
    found: dict[str, Suggestion] = {}
    for row in rows:
        found.setdefault(row.line, row)
        if len(found) == most:
            break
    return tuple(found.values())
