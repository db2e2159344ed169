"""Where a run may be stopped, and where the point of no return lies: a sentence for each step."""

from __future__ import annotations

from vmm_wizard.texts import has, text


def where_to_stop(step: str, node: str) -> str:
    """What stopping means while a run is at `step` of `node` (empty: the run as a whole), as a part of a sentence."""
    name = step.replace(" ", "_")
    name = name if has(f"engine.stopping.at.{name}") else "other"
    return text(f"engine.stopping.at.{name}", node=node or text("engine.stopping.the_node"))
