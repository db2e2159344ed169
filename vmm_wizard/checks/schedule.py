"""What is judged when: how far an installation has come, seen from plan and facts, and which checks that concerns.

What must be absent before the first node is there, rightly, before the second. So each check is judged for a job, a
phase and a node (section 10 of the fact sheet): what exists is fine only when it is the planned role itself.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from vmm_wizard.facts.model import (
    ClusterFacts,
    Facts,
    NoAnswer,
    NodeFacts,
    NotKnown,
    SqlFacts,
    VmmFacts,
)
from vmm_wizard.facts.node_parts import cluster_of, vmm_of
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text

#: Windows service of the VMM management server.
VMM_SERVICE = "SCVMMService"


class Job(StrEnum):
    """What the checks are made for."""

    INSTALL = "install"
    UNINSTALL = "uninstall"


class Phase(StrEnum):
    """What a node is to the job: the first one to get VMM, another one after it, or one that has it."""

    FIRST = "first"
    ADDITIONAL = "additional"
    AFTER = "after"


class Role(StrEnum):
    """The VMM role on the planned cluster: none, the one that this plan describes, another's, or not to be told."""

    NONE = "none"
    OURS = "ours"
    FOREIGN = "foreign"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Situation:
    """How far the planned installation has come. `why` says, in a sentence, what the role was judged by.

    `nodes`: the phase of each planned node by its key; None for a node that did not answer, or not in that. `gap` is
    set while the role is unknown.
    """

    role: Role
    why: str
    nodes: Mapping[str, Phase | None]
    gap: NoAnswer | None = None

    @property
    def phase(self) -> Phase | None:
        """The phase of the plan as a whole: AFTER when every node has VMM; None while the role is unknown."""
        if self.role is Role.UNKNOWN:
            return None
        if self.nodes and all(phase is Phase.AFTER for phase in self.nodes.values()):
            return Phase.AFTER
        return Phase.ADDITIONAL if self.role is Role.OURS else Phase.FIRST

    @property
    def ours(self) -> bool:
        """Whether the role that exists is the planned one; raises NotKnown when that cannot be told."""
        if self.gap is not None:
            raise NotKnown(self.gap)
        return self.role is Role.OURS


class _Last(threading.local):
    """The situation that a thread worked out last, with what of: every check of one judgement asks for the same."""

    known: tuple[Plan, Facts, Situation] | None = None


_LAST = _Last()


def situation(plan: Plan, facts: Facts) -> Situation:
    """How far the installation of `plan` has come. Pure, and total: what is not known is in the answer."""
    known = _LAST.known
    if known is None or known[0] is not plan or known[1] is not facts:
        role, why, gap = _role(plan, facts)
        known = _LAST.known = (plan, facts, Situation(role, why, dict(_phases(plan, facts, role)), gap))
    return known[2]


def _phases(plan: Plan, facts: Facts, role: Role) -> Iterator[tuple[str, Phase | None]]:
    for number, node in enumerate(plan.nodes):
        answer = facts.nodes.get(node.key)
        if not isinstance(answer, NodeFacts) or (answer.vmm is None and answer.was_unreadable("vmm")):
            yield node.key, None
        elif answer.vmm is not None and role is Role.OURS:
            yield node.key, Phase.AFTER
        else:
            yield node.key, Phase.ADDITIONAL if number or role is Role.OURS else Phase.FIRST


def planned_cluster(plan: Plan, cluster: ClusterFacts) -> bool:
    """Whether `cluster` is the one that the plan names."""
    return cluster.name.partition(".")[0].casefold() == plan.cluster.name.label.casefold()


def vmm_group(cluster: ClusterFacts) -> str | None:
    """The cluster group that runs the VMM service, found by content, not by name; None when there is none."""
    for service in cluster.services:
        if service.service_name.casefold() == VMM_SERVICE.casefold():
            return service.group
    return None


def _role(plan: Plan, facts: Facts) -> tuple[Role, str, NoAnswer | None]:
    answers = {node.key: facts.nodes.get(node.key) for node in plan.nodes}
    seen = {name: answer for name, answer in answers.items() if isinstance(answer, NodeFacts)}
    if not seen:
        gap = next((answer for answer in answers.values() if isinstance(answer, NoAnswer)), None)
        gap = gap or NoAnswer(text("evidence.schedule.not_asked"))
        return Role.UNKNOWN, gap.reason, gap
    clusters = [node.cluster for node in seen.values() if node.cluster is not None]
    cluster = next((row for row in clusters if vmm_group(row) is not None), None)
    try:
        installed = {name: vmm for name, node in seen.items() if (vmm := vmm_of(node)) is not None}
        if not clusters:
            for node in seen.values():
                cluster_of(node)
    except NotKnown as missing:
        return Role.UNKNOWN, missing.answer.reason, missing.answer
    if cluster is None:
        if not installed:
            return Role.NONE, text("evidence.schedule.role.none"), None
        return Role.FOREIGN, text("evidence.schedule.role.lost", nodes=", ".join(installed)), None
    return _found(plan, facts, cluster, installed, [name for name in answers if name not in seen])


