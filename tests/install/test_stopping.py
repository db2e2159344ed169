"""Where a run may be stopped: a sentence for each step, with the node in it, and a true one for steps not named."""

from __future__ import annotations

import pytest

from vmm_wizard.install.stopping import where_to_stop


@pytest.mark.parametrize("step", ["preflight", "stage", "start", "clear", "verify", "report"])
def test_around_setup_it_is_safe(step: str) -> None:
    assert where_to_stop(step, "vmm01").startswith("safe to stop here: ")


@pytest.mark.parametrize("step", ["setup", "uninstall"])
def test_past_the_point_of_no_return_what_goes_on_is_named(step: str) -> None:
    text = where_to_stop(step, "vmm01")
    assert text.startswith("past the point of no return on vmm01: ")
    assert "`resume` goes on" in text


def test_what_is_not_known_promises_no_more_than_the_engine_does() -> None:
    assert where_to_stop("polish", "") == "the run stops after this step; `resume` goes on with it"
    assert "{" not in where_to_stop("restart", "")
