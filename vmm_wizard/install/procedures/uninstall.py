"""Uninstall: node after node, passive ones first, the one that owns the role last, which keeps it until then.

A node that owns the role while others keep VMM would break all of them (HAU, PHX): the role is moved away from it
before, and who owns it is read once more right before setup starts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from vmm_wizard.checks import schedule
from vmm_wizard.checks.registry import Finding, judge
from vmm_wizard.checks.schedule import Role, situation
from vmm_wizard.facts.model import Facts, NoAnswer, NodeFacts
from vmm_wizard.install import leftovers, removal, verify
from vmm_wizard.install.admission import blocking
from vmm_wizard.install.calls import Calls
from vmm_wizard.install.details import exit_code_of, staged_work
from vmm_wizard.install.endings import End, LostSight, NodeFailed, Refused
from vmm_wizard.install.events import Event, Notice, PreflightDone, StepChanged, StepState
from vmm_wizard.install.moving import MOVE, is_under_way, move
from vmm_wizard.install.node_run import NodeRun
from vmm_wizard.install.occupancy import Occupied
from vmm_wizard.install.procedures.procedure import Procedure
from vmm_wizard.install.removal import Decision, Fate
from vmm_wizard.install.restarting import RESTART, is_restarting, restart
from vmm_wizard.install.role import Role as RoleSeen
from vmm_wizard.install.role import label_of, role_of, silence
from vmm_wizard.install.verify import Witness
from vmm_wizard.install.vmm_word import REPORT, ask_vmm, remember_jobs, report_work, require_quiet, tell_failed
from vmm_wizard.install.works import console_uninstall_work, uninstall_work
from vmm_wizard.remote.cluster_role import role_state
from vmm_wizard.remote.errors import Cancelled
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.install.context import Context
    from vmm_wizard.install.journal import Step

#: The main steps of setup, as its works call them.
UNINSTALL, CONSOLE = "uninstall", "console"
#: The step that writes down what setup will be told.
DECIDE = "decide"


class Uninstall(Procedure):
    """VMM off the nodes of the order, with its console."""

    lasting = frozenset({UNINSTALL, CONSOLE, MOVE, RESTART})

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        # The plan in the context may get nodes that are only looked at.
        self._places = super().places

    @property
    def places(self) -> tuple[str, ...]:
        return self._places

    def so_far(self) -> str:
        good = self.context.good
        return text("engine.procedures.uninstall.so_far", nodes=", ".join(good)) if good else ""

    def go(self, resumed: bool) -> Generator[Event, None, End]:
        context = self.context
        self._require_typed_name()
        if resumed:
            yield from self._take_up()
        facts = self._all_looked_at()
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
            elif is_restarting(context, node) or self._wants_restart(node):
                yield from self._restart(node)
            else:
                context.good.append(node)
                if self._step(node, UNINSTALL) is None and self._step(node, CONSOLE) is None:
                    yield StepChanged(
                        node, UNINSTALL, StepState.SKIPPED, text("engine.procedures.uninstall.not_installed")
                    )
            facts = context.look()
        return (yield from self._ended(facts))

    # --- what is to be done

    def _require_typed_name(self) -> None:
        typed, name = self.context.order.remove_database, self.context.plan.database.name
        if typed and typed != name:
            raise Refused(
                text("engine.procedures.uninstall.wrong_name", typed=typed, name=name),
                text("engine.procedures.uninstall.type_exactly"),
            )

    def _all_looked_at(self) -> Facts:
        """What is known, with the nodes that may own the role and the plan does not name."""
        context = self.context
        facts = context.look()
        wide = removal.with_outsiders(context.plan, facts)
        if wide is context.plan:
            return facts
        context.plan = wide
        return context.look()

    def _require_last(self, facts: Facts) -> None:
        """The database goes with the last node only. Raises Refused."""
        if not self.context.order.remove_database:
            return
        staying = set(removal.carriers(self.context.plan, facts)) - set(self.places)
        if staying:
            raise Refused(
                text(
                    "engine.procedures.uninstall.would_keep",
                    database=self.context.plan.database.name,
                    nodes=", ".join(sorted(staying)),
                ),
                text("engine.procedures.uninstall.all_or_none"),
            )

    def _next(self, facts: Facts) -> str:
        """The node that is next; empty when all are done."""
        pending = [node for node in self.places if node not in self.context.good]
        role = role_of(self.context.plan, facts)
        return next(iter(removal.in_order(pending, role)), "")

    def _has_vmm(self, facts: Facts, node: str) -> bool:
        """Whether VMM is on a node. Raises Refused where that cannot be told."""
        answer = facts.nodes.get(node)
        if not isinstance(answer, NodeFacts):
            raise Refused(silence(node, answer), text("engine.shared.when_it_answers"))
        if answer.vmm is None and answer.was_unreadable("vmm"):
            raise Refused(
                text("engine.procedures.uninstall.unread", node=node),
                text("engine.procedures.uninstall.give_administrator"),
            )
        return answer.vmm is not None

    # --- one node

    def _uninstall(self, node: str) -> Iterator[Event]:
        context = self.context
        facts = yield from self._admit(node)
        others = [other for other in removal.carriers(context.plan, facts) if other != node]
        seen = role_of(context.plan, facts)
        guard: Callable[[], None] = lambda: None  # noqa: E731
        if seen is not None and others:
            yield from self._move_away(node, facts, seen, others)
            guard = self._guard(node, seen)
        decision = Decision(not others, self._fate(last=not others), removal.is_down(seen))
        context.journal.start(context.run.id, node, DECIDE, str(decision))
        context.journal.finish(context.run.id, node, DECIDE)
        if decision.last:
            name = context.plan.database.name
            yield Notice(node, text(f"engine.procedures.uninstall.last.{decision.database}", node=node, database=name))
        node_run = self._node_run(node, UNINSTALL, last=decision.last, guard=guard)
        yield from node_run.carry_out()
        yield from self._verify(node)

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
        yield StepChanged(node, "preflight", StepState.DONE, text("engine.shared.nothing_in_the_way"))
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
        vmm = answer.vmm if isinstance(answer, NodeFacts) and role_of(plan, facts) is None else None
        if state.role is Role.FOREIGN and vmm is not None and schedule.planned_database(plan, facts, vmm):
            return
        raise Refused(
            text("engine.procedures.uninstall.not_ours", node=node, why=state.why),
            text("engine.procedures.uninstall.give_its_answers"),
        )

    def _require_force(self, facts: Facts) -> None:
        if self.context.order.force and not removal.database_is_lost(facts):
            raise Refused(
                text("engine.procedures.uninstall.not_forced", database=self.context.plan.database.name),
                text("engine.procedures.uninstall.leave_force"),
            )

    # --- the role

    def _move_away(self, node: str, facts: Facts, seen: RoleSeen, others: Sequence[str]) -> Iterator[Event]:
        """Where the node owns the role, or this run moves it away already, see it serve on another node first. Raises
        as `moving.move`."""
        context = self.context
        to = next((other for other in others if is_under_way(context, other)), "")
        if not to:
            if seen.owner != label_of(node):
                return
            going = [place for place in self.places if place not in context.good]
            to = removal.heir(facts, seen, others, going)
        if not to:
            raise Refused(
                text("engine.procedures.uninstall.no_heir", node=node, role=seen.name, others=", ".join(others)),
                text("engine.procedures.uninstall.bring_up"),
            )
        if not is_under_way(context, to):
            yield from self._require_quiet(facts)
            context.require_uncancelled(node)
        yield from move(context, facts, to)
        said = text("engine.procedures.uninstall.moved", role=seen.name, node=node, to=to)
        yield Notice(node, said, text("engine.shared.tell_them"))
        role = role_of(context.plan, facts := context.look())
        if role is not None:
            yield from tell_failed(context, (yield from ask_vmm(context, facts, role)))

    def _require_quiet(self, facts: Facts) -> Iterator[Event]:
        """Jobs that run while the role moves fail, as at a failover. Raises Refused while any run."""
        role = role_of(self.context.plan, facts)
        if role is not None and role.is_online:
            word = yield from ask_vmm(self.context, facts, role)
            yield from require_quiet(self.context, word)
            remember_jobs(self.context, word)

    def _guard(self, node: str, seen: RoleSeen) -> Callable[[], None]:
        """What reads, right before setup starts on `node`, that it does not own the role."""

        def look() -> None:
            calls = Calls(self.context)
            try:
                state = calls.ask(node, lambda session, due: role_state(session, seen.name, due))
            finally:
                calls.close()
            if state.refused:
                raise NodeFailed(
                    text("engine.procedures.uninstall.owner_unread", node=node, role=seen.name, reason=state.refused),
                    text("engine.shared.again"),
                )
            if label_of(state.owner) == label_of(node):
                raise NodeFailed(
                    text("engine.procedures.uninstall.owns_again", node=node, role=seen.name),
                    text("engine.procedures.uninstall.find_out"),
                )

        return look

    # --- afterwards

    def _verify(self, node: str) -> Iterator[Event]:
        """Look until VMM is off the node. Raises NodeFailed, LostSight, Cancelled."""
        decided = self._step(node, DECIDE)
        decision = Decision.read(decided.detail if decided else "")

        def look(facts: Facts) -> tuple[Witness, ...]:
            return removal.witnesses(self.context.plan, facts, node, decision)

        yield from self._settled(node, "verify", look)

    def _console(self, node: str) -> Iterator[Event]:
        """The console goes after the server (CMDTP). Raises as the server's removal."""
        yield from self._node_run(node, CONSOLE).carry_out()
        yield from self._settled(node, "verify console", lambda facts: (removal.console_witness(facts, node),))

    def _restart(self, node: str) -> Iterator[Event]:
        """The restart that setup asked for, when it is wanted; else it is told."""
        context = self.context
        why = text("engine.procedures.uninstall.wants_restart", node=node)
        if is_restarting(context, node) or context.ask_restart(node, why):
            yield from restart(context, node)
            return
        context.journal.start(context.run.id, node, RESTART)
        context.journal.finish(context.run.id, node, RESTART, "done", text("engine.procedures.uninstall.left"))
        yield Notice(node, why, text("engine.procedures.uninstall.restart_yourself", node=node))

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
                    raise NodeFailed(
                        f"{node}: {text('engine.shared.but.ended_well', wrong=bad)}",
                        text("engine.shared.look_at_log", node=node),
                    )
                raise LostSight(
                    text("engine.shared.but.ended_well", wrong=bad), text("engine.shared.when_it_answers_again")
                )
            if context.cancel.wait(context.pace.poll):
                raise Cancelled(node)
        said = "; ".join(row.text for row in rows)
        context.journal.finish(context.run.id, node, step, "done", said)
        yield StepChanged(node, step, StepState.DONE, said)

    def _ended(self, facts: Facts) -> Generator[Event, None, End]:
        """What stays behind, and the last word."""
        context, plan = self.context, self.context.plan
        if not context.changed:
            return End("unchanged", text("engine.procedures.uninstall.on_none", nodes=", ".join(self.places)))
        for node in self.places:
            if self._step(node, UNINSTALL) is not None:
                yield from self._told(leftovers.on_the_node(facts, node))
        if removal.carriers(plan, facts):
            return End("done", self.so_far())
        kept = not context.order.remove_database
        yield from self._told(leftovers.in_the_estate(plan, facts, database_kept=kept))
        return End("done", text("engine.procedures.uninstall.no_node", so_far=self.so_far()))

    @staticmethod
    def _told(rows: Iterable[leftovers.Leftover]) -> Iterator[Event]:
        return (Notice(row.node, row.text, row.remedy) for row in rows)

    # --- what the journal has of this run

    def _take_up(self) -> Iterator[Event]:
        """Go on with what an earlier call of this run left under way."""
        context = self.context
        for node in context.open_nodes():
            step, _ = staged_work(context.journal.attempt(context.run.id, node)["stage"])
            if step == REPORT:
                yield from context.work(node, report_work(context.plan)).take_up()
                continue
            node_run = self._node_run(node, step)
            if (yield from node_run.take_up()) and step == UNINSTALL:
                yield from self._verify(node)

    def _step(self, node: str, step: str) -> Step | None:
        return self.context.journal.step(self.context.run.id, node, step)

    def _wants_restart(self, node: str) -> bool:
        """Whether setup asked for a restart by its exit code, of server or console, and it was not made or declined."""
        rows = [row for row in self.context.journal.steps(self.context.run.id) if row.node == node]
        asked = [row for row in rows if row.step in (UNINSTALL, CONSOLE) and exit_code_of(row) == verify.RESTART_NEEDED]
        return bool(asked) and not any(row.step == RESTART for row in rows[rows.index(asked[-1]) :])

    def _unverified(self, node: str) -> bool:
        """Whether this run took VMM off the node and has not looked yet."""
        steps = [row for row in self.context.journal.steps(self.context.run.id) if row.node == node]
        done = [row.step for row in steps if row.state == "done"]
        return UNINSTALL in done and "verify" not in done[done.index(UNINSTALL) :]
