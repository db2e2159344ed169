"""Everything that can be done from any page: one table that footer, palette, help and tests share. Pure, no Textual.

An action has a function key and a key with Ctrl or Alt (terminals swallow some of either), or a button on a page; and
all of them stand in the palette, where the rare ones have their only place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vmm_wizard.texts import text
from vmm_wizard.wizard.flow import View


def _always(view: View) -> bool:  # noqa: ARG001
    return True


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do. `id` names it: in the code, and its words in `texts/en/palette.toml`.

    `button`: the page (its id) whose button does the same. `footer`: its key stands at the foot of the screen.
    `anywhere`: its key works in a dialog too. `possible` says whether it can be done now.
    """

    id: str
    keys: tuple[str, ...] = ()
    button: str = ""
    footer: bool = False
    anywhere: bool = False
    possible: Callable[[View], bool] = _always

    @property
    def short(self) -> str:
        """One word for the foot of the screen."""
        return text(f"palette.short.{self.id}")

    @property
    def about(self) -> str:
        """What it does, as it stands in the help and in the palette."""
        return text(f"palette.about.{self.id}")

    @property
    def key_names(self) -> tuple[str, ...]:
        """The keys as they are written on keyboards."""
        return tuple(map(key_name, self.keys))


#: Every action, in the order of the help.
ACTIONS: tuple[Action, ...] = (
    Action("next_page", ("ctrl+n", "alt+right"), footer=True),
    Action("previous_page", ("ctrl+p", "alt+left"), footer=True),
    Action("steps", ("f3", "ctrl+g"), footer=True),
    Action("palette", ("f9", "ctrl+o"), footer=True),
    Action("found", ("f4", "ctrl+l")),
    Action("see", ("f6", "ctrl+y"), anywhere=True),
    Action("look_again", ("ctrl+r", "f5")),
    Action("save", ("ctrl+s", "f2"), footer=True),
    Action("help", ("f1", "ctrl+t"), footer=True),
    Action("lesson", ("f8", "alt+l")),
    Action("request", button="review"),
    Action("accept"),
    Action("field"),
    Action("colours"),
    Action("start", button="run", possible=lambda view: not view.running),
    Action("stop", button="run", possible=lambda view: view.running),
    Action("leave", button="run", possible=lambda view: view.running),
    Action("runs", ("f7", "alt+r"), possible=lambda view: not view.running),
    Action("bell", button="run"),
    Action("quit", ("ctrl+q", "f10"), footer=True, anywhere=True),
)
BY_ID: Mapping[str, Action] = {action.id: action for action in ACTIONS}

_NAMES = {"ctrl": "Ctrl", "alt": "Alt", "right": "Right", "left": "Left"}


def key_name(key: str) -> str:
    """`ctrl+n` as `Ctrl+N`."""
    return "+".join(_NAMES.get(part, part.upper()) for part in key.split("+"))


def keys_lines() -> tuple[str, ...]:
    """The actions that have keys, a line each: its keys and what it does."""
    rows = [(action.key_names, action.about) for action in ACTIONS if action.keys]
    return tuple(f"{names[0]:<7} {' '.join(names[1:]):<10} {about}" for names, about in rows)
