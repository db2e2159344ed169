"""The page of the DKM container."""

from __future__ import annotations

from vmm_wizard.tui import pages
from vmm_wizard.tui.widgets.form import FormPage


class DkmPage(FormPage):
    """One field, and everything that was read of the container."""

    page = pages.DKM
