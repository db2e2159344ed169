"""When a run calls somebody who looks elsewhere, and what the terminal is named."""

import pytest

from tests.tui.wizards import ready_plan
from vmm_wizard.install.events import Finished, Notice, Progress
from vmm_wizard.wizard.calling import calls, title
from vmm_wizard.wizard.run_state import RunState

NODE = "vmm01.contoso.lab"


def test_the_end_calls_and_progress_does_not() -> None:
    assert calls(Finished("failed", True, "exit 1"))
    assert not calls(Progress(NODE, "setup", 40, "installing files"))
    assert not calls(Notice(NODE, "vmm01 is out of reach; it is tried again"))


def test_a_notice_calls_when_it_says_so_whatever_its_words() -> None:
    told = "it is waited for"
    assert calls(Notice(NODE, told, calls=True))
    assert not calls(Notice(NODE, told))


@pytest.mark.parametrize(("result", "said"), [("installed", "done: install"), ("failed", "failed: install")])
def test_the_title_says_how_far_it_is_that_it_waits_and_how_it_ended(result: str, said: str) -> None:
    state = RunState(ready_plan())
    assert title(state) == "0% install - vmm-wizard"
    assert title(state, waits=True) == "(!) install waits for you - vmm-wizard"
    state.take(Finished(result, True, "so"))  # type: ignore[arg-type]
    assert title(state) == f"{said} - vmm-wizard"
