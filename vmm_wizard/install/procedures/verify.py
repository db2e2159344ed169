"""Verify: is VMM really installed, highly available, and does its role move? Without moves nothing is changed."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from vmm_wizard.checks.schedule import Role as Whose
from vmm_wizard.checks.schedule import situation
from vmm_wizard.facts.model import Facts
from vmm_wizard.facts.vmm_report import VmmReport
from vmm_wizard.install import verify, vmm_word
from vmm_wizard.install.endings import Detached, End, Refused
from vmm_wizard.install.events import Event, Notice, StepChanged, StepState
from vmm_wizard.install.moving import MOVE, move, move_step
from vmm_wizard.install.procedures.failover import own_role
from vmm_wizard.install.procedures.posts import tell_posts
from vmm_wizard.install.procedures.procedure import Procedure
from vmm_wizard.install.role import Role, cannot_take, owner_key
from vmm_wizard.install.verify import Witness
from vmm_wizard.install.vmm_word import Silence, Word, ask_vmm, clear_reports, remember_jobs, require_quiet
from vmm_wizard.remote.errors import Cancelled
from vmm_wizard.texts import text

#: The step of a node, and of the run as a whole, that says what was verified.
VERIFY = "verify"
#: The run's step in the journal whose detail is the node that the role was on before it was moved anywhere.
HOME = "home"


class Verify(Procedure):
    """VMM on all nodes of the plan: witnesses, VMM's own word, checks; with `moves` the role on each node and back."""

    lasting = frozenset({MOVE})

    def go(self, resumed: bool) -> Generator[Event, None, End]:
        context = self.context
        if resumed:
            yield from clear_reports(context)
        facts = context.look()
        yield from context.make_way(facts)
        role = own_role(context.plan, facts)
        home = self._home()
        if not home:
            end, word = yield from self._standing(facts)
            if end.result != "done" or not context.order.moves:
                return end
            home = yield from self._require_movable(facts, role, word)
        facts = yield from self._moves(facts, home)
        end, word = yield from self._standing(facts)
        yield from vmm_word.tell_failed(context, word)
        return end

    # --- as it stands

    def _standing(self, facts: Facts) -> Generator[Event, None, tuple[End, Word]]:
        """Everything that is looked at while the role stays where it is, and what VMM said."""
        context, plan = self.context, self.context.plan
        context.journal.start(context.run.id, "", VERIFY)
        yield StepChanged("", VERIFY, StepState.STARTED)
        role = own_role(plan, facts)
        rows: list[Witness] = []
        for node in plan.nodes:
            rows += yield from self._node(facts, node.key)
        word = yield from ask_vmm(context, facts, role)
        own = [verify.console(plan, facts, owner_key(plan, role))]
        if isinstance(word, VmmReport):
            own += vmm_word.witnesses(plan, facts, role, word)
        else:
            yield from self._unheard(word)
            own.append(Witness("VMM", True, text("engine.procedures.verify.vmm_silent", reason=word.reason)))
        state = situation(plan, facts)
        if state.role is not Whose.OURS:
            sentence = text("engine.procedures.verify.not_judged", why=state.why)
            yield Notice("", sentence, text("engine.procedures.verify.give_password", account=plan.sql_account))
            own.append(Witness("checks", True, text("engine.procedures.verify.posts")))
        findings, failed = yield from tell_posts(context, facts)
        wrong = [row.text for row in (*rows, *own) if not row.good]
        wrong += [f"{row.id}: {row.evidence}" for row in failed]
        sentence = "; ".join(wrong or [row.text for row in own])
        context.journal.finish(context.run.id, "", VERIFY, "failed" if wrong else "done", sentence)
        yield StepChanged("", VERIFY, StepState.FAILED if wrong else StepState.DONE, sentence)
        if wrong:
            remedy = failed[0].remedy if failed else text("engine.procedures.verify.see_check")
            return End("failed", text("engine.procedures.verify.wrong", wrong=sentence), remedy, findings), word
        nodes = ", ".join(str(node) for node in plan.nodes)
        said = text(
            "engine.procedures.verify.good", nodes=nodes, role=role.name, owner=owner_key(plan, role) or role.owner
        )
        if not isinstance(word, VmmReport):
            said = text("engine.procedures.verify.vmm_unheard", said=said)
        return End("done", f"{said}; {verify.how_to_connect(plan)}", findings=findings), word

    def _node(self, facts: Facts, node: str) -> Generator[Event, None, tuple[Witness, ...]]:
        context = self.context
        context.journal.start(context.run.id, node, VERIFY)
        yield StepChanged(node, VERIFY, StepState.STARTED)
        rows = tuple(row for row in verify.standing(context.plan, facts, node) if row.name != "console port")
        wrong = [row.text for row in rows if not row.good]
        text = "; ".join(wrong or [row.text for row in rows])
        context.journal.finish(context.run.id, node, VERIFY, "failed" if wrong else "done", text)
        yield StepChanged(node, VERIFY, StepState.FAILED if wrong else StepState.DONE, text)
        return tuple(Witness(row.name, row.good, f"{node}: {row.text}") for row in rows)

    def _unheard(self, word: Silence) -> Iterator[Event]:
        """VMM could not be asked: whether that is enough, the user says. Raises Refused."""
        said = text("engine.procedures.verify.cannot_be_asked", reason=word.reason)
        yield Notice("", said, text("engine.vmm_word.by_hand"))
        if not self.context.confirm((vmm_word.unknown("VMM", text("engine.procedures.verify.tells"), said),)):
            raise Refused(text("engine.procedures.verify.unconfirmed"), text("engine.vmm_word.by_hand"))

    # --- with moves

    def _home(self) -> str:
        """Where the role was before this run moved it; empty before it did."""
        step = self.context.journal.step(self.context.run.id, "", HOME)
        return step.detail if step is not None else ""

    def _require_movable(self, facts: Facts, role: Role, word: Word) -> Generator[Event, None, str]:
        """The node that the role comes back to, written down. Raises Refused where it cannot be moved to every node and
        back, or jobs run."""
        context, plan = self.context, self.context.plan
        home = owner_key(plan, role)
        others = [node.key for node in plan.nodes if node.key != home]
        why = [said for said in (cannot_take(facts, role, node) for node in others) if said]
        if not home:
            why.append(text("engine.procedures.verify.stranger", owner=role.owner))
        if not others:
            why.append(text("engine.procedures.verify.alone", home=home))
        if why:
            raise Refused(
                text("engine.procedures.verify.not_moved", role=role.name, why="; ".join(why)),
                text("engine.procedures.verify.mend"),
            )
        yield from require_quiet(context, word)
        context.require_uncancelled(home)
        remember_jobs(context, word)
        context.journal.start(context.run.id, "", HOME, home)
        context.journal.finish(context.run.id, "", HOME)
        yield Notice("", text("engine.procedures.failover.consoles"), text("engine.shared.tell_them"))
        return home

    def _moves(self, facts: Facts, home: str) -> Generator[Event, None, Facts]:
        """The role on each other node, and back; those that this run has seen are not visited again."""
        others = [node.key for node in self.context.plan.nodes if node.key != home]
        for node in (*others, home):
            step = move_step(self.context, node)
            if step is not None and step.state == "done":
                continue
            try:
                self.context.require_uncancelled(node)
                facts = yield from move(self.context, facts, node)
            except Cancelled:
                said = text("engine.procedures.verify.not_back", home=home)
                raise Detached(said) from None
        return facts
