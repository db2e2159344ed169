"""Who else is at work on the nodes: what earlier runs of ours left is taken away, everybody else is left alone."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from vmm_wizard.facts.model import Facts, NodeFacts
from vmm_wizard.facts.node_parts import unreadable_part
from vmm_wizard.facts.rehearsal import REHEARSAL_PREFIX
from vmm_wizard.install.clearing import SetupRunning, take_away
from vmm_wizard.install.events import Event, Notice
from vmm_wizard.install.journal import Journal, Run
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.remote.task import RemoteTask

TASK_PREFIX = "vmm-wizard-"
#: Answers whose values are not repeated in a message.
_UNSHOWN = frozenset({"registration.product_key"})


class Occupied(Exception):
    """Somebody else is at work on a node. One sentence that names who; `remedy` says how to go on."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


def make_way(
    run: Run, facts: Facts, journal: Journal, open_task: Callable[[str, str], RemoteTask], poll: float
) -> Iterator[Event]:
    """Clear the nodes for `run`, which must hold the lock of its cluster: no other process of this user is at work.

    `open_task` gives the remote task of (run id, node). Raises Occupied, RemoteError.
    """
    earlier = {row.id: row for row in journal.runs()}
    for node, answer in facts.nodes.items():
        if not isinstance(answer, NodeFacts):
            continue
        if answer.tasks is None:
            raise Occupied(
                text(
                    "engine.occupancy.tasks_unread",
                    reason=unreadable_part(answer, text("engine.occupancy.tasks")).reason,
                    node=node,
                ),
                text("engine.occupancy.give_administrator"),
            )
        for name in answer.tasks:
            run_id = name.removeprefix(TASK_PREFIX)
            if run_id == run.id:
                continue
            if run_id not in earlier and not run_id.startswith(REHEARSAL_PREFIX):
                raise _unknown_run(node, name)
            yield _take_away(open_task(run_id, node), node, earlier.get(run_id), run, poll)
        if answer.setup_processes and TASK_PREFIX + run.id not in answer.tasks:
            raise Occupied(
                text("engine.occupancy.setup_runs", node=node, processes=", ".join(answer.setup_processes)),
                text("engine.occupancy.wait", node=node),
            )


def _take_away(task: RemoteTask, node: str, owner: Run | None, run: Run, poll: float) -> Event:
    name = TASK_PREFIX + task.run_id
    try:
        # A rehearsal changes nothing, and its task holds a stored password: end it.
        removal = task.remove(end_running=True) if owner is None else take_away(task, poll)
    except SetupRunning:
        assert owner is not None
        raise _own_run(node, owner, run) from None
    finally:
        task.close()
    if removal.left:
        raise Occupied(
            text("engine.occupancy.left", what=", ".join(removal.left), node=node),
            text(
                "engine.occupancy.take_away",
                node=node,
                name=name,
                errors="; ".join(removal.errors) or text("engine.occupancy.no_reason"),
            ),
        )
    return Notice(node, text("engine.occupancy.removed", name=name, node=node))


def _unknown_run(node: str, name: str) -> Occupied:
    return Occupied(
        text("engine.occupancy.unknown_run", node=node, name=name),
        text("engine.occupancy.unknown_run_next", node=node, name=name),
    )


def _own_run(node: str, owner: Run, run: Run) -> Occupied:
    changed = "; ".join(differences(owner.plan_toml, run.plan_toml))
    how = "differing_run" if changed else "run"
    return Occupied(
        text(f"engine.occupancy.own.{how}", run=owner.id, begun=owner.started, changed=changed, node=node),
        text("engine.occupancy.own_run_next"),
    )


def differences(old: str, new: str) -> list[str]:
    """What two plans (as TOML) differ in: `key was value`, by the old one's value."""
    before, after = _flat(tomllib.loads(old)), _flat(tomllib.loads(new))
    found = []
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            how = "differs" if key in _UNSHOWN else "was" if key in before else "was_not_set"
            found.append(text(f"engine.occupancy.answer.{how}", answer=key, before=before.get(key)))
    return found


def _flat(table: dict[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat
