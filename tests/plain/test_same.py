"""The plain wizard has everything that the other face has: each of its actions, every page, every answer."""

from __future__ import annotations

import pytest

from vmm_wizard.plain.commands import NAMES, command_lines
from vmm_wizard.wizard.actions import ACTIONS

#: What does here what an action does there: a command, or what else it is.
HERE = {
    "next_page": "next",
    "previous_page": "back",
    "steps": "pages",
    "palette": "keys",
    "found": "found",
    "see": "see",
    "look_again": "again",
    "save": "save",
    "help": "explain",
    "lesson": "lesson",
    "request": "request",
    "accept": "findings",
    "field": "findings",
    "runs": "runs",
    "quit": "quit",
}
#: Actions that are the last question of the page of the run, or the answers to Ctrl+C there.
OF_THE_RUN = {"start", "stop", "leave"}
#: Actions about what lines alone do not have: colours, and a bell.
NOT_OF_LINES = {"colours", "bell"}


@pytest.mark.parametrize("action", [action.id for action in ACTIONS])
def test_whatever_the_wizard_can_do_can_be_done_by_lines(action: str) -> None:
    assert action in OF_THE_RUN | NOT_OF_LINES or HERE[action] in NAMES


def test_every_command_says_what_it_does() -> None:
    assert len(command_lines()) == len(NAMES) + 1
    assert all(len(line.split("  ", 1)[1]) > 10 for line in command_lines())
