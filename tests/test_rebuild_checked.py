"""After VMM was taken from every node and its database kept, `check` finds nothing that would fail a rebuild."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.estates import ServedEstate, of_status, serving_estate
from vmm_wizard.checks.registry import Status
from vmm_wizard.lab import contoso
from vmm_wizard.lab.node import Node
from vmm_wizard.lab.processes import ProcessEnd
from vmm_wizard.lab.setup_run import SetupRun
from vmm_wizard.setup.command import SecretOf, SetupCommand, quote, server_install, server_uninstall
from vmm_wizard.setup.ini import SERVER_INI, UNINSTALL_INI, render_server_ini, render_uninstall_ini


def ran(served: ServedEstate, node: Node, name: str, data: bytes, command: SetupCommand) -> int | None:
    """The exit code of setup on a node, run by the installing account with the estate's own passwords."""
    node.files.write(name, data)
    words = [
        served.estate.account(word.account.user).password if isinstance(word, SecretOf) else word
        for word in command.arguments
    ]
    line = " ".join(map(quote, words))
    return SetupRun(node, command.program, line, served.estate.account(contoso.INSTALLER), ProcessEnd()).run()


def test_what_stays_behind_is_in_nobodys_way(tmp_path: Path) -> None:
    with serving_estate(tmp_path) as served:
        plan = served.plan
        first, second = (served.estate.nodes[node.key] for node in plan.nodes)
        for node in (first, second):
            ini = render_server_ini(plan, first=node is first)
            assert ran(served, node, SERVER_INI, ini, server_install(plan, SERVER_INI)) == 0
        for node in (second, first):
            ini = render_uninstall_ini(plan, last_node=node is first)
            assert ran(served, node, UNINSTALL_INI, ini, server_uninstall(plan, UNINSTALL_INI)) == 0
        assert served.estate.report()["roles"] == {}

        found = served.check(replace(plan, database=replace(plan.database, create_new=False))).findings

        assert of_status(found, Status.FAIL, Status.UNKNOWN) == []
        kept = {row.id for row in found if row.status is Status.WARN}
        assert {"NAM-06", "SQL-14"} <= kept
        assert "DKM-05" not in kept
