"""What a node looks like after a work on it came to nothing: clean or half done, its disk full; told with the steps."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from vmm_wizard import log
from vmm_wizard.addresses import AddressError
from vmm_wizard.facts.model import Facts, NoAnswer, NodeFacts
from vmm_wizard.install.cleaning import node_condition
from vmm_wizard.install.endings import NodeFailed, SetupEnd
from vmm_wizard.install.events import Event, Notice
from vmm_wizard.remote.errors import Cancelled, RemoteError
from vmm_wizard.setup.log import SetupKind
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.install.context import Context

#: A system disk with less free space is too full for logs, temporary files and Windows itself, in bytes.
_TOO_LITTLE = 512 * 2**20
_MIB = 2**20


def look_after(context: Context, failed: NodeFailed) -> Generator[Event, None, str]:
    """Look at a node after a failure there: what is found is told, and given as the end of a sentence.

    Empty where nothing more is known than before.
    """
    if failed.setup is None and not failed.cramped:
        return ""
    try:
        facts = context.look()
    except (Cancelled, RemoteError, AddressError):
        return ""
    found = []
    if failed.cramped:
        found.append((yield from _full_disk(facts, failed.cramped)))
    if failed.setup is not None:
        found.append((yield from _condition(context, facts, failed.setup)))
    return "".join(f"; {said}" for said in found if said)


def _condition(context: Context, facts: Facts, setup: SetupEnd) -> Generator[Event, None, str]:
    found = node_condition(context.plan, facts, setup.node, setup.log.work, setup.exit_code, setup.log)
    steps = "\n".join(f"{number}. {step}" for number, step in enumerate(found.plan, 1))
    seen = "".join(f"; {row.text}" for row in found.leftovers)
    known = text(f"engine.aftermath.condition.{found.condition.name.lower()}", node=setup.node)
    said = f"{known}: {found.reason}{seen}"
    if setup.log.changed_something and setup.log.work is SetupKind.INSTALL and isinstance(facts.sql, NoAnswer):
        said = "; ".join((said, text("engine.aftermath.sql_silent", reason=facts.sql.reason)))
        known = text("engine.aftermath.database_left", known=known, database=context.plan.database.name)
    yield Notice(setup.node, log.masked(said), log.masked(steps))
    return known


def _full_disk(facts: Facts, node: str) -> Generator[Event, None, str]:
    answer = facts.nodes.get(node)
    if not isinstance(answer, NodeFacts):
        return ""
    drive = next((row for row in answer.disks if row.drive.casefold() == answer.system_drive.casefold()), None)
    if drive is None or drive.free_bytes >= _TOO_LITTLE:
        return ""
    said = text(
        "engine.aftermath.full",
        drive=drive.drive,
        node=node,
        free=drive.free_bytes // _MIB,
        size=drive.size_bytes // _MIB,
    )
    yield Notice(
        node,
        said,
        text("engine.aftermath.make_room", drive=drive.drive, node=node),
    )
    return said
