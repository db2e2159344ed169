"""The page of the connection: the installing account first, then what most estates leave as it is."""

from __future__ import annotations

from collections.abc import Iterator

from textual.widget import Widget
from textual.widgets import Static

from vmm_wizard.tui.widgets.form import FormPage
from vmm_wizard.wizard import pages
from vmm_wizard.wizard.sections import OPTIONAL_FROM, SECTIONS


class ConnectionPage(FormPage):
    """The installing account with its password, how servers are reached, and other accounts where wanted."""

    page = pages.CONNECTION

    def rows(self) -> Iterator[Widget]:
        for key in self.page.keys:
            if key == OPTIONAL_FROM:
                yield Static(SECTIONS[key], classes="section")
            yield self.field(key)
            if key in self.page.passwords:
                yield self.password(key)
