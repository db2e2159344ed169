"""Changes on a node: one small script a job, over one WinRM session."""

from __future__ import annotations

import threading
from typing import Final

from vmm_wizard.addresses import AddressError, Addresses
from vmm_wizard.facts.nodes import connector
from vmm_wizard.facts.questions import NodeQuestion
from vmm_wizard.mending.directory import ChangeRefused
from vmm_wizard.mending.model import AddAdministrator, RemoveTasks
from vmm_wizard.mending.offers import TASK_PREFIX
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.texts import text

#: Seconds for one script, logon included, and how long a node that is away is waited for.
_SECONDS: Final = 60.0
_PATIENCE: Final = 30.0


def add_administrator(question: NodeQuestion, password: Secret, addresses: Addresses, change: AddAdministrator) -> None:
    """Put the principal into the node's Administrators. Raises ChangeRefused with one sentence."""
    from vmm_wizard.remote.bootstrap import load_script
    from vmm_wizard.remote.errors import RemoteError
    from vmm_wizard.remote.session import deadline_in

    try:
        connect, _ = connector(question, password, addresses)
        due = deadline_in(_SECONDS)
        with connect(due, threading.Event()) as session:
            session.run(load_script("add-administrator"), {"Sid": change.sid}, deadline=due)
    except (AddressError, RemoteError) as error:
        raise ChangeRefused(text("mending.nodes.add_failed", node=change.node, error=error)) from None


def remove_tasks(
    question: NodeQuestion, password: Secret, addresses: Addresses, change: RemoveTasks, account: AccountName
) -> None:
    """Take the tasks and their folders away, unless one is running. Raises ChangeRefused with one sentence."""
    from vmm_wizard.remote.errors import RemoteError
    from vmm_wizard.remote.task import RemoteTask

    try:
        connect, place = connector(question, password, addresses)
        for name in change.tasks:
            task = RemoteTask(connect, place, name.removeprefix(TASK_PREFIX), account, patience=_PATIENCE)
            try:
                removal = task.remove(end_running=False)
            finally:
                task.close()
            if removal.was_running:
                raise ChangeRefused(text("mending.nodes.running", name=name, node=change.node))
            if removal.left:
                told = {"tasks": ", ".join(removal.left), "node": change.node, "why": "; ".join(removal.errors)}
                how = "because" if removal.errors else "plain"
                raise ChangeRefused(text(f"mending.nodes.left.{how}", **told))
    except (AddressError, RemoteError) as error:
        raise ChangeRefused(text("mending.nodes.remove_failed", node=change.node, error=error)) from None
