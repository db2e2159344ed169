"""Rebuild: an install on the database that an uninstall has kept, and with the keys of the same DKM container.

The only way to another service account, or to replace nodes that are lost (SVC, HAU).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace

from vmm_wizard.checks.remedies import same_account
from vmm_wizard.facts.model import Facts, NodeFacts, SqlFacts, VmmFacts
from vmm_wizard.install import removal
from vmm_wizard.install.context import Context
from vmm_wizard.install.endings import End, Refused
from vmm_wizard.install.events import Event, Notice
from vmm_wizard.install.procedures.install import Install
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text


def rebuilt(plan: Plan) -> Plan:
    """The plan as a rebuild follows it: its database is there, and is taken as it is."""
    return replace(plan, database=replace(plan.database, create_new=False))


class Rebuild(Install):
    """VMM on every node of the plan, on the database of the VMM before."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._creates = context.plan.database.create_new
        context.plan = rebuilt(context.plan)

    def go(self, resumed: bool) -> Generator[Event, None, End]:
        if self._creates:
            database = self.context.plan.database
            yield Notice(
                "",
                text("engine.procedures.rebuild.takes_as_it_is", database=database.name, server=database.target),
            )
        return (yield from super().go(resumed))

    def _require(self, facts: Facts) -> Iterator[Event]:
        """Raises Refused where VMM is on a node that this rebuild has not put it on, or the database is none of VMM's.
        What is not known is left to the checks."""
        plan = self.context.plan
        outside = {host.key: self.context.ask_machine(host.key) for host in removal.outsiders(plan, facts)}
        old = [node for node, vmm in _installed(facts) if not self._put_here(node, vmm, facts)]
        old += [host for host, answer in outside.items() if isinstance(answer, NodeFacts) and answer.vmm is not None]
        if old:
            raise Refused(
                text("engine.procedures.rebuild.still_there", nodes=", ".join(old)),
                text("engine.procedures.rebuild.take_it_off", nodes=" ".join(f"--node {node}" for node in old)),
            )
        if isinstance(facts.sql, SqlFacts):
            self._require_database(facts.sql)
        yield from ()

    def _require_database(self, sql: SqlFacts) -> None:
        name = self.context.plan.database.name
        found, where = sql.database, text("engine.procedures.rebuild.where", name=name, server=sql.server)
        if found is None:
            raise Refused(
                text("engine.procedures.rebuild.no_database", where=where),
                text("engine.procedures.rebuild.correct_name"),
            )
        if found.is_vmm is False:
            raise Refused(
                text("engine.procedures.rebuild.no_vmm", where=where),
                text("engine.procedures.rebuild.correct_name_or_install"),
            )

    def _put_here(self, node: str, vmm: VmmFacts, facts: Facts) -> bool:
        """Whether this rebuild, in this or an earlier call, put VMM on a node: the journal says so, and the node's
        service runs as the planned account."""
        context = self.context
        if not same_account(vmm.service_account, context.plan.service_account.name, facts):
            return False
        same = [
            run
            for run in context.journal.runs()
            if (run.plan_key, run.order.key) == (context.run.plan_key, context.order.key)
        ]
        steps = (row for run in same for row in context.journal.steps(run.id))
        return any((row.node, row.step) == (node, "setup") for row in steps)


def _installed(facts: Facts) -> list[tuple[str, VmmFacts]]:
    answers = facts.nodes.items()
    return [(node, row.vmm) for node, row in answers if isinstance(row, NodeFacts) and row.vmm is not None]
