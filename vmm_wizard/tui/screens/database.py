"""The page of SQL Server and the database."""

from __future__ import annotations

from vmm_wizard.tui.widgets.form import FormPage
from vmm_wizard.wizard import pages


class DatabasePage(FormPage):
    """Server, instance and database, and another account for setup's work there."""

    page = pages.SQL
