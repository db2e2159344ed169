"""How a run, or the work on one node, can end, and how long it is waited for."""

from __future__ import annotations

from dataclasses import dataclass

from vmm_wizard.checks.registry import Finding
from vmm_wizard.install.results import Result
from vmm_wizard.remote.errors import (
    AccessDenied,
    CertificateRefused,
    LogonNotOffered,
    LogonRefused,
    NodeUnreachable,
    ShellRefused,
)
from vmm_wizard.setup.log import LogReader
from vmm_wizard.texts import text

#: A node that cannot be spoken to: what runs on it goes on, and nothing can be cleared away now.
OUT_OF_SIGHT = (NodeUnreachable, LogonRefused, LogonNotOffered, AccessDenied, CertificateRefused, ShellRefused)


class Refused(Exception):
    """The run must not go on. One sentence; `remedy` says what to do."""

    def __init__(self, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class End:
    """How a call ended. `remedy` goes into a notice before; `resumable`: the same run is to be taken up again."""

    result: Result
    text: str
    remedy: str = ""
    findings: tuple[Finding, ...] = ()
    resumable: bool = False


@dataclass(frozen=True, slots=True)
class SetupEnd:
    """A setup that ran on a node and did not end well: what its log said, and its exit code (None: it left none)."""

    node: str
    log: LogReader
    exit_code: int | None


class NodeFailed(Exception):
    """The work on a node came to nothing, and nothing of it runs. One sentence; `remedy` says what to do.

    `setup` where setup ran there: it may have left the node half done. `cramped` names the node where its disk is to be
    looked at, because something could not be written, or ended without a word.
    """

    def __init__(self, text: str, remedy: str = "", setup: SetupEnd | None = None, cramped: str = "") -> None:
        super().__init__(text)
        self.remedy = remedy
        self.setup = setup
        self.cramped = cramped


class PasswordRefused(NodeFailed):
    """The node's Task Scheduler took the installing account's password for wrong: one bad logon was counted."""


class LostSight(Exception):
    """The node cannot be followed any longer; what runs on it goes on. One sentence; `remedy` says how to go on.

    `refused`: it refused the logon, which must not be tried again with the same password.
    """

    def __init__(self, text: str, remedy: str = "", refused: LogonRefused | None = None) -> None:
        super().__init__(text)
        self.remedy = remedy
        self.refused = refused


def logon_refused(error: LogonRefused) -> LostSight:
    """How a run ends whose logon a node refused: a wrong password, or no domain controller that the node could ask."""
    node = error.place.partition(":")[0]
    remedy = text("engine.endings.when_right", account=error.account, node=node)
    return LostSight(text("engine.endings.refused", error=error), remedy, error)


class Detached(Exception):
    """Setup runs on the node, and we were asked to stop following it, or it takes too long. It goes on."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a node is asked while setup runs, and how long things may take. All in seconds.

    `patience`: a node out of reach; `starting`: a task that was started and does not run; `limit`: setup; `stall`: a
    log that does not grow; `settling`: until what setup made has come up (service, role); `clearing`: a node out of
    reach while it is being cleared; `moving`: the role, from one node to another; `by_hand`: until somebody starts
    setup at a node's console; `closing`: after that, no process of setup and no word of how it ended.
    """

    poll: float = 1.0
    patience: float = 1800.0
    starting: float = 120.0
    limit: float = 2 * 3600.0
    stall: float = 900.0
    settling: float = 120.0
    clearing: float = 60.0
    moving: float = 900.0
    by_hand: float = 7 * 24 * 3600.0
    closing: float = 30.0
