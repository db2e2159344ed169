"""The page of the cluster and its nodes."""

from __future__ import annotations

from vmm_wizard.tui import pages
from vmm_wizard.tui.widgets.form import FormPage


class ClusterPage(FormPage):
    """The cluster, and the nodes in the order they are installed."""

    page = pages.CLUSTER
