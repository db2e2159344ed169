"""The answers that go with the practice estate: those of `answers/contoso-ha.toml`, or a scenario's changes of them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

from vmm_wizard.plan.answers import loads
from vmm_wizard.plan.fields import parse_field, set_field
from vmm_wizard.plan.saving import dumps, updated


def practice_answers(changes: Mapping[str, Any]) -> str:
    """The text of an answer file for the estate. `changes`: answers by key, as text, or a list of texts for a list.

    Raises ValueError for a key or a text that is none.
    """
    text = (resources.files("vmm_wizard.lab") / "practice.toml").read_text(encoding="utf-8")
    if not changes:
        return text
    plan = loads(text)
    for key, value in changes.items():
        plan = set_field(plan, key, parse_field(key, ", ".join(value) if isinstance(value, list) else value))
    return updated(text, plan, {}) or dumps(plan)
