"""Dialogs, each typed by what it returns: a choice of a few, a text to read, the name of a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from vmm_wizard.checks.registry import Finding
from vmm_wizard.tui.widgets.inputs import LineInput
from vmm_wizard.wizard.finding_lines import paragraphs, title_of


class ChoiceDialog(ModalScreen[str]):
    """A question with a few answers; returns the key of the one chosen, and an empty text after Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", "Back")]

    def __init__(self, title: str, text: str, answers: Sequence[tuple[str, str]], name: str = "") -> None:
        super().__init__(name=name)
        self._title = title
        self._text = text
        self._answers = tuple(answers)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._title, classes="title", markup=False)
            if self._text:
                with VerticalScroll(can_focus=False):
                    yield Static(self._text, markup=False)
            yield OptionList(*(Option(text, id=key) for key, text in self._answers), markup=False, compact=True)
            yield Static("Up and Down choose, Enter takes, Esc goes back.", classes="hint")

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id or "")


#: What a dialog about a finding returns when it shall be mended.
MEND = "mend"


class TextDialog(ModalScreen[str]):
    """A text to read, as long as it may be."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q,f1", "dismiss", "Back")]

    hint = "Up, Down, Page Up and Page Down scroll; Enter or Esc goes back."

    def __init__(self, title: str, text: str | Content) -> None:
        super().__init__()
        self._title = title
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall"):
            yield Static(self._title, classes="title", markup=False)
            with VerticalScroll():
                yield Static(self._text, markup=False)
            yield Static(self.hint, classes="hint")


class MendableDialog(TextDialog):
    """A finding that can be mended from here; returns MEND when that is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("m", f"dismiss('{MEND}')", "Mend")]
    hint = "M mends it, once you agree to what it shows. Esc goes back."


class FileDialog(ModalScreen[Path | None]):
    """Asks where to save; returns None after Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Back")]

    def __init__(self, suggestion: Path) -> None:
        super().__init__()
        self._suggestion = suggestion

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("Save the answers", classes="title")
            yield Static("The file holds every answer and no password. A file that exists keeps its comments.")
            yield LineInput(str(self._suggestion))
            yield Static(classes="message", markup=False)
            yield Static("Enter saves, Esc goes back.", classes="hint")

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        message = self.query_one(".message", Static)
        if not text:
            message.update("X the name of a file is wanted")
            return
        path = Path(text).expanduser()
        self.dismiss(path if path.suffix else path.with_suffix(".toml"))


def findings_dialog(findings: Sequence[Finding], *, mendable: bool = False) -> TextDialog:
    """Findings that say the same, in full: what was read, what to do, and why it is asked."""
    parts: list[Content] = []
    for heading, text in paragraphs(findings):
        parts += [Content.styled(heading, "bold"), Content(text + "\n")]
    kind = MendableDialog if mendable else TextDialog
    return kind(title_of(findings), Content("\n").join(parts))
