"""Asks and tells in dialogs. They are loaded when the first one opens: the first paint needs none of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from textual.app import App

if TYPE_CHECKING:
    from textual.content import Content
    from textual.screen import ScreenResultCallbackType

    from vmm_wizard.wizard.sharing import Shared


def ask(
    app: App[Any],
    title: str,
    said: str,
    answers: Sequence[tuple[str, str]],
    chosen: ScreenResultCallbackType[str] | None = None,
    name: str = "",
    at: str = "",
) -> None:
    """Open a question with a few answers; `chosen` gets the key of the one taken, an empty text after Escape. `at`: the
    key of the answer that one is at; without one the first."""
    from vmm_wizard.tui.screens.dialogs import ChoiceDialog

    app.push_screen(ChoiceDialog(title, said, answers, name, at), chosen)


def tell(
    app: App[Any],
    title: str,
    said: str | Content,
    shared: Shared | None = None,
    back: Callable[[], object] | None = None,
) -> None:
    """Open a text to read; `shared` is what of it can be copied and written to a file, `back` is called at its end."""
    from vmm_wizard.tui.screens.dialogs import TextDialog

    def read(_: str | None) -> None:
        if back is not None:
            back()

    app.push_screen(TextDialog(title, said, shared), read)
