"""The list of steps beside the page: one Static for all of them."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from vmm_wizard.wizard.flow import Mark, View, step_lines
from vmm_wizard.wizard.pages import Page

#: Colours go with the sign and the word, never instead of them.
STYLES = {
    Mark.WRONG: "$text-error",
    Mark.FAIL: "$text-error",
    Mark.STOPPED: "$text-error",
    Mark.UNKNOWN: "$text-warning",
    Mark.WARN: "$text-warning",
    Mark.OK: "$text-success",
}


class Steps(Static):
    """All steps with their states; on a narrow screen the current one alone, in one line."""

    def __init__(self, view: View, page: Page, *, id: str | None = None) -> None:
        super().__init__(_content(view, page, narrow=False), id=id)
        self._shown: object = None

    def show(self, view: View, page: Page, *, narrow: bool) -> None:
        """Paint the list anew, if anything in it is different."""
        key = (step_lines(view, page), page, narrow)
        if key != self._shown:
            self._shown = key
            self.update(_content(view, page, narrow=narrow))


def _content(view: View, page: Page, *, narrow: bool) -> Content:
    lines = step_lines(view, page)
    if narrow:
        place = view.pages.index(page)
        text, mark = lines[place]
        line = f"Step {place + 1} of {len(view.pages)} {' '.join(text.split())}"
        return Content.styled(line, STYLES.get(mark, ""))
    rows = []
    for (text, mark), entry in zip(lines, view.pages, strict=True):
        style = STYLES.get(mark, "")
        rows.append(Content.styled(text, f"bold {style}".strip() if entry is page else style))
    return Content("\n").join(rows)
