"""When a run needs somebody, and what the title of the terminal says of it. Pure."""

from __future__ import annotations

from vmm_wizard.install.events import GOOD_RESULTS, Event, Finished, Notice
from vmm_wizard.texts import text
from vmm_wizard.wizard.run_state import RunState

#: Parts of the engine's notices that somebody has to act on: a log that stands still, a setup to be started by hand.
_CALLS = ("has not grown for", "nothing was heard of", "now start setup on")
#: With this as its remedy a notice wants nothing.
_NOTHING = "nothing:"


def calls(event: Event) -> bool:
    """Whether an event is to be heard by somebody who looks elsewhere: the end, or what waits for him. Questions of a
    run are no events, and always call."""
    if isinstance(event, Notice):
        return any(part in event.text for part in _CALLS) and not event.remedy.startswith(_NOTHING)
    return isinstance(event, Finished)


def title(state: RunState, *, waits: bool = False) -> str:
    """The title of the terminal. `waits`: the run waits for an answer."""
    job = state.order.job.value
    if state.finished is not None:
        good = state.finished.result in GOOD_RESULTS
        return text("run.title.good", job=job) if good else text("run.title.bad", job=job, result=state.finished.result)
    if waits:
        return text("run.title.waits", job=job)
    return text("run.title.goes", job=job, percent=state.percent)
