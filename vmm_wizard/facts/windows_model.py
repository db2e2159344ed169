"""How Windows is set up on a node, as typed values: parts of `NodeFacts`. See `facts/model.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: A registry value that is not there: Windows then does what it does by default.
NOT_SET = -1
#: The process that http.sys listens in: Windows' kernel.
KERNEL_PROCESS = 4


@dataclass(frozen=True, slots=True)
class SqlToolsFacts:
    """Names of installed ODBC drivers for SQL Server and of its command line utilities, as Windows lists them."""

    odbc_drivers: tuple[str, ...]
    command_line: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PortUse:
    """A process that listens on one of the plan's ports. `process` is its name without `.exe`."""

    port: int
    process_id: int
    process: str


@dataclass(frozen=True, slots=True)
class WinrmFacts:
    """What the node meets when it asks its own WinRM service by its full name: `loop_error` is empty when that answers.

    `policy`: a GPO says on which addresses WinRM listens; an empty filter then means on none of that kind.
    """

    loop_error: str
    policy: bool
    ipv4_filter: str
    ipv6_filter: str


@dataclass(frozen=True, slots=True)
class ShellLimits:
    """What WinRM grants a remote shell: memory in MB (0: no limit), times in milliseconds."""

    memory_mb: int
    idle_milliseconds: int
    longest_milliseconds: int


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """Registry values of .NET 4 in both views (`NOT_SET` where there is none), and TLS 1.0 for outgoing connections as
    SCHANNEL has it."""

    system_default: int
    strong_crypto: int
    system_default_32: int
    strong_crypto_32: int
    tls10_client: Literal["default", "enabled", "disabled"]


@dataclass(frozen=True, slots=True)
class FirewallFacts:
    """Windows Firewall in the domain profile. `local_rules`: rules made on the node itself count.

    `policy_ports`: local TCP ports that a GPO's rules let in, as written (`8100`, `8100-8103`, `any`).
    """

    enabled: bool
    local_rules: bool
    policy_ports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NtlmFacts:
    """The policies that restrict NTLM on this node. `sending`: 0 allowed, 1 audited, 2 denied. `receiving`: 0 allowed,
    1 denied to domain accounts, 2 denied to all accounts. `NOT_SET` means allowed."""

    sending: int
    receiving: int


@dataclass(frozen=True, slots=True)
class AppControlFacts:
    """What may run here. `applocker`: kinds of files whose rules are enforced; they count while its service runs.

    `code_integrity`: the user-mode policy of Windows Defender Application Control: 0 off, 1 audit, 2 enforced.
    """

    applocker: tuple[str, ...]
    service_running: bool
    code_integrity: int


@dataclass(frozen=True, slots=True)
class LoggingFacts:
    """What Windows writes down of what runs: command lines of processes (event 4688), PowerShell's modules (4103),
    script blocks (4104) and transcripts."""

    command_lines: bool
    modules: bool
    script_blocks: bool
    transcripts: bool


@dataclass(frozen=True, slots=True)
class OpenConsole:
    """A VMM console, or a PowerShell that has loaded VMM's module."""

    process: str
    process_id: int


@dataclass(frozen=True, slots=True)
class InstalledProduct:
    """A product as Windows lists it: its name, and the command that takes it away."""

    name: str
    uninstall: str


@dataclass(frozen=True, slots=True)
class NodeRemains:
    """What of VMM lies on a node beside registry and service: the plan's folder for its program files, and products."""

    folder: bool
    products: tuple[InstalledProduct, ...]


@dataclass(frozen=True, slots=True)
class StagedFile:
    """An answer file in a run's folder on the node; `content` is base64."""

    path: str
    content: str
