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

if TYPE_CHECKING:
    from vmm_wizard.install.context import Context
    from vmm_wizard.plan.model import Plan

#: The step in which a node asks VMM.
REPORT = "report"
#: The run's step in the journal whose detail is the ids of the jobs that ran before it moved the role.
JOBS = "jobs"
_UNKNOWN = "unknown"
#: Where a user sees the jobs himself.
_LOOK = "in a VMM command shell: Get-SCJob -Running"
#: How to see VMM's nodes where no task may ask for them.
BY_HAND = "in a VMM command shell: (Get-SCVMMServer -ComputerName <role>).FailoverVMMNodes, and .ActiveVMMNode"


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
        return Silence("no node that has VMM answers")
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
        return Silence(f"{node}: what VMM said cannot be read ({error})")


def clear_reports(context: Context) -> Iterator[Event]:
    """What an earlier call of this run left of its questions to VMM is taken up to its end, and cleared away."""
    for node in context.open_nodes():
        yield from context.work(node, report_work(context.plan)).take_up()


# --- jobs


def job_text(job: VmmJob) -> str:
    """A job in one line: name, owner, since when, how far, on what."""
    percent = f", {job.percent} %" if job.percent is not None else ""
    target = f" on {job.target}" if job.target else ""
    return f"{job.name}{target} of {job.owner}{percent}, since {job.started:%Y-%m-%d %H:%M} UTC"


def require_quiet(context: Context, word: Word) -> Iterator[Event]:
    """Jobs that run while the role moves fail. Raises Refused while any run, or where that is not known and the user
    does not go on; `although_jobs_run` of the order says yes to both."""
    although = context.order.although_jobs_run
    if isinstance(word, Silence) or not word.knows("running jobs"):
        reason = word.reason if isinstance(word, Silence) else _error(word, "running jobs")
        text = f"whether jobs run on VMM is not known: {reason}"
        yield Notice("", text, f"{_LOOK}; a job that runs while the role moves fails")
        if not although and not context.confirm((unknown("JOBS", "No job runs on VMM", text),)):
            raise Refused("the role was not moved: whether jobs run on VMM is not known, and was not confirmed", _LOOK)
        return
    for job in word.running_jobs:
        yield Notice("", f"a job runs: {job_text(job)}", "" if although else f"wait for it; {_LOOK}")
    if not word.running_jobs:
        return
    count = len(word.running_jobs)
    what = f"{count} job{'s run' if count > 1 else ' runs'} on VMM: {', '.join(job.name for job in word.running_jobs)}"
    if not although:
        raise Refused(
            f"the role was not moved: {what}",
            "a move lets them fail, and they do not start again by themselves: wait until they have ended, or give "
            "--although-jobs-run",
        )
    yield Notice("", f"{what}; the role moves all the same, and they will fail", "they are listed again afterwards")


def _error(report: VmmReport, part: str) -> str:
    return next((row.error for row in report.errors if row.part == part), "VMM does not tell")


def unknown(name: str, title: str, text: str) -> Finding:
    """What is not known of VMM, as it is put to the user who is to confirm it."""
    return Finding(name, title, "run", "SEED", Status.UNKNOWN, "", text, _LOOK)


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
        remedy = "in a VMM command shell: Get-SCJob, and Restart-SCJob for what failed"
        yield Notice("", f"which jobs failed is not known: {reason}", remedy)
        return
    step = context.journal.step(context.run.id, "", JOBS)
    before = frozenset(step.detail.split()) if step is not None and step.detail != _UNKNOWN else None
    for job in word.failed_jobs:
        if before is not None and job.id not in before:
            continue
        when = "failed with the move" if before is not None else "failed within the last day, maybe with the move"
        again = job.restart_command if job.restartable is not False else "VMM cannot start it again: do it anew"
        yield Notice("", f"a job {when}: {job_text(job)}", again)


# --- nodes


def witnesses(plan: Plan, facts: Facts, role: Role, report: VmmReport) -> tuple[Witness, ...]:
    """What VMM says of its nodes, held against cluster and registry: each is listed, the active one owns the role, and
    all have one version (CPS, POST-04)."""
    if not report.knows("server"):
        return (Witness("VMM", False, f"VMM does not tell its nodes: {_error(report, 'server')}"),)
    installed = {label_of(node) for node in carriers(plan, facts)}
    listed = {label_of(node) for node in report.failover_nodes}
    missing, surplus = sorted(installed - listed), sorted(listed - installed)
    said = f"VMM lists {', '.join(sorted(listed)) or 'no node'}"
    said += f", and not {', '.join(missing)}, where it is installed" if missing else ""
    said += f"; on {', '.join(surplus)} this plan does not know it" if surplus else ""
    active = label_of(report.active_node)
    versions: dict[str, list[str]] = {}
    for node in carriers(plan, facts):
        answer = facts.nodes[node]
        if isinstance(answer, NodeFacts) and answer.vmm is not None:
            versions.setdefault(answer.vmm.version, []).append(node)
    shown = "; ".join(f"VMM {version or 'of no version'} on {', '.join(nodes)}" for version, nodes in versions.items())
    return (
        Witness("VMM's nodes", not missing, said),
        Witness("active node", active == role.owner, f"VMM's active node is {active}, the role's owner {role.owner}"),
        Witness("version", len(versions) == 1 and "" not in versions, f"{shown}; VMM says {report.product_version}"),
    )
