"""The page of the role's name and addresses."""

from __future__ import annotations

from vmm_wizard.tui.widgets.form import FormPage
from vmm_wizard.wizard import pages


class NamesPage(FormPage):
    """The role's name, and its static addresses."""

    page = pages.NAMES
