"""Three ends of one script say the same words: what it writes, what the model reads, and what the estate answers."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

from tests.node_estate import a_question
from tests.powershell import answer_keys, literal_keys, parameters, parse
from vmm_wizard.facts.model import (
    NoAnswer,
    NodeFacts,
)
from vmm_wizard.facts.nodes import SCRIPT, read_answer, script_parameters
from vmm_wizard.remote.bootstrap import load_script


def _model_keys(kind: type, found: dict[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Field names by dataclass, for a dataclass and all that it is made of."""
    found[kind.__name__] = frozenset(row.name for row in fields(kind))
    waiting: list[Any] = list(get_type_hints(kind).values())
    while waiting:
        part = waiting.pop()
        waiting += get_args(part)
        if isinstance(part, type) and is_dataclass(part) and part.__name__ not in found:
            _model_keys(part, found)
    return found


def test_every_object_that_the_script_writes_is_one_of_the_model_and_every_one_is_written() -> None:
    root = parse(load_script(SCRIPT).text)
    model = _model_keys(NodeFacts, {})
    assert set(literal_keys(root)) == set(model.values())
    assert answer_keys(root) == model["NodeFacts"]


def test_every_fact_that_begins_as_null_is_set_somewhere() -> None:
    text = load_script(SCRIPT).text
    begun = {line.split(" = ")[0].strip() for line in text.splitlines() if line.endswith(" = $null")}
    facts_of_model = {row.name for row in fields(NodeFacts)} & begun
    unset = {name for name in facts_of_model if not re.search(rf"\$answer\.{name} = (?!\$null)", text)}
    assert facts_of_model
    assert unset == set()


def test_the_parameters_sent_are_those_that_the_script_declares() -> None:
    assert set(script_parameters(a_question())) == parameters(parse(load_script(SCRIPT).text))


def test_a_needed_fact_that_could_not_be_read_is_no_answer_and_says_why() -> None:
    answer: dict[str, object] = {row.name: None for row in fields(NodeFacts)}
    answer |= {"language_mode": "FullLanguage", "unreadable": ["name: Access is denied."]}
    said = read_answer(answer, "vmm01.contoso.lab:5985")
    assert isinstance(said, NoAnswer)
    assert said.code == "unreadable"
    assert said.reason == (
        "vmm01.contoso.lab:5985 did not say all of itself: computer_name: expected a text, read nothing "
        "(name: Access is denied.)"
    )
