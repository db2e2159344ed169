"""The practice scenarios as a course: which lessons there are, which were found, and the way from one to the next."""

from __future__ import annotations

import json
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import click

from vmm_wizard.lab.scenarios import Scenario, scenario
from vmm_wizard.texts import text
from vmm_wizard.wizard.course import Fault, Learning, lesson_of, title_of

#: Lessons listed from the next one on: with chapters and prompt they fit into 24 rows.
_AROUND = 6


@dataclass(frozen=True, slots=True)
class Place:
    """A lesson's place in the course, counted from 1."""

    number: int
    chapter: str
    name: str
    mend: bool
    #: Its place in its chapter, from 1.
    within: int

    @property
    def title(self) -> str:
        """What it is called before it was found."""
        return title_of(self.name, self.chapter, self.within)


def places() -> tuple[Place, ...]:
    """All lessons in order."""
    file = resources.files("vmm_wizard.lab").joinpath("course.toml")
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    mend = frozenset(document["mend"])
    rows = [(row["id"], name, place) for row in document["chapter"] for place, name in enumerate(row["lessons"], 1)]
    return tuple(
        Place(number, chapter, name, name in mend, place) for number, (chapter, name, place) in enumerate(rows, 1)
    )


def next_after(done: frozenset[str], number: int = 0) -> Place | None:
    """The first lesson after `number` that was not found, else the first at all; None when all were."""
    left = [place for place in places() if place.name not in done]
    return next((place for place in left if place.number > number), left[0] if left else None)


def learning_of(place: Place, done: frozenset[str], on_found: Callable[[], object]) -> Learning:
    """The lesson at a place, to be handed to the wizard."""
    row = scenario(place.name)
    fault = Fault(
        row.title,
        row.story,
        row.finds[0] if row.finds else "",
        row.subject,
        row.status == "warn",
        row.ends,
    )
    then = next_after(done | {place.name}, place.number)
    said = text("course.end.next_lesson", number=then.number, title=then.title) if then else ""
    count = len(places())
    lesson = lesson_of(place.name, place.title, fault, number=place.number, count=count, mend=place.mend, then=said)
    return Learning(lesson, on_found)


def read_done(file: Path) -> frozenset[str]:
    """The names of the lessons that were found; none where the file cannot be read."""
    try:
        names = json.loads(file.read_text(encoding="utf-8"))["found"]
        return frozenset(name for name in names if isinstance(name, str))
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()


def write_done(file: Path, done: frozenset[str]) -> str:
    """Keep the names of the lessons that were found. Gives back why that could not be, empty when it could."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"found": sorted(done)}, indent=1), encoding="utf-8")
    except OSError as error:
        return error.strerror or str(error)
    return ""


def lines(done: frozenset[str], near: Place | None = None) -> Iterator[str]:
    """The course as lines: every chapter, and all lessons, or those around `near` alone so that a screen holds them."""
    rows = places()
    yield text("course.menu.head", done=sum(row.name in done for row in rows), count=len(rows))
    for name in dict.fromkeys(row.chapter for row in rows):
        mine = [row for row in rows if row.chapter == name]
        found = sum(row.name in done for row in mine)
        yield text("course.menu.chapter", title=text(f"course.chapter.{name}"), done=found, count=len(mine))
        if near is not None:
            mine = [row for row in mine if row.chapter == near.chapter and -3 <= row.number - near.number < _AROUND]
        yield from (_line(row, done) for row in mine)


def _line(row: Place, done: frozenset[str]) -> str:
    sign = text("course.menu.done") if row.name in done else text("course.menu.open")
    return f"  {sign} {row.number:>3}  {_title(row, done)}"


def _title(row: Place, done: frozenset[str]) -> str:
    """What was found tells what it was; what was not tells nothing."""
    if row.name not in done:
        return row.title
    found: Scenario = scenario(row.name)
    return f"{found.title}  ({row.name})"


def go_on(file: Path, do_lesson: Callable[[Learning, str], object]) -> None:
    """Offer the lessons until the learner leaves. `do_lesson` opens the wizard on one, and comes back from it."""
    last, go_on_at_once = 0, False
    while True:
        done = read_done(file)
        place = next_after(done, last)
        chosen = place if go_on_at_once else _chosen(place, done)
        if chosen is None:
            return
        kept = Kept(file, chosen.name)
        learning = learning_of(chosen, done, kept.keep)
        do_lesson(learning, chosen.name)
        last, go_on_at_once = chosen.number - (not learning.found), learning.next_wanted
        if kept.reason:
            # Not before: the wizard had the screen.
            click.echo(text("course.menu.not_kept", file=file, reason=kept.reason), err=True)


def _chosen(place: Place | None, done: frozenset[str]) -> Place | None:
    """Show the course and ask which lesson; None to leave. `place` is the one that comes next."""
    for line in lines(done, place or places()[0]):
        click.echo(line)
    click.echo("")
    rows = places()
    how = text("course.menu.how", number=place.number) if place else text("course.menu.all_done")
    typed: str | None = None
    while True:
        if typed is None:
            click.echo(how)
        said = _typed(text("course.menu.prompt")) if typed is None else typed
        typed = None
        if said in ("q", "quit"):
            return None
        if said == "l":
            typed = _read_out(list(lines(done)))
        elif not said and place is not None:
            return place
        elif said.isdecimal() and len(said) < 9:
            if 0 < int(said) <= len(rows):
                return rows[int(said) - 1]
            click.echo(text("course.menu.no_number", answer=said, count=len(rows)), err=True)
        elif said and (found := about(said, done)):
            typed = _read_out([_line(row, done) for row in found])
        elif said:
            click.echo(text("course.menu.none_about", answer=said), err=True)


def about(words: str, done: frozenset[str]) -> tuple[Place, ...]:
    """The lessons that words are about: the ID of a check or the letters before its number (DKM), else what stands in
    their titles or in that of their chapter.

    What was not found yet tells of its check that it is about it, and no more.
    """
    wanted = words.casefold()
    by_check = tuple(
        row
        for row in places()
        if any(wanted in (check, check.partition("-")[0]) for check in map(str.casefold, scenario(row.name).finds))
    )
    return by_check or tuple(
        row for row in places() if wanted in f"{_title(row, done)}\n{text(f'course.chapter.{row.chapter}')}".casefold()
    )


def _typed(question: str) -> str:
    return str(click.prompt(question, default="", show_default=False)).strip().casefold()


def _read_out(rows: Sequence[str]) -> str | None:
    """Say lines, as many at a time as the terminal holds; what was typed in between, None where that was nothing."""
    size = shutil.get_terminal_size()
    waits = sys.stdin.isatty() and sys.stdout.isatty()
    room = size.lines - 1
    for place, row in enumerate(rows):
        needs = -(-len(row) // size.columns) or 1
        if waits and needs > room and len(rows) - place > 1:
            typed = _typed(text("course.menu.more", number=len(rows) - place))
            if typed:
                return None if typed in ("q", "quit") else typed
            room = size.lines - 1
        click.echo(row)
        room -= needs
    return None


@dataclass
class Kept:
    """Keeps that a lesson was found; `reason`: why that could not be."""

    file: Path
    name: str
    reason: str = ""

    def keep(self) -> None:
        self.reason = write_done(self.file, read_done(self.file) | {self.name})


def list_all(file: Path) -> None:
    """Print every lesson."""
    for line in lines(read_done(file)):
        click.echo(line)
