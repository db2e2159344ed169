"""The list of findings: sign, word, id and a sentence each; Enter shows one in full."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Resize
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from vmm_wizard.checks.status import Status
from vmm_wizard.texts import text
from vmm_wizard.tui.messages import ACCEPT, FIELD, FindingsChosen

if TYPE_CHECKING:
    from vmm_wizard.checks.registry import Finding
    from vmm_wizard.wizard.finding_lines import Line

STYLES = {Status.FAIL: "$text-error", Status.UNKNOWN: "$text-warning", Status.WARN: "$text-warning"}


#: Columns that the list's own scrollbar may take.
SCROLLBAR = 1


class FindingsList(OptionList):
    """Findings of a page. Posts `FindingsChosen`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a,A", f"do('{ACCEPT}')", show=False),
        Binding("g,G", f"do('{FIELD}')", show=False),
    ]
    help_text = text("findings.line")

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False, compact=True)
        self._shown: tuple[Line, ...] = ()
        self._width = 0
        self.display = False

    @property
    def help_subject(self) -> str:
        """What F1 explains: the check of the chosen line."""
        chosen = self.highlighted
        known = chosen is not None and chosen < len(self._shown)
        return f"check:{self._shown[chosen].ids[0]}" if known and chosen is not None else "thing:findings"

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines, if they are others than before. A finding that somebody chose stays chosen; else it is the
        first, or a graver one that comes in above would be out of sight."""
        lines = tuple(lines)
        if lines == self._shown:
            return
        chosen = self.highlighted
        key = self._shown[chosen].key if chosen is not None and chosen < len(self._shown) else None
        self._shown = lines
        self.display = bool(lines)
        place = next((place for place, line in enumerate(lines) if line.key == key), 0)
        self._fill(place if chosen or self.screen.focused is self else 0)

    def _fill(self, chosen: int) -> None:
        """Lay the lines out for the width that there is."""
        self._width = self.size.width
        self.set_options([Option(_prompt(line, self._width - SCROLLBAR)) for line in self._shown])
        if self._shown:
            self.highlighted = chosen

    def on_resize(self, event: Resize) -> None:
        if event.size.width != self._width:
            self._fill(self.highlighted or 0)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the chosen line says."""
        chosen = self.highlighted
        return self._shown[chosen].findings if chosen is not None and chosen < len(self._shown) else ()

    def action_do(self, what: str) -> None:
        """Do something about the chosen finding."""
        if self.findings:
            self.post_message(FindingsChosen(self.findings, what))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(FindingsChosen(self._shown[event.option_index].findings))


def _prompt(line: Line, width: int) -> Content:
    """The line, its further rows set in."""
    style = "" if line.asking or line.findings[0].accepted else STYLES.get(line.findings[0].status, "")
    head = line.head
    rows = textwrap.wrap(line.whole, max(width, 20), subsequent_indent="  ") or [head]
    first = rows[0].removeprefix(head)
    return Content("\n").join([Content.styled(head, style) + Content(first), *map(Content, rows[1:])])
