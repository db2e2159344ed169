"""Dialogs, each typed by what it returns: a choice of a few, a text to read, the name of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from vmm_wizard.checks.registry import Finding
from vmm_wizard.printable import printable
from vmm_wizard.texts import text
from vmm_wizard.tui.messages import ACCEPT, FIELD, MEND, REQUEST
from vmm_wizard.tui.sharing import Sharing
from vmm_wizard.tui.widgets.inputs import LineInput
from vmm_wizard.wizard.finding_lines import paragraphs, title_of
from vmm_wizard.wizard.sharing import NameRefusedError, Shared, answers_named, remedy_of


class ChoiceDialog(ModalScreen[str]):
    """A question with a few answers; returns the key of the one chosen, and an empty text after Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", "Back")]

    def __init__(self, title: str, said: str, answers: Sequence[tuple[str, str]], name: str = "", at: str = "") -> None:
        """`at`: the key of the answer that is chosen at first; without one the first."""
        super().__init__(name=name)
        self._at = at
        self._title = printable(title)
        self._text = printable(said)
        self._answers = tuple((key, printable(line)) for key, line in answers)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._title, classes="title", markup=False)
            if self._text:
                with VerticalScroll(can_focus=False):
                    yield Static(self._text, markup=False)
            yield OptionList(*(Option(said, id=key) for key, said in self._answers), markup=False, compact=True)
            yield Static(text("dialogs.choose"), classes="hint")

    def on_mount(self) -> None:
        for place, (key, _) in enumerate(self._answers):
            if self._at and key == self._at:
                self.query_one(OptionList).highlighted = place

    def on_key(self, event: Key) -> None:
        """A first letter goes to the next answer that begins with it."""
        if not event.is_printable or event.character is None:
            return
        shown = self.query_one(OptionList)
        here = -1 if shown.highlighted is None else shown.highlighted
        count = len(self._answers)
        for place in (number % count for number in range(here + 1, here + 1 + count)):
            if self._answers[place][1].casefold().startswith(event.character.casefold()):
                event.stop()
                shown.highlighted = place
                return

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id or "")


class TextDialog(ModalScreen[str], Sharing):
    """A text to read, as long as it may be; `shared` is what of it can be copied and written to a file."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q,f1", "dismiss", "Back")]

    hint = text("dialogs.read")

    def __init__(self, title: str, text: str | Content, shared: Shared | None = None) -> None:
        super().__init__()
        self._title = printable(title)
        self._text = printable(text) if isinstance(text, str) else text
        self._shared = shared

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall"):
            yield Static(self._title, classes="title", markup=False)
            with VerticalScroll():
                yield Static(self._text, markup=False)
            yield Static(self.keys, classes="hint", markup=False)

    @property
    def keys(self) -> str:
        """What the keys do here."""
        return f"{text('see.share.keys')} {self.hint}" if self._shared else self.hint

    def to_share(self) -> Shared | None:
        return self._shared

    def told(self, said: str) -> None:
        self.query_one(".hint", Static).update(said)


class FindingDialog(TextDialog):
    """A finding in full; returns what shall be done about it: REQUEST (where a team can be asked), ACCEPT, FIELD.

    `acts` is what of that there is, as keys; ACCEPT of what cannot be accepted is answered by why.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r,R", f"answer('{REQUEST}')", "Request"),
        Binding("a,A", f"answer('{ACCEPT}')", "Accept"),
        Binding("g,G", f"answer('{FIELD}')", "Field"),
    ]
    hint = text("dialogs.back")

    def __init__(self, title: str, text: str | Content, shared: Shared | None, acts: Mapping[str, str]) -> None:
        super().__init__(title, text, shared)
        self._acts = acts

    @property
    def keys(self) -> str:
        return " ".join([*self._acts.values(), super().keys])

    def action_answer(self, answer: str) -> None:
        """Close with this answer, where it is one."""
        if answer in self._acts or answer == ACCEPT:
            self.dismiss(answer)


class MendableDialog(FindingDialog):
    """A finding that can be mended from here; returns MEND when that is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("m,M", f"answer('{MEND}')", "Mend")]


class FileDialog(ModalScreen[Path | None]):
    """Asks where to save; returns None after Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Back")]

    def __init__(self, suggestion: Path) -> None:
        super().__init__()
        self._suggestion = suggestion

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(text("dialogs.save.title"), classes="title")
            yield Static(text("dialogs.save.about"))
            yield LineInput(str(self._suggestion))
            yield Static(classes="message", markup=False)
            yield Static(text("dialogs.save.keys"), classes="hint")

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            self.dismiss(answers_named(event.value))
        except NameRefusedError as error:
            self.query_one(".message", Static).update(f"X {error}")


def findings_dialog(findings: Sequence[Finding], acts: Mapping[str, str]) -> TextDialog:
    """Findings that say the same, in full: what was read, what to do, and why it is asked. `acts`: what can be done
    about them, each with the sentence on its key."""
    parts: list[Content] = []
    for heading, said in paragraphs(findings):
        parts += [Content.styled(heading, "bold"), Content(said + "\n")]
    kind = MendableDialog if MEND in acts else FindingDialog
    return kind(title_of(findings), Content("\n").join(parts), remedy_of(findings), acts)
