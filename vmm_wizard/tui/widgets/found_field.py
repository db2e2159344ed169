"""A field with a list below it of what was found: Down goes into it, Enter takes a row, typing goes on meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget

from vmm_wizard.plan.fields import Kind
from vmm_wizard.texts import counted
from vmm_wizard.tui.messages import LevelTurned, SuggestionTaken
from vmm_wizard.tui.widgets.field import Field
from vmm_wizard.tui.widgets.found_list import ROWS, FoundList
from vmm_wizard.tui.widgets.inputs import LineInput
from vmm_wizard.wizard.flow import View
from vmm_wizard.wizard.found import Offering, Suggestion, narrowed, offering, why_none
from vmm_wizard.wizard.found_keys import ACCOUNT_KEYS, CONTAINER
from vmm_wizard.wizard.order_fields import all_fields
from vmm_wizard.wizard.suggesting import is_taken

#: Rows of the tree of containers, which has a page of its own.
TREE_ROWS = 8


class FoundField(Field):
    """A field that something can be found for. Posts `SuggestionTaken` and `LevelTurned` as well.

    The keys stay in the input: Down and Up move a mark in the list, which is only there while the field has the focus.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "walk(1)", show=False),
        Binding("up", "walk(-1)", show=False),
        Binding("pagedown", "walk(5)", show=False),
        Binding("pageup", "walk(-5)", show=False),
        Binding("escape", "leave_list", show=False),
    ]

    def __init__(self, key: str, text: str, problem: str = "", placeholder: str = "") -> None:
        super().__init__(key, text, problem, placeholder)
        self._view = View()
        self._focused = False
        #: Whether the list is wanted whole, though what is typed stands in the way.
        self._whole = False

    def below(self) -> Iterator[Widget]:
        yield FoundList(TREE_ROWS if self.key == CONTAINER else ROWS)

    def on_mount(self) -> None:
        for line in self.query(LineInput):
            line.before_move = self._turn

    @property
    def list(self) -> FoundList:
        """The list below the input."""
        return self.query_one(FoundList)

    def offer(self, view: View) -> None:
        """What is known has changed: the list follows, while the field has the focus."""
        self._view = view
        self._fill()

    def offering(self) -> Offering | None:
        """All that was found for what stands in the field now."""
        return offering(self.key, self._view.found, self._view.plan, self._view.asked, self.typed)

    def _fill(self) -> None:
        for shown in self.query(FoundList):
            if not self._focused:
                shown.show(())
                return
            offered = self.offering()
            rows = offered.suggestions if self._whole and offered else narrowed(self.key, offered, self.typed)
            shown.show(rows, "" if rows else self._said(offered))

    def _said(self, offered: Offering | None) -> str:
        """The line that stands there instead of rows."""
        if offered is None:
            # Who has answered already needs no list.
            return "" if self.typed.strip() else why_none(self.key, self._view.found)
        number = len(offered.suggestions)
        # In a list, what is typed may be whole without being one of those.
        is_list = all_fields(self.key).kind is Kind.TEXTS
        if is_list or any(is_taken(self.key, row, self.typed) for row in offered.suggestions):
            return counted("found.there", number)
        return "" if self.key in ACCOUNT_KEYS else counted("found.none_match", number)

    def _changed(self, text: str) -> None:
        super()._changed(text)
        self._whole = False
        self._fill()

    # --- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Keys that mean nothing to the list go on to the page."""
        if action == "leave_list":
            return self.list.chosen is not None
        return action != "walk" or bool(self.list.rows or self.offering())

    def action_walk(self, step: int) -> None:
        """Go down or up in the list; Down in a field that is filled shows all of it first."""
        if not self.list.rows and step > 0:
            self._whole = True
            self._fill()
        self.list.move(step)

    def action_leave_list(self) -> None:
        """Go back to the input."""
        self.list.leave()

    def _turn(self, step: int) -> bool:
        """Right opens a line of the tree, Left closes it; in the input both move in the text."""
        row = self.list.chosen
        if row is None or not row.opens:
            return False
        if row.is_open is (step < 0):
            self.post_message(LevelTurned(row.opens))
        return True

    def entered(self) -> None:
        """Enter takes the row that is marked, else goes on."""
        row = self.list.chosen
        if row is None:
            super().entered()
        else:
            self._take(row)

    def _take(self, row: Suggestion) -> None:
        if row.answers:
            self.list.leave()
            self.post_message(SuggestionTaken(self.key, row))
        elif row.opens:
            self.post_message(LevelTurned(row.opens))

    @on(FoundList.Clicked)
    def _clicked(self, event: FoundList.Clicked) -> None:
        event.stop()
        self._take(event.row)

    # --- focus

    def on_descendant_focus(self) -> None:
        # The screen wants to know as well, and hears of it by itself.
        self._focused = True
        self._fill()

    def on_descendant_blur(self) -> None:
        self._focused = self._whole = False
        self.list.leave()
        self._fill()
