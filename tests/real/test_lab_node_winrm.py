"""Ansible's winrm connection against a node of the estate itself: what it says hello with is understood there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node_estate import ADMIN, ServedNodes, served_nodes
from tests.real.test_lab_winrm import raw


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedNodes]:
    with served_nodes(tmp_path) as nodes:
        yield nodes


@pytest.mark.parametrize(
    ("command", "said"), [("whoami", ADMIN.casefold()), ("hostname", "VMM01"), ("echo hello", "hello")]
)
def test_a_node_greets_ansible_over_ntlm(served: ServedNodes, tmp_path: Path, command: str, said: str) -> None:
    server = served.node.services[0]
    done = raw(server, command, "ntlm", tmp_path, password=served.password().reveal())
    assert "rc=0" in done.stdout, done.stdout + done.stderr
    assert said in done.stdout


def test_ansible_hears_an_exit_code(served: ServedNodes, tmp_path: Path) -> None:
    done = raw(served.node.services[0], "exit 7", "ntlm", tmp_path, password=served.password().reveal())
    assert "rc=7" in done.stdout, done.stdout + done.stderr
