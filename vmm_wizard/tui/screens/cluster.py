"""The page of the cluster and its nodes."""

from __future__ import annotations

from vmm_wizard.tui.widgets.form import FormPage
from vmm_wizard.wizard import pages


class ClusterPage(FormPage):
    """The cluster, and the nodes in the order they are installed."""

    page = pages.CLUSTER
