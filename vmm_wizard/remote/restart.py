"""Restarting Windows on a node, and knowing that it is back: by another time at which it began."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vmm_wizard.remote.bootstrap import JSON, load_script
from vmm_wizard.remote.errors import AnswerUnreadable
from vmm_wizard.remote.session import Session
from vmm_wizard.remote.task_run import UnreadableAnswer
from vmm_wizard.texts import text

#: Seconds until the node goes down, so that its answer still arrives.
DELAY_SECONDS = 15
#: shutdown.exe's codes for a restart that is on its way already (winerror.h: 1115, 1190).
_ON_ITS_WAY = frozenset({1115, 1190})
#: Two times of beginning that differ by less are one: Windows works it out anew when its clock is set.
_SAME_BOOT = timedelta(seconds=60)
#: What the script is told when nothing is to be restarted.
JUST_LOOKING: Mapping[str, JSON] = {"Restart": False, "Reason": "", "DelaySeconds": DELAY_SECONDS}
#: What the node takes as a reason; anything else becomes a blank.
_NO_REASON = re.compile(r"[^A-Za-z0-9 .,:()_-]+")


@dataclass(frozen=True, slots=True)
class Restart:
    """What the node said: when Windows began (UTC), and how the order to restart ended (None: none was given)."""

    boot_time: datetime
    exit_code: int | None

    @property
    def is_under_way(self) -> bool:
        """Whether the node goes down in a moment, by this order or by an earlier one."""
        return self.exit_code == 0 or self.exit_code in _ON_ITS_WAY


def boot_time(session: Session, deadline: float) -> datetime:
    """When Windows began on the node (UTC). Raises RemoteError."""
    return _ask(session, JUST_LOOKING, deadline).boot_time


def restart_node(session: Session, reason: str, deadline: float, *, delay: int = DELAY_SECONDS) -> Restart:
    """Let Windows restart after `delay` seconds (1 to 600); `reason` is in its event log. Raises RemoteError.

    An order that is given twice restarts once: the second finds the first. After a dropped connection compare the
    times of beginning first: the node may have been down and back.
    """
    text = _NO_REASON.sub(" ", reason)[:200].strip() or "vmm-wizard"
    return _ask(session, {"Restart": True, "Reason": text, "DelaySeconds": delay}, deadline)


def is_another_boot(before: datetime, now: datetime) -> bool:
    """Whether Windows has begun anew between two answers."""
    return now - before > _SAME_BOOT


def _ask(session: Session, parameters: Mapping[str, JSON], deadline: float) -> Restart:
    answer = session.run(load_script("restart-node"), parameters, deadline=deadline)
    try:
        return read_restart(answer)
    except UnreadableAnswer as error:
        raise AnswerUnreadable(session.place, str(error)) from None


def read_restart(answer: Mapping[str, Any]) -> Restart:
    """What restart-node.ps1 answers. Raises UnreadableAnswer."""
    code = answer.get("exit_code")
    try:
        began = datetime.fromisoformat(str(answer["boot_time"]))
        if began.tzinfo is None or not (code is None or isinstance(code, int)):
            raise ValueError(code)
    except (KeyError, ValueError):
        raise UnreadableAnswer(text("reasons.restart.unreadable")) from None
    return Restart(began, code)
