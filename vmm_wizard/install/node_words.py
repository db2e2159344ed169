"""What is said of the work on one node, beside what its log and its journal say."""

from __future__ import annotations

from vmm_wizard import log
from vmm_wizard.install.endings import NodeFailed, PasswordRefused
from vmm_wizard.install.verify import RESTART_NEEDED
from vmm_wizard.plan.names import AccountName
from vmm_wizard.remote.task_run import WRONG_PASSWORD, TaskStart
from vmm_wizard.texts import text


def task_refused(node: str, account: AccountName, started: TaskStart) -> NodeFailed:
    """The failure of a task that Windows did not start: PasswordRefused where that was for the account's password."""
    said = text("engine.node_words.refused", node=node, account=account, reason=started.reason)
    failure = PasswordRefused if started.error_code == WRONG_PASSWORD else NodeFailed
    return failure(said, text("engine.node_words.explain"))


def ended_well(step: str, exit_code: int | None) -> str:
    """That a work has ended and nothing is wrong with it, as far as is known; `exit_code` None: nobody saw it."""
    said = text(f"engine.node_words.ended.{'unseen' if exit_code is None else 'seen'}", step=step)
    return text("engine.node_words.wants_restart", said=said) if exit_code == RESTART_NEEDED else said


def with_node(node: str, error: Exception) -> str:
    """An error in one sentence that names the node, secrets masked."""
    said = log.masked(str(error))
    return said if node in said else f"{node}: {said}"
