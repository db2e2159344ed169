"""The palette: every page and every action, filtered by typing; Enter does the one that is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from vmm_wizard.texts import text
from vmm_wizard.tui.widgets.inputs import LineInput
from vmm_wizard.wizard.palette import Entry, matching


class PaletteDialog(ModalScreen[str]):
    """Returns the id of the entry that shall be done, and an empty text after Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f9,ctrl+o", "dismiss('')", "Back", priority=True),
        Binding("up", "move('cursor_up')", show=False),
        Binding("down", "move('cursor_down')", show=False),
        Binding("pageup", "move('page_up')", show=False),
        Binding("pagedown", "move('page_down')", show=False),
    ]

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__()
        self._entries = tuple(entries)
        self._early = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall", id="palette"):
            yield Static(text("palette.title"), classes="title")
            yield LineInput(placeholder=text("palette.placeholder"))
            # The keys stay with the line that is typed in: the screen hands the arrows on.
            rows = OptionList(*self._options(self._entries), markup=False, compact=True)
            rows.can_focus = False
            yield rows
            yield Static(text("palette.hint"), classes="hint")

    @staticmethod
    def _options(entries: Sequence[Entry]) -> list[Option]:
        rows = [Option(entry.line, id=entry.id) for entry in entries]
        return rows or [Option(text("palette.none"), disabled=True)]

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = 0
        line = self.query_one(LineInput)
        self.set_focus(line)
        line.insert_text_at_cursor(self._early)

    def on_key(self, event: Key) -> None:
        """Who types fast types on before the line is there."""
        if event.character and event.is_printable:
            event.stop()
            self._early += event.character

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        rows = self.query_one(OptionList)
        found = matching(self._entries, event.value)
        rows.set_options(self._options(found))
        rows.highlighted = 0 if found else None

    async def action_move(self, where: str) -> None:
        """Move the choice."""
        await self.query_one(OptionList).run_action(where)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(OptionList).action_select()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option_id or "")
