"""Takes a run away from a node: its task with the stored password, its folder. Never under a setup that runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from vmm_wizard.install.events import Notice
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.remote.task import RemoteTask
    from vmm_wizard.remote.task_run import Removal, TaskStatus

#: Seconds in which a wrapper that has its passwords must have begun setup, or ended.
DECIDE_SECONDS = 60.0


class SetupRunning(Exception):
    """Setup runs, or is about to: nothing was taken away."""


def take_away(task: RemoteTask, poll: float) -> Removal:
    """Take away a run that is over or only waits. Blocking; may be repeated. Raises SetupRunning, RemoteError.

    Between the passwords' arrival and setup's begin a wrapper must not be ended: who knows what it has just started.
    So it is ended only when it was seen waiting for them twice, or has written down its result. A setup that is said
    to have begun, and is not there, is looked for twice.
    """
    due = time.monotonic() + DECIDE_SECONDS
    waited = False
    while True:
        status = task.status()
        if _runs_setup(status):
            raise SetupRunning
        unseen = status.begun and status.result is None and not status.is_active
        waits = unseen or (status.public_key is not None and not status.secrets_waiting and not status.begun)
        is_over = status.result is not None or not (status.is_active or unseen)
        if is_over or (waits and waited):
            removal = task.remove(end_running=status.is_active)
            if not (removal.was_running and removal.left):
                return removal
        elif time.monotonic() >= due:
            raise SetupRunning
        waited = waits
        task.pause(poll)


def left_behind(node: str, run_id: str, *, by_hand: bool = False) -> Notice:
    """What to tell where a run, with its task or `by_hand` without one, could not be taken away from a node."""
    name = f"vmm-wizard-{run_id}"
    if by_hand:
        return Notice(
            node,
            text("engine.clearing.folder", node=node),
            text("engine.clearing.clear_folder", node=node, run_id=run_id),
        )
    return Notice(
        node,
        text("engine.clearing.task", name=name, node=node),
        text("engine.clearing.clear_task", node=node, name=name, run_id=run_id),
    )


def _runs_setup(status: TaskStatus) -> bool:
    return status.begun and status.result is None and (status.is_active or bool(status.setup_processes))
