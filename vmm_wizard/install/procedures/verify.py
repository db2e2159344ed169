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
from vmm_wizard.install.procedures.failover import CONSOLES, own_role
from vmm_wizard.install.procedures.posts import tell_posts
from vmm_wizard.install.procedures.procedure import Procedure
from vmm_wizard.install.role import Role, cannot_take, owner_key
from vmm_wizard.install.verify import Witness
from vmm_wizard.install.vmm_word import Silence, Word, ask_vmm, clear_reports, remember_jobs, require_quiet
from vmm_wizard.remote.errors import Cancelled

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
            own.append(Witness("VMM", True, f"not verified: what VMM says of itself ({word.reason})"))
        state = situation(plan, facts)
        if state.role is not Whose.OURS:
            text = f"POST-01 to POST-04 were not judged, for SQL Server could not be asked: {state.why}"
            yield Notice("", text, f"give the password of {plan.sql_account}")
            own.append(Witness("checks", True, "not verified: POST-01 to POST-04"))
        findings, failed = yield from tell_posts(context, facts)
        wrong = [row.text for row in (*rows, *own) if not row.good]
        wrong += [f"{row.id}: {row.evidence}" for row in failed]
        text = "; ".join(wrong or [row.text for row in own])
        context.journal.finish(context.run.id, "", VERIFY, "failed" if wrong else "done", text)
        yield StepChanged("", VERIFY, StepState.FAILED if wrong else StepState.DONE, text)
        if wrong:
            remedy = failed[0].remedy if failed else "see `vmm-wizard check FILE` and `vmm-wizard explain POST-02`"
            return End("failed", f"VMM is not as it should be: {text}", remedy, findings), word
        nodes = ", ".join(str(node) for node in plan.nodes)
        said = f"VMM is verified on {nodes}: role {role.name} is online on {owner_key(plan, role) or role.owner}"
        said += "" if isinstance(word, VmmReport) else "; what VMM says of itself could not be had"
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
        text = f"VMM could not be asked for its nodes and jobs: {word.reason}"
        yield Notice("", text, vmm_word.BY_HAND)
        if not self.context.confirm((vmm_word.unknown("VMM", "VMM tells its nodes and jobs", text),)):
            raise Refused("not verified: what VMM says of itself is unknown, and was not confirmed", vmm_word.BY_HAND)

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
            why.append(f"its owner {role.owner} is no node of the plan")
        if not others:
            why.append(f"the plan has no node but {home}")
        if why:
            raise Refused(f"role {role.name} is not moved: {'; '.join(why)}", "mend that, then verify again")
        yield from require_quiet(context, word)
        context.require_uncancelled(home)
        remember_jobs(context, word)
        context.journal.start(context.run.id, "", HOME, home)
        context.journal.finish(context.run.id, "", HOME)
        yield Notice("", CONSOLES, "whoever works in VMM now should know")
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
                text = f"the role has not been moved back to {home} yet; run the same command again to go on"
                raise Detached(text) from None
        return facts
