"""What is seen of the installation, on a full screen: the picture, the table of checks, the two answer files."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import Static

from vmm_wizard.texts import text
from vmm_wizard.tui.messages import FindingsChosen
from vmm_wizard.tui.sharing import SharingScreen
from vmm_wizard.tui.widgets.drawing import Drawing
from vmm_wizard.tui.widgets.grid import GridView
from vmm_wizard.wizard.flow import View
from vmm_wizard.wizard.grid import as_text, grid, legend
from vmm_wizard.wizard.ini_diff import answer_files
from vmm_wizard.wizard.picture import Line, Strokes, cells, cut, plain, strokes_here
from vmm_wizard.wizard.run_state import RunState
from vmm_wizard.wizard.sharing import Shared
from vmm_wizard.wizard.topology import topology

#: The views, in order; their sentences are called so.
VIEWS = ("topology", "matrix", "files")


class SeeScreen(SharingScreen):
    """Three views of what the wizard knows; `show` tells it of more."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,Q", "back", "Back"),
        *(Binding(str(number), f"view({number - 1})", show=False) for number in (1, 2, 3)),
        Binding("tab,right", "turn(1)", show=False),
        Binding("shift+tab,left", "turn(-1)", show=False),
        Binding("f,F", "filter", show=False),
    ]
    DEFAULT_CSS = """
    SeeScreen #see-tabs { height: 1; padding: 0 1; background: $panel; }
    SeeScreen Drawing, SeeScreen GridView { height: 1fr; }
    SeeScreen #see-told { height: 2; padding: 0 1; background: $panel; }
    SeeScreen #see-keys { height: auto; max-height: 3; padding: 0 1; }
    """

    def __init__(self, view: View, run: RunState | None, first: int = 0) -> None:
        super().__init__()
        self.known, self.run = view, run
        self.shown = first
        #: Whether the matrix has all checks, and the files all lines.
        self.all_checks, self.all_lines = True, False
        self._strokes = strokes_here()
        self._status = ""

    def compose(self) -> ComposeResult:
        yield Static(id="see-tabs", markup=False)
        yield Drawing(self._topology, id="see-topology", always=True)
        yield GridView(id="see-matrix")
        yield Drawing(self._files, id="see-files", always=True)
        yield Static(id="see-told", markup=False)
        yield Static(id="see-keys", markup=False)

    def on_mount(self) -> None:
        self._turned()

    # --- what is shown

    def _topology(self, width: int) -> tuple[Line, ...]:
        return topology(self.known, self.run, width, self._strokes)

    def _files(self, width: int) -> tuple[Line, ...]:
        return answer_files(self.known.plan, width, everything=self.all_lines)

    def _front(self) -> Widget:
        return self.query_one(f"#see-{VIEWS[self.shown]}")

    def show(self, view: View, run: RunState | None, status: str) -> None:
        """More is known: what is in front is painted where it differs."""
        self.known, self.run = view, run
        if status != self._status:
            self._status = status
            self._tabs()
        self._painted()

    def _painted(self) -> None:
        front = self._front()
        if isinstance(front, GridView):
            front.show(grid(self.known, only_open=not self.all_checks))
        elif isinstance(front, Drawing):
            front.redraw()

    def _turned(self) -> None:
        """Another view is in front."""
        for name in VIEWS:
            self.query_one(f"#see-{name}").display = name == VIEWS[self.shown]
        self._tabs()
        self.query_one("#see-told").display = VIEWS[self.shown] == "matrix"
        self.query_one("#see-keys", Static).update(text(f"see.keys.{VIEWS[self.shown]}"))
        front = self._front()
        front.focus()
        self.call_after_refresh(self._painted)

    def _tabs(self) -> None:
        names = [f"{number} {text(f'see.view.{name}')}" for number, name in enumerate(VIEWS, 1)]
        tabs = [f"[{name}]" if number == self.shown else f" {name} " for number, name in enumerate(names)]
        width = max(self.size.width - 2, 20)
        said = f"{' '.join(tabs)}  {self._status}"
        if cells(said) > width:
            # The keys below tell of the other views, too.
            said = f"{tabs[self.shown]}  {self._status}"
        self.query_one("#see-tabs", Static).update(cut(said.rstrip(), width))

    @on(GridView.Moved)
    def _moved(self, event: GridView.Moved) -> None:
        event.stop()
        width = max(self.size.width - 2, 20)
        first, second = (cut(said, width) for said in event.said)
        self.query_one("#see-told", Static).update(f"{first}\n{second or legend()}")

    # --- keys

    def on_resize(self, event: Resize) -> None:  # noqa: ARG002
        self._tabs()

    def action_back(self) -> None:
        """Leave."""
        self.dismiss()

    def action_view(self, number: int) -> None:
        """Put a view in front."""
        if number != self.shown:
            self.shown = number
            self._turned()

    def action_turn(self, number: int) -> None:
        """The next view, or the one before."""
        self.action_view((self.shown + number) % len(VIEWS))

    def action_filter(self) -> None:
        """Show everything, or only what matters."""
        if VIEWS[self.shown] == "matrix":
            self.all_checks = not self.all_checks
        else:
            self.all_lines = not self.all_lines
        self._painted()

    @on(GridView.Opened)
    def _opened(self, event: GridView.Opened) -> None:
        event.stop()
        self.app.screen_stack[0].post_message(FindingsChosen(event.findings, event.act))

    # --- taking along

    def to_share(self) -> Shared:
        """The view in front, as text."""
        name, width = VIEWS[self.shown], max(self.size.width - 2, 40)
        if name == "matrix":
            lines = list(as_text(grid(self.known, only_open=not self.all_checks), width))
        elif name == "topology":
            lines = plain(topology(self.known, self.run, width, Strokes.ASCII))
        else:
            lines = plain(self._files(width))
        return Shared(text(f"see.view.{name}"), "\n".join(lines), f"{name}.txt")

    def told(self, said: str) -> None:
        """In place of the keys, until another view is turned to."""
        self.query_one("#see-keys", Static).update(said)
