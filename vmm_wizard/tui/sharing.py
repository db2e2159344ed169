"""Copying and writing down from any screen: `C` to the clipboard (OSC 52), `W` to a file."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from vmm_wizard.texts import counted, text
from vmm_wizard.tui.widgets.inputs import LineInput
from vmm_wizard.wizard.sharing import NameRefusedError, Shared, named, write


class WriteDialog(ModalScreen[Path | None]):
    """Asks for the name of a file, and once more before one that exists is replaced; returns None after Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back")]
    DEFAULT_CSS = "WriteDialog { align: center middle; }"

    def __init__(self, shared: Shared) -> None:
        super().__init__()
        self._shared = shared
        self._path: Path | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(text("see.write.title", what=self._shared.what), classes="title", markup=False)
            yield Static(text("see.write.about"), markup=False)
            yield LineInput(self._shared.name)
            yield Static(classes="message", markup=False)
            yield OptionList(
                Option(text("see.write.keep"), id="keep"),
                Option(text("see.write.replace"), id="replace"),
                compact=True,
            )
            yield Static(text("see.write.keys"), classes="hint")

    def on_mount(self) -> None:
        self.query_one(OptionList).display = False

    def action_back(self) -> None:
        """Write nothing."""
        self.dismiss(None)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            self._path = named(event.value)
        except NameRefusedError as error:
            self._say(f"X {error}")
            return
        self._write(overwrite=False)

    def _write(self, *, overwrite: bool) -> None:
        assert self._path is not None
        try:
            write(self._shared, self._path, overwrite=overwrite)
        except FileExistsError:
            self._say(text("see.write.exists", file=self._path))
            choices = self.query_one(OptionList)
            choices.display = True
            choices.focus()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            self._say(text("see.write.failed", file=self._path, reason=reason))
        else:
            self.dismiss(self._path)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id == "replace":
            self._write(overwrite=True)
            return
        self._say("")
        self.query_one(OptionList).display = False
        self.query_one(LineInput).focus()

    def _say(self, said: str) -> None:
        self.query_one(".message", Static).update(said)


class Sharing(DOMNode):
    """A screen or page with something to take along: `C` copies it, `W` writes it to a file."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c,C", "copy_out", "Copy", show=False),
        Binding("w,W", "write_out", "Write", show=False),
    ]

    #: Whether there is one line only to say a sentence in.
    says_in_a_line = False

    def to_share(self) -> Shared | None:
        """What is taken along; None: nothing."""
        raise NotImplementedError

    def told(self, said: str) -> None:
        """Show a sentence about what was taken along."""
        raise NotImplementedError

    def action_copy_out(self) -> None:
        """Put it into the terminal's clipboard."""
        shared = self.to_share()
        if shared is None:
            self.told(text("see.share.nothing"))
            return
        self.app.copy_to_clipboard(shared.masked)
        number = len(shared.masked.splitlines())
        brief = counted("see.share.brief", number)
        self.told(brief if self.says_in_a_line else counted("see.share.copied", number, what=shared.what))

    def action_write_out(self) -> None:
        """Ask for the name of a file, and write it there."""
        shared = self.to_share()
        if shared is None:
            self.told(text("see.share.nothing"))
            return

        def written(path: Path | None) -> None:
            if path is not None:
                self.told(text("see.share.written", what=shared.what, file=path))

        self.app.push_screen(WriteDialog(shared), written)


class SharingScreen(Screen[None], Sharing):
    """A full screen with something to take along."""
