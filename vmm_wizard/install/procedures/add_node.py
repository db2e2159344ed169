"""Add node: VMM on further nodes of a role that runs already, by a plan that was filled from it."""

from __future__ import annotations

from collections.abc import Iterator

from vmm_wizard.checks.registry import Finding
from vmm_wizard.checks.schedule import Role, situation
from vmm_wizard.facts.model import Facts, NodeFacts
from vmm_wizard.install.endings import Refused
from vmm_wizard.install.events import Event, Notice
from vmm_wizard.install.procedures.install import Install
from vmm_wizard.texts import text


class AddNode(Install):
    """VMM on the nodes of the order; the plan names those that have it, too."""

    def _require(self, facts: Facts) -> Iterator[Event]:
        """Raises Refused unless the planned role is there: an additional node joins, and makes nothing."""
        plan = self.context.plan
        state = situation(plan, facts)
        strangers = set(self.places) - {node.key for node in plan.nodes}
        if strangers:
            raise Refused(
                text("engine.procedures.add_node.stranger", nodes=", ".join(sorted(strangers))),
                text("engine.procedures.add_node.add_it"),
            )
        if state.role is not Role.OURS:
            raise Refused(
                text("engine.procedures.add_node.no_role", role=plan.cluster.role_name, why=state.why),
                text("engine.procedures.add_node.first_node"),
            )

        runs = {row.vmm.version for row in facts.answering_nodes() if row.vmm is not None and row.vmm.version}
        for node in self.places:
            answer = facts.nodes.get(node)
            media = answer.media.product_version if isinstance(answer, NodeFacts) and answer.vmm is None else ""
            if media and runs and media not in runs:
                yield Notice(
                    node,
                    text(
                        "engine.procedures.add_node.versions", versions=", ".join(sorted(runs)), node=node, media=media
                    ),
                    text("engine.procedures.add_node.same_rollup"),
                )

    def concerns(self, finding: Finding) -> bool:
        """What is wrong with a node that has VMM already, or is lost, is no concern of those that join."""
        others = {node.key for node in self.context.plan.nodes} - set(self.places)
        return super().concerns(finding) and finding.subject.casefold() not in others
