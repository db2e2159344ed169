"""Runs that were not begun in this sitting: offered, followed while another process is at work, or gone on with."""

from __future__ import annotations

from vmm_wizard import paths
from vmm_wizard.plain import running
from vmm_wizard.plain.state import State, Turn
from vmm_wizard.texts import text
from vmm_wizard.wizard import pages
from vmm_wizard.wizard.unfinished import Unfinished, readable_unfinished


def offer(state: State, *, asked: bool = False) -> None:
    """Offer the runs that never ended; say that there are none only where that was `asked`.

    Raises Turn to the page of the run where one is taken up.
    """
    rows = readable_unfinished(paths.journal_file(), paths.state_folder())
    if not rows:
        if asked:
            state.talk.say(text("unfinished.none"))
        return
    row = rows[0]
    if len(rows) > 1:
        state.talk.say(text("unfinished.many"))
        listed = [(str(place), other.line) for place, other in enumerate(rows)]
        chosen = state.talk.choose(text("unfinished.which"), [*listed, ("", text("unfinished.leave"))])
        if not chosen:
            return
        row = rows[int(chosen)]
    state.talk.say(*row.sentences)
    what = ("watch", text("unfinished.follow")) if row.working else ("take", text("unfinished.go_on"))
    if not state.talk.choose(text("plain.what_now"), (what, ("", text("unfinished.leave")))):
        return
    if row.plan != state.answers.plan and state.answers.unsaved:
        # They would be replaced by those of the run.
        state.talk.say(text("plain.save_first"))
        return
    _take_up(state, row)


def _take_up(state: State, row: Unfinished) -> None:
    """Make the answers those of the run, and follow it or get ready to go on with it. Raises Turn."""
    state.answers.take(row.plan, row.run.order)
    if row.working:
        running.attach(state, row)
        raise Turn(pages.DONE if state.result != "cancelled" else pages.RUN)
    state.look()
    state.talk.say(text("plain.answers_of_run"))
    raise Turn(pages.RUN)
