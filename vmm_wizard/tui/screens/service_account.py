"""The page of the service account."""

from __future__ import annotations

from vmm_wizard.tui.widgets.form import FormPage
from vmm_wizard.wizard import pages


class ServiceAccountPage(FormPage):
    """The account, its kind and its password."""

    page = pages.ACCOUNT
