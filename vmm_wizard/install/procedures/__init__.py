"""What is done for each job: one procedure a job, carried out by the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmm_wizard.install.orders import Job
from vmm_wizard.install.procedures.procedure import Procedure

if TYPE_CHECKING:
    from vmm_wizard.install.context import Context

__all__ = ["Procedure", "procedure"]


def procedure(context: Context) -> Procedure:
    """The procedure of the order's job."""
    from vmm_wizard.install.procedures.add_node import AddNode
    from vmm_wizard.install.procedures.console import Console
    from vmm_wizard.install.procedures.failover import Failover
    from vmm_wizard.install.procedures.install import Install
    from vmm_wizard.install.procedures.prepare import Prepare
    from vmm_wizard.install.procedures.rebuild import Rebuild
    from vmm_wizard.install.procedures.uninstall import Uninstall
    from vmm_wizard.install.procedures.verify import Verify

    table: dict[Job, type[Procedure]] = {
        Job.FAILOVER: Failover,
        Job.INSTALL: Install,
        Job.ADD_NODE: AddNode,
        Job.REBUILD: Rebuild,
        Job.PREPARE: Prepare,
        Job.CONSOLE: Console,
        Job.UNINSTALL: Uninstall,
        Job.VERIFY: Verify,
    }
    return table[context.order.job](context)