def _found(
    plan: Plan, facts: Facts, cluster: ClusterFacts, installed: Mapping[str, VmmFacts], silent: list[str]
) -> tuple[Role, str, NoAnswer | None]:
    group = vmm_group(cluster) or ""
    what = text("evidence.schedule.role.runs", cluster=cluster.name, role=group)
    if not planned_cluster(plan, cluster) or group.casefold() != plan.cluster.role_name.key:
        planned = plan.cluster
        why = text("evidence.schedule.role.not_planned", what=what, role=planned.role_name, cluster=planned.name)
        return Role.FOREIGN, why, None
    for name, vmm in installed.items():
        if not vmm.sql_database:
            gap = NoAnswer(text("evidence.schedule.role.unread", what=what, name=name), "unreadable")
            return Role.UNKNOWN, gap.reason, gap
        if not planned_database(plan, facts, vmm):
            used = f"{vmm.sql_machine} {vmm.sql_instance}".strip()
            names = {"node": name, "database": vmm.sql_database, "server": used}
            return Role.FOREIGN, text("evidence.schedule.role.other_database", what=what, **names), None
    if installed:
        database = plan.database
        why = text("evidence.schedule.role.ours", what=what, database=database.name, target=database.target)
        return Role.OURS, why, None
    if silent:
        gap = NoAnswer(text("evidence.schedule.role.silent", what=what, nodes=", ".join(silent)))
        return Role.UNKNOWN, gap.reason, gap
    return Role.FOREIGN, text("evidence.schedule.role.elsewhere", what=what), None


def planned_database(plan: Plan, facts: Facts, vmm: VmmFacts) -> bool:
    """Whether a VMM uses the plan's database, by what its node's registry says."""
    if vmm.sql_database.casefold() != plan.database.name.casefold():
        return False
    sql = facts.sql if isinstance(facts.sql, SqlFacts) else None
    machine = vmm.sql_machine.partition(".")[0].casefold()
    # Listeners are told as `name:port`.
    listeners = {re.split(r"[.:]", name)[0].casefold() for name in (sql.listeners or ())} if sql else set()
    # Once the database is in an availability group, the registry names the listener, as instance too (HASQL).
    if machine in listeners:
        return True
    names = {plan.database.target.label.casefold()}
    if sql:
        names.add(sql.machine_name.casefold())
    instance = vmm.sql_instance.casefold()
    wanted = plan.database.target.instance.casefold()
    return machine in names and ("" if instance == "mssqlserver" else instance) == wanted


def pending_nodes(plan: Plan, facts: Facts) -> tuple[str, ...]:
    """The planned nodes, by key and in order, that setup will still run on (as far as is known)."""
    phases = situation(plan, facts).nodes
    return tuple(node.key for node in plan.nodes if phases[node.key] is not Phase.AFTER)


# --- the table


@dataclass(frozen=True, slots=True)
class When:
    """The phases that a check is judged in, and why it is not in the others: the key, in table `schedule.otherwise` of
    the catalogue, of the sentence that says it."""

    phases: frozenset[Phase]
    otherwise: str = ""


ALWAYS = When(frozenset(Phase))
#: For what setup needs on its way in and nobody needs later.
UNTIL_INSTALLED = When(frozenset({Phase.FIRST, Phase.ADDITIONAL}), "installed_already")
#: For what only the first node makes.
FIRST_ONLY = When(frozenset({Phase.FIRST}), "role_exists")
#: For what can only be seen afterwards.
INSTALLED = When(frozenset({Phase.AFTER}), "not_installed")
#: For the role as a whole, from its first node on.
ROLE_EXISTS = When(frozenset({Phase.ADDITIONAL, Phase.AFTER}), "no_role_yet")

#: For what concerns only the other job.
BEFORE_UNINSTALL = When(frozenset(), "before_uninstall")
NOT_FOR_UNINSTALL = When(frozenset(), "not_for_uninstall")
#: What an uninstall needs on the nodes that have VMM, and of the role.
TO_UNINSTALL = When(frozenset({Phase.AFTER}), "nothing_to_uninstall")
TO_UNINSTALL_ROLE = When(frozenset({Phase.ADDITIONAL, Phase.AFTER}), "no_role")

