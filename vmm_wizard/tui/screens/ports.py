"""The page of media, ports and registration."""

from __future__ import annotations

from collections.abc import Iterator

from textual.widget import Widget
from textual.widgets import Static

from vmm_wizard.tui.widgets.form import FormPage
from vmm_wizard.wizard import pages
from vmm_wizard.wizard.sections import SECTIONS


class PortsPage(FormPage):
    """Media and program folder, six ports, and what setup asks about the owner."""

    page = pages.PORTS

    def rows(self) -> Iterator[Widget]:
        for key in self.page.keys:
            if key in SECTIONS:
                yield Static(SECTIONS[key], classes="section")
            yield self.field(key)
