"""When a run needs somebody, and what the title of the terminal says of it. Pure."""

from __future__ import annotations

from vmm_wizard.install.events import Event, Finished, Notice
from vmm_wizard.install.results import GOOD_RESULTS
from vmm_wizard.texts import text
from vmm_wizard.wizard.run_state import RunState


def calls(event: Event) -> bool:
    """Whether an event is to be heard by somebody who looks elsewhere: the end, or what waits for him. Questions of a
    run are no events, and always call."""
    return event.calls if isinstance(event, Notice) else isinstance(event, Finished)


def title(state: RunState, *, waits: bool = False) -> str:
    """The title of the terminal. `waits`: the run waits for an answer."""
    job = state.order.job.value
    if state.finished is not None:
        good = state.finished.result in GOOD_RESULTS
        return text("run.title.good", job=job) if good else text("run.title.bad", job=job, result=state.finished.result)
    if waits:
        return text("run.title.waits", job=job)
    return text("run.title.goes", job=job, percent=state.percent)
