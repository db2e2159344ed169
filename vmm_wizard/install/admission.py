"""What must hold before an install may begin: passwords, one process a cluster, and what findings stop it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vmm_wizard.checks.status import Status
from vmm_wizard.install.orders import Job
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import AccountName
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.checks.registry import Finding
    from vmm_wizard.plan.secrets import Secrets


def plan_key(plan: Plan) -> str:
    """The same for plans that install the same: what finds an unfinished run again. What was accepted or asked for
    meanwhile makes no other run of it."""
    import hashlib

    from vmm_wizard.plan.answers import dumps

    return hashlib.sha256(dumps(replace(plan, accepted=(), asked=())).encode()).hexdigest()


def lock_name(plan: Plan) -> str:
    """The same for all plans for one cluster, so that a plan that was edited cannot run beside what it was."""
    import hashlib

    cluster = f"{plan.cluster.name.label}.{plan.dns_domain}".casefold()
    return f"install-{hashlib.sha256(cluster.encode()).hexdigest()[:16]}.lock"


#: The jobs that run setup for the management server, which is told the service account's password.
INSTALLING = frozenset({Job.INSTALL, Job.ADD_NODE, Job.REBUILD})


def needed_accounts(plan: Plan, job: Job = Job.INSTALL, *, by_hand: bool = False) -> tuple[AccountName, ...]:
    """The accounts whose passwords a job needs, each once: for an install all of the plan's, for an uninstall all but
    the service account, else those that log on to directory and nodes and run the task there. `by_hand`: those alone
    that look; setup's passwords are typed on the node."""
    if by_hand and job in INSTALLING:
        looking = {plan.directory_account.key, plan.node_account.key, plan.sql_account.key}
        return tuple(account for account in plan.accounts if account.key in looking)
    if job in INSTALLING:
        return plan.accounts
    wanted = {plan.installing_account.key, plan.directory_account.key, plan.node_account.key}
    if job is Job.UNINSTALL:
        wanted |= {plan.sql_account.key, plan.setup_sql_account.key}
    return tuple(account for account in plan.accounts if account.key in wanted)


def missing_secrets(
    plan: Plan, secrets: Secrets, job: Job = Job.INSTALL, *, by_hand: bool = False
) -> tuple[AccountName, ...]:
    """The accounts whose passwords a job needs and nobody gave."""
    return tuple(account for account in needed_accounts(plan, job, by_hand=by_hand) if account not in secrets)


#: What is about scheduled tasks with a stored password.
_ABOUT_TASKS = frozenset(("INS-02", "INS-03", "RUN-02"))


def matters_by_hand(finding: Finding) -> bool:
    """Whether a finding is about a setup that somebody starts by hand: no task is made for it, and the service
    account's password need not be known here, for it is typed on the node."""
    if finding.id == "ACC-03":
        return finding.status is not Status.UNKNOWN
    return finding.id not in _ABOUT_TASKS


#: What a rehearsal sees from inside, where its word counts for more than what was seen from outside.
SEEN_FROM_INSIDE = frozenset(("INS-01", "INS-02", "INS-03", "DKM-02", "DKM-04", "SQL-02", "RUN-02"))


def is_worth_a_rehearsal(findings: tuple[Finding, ...]) -> bool:
    """Whether a run could still begin: nothing stops it but what a rehearsal may see otherwise.

    Else no password need be stored on any node.
    """
    return all(finding.id in SEEN_FROM_INSIDE for finding in blocking(findings))


#: How many checks are named that nobody could judge for one reason: the reason says more than they do.
_NAMED = 3


def stopped_by(stops: tuple[Finding, ...]) -> str:
    """What stops a run, as the end of a sentence: each fail by its check, and what is unknown by why it is."""
    by_reason: dict[str, list[str]] = {}
    for finding in stops:
        # Each of those that fail has a remedy of its own; the many that are unknown have one together.
        reason = "" if finding.status is Status.FAIL else finding.evidence
        by_reason.setdefault(reason, []).append(finding.id)
    rows = []
    for reason, found in sorted(by_reason.items(), key=lambda row: bool(row[0])):
        ids = list(dict.fromkeys(found))
        if not reason:
            rows.append(", ".join(ids))
        elif len(ids) <= _NAMED + 1:
            rows.append(text("engine.admission.unjudged", reason=reason, checks=", ".join(ids)))
        else:
            named, number = ", ".join(ids[:_NAMED]), len(ids) - _NAMED
            rows.append(text("engine.admission.unjudged_more", reason=reason, checks=named, number=number))
    return "; ".join(rows)


def blocking(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What stops a run: each fail, and each unknown among the minimum (section 10, last line), unless accepted."""
    return tuple(
        finding
        for finding in findings
        if finding.accepted is None
        if finding.status is Status.FAIL or (finding.status is Status.UNKNOWN and finding.minimum)
    )
