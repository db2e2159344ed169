"""What the page of the run says for each job: before it starts, while it runs, and when it has ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from vmm_wizard.install.orders import Job
from vmm_wizard.texts import text
from vmm_wizard.wizard import flow
from vmm_wizard.wizard.order_fields import carried_out

#: The parts of a job's words in the catalogue.
_PARTS = ("start", "deed", "before", "done", "unchanged")


@dataclass(frozen=True, slots=True)
class Words:
    """A job in words: the button, what Yes means, what will happen to the machines below, how it ended well, and what
    there was nothing to do means."""

    start: str
    deed: str
    before: str
    done: str
    unchanged: str


def words(job: Job, *, remove: bool = False) -> Words:
    """The words of a job; `remove`: a console is taken away instead."""
    if remove and job is Job.CONSOLE:
        return Words(
            text("run.removal.start"),
            text("run.removal.deed"),
            text("run.removal.before"),
            text("run.removal.done"),
            text("run.removal.unchanged"),
        )
    return Words(**{part: text(f"jobs.words.{part}.{job.value}") for part in _PARTS})


def deed(view: flow.View) -> str:
    """What Yes means."""
    if flow.is_by_hand(view.order):
        return text("jobs.words.deed.by_hand")
    return words(view.order.job, remove=view.order.remove).deed


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
        return "\n".join([text("jobs.way.wrong"), *rows, ""])
    said = words(view.order.job, remove=view.order.remove)
    places = [f"  {place}. {name}" for place, name in enumerate(machines(view), 1)]
    return "\n".join([text("jobs.way.good", before=said.before), *places, ""])


def promise(view: flow.View) -> str:
    """What starting means, to be read before it is confirmed."""
    account, name = view.plan.installing_account, view.plan.database.name
    names = ", ".join(machine.partition(".")[0] for machine in machines(view))
    task = text("jobs.part.task", account=account)
    if view.order.job is Job.CONSOLE and view.order.remove:
        return text("run.removal.promise", account=account, names=names, task=task)
    way = "by_hand" if flow.is_by_hand(view.order) else view.order.job.value
    return text(
        f"jobs.promise.{way}",
        account=account,
        names=names,
        task=task,
        setup=text("jobs.part.setup", account=account, names=names, task=task),
        database=text(f"jobs.part.database_{'removed' if view.order.remove_database else 'kept'}", name=name),
    )
