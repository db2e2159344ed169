"""The dialog that asks for the reason that findings are accepted for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from vmm_wizard.checks.registry import Finding
from vmm_wizard.printable import printable
from vmm_wizard.texts import text
from vmm_wizard.tui.widgets.inputs import LineInput
from vmm_wizard.wizard.accepting import names_of, user


@dataclass(frozen=True, slots=True)
class Word:
    """Why something is accepted, and by whom."""

    reason: str
    by: str


class AcceptDialog(ModalScreen[Word | None]):
    """Asks why findings are accepted, and whose word that is; returns None after Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Back")]

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__()
        self._title = text("findings.accept.title", names=names_of(findings))
        self._read = "\n".join(dict.fromkeys(printable(row.evidence) for row in findings))

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._title, classes="title", markup=False)
            with VerticalScroll(can_focus=False):
                yield Static(self._read, markup=False)
            yield Static(text("findings.accept.about"), classes="about", markup=False)
            for name, value in (("reason", ""), ("by", user())):
                with Horizontal(classes="line"):
                    yield Label(text(f"findings.accept.label.{name}"), classes="label")
                    yield LineInput(value, id=f"accept-{name}")
            yield Static(classes="message", markup=False)
            yield Static(text("findings.accept.keys"), classes="hint", markup=False)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        reason, by = (self.query_one(f"#accept-{name}", LineInput) for name in ("reason", "by"))
        if reason.value.strip():
            self.dismiss(Word(reason.value, by.value))
            return
        self.query_one(".message", Static).update(text("findings.accept.no_reason"))
        reason.focus()
