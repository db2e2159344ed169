"""Moving VMM's role to another node: begun once, followed until it serves there, told when it does not (HAC, CPS)."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vmm_wizard.addresses import AddressError
from vmm_wizard.facts.model import Facts, NodeFacts
from vmm_wizard.install import verify
from vmm_wizard.install.calls import Calls
from vmm_wizard.install.endings import Detached, LostSight, NodeFailed, Refused, logon_refused
from vmm_wizard.install.events import Event, Notice, StepChanged, StepState
from vmm_wizard.install.role import Role, cannot_take, label_of, role_of
from vmm_wizard.install.verify import Witness
from vmm_wizard.remote.cluster_role import RoleState, move_role, role_state
from vmm_wizard.remote.errors import Cancelled, LogonRefused, RemoteError
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.install.context import Context
    from vmm_wizard.install.journal import Step

#: The step that moves the role to a node; in the journal it is that node's, and its detail where the role came from.
MOVE = "move"


def where_to_look() -> str:
    """What to look at when a role does not come up: its resources, and the cluster's events of a failed resource or
    role."""
    return text("engine.moving.look")


def move_step(context: Context, to: str) -> Step | None:
    """The step in the journal by which this run moves the role to `to`; None before it."""
    return context.journal.step(context.run.id, to, MOVE)


def is_under_way(context: Context, to: str) -> bool:
    """Whether an earlier call of this run has begun the move to `to` and did not see its end."""
    step = move_step(context, to)
    return step is not None and step.state == "started"


def move(context: Context, facts: Facts, to: str) -> Generator[Event, None, Facts]:
    """Move the role to `to` (a planned node by full name) and wait until it serves there; the facts after it.

    A move that this run has begun is gone on with, and one that is done already is only looked at. `facts` are those of
    now. Raises Refused where the node cannot take the role and none was begun; NodeFailed where it does not come up;
    Detached when we are asked to stop on the way: the cluster goes on by itself; LostSight, Cancelled, JournalError.
    """
    role = role_of(context.plan, facts)
    if role is None:
        raise Refused(text("engine.moving.no_role"), text("engine.shared.explain_role"))
    if not is_under_way(context, to):
        require_able(facts, role, to)
        context.lock.require()
        context.journal.start(context.run.id, to, MOVE, text("engine.moving.from", role=role.name, owner=role.owner))
    yield StepChanged(to, MOVE, StepState.STARTED, text("engine.moving.on", role=role.name, owner=role.owner))
    try:
        yield from _Move(context, role, to).go()
        facts, said = yield from _settled(context, role, to)
    except NodeFailed as error:
        context.journal.finish(context.run.id, to, MOVE, "failed", str(error))
        yield StepChanged(to, MOVE, StepState.FAILED, str(error))
        raise
    context.journal.finish(context.run.id, to, MOVE)
    yield StepChanged(to, MOVE, StepState.DONE, said)
    return facts


def require_able(facts: Facts, role: Role, to: str) -> None:
    """Raises Refused where `to` cannot take the role now, or the role is not online."""
    why = cannot_take(facts, role, to)
    if why:
        raise Refused(
            text("engine.moving.not_moved", role=role.name, to=to, why=why), text("engine.moving.another_node")
        )
    if not role.is_online:
        raise Refused(
            text("engine.moving.not_online", role=role.name, to=to, state=role.state, owner=role.owner),
            text("engine.moving.bring_online", look=where_to_look()),
        )


@dataclass
class _Move:
    """One move as it is followed. `sent`: the cluster may have been asked to move; `begun`: it said that it does."""

    context: Context
    role: Role
    to: str
    sent: bool = False
    begun: bool = False
    left: bool = False
    _since: float = field(default_factory=time.monotonic)
    _bad_since: float | None = None
    _away_since: float | None = None

    def go(self) -> Iterator[Event]:
        """Until the role is online on its new owner. Raises as `move`."""
        self.sent = is_under_way(self.context, self.to) and self.role.state.casefold() == "pending"
        calls = Calls(self.context)
        try:
            while not (yield from self._look(calls)):
                if self.context.cancel.wait(self.context.pace.poll):
                    raise self._stopped()
        except Cancelled:
            raise self._stopped() from None
        finally:
            calls.close()

    def _stopped(self) -> Detached | Cancelled:
        if not self.sent:
            return Cancelled(self.to)
        return Detached(text("engine.moving.goes_on", role=self.role.name, to=self.to))

    def _look(self, calls: Calls) -> Generator[Event, None, bool]:
        """One look, and the order to move where none was given; whether the role has arrived."""
        nodes = (self.to, *(node.key for node in self.context.plan.nodes if node.key != self.to))
        try:
            state = calls.ask_any(nodes, lambda session, due: role_state(session, self.role.name, due))
            if self._is_to_be_begun(state):
                self.sent = self.context.changed_now = True
                state = calls.ask_any(nodes, lambda session, due: move_role(session, self.role.name, self.to, due))
                self.begun = not state.refused
        except LogonRefused as error:
            raise logon_refused(error) from None
        except Cancelled:
            raise
        except (RemoteError, AddressError) as error:
            yield from self._away(error)
            return False
        if self._away_since is not None:
            self._away_since = None
            yield Notice(self.to, text("engine.moving.answers_again"))
        return self._judged(state)

    def _is_to_be_begun(self, state: RoleState) -> bool:
        return state.is_online and not self._is_there(state) and not self.begun and not self.left

    def _is_there(self, state: RoleState) -> bool:
        return label_of(state.owner) == label_of(self.to)

    def _judged(self, state: RoleState) -> bool:
        """Whether the role has arrived. Raises NodeFailed where it never will, LostSight where it takes too long."""
        pace, name = self.context.pace, self.role.name
        where = text(
            "engine.moving.where",
            state=state.state or text("engine.moving.nowhere"),
            owner=state.owner or text("engine.moving.no_node"),
        )
        if state.refused:
            raise NodeFailed(
                text("engine.moving.refused", role=name, to=self.to, reason=state.refused), where_to_look()
            )
        there, now = self._is_there(state), time.monotonic()
        if there and state.is_online:
            return True
        self.left = self.left or there or state.is_moving
        if state.is_online and self.left:
            raise NodeFailed(text("engine.moving.did_not_stay", role=name, to=self.to, where=where), where_to_look())
        if state.is_moving:
            self._bad_since = None
        elif self._bad_since is None:
            # A resource that fails is started again once or twice before the cluster gives it up.
            self._bad_since = now
        elif now - self._bad_since >= pace.settling:
            raise NodeFailed(
                text("engine.moving.does_not_come_up", role=name, to=self.to, where=where), where_to_look()
            )
        if now - self._since >= pace.moving:
            raise LostSight(
                text("engine.moving.too_long", role=name, to=self.to, minutes=pace.moving / 60, where=where),
                where_to_look(),
            )
        return False

    def _away(self, error: Exception) -> Iterator[Event]:
        now = time.monotonic()
        if self._away_since is None:
            self._away_since = now
            yield Notice(self.to, text("engine.moving.trying_again", error=error))
        if now - self._away_since >= self.context.pace.patience:
            raise LostSight(
                text("engine.moving.unseen", role=self.role.name, error=error),
                text("engine.moving.when_one_answers"),
            ) from None


# --- whether it serves there


def witnesses(context: Context, facts: Facts, to: str) -> tuple[Witness, ...]:
    """What says that the role serves on `to`: the node's own witnesses, VMM's service stopped on the others that
    answer, and the console port."""
    plan = context.plan
    rows = [row for row in verify.standing(plan, facts, to) if row.name != "console port"]
    for node in plan.nodes:
        answer = facts.nodes.get(node.key)
        if node.key != to and isinstance(answer, NodeFacts) and answer.vmm is not None:
            service = next(row for row in verify.standing(plan, facts, node.key) if row.name == "service")
            rows.append(Witness("service", service.good, f"{node.key}: {service.text}"))
    return (*rows, verify.console(plan, facts, to))


def _settled(context: Context, role: Role, to: str) -> Generator[Event, None, tuple[Facts, str]]:
    """The facts once the role serves, with what says so. Raises NodeFailed, LostSight; Detached when asked to stop."""
    since = time.monotonic()
    while True:
        try:
            facts = context.look()
        except Cancelled:
            raise Detached(text("engine.moving.see_whether_it_serves", role=role.name, to=to)) from None
        rows = witnesses(context, facts, to)
        bad = "; ".join(row.text for row in rows if not row.good)
        if not bad:
            return facts, "; ".join(row.text for row in rows)
        silent = not isinstance(facts.nodes.get(to), NodeFacts)
        if time.monotonic() - since >= (context.pace.patience if silent else context.pace.settling):
            if silent:
                raise LostSight(
                    text("engine.moving.moved_but", role=role.name, to=to, wrong=bad),
                    text("engine.moving.when_it_answers"),
                )
            raise NodeFailed(text("engine.moving.moved_but", role=role.name, to=to, wrong=bad), where_to_look())
        context.cancel.wait(context.pace.poll)
        yield from ()
