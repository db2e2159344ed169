"""How Windows is set up on a simulated node: the settings that a scenario may change, and what a node says of them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vmm_wizard.remote.bootstrap import JSON
from vmm_wizard.setup.ini import SERVER_INI

if TYPE_CHECKING:
    from vmm_wizard.lab.node import Node

#: Where runs keep their files on a node.
RUNS = r"C:\ProgramData\vmm-wizard"
_NOT_SET = -1
_KERNEL = "System"


@dataclass
class SettingsState:
    """Settings of a node, as a server has them when nobody has touched them.

    `listening`: process names by TCP port (a text); `System` is Windows' kernel, in which http.sys listens.
    `winrm_loop_error`: what the node meets when it asks its own WinRM service by its full name; empty: an answer.
    `dotnet_tls`: all four registry values of .NET are 1; else none is there. Seconds in `clock_ahead`.
    """

    odbc_drivers: list[str] = field(default_factory=lambda: ["Microsoft ODBC Driver 17 for SQL Server"])
    command_line: list[str] = field(default_factory=lambda: ["Microsoft Command Line Utilities 15 for SQL Server"])
    listening: dict[str, str] = field(default_factory=dict)
    winrm_loop_error: str = ""
    winrm_policy: bool = False
    winrm_ipv4_filter: str = ""
    winrm_ipv6_filter: str = ""
    shell_memory_mb: int = 2_147_483_647
    dotnet_tls: bool = False
    tls10_client: str = "default"
    firewall: bool = True
    local_firewall_rules: bool = True
    policy_ports: list[str] = field(default_factory=list)
    ntlm_sending: int = _NOT_SET
    ntlm_receiving: int = _NOT_SET
    applocker: list[str] = field(default_factory=list)
    code_integrity: int = 0
    log_command_lines: bool = False
    log_modules: bool = False
    log_script_blocks: bool = False
    transcripts: bool = False
    installer_busy: bool = False
    consoles: list[str] = field(default_factory=list)
    culture: str = "en-US"
    clock_ahead: int = 0


def settings_report(node: Node, parameters: Mapping[str, JSON], is_administrator: bool) -> dict[str, JSON]:
    """The keys of node-facts that come from a node's settings; what only an administrator reads is null for others."""
    settings = node.state.settings
    dotnet = 1 if settings.dotnet_tls else _NOT_SET
    return {
        "sql_tools": {"odbc_drivers": list(settings.odbc_drivers), "command_line": list(settings.command_line)},
        "ports": _ports(node, parameters),
        "winrm": {
            "loop_error": settings.winrm_loop_error,
            "policy": settings.winrm_policy,
            "ipv4_filter": settings.winrm_ipv4_filter,
            "ipv6_filter": settings.winrm_ipv6_filter,
        },
        "shell": {
            "memory_mb": settings.shell_memory_mb,
            "idle_milliseconds": 7_200_000,
            "longest_milliseconds": 2_147_483_647,
        }
        if is_administrator
        else None,
        "tls": {
            "system_default": dotnet,
            "strong_crypto": dotnet,
            "system_default_32": dotnet,
            "strong_crypto_32": dotnet,
            "tls10_client": settings.tls10_client,
        },
        "firewall": {
            "enabled": settings.firewall,
            "local_rules": settings.local_firewall_rules,
            "policy_ports": list(settings.policy_ports),
        },
        "ntlm": {"sending": settings.ntlm_sending, "receiving": settings.ntlm_receiving},
        "app_control": {
            "applocker": list(settings.applocker),
            "service_running": bool(settings.applocker),
            "code_integrity": settings.code_integrity,
        }
        if is_administrator
        else None,
        "logging": {
            "command_lines": settings.log_command_lines,
            "modules": settings.log_modules,
            "script_blocks": settings.log_script_blocks,
            "transcripts": settings.transcripts,
        },
        "installer_busy": settings.installer_busy or bool(node.processes) if is_administrator else None,
        "consoles": _consoles(node) if is_administrator else None,
        "staged": _staged(node) if is_administrator else None,
    }


def _ports(node: Node, parameters: Mapping[str, JSON]) -> JSON:
    """Who listens on the ports that were asked for: VMM itself too, on the node where its service runs."""
    asked = parameters["Ports"]
    assert isinstance(asked, list)
    listening = {int(port): process for port, process in node.state.settings.listening.items()}
    if node.server is not None and node.service_state == "Running":
        listening[node.server.console_port] = "vmmservice"
    return [
        {"port": port, "process_id": 4 if process == _KERNEL else 1000 + port, "process": process}
        for port, process in sorted(listening.items())
        if port in asked
    ]


def _consoles(node: Node) -> JSON:
    return [
        {"process": process, "process_id": 3000 + number} for number, process in enumerate(node.state.settings.consoles)
    ]


def _staged(node: Node) -> JSON:
    """The answer files that runs have on this node."""
    found: list[JSON] = []
    for path in node.files.inside(RUNS):
        content = node.files.read(path)
        if content is not None and path.casefold().endswith(f"\\{SERVER_INI}".casefold()):
            found.append({"path": path, "content": base64.b64encode(content).decode("ascii")})
    return found
