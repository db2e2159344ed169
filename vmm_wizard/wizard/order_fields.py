"""The choices of a job as fields of a form, beside the answers of the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vmm_wizard.install.admission import INSTALLING
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.plan.fields import BY_KEY, Field, Kind, choice, without_repetition
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import HostName
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.checks.registry import Finding
    from vmm_wizard.checks.schedule import Job as JudgedJob
    from vmm_wizard.preflight import Update

PREFIX = "order."


def _flag(text: str) -> bool:
    return bool(BY_KEY["database.create_new"].parse(text))


#: The jobs in the order of the list of the first page, and what each is.
JOB_TEXTS: Mapping[Job, str] = {
    job: text(f"jobs.about.{job.value}")
    for job in (
        *(Job.INSTALL, Job.PREPARE, Job.ADD_NODE, Job.CONSOLE),
        *(Job.VERIFY, Job.FAILOVER, Job.UNINSTALL, Job.REBUILD),
    )
}

ORDER_FIELDS: Mapping[str, Field] = {
    field.key: field
    for field in (
        Field("order.job", ("job",), choice(Job), choices=tuple(job.value for job in JOB_TEXTS)),
        Field("order.nodes", ("nodes",), HostName.parse, Kind.TEXTS),
        Field("order.target", ("target",), HostName.parse),
        Field("order.although_jobs_run", ("although_jobs_run",), _flag, Kind.FLAG),
        Field("order.remove_database", ("remove_database",), str.strip),
        Field("order.restart", ("restart",), _flag, Kind.FLAG),
        Field("order.moves", ("moves",), _flag, Kind.FLAG),
        Field("order.remove", ("remove",), _flag, Kind.FLAG),
        Field("order.by_hand", ("by_hand",), _flag, Kind.FLAG),
    )
}


def all_fields(key: str) -> Field:
    """The field of an answer or of a choice; raises KeyError for an unknown key."""
    return ORDER_FIELDS[key] if key.startswith(PREFIX) else BY_KEY[key]


def order_text(order: Order, key: str) -> str:
    """A choice as `parse_choice` reads it back."""
    value = getattr(order, ORDER_FIELDS[key].path[0])
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def parse_choice(key: str, text: str) -> Any:
    """The value of a choice as somebody types it. Raises ValueError with one sentence."""
    field = ORDER_FIELDS[key]
    if field.kind is Kind.TEXTS:
        return tuple(map(str, without_repetition(field, text.replace(";", ",").replace(",", " ").split())))
    value = field.parse(text) if text.strip() or field.kind is Kind.FLAG else ""
    return value if isinstance(value, bool | Job) else str(value)


def set_choice(order: Order, key: str, value: Any) -> Order:
    """`order` with a choice set to what `parse_choice` gave."""
    return replace(order, **{ORDER_FIELDS[key].path[0]: value})


def carried_out(order: Order, plan: Plan) -> Order:
    """The order as the engine takes it: machines by their full names in lower case, and only the choices of its job."""
    full = tuple(HostName.parse(name).qualified(plan.dns_domain).key for name in order.nodes)
    target = HostName.parse(order.target).qualified(plan.dns_domain).key if order.target else ""
    job = order.job
    return Order(
        job,
        nodes=full if job in (Job.PREPARE, Job.ADD_NODE, Job.CONSOLE, Job.UNINSTALL) else (),
        target=target if job is Job.FAILOVER else "",
        remove_database=order.remove_database if job is Job.UNINSTALL else "",
        restart=order.restart,
        remove=order.remove and job is Job.CONSOLE,
        moves=order.moves and job is Job.VERIFY,
        by_hand=order.by_hand and job in INSTALLING,
        although_jobs_run=order.although_jobs_run and job in (Job.FAILOVER, Job.UNINSTALL),
    )


def judged_as(job: Job) -> JudgedJob:
    """What the checks are judged for when a job is to be done."""
    from vmm_wizard.checks.schedule import Job as JudgedJob

    return JudgedJob.UNINSTALL if job is Job.UNINSTALL else JudgedJob.INSTALL


def judged(update: Update, job: Job) -> tuple[Finding, ...]:
    """The findings when a job is to be done. A rebuild takes its database as it is, whatever the answers say."""
    if job is Job.REBUILD:
        plan = replace(update.plan, database=replace(update.plan.database, create_new=False))
        update = replace(update, plan=plan)
    return update.findings_for(judged_as(job))
