"""Somebody at a simulated node's console: run-setup.ps1 refuses there what the real one refuses."""

from __future__ import annotations

import json

import pytest

from tests.plan.plans import contoso
from vmm_wizard.install.works import hand_work
from vmm_wizard.lab.clock import SpedUpClock
from vmm_wizard.lab.console_logon import ScriptRefused, sit_down, waiting_runs
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.logons import LogonRefused
from vmm_wizard.lab.node import Node
from vmm_wizard.lab.run_scripts import ROOT

RUN = "20261126-1200-abc"
FOLDER = f"{ROOT}\\{RUN}"


def staged(node_of: str = "vmm01.contoso.lab") -> tuple[Estate, Node]:
    """An estate whose first node holds what was made for `node_of`."""
    estate = Estate(SpedUpClock(1e6))
    node = estate.nodes["vmm01.contoso.lab"]
    for file in hand_work(contoso(), node_of, first=True).files(FOLDER):
        node.files.write(f"{FOLDER}\\{file.name}", file.content)
    return estate, node


def start(estate: Estate, node: Node) -> int | None:
    def password(account: str) -> str:
        found = estate.logons.find(account)
        assert found is not None
        return found.password

    return sit_down(node, RUN, password)


def test_it_runs_setup_and_writes_down_how_it_ended() -> None:
    estate, node = staged()
    assert waiting_runs(node) == (RUN,)
    assert start(estate, node) == 0
    assert waiting_runs(node) == ()
    result = json.loads(node.files.read(f"{FOLDER}\\result.json") or b"")
    assert (result["mode"], result["exit_code"], result["error"]) == ("setup", 0, "")
    assert [row.exit_code for row in node.setups] == [0]
    estate.close()


@pytest.mark.parametrize("name", ["VMServer.ini", "run-setup.ps1"])
def test_a_file_that_was_changed_starts_nothing(name: str) -> None:
    estate, node = staged()
    node.files.append(f"{FOLDER}\\{name}", b"\r\n; mine")
    with pytest.raises(ScriptRefused):
        start(estate, node)
    assert (node.setups, node.files.exists(f"{FOLDER}\\begun.json")) == ([], False)


def test_the_folder_of_another_node_starts_nothing() -> None:
    estate, node = staged("vmm02.contoso.lab")
    with pytest.raises(ScriptRefused, match="this folder is for VMM02"):
        start(estate, node)
    assert node.setups == []


def test_a_wrong_password_is_one_bad_logon_and_starts_nothing() -> None:
    _, node = staged()
    with pytest.raises(LogonRefused):
        sit_down(node, RUN, lambda _: "wrong")
    assert node.setups == []
