"""The JSON Schema of answer files agrees with the files and with the reader."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from tests.plan.plans import plans
from vmm_wizard.plan.answers import AnswersError, dumps, loads
from vmm_wizard.plan.fields import FIELDS
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.schema import json_schema

ANSWERS = Path(__file__).parents[2] / "answers"
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
}


def conforms(value: Any, schema: dict[str, Any]) -> bool:
    """The few words of JSON Schema that ours uses."""
    if not isinstance(value, TYPES[schema["type"]]) or (schema["type"] == "integer" and isinstance(value, bool)):
        return False
    if isinstance(value, dict):
        known = schema["properties"]
        return all(name in known and conforms(inner, known[name]) for name, inner in value.items()) and all(
            name in value for name in schema.get("required", [])
        )
    if isinstance(value, list):
        return all(conforms(inner, schema["items"]) for inner in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return bool(schema["minimum"] <= value <= schema["maximum"])
    return value in schema.get("enum", [value])


@pytest.mark.parametrize("name", ["contoso-ha.toml", "contoso-named-instance.toml"])
def test_the_examples_conform(name: str) -> None:
    assert conforms(tomllib.loads((ANSWERS / name).read_text()), json_schema())


@given(plans)
def test_every_plan_that_is_written_conforms(plan: Plan) -> None:
    assert conforms(tomllib.loads(dumps(plan)), json_schema())


@pytest.mark.parametrize(
    "text",
    [
        "release = 2022",
        'release = "2012"',
        "relase = 1",
        "[ports]\nconsole = 0",
        "[ports]\nbits = 70000",
        "[registration]\ntelemetry = 1",
        "[cluster]\nnodes = 'vmm01'",
        "[[connection.certificate_exceptions]]\nhost = 'a'",
    ],
)
def test_what_the_schema_refuses_the_reader_refuses_too(text: str) -> None:
    assert not conforms(tomllib.loads(text), json_schema())
    with pytest.raises(AnswersError):
        loads(text, complete=False)


def test_each_answer_is_described_and_it_is_json() -> None:
    schema = json.loads(json.dumps(json_schema()))
    for field in FIELDS:
        holder = schema["properties"][field.table] if field.table else schema
        assert field.about in holder["properties"][field.name]["description"]
