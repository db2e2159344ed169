"""The list of steps: its lines, and which step a key means. Pure, no Textual."""

from __future__ import annotations

from vmm_wizard.wizard.flow import Mark, View, marks_of
from vmm_wizard.wizard.pages import Page


def step_lines(view: View, current: Page, cursor: Page | None = None) -> tuple[tuple[str, Mark], ...]:
    """The list of steps, a line each, with the mark that its colour follows. All lines are 29 columns wide.

    `>` points at the page in front; while the list has the keys, at `cursor`, the step that Enter would open, and the
    page in front has a star.
    """
    lines = []
    for page, mark in marks_of(view).items():
        pointer = ">" if page is (cursor or current) else "*" if page is current else " "
        lines.append((f"{pointer} {page.name:<17} {mark.sign} {mark.word:<7}", mark))
    return tuple(lines)


def moved(view: View, cursor: Page, by: int) -> Page:
    """The step so many below `cursor` (above, where negative); the ends are kept to."""
    place = view.pages.index(cursor) + by
    return view.pages[max(0, min(place, len(view.pages) - 1))]


def meant(view: View, cursor: Page, character: str) -> Page | None:
    """The step that a typed character means: 1 to 9 and 0 by place, a letter the next one that begins with it."""
    if character in "0123456789":
        place = (int(character) - 1) % 10
        return view.pages[place] if place < len(view.pages) else None
    here = view.pages.index(cursor) + 1
    following = (*view.pages[here:], *view.pages[:here])
    return next((page for page in following if page.name.casefold().startswith(character.casefold())), None)
