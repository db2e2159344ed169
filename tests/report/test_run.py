"""A run told as lines and as JSON."""

from __future__ import annotations

import json

from vmm_wizard.install.events import LogGrew, Notice, Progress, RunStarted, StepChanged, StepState
from vmm_wizard.report import run as report

EXCEPTION = "the certificate of sql01 is accepted by its fingerprint abab: until the CA is renewed"


def test_a_run_begins_with_the_certificates_that_are_accepted_by_exception() -> None:
    event = RunStarted("r1", False, ("vmm01",), (EXCEPTION,))
    assert report.lines_of(event) == ["run r1: vmm01", f"! {EXCEPTION}"]
    assert json.loads(report.as_json(event))["certificate_exceptions"] == [EXCEPTION]


def test_only_what_moves_is_progress() -> None:
    assert report.is_progress(Progress("vmm01", "setup", 3, "starting"))
    assert report.is_progress(LogGrew("vmm01", ("a line",)))
    assert not report.is_progress(StepChanged("vmm01", "stage", StepState.DONE))


def test_a_json_event_is_one_line_whatever_a_node_said() -> None:
    text = report.as_json(LogGrew("vmm01", ("two\nlines and \x1b[31m red",)))
    assert "\n" not in text
    assert "\x1b" not in text
    assert json.loads(text)["event"] == "log"


def test_a_remedy_of_several_steps_has_a_line_for_each() -> None:
    event = Notice("vmm01", "vmm01 is half done", "1. take this away\n2. and that")
    assert report.lines_of(event) == ["! vmm01 is half done", "    -> 1. take this away", "       2. and that"]
