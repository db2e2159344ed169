"""How long steps take: as measured here, else as guides say; and how that is said."""

from datetime import UTC, datetime, timedelta

import pytest

from vmm_wizard.install.journal import Step, StepState
from vmm_wizard.install.orders import Job
from vmm_wizard.wizard.run_times import Usual, Usuals, clock, measured, minutes

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def a_step(name: str, taken: float, state: StepState = "done") -> Step:
    return Step("vmm01.contoso.lab", name, state, NOON, NOON + timedelta(minutes=taken), "")


@pytest.mark.parametrize(("seconds", "said"), [(-1, "0:00"), (5, "0:05"), (754, "12:34"), (3723, "1:02:03")])
def test_a_clock_shows_seconds(seconds: float, said: str) -> None:
    assert clock(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(59, "under 1 min"), (60, "1 min"), (3599, "59 min"), (3900, "1 h 5 min")]
)
def test_minutes_change_once_a_minute(seconds: float, said: str) -> None:
    assert minutes(seconds) == said


def test_nobody_knows_how_long_a_step_takes_that_was_never_seen() -> None:
    assert Usuals().of("verify") is None


def test_guides_know_of_setup() -> None:
    assert str(Usuals().of("setup")) == "usually 20 min (by guides)"


def test_steps_that_ended_well_are_measured_and_the_newest_are_kept() -> None:
    steps = [a_step("setup", 5, "failed"), *(a_step("setup", taken) for taken in range(1, 15))]
    usual = measured(steps).of("setup")
    assert usual == Usual(5 * 60, 14 * 60, 10)
    assert str(usual) == "usually 5-14 min (the last 10 here)"


def test_times_that_are_alike_are_one_time() -> None:
    assert str(Usual(1190, 1205, 2)) == "usually 20 min (the last 2 here)"


@pytest.mark.parametrize("job", Job)
def test_every_job_begins_with_nothing_done_and_ends_with_all(job: Job) -> None:
    assert Usuals().share(job, (), "", 0) == 0
    every = ("preflight", "stage", "start", "setup", "uninstall", "console", "prepare", "report", "move", "verify")
    assert Usuals().share(job, every, "", 0) == 1


def test_a_measured_setup_counts_as_long_as_it_takes_here() -> None:
    slow, fast = Usuals({"setup": [6000.0]}), Usuals({"setup": [60.0]})
    before = ("preflight", "stage", "start")
    assert slow.share(Job.INSTALL, before, "setup", 0) < 0.05
    assert fast.share(Job.INSTALL, before, "setup", 0) > 0.3
