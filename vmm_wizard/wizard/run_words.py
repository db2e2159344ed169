"""What the page of the run says for each job: before it starts, while it runs, and when it has ended. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vmm_wizard.install.orders import Job
from vmm_wizard.texts import text
from vmm_wizard.wizard import flow
from vmm_wizard.wizard.order_fields import carried_out

#: Exit codes of the wizard by how the last run ended; nothing run is good.
EXIT_CODES: Mapping[str, int] = {
    "": 0,
    "installed": 0,
    "done": 0,
    "unchanged": 0,
    "refused": 1,
    "failed": 4,
    "cancelled": 5,
}


@dataclass(frozen=True, slots=True)
class Words:
    """A job in words: the button, what Yes means, what will happen to the machines below, how it ended well, and what
    there was nothing to do means."""

    start: str
    deed: str
    before: str
    done: str
    unchanged: str


_WORDS: Mapping[Job, Words] = {
    Job.INSTALL: Words(
        "Start the installation",
        "rehearse, then install",
        "VMM will be installed on:",
        "VMM is installed on every node.",
        "VMM was installed already. Nothing was changed.",
    ),
    Job.REBUILD: Words(
        "Start the rebuild",
        "rehearse, then install on the kept database",
        "VMM will be installed, on the database that was kept, on:",
        "VMM is installed on every node, with the database that was kept.",
        "VMM was installed already. Nothing was changed.",
    ),
    Job.ADD_NODE: Words(
        "Add the nodes",
        "rehearse, then install there",
        "VMM will be installed as an additional node on:",
        "VMM is installed on the new nodes.",
        "They have VMM already. Nothing was changed.",
    ),
    Job.PREPARE: Words(
        "Prepare the nodes",
        "copy and install there",
        "Media, kits and features will be put onto:",
        "The nodes are prepared.",
        "Everything is there already. Nothing was changed.",
    ),
    Job.CONSOLE: Words(
        "Install the console",
        "install it there",
        "The VMM console will be installed on:",
        "The console is installed.",
        "The console was there already. Nothing was changed.",
    ),
    Job.VERIFY: Words(
        "Verify",
        "look, and move the role if that was asked for",
        "VMM will be looked at on:",
        "What was looked at is right.",
        "What was looked at is right.",
    ),
    Job.FAILOVER: Words(
        "Move the role",
        "move it now",
        "The role will be moved to:",
        "The role is on its new node, and answers.",
        "The role was there already. Nothing was changed.",
    ),
    Job.UNINSTALL: Words(
        "Start the uninstall",
        "take VMM away",
        "VMM will be taken away from:",
        "VMM is gone from there.",
        "VMM was not there. Nothing was changed.",
    ),
}

_REMOVAL = Words(
    text("run.removal.start"),
    text("run.removal.deed"),
    text("run.removal.before"),
    text("run.removal.done"),
    text("run.removal.unchanged"),
)

_TASK = (
    "Windows stores the password of {account} on the machine while a scheduled task of ours is there; local "
    "administrators can read it. It is removed afterwards."
)
_SETUP = (
    "Everything is checked once more. Then a rehearsal runs on each node ({names}): a scheduled task of {account} "
    "that looks, from inside, whether it has what setup needs. {task}\n\n"
    "If nothing stands in the way, setup runs as such a task too, on one node after the other, some twenty minutes "
    "each."
)
_BY_HAND = (
    "Everything is checked once more; nothing is rehearsed. Then setup's answer file and a script are put on one node "
    "after the other ({names}), and you are told the line to run there, logged on as {account} at its console. The "
    "script asks for setup's passwords. No task is made and no password stored. You start it when you like: it is "
    "waited for, followed and verified."
)
_PROMISES: Mapping[Job, str] = {
    Job.INSTALL: f"{_SETUP} The first node makes the database and the role in the cluster.",
    Job.REBUILD: f"{_SETUP} The first node takes the database that was kept and makes the role anew.",
    Job.ADD_NODE: f"{_SETUP} The role stays where it is.",
    Job.PREPARE: "A scheduled task of {account} copies and installs on one node after the other ({names}). {task}",
    Job.CONSOLE: "Setup of the console runs as a scheduled task of {account} on each machine ({names}). {task}",
    Job.VERIFY: "Node, cluster and VMM itself are asked; VMM's own words need a scheduled task of {account}. {task} "
    "The role is moved only where that was asked for: consoles drop then, and reconnect by themselves.",
    Job.FAILOVER: "First VMM is asked for jobs that run, by a scheduled task of {account}: while there are any, "
    "nothing is moved. {task} Then the cluster moves the role to {names}. Open consoles drop, and reconnect by "
    "themselves within a minute or two.",
    Job.UNINSTALL: "Everything is checked once more. Where the role is on a node that goes, it is moved away first. "
    "Then setup takes VMM away, as a scheduled task of {account}, on one node after the other ({names}), the one with "
    "the role last. {task} {database}",
}


def words(job: Job, *, remove: bool = False) -> Words:
    """The words of a job; `remove`: a console is taken away instead."""
    return _REMOVAL if remove and job is Job.CONSOLE else _WORDS[job]


def deed(view: flow.View) -> str:
    """What Yes means."""
    return (
        "tell me what to start where"
        if flow.is_by_hand(view.order)
        else words(view.order.job, remove=view.order.remove).deed
    )


def machines(view: flow.View) -> tuple[str, ...]:
    """The machines that the job is for, by their full names."""
    order = carried_out(view.order, view.plan)
    if order.target:
        return (order.target,)
    return order.nodes or tuple(node.key for node in view.plan.nodes)


def before(view: flow.View) -> str:
    """What will happen, and what stands in the way."""
    rows = flow.obstacles(view)
    if rows:
        return "\n".join(["This stands in the way:", *rows, ""])
    said = words(view.order.job, remove=view.order.remove)
    places = [f"  {place}. {name}" for place, name in enumerate(machines(view), 1)]
    return "\n".join([f"Nothing known stands in the way. {said.before}", *places, ""])


def promise(view: flow.View) -> str:
    """What starting means, to be read before it is confirmed."""
    account, name = view.plan.installing_account, view.plan.database.name
    kept = f"The database {name} is kept."
    removed = f"With the last node the database {name} is REMOVED, as you typed."
    names = ", ".join(machine.partition(".")[0] for machine in machines(view))
    task = _TASK.format(account=account)
    if view.order.job is Job.CONSOLE and view.order.remove:
        return text("run.removal.promise", account=account, names=names, task=task)
    said = _BY_HAND if flow.is_by_hand(view.order) else _PROMISES[view.order.job]
    return said.format(
        account=account, names=names, task=task, database=removed if view.order.remove_database else kept
    )
