"""How the work of a run stands on a node while nobody carries the run out: read, and changed in nothing."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING

from vmm_wizard.install.details import is_by_hand, staged_work
from vmm_wizard.install.endings import Pace
from vmm_wizard.install.events import Event
from vmm_wizard.install.following import Follower, ScriptFollower, SetupFollower
from vmm_wizard.install.patience import patiently
from vmm_wizard.setup.log_phases import SetupKind
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.install.journal import Step
    from vmm_wizard.remote.task import RemoteTask
    from vmm_wizard.remote.task_run import TaskStatus


#: What setup was started for, by what its main step is called.
_KINDS = {"uninstall": SetupKind.UNINSTALL, "console": SetupKind.CONSOLE}


def observe(node: str, stage: Step, task: RemoteTask, pace: Pace) -> Generator[Event, None, str]:
    """Follow what a run staged on `node` (its step in the journal) until it has ended there; how it stands then, as a
    sentence. The task is asked for its status alone. Raises RemoteError; Cancelled by the flag of `task`."""
    step, log_name = staged_work(stage)
    follower: Follower = ScriptFollower(node, pace.stall, step)
    if log_name == "setup":
        follower = SetupFollower(node, pace.stall, step, _KINDS.get(step, SetupKind.INSTALL))
    while True:
        status = yield from patiently(
            task, node, partial(task.status, follower.offset, log_name), pace.poll, pace.patience
        )
        before = follower.offset
        yield from follower.take(status)
        if follower.offset != before and not follower.has_all(status):
            continue
        said = _ended(node, step, follower, status, by_hand=is_by_hand(stage))
        if said:
            yield from follower.close()
            return said
        task.pause(pace.poll)


def _ended(node: str, step: str, follower: Follower, status: TaskStatus, *, by_hand: bool) -> str:
    """How the work ended, in a sentence; empty while it goes on."""
    if status.result is not None:
        problem = follower.problem(status.result)
        said, remedy = follower.explained(problem) if problem else (text("engine.node_words.ended.seen", step=step), "")
        return f"{node}: {said}" + (f" -> {remedy}" if remedy else "")
    if status.is_active and status.public_key is not None and not status.begun and not status.secrets_waiting:
        return text("engine.observing.waits_for_passwords", node=node, step=step)
    if status.is_active or (status.begun and status.setup_processes):
        return ""
    if by_hand and status.folder_exists and not status.begun:
        return text("engine.observing.waits_for_somebody", node=node, step=step)
    if by_hand and status.begun:
        return text("engine.observing.unseen", node=node, step=step)
    if status.task_state == "Missing" and not status.begun:
        return text("engine.observing.nothing_there", node=node)
    return f"{node}: {status.stopped_because or text('engine.observing.never_started')}"
