"""What can be looked at, at any prompt: the installation, the nodes' checks, the answer files, what setup is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from vmm_wizard.plain.state import State
from vmm_wizard.report import matrix
from vmm_wizard.texts import text
from vmm_wizard.wizard import flow
from vmm_wizard.wizard.given import preview
from vmm_wizard.wizard.help import UnknownWordError, looked_up
from vmm_wizard.wizard.ini_diff import answer_files
from vmm_wizard.wizard.pages import LABELS
from vmm_wizard.wizard.picture import Line, Strokes
from vmm_wizard.wizard.run_words import before
from vmm_wizard.wizard.topology import topology


def see(state: State, what: str = "") -> None:
    """Say one view; ask which where none is named."""
    if what not in _VIEWS:
        rows = [("", text("plain.see.nothing")), *((name, text(f"plain.see.{name}")) for name in _VIEWS)]
        what = state.talk.choose(text("plain.see.which"), rows)
    if what:
        state.talk.read_out(list(_VIEWS[what](state)), as_is=what in _LAID_OUT)


def explain(state: State, word: str) -> None:
    """Say what a check, an answer, a word or a page means."""
    word = word or state.talk.line(text("plain.explain_what"))
    if not word:
        return
    try:
        told = looked_up(word)
    except UnknownWordError as error:
        state.talk.say(f"X {error}")
        return
    rows = [told.title]
    for heading, said in told.paragraphs():
        rows += ["", f"{heading}:", *(f"  {line}" for line in said.splitlines())]
    state.talk.read_out(rows)


def _picture(state: State) -> Iterator[str]:
    return _plain(topology(state.view, state.run_state, state.talk.width, Strokes.ASCII))


def _matrix(state: State) -> Iterator[str]:
    view = state.view
    yield from matrix.as_text(matrix.matrix(view.plan, view.findings), state.talk.width)


def _files(state: State) -> Iterator[str]:
    return _plain(answer_files(state.answers.plan, min(state.talk.width, 99)))


def _given(state: State) -> Iterator[str]:
    yield from preview(state.view).splitlines()


def _answers(state: State) -> Iterator[str]:
    for page in state.view.pages:
        if page.keys:
            yield f"{page.name}: {flow.mark_of(state.view, page).word}"
        for key in page.keys:
            said = state.answers.text(key).replace("\n", "; ")
            yield f"  {LABELS[key]}: {said or text('plain.nothing')}"


def _way(state: State) -> Iterator[str]:
    yield from before(state.view).splitlines()


def _run(state: State) -> Iterator[str]:
    run = state.run_state
    if run is None:
        yield text("run.leave.nothing")
        return
    now = datetime.now(UTC)
    yield from filter(None, (run.clock(now), *run.lines(now)))


def _after(state: State) -> Iterator[str]:
    from vmm_wizard.afterwards.told import lines_of

    rows = state.estate.follow_ups(state.answers.file.name if state.answers.file else "FILE")
    yield from lines_of(rows, state.talk.width) if rows else [text("plain.nothing_follows")]


def _plain(lines: Sequence[Line]) -> Iterator[str]:
    return ("".join(part.text for part in line) for line in lines)


#: What is laid out for the width already.
_LAID_OUT = frozenset({"picture", "matrix", "files", "given", "after"})
_VIEWS: Mapping[str, Callable[[State], Iterator[str]]] = {
    "answers": _answers,
    "picture": _picture,
    "matrix": _matrix,
    "files": _files,
    "given": _given,
    "way": _way,
    "run": _run,
    "after": _after,
}
