"""VMM on nodes of the practice estate as setup leaves it, by setup's own steps and without its time."""

from __future__ import annotations

from collections.abc import Sequence

from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.setup_answers import SetupOptions
from vmm_wizard.lab.setup_install import PostInstall
from vmm_wizard.plan.model import Plan
from vmm_wizard.setup.ini import render_server_ini
from vmm_wizard.setup.log_phases import SetupKind

THIRD = "vmm03.contoso.lab"


def install_at_once(estate: Estate, plan: Plan, nodes: Sequence[str] = ()) -> None:
    """VMM on the plan's nodes, or on these, the first of them as the first node where there is no role yet."""
    installer = estate.logons.find(str(plan.setup_sql_account))
    service = estate.logons.find(str(plan.service_account.name))
    assert installer is not None
    assert service is not None
    for name in nodes or tuple(node.key for node in plan.nodes):
        node = estate.nodes[name]
        ini = render_server_ini(plan, first=estate.cluster.vmm_role() is None)
        options = SetupOptions.read(ini, node.computer_name)
        work = PostInstall(node, options, installer, installer, service, lambda _: None)
        for step in (
            work.copy_files,
            work.database,
            work.keys,
            work.service_principal_names,
            work.server,
            work.role,
            work.connection_point,
        ):
            step()


def removals(estate: Estate, work: SetupKind = SetupKind.UNINSTALL) -> dict[str, list[int | None]]:
    """Exit codes of every run of setup for `work`, by node, by the estate's own account."""
    return {
        name: [row.exit_code for row in node.records[work]] for name, node in estate.nodes.items() if node.records[work]
    }


def uninstall_at_once(estate: Estate) -> None:
    """VMM off all nodes as setup takes it away where it may write no service principal names: they stay."""
    for node in estate.nodes.values():
        if node.server is not None:
            node.files.delete_folder(node.server.install_path)
        node.server = node.console = None
    estate.cluster.give_up_vmm_role()
