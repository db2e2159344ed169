"""Restarting a node: VMM's role goes to another node before, and another time of beginning says that it is back."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from vmm_wizard.addresses import AddressError
from vmm_wizard.facts.model import Facts, NodeFacts
from vmm_wizard.install.calls import Calls
from vmm_wizard.install.endings import Detached, LostSight, NodeFailed, Refused, logon_refused
from vmm_wizard.install.events import Event, Notice, StepChanged, StepState
from vmm_wizard.install.moving import is_under_way, move
from vmm_wizard.install.role import heir, label_of, owner_key, role_of
from vmm_wizard.remote.errors import Cancelled, LogonRefused, RemoteError
from vmm_wizard.remote.restart import boot_time, is_another_boot, restart_node
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.install.context import Context
    from vmm_wizard.install.journal import Step

#: The step that restarts a node; its detail in the journal is when Windows had begun before.
RESTART = "restart"
#: What stands in the node's event log as the reason.
_REASON = "vmm-wizard: a restart was pending"
#: States in which a node takes part in its cluster.
_MEMBER = ("up", "paused")


def restart_step(context: Context, node: str) -> Step | None:
    """The step in the journal by which this run restarts `node`, as it was begun last; None before it."""
    return context.journal.step(context.run.id, node, RESTART)


def is_restarting(context: Context, node: str) -> bool:
    """Whether an earlier call of this run has begun to restart `node`, and has not seen it back."""
    step = restart_step(context, node)
    return step is not None and step.state == "started"


def wants_restart(answer: NodeFacts) -> bool:
    """Whether Windows waits for a restart; files to be renamed alone are often an agent's (NOD-08)."""
    reboot = answer.reboot
    return reboot.component_servicing or reboot.windows_update or reboot.computer_rename


def restart(context: Context, node: str) -> Generator[Event, None, None]:
    """Restart `node` (of the plan, by full name) and wait until it is back and takes part in its cluster.

    VMM's role is moved away from it before, and no other node may be down. A restart that this run has begun is gone on
    with: Windows is never restarted twice for it. Whether the user wants it is asked by `Context.ask_restart`, before.

    Raises Refused where it must not be restarted now; NodeFailed where Windows refuses, or the role does not move;
    LostSight where it does not come back; Detached when we are asked to stop while it is away; Cancelled, JournalError.
    """
    calls = Calls(context)
    try:
        if not is_restarting(context, node):
            facts = context.look()
            context.lock.require()
            _require_others_up(context, facts, node)
            yield from _move_away(context, facts, node)
            context.require_uncancelled(node)
            before = calls.ask(node, boot_time)
            context.journal.start(context.run.id, node, RESTART, before.isoformat())
        step = restart_step(context, node)
        assert step is not None
        yield StepChanged(node, RESTART, StepState.STARTED, text("engine.restarting.up_since", since=step.detail))
        context.changed_now = True
        context.preflight.kept.drop(node)
        yield from _Restart(context, calls, node, datetime.fromisoformat(step.detail)).go()
    except NodeFailed as error:
        if is_restarting(context, node):
            context.journal.finish(context.run.id, node, RESTART, "failed", str(error))
            yield StepChanged(node, RESTART, StepState.FAILED, str(error))
        raise
    finally:
        calls.close()
    context.journal.finish(context.run.id, node, RESTART)
    yield StepChanged(node, RESTART, StepState.DONE, text("engine.restarting.back", node=node))


# --- before


def _members(context: Context, facts: Facts, node: str) -> dict[str, str]:
    """The nodes of the cluster that `node` is in, by label with their states, as it sees them itself or, where it does
    not, as another planned node does; empty when no node that answers knows it as a member."""
    for key in (node, *(other.key for other in context.plan.nodes if other.key != node)):
        answer = facts.nodes.get(key)
        cluster = answer.cluster if isinstance(answer, NodeFacts) else None
        members = {label_of(row.name): row.state for row in cluster.nodes} if cluster else {}
        if label_of(node) in members:
            return members
    return {}


