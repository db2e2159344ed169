"""The opening page: which release, and the licence terms."""

from __future__ import annotations

from vmm_wizard.tui.widgets.form import FormPage
from vmm_wizard.wizard import pages


class JobPage(FormPage):
    """Few fields and nothing below them, so that the first paint comes at once."""

    page = pages.JOB
    is_judged = False
