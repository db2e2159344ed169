"""The scripts of a run, what is sent to them, what the estate answers in their place and what facts want: one set of
names; and the wrapper quotes as we do."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.machines import INSTALLER, PASSWORD, PracticeMachine, SmallEstate
from tests.powershell import answer_keys, literal_keys, parameters, parse
from vmm_wizard.facts.model import RehearsalFacts
from vmm_wizard.lab.run_scripts import RUN_SCRIPTS
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote.bootstrap import JSON, ScriptRequest, load_script
from vmm_wizard.setup.command import quote, split

SENT: dict[str, dict[str, JSON]] = {
    "stage-run": {"RunId": "1", "Account": INSTALLER, "Files": [{"name": "job.json", "content": ""}]},
    "start-task": {"RunId": "1", "Account": INSTALLER, "TimeLimit": "PT2H"},
    "put-secrets": {"RunId": "1", "Blob": "{}"},
    "collect-logs": {"Name": "", "Offset": 0, "Limit": 10},
    "end-setup": {"RunId": "1"},
    "run-status": {"RunId": "1", "LogOffset": 0, "LogLimit": 10, "Log": "setup"},
    "remove-run": {"RunId": "1", "EndRunning": True},
}


@pytest.fixture
def machine() -> PracticeMachine:
    return SmallEstate().machines[0]


def answer(machine: PracticeMachine, name: str) -> dict[str, JSON]:
    return machine.run_script(ScriptRequest(name, "", SENT[name], (Secret(PASSWORD),)))


def test_every_script_of_a_run_is_known_to_the_estate() -> None:
    assert set(RUN_SCRIPTS) == set(SENT)


@pytest.mark.parametrize("name", SENT)
def test_the_script_takes_the_parameters_that_are_sent(name: str) -> None:
    assert parameters(parse(load_script(name).text)) == set(SENT[name])


@pytest.mark.parametrize("name", SENT)
def test_the_estate_answers_with_the_keys_that_the_script_has(name: str, machine: PracticeMachine) -> None:
    if name == "start-task":
        answer(machine, "stage-run")

    assert set(answer(machine, name)) == answer_keys(parse(load_script(name).text))


def test_a_refused_task_is_answered_with_the_same_keys(machine: PracticeMachine) -> None:
    machine.stores = False

    assert set(answer(machine, "start-task")) == answer_keys(parse(load_script("start-task").text))


def test_the_wrappers_report_has_what_the_facts_want() -> None:
    wanted = {field.name for field in fields(RehearsalFacts)} - {"registered", "error"}

    assert wanted | {"secret_digests"} in literal_keys(parse(load_script("wrapper").text))


@given(st.text('ab \t"\\', max_size=12))
def test_the_wrapper_quotes_as_we_do(word: str) -> None:
    text = load_script("wrapper").text
    assert """-match '[\\s"]'""" in text
    assert """[regex]::Replace([regex]::Replace($word, '(\\\\*)"', '$1$1\\"'), '(\\\\+)\\z', '$1$1')""" in text

    quoted = word
    if word == "" or re.search(r'[\s"]', word):
        # The same two expressions, as Python writes them.
        quoted = re.sub(r"(\\+)\Z", r"\1\1", re.sub(r'(\\*)"', r'\1\1\\"', word))
        quoted = f'"{quoted}"'

    assert quoted == quote(word)
    assert split(quoted) == [word]
