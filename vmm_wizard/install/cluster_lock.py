"""The lock on the cluster itself: a wizard of another computer, or of another user, sees it and begins nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vmm_wizard.addresses import AddressError
from vmm_wizard.facts.model import Facts, NodeFacts, NotKnown
from vmm_wizard.install.endings import NodeFailed, Refused
from vmm_wizard.install.events import Event, Notice
from vmm_wizard.install.journal import Journal, whoami
from vmm_wizard.install.occupancy import Occupied
from vmm_wizard.install.orders import Job
from vmm_wizard.plan.model import Plan
from vmm_wizard.remote.errors import LogonRefused, RemoteError
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.remote.cluster_lock import LockHolder, LockState
    from vmm_wizard.remote.session import Session

#: Jobs that change what all nodes share. The others work on one machine at a time, or only look.
LOCKED_JOBS = frozenset({Job.INSTALL, Job.ADD_NODE, Job.REBUILD, Job.UNINSTALL, Job.FAILOVER, Job.VERIFY, Job.PREPARE})
#: Seconds that one call to the node may take.
CALL_SECONDS = 60.0


class ClusterLock:
    """The lock of one run. `connect` opens a session with a node, by its full name, for so many seconds at most."""

    def __init__(
        self, plan: Plan, job: Job, run_id: str, journal: Journal, connect: Callable[[str, float], Session]
    ) -> None:
        self._plan = plan
        self._job = job
        self._run_id = run_id
        self._journal = journal
        self._connect = connect
        #: The node that the lock was taken over; empty: it was not.
        self.node = ""
        self._refusal: Refused | None = None

    def hold(self, facts: Facts) -> LockState | None:
        """Take the lock over the first node whose cluster answers, unless this run has it.

        Gives the lock of an earlier run of this journal, which is to be taken over once it is known that nothing of it
        goes on. What keeps the cluster from answering is told by `require`, for a preflight says it better. Raises
        Occupied when somebody else is at work, LogonRefused.
        """
        if self.node or self._job not in LOCKED_JOBS:
            return None
        # Without any no cluster can be asked, and the preflight stops the run for that.
        for node in _speakers(self._plan, facts):
            try:
                state = self._take(node)
                break
            except Refused as refusal:
                # Its WinRM may be away for a moment: another node tells the same.
                self._refusal = self._refusal or refusal
        else:
            return None
        if state.done:
            self.node = node
            return None
        other = state.holder
        if other is not None and other.run in {run.id for run in self._journal.runs()}:
            return state
        raise Occupied(*occupied(state, self._plan))

    def require(self) -> None:
        """Before something is changed: raises Refused where there is a cluster, and its lock could not be taken."""
        if self._refusal is not None and not self.node:
            raise self._refusal

    def take_over(self, before: LockState) -> Event:
        """Take the lock in place of an earlier run's, as `hold` has seen it, unless it has changed: raises Occupied."""
        from vmm_wizard.remote.cluster_lock import take_over_lock

        assert before.holder is not None
        node = before.holder.node if any(row.key == before.holder.node for row in self._plan.nodes) else ""
        node = node or self._plan.nodes[0].key
        state = self._ask(node, lambda session, due: take_over_lock(session, self._holder(node), before, due))
        if not state.done:
            raise Occupied(*occupied(state, self._plan))
        self.node = node
        return Notice(node, text("engine.cluster_lock.taken_over", run=before.holder.run))

    def release(self, resumed: bool) -> Iterator[Event]:
        """Give the lock back, over any node; `resumed`: an earlier call may have taken it. Tells when that does not
        work; raises nothing."""
        from vmm_wizard.remote.cluster_lock import release_lock

        if not self.node and not (resumed and self._job in LOCKED_JOBS):
            return
        nodes = dict.fromkeys((self.node or self._plan.nodes[0].key, *(node.key for node in self._plan.nodes)))
        self.node = ""
        said = ""
        for node in nodes:
            try:
                self._ask(node, lambda session, due: release_lock(session, self._run_id, due))
                return
            except LogonRefused as error:
                # The same account and password would be refused by the others, and counted.
                said = str(error)
                break
            except (Refused, AddressError, NodeFailed) as error:
                said = said or str(error)
        yield Notice(
            "",
            text("engine.cluster_lock.left", run=self._run_id, cluster=self._plan.cluster.name, reason=said),
            text("engine.cluster_lock.taken_over_next"),
        )

    def _take(self, node: str) -> LockState:
        from vmm_wizard.remote.cluster_lock import take_lock

        return self._ask(node, lambda session, due: take_lock(session, self._holder(node), due))

    def _holder(self, node: str) -> LockHolder:
        from vmm_wizard.remote.cluster_lock import LockHolder

        return LockHolder(self._run_id, whoami(), node, datetime.now(UTC))

    def _ask(self, node: str, call: Callable[[Session, float], LockState]) -> LockState:
        """One call over a session of its own. Raises Refused with one sentence."""
        try:
            session = self._connect(node, CALL_SECONDS)
            try:
                return call(session, time.monotonic() + CALL_SECONDS)
            finally:
                session.close()
        except LogonRefused:
            raise
        except (RemoteError, NotKnown) as error:
            raise Refused(
                text("engine.cluster_lock.cannot_be_asked", cluster=self._plan.cluster.name, node=node, error=error),
                text("engine.cluster_lock.mend_and_look", node=node),
            ) from None


def _speakers(plan: Plan, facts: Facts) -> Iterator[str]:
    """The nodes of the plan that are known to be up in a cluster."""
    for node in plan.nodes:
        answer = facts.nodes.get(node.key)
        if isinstance(answer, NodeFacts) and answer.cluster is not None:
            yield node.key


def occupied(state: LockState, plan: Plan) -> tuple[str, str]:
    """(Who holds the cluster, in a sentence; how to go on)."""
    by_force = text("engine.cluster_lock.by_force")
    holder = state.holder
    if holder is None:
        return text("engine.cluster_lock.unknown_lock", cluster=plan.cluster.name, lock=state.text), by_force
    return (
        text(
            "engine.cluster_lock.held",
            owner=holder.owner,
            cluster=plan.cluster.name,
            run=holder.run,
            node=holder.node,
            since=holder.since,
        ),
        text("engine.cluster_lock.wait_there", run=holder.run, by_force=by_force),
    )
