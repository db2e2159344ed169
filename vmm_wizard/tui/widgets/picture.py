"""The picture of the installation on a page itself, where the terminal has room for it."""

from __future__ import annotations

from vmm_wizard.texts import text
from vmm_wizard.tui.widgets.drawing import Drawing
from vmm_wizard.wizard.flow import View
from vmm_wizard.wizard.picture import Line, strokes_here
from vmm_wizard.wizard.run_state import RunState

#: Columns of a terminal from which there is room.
WIDE_ENOUGH = 110


class Picture(Drawing):
    """Shown from `tall` lines of the terminal on; `show` tells it what is known."""

    DEFAULT_CSS = "Picture { height: auto; max-height: 28; margin: 1 0; }"
    help_text = text("see.help.picture")

    def __init__(self, view: View, tall: int) -> None:
        super().__init__(self._topology, id="picture")
        self._view = view
        self._run: RunState | None = None
        self._tall = tall
        self.display = False

    def _topology(self, width: int) -> tuple[Line, ...]:
        from vmm_wizard.wizard.topology import topology

        return topology(self._view, self._run, width, strokes_here())

    def show(self, view: View, run: RunState | None = None) -> None:
        """More is known; painted where it differs, if there is room for it at all."""
        self._view, self._run = view, run
        width, height = self.app.size
        self.display = width >= WIDE_ENOUGH and height >= self._tall
        self.redraw()

    def resized(self) -> None:
        """The terminal has another size."""
        self.show(self._view, self._run)
