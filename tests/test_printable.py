"""What comes from a node, a directory or a server cannot steer the terminal that it is shown on."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.building import a_plan, good_facts
from vmm_wizard.checks.registry import judge
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.install.events import Finished, LogGrew, Notice, Progress, StepChanged, StepState
from vmm_wizard.printable import printable, printable_json
from vmm_wizard.remote.errors import ScriptFailed
from vmm_wizard.report import findings, run
from vmm_wizard.setup.log import LogReader
from vmm_wizard.wizard.run_state import RunState

#: Retitles the window, clears the screen, turns the direction of writing, and a one-byte CSI.
HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202egnp.exe\x9b31m"

any_text = st.text(st.characters())


def steers(text: str) -> bool:
    """Whether a terminal would do anything but show letters and begin lines."""
    return any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in text if c not in "\n\t")


@given(any_text)
def test_nothing_that_is_shown_steers(text: str) -> None:
    assert not steers(printable(text))


@given(any_text)
def test_showing_twice_is_showing_once(text: str) -> None:
    assert printable(printable(text)) == printable(text)


@pytest.mark.parametrize("text", ["CN=VMMDKM,DC=contoso,DC=lab", "Jürgen Groß\t東京\u00a0한국", "two\nlines", ""])
def test_texts_of_people_stay_as_they_are(text: str) -> None:
    assert printable(text) == text


@given(any_text)
def test_json_stays_the_same_to_a_program(text: str) -> None:
    document = printable_json(json.dumps({"text": text}, ensure_ascii=False))
    assert json.loads(document) == {"text": text}
    assert not steers(document)


def test_a_finding_shows_a_hostile_answer_harmlessly() -> None:
    facts = replace(good_facts(), sql=NoAnswer(HOSTILE, "unreachable"))
    found = judge(a_plan(), facts)
    assert any("\\x1b]0;owned" in finding.evidence for finding in found)
    assert not any(steers(line) for line in findings.as_text(a_plan(), found))
    assert not steers(findings.as_json(a_plan(), found))


def test_a_line_of_setups_log_is_harmless_on_both_doors() -> None:
    (line,) = LogReader().feed(f"12:00:00:{HOSTILE}\r\n".encode())
    assert "owned" in line.text
    assert not steers(line.text)
    assert not steers(run.as_json(LogGrew("vmm01", (HOSTILE,))))


def test_what_a_run_tells_is_harmless() -> None:
    events = (
        StepChanged("vmm01", "clear", StepState.FAILED, HOSTILE),
        Notice("vmm01", HOSTILE, HOSTILE),
        Finished("failed", False, HOSTILE),
    )
    for event in events:
        assert not any(steers(line) for line in run.lines_of(event))
        assert not steers(run.as_json(event))


def test_what_the_wizard_shows_of_a_run_is_harmless() -> None:
    state = RunState(a_plan())
    (node, *_) = state.nodes
    for event in (
        StepChanged(node, "verify", StepState.DONE, HOSTILE),
        StepChanged(node, "clear", StepState.FAILED, HOSTILE),
        Progress(node, "setup", 3, HOSTILE),
        Notice(node, HOSTILE, HOSTILE),
        Finished("failed", False, HOSTILE),
    ):
        logged = state.take(event)
        assert not any(steers(line) for line in (*logged, *state.lines(), *state.ending()))
    assert any("owned" in line for line in state.ending())


def test_what_a_node_says_of_an_error_is_harmless() -> None:
    assert not steers(str(ScriptFailed("vmm01:5985", "node-facts", HOSTILE, 3)))
