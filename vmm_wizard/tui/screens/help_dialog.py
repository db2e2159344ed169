"""The dialog that explains something in full."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from vmm_wizard.texts import text
from vmm_wizard.tui.screens.dialogs import TextDialog
from vmm_wizard.wizard.help import Help


class HelpDialog(TextDialog):
    """Help in full; returns what is to be shown next: GLOSSARY, KEYS or PAGE."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "dismiss('glossary')", "Glossary"),
        Binding("k", "dismiss('keys')", "Keys"),
        Binding("p", "dismiss('page')", "Page"),
    ]

    def __init__(self, told: Help) -> None:
        rows = [
            part
            for heading, said in told.paragraphs()
            for part in (Content.styled(heading, "bold"), Content(f"{said}\n"))
        ]
        super().__init__(told.title, Content("\n").join(rows))
        self.hint = text("help.hint")
