"""The page of the service account."""

from __future__ import annotations

from vmm_wizard.tui import flow
from vmm_wizard.tui.widgets.form import FormPage


class ServiceAccountPage(FormPage):
    """The account, its kind and its password."""

    page = flow.ACCOUNT