def _require_others_up(context: Context, facts: Facts, node: str) -> None:
    """Two nodes away at once may cost the cluster its majority, and the role its place. Raises Refused."""
    others = {name: state for name, state in _members(context, facts, node).items() if name != label_of(node)}
    down = [
        text("engine.restarting.is", name=name, state=state)
        for name, state in others.items()
        if state.casefold() not in _MEMBER
    ]
    if down:
        raise Refused(
            text("engine.restarting.another_away", node=node, down=", ".join(down)),
            text("engine.restarting.bring_back"),
        )


def _move_away(context: Context, facts: Facts, node: str) -> Iterator[Event]:
    """Where the node owns VMM's role, or this run moves it away already, see it serve on another node first."""
    role = role_of(context.plan, facts)
    if role is None:
        return
    others = [other.key for other in context.plan.nodes if other.key != node]
    to = next((other for other in others if is_under_way(context, other)), "")
    if not to and (owner_key(context.plan, role) != node or not role.is_online):
        return
    to = to or heir(context.plan, facts, role, node)
    if to:
        yield from move(context, facts, to)
        return
    if role.possible_owners - {label_of(node)}:
        raise Refused(
            text("engine.restarting.owns", node=node, role=role.name),
            text("engine.restarting.bring_another"),
        )
    yield Notice(node, text("engine.restarting.alone", node=node, role=role.name))


# --- the restart itself


@dataclass
class _Restart:
    """One restart as it is followed. `before` is when Windows had begun; `ordered`: this call has given the order."""

    context: Context
    calls: Calls
    node: str
    before: datetime
    ordered: bool = False
    away: bool = False

    def go(self) -> Iterator[Event]:
        """Give the order where Windows still runs as before, and wait until it is back. Raises as `restart`."""
        since = time.monotonic()
        try:
            while not (yield from self._is_back()):
                self._wait(since, text("engine.restarting.not_back", node=self.node))
            since = time.monotonic()
            while not self._takes_part():
                self._wait(since, text("engine.restarting.no_part", node=self.node))
        except Cancelled:
            raise Detached(text("engine.restarting.restarts", node=self.node)) from None

    def _wait(self, since: float, what: str) -> None:
        patience = self.context.pace.patience
        if time.monotonic() - since >= patience:
            raise LostSight(
                text("engine.restarting.after", what=what, minutes=patience / 60),
                text("engine.restarting.look", node=self.node),
            )
        if self.context.cancel.wait(self.context.pace.poll):
            raise Cancelled(self.node)

    def _is_back(self) -> Generator[Event, None, bool]:
        try:
            if is_another_boot(self.before, self.calls.ask(self.node, boot_time)):
                return True
            if not self.ordered:
                told = self.calls.ask(self.node, lambda session, due: restart_node(session, _REASON, due))
                if not told.is_under_way:
                    raise NodeFailed(
                        text("engine.restarting.refused", node=self.node, code=told.exit_code),
                        text("engine.restarting.restart_yourself", node=self.node),
                    )
                self.ordered = True
        except LogonRefused as error:
            raise logon_refused(error) from None
        except Cancelled:
            raise
        except (RemoteError, AddressError) as error:
            # Whatever a node says while it goes down and comes up.
            if not self.away:
                self.away = True
                yield Notice(self.node, text("engine.restarting.away", node=self.node, error=error))
        return False

    def _takes_part(self) -> bool:
        """Whether the node answers again, its cluster has it back, and VMM's role, where it owns that, has come up."""
        facts = self.context.look()
        if not isinstance(facts.nodes.get(self.node), NodeFacts):
            return False
        members = _members(self.context, facts, self.node)
        if members and members[label_of(self.node)].casefold() not in _MEMBER:
            return False
        role = role_of(self.context.plan, facts)
        return role is None or role.owner != label_of(self.node) or role.state.casefold() != "pending"
