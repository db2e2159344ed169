"""The pages where the choices of a job are made, one a job that has any."""

from __future__ import annotations

from vmm_wizard.tui.widgets.form import FormPage
from vmm_wizard.wizard import pages


class AddNodePage(FormPage):
    """Which nodes are added."""

    page = pages.ADD_NODE


class PreparePage(FormPage):
    """What is put onto the nodes, and from where."""

    page = pages.PREPARE


class ConsoleMachinesPage(FormPage):
    """Which machines get the console, and what it connects to."""

    page = pages.CONSOLE


class VerifyPage(FormPage):
    """Whether the role is moved."""

    page = pages.VERIFY


class FailoverPage(FormPage):
    """Where the role moves to."""

    page = pages.FAILOVER


class UninstallPage(FormPage):
    """Where VMM is taken away, and whether the database goes."""

    page = pages.UNINSTALL


ORDER_PAGES = (AddNodePage, PreparePage, ConsoleMachinesPage, VerifyPage, FailoverPage, UninstallPage)
