"""The keys of the wizard as Textual binds them, and what F1 says of them. The table is `wizard/actions.py`."""

from __future__ import annotations

from textual.binding import Binding, BindingType

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
    return f"{_FIELDS}{chr(10).join(keys_lines())}\n\n{_SIGNS}"


_FIELDS = """\
Tab     Shift+Tab  next and previous field
Enter              next field; in a list: more about what is chosen
Down    Up         into the list below a field and back; Enter takes a row, Esc leaves it
Left    Right      choose one of a few words
"""

_SIGNS = """\
The list of steps shows the state of each page:
+ ok       all is well, or nothing is asked here
. open     an answer or a password is missing
X error    a text that cannot be read
X FAIL     setup would fail
! warn     setup may go on, but you should know
? unknown  could not be found out
~ asking   the answer has not come yet
~ earlier  of a run before the answers were changed

Next is never blocked. Only the run is: by what fails, by what is open, and by a few checks that must be known."""
