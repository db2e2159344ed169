"""What every procedure works with: plan and order, what is known, tasks on nodes, and the journal of this run."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from vmm_wizard import log
from vmm_wizard.checks.registry import Finding, Status, judge
from vmm_wizard.facts.model import Facts, NoAnswer, NodeFacts, NotKnown
from vmm_wizard.facts.rehearsal import REHEARSAL_PREFIX
from vmm_wizard.install.admission import blocking, is_worth_a_rehearsal, stopped_by
from vmm_wizard.install.asking import RESTART, Ask, restart_question, take_default
from vmm_wizard.install.cluster_lock import ClusterLock
from vmm_wizard.install.doubt import Doubts
from vmm_wizard.install.endings import End, NodeFailed, Pace, Refused
from vmm_wizard.install.events import Event, PreflightDone, StepChanged, StepState
from vmm_wizard.install.hand_run import HandRun
from vmm_wizard.install.journal import Journal, Run
from vmm_wizard.install.node_run import NodeRun
from vmm_wizard.install.occupancy import Occupied, make_way
from vmm_wizard.install.results import Result
from vmm_wizard.install.works import Work
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret, Secrets
from vmm_wizard.preflight import Preflight
from vmm_wizard.remote.errors import Cancelled, LogonRefused, RemoteError
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.addresses import Addresses
    from vmm_wizard.install.orders import Order
    from vmm_wizard.remote.kept import KeptSessions
    from vmm_wizard.remote.session import Session
    from vmm_wizard.remote.task import RemoteTask

_log = logging.getLogger(__name__)

#: Asked once when something is unknown that is no reason to stop: go on?
Confirm = Callable[[tuple[Finding, ...]], bool]


@dataclass
class Context:
    """One call of one run. `good` are the nodes that are as the order wants them; `changed_before`: an earlier call of
    this run had begun to change something."""

    plan: Plan
    order: Order
    secrets: Secrets
    preflight: Preflight
    journal: Journal
    run: Run
    pace: Pace
    confirm: Confirm
    cancel: threading.Event
    ask: Ask = take_default
    #: The wish to end a setup that runs, and to begin nothing more.
    end_setup: threading.Event = field(default_factory=threading.Event)
    #: With it, a cancelled run is gone on with by another process: nothing that waits is taken away.
    leaving: threading.Event = field(default_factory=threading.Event)
    changed_before: bool = False
    changed_now: bool = False
    good: list[str] = field(default_factory=list)
    node_runs: list[NodeRun] = field(default_factory=list)
    _lock: ClusterLock | None = None
    _looked: bool = False
    _rehearsed: bool = False
    _confirmed: bool = False

    # --- how it stands

    @property
    def changed(self) -> bool:
        """Whether this run has begun to change something on a node."""
        return (
            self.changed_before
            or self.changed_now
            or any(row.begun and not row.work.harmless for row in self.node_runs)
        )

    def open_nodes(self) -> list[str]:
        """The nodes where something of this run may be: staged there, and not cleared away since."""
        return list(self.journal.open_nodes(self.run.id))

    def require_uncancelled(self, place: str) -> None:
        """Raises Cancelled when the user has asked to stop."""
        if self.cancel.is_set() or self.end_setup.is_set():
            raise Cancelled(place)

    def end(self, result: Result, text: str, remedy: str = "", *, resumable: bool = False) -> End:
        """How this call ends."""
        return End(result, log.masked(text), log.masked(remedy), resumable=resumable)

    # --- looking

    @property
    def rehearsal_id(self) -> str:
        """The name of this run's rehearsals on the nodes."""
        return REHEARSAL_PREFIX + self.run.id

    def look(self, rehearse_on: Collection[str] | None = ()) -> Facts:
        """All facts, asked anew, passwords proved anew by one bind each; rehearsed on these nodes (None: all that setup
        will still run on). Raises Cancelled."""
        self.preflight.passwords.expire()
        same_sessions, self._looked = self._looked, True
        updates = self.preflight.run(
            self.plan,
            fresh=True,
            same_sessions=same_sessions,
            rehearse=rehearse_on is None or bool(rehearse_on),
            rehearse_on=rehearse_on,
            rehearsal_id=self.rehearsal_id,
            rehearse_if=is_worth_a_rehearsal,
            cancel=self.cancel,
        )
        *_, last = (None, *updates)
        if self.cancel.is_set() or last is None or last.waiting:
            raise Cancelled("preflight")
        return last.facts

    def admit(self, node: str, concerns: Callable[[Finding], bool] = lambda _: True) -> Generator[Event, None, Facts]:
        """The preflight right before setup on `node`, of the findings that `concerns` is true for. The first rehearses
        on all nodes: what is wrong with the last one is better known before the first is installed. By hand nothing is
        rehearsed, for no task is made. Raises Refused, Occupied."""
        self.journal.start(self.run.id, node, "preflight")
        yield StepChanged(node, "preflight", StepState.STARTED)
        facts = self.look(() if self.order.by_hand else (node,) if self._rehearsed else None)
        self._rehearsed = True
        findings = tuple(filter(concerns, judge(self.plan, facts)))
        stops = blocking(findings)
        yield PreflightDone(findings, stops, node)
        try:
            yield from self.make_way(facts)
            self.require_good(node, findings, stops)
        except (Refused, Occupied) as refusal:
            self.journal.finish(self.run.id, node, "preflight", "failed", str(refusal))
            yield StepChanged(node, "preflight", StepState.FAILED, str(refusal))
            raise
        self.journal.finish(self.run.id, node, "preflight")
        yield StepChanged(node, "preflight", StepState.DONE, text("engine.shared.nothing_in_the_way"))
        return facts

    def require_good(self, node: str, findings: tuple[Finding, ...], stops: tuple[Finding, ...]) -> None:
        """Raises Refused where `stops` are, where the user does not go on beside what is unknown, and where the cluster
        could not be locked."""
        if stops:
            raise Refused(text("engine.context.stopped", node=node, stops=stopped_by(stops)))
        unknowns = tuple(finding for finding in findings if finding.status is Status.UNKNOWN and not finding.accepted)
        if unknowns and not self._confirmed:
            self._confirmed = self.confirm(unknowns)
            if not self._confirmed:
                # Who is asked to stop answers no question: that is no refusal.
                self.require_uncancelled(node)
                raise Refused(text("engine.context.unconfirmed", node=node))
        self.lock.require()

    def make_way(self, facts: Facts) -> Iterator[Event]:
        """Hold the cluster, and take away what earlier runs of ours left. Raises Occupied, RemoteError."""
        before = self.lock.hold(facts)
        yield from make_way(self.run, facts, self.journal, self.task, self.pace.poll)
        if before is not None:
            yield self.lock.take_over(before)

    def clear_rehearsals(self) -> None:
        """A call that was killed while it rehearsed may have left a task, or a folder, on any node."""
        for node in self.plan.nodes:
            task = self.task(self.rehearsal_id, node.key)
            try:
                task.remove(end_running=True)
            except LogonRefused:
                raise
            except RemoteError as error:
                # The preflight that follows says so, if it is still true.
                _log.warning("rehearsal on %s: %s", node, error)
            finally:
                task.close()

    @property
    def lock(self) -> ClusterLock:
        """The lock that lies on the cluster."""
        if self._lock is None:
            self._lock = ClusterLock(self.plan, self.order.job, self.run.id, self.journal, self._session)
        return self._lock

    # --- doing

    def ask_restart(self, node: str, why: str) -> bool:
        """Whether `node` is to be restarted now: as the order says, else as the user answers; nobody's answer is no.
        `why` is one sentence."""
        return self.order.restart or self.ask(restart_question(node, why)) == RESTART

    def _session(self, node: str, seconds: float) -> Session:
        from vmm_wizard.facts.questions import questions

        # By a proved password alone: one that was refused meanwhile is not tried again. Raises NotKnown.
        access = questions(self.plan, self.preflight.addresses.ca_file or "").access
        proved = partial(self.preflight.probes.secret, access=access)
        connect, _ = node_connector(self.plan, node, proved, self.preflight.addresses, self.preflight.kept)
        return connect(time.monotonic() + seconds, threading.Event())

    def password(self, account: AccountName) -> Secret:
        """The password of an account. Raises NodeFailed when nobody gave it."""
        secret = self.secrets.get(account)
        if secret is None:
            raise NodeFailed(
                text("engine.context.password_missing", account=account), text("engine.context.give_password")
            )
        return secret

    def stop_password(self, account: AccountName, meaning: str) -> None:
        """A node took a proved password for wrong: it was changed, and no probe may try it again."""
        from vmm_wizard.facts.questions import questions

        access = questions(self.plan, self.preflight.addresses.ca_file or "").access
        secret = self.secrets.get(account)
        if access is not None and secret is not None:
            self.preflight.passwords.refuse(account, secret, access, meaning)

    def work(self, node: str, work: Work, guard: Callable[[], None] = lambda: None) -> NodeRun:
        """One work on one node, to be carried out or taken up; `guard` as in NodeRun."""

        def about_to_start() -> None:
            # Setup restarts WinRM on the node, and with it ends whatever waits there.
            self.preflight.kept.drop(node)
            guard()

        task = self.task(self.run.id, node)
        kind = HandRun if work.by_hand else NodeRun
        node_run = kind(
            *(work, node, self.run.id, task, self.password, self.journal, self.pace, self.cancel),
            ask=self.ask,
            end_setup=self.end_setup,
            leaving=self.leaving,
            sessions=lambda: self.sql_sessions(node),
            guard=about_to_start,
            ready=self.lock.require,
            doubt=Doubts(self, node),
        )
        self.node_runs.append(node_run)
        return node_run

    def sql_sessions(self, node: str) -> int | None:
        """How many sessions a node has on the plan's SQL Server; None where that cannot be asked."""
        from vmm_wizard.facts.questions import questions

        asked = questions(self.plan, self.preflight.addresses.ca_file or "")
        if asked.sql is None:
            return None
        try:
            label = node.partition(".")[0].upper()
            answer = self.preflight.probes.sql_sessions(asked.sql, asked.access, label)
        except NotKnown:
            return None
        return answer if isinstance(answer, int) else None

    def task(self, run_id: str, node: str) -> RemoteTask:
        """A run of ours on a machine, whether it is one of the plan's nodes or another one."""
        addresses, kept = self.preflight.addresses, self.preflight.kept
        return open_task(self.plan, node, run_id, self.password, addresses, self.cancel, kept)

    def ask_machine(self, host: str, reaching: tuple[str, int] | None = None) -> NodeFacts | NoAnswer:
        """What a machine that is none of the plan's nodes (full name, lower case) says of itself now. `reaching`: host
        and port that it tries to connect to, in place of SQL Server's; how that went is in its `sql`."""
        from vmm_wizard.facts.questions import node_question, questions

        ca_file = self.preflight.addresses.ca_file or ""
        access = questions(self.plan, ca_file).access
        try:
            question = node_question(self.plan, host, ca_file)
            if reaching is not None:
                question = replace(question, sql_host=reaching[0], sql_instance="", sql_port=reaching[1])
            return self.preflight.probes.node(question, access)
        except NotKnown as gap:
            return gap.answer


def node_connector(
    plan: Plan,
    host: str,
    password: Callable[[AccountName], Secret],
    addresses: Addresses,
    kept: KeptSessions | None = None,
) -> tuple[Callable[[float, threading.Event], Session], str]:
    """What opens a session with a machine as the account of the nodes, given a deadline and a cancel flag; its place.
    `kept` may have one.

    Raises AddressError where it cannot be located, and what `password` raises.
    """
    from vmm_wizard.facts.nodes import connector
    from vmm_wizard.facts.questions import node_question

    question = node_question(plan, host, addresses.ca_file or "")
    return connector(question, password(question.account), addresses, kept)


def open_task(
    plan: Plan,
    host: str,
    run_id: str,
    password: Callable[[AccountName], Secret],
    addresses: Addresses,
    cancel: threading.Event,
    kept: KeptSessions | None = None,
) -> RemoteTask:
    """A run on a machine (fully qualified, lower case), each call one attempt; nothing is connected to yet.

    Raises AddressError where the machine cannot be located, and what `password` raises.
    """
    from vmm_wizard.remote.task import RemoteTask

    connect, place = node_connector(plan, host, password, addresses, kept)
    return RemoteTask(connect, place, run_id, plan.installing_account, patience=0.0, cancel=cancel)
