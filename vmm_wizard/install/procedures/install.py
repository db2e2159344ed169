"""Install: preflight, then node after node, each verified before the next; what was cut off is taken up."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator

from vmm_wizard.checks.registry import Finding, Status, judge
from vmm_wizard.checks.schedule import Role, pending_nodes, situation
from vmm_wizard.facts.model import Facts, NoAnswer, NodeFacts
from vmm_wizard.install import verify
from vmm_wizard.install.admission import blocking, matters_by_hand
from vmm_wizard.install.details import exit_code_of
from vmm_wizard.install.endings import End, LostSight, NodeFailed
from vmm_wizard.install.events import Event, Notice, StepChanged, StepState
from vmm_wizard.install.node_run import NodeRun
from vmm_wizard.install.procedures.posts import tell_posts
from vmm_wizard.install.procedures.procedure import Procedure
from vmm_wizard.install.restarting import RESTART, is_restarting, restart
from vmm_wizard.install.works import hand_work, install_work
from vmm_wizard.remote.errors import Cancelled
from vmm_wizard.texts import text


class Install(Procedure):
    """VMM on every node of the plan."""

    lasting = frozenset({"setup", RESTART})

    def so_far(self) -> str:
        good = self.context.good
        return text("engine.procedures.install.so_far", nodes=", ".join(good)) if good else ""

    def go(self, resumed: bool) -> Generator[Event, None, End]:
        context = self.context
        if resumed:
            yield from self._take_up()
        facts = context.look()
        yield from context.make_way(facts)
        yield from self._require(facts)
        yield from self._by_hand(facts)
        facts = yield from self._restarts_begun(facts)
        for number, node in enumerate(context.plan.nodes):
            context.require_uncancelled(node.key)
            if node.key in context.good or node.key not in self.places:
                continue
            if node.key not in pending_nodes(context.plan, facts):
                facts = yield from self._pass_by(node.key, facts)
                continue
            yield from self._restart_before(facts)
            facts = yield from context.admit(node.key, self.concerns)
            first = number == 0 and situation(context.plan, facts).role is not Role.OURS
            node_run = self._node_run(node.key, first=first)
            yield from node_run.carry_out()
            facts = yield from self._verify(node_run)
        return (yield from self._verify_role((yield from self._restart_after(facts))))

    def concerns(self, finding: Finding) -> bool:
        """Whether a finding of the preflight is about this job."""
        return not self.context.order.by_hand or matters_by_hand(finding)

    def _by_hand(self, facts: Facts) -> Iterator[Event]:
        """Where setup is started by hand: what that makes no matter of."""
        if not self.context.order.by_hand:
            return
        yield Notice("", text("engine.procedures.install.by_hand"))
        for row in blocking(judge(self.context.plan, facts)):
            if not matters_by_hand(row):
                yield Notice(
                    row.subject, text("engine.procedures.install.stops_none", check=row.id, evidence=row.evidence)
                )

    def _require(self, facts: Facts) -> Iterator[Event]:  # noqa: ARG002 - an install leaves it to the checks
        """What must hold before anything is done, and is to be told. Raises Refused."""
        return iter(())

    def _node_run(self, node: str, *, first: bool) -> NodeRun:
        plan, by_hand = self.context.plan, self.context.order.by_hand
        return self.context.work(
            node, hand_work(plan, node, first=first) if by_hand else install_work(plan, first=first)
        )

    def _take_up(self) -> Iterator[Event]:
        """Go on with what an earlier call of this run left under way."""
        context = self.context
        if any(row.step == "preflight" and not row.ended for row in context.journal.steps(context.run.id)):
            context.clear_rehearsals()
        for node in context.open_nodes():
            node_run = self._node_run(node, first=False)
            if (yield from node_run.take_up()):
                yield from self._verify(node_run)

    def _pass_by(self, node: str, facts: Facts) -> Generator[Event, None, Facts]:
        """A node that has VMM: verified now, if this run installed it and was cut off before."""
        attempt = self.context.journal.attempt(self.context.run.id, node)
        done = {name: step for name, step in attempt.items() if step.state == "done"}
        if "setup" in done and "verify" not in done:
            node_run = self._node_run(node, first=False)
            node_run.exit_code = exit_code_of(done["setup"])
            return (yield from self._verify(node_run))
        self.context.good.append(node)
        yield StepChanged(node, "setup", StepState.SKIPPED, text("engine.procedures.install.there_already"))
        return facts

    # --- verifying

    def _verify(self, node_run: NodeRun) -> Generator[Event, None, Facts]:
        """Look at what setup left, until it has come up. Raises NodeFailed, LostSight, Cancelled."""
        context, node = self.context, node_run.node
        context.journal.start(context.run.id, node, "verify")
        yield StepChanged(node, "verify", StepState.STARTED)
        since = time.monotonic()
        unseen = node_run.work.by_hand and node_run.exit_code is None
        while True:
            facts = context.look()
            witnesses = (
                verify.standing(context.plan, facts, node)
                if unseen
                else verify.witnesses(context.plan, facts, node, node_run.exit_code)
            )
            said = "; ".join(row.text for row in witnesses if not row.good)
            if not said:
                break
            answer = facts.nodes.get(node)
            is_final = isinstance(answer, NoAnswer) and answer.code == "logon"
            limit = context.pace.settling if isinstance(answer, NodeFacts) else context.pace.patience
            if is_final or time.monotonic() - since >= limit:
                context.journal.finish(context.run.id, node, "verify", "failed", said)
                yield StepChanged(node, "verify", StepState.FAILED, said)
                told = text(f"engine.shared.but.{'unseen' if unseen else 'ended_well'}", wrong=said)
                if isinstance(answer, NodeFacts):
                    raise NodeFailed(f"{node}: {told}", text("engine.shared.look_at_log", node=node))
                raise LostSight(told, text("engine.shared.when_it_answers_again"))
            if context.cancel.wait(context.pace.poll):
                raise Cancelled(node)
        said = "; ".join(row.text for row in witnesses)
        context.journal.finish(context.run.id, node, "verify", "done", said)
        context.good.append(node)
        yield StepChanged(node, "verify", StepState.DONE, said)
        return facts

    # --- restarts

    def _restarts_begun(self, facts: Facts) -> Generator[Event, None, Facts]:
        """The nodes that an earlier call of this run has begun to restart are seen back first."""
        for node in self.context.plan.nodes:
            if is_restarting(self.context, node.key):
                yield from restart(self.context, node.key)
                facts = self.context.look()
        return facts

    def _restart_before(self, facts: Facts) -> Iterator[Event]:
        """Where nothing but pending restarts stands in setup's way, make them, if that is wanted: on all nodes, for the
        preflight before one judges them all. What is left is for that to say."""
        stops = blocking(tuple(filter(self.concerns, judge(self.context.plan, facts))))
        if {row.id for row in stops} != {"NOD-08"} or any(row.status is not Status.FAIL for row in stops):
            return
        for node in (row.subject for row in stops if row.subject in self.places):
            why = text("engine.procedures.install.windows_wants_restart", node=node)
            if self.context.ask_restart(node, why):
                yield from restart(self.context, node)
            else:
                yield Notice(node, why, text("engine.shared.restart_yourself"))

    def _restart_after(self, facts: Facts) -> Generator[Event, None, Facts]:
        """The restarts that setup asked for by its exit code, once every node has VMM: the role has somewhere to go."""
        context = self.context
        for node in context.plan.nodes:
            if not self._wants_restart(node.key):
                continue
            why = text("engine.procedures.install.wants_restart_after", node=node)
            if context.ask_restart(node.key, why):
                yield from restart(context, node.key)
                facts = context.look()
            else:
                remedy = text("engine.procedures.install.move_before")
                yield Notice(node.key, text("engine.procedures.install.wants_restart", node=node), remedy)
        return facts

    def _wants_restart(self, node: str) -> bool:
        """Whether this run's setup asked for a restart of the node, and that was not seen done since."""
        rows = [row for row in self.context.journal.steps(self.context.run.id) if row.node == node]
        setup = next((row for row in rows if row.step == "setup" and row.state == "done"), None)
        if setup is None or exit_code_of(setup) != verify.RESTART_NEEDED:
            return False
        return not any(row.step == RESTART and row.state == "done" for row in rows[rows.index(setup) :])

    # --- the end

    def _verify_role(self, facts: Facts) -> Generator[Event, None, End]:
        """What the checks say of the finished role. A fail among them is no good end, whoever installed it."""
        context = self.context
        context.journal.start(context.run.id, "", "verify")
        findings, failed = yield from tell_posts(context, facts)
        if failed:
            said = "; ".join(f"{row.id}: {row.evidence}" for row in failed)
            context.journal.finish(context.run.id, "", "verify", "failed", said)
            yield StepChanged("", "verify", StepState.FAILED, said)
            return End("failed", text("engine.procedures.install.but", wrong=said), failed[0].remedy, findings)
        said = verify.how_to_connect(context.plan)
        context.journal.finish(context.run.id, "", "verify", "done", said)
        yield StepChanged("", "verify", StepState.DONE, said)
        return End("installed" if context.changed else "unchanged", said, findings=findings)
