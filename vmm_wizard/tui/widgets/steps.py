"""The list of steps beside the page: one Static for all of them, that can be walked with the keys."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click, Key
from textual.widget import Widget
from textual.widgets import Static

from vmm_wizard.texts import text
from vmm_wizard.tui.messages import PageWanted, StepsWanted
from vmm_wizard.wizard.flow import Mark, View
from vmm_wizard.wizard.pages import Page
from vmm_wizard.wizard.steps import meant, moved, step_lines

#: Colours go with the sign and the word, never instead of them.
STYLES = {
    Mark.WRONG: "$text-error",
    Mark.FAIL: "$text-error",
    Mark.STOPPED: "$text-error",
    Mark.UNKNOWN: "$text-warning",
    Mark.EARLIER: "$text-warning",
    Mark.WARN: "$text-warning",
    Mark.OK: "$text-success",
}


#: What `step_lines` says of a job.
Lines = tuple[tuple[str, Mark], ...]


class Steps(Static):
    """All steps with their states; on a narrow screen the current one alone, in one line.

    While it has the keys, an arrow shows the step that Enter opens (`PageWanted`). It has them only when `walk` gave
    them to it: Tab goes past, from field to field. On a narrow screen a click asks for the dialog (`StepsWanted`).
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("home,pageup", "move(-99)", show=False),
        Binding("end,pagedown", "move(99)", show=False),
        Binding("enter,right", "open", show=False),
        Binding("escape,left,tab,shift+tab", "leave", show=False),
    ]

    def __init__(self, view: View, page: Page, *, id: str | None = None) -> None:
        lines = step_lines(view, page)
        super().__init__(_content(lines, view, page, None, narrow=False), id=id)
        self.help_text = text("steps.help")
        self.help_subject = "thing:steps"
        self._view = view
        self._page = page
        self._cursor: Page | None = None
        self._narrow = False
        self._before: Widget | None = None
        #: What is painted now.
        self._shown: object = (lines, page, False)

    def show(self, view: View, page: Page, *, narrow: bool) -> None:
        """Paint the list anew, if anything in it is different."""
        if self._cursor not in view.pages:
            self._cursor = page if self._cursor else None
        self._view, self._page, self._narrow = view, page, narrow
        lines = step_lines(view, page, self._cursor)
        key = (lines, page, narrow)
        if key != self._shown:
            self._shown = key
            self.update(_content(lines, view, page, self._cursor, narrow=narrow), layout=False)

    # --- walking

    def walk(self) -> None:
        """Take the keys, until a step is chosen or Escape gives them back."""
        self._before = self.screen.focused
        self.can_focus = True
        # At once: the next key may be here already.
        self.screen.set_focus(self, scroll_visible=False)

    def on_focus(self) -> None:
        self._point(self._cursor or self._page)

    def on_blur(self) -> None:
        # A terminal that is looked away from takes the keys, too, and gives them back here.
        self.can_focus = not self.app.app_focus
        self._point(None)

    def _point(self, page: Page | None) -> None:
        self._cursor = page
        self.show(self._view, self._page, narrow=self._narrow)

    def action_move(self, by: int) -> None:
        """Go up or down."""
        self._point(moved(self._view, self._cursor or self._page, by))

    def action_open(self) -> None:
        """Open the step that the arrow shows."""
        wanted = self._cursor or self._page
        self.action_leave()
        self.post_message(PageWanted(wanted.id))

    def action_leave(self) -> None:
        """Give the keys back to what had them."""
        before, self._before = self._before, None
        self.screen.set_focus(before if before is not None and before.focusable else None)

    def on_key(self, event: Key) -> None:
        """A first letter or a number."""
        if event.character and event.character.isalnum():
            event.stop()
            self._point(meant(self._view, self._cursor or self._page, event.character) or self._cursor)

    def on_click(self, event: Click) -> None:
        if self._narrow:
            self.post_message(StepsWanted())
        elif 0 <= event.y < len(self._view.pages):
            self.post_message(PageWanted(self._view.pages[event.y].id))


def _content(lines: Lines, view: View, page: Page, cursor: Page | None, *, narrow: bool) -> Content:
    if narrow:
        # Between two jobs the page in front may be one that the new job has not.
        place = view.pages.index(page) if page in view.pages else 0
        line, mark = lines[place]
        words = text("steps.one", number=place + 1, count=len(view.pages), step=" ".join(line.split()))
        return Content.styled(words, STYLES.get(mark, ""))
    rows = []
    for (line, mark), entry in zip(lines, view.pages, strict=True):
        looks = (STYLES.get(mark, ""), "bold" if entry is page else "", "reverse" if entry is cursor else "")
        rows.append(Content.styled(line, " ".join(filter(None, looks))))
    return Content("\n").join(rows)
