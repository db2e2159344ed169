"""A field of several lines: apart from the others, for its editor takes long to load and few pages have one."""

from __future__ import annotations

from textual import on
from textual.widget import Widget
from textual.widgets import TextArea

from vmm_wizard.tui.widgets.field import Field


class RowsField(Field):
    """The input of an answer with a line a row."""

    def _input(self) -> Widget:
        area = TextArea(self._text, compact=True, soft_wrap=False, highlight_cursor_line=False)
        area.cursor_blink = False
        return area

    @on(TextArea.Changed)
    def _area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._changed(event.text_area.text)
