"""What a check is, what it says, and the one list of all of them.

A check is a function of a plan and facts. It returns verdicts; it asks nobody. What it needs and cannot have becomes
*unknown*, never *pass*: facts raise `NotKnown`, answers not given yet are named in `needs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal, cast

from vmm_wizard.checks import schedule
from vmm_wizard.checks.certain import CERTAIN
from vmm_wizard.checks.remedies import Remedy, Team, Whom
from vmm_wizard.checks.schedule import Job
from vmm_wizard.checks.status import OPEN, Status
from vmm_wizard.facts.all_facts import Facts, NoAnswer, NotKnown
from vmm_wizard.plan.model import Acceptance, AskedFor, Plan, unanswered
from vmm_wizard.printable import printable
from vmm_wizard.texts import text

__all__ = [
    "MINIMUM",
    "OPEN",
    "Check",
    "Finding",
    "Judge",
    "NodeJudge",
    "Status",
    "Topic",
    "Verdict",
    "all_checks",
    "check",
    "failed",
    "finding_from_json",
    "judge",
    "judge_one",
    "node_check",
    "not_applicable",
    "or_unknown",
    "passed",
    "unknown",
    "warned",
]

Topic = Literal["account", "dkm", "naming", "cluster", "database", "node", "media", "run"]

#: Asked for before every install; one of them unknown stops it (section 10, last line).
MINIMUM = frozenset(
    (
        *("ACC-03", "ACC-04", "DKM-01", "DKM-02", "NAM-05", "NAM-06", "CLU-05", "CLU-07", "CLU-09", "CLU-10"),
        *("SQL-02", "SQL-05", "SQL-07", "SQL-14", "NOD-08", "NOD-10", "NOD-14", "INS-03", "MED-04", "RUN-02"),
    )
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says of one subject (a node, an address, an account; empty: the plan as a whole).

    `evidence` is what was read, `remedy` the exact command or step that mends it (None when there is nothing to mend).
    """

    status: Status
    evidence: str
    remedy: Remedy | None = None
    subject: str = ""


def passed(evidence: str, *, subject: str = "") -> Verdict:
    """All is well, and `evidence` says what was read."""
    return Verdict(Status.PASS, evidence, None, subject)


def warned(evidence: str, remedy: Remedy, *, subject: str = "") -> Verdict:
    """Setup may go on, but the admin should know."""
    return Verdict(Status.WARN, evidence, remedy, subject)


def failed(evidence: str, remedy: Remedy, *, subject: str = "") -> Verdict:
    """Setup would fail or must not be started."""
    return Verdict(Status.FAIL, evidence, remedy, subject)


def unknown(evidence: str, remedy: Remedy | None = None, *, subject: str = "") -> Verdict:
    """Could not be judged, and why."""
    return Verdict(Status.UNKNOWN, evidence, remedy, subject)


def not_applicable(evidence: str, *, subject: str = "") -> Verdict:
    """Does not apply to this plan or moment, and why."""
    return Verdict(Status.NOT_APPLICABLE, evidence, None, subject)


def or_unknown(judge: Callable[[], Verdict], subject: str = "") -> Verdict:
    """What `judge` says of one subject, *unknown* when a fact is missing: one silent node leaves the others judged."""
    try:
        verdict = judge()
    except NotKnown as gap:
        return _unknown_because(gap.answer, subject)
    return Verdict(verdict.status, verdict.evidence, verdict.remedy, verdict.subject or subject)


