"""The wizard's buttons: one line, one look."""

from __future__ import annotations

from textual.widgets import Button


class LineButton(Button, inherit_css=False):
    """A button of one line. Textual's own look has five kinds in three heights: to read it takes as long as all else
    that is read before the first paint."""

    DEFAULT_CSS = """
    LineButton {
        width: auto; height: auto; min-width: 16; line-pad: 1; text-align: center; content-align: center middle;
        pointer: pointer; text-style: bold; color: $button-foreground; background: $surface;
        &:ansi { background: ansi_default; }
        &:hover { background: $surface-darken-1; }
        &:focus { text-style: $button-focus-text-style; background-tint: $foreground 5%; }
        &.-active { background: $surface; tint: $background 30%; }
    }
    """

    def __init__(self, label: str, *, id: str) -> None:
        super().__init__(label, id=id, compact=True)
