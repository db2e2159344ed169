"""The palette: every page and every action in one list, filtered by what is typed. Pure, no Textual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vmm_wizard.texts import text
from vmm_wizard.wizard.actions import ACTIONS
from vmm_wizard.wizard.flow import View, mark_of

#: What the id of an entry that opens a page begins with.
PAGE = "page:"
#: Columns of the words, before the keys or the state of a page.
WORDS = 48


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the palette. `id` is that of an action, or PAGE and that of a page; `note`: its keys, or a state."""

    id: str
    words: str
    note: str = ""

    @property
    def line(self) -> str:
        return f"{self.words:<{WORDS}} {self.note}".rstrip()


def entries(view: View) -> tuple[Entry, ...]:
    """What can be done now: the actions, then the pages of the job with their states."""
    rows = [
        Entry(action.id, action.about, " ".join(action.key_names))
        for action in ACTIONS
        if action.id != "palette" and action.possible(view)
    ]
    for number, page in enumerate(view.pages, start=1):
        mark = mark_of(view, page)
        words = text("palette.page", number=number, title=page.name)
        rows.append(Entry(f"{PAGE}{page.id}", words, f"{mark.sign} {mark.word}".strip()))
    return tuple(rows)


def matching(rows: Sequence[Entry], typed: str) -> tuple[Entry, ...]:
    """The entries in which every word of `typed` begins a word, then those that hold them anywhere; all for nothing."""
    wanted = typed.casefold().split()
    begins: list[Entry] = []
    holds: list[Entry] = []
    for row in rows:
        said = f"{row.words} {row.note}".casefold()
        words = [word.strip("().,:") for word in said.split()]
        if all(any(word.startswith(part) for word in words) for part in wanted):
            begins.append(row)
        elif all(part in said for part in wanted):
            holds.append(row)
    return (*begins, *holds)
