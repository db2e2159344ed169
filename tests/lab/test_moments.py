"""Moments of a scenario's faults: what is read, what reaches them, how often, for how long, and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm_wizard.lab.clock import ManualClock
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.moments import (
    BOOT,
    START,
    VERIFY,
    Moment,
    MomentError,
    Moments,
    Switch,
    Switched,
    parse_moment,
)
from vmm_wizard.lab.runtime_faults import RUNTIME_FAULTS
from vmm_wizard.lab.scenarios import Scenario, ScenarioError, apply
from vmm_wizard.lab.windows import HANDLERS

FIRST, SECOND = "vmm01.contoso.lab", "vmm02.contoso.lab"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("start", START),
        ("boot", BOOT),
        ("verify", VERIFY),
        ("stage", Moment("script", "stage-run", of_run=True)),
        ("start-task", Moment("script", "start-task", of_run=True)),
        ("secrets", Moment("script", "put-secrets", of_run=True)),
        ("clear", Moment("script", "remove-run", of_run=True)),
        ("script node-facts", Moment("script", "node-facts")),
        ("script", Moment("script")),
        ("after script run-status", Moment("after script", "run-status")),
        ("setup 40%", Moment("setup", percent=40)),
        ("uninstall 0%", Moment("uninstall", percent=0)),
    ],
)
def test_a_moment_is_read(text: str, moment: Moment) -> None:
    assert parse_moment(text, HANDLERS) == moment


@given(st.text() | st.integers() | st.sampled_from(["setup 101%", "setup", "script no-such", "Setup 40%", "before"]))
def test_anything_else_is_refused_in_a_sentence_that_says_what_is_expected(text: object) -> None:
    if text in ("start", "boot", "verify", "stage", "start-task", "secrets", "clear", "script", "after script"):
        return
    with pytest.raises(MomentError) as refused:
        parse_moment(text, HANDLERS)
    assert "there is no script" in str(refused.value) or 'expected "start", "boot"' in str(refused.value)


@given(st.sampled_from(["setup", "uninstall"]), st.integers(0, 100))
def test_what_a_moment_says_of_itself_is_read_as_the_same(work: str, percent: int) -> None:
    moment = parse_moment(f"{work} {percent}%", HANDLERS)
    assert parse_moment(str(moment), HANDLERS) == moment


class Lamp:
    """Something to switch on."""

    def __init__(self) -> None:
        self.on: list[str] = []
        self.over = threading.Event()

    def act(self, node: str) -> Callable[[], None]:
        self.on.append(node)
        return self.over.set


def moments(clock: ManualClock | None = None) -> Moments:
    return Moments(clock or ManualClock(), threading.Event(), lambda: None)


def test_a_fault_is_switched_on_once_at_its_moment_on_its_node() -> None:
    lamp, found = Lamp(), moments()
    found.add(Switch("lamp", Moment("script", "stage-run"), lamp.act, on=SECOND))
    found.reached(Moment("script", "stage-run"), FIRST)
    found.reached(Moment("after script", "stage-run"), SECOND)
    found.reached(Moment("script", "node-facts"), SECOND)
    assert lamp.on == []
    for _ in range(3):
        found.reached(Moment("script", "stage-run"), SECOND)
    assert lamp.on == [SECOND]


def test_always_is_each_time_and_any_script_is_any() -> None:
    lamp, found = Lamp(), moments()
    found.add(Switch("lamp", Moment("after script"), lamp.act, left=None))
    found.reached(Moment("after script", "node-facts"), FIRST)
    found.reached(Moment("after script", "stage-run"), SECOND)
    assert lamp.on == [FIRST, SECOND]


def test_only_what_still_waits_stops_a_setup_on_its_way() -> None:
    found = moments()
    for percent in (70, 10):
        found.add(Switch("lamp", Moment("setup", percent=percent), Lamp().act))
    found.add(Switch("lamp", Moment("uninstall", percent=50), Lamp().act))
    assert found.percents("setup") == (10, 70)
    found.reached(Moment("setup", percent=10), FIRST)
    assert (found.percents("setup"), found.percents("uninstall")) == ((70,), (50,))


def test_what_passes_by_itself_passes_after_its_seconds() -> None:
    clock, lamp = ManualClock(), Lamp()
    clock.advance(5)
    found = moments(clock)
    told: list[str] = []
    over = threading.Event()

    def tell(row: Switched) -> None:
        told.append(str(row))
        if row.over is not None:
            over.set()

    found.told = tell
    found.add(Switch("lamp", BOOT, lamp.act, seconds=30.0))
    found.reached(BOOT, FIRST)
    clock.advance(29)
    assert not lamp.over.is_set()
    clock.advance(2)
    assert over.wait(10)
    assert lamp.over.is_set()
    (row,) = found.switched
    assert row.report() == {"kind": "lamp", "when": "boot", "node": FIRST, "seconds": 5.0, "over": 36.0}
    assert told == [
        f"fault lamp switched on at boot on {FIRST}, 5 seconds after the estate's start",
        f"fault lamp over at boot on {FIRST}, 36 seconds after the estate's start",
    ]


def test_what_somebody_mends_is_over_and_does_not_come_again() -> None:
    lamp, found = Lamp(), moments()
    found.add(Switch("lamp", BOOT, lamp.act, left=None))
    found.reached(BOOT, FIRST)
    found.lift()
    assert lamp.over.is_set()
    assert [row.over for row in found.switched] == [0.0]
    found.reached(BOOT, FIRST)
    assert lamp.on == [FIRST]


def test_a_fault_that_stumbles_is_told_and_the_estate_goes_on() -> None:
    found = moments()

    def stumble(node: str) -> None:
        raise KeyError(node)

    found.add(Switch("lamp", BOOT, stumble))
    found.reached(BOOT, FIRST)
    (row,) = found.switched
    assert "could not be switched on: KeyError" in str(row)
    assert row.report()["error"] == f"KeyError: '{FIRST}'"


# --- scenarios


def with_fault(**fault: Any) -> Estate:
    """An estate with one fault in it."""
    estate = Estate(ManualClock())
    apply(Scenario("odd", "", "", (), "", (fault,)), estate)
    return estate


def test_any_fault_may_have_a_moment_and_is_about_the_node_whose_moment_it_is() -> None:
    estate = with_fault(kind="node", set={"pending_windows_update": True}, when="stage")
    node = estate.nodes[SECOND]
    assert not node.state.pending_windows_update
    node.reached(Moment("script", "stage-run"))
    assert not node.state.pending_windows_update, "a rehearsal is no run"
    node.reached(Moment("script", "stage-run", of_run=True))
    assert node.state.pending_windows_update
    assert not estate.nodes[FIRST].state.pending_windows_update
    assert estate.report()["faults"] == [
        {"kind": "node", "when": "stage", "node": SECOND, "seconds": 0.0, "over": None}
    ]


def test_what_is_meant_for_the_start_is_there_at_once() -> None:
    estate = with_fault(kind="dkm_missing")
    assert [row["kind"] for row in estate.report()["faults"]] == ["dkm_missing"]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"kind": "flood"}, "there is no fault 'flood'"),
        ({"kind": "dkm_missing", "when": "noon"}, 'when = "noon": expected "start"'),
        ({"kind": "dkm_missing", "when": "script paint"}, "there is no script paint; there are add-administrator"),
        ({"kind": "dkm_missing", "for_seconds": 5}, "dkm_missing does not pass by itself: for_seconds goes with winrm"),
        ({"kind": "dkm_missing", "when": "stage", "on": "vmm09"}, "on = 'vmm09': expected one of admin01.contoso.lab"),
        ({"kind": "hidden", "host": "dc01.contoso.lab", "when": "boot"}, "from the start or not at all"),
        ({"kind": "sql_gone", "server": "sql77"}, "server = 'sql77': expected one of"),
        ({"kind": "winrm_refused"}, "winrm_refused at the start needs node"),
        ({"kind": "winrm_refused", "node": FIRST, "colour": 1}, "winrm_refused knows no 'colour': expected"),
        ({"kind": "winrm_refused", "node": FIRST, "times": 0}, "times = 0: expected a number from 1"),
        ({"kind": "winrm_refused", "node": FIRST, "for_seconds": -1}, "for_seconds = -1: expected estate seconds"),
        ({"kind": "clock_jump", "node": FIRST}, "clock_jump needs seconds"),
        ({"kind": "password_changed"}, "password_changed needs account"),
        ({"kind": "setup_hangs", "when": "stage"}, 'setup_hangs needs a moment of setup, such as when = "setup 40%"'),
        ({"kind": "node_gone", "node": FIRST, "for_seconds": 5}, "node_gone does not pass by itself"),
        ({"kind": "account_state", "account": "nobody", "state": "locked"}, "account_state lacks, or does not find"),
    ],
)
def test_a_mistake_in_a_scenario_is_one_clear_sentence(fault: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        with_fault(**fault)
    assert str(refused.value).startswith("scenario odd: ")
    assert sentence in str(refused.value)


def test_every_fault_has_a_moment_where_none_is_said() -> None:
    for kind, row in RUNTIME_FAULTS.items():
        moment = parse_moment(row.when, HANDLERS)
        assert (moment.kind == "setup") == (kind.startswith("setup_") or kind == "half_done")
