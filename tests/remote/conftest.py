"""Fixtures of the tests for sessions: a practice node, its accounts, its WinRM service, certificates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.winrm_nodes import Certificates, PracticeNode, contoso_logons
from vmm_wizard.lab.logons import Logons
from vmm_wizard.lab.winrm_server import WinrmServer


@pytest.fixture
def node() -> PracticeNode:
    node = PracticeNode()
    node.scripts["facts"] = lambda request, _session: {"result": {"name": request.parameters["Name"]}}
    return node


@pytest.fixture
def logons() -> Logons:
    return contoso_logons()


@pytest.fixture
def server(node: PracticeNode, logons: Logons) -> Iterator[WinrmServer]:
    server = WinrmServer(node, logons, name="VMM01")
    yield server
    server.close()


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)
