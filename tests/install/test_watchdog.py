"""A dialog nobody sees is told from slow work by several signs together, and never by an idle processor alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm_wizard.install.watchdog import IDLE_SHARE, Signs, Verdict, Watchdog, judge
from vmm_wizard.remote.task_run import SetupWatch, WatchedProcess

START = datetime(2026, 1, 1, tzinfo=UTC)


def reading(seconds: float, cpu: float, window: str = "", responds: bool = True) -> SetupWatch:
    process = WatchedProcess("SetupVM.exe", 4124, cpu, window, responds)
    return SetupWatch(START + timedelta(seconds=seconds), cpu, (process,))


def readings(cpu: float, window: str = "", *, count: int = 4) -> tuple[SetupWatch, ...]:
    """Looks a quarter of a minute apart, in each of which so much of one processor was used."""
    return tuple(reading(15 * n, 100 + 15 * n * cpu, window) for n in range(count))


@pytest.mark.parametrize(
    ("cpu", "window", "sessions", "verdict"),
    [
        (0.35, "", 1, Verdict.SLOW),
        (0.35, "Setup", 0, Verdict.SLOW),
        (0.0, "", 2, Verdict.SLOW),
        (0.0, "Setup", 0, Verdict.DIALOG),
        (0.01, "Setup", 0, Verdict.DIALOG),
        (0.0, "Setup", None, Verdict.DIALOG),
        (0.0, "Setup", 1, Verdict.UNKNOWN),
        (0.0, "", 0, Verdict.UNKNOWN),
        (0.0, "", None, Verdict.UNKNOWN),
    ],
)
def test_the_verdict_by_the_signs(cpu: float, window: str, sessions: int | None, verdict: Verdict) -> None:
    assert judge("vmm01", Signs(900, readings(cpu, window), sessions)).verdict is verdict


@given(st.lists(st.floats(0, 0.3), max_size=8), st.none() | st.integers(0, 3), st.booleans(), st.floats(0, 1e6))
def test_idle_processors_alone_never_mean_a_dialog(
    used: list[float], sessions: int | None, window: bool, still: float
) -> None:
    looks, cpu = [], 0.0
    for number, more in enumerate(used):
        cpu += more
        looks.append(reading(15 * number, cpu, "Setup" if window else ""))
    found = judge("vmm01", Signs(still, tuple(looks), sessions))
    if found.verdict is Verdict.DIALOG:
        assert window
        assert not sessions
        assert len(looks) >= 3
        assert cpu - used[0] <= 15 * (len(looks) - 1) * IDLE_SHARE + 1e-6


def test_the_sentence_names_each_sign() -> None:
    stuck = (*readings(0.0, "Virtual Machine Manager", count=3), reading(60, 100, "Virtual Machine Manager", False))
    assert judge("vmm01", Signs(900, stuck, 0)).text == (
        "SetupWizard.log on vmm01 has not grown for 15 minutes; what its processes use is 0% of one processor; "
        "a window is open: 'Virtual Machine Manager', which does not respond; SQL Server has no sessions from vmm01: "
        "it most likely waits at a dialog that nobody can see"
    )
    assert judge("vmm01", Signs(60, (), None)).text == (
        "SetupWizard.log on vmm01 has not grown for 1 minutes; what its processes use is not known yet; "
        "no window of theirs is open; whether it is connected to SQL Server cannot be asked: "
        "whether it works or waits for somebody cannot be told from this"
    )


def test_a_window_that_came_and_went_is_no_dialog() -> None:
    looks = (*readings(0.0, "Progress", count=3), reading(60, 100))
    assert judge("vmm01", Signs(900, looks, 0)).verdict is Verdict.UNKNOWN


def test_two_looks_are_too_few_and_the_same_look_counts_once() -> None:
    dog = Watchdog("vmm01", 900, now=0)
    for look in readings(0.0, "Setup", count=2):
        dog.saw(look)
        dog.saw(look)
    dog.saw(None)
    assert not dog.is_due(899)
    assert dog.is_due(900)
    assert dog.judge(900, 0).verdict is Verdict.UNKNOWN
    assert not dog.is_due(1799)
    dog.saw(reading(30, 100, "Setup"))
    assert dog.judge(1800, 0).verdict is Verdict.DIALOG


def test_what_was_seen_before_the_log_grew_means_nothing() -> None:
    dog = Watchdog("vmm01", 900, now=0)
    for look in readings(0.0, "Setup"):
        dog.saw(look)
    dog.log_grew(500)
    assert not dog.is_due(1399)
    found = dog.judge(1400, 0)
    assert (found.verdict, found.text.partition(" minutes")[0][-2:]) == (Verdict.UNKNOWN, "15")
