"""The page of the DKM container."""

from __future__ import annotations

from vmm_wizard.tui.widgets.form import FormPage
from vmm_wizard.wizard import pages


class DkmPage(FormPage):
    """One field, and everything that was read of the container."""

    page = pages.DKM
