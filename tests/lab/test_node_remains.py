"""What a simulated node says of VMM beside registry and service: files and products."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.test_windows import ADMIN, FACTS_PARAMETERS
from vmm_wizard.lab.clock import ManualClock
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.node import Node
from vmm_wizard.lab.node_report import node_facts
from vmm_wizard.lab.setup_machine import InstalledConsole
from vmm_wizard.lab.winrm_shells import ShellSession
from vmm_wizard.remote.bootstrap import JSON, ScriptRequest

FOLDER = str(FACTS_PARAMETERS["ProgramFiles"])


@pytest.fixture
def node() -> Iterator[Node]:
    estate = Estate(ManualClock())
    yield estate.nodes["vmm01.contoso.lab"]
    estate.close()


def remains(node: Node) -> JSON:
    account = node.logons.find(ADMIN)
    assert account is not None
    return node_facts(node, ScriptRequest("node-facts", "", FACTS_PARAMETERS), ShellSession(account))["remains"]


def test_a_node_that_never_had_vmm_has_nothing_of_it(node: Node) -> None:
    assert remains(node) == {"folder": False, "products": []}


def test_files_without_a_product_are_what_a_killed_setup_leaves(node: Node) -> None:
    node.files.write(f"{FOLDER}\\setup\\package01.cab", b"MSCF")
    assert remains(node) == {"folder": True, "products": []}


def test_a_console_is_a_product_with_a_command_that_takes_it_away(node: Node) -> None:
    node.console = InstalledConsole(FOLDER, "10.22.1287.0", 8100)
    found = remains(node)
    assert isinstance(found, dict)
    (product,) = found["products"]  # type: ignore[misc]
    assert "Console" in product["name"]  # type: ignore[index]
    assert str(product["uninstall"]).startswith("MsiExec.exe /X{")  # type: ignore[index]