#: What holds for a check that the table does not name.
UNNAMED: Mapping[Job, When] = {Job.INSTALL: ALWAYS, Job.UNINSTALL: NOT_FOR_UNINSTALL}

#: When each check is judged. A check that is not named here is judged as `UNNAMED` says.
TABLE: Mapping[Job, Mapping[str, When]] = {
    Job.INSTALL: {
        # the installing account's rights and setup's own needs end with setup
        "INS-01": UNTIL_INSTALLED,
        "INS-02": UNTIL_INSTALLED,
        "INS-03": UNTIL_INSTALLED,
        "INS-04": UNTIL_INSTALLED,
        "DKM-02": UNTIL_INSTALLED,
        "DKM-04": UNTIL_INSTALLED,
        "DKM-07": UNTIL_INSTALLED,
        "SQL-02": UNTIL_INSTALLED,
        "SQL-06": FIRST_ONLY,
        "SQL-07": UNTIL_INSTALLED,
        "SQL-08": UNTIL_INSTALLED,
        "SQL-13": UNTIL_INSTALLED,
        "SQL-15": FIRST_ONLY,
        "SQL-17": ROLE_EXISTS,
        "SQL-19": FIRST_ONLY,
        "NOD-02": UNTIL_INSTALLED,
        "NOD-03": UNTIL_INSTALLED,
        "NOD-06": UNTIL_INSTALLED,
        "NOD-07": UNTIL_INSTALLED,
        "NOD-08": UNTIL_INSTALLED,
        "NOD-10": UNTIL_INSTALLED,
        # VMM itself listens on its ports from then on
        "NOD-12": UNTIL_INSTALLED,
        # the database has its collation
        "NOD-19": UNTIL_INSTALLED,
        "NOD-20": UNTIL_INSTALLED,
        "MED-01": UNTIL_INSTALLED,
        "MED-02": UNTIL_INSTALLED,
        "MED-03": UNTIL_INSTALLED,
        "MED-04": UNTIL_INSTALLED,
        "RUN-01": UNTIL_INSTALLED,
        "RUN-02": UNTIL_INSTALLED,
        "RUN-03": UNTIL_INSTALLED,
        "RUN-04": BEFORE_UNINSTALL,
        # the first node's setup registers the names; POST-03 judges them from then on
        "ACC-08": FIRST_ONLY,
        "ACC-09": FIRST_ONLY,
        # the first node's setup makes the role's computer object
        "CLU-05": FIRST_ONLY,
        "POST-01": INSTALLED,
        "POST-02": ROLE_EXISTS,
        "POST-03": ROLE_EXISTS,
        "POST-04": INSTALLED,
    },
    # setup.exe runs once more, as a task of the same account, and takes the node out of cluster and database
    Job.UNINSTALL: {
        "INS-01": TO_UNINSTALL,
        "INS-02": TO_UNINSTALL_ROLE,
        "INS-03": TO_UNINSTALL,
        "CLU-01": TO_UNINSTALL,
        "CLU-03": TO_UNINSTALL_ROLE,
        "SQL-01": TO_UNINSTALL,
        "SQL-02": TO_UNINSTALL_ROLE,
        "NOD-08": TO_UNINSTALL,
        "NOD-11": TO_UNINSTALL,
        "NOD-14": TO_UNINSTALL,
        "MED-01": TO_UNINSTALL,
        "MED-03": TO_UNINSTALL,
        "RUN-03": TO_UNINSTALL,
        "RUN-04": TO_UNINSTALL,
    },
}


def when(check_id: str, job: Job = Job.INSTALL) -> When:
    """When a check is judged in a job."""
    return TABLE[job].get(check_id, UNNAMED[job])


def excuse(check_id: str, plan: Plan, facts: Facts, node: str = "", job: Job = Job.INSTALL) -> str:
    """Why a check is not judged for `node` (empty: for the plan as a whole) now; empty when it is.

    What cannot be told yet is no excuse: the check itself then says what is missing.
    """
    rule = when(check_id, job)
    if rule is ALWAYS:
        return ""
    if not rule.phases:
        return _said(rule)
    state = situation(plan, facts)
    phase = state.nodes.get(node) if node else state.phase
    return "" if phase is None or phase in rule.phases else _said(rule)


def _said(rule: When) -> str:
    return text(f"evidence.schedule.otherwise.{rule.otherwise}")
