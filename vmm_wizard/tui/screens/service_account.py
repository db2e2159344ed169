"""The page of the service account."""

from __future__ import annotations

from vmm_wizard.tui import pages
from vmm_wizard.tui.widgets.form import FormPage


class ServiceAccountPage(FormPage):
    """The account, its kind and its password."""

    page = pages.ACCOUNT
