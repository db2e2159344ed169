"""The settings of a node that nobody has touched: parts of `NodeFacts`, for `tests/building.py`."""

from __future__ import annotations

from typing import Any

from vmm_wizard.facts.model import (
    AppControlFacts,
    FirewallFacts,
    LoggingFacts,
    NtlmFacts,
    ShellLimits,
    SqlToolsFacts,
    TlsFacts,
    WinrmFacts,
)
from vmm_wizard.facts.windows_model import NOT_SET


def untouched_settings() -> dict[str, Any]:
    """Fields of NodeFacts by name, as a server says them out of the box."""
    return {
        "sql_tools": SqlToolsFacts(
            ("Microsoft ODBC Driver 17 for SQL Server",), ("Microsoft Command Line Utilities 15",)
        ),
        "ports": (),
        "winrm": WinrmFacts("", False, "", ""),
        "shell": ShellLimits(2147483647, 7200000, 2147483647),
        "tls": TlsFacts(NOT_SET, NOT_SET, NOT_SET, NOT_SET, "default"),
        "firewall": FirewallFacts(True, True, ()),
        "ntlm": NtlmFacts(NOT_SET, NOT_SET),
        "app_control": AppControlFacts((), False, 0),
        "logging": LoggingFacts(False, False, False, False),
        "installer_busy": False,
        "consoles": (),
        "staged": (),
    }
