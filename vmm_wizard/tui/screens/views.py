"""All pages by their ids. Loaded when the second one is shown: the first is on the screen long before."""

from __future__ import annotations

from collections.abc import Mapping

from vmm_wizard.tui.screens.cluster import ClusterPage
from vmm_wizard.tui.screens.connection import ConnectionPage
from vmm_wizard.tui.screens.database import DatabasePage
from vmm_wizard.tui.screens.dkm import DkmPage
from vmm_wizard.tui.screens.done import DonePage
from vmm_wizard.tui.screens.job import JobPage
from vmm_wizard.tui.screens.names import NamesPage
from vmm_wizard.tui.screens.orders import ORDER_PAGES
from vmm_wizard.tui.screens.ports import PortsPage
from vmm_wizard.tui.screens.review import ReviewPage
from vmm_wizard.tui.screens.run import RunPage
from vmm_wizard.tui.screens.service_account import ServiceAccountPage
from vmm_wizard.tui.widgets.form import PageView

VIEWS: Mapping[str, type[PageView]] = {
    view.page.id: view
    for view in (
        JobPage,
        ConnectionPage,
        ServiceAccountPage,
        DkmPage,
        DatabasePage,
        ClusterPage,
        NamesPage,
        PortsPage,
        *ORDER_PAGES,
        ReviewPage,
        RunPage,
        DonePage,
    )
}
