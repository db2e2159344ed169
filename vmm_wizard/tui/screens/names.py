"""The page of the role's name and addresses."""

from __future__ import annotations

from vmm_wizard.tui import pages
from vmm_wizard.tui.widgets.form import FormPage


class NamesPage(FormPage):
    """The role's name, and its static addresses."""

    page = pages.NAMES
