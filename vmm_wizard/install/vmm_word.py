"""What VMM says of itself, asked in a task on one of its nodes: its jobs before and after the role moves, its nodes."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.facts.model import Facts, NodeFacts
from vmm_wizard.facts.reading import Unreadable
from vmm_wizard.facts.vmm_report import SCRIPT, VmmJob, VmmReport, read_report, report_parameters
from vmm_wizard.install.endings import NodeFailed, PasswordRefused, Refused
from vmm_wizard.install.events import Event, Notice
from vmm_wizard.install.remembering import remember
from vmm_wizard.install.role import Role, carriers, label_of, owner_key
from vmm_wizard.install.verify import Witness
from vmm_wizard.install.works import ScriptWork
from vmm_wizard.texts import counted, text

if TYPE_CHECKING:
    from vmm_wizard.install.context import Context
    from vmm_wizard.plan.model import Plan

#: The step in which a node asks VMM.
REPORT = "report"
#: The run's step in the journal whose detail is the ids of the jobs that ran before it moved the role.
JOBS = "jobs"
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Silence:
    """VMM could not be asked, and why, in a sentence."""

    reason: str


Word = VmmReport | Silence


def report_work(plan: Plan) -> ScriptWork:
    """The script that asks VMM, as a work in a task: it reads only."""
    return ScriptWork(SCRIPT, report_parameters(plan), REPORT, harmless=True)


def ask_vmm(context: Context, facts: Facts, role: Role) -> Generator[Event, None, Word]:
    """Ask VMM in a task on the node that owns the role or, where that does not answer, on another one that has VMM.

    Where the node runs no task, or VMM refuses, that is the answer. Raises PasswordRefused (it counted), LostSight,
    Detached, Cancelled, JournalError.
    """
    owner = owner_key(context.plan, role)
    nodes = carriers(context.plan, facts)
    node = owner if owner in nodes else next(iter(nodes), "")
    if not node:
        return Silence(text("engine.vmm_word.nobody"))
    node_run = context.work(node, report_work(context.plan))
    try:
        yield from node_run.carry_out()
        report = read_report(node_run.report or {})
        remember(context.journal, context.run.id, node_run.report or {})
        return report
    except PasswordRefused:
        raise
    except NodeFailed as error:
        return Silence(str(error))
    except Unreadable as error:
        return Silence(text("engine.vmm_word.unreadable", node=node, error=error))


def clear_reports(context: Context) -> Iterator[Event]:
    """What an earlier call of this run left of its questions to VMM is taken up to its end, and cleared away."""
    for node in context.open_nodes():
        yield from context.work(node, report_work(context.plan)).take_up()


# --- jobs


def job_text(job: VmmJob) -> str:
    """A job in one line: name, owner, since when, how far, on what."""
    name = text("engine.vmm_word.job_on", name=job.name, target=job.target) if job.target else job.name
    if job.percent is None:
        return text("engine.vmm_word.job", name=name, owner=job.owner, since=job.started)
    return text("engine.vmm_word.job_so_far", name=name, owner=job.owner, percent=job.percent, since=job.started)


def require_quiet(context: Context, word: Word) -> Iterator[Event]:
    """Jobs that run while the role moves fail. Raises Refused while any run, or where that is not known and the user
    does not go on; `although_jobs_run` of the order says yes to both."""
    although = context.order.although_jobs_run
    if isinstance(word, Silence) or not word.knows("running jobs"):
        reason = word.reason if isinstance(word, Silence) else _error(word, "running jobs")
        said = text("engine.vmm_word.jobs_unknown", reason=reason)
        yield Notice("", said, text("engine.vmm_word.fails", look=text("engine.vmm_word.look")))
        if not although and not context.confirm((unknown("JOBS", text("engine.vmm_word.no_job"), said),)):
            raise Refused(text("engine.vmm_word.unconfirmed"), text("engine.vmm_word.look"))
        return
    for job in word.running_jobs:
        yield Notice(
            "",
            text("engine.vmm_word.job_runs", job=job_text(job)),
            "" if although else text("engine.vmm_word.wait_for_it", look=text("engine.vmm_word.look")),
        )
    if not word.running_jobs:
        return
    names = ", ".join(job.name for job in word.running_jobs)
    what = counted("engine.vmm_word.jobs_run", len(word.running_jobs), names=names)
    if not although:
        raise Refused(
            text("engine.vmm_word.not_moved", jobs=what),
            text("engine.vmm_word.wait_for_all"),
        )
    yield Notice("", text("engine.vmm_word.moves_all_the_same", jobs=what), text("engine.vmm_word.listed_again"))


def _error(report: VmmReport, part: str) -> str:
    return next((row.error for row in report.errors if row.part == part), text("engine.vmm_word.silent"))


def unknown(name: str, title: str, evidence: str) -> Finding:
    """What is not known of VMM, as it is put to the user who is to confirm it."""
    return Finding(name, title, "run", "SEED", Status.UNKNOWN, "", evidence, text("engine.vmm_word.look"))


def remember_jobs(context: Context, word: Word) -> None:
    """Write down which jobs run before the role moves: afterwards they are looked for among those that failed."""
    known = isinstance(word, VmmReport) and word.knows("running jobs")
    ids = " ".join(job.id for job in word.running_jobs) if isinstance(word, VmmReport) and known else _UNKNOWN
    context.journal.start(context.run.id, "", JOBS, ids)
    context.journal.finish(context.run.id, "", JOBS)


def tell_failed(context: Context, word: Word) -> Iterator[Event]:
    """The jobs that the move let fail, and how to start each again. Where it is not known which ran before, all that
    failed within the last day are told."""
    if isinstance(word, Silence) or not word.knows("failed jobs"):
        reason = word.reason if isinstance(word, Silence) else _error(word, "failed jobs")
        remedy = text("engine.vmm_word.look_failed")
        yield Notice("", text("engine.vmm_word.failed_unknown", reason=reason), remedy)
        return
    step = context.journal.step(context.run.id, "", JOBS)
    before = frozenset(step.detail.split()) if step is not None and step.detail != _UNKNOWN else None
    for job in word.failed_jobs:
        if before is not None and job.id not in before:
            continue
        when = "with_the_move" if before is not None else "within_a_day"
        again = job.restart_command if job.restartable is not False else text("engine.vmm_word.anew")
        yield Notice("", text(f"engine.vmm_word.failed.{when}", job=job_text(job)), again)


# --- nodes


def witnesses(plan: Plan, facts: Facts, role: Role, report: VmmReport) -> tuple[Witness, ...]:
    """What VMM says of its nodes, held against cluster and registry: each is listed, the active one owns the role, and
    all have one version (CPS, POST-04)."""
    if not report.knows("server"):
        return (Witness("VMM", False, text("engine.vmm_word.nodes_unknown", error=_error(report, "server"))),)
    installed = {label_of(node) for node in carriers(plan, facts)}
    listed = {label_of(node) for node in report.failover_nodes}
    missing, surplus = sorted(installed - listed), sorted(listed - installed)
    said = text("engine.vmm_word.lists", nodes=", ".join(sorted(listed)) or text("engine.moving.no_node"))
    if missing:
        said = text("engine.vmm_word.lists_not", said=said, nodes=", ".join(missing))
    if surplus:
        said = text("engine.vmm_word.lists_unplanned", said=said, nodes=", ".join(surplus))
    active = label_of(report.active_node)
    versions: dict[str, list[str]] = {}
    for node in carriers(plan, facts):
        answer = facts.nodes[node]
        if isinstance(answer, NodeFacts) and answer.vmm is not None:
            versions.setdefault(answer.vmm.version, []).append(node)
    shown = "; ".join(_version(version, ", ".join(nodes)) for version, nodes in versions.items())
    return (
        Witness("VMM's nodes", not missing, said),
        Witness("active node", active == role.owner, text("engine.vmm_word.active", active=active, owner=role.owner)),
        Witness(
            "version",
            len(versions) == 1 and "" not in versions,
            text("engine.vmm_word.versions", versions=shown, version=report.product_version),
        ),
    )


def _version(version: str, nodes: str) -> str:
    if version:
        return text("engine.vmm_word.version", version=version, nodes=nodes)
    return text("engine.vmm_word.no_version", nodes=nodes)
