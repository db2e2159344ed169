"""Prepare: what setup wants is brought to the nodes, one after the other, for the share's sake."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from vmm_wizard import log
from vmm_wizard.checks.registry import Finding, judge
from vmm_wizard.facts.model import Facts, NoAnswer, NodeFacts
from vmm_wizard.install.admission import blocking
from vmm_wizard.install.endings import End, LostSight, NodeFailed, Refused
from vmm_wizard.install.events import Event, Notice, PreflightDone, StepChanged, StepState
from vmm_wizard.install.node_run import NodeRun
from vmm_wizard.install.preparing import PREPARE, Prepared, lacking, prepare_work, unsourced
from vmm_wizard.install.procedures.procedure import Procedure
from vmm_wizard.install.restarting import RESTART, is_restarting, restart, wants_restart
from vmm_wizard.texts import counted, text

#: What the journal keeps of the script's report: that it was read, and whether it wants a restart.
_REPORT, _WANTS_RESTART = "report", "restart wanted"
#: What must hold before a task of ours brings anything to a node: its account, its rights, room, a local place.
CONDITIONS = frozenset({"INS-01", "INS-02", "INS-03", "MED-02", "MED-03", "NOD-03", "NOD-11"})


class Prepare(Procedure):
    """Media, kit, packages and the cluster's feature on each node."""

    lasting = frozenset({PREPARE, RESTART})

    def so_far(self) -> str:
        good = self.context.good
        return counted("engine.procedures.prepare.so_far", len(good), nodes=", ".join(good)) if good else ""

    def go(self, resumed: bool) -> Generator[Event, None, End]:
        context = self.context
        #: What the script said on each node in this call, and setup.exe's hash by the first node that has one.
        self._said: dict[str, Prepared] = {}
        self._digest: tuple[str, str] = ("", "")
        if resumed:
            yield from self._take_up()
        facts = context.look()
        yield from context.make_way(facts)
        for node in self.places:
            context.require_uncancelled(node)
            facts = yield from self._prepare(node, facts)
            context.good.append(node)
        waiting = [node for node in self.places if wants_restart(self._answer(node, facts))]
        if not context.changed:
            return End("unchanged", text("engine.procedures.prepare.nothing", nodes=", ".join(self.places)))
        said = text("engine.procedures.prepare.prepared", nodes=", ".join(self.places))
        if waiting:
            said = text("engine.procedures.prepare.restart_before", said=said, waiting=", ".join(waiting))
        return End("done", said)

    def _take_up(self) -> Iterator[Event]:
        """Go on with what an earlier call of this run left under way."""
        for node in self.context.open_nodes():
            node_run = self._node_run(node)
            if (yield from node_run.take_up()) and node_run.report is not None:
                self._take_in(node, node_run)
        for node in self.places:
            if is_restarting(self.context, node):
                yield from restart(self.context, node)

    def _node_run(self, node: str) -> NodeRun:
        return self.context.work(node, prepare_work(self.context.plan))

    def _answer(self, node: str, facts: Facts) -> NodeFacts:
        """What the node said of itself. Raises Refused: nothing is brought to a node that does not answer."""
        answer = facts.nodes.get(node)
        if isinstance(answer, NodeFacts):
            return answer
        reason = answer.reason if isinstance(answer, NoAnswer) else text("engine.shared.not_asked")
        raise Refused(
            text("engine.procedures.prepare.silent", node=node, reason=reason), text("engine.shared.when_it_answers")
        )

    # --- one node

    def _prepare(self, node: str, facts: Facts) -> Generator[Event, None, Facts]:
        """Bring what lacks, restart where that is wanted and ordered, and look again."""
        context, plan = self.context, self.context.plan
        answer = self._answer(node, facts)
        # Whether packages and the cluster's feature are there is seen from inside alone.
        unseen = bool(plan.prepare.packages) or answer.cluster is None
        if node not in self._said and (lacking(plan, answer) or (unseen and not self._was_prepared(node))):
            yield from self._admit(node, facts)
            node_run = self._node_run(node)
            yield from node_run.carry_out()
            self._take_in(node, node_run)
            facts = context.look()
        elif node not in self._said:
            yield StepChanged(node, PREPARE, StepState.SKIPPED, text("engine.procedures.prepare.nothing_here"))
        yield from self._require_whole(node)
        if self._restart_wanted(node, facts):
            why = text("engine.shared.wants_restart_before", node=node)
            if context.ask_restart(node, why):
                yield from restart(context, node)
                facts = context.look()
            else:
                yield Notice(node, why, text("engine.shared.restart_yourself"))
        yield from self._verify(node, facts)
        return facts

    def _was_prepared(self, node: str) -> bool:
        """Whether an earlier call of this run did all on the node."""
        report = self.context.journal.attempt(self.context.run.id, node).get(_REPORT)
        return report is not None and report.state == "done"

    def _restart_wanted(self, node: str, facts: Facts) -> bool:
        steps = self.context.journal.attempt(self.context.run.id, node)
        report, begun = steps.get(_REPORT), steps.get(RESTART)
        is_done = begun is not None and begun.state == "done"
        wanted = report is not None and report.detail == _WANTS_RESTART and not is_done
        return wanted or wants_restart(self._answer(node, facts))

    def _admit(self, node: str, facts: Facts) -> Iterator[Event]:
        """Raises Refused where a condition does not hold for this node."""
        context = self.context
        others = {other.key for other in context.plan.nodes} - {node}
        findings: tuple[Finding, ...] = tuple(
            row for row in judge(context.plan, facts) if row.id in CONDITIONS and row.subject not in others
        )
        stops = blocking(findings)
        context.journal.start(context.run.id, node, "preflight")
        yield StepChanged(node, "preflight", StepState.STARTED)
        yield PreflightDone(findings, stops, node)
        try:
            context.require_good(node, findings, stops)
        except Refused as refusal:
            context.journal.finish(context.run.id, node, "preflight", "failed", str(refusal))
            yield StepChanged(node, "preflight", StepState.FAILED, str(refusal))
            raise
        context.journal.finish(context.run.id, node, "preflight")
        yield StepChanged(node, "preflight", StepState.DONE, text("engine.shared.nothing_in_the_way"))

    def _take_in(self, node: str, node_run: NodeRun) -> None:
        """Keep what the script said. A node where all was there already was not changed."""
        try:
            said = Prepared.read(node_run.report or {})
        except ValueError as error:
            raise NodeFailed(f"{node}: {error}", text("engine.shared.again")) from None
        self._said[node] = said
        journal, run = self.context.journal, self.context.run.id
        journal.start(run, node, _REPORT, _WANTS_RESTART if said.restart else "")
        journal.finish(run, node, _REPORT, "failed" if said.of("failed") else "done")
        if not said.of("done"):
            node_run.begun = False

    def _require_whole(self, node: str) -> Iterator[Event]:
        """Raises NodeFailed where a part failed, or the media are not the same as on the nodes before."""
        said = self._said.get(node)
        if said is None:
            return
        failed = said.of("failed")
        if failed:
            sentence = log.masked("; ".join(f"{part.name}: {part.text}" for part in failed))
            raise NodeFailed(
                f"{node}: {sentence}",
                text("engine.procedures.prepare.mend", account=self.context.plan.installing_account),
            )
        for part in said.of("done"):
            yield Notice(node, f"{node}: {part.name}: {log.masked(part.text)}")

    # --- afterwards

    def _verify(self, node: str, facts: Facts) -> Iterator[Event]:
        """Look whether all is there. Raises NodeFailed, LostSight."""
        context, plan = self.context, self.context.plan
        answer = facts.nodes.get(node)
        if not isinstance(answer, NodeFacts):
            reason = answer.reason if isinstance(answer, NoAnswer) else text("engine.shared.not_asked")
            raise LostSight(
                text("engine.procedures.prepare.silent_after", node=node, reason=reason),
                text("engine.procedures.prepare.when_it_does"),
            )
        context.journal.start(context.run.id, node, "verify")
        yield StepChanged(node, "verify", StepState.STARTED)
        said = "; ".join(lacking(plan, answer))
        first, digest = self._digest
        if said:
            said = text("engine.procedures.prepare.still_lacks", node=node, what=said)
        elif digest and answer.media.sha256 and digest != answer.media.sha256.casefold():
            said = text("engine.procedures.prepare.another_file", path=plan.media.path, node=node, first=first)
        if said:
            context.journal.finish(context.run.id, node, "verify", "failed", said)
            yield StepChanged(node, "verify", StepState.FAILED, said)
            raise NodeFailed(said, text("engine.procedures.prepare.take_away", path=plan.media.path))
        if not digest and answer.media.sha256:
            self._digest = (node, answer.media.sha256.casefold())
        context.journal.finish(context.run.id, node, "verify")
        yield StepChanged(node, "verify", StepState.DONE, text("engine.procedures.prepare.all_there"))
        for what in unsourced(plan, answer):
            yield Notice(
                node,
                text("engine.procedures.prepare.lacks", node=node, what=what),
                text("engine.procedures.prepare.name_source"),
            )
