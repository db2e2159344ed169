"""The page of the connection: the installing account first, then what most estates leave as it is."""

from __future__ import annotations

from collections.abc import Iterator

from textual.widget import Widget
from textual.widgets import Static

from vmm_wizard.tui.widgets.form import FormPage
from vmm_wizard.wizard import pages

#: The answers that need not be looked at where nothing is unusual, from here on.
_FIRST_OPTIONAL = "connection.directory_server"


class ConnectionPage(FormPage):
    """The installing account with its password, how servers are reached, and other accounts where wanted."""

    page = pages.CONNECTION

    def rows(self) -> Iterator[Widget]:
        for key in self.page.keys:
            if key == _FIRST_OPTIONAL:
                yield Static("Only where your network wants it:", classes="section")
            yield self.field(key)
            if key in self.page.passwords:
                yield self.password(key)
