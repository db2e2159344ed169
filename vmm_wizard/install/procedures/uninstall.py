"""Uninstall: node after node, passive ones first, the one that owns the role last, which keeps it until then.

A node that owns the role while others keep VMM would break all of them (HAU, PHX): the role is moved away from it
before, and who owns it is read once more right before setup starts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING

from vmm_wizard.checks import schedule
from vmm_wizard.checks.registry import Finding, judge
from vmm_wizard.checks.schedule import Role, situation
from vmm_wizard.facts.model import Facts, NoAnswer, NodeFacts
from vmm_wizard.install import leftovers, removal
from vmm_wizard.install.admission import blocking
from vmm_wizard.install.endings import End, LostSight, NodeFailed, Refused
from vmm_wizard.install.events import Event, Notice, PreflightDone, StepChanged, StepState
from vmm_wizard.install.node_run import NodeRun, staged_work
from vmm_wizard.install.occupancy import Occupied
from vmm_wizard.install.procedures.procedure import Procedure
from vmm_wizard.install.removal import Decision, Fate, RoleSeen, label_of
from vmm_wizard.install.verify import Witness
from vmm_wizard.install.works import console_uninstall_work, uninstall_work
from vmm_wizard.remote.cluster_role import RoleState, move_role, role_state
from vmm_wizard.remote.errors import Cancelled, RemoteError

if TYPE_CHECKING:
    from vmm_wizard.install.journal import Step
    from vmm_wizard.remote.task import RemoteTask

#: The main steps of setup, as its works call them.
UNINSTALL, CONSOLE = "uninstall", "console"
#: The steps that move the role away, and that write down what setup will be told.
MOVE, DECIDE = "move role", "decide"


class Uninstall(Procedure):
    """VMM off the nodes of the order, with its console."""

    lasting = frozenset({UNINSTALL, CONSOLE, MOVE})

    def so_far(self) -> str:
        good = self.context.good
        return f"VMM is off {', '.join(good)}" if good else ""

    def go(self, resumed: bool) -> Generator[Event, None, End]:
        context = self.context
        self._require_typed_name()
        if resumed:
            yield from self._take_up()
        facts = context.look()
        yield from context.make_way(facts)
        self._require_last(facts)
        while node := self._next(facts):
            context.require_uncancelled(node)
            if self._has_vmm(facts, node):
                yield from self._uninstall(node)
            elif self._unverified(node):
                yield from self._verify(node)
            elif removal.has_console(facts, node):
                yield from self._console(node)
            else:
                context.good.append(node)
                if self._step(node, UNINSTALL) is None and self._step(node, CONSOLE) is None:
                    yield StepChanged(node, UNINSTALL, StepState.SKIPPED, "VMM is not installed here")
            facts = context.look()
        return (yield from self._ended(facts))

    # --- what is to be done

    def _require_typed_name(self) -> None:
        typed, name = self.context.order.remove_database, self.context.plan.database.name
        if typed and typed != name:
            raise Refused(
                f"{typed!r} is not the name of the database, which is {name!r}",
                "type exactly its name to have it removed, or leave that out: then it is kept",
            )

    def _require_last(self, facts: Facts) -> None:
        """The database goes with the last node only. Raises Refused."""
        if not self.context.order.remove_database:
            return
        staying = self._carriers(facts).keys() - set(self.places)
        if staying:
            raise Refused(
                f"database {self.context.plan.database.name} cannot be removed: {', '.join(sorted(staying))} would "
                "keep VMM, and needs it",
                "uninstall all nodes, or leave the database",
            )

    def _next(self, facts: Facts) -> str:
        """The node that is next; empty when all are done."""
        pending = [node for node in self.places if node not in self.context.good]
        role = removal.role_seen(self.context.plan, facts)
        return next(iter(removal.in_order(pending, role)), "")

    def _carriers(self, facts: Facts) -> dict[str, str]:
        plan = self.context.plan
        outside = {host: self.context.ask_machine(host) for host in removal.outsiders(plan, facts)}
        return removal.carriers(plan, facts, outside)

    def _has_vmm(self, facts: Facts, node: str) -> bool:
        """Whether VMM is on a node. Raises Refused where that cannot be told."""
        answer = facts.nodes.get(node)
        if not isinstance(answer, NodeFacts):
            reason = f": {answer.reason}" if isinstance(answer, NoAnswer) else ""
            raise Refused(f"{node} does not answer{reason}", "when it answers, run the same command again")
        if answer.vmm is None and answer.was_unreadable("vmm"):
            raise Refused(
                f"whether VMM is installed on {node} cannot be read", "give a local administrator as node_account"
            )
        return answer.vmm is not None

    # --- one node

    def _uninstall(self, node: str) -> Iterator[Event]:
        context = self.context
        facts = yield from self._admit(node)
        others = [other for other in self._carriers(facts) if other != node]
        role = removal.role_seen(context.plan, facts, node)
        guard: Callable[[], None] = lambda: None  # noqa: E731
        if role is not None and others:
            to = self._heir(node, role, others)
            if to:
                yield from self._move_away(node, role, to)
            guard = self._guard(node, role)
        decision = Decision(not others, self._fate(last=not others), role is not None and role.was_down)
        context.journal.start(context.run.id, node, DECIDE, str(decision))
        context.journal.finish(context.run.id, node, DECIDE)
        if decision.last:
            kept = {"kept": "is kept", "gone": "is removed", "lost": "is not looked at"}[decision.database]
            yield Notice(node, f"{node} is the last node with VMM: database {context.plan.database.name} {kept}")
        node_run = self._node_run(node, UNINSTALL, last=decision.last, guard=guard)
        yield from node_run.carry_out()
        yield from self._verify(node, node_run)

    def _fate(self, *, last: bool) -> Fate:
        order = self.context.order
        return "gone" if last and order.remove_database else "lost" if last and order.force else "kept"

    def _node_run(
        self, node: str, step: str, *, last: bool = False, guard: Callable[[], None] = lambda: None
    ) -> NodeRun:
        context = self.context
        if step == CONSOLE:
            return context.work(node, console_uninstall_work(context.plan))
        remove = last and bool(context.order.remove_database)
        work = uninstall_work(context.plan, last_node=last, remove_database=remove, force=context.order.force)
        return context.work(node, work, guard)

    def _admit(self, node: str) -> Generator[Event, None, Facts]:
        """The preflight right before `node` goes. Raises Refused, Occupied."""
        context = self.context
        context.journal.start(context.run.id, node, "preflight")
        yield StepChanged(node, "preflight", StepState.STARTED)
        facts = context.look()
        rows = judge(context.plan, facts, job=schedule.Job.UNINSTALL)
        findings = tuple(row for row in rows if self._concerns(row, node))
        stops = blocking(findings)
        yield PreflightDone(findings, stops, node)
        try:
            yield from context.make_way(facts)
            self._require_ours(facts, node)
            self._require_force(facts)
            context.require_good(node, findings, stops)
        except (Refused, Occupied) as refusal:
            context.journal.finish(context.run.id, node, "preflight", "failed", str(refusal))
            yield StepChanged(node, "preflight", StepState.FAILED, str(refusal))
            raise
        context.journal.finish(context.run.id, node, "preflight")
        yield StepChanged(node, "preflight", StepState.DONE, "nothing stands in the way")
        return facts

    def _concerns(self, finding: Finding, node: str) -> bool:
        """Whether a finding is about this uninstall: not one of a node that stays, nor, where the database is known to
        be lost, of SQL Server."""
        others = {other.key for other in self.context.plan.nodes} - {node, *self.places}
        if finding.subject.casefold() in others or finding.subject.casefold() in self.context.good:
            return False
        return not (self.context.order.force and finding.topic == "database")

    def _require_ours(self, facts: Facts, node: str) -> None:
        """Raises Refused unless the VMM on the node is the plan's. One whose role is gone already was half removed."""
        plan = self.context.plan
        state = situation(plan, facts)
        answer = facts.nodes[node]
        if state.role is Role.OURS:
            return
        vmm = answer.vmm if isinstance(answer, NodeFacts) and removal.role_seen(plan, facts, node) is None else None
        if state.role is Role.FOREIGN and vmm is not None and schedule.planned_database(plan, facts, vmm):
            return
        raise Refused(
            f"not started on {node}: the VMM there is not this plan's ({state.why})",
            "give the answers of the VMM that is to go: role name, cluster and database",
        )

    def _require_force(self, facts: Facts) -> None:
        if self.context.order.force and not removal.database_is_lost(facts):
            raise Refused(
                f"database {self.context.plan.database.name} can be read: setup need not be forced",
                "leave --force out: it is for a database that is gone or unreadable",
            )

    # --- the role

    def _move_away(self, node: str, role: RoleSeen, to: str) -> Iterator[Event]:
        """Move the role off a node, or wait for a move that was begun. Raises NodeFailed, RemoteError, Cancelled."""
        context = self.context
        context.journal.start(context.run.id, node, MOVE, to)
        context.changed_now = True
        yield StepChanged(node, MOVE, StepState.STARTED, f"role {role.name} moves to {to}")
        task = context.task(context.run.id, node, context.pace.patience)
        try:
            state = self._moved(task, role, node, to)
        except (NodeFailed, RemoteError) as error:
            context.journal.finish(context.run.id, node, MOVE, "failed", str(error))
            yield StepChanged(node, MOVE, StepState.FAILED, str(error))
            raise
        finally:
            task.close()
        context.journal.finish(context.run.id, node, MOVE)
        yield StepChanged(node, MOVE, StepState.DONE, f"role {role.name} is {state.state} on {state.owner}")
        text = f"role {role.name} moved from {node} to {to}: open consoles lose it and connect again by themselves"
        yield Notice(node, text, "jobs that ran in VMM have failed: start them again in the console")

    def _moved(self, task: RemoteTask, role: RoleSeen, node: str, to: str) -> RoleState:
        """Begin the move, and wait for the role where it was moved to."""
        context = self.context
        since = time.monotonic()
        state = task.ask(lambda session, deadline: move_role(session, role.name, to, deadline))
        while not state.refused and time.monotonic() - since < context.pace.moving:
            arrived = label_of(state.owner) != label_of(node) and not state.is_moving
            if arrived and (state.is_online or role.was_down):
                return state
            task.pause(context.pace.poll)
            state = task.ask(lambda session, deadline: role_state(session, role.name, deadline))
        why = state.refused or f"it is {state.state} on {state.owner} after {context.pace.moving:.0f} seconds"
        raise NodeFailed(
            f"role {role.name} did not move from {node} to {to}: {why}",
            f"on {node}: Get-ClusterGroup; Get-ClusterResource; mend what does not come online, then run it again",
        )

    def _heir(self, node: str, role: RoleSeen, others: list[str]) -> str:
        """Where the role goes; empty when it need not be moved. Raises Refused."""
        begun = self._step(node, MOVE)
        if role.owner != label_of(node):
            return begun.detail if begun is not None and begun.state == "started" else ""
        going = [place for place in self.places if place not in self.context.good]
        to = removal.heir(role, node, others, going)
        if not to:
            raise Refused(
                f"not started on {node}: it owns role {role.name}, and none of {', '.join(others)} can take it",
                "bring one of them up (Get-ClusterNode; Start-ClusterNode); one that is gone for good is taken out of "
                "the cluster (Remove-ClusterNode) and out of the answers",
            )
        return to

    def _guard(self, node: str, role: RoleSeen) -> Callable[[], None]:
        """What reads, right before setup starts on `node`, that it does not own the role."""

        def look() -> None:
            task = self.context.task(self.context.run.id, node)
            try:
                state = task.ask(lambda session, deadline: role_state(session, role.name, deadline))
            finally:
                task.close()
            if state.refused:
                raise NodeFailed(f"{node}: who owns role {role.name} cannot be read ({state.refused})", "run it again")
            if label_of(state.owner) == label_of(node):
                raise NodeFailed(
                    f"{node} owns role {role.name} again: setup is not started there, it would break the other nodes",
                    "find out who moved it (cluster events), then run it again",
                )

        return look

    # --- afterwards

    def _verify(self, node: str, node_run: NodeRun | None = None) -> Iterator[Event]:
        """Look until VMM is off the node. Raises NodeFailed, LostSight, Cancelled."""
        decided = self._step(node, DECIDE)
        decision = Decision.read(decided.detail if decided else "")

        def look(facts: Facts) -> tuple[Witness, ...]:
            return removal.witnesses(self.context.plan, facts, node, decision)

        yield from self._settled(node, "verify", look)
        if node_run is not None and node_run.needs_restart:
            yield Notice(node, f"{node} wants a restart", f"Restart-Computer on {node}, when nothing else runs there")

    def _console(self, node: str) -> Iterator[Event]:
        """The console goes after the server (CMDTP). Raises as the server's removal."""
        yield from self._node_run(node, CONSOLE).carry_out()
        yield from self._settled(node, "verify console", lambda facts: (removal.console_witness(facts, node),))

    def _settled(self, node: str, step: str, look: Callable[[Facts], tuple[Witness, ...]]) -> Iterator[Event]:
        """Look until all is as it should be. Raises NodeFailed, LostSight, Cancelled."""
        context = self.context
        context.journal.start(context.run.id, node, step)
        yield StepChanged(node, step, StepState.STARTED)
        since = time.monotonic()
        while True:
            facts = context.look()
            rows = look(facts)
            bad = "; ".join(row.text for row in rows if not row.good)
            if not bad:
                break
            answer = facts.nodes.get(node)
            is_final = isinstance(answer, NoAnswer) and answer.code == "logon"
            limit = context.pace.settling if isinstance(answer, NodeFacts) else context.pace.patience
            if is_final or time.monotonic() - since >= limit:
                context.journal.finish(context.run.id, node, step, "failed", bad)
                yield StepChanged(node, step, StepState.FAILED, bad)
                if isinstance(answer, NodeFacts):
                    raise NodeFailed(f"{node}: setup ended well, but {bad}", f"look at SetupWizard.log on {node}")
                raise LostSight(f"setup ended well, but {bad}", "when it answers again, run the same command to go on")
            if context.cancel.wait(context.pace.poll):
                raise Cancelled(node)
        text = "; ".join(row.text for row in rows)
        context.journal.finish(context.run.id, node, step, "done", text)
        yield StepChanged(node, step, StepState.DONE, text)

    def _ended(self, facts: Facts) -> Generator[Event, None, End]:
        """What stays behind, and the last word."""
        context, plan = self.context, self.context.plan
        if not context.changed:
            return End("unchanged", f"VMM is on none of {', '.join(self.places)}")
        for node in self.places:
            if self._step(node, UNINSTALL) is not None:
                yield from self._told(leftovers.on_the_node(facts, node))
        if self._carriers(facts):
            return End("done", self.so_far())
        kept = not context.order.remove_database
        yield from self._told(leftovers.in_the_estate(plan, facts, database_kept=kept))
        return End("done", f"{self.so_far()}; no node has VMM any more")

    @staticmethod
    def _told(rows: Iterable[leftovers.Leftover]) -> Iterator[Event]:
        return (Notice(row.node, row.text, row.remedy) for row in rows)

    # --- what the journal has of this run

    def _take_up(self) -> Iterator[Event]:
        """Go on with what an earlier call of this run left under way."""
        context = self.context
        for node in context.open_nodes():
            step, _ = staged_work(context.journal.attempt(context.run.id, node)["stage"])
            node_run = self._node_run(node, step)
            if (yield from node_run.take_up()) and step == UNINSTALL:
                yield from self._verify(node, node_run)

    def _step(self, node: str, step: str) -> Step | None:
        rows = self.context.journal.steps(self.context.run.id)
        return next((row for row in rows if (row.node, row.step) == (node, step)), None)

    def _unverified(self, node: str) -> bool:
        """Whether this run took VMM off the node and has not looked yet."""
        steps = [row for row in self.context.journal.steps(self.context.run.id) if row.node == node]
        done = [row.step for row in steps if row.state == "done"]
        return UNINSTALL in done and "verify" not in done[done.index(UNINSTALL) :]
