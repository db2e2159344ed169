"""The opening page: which release, and the licence terms."""

from __future__ import annotations

from vmm_wizard.tui import pages
from vmm_wizard.tui.widgets.form import FormPage


class JobPage(FormPage):
    """Two fields, so that the first paint comes at once."""

    page = pages.JOB