Judge = Callable[[Plan, Facts], Verdict | Iterable[Verdict]]
NodeJudge = Callable[[Plan, Facts, str], Verdict]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its id, its topic, the answers it needs, the source of its rule. Its title is in the catalogue."""

    id: str
    topic: Topic
    needs: tuple[str, ...]
    source: str
    per_node: bool
    judge: Judge | NodeJudge

    @property
    def title(self) -> str:
        """What it is called."""
        return text(f"checks.{self.id}.title")

    @property
    def minimum(self) -> bool:
        """Whether an install is refused while this is unknown."""
        return self.id in MINIMUM


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict with the check that gave it: what reports, the wizard and the run look at. Its texts can be shown as
    they are, whatever an estate has answered.

    `steps`: the remedy by the team that carries each part out; `remedy` is all of them as text. `accepted`: the admin
    accepts it as it is; `asked`: whom the admin has asked to mend it. Both leave state, evidence and remedy alone.
    """

    id: str
    title: str
    topic: Topic
    source: str
    status: Status
    subject: str
    evidence: str
    remedy: str
    steps: tuple[Remedy, ...] = ()
    accepted: Acceptance | None = None
    asked: tuple[AskedFor, ...] = ()

    @property
    def minimum(self) -> bool:
        """Whether an install is refused while this is unknown."""
        return self.id in MINIMUM

    @property
    def teams(self) -> tuple[Team, ...]:
        """Who must act for this to be mended, each once, first the one to ask."""
        return tuple(dict.fromkeys(step.whom.team for step in self.steps))

    def as_json(self) -> dict[str, Any]:
        """The finding as `check --json` prints it."""
        return {
            "id": self.id,
            "status": self.status.value,
            "subject": self.subject,
            "title": self.title,
            "topic": self.topic,
            "evidence": self.evidence,
            "remedy": self.remedy,
            "teams": [team.value for team in self.teams],
            "source": self.source,
            "accepted": _accepted_json(self.accepted),
            "asked": [
                {"team": row.team, "ticket": row.ticket, "on": str(row.on) if row.on else ""} for row in self.asked
            ],
        }


def finding_from_json(document: Mapping[str, Any]) -> Finding:
    """What can be told again of a finding that `Finding.as_json` wrote: all but who carries out each part of its
    remedy, and whom the admin has asked. Raises KeyError, TypeError or ValueError for what is none."""
    row = document["accepted"]
    accepted = None
    if row is not None:
        day = date.fromisoformat(row["on"]) if row["on"] else None
        accepted = Acceptance(document["id"], document["subject"], row["reason"], row["by"], day)
    texts = {key: str(document[key]) for key in ("id", "title", "topic", "source", "subject", "evidence", "remedy")}
    return Finding(**texts, status=Status(document["status"]), accepted=accepted)  # type: ignore[arg-type]


def _accepted_json(row: Acceptance | None) -> dict[str, str] | None:
    return None if row is None else {"reason": row.reason, "by": row.by, "on": str(row.on) if row.on else ""}


_CHECKS: dict[str, Check] = {}


def check(check_id: str, *, topic: Topic, source: str, needs: tuple[str, ...] = ()) -> Callable[[Judge], Judge]:
    """Register a check of the plan as a whole. `needs` are keys of an answer file that must be answered first."""

    def register(judge: Judge) -> Judge:
        _add(Check(check_id, topic, needs, source, False, judge))
        return judge

    return register


def node_check(
    check_id: str, *, topic: Topic, source: str, needs: tuple[str, ...] = ()
) -> Callable[[NodeJudge], NodeJudge]:
    """Register a check that is judged for each node: the function gets the node's qualified name as third argument."""

    def register(judge: NodeJudge) -> NodeJudge:
        _add(Check(check_id, topic, (*needs, "cluster.nodes"), source, True, judge))
        return judge

    return register


def _add(entry: Check) -> None:
    if entry.id in _CHECKS:
        raise ValueError(f"check {entry.id} is registered twice")
    _CHECKS[entry.id] = entry


