"""The dialog that explains something in full."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from vmm_wizard.texts import text
from vmm_wizard.tui.screens.dialogs import TextDialog
from vmm_wizard.wizard.help import Help

#: What it returns when help is left from wherever one is in it.
LEAVE = "leave"


class HelpDialog(TextDialog):
    """Help in full; returns what is to be shown next: `glossary`, `keys` or `page`; LEAVE when help is done with; and
    None to go back to where it was opened from."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "dismiss('glossary')", "Glossary"),
        Binding("k", "dismiss('keys')", "Keys"),
        Binding("p", "dismiss('page')", "Page"),
        Binding("f1", f"dismiss('{LEAVE}')", "Leave"),
    ]

    def __init__(self, told: Help) -> None:
        rows = [
            part
            for heading, said in told.paragraphs()
            for part in (Content.styled(heading, "bold"), Content(f"{said}\n"))
        ]
        super().__init__(told.title, Content("\n").join(rows))
        self.hint = text("help.hint")
