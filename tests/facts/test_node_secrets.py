"""Setup's own log may hold setup's command line: no password of it gets into facts, findings or reports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node_estate import a_question, an_installation, served_nodes
from vmm_wizard import log
from vmm_wizard.facts.model import NodeFacts
from vmm_wizard.facts.nodes import ask_node
from vmm_wizard.lab.run_scripts import LOG

CANARY = "C4nary-Pa55word"


@pytest.fixture(autouse=True)
def _masked_for_this_test() -> Iterator[None]:
    before = set(log._masked)
    yield
    log._masked.clear()
    log._masked.update(before)


def test_a_password_in_setups_log_is_masked_in_what_a_node_says(tmp_path: Path) -> None:
    line = f"10:00:01:command line error: setup.exe /server /i /VmmServiceUserPassword {CANARY}\r\n"
    with served_nodes(tmp_path) as nodes:
        nodes.node.install(an_installation())
        nodes.node.files.write(LOG, line.encode())
        plain = ask_node(a_question(), nodes.password(), nodes.addresses, 20.0)
        assert CANARY in repr(plain), "the node does not say what this test is about"
        log.mask(CANARY)
        answer = ask_node(a_question(), nodes.password(), nodes.addresses, 20.0)
    assert isinstance(answer, NodeFacts)
    assert answer.vmm is not None
    assert "command line error" in answer.vmm.log_failures[0]
    assert CANARY not in repr(answer)