def all_checks() -> tuple[Check, ...]:
    """Every check, sorted by topic as in section 10 and by number."""
    from vmm_wizard.checks import (  # noqa: F401
        account,
        addresses,
        afterwards,
        answer_file,
        cluster,
        cluster_health,
        database,
        dkm,
        installer,
        library,
        logon_rights,
        media,
        naming,
        node,
        node_agreement,
        node_network,
        node_software,
        principals,
        role_record,
        run,
        sql_database,
        sql_kerberos,
        sql_server,
        surroundings,
    )

    order = ("ACC", "INS", "DKM", "NAM", "CLU", "SQL", "LIB", "NOD", "MED", "RUN", "POST")
    return tuple(sorted(_CHECKS.values(), key=lambda entry: (order.index(entry.id.partition("-")[0]), entry.id)))


def _finding(entry: Check, verdict: Verdict, plan: Plan) -> Finding:
    steps = verdict.remedy.steps if verdict.remedy else ()
    finding = Finding(
        entry.id,
        entry.title,
        entry.topic,
        entry.source,
        verdict.status,
        printable(verdict.subject),
        printable(verdict.evidence),
        printable(str(verdict.remedy or "")),
        tuple(Remedy(Whom(one.whom.team, printable(one.whom.words)), printable(one.step)) for one in steps),
    )
    return _marked(finding, plan) if finding.status in OPEN else finding


def _marked(finding: Finding, plan: Plan) -> Finding:
    """The finding with what the plan says of it. What makes setup roll back for certain is never accepted."""
    if not plan.accepted and not plan.asked:
        return finding
    accepted = next((row for row in plan.accepted if _is_about(row, finding, plan)), None)
    asked = tuple(row for row in plan.asked if _is_about(row, finding, plan))
    return replace(finding, accepted=None if finding.id in CERTAIN else accepted, asked=asked)


def _is_about(row: Acceptance | AskedFor, finding: Finding, plan: Plan) -> bool:
    if row.check != finding.id:
        return False
    subject = finding.subject.casefold()
    named = printable(row.subject).casefold()
    # A node may be named in short.
    return named == subject or (
        bool(named) and any(node.key == subject and node.label.casefold() == named for node in plan.nodes)
    )


def _unknown_because(answer: NoAnswer, subject: str) -> Verdict:
    return unknown(answer.reason, subject=subject)


def _judge_node(entry: Check, plan: Plan, facts: Facts, node: str, job: Job) -> Verdict:
    excuse = schedule.excuse(entry.id, plan, facts, node, job)
    if excuse:
        return not_applicable(excuse, subject=node)
    return or_unknown(lambda: cast(NodeJudge, entry.judge)(plan, facts, node), node)


def judge_one(entry: Check, plan: Plan, facts: Facts, job: Job = Job.INSTALL) -> Iterator[Finding]:
    """The findings of one check for `job`, at least one. What need not be judged then is *not applicable*."""
    open_answers = unanswered(plan, entry.needs)
    if open_answers:
        yield _finding(entry, unknown(text("evidence.registry.not_answered", answers=", ".join(open_answers))), plan)
        return
    if entry.per_node:
        for node in plan.nodes:
            yield _finding(entry, _judge_node(entry, plan, facts, node.key, job), plan)
        return
    excuse = schedule.excuse(entry.id, plan, facts, job=job)
    if excuse:
        yield _finding(entry, not_applicable(excuse), plan)
        return
    try:
        verdicts = cast(Judge, entry.judge)(plan, facts)
        rows = [verdicts] if isinstance(verdicts, Verdict) else list(verdicts)
    except NotKnown as gap:
        rows = [_unknown_because(gap.answer, "")]
    for verdict in rows or [not_applicable(text("evidence.registry.nothing"))]:
        yield _finding(entry, verdict, plan)


def judge(
    plan: Plan, facts: Facts, topics: frozenset[Topic] | None = None, job: Job = Job.INSTALL
) -> tuple[Finding, ...]:
    """All findings about `plan` given `facts`, for `job`; `topics` limits them. Pure: the same arguments, the same
    findings."""
    return tuple(
        finding
        for entry in all_checks()
        if topics is None or entry.topic in topics
        for finding in judge_one(entry, plan, facts, job)
    )
