"""Asks and tells in dialogs. They are loaded when the first one opens: the first paint needs none of them."""

from __future__ import annotations

from collections.abc import Sequence
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
) -> None:
    """Open a question with a few answers; `chosen` gets the key of the one taken, an empty text after Escape."""
    from vmm_wizard.tui.screens.dialogs import ChoiceDialog

    app.push_screen(ChoiceDialog(title, said, answers, name), chosen)


def tell(app: App[Any], title: str, said: str | Content, shared: Shared | None = None) -> None:
    """Open a text to read; `shared` is what of it can be copied and written to a file."""
    from vmm_wizard.tui.screens.dialogs import TextDialog

    app.push_screen(TextDialog(title, said, shared))
