"""The keys of the wizard as Textual binds them, and what F1 says of them. The table is `wizard/actions.py`."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from vmm_wizard.texts import text
from vmm_wizard.wizard.actions import ACTIONS, keys_lines

#: Keys of the wizard's own screen alone: they do nothing while a dialog is open.
OWN = frozenset(action.id for action in ACTIONS if not action.anywhere)


def bindings() -> list[BindingType]:
    """The keys of all actions, and Ctrl+C, which quits where nothing is selected to be copied."""
    rows: list[BindingType] = [
        Binding(",".join(action.keys), action.id, action.short, priority=True, show=action.footer)
        for action in ACTIONS
        if action.keys
    ]
    return [*rows, Binding("ctrl+c", "quit", "Quit", show=False)]


def keys_help() -> str:
    """What the keys do and what the signs mean."""
    lines = "\n".join(keys_lines())
    return f"{text('keys.fields')}{lines}\n\n{text('keys.signs')}"
