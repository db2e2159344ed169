"""A node that is out of reach is asked again, and that is told: setup restarts WinRM while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, TypeVar

from vmm_wizard.install.events import Event, Notice
from vmm_wizard.remote.errors import AnswerUnreadable, NodeUnreachable, ShellRefused
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.remote.task import RemoteTask

T = TypeVar("T")

#: What a node says while its services come and go: it is asked again, but not for as long as one that is away.
_PASSING = (ShellRefused, AnswerUnreadable)
_PASSING_SECONDS = 120.0
#: Seconds between attempts to reach a node that is away, at most.
_LONGEST_PAUSE = 15.0


def patiently(
    task: RemoteTask, node: str, call: Callable[[], T], poll: float, patience: float, *, setup_runs: bool = False
) -> Generator[Event, None, T]:
    """What `call` gives. While the node is out of reach it is asked again for `patience` seconds, first after `poll`,
    and that is told; `setup_runs`: it need not mean anything, for setup restarts WinRM.

    For calls of `task` that may be repeated. A refused logon is never tried again. Raises what the last call raised.
    """
    away_since: float | None = None
    wait = poll
    while True:
        try:
            answer = call()
        except (NodeUnreachable, *_PASSING) as error:
            now = time.monotonic()
            if away_since is None:
                away_since = now
                how = ("while_setup_runs" if setup_runs else "away") + ("_for" if patience >= 60 else "")
                yield Notice(node, text(f"engine.patience.trying.{how}", error=error, minutes=patience / 60))
            limit = min(patience, _PASSING_SECONDS) if isinstance(error, _PASSING) else patience
            if now - away_since + wait > limit:
                raise
            task.pause(wait)
            wait = min(wait * 2, max(poll, _LONGEST_PAUSE))
        else:
            if away_since is not None:
                yield Notice(node, text("engine.patience.answers_again", node=node))
            return answer
