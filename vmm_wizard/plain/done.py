"""The last page: how it ended, what was verified, what follows the install, and the first hour with VMM."""

from __future__ import annotations

from vmm_wizard.install.orders import Job
from vmm_wizard.install.results import GOOD_RESULTS
from vmm_wizard.plain import told
from vmm_wizard.plain.state import State
from vmm_wizard.texts import text


def tell_done(state: State) -> None:
    """Say how the run ended and what comes next; that nothing was done where nothing was."""
    talk = state.talk
    if state.run_state is None or not state.result:
        talk.say(text("plain.nothing_done"))
        return
    talk.read_out(state.run_state.ending())
    state.look_again()
    told.wait_for(state, findings=False)
    told.tell(state, told.page_lines(state), everything=True)
    rows = state.estate.follow_ups()
    if rows:
        from vmm_wizard.afterwards.told import brief

        talk.read_out(["", text("plain.follows"), *brief(rows, talk.width)], as_is=True)
    installs = state.job in (Job.INSTALL, Job.REBUILD, Job.ADD_NODE)
    if installs and state.result in GOOD_RESULTS and talk.agree(text("plain.first_hour")):
        from vmm_wizard.afterwards import first_hour

        talk.read_out(first_hour.lines_of(first_hour.sections(state.answers.plan), talk.width), as_is=True)
