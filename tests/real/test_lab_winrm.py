"""Ansible's winrm connection against the node's WinRM service: a client that is none of ours."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.conftest import need
from tests.winrm_nodes import ADMIN, PASSWORD, Certificates, PracticeNode, contoso_logons
from vmm_wizard.lab.logons import Logons
from vmm_wizard.lab.winrm_server import CommandResult, ShellSession, WinrmServer

HOST = "localhost"
ANSIBLE = Path(sys.executable).with_name("ansible")


class AnsibleNode(PracticeNode):
    """Understands what the raw module wraps a command in, and answers `hostname` and `whoami`."""

    def run(self, command: str, arguments: list[str], session: ShellSession) -> CommandResult:
        line = " ".join([command, *arguments])
        encoded = re.search(r"-EncodedCommand\s+(\S+)", line)
        text = base64.b64decode(encoded[1]).decode("utf-16-le") if encoded else line
        self.commands.append(text)
        if "whoami" in text:
            return CommandResult(session.credential.account.encode() + b"\r\n")
        if "hostname" in text:
            return CommandResult(b"VMM01\r\n")
        return CommandResult(stderr=b"unknown command\r\n", exit_code=1)


@pytest.fixture
def logons() -> Logons:
    return contoso_logons()


@pytest.fixture
def node() -> AnsibleNode:
    return AnsibleNode()


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path / "ca")


@pytest.fixture
def http(node: AnsibleNode, logons: Logons) -> Iterator[WinrmServer]:
    server = WinrmServer(node, logons, name="VMM01")
    yield server
    server.close()


@pytest.fixture
def https(node: AnsibleNode, logons: Logons, certificates: Certificates) -> Iterator[WinrmServer]:
    server = WinrmServer(node, logons, certificates.context(HOST)[0], name="VMM01")
    yield server
    server.close()


def raw(
    server: WinrmServer,
    command: str,
    transport: str,
    folder: Path,
    ca_file: str = "",
    password: str = PASSWORD,
    host: str = HOST,
    proxy: str = "",
) -> subprocess.CompletedProcess[str]:
    """`ansible -m raw` with the given winrm transport."""
    need(ANSIBLE.exists(), "ansible-core is not installed beside this Python")
    inventory = folder / "inventory.yml"
    scheme = "https" if server.context else "http"
    inventory.write_text(
        "all:\n  hosts:\n    node:\n"
        f"      ansible_host: {host}\n      ansible_port: {server.port}\n      ansible_connection: winrm\n"
        f"      ansible_winrm_scheme: {scheme}\n      ansible_winrm_transport: {transport}\n"
        f"      ansible_user: '{ADMIN}'\n      ansible_password: '{password}'\n"
        + (f"      ansible_winrm_ca_trust_path: '{ca_file}'\n" if ca_file else "")
        + (f"      ansible_winrm_proxy: '{proxy}'\n" if proxy else ""),
        encoding="utf-8",
    )
    environment = {
        **os.environ,
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_NOCOLOR": "1",
        "LC_ALL": "C.UTF-8",
    }
    return subprocess.run(
        [str(ANSIBLE), "-i", str(inventory), "node", "-m", "ansible.builtin.raw", "-a", command],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=120,
    )


def test_ntlm_with_message_encryption_over_http(http: WinrmServer, tmp_path: Path) -> None:
    done = raw(http, "whoami", "ntlm", tmp_path)
    assert "rc=0" in done.stdout, done.stdout + done.stderr
    assert ADMIN in done.stdout


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_basic_and_ntlm_over_https(
    https: WinrmServer, tmp_path: Path, certificates: Certificates, transport: str
) -> None:
    done = raw(https, "hostname", transport, tmp_path, certificates.ca_file)
    assert "rc=0" in done.stdout, done.stdout + done.stderr
    assert "VMM01" in done.stdout


def test_basic_over_http_is_refused_and_counts_nothing(http: WinrmServer, tmp_path: Path, logons: Logons) -> None:
    done = raw(http, "whoami", "basic", tmp_path)
    assert "UNREACHABLE" in done.stdout, done.stdout + done.stderr
    assert logons.credentials[0].counted == 0


def test_a_failing_command_is_told_from_a_failing_connection(http: WinrmServer, tmp_path: Path) -> None:
    done = raw(http, "nonsense", "ntlm", tmp_path)
    assert "unknown command" in done.stdout + done.stderr
    assert "rc=1" in done.stdout


def test_a_wrong_password_counts(http: WinrmServer, tmp_path: Path, logons: Logons) -> None:
    done = raw(http, "whoami", "ntlm", tmp_path, password="wrong")
    assert "UNREACHABLE" in done.stdout, done.stdout + done.stderr
    assert logons.credentials[0].counted >= 1
