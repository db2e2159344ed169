"""Planned failover: VMM's role is moved to another node, when nothing runs that would fail by it (HAC, SEED)."""

from __future__ import annotations

from collections.abc import Generator

from vmm_wizard.checks.schedule import Role as Whose
from vmm_wizard.checks.schedule import situation
from vmm_wizard.facts.model import Facts, NodeFacts, SqlFacts
from vmm_wizard.install import verify
from vmm_wizard.install.endings import End, Refused
from vmm_wizard.install.events import Event, Notice, StepChanged, StepState
from vmm_wizard.install.moving import MOVE, move, move_step, require_able, where_to_look
from vmm_wizard.install.procedures.procedure import Procedure
from vmm_wizard.install.role import Role, label_of, role_of
from vmm_wizard.install.vmm_word import ask_vmm, clear_reports, remember_jobs, require_quiet, tell_failed
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text


def own_role(plan: Plan, facts: Facts) -> Role:
    """The plan's role. Raises Refused where there is none, or where it cannot be told to be the plan's."""
    state = situation(plan, facts)
    role = role_of(plan, facts)
    if role is None or (state.role is not Whose.OURS and not _is_ours_by_name(plan, facts, role)):
        raise Refused(text("engine.procedures.failover.not_found", why=state.why), text("engine.shared.explain_role"))
    return role


def _is_ours_by_name(plan: Plan, facts: Facts, role: Role) -> bool:
    """Whether the role is the planned one as far as can be told where nobody could ask SQL Server, whose password
    moving a role does not need: a listener may have taken its name in the registry since, or the plan names none."""
    if isinstance(facts.sql, SqlFacts) or role.name.casefold() != plan.cluster.role_name.key:
        return False
    answers = [answer.vmm for answer in facts.nodes.values() if isinstance(answer, NodeFacts)]
    names = {vmm.sql_database.casefold() for vmm in answers if vmm is not None}
    return bool(names) and (not plan.database.target.host or names == {plan.database.name.casefold()})


class Failover(Procedure):
    """VMM's role on the order's target."""

    lasting = frozenset({MOVE})

    @property
    def places(self) -> tuple[str, ...]:
        return (self.context.order.target,)

    def so_far(self) -> str:
        step = move_step(self.context, self.context.order.target)
        return (
            text("engine.procedures.failover.on", target=self.context.order.target)
            if step is not None and step.state == "done"
            else ""
        )

    def go(self, resumed: bool) -> Generator[Event, None, End]:
        context, to = self.context, self.context.order.target
        if to not in {node.key for node in context.plan.nodes}:
            raise Refused(
                text("engine.procedures.failover.no_node", to=to or text("engine.procedures.failover.nothing")),
                text("engine.procedures.failover.name_node"),
            )
        if resumed:
            yield from clear_reports(context)
        facts = context.look()
        yield from context.make_way(facts)
        role = own_role(context.plan, facts)
        step = move_step(context, to)
        if step is None and role.owner == label_of(to):
            return (yield from self._already(role))
        if step is None or step.state == "failed":
            require_able(facts, role, to)
            word = yield from ask_vmm(context, facts, role)
            yield from require_quiet(context, word)
            context.require_uncancelled(to)
            remember_jobs(context, word)
            yield Notice("", text("engine.procedures.failover.consoles"), text("engine.shared.tell_them"))
        if step is None or step.state != "done":
            facts = yield from move(context, facts, to)
        role = own_role(context.plan, facts)
        yield from tell_failed(context, (yield from ask_vmm(context, facts, role)))
        return End("done", self._serves(role, to))

    def _already(self, role: Role) -> Generator[Event, None, End]:
        to = self.context.order.target
        if not role.is_online:
            raise Refused(
                text("engine.procedures.failover.nothing_moved", node=to, role=role.name, state=role.state),
                where_to_look(),
            )
        said = self._serves(role, to)
        yield StepChanged(to, MOVE, StepState.SKIPPED, said)
        return End("unchanged", said)

    def _serves(self, role: Role, to: str) -> str:
        plan = self.context.plan
        connect = verify.how_to_connect_again(plan)
        return text("engine.procedures.failover.online", role=role.name, node=to, connect=connect)
