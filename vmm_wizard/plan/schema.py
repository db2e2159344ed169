"""The JSON Schema of answer files, for editors: made from the same table that reads them."""

from __future__ import annotations

from typing import Any

from vmm_wizard.plan.fields import FIELDS, TABLES, Field, Kind, toml_value
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text

_PORT_MIN, _PORT_MAX = 1, 65535


def json_schema() -> dict[str, Any]:
    """A JSON Schema (2020-12) that every answer file this version writes conforms to."""
    schema = _table([field for field in FIELDS if not field.table])
    schema["properties"] |= {
        table: {
            **_table([field for field in FIELDS if field.table == table]),
            "description": text(f"answer_file.table.{table}"),
        }
        for table in TABLES
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": text("parsing.schema.title"),
        **schema,
    }


def _table(fields: list[Field]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {field.name: _property(field) for field in fields},
    }


def _property(field: Field) -> dict[str, Any]:
    default = toml_value(Plan(), field)
    about = text("parsing.schema.property", what=field.about, expected=field.allowed)
    described = {"description": about, "default": default}
    match field.kind:
        case Kind.FLAG:
            return {"type": "boolean", **described}
        case Kind.NUMBER:
            least = 0 if default == 0 else _PORT_MIN
            return {"type": "integer", "minimum": least, "maximum": _PORT_MAX, **described}
        case Kind.TEXTS:
            return {"type": "array", "items": {"type": "string"}, "uniqueItems": True, **described}
        case Kind.ROWS:
            return {"type": "array", "items": _row(field), **described}
        case _:
            choices = {"enum": list(field.choices)} if field.choices else {}
            return {"type": "string", **choices, **described}


def _row(field: Field) -> dict[str, Any]:
    assert field.rows is not None
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(field.rows.required),
        "properties": {
            name: {"type": "string", "minLength": int(name in field.rows.required)} for name in field.rows.columns
        },
    }
