"""What is asked before a run is stopped, and before a setup is ended in the middle. Pure."""

from __future__ import annotations

from vmm_wizard.texts import text
from vmm_wizard.wizard.run_state import RunState

#: The answers of `stop_question` that are none: stop or let go, and ask once more whether to end setup.
STOP, END = "stop", "end"


def stop_question(state: RunState | None, *, watching: bool) -> tuple[str, tuple[tuple[str, str], ...]]:
    """What stopping means now, and the answers by what they return; the first, an empty text, goes on."""
    answers = [("", text("stop.go_on"))]
    if watching:
        return text("stop.watching"), (*answers, (STOP, text("stop.follow_no_longer")))
    if state is not None and state.is_running_setup:
        said = text("stop.setup")
        answers += [(STOP, text("stop.let_go")), (END, text("stop.end"))]
    else:
        said = text("stop.between")
        answers.append((STOP, text("stop.stop")))
    if state is not None and state.stopping:
        said = f"{said}\n\n{state.stopping}"
    return said, tuple(answers)


def end_question() -> tuple[str, tuple[tuple[str, str], ...]]:
    """Ending a running setup is asked for twice: this is the second time."""
    return text("stop.ending"), (("", text("stop.let_run")), (END, text("stop.end_now")))
