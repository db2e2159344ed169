"""Parts of a node's facts that may not be there, and why: an ordinary user is not shown everything. Pure.

A lack of rights is never a fault of the node: what is missing for it becomes *unknown*, and says what it needs.
"""

from __future__ import annotations

from typing import TypeVar

from vmm_wizard.facts.model import ClusterFacts, NoAnswer, NodeFacts, NotKnown, VmmFacts
from vmm_wizard.texts import text

T = TypeVar("T")


def needs_administrator(host: str) -> str:
    """What an ordinary user lacks on a node: `needs local administrator on vmm02`."""
    label = host.partition(".")[0].casefold()
    return text("reasons.node_parts.needs_administrator", host=host if label.isdecimal() else label)


def unreadable_part(node: NodeFacts, what: str) -> NoAnswer:
    """Why a part of a node's facts is not there: for want of rights where the account is no administrator there."""
    if node.is_administrator:
        return NoAnswer(text("reasons.node_parts.unread", what=what), "unreadable")
    needs = needs_administrator(node.computer_name)
    return NoAnswer(text("reasons.node_parts.unread_for_want_of_rights", needs=needs, what=what), "denied")


def part(node: NodeFacts, value: T | None, what: str) -> T:
    """`value`, a part of the facts of `node`; raises NotKnown with what is missing when it could not be read."""
    if value is None:
        raise NotKnown(unreadable_part(node, what))
    return value


def seen_or_unknown(node: NodeFacts, seen: bool, what: str) -> bool:
    """`seen`, for what Windows shows nobody without rights as if it were not there; raises NotKnown then."""
    if not seen and not node.is_administrator:
        needs = needs_administrator(node.computer_name)
        raise NotKnown(NoAnswer(text("reasons.node_parts.not_seen", needs=needs, what=what), "denied"))
    return seen


def cluster_of(node: NodeFacts) -> ClusterFacts | None:
    """The cluster that a node is in, None when it is in none; raises NotKnown when this account may not ask it."""
    if node.cluster is None and not node.is_administrator:
        why = node.cluster_error or text("reasons.node_parts.cluster_silent")
        raise NotKnown(unreadable_part(node, text("reasons.node_parts.the_cluster", why=why)))
    return node.cluster


def vmm_of(node: NodeFacts) -> VmmFacts | None:
    """The VMM that is installed on a node, None when there is none; raises NotKnown when that could not be read."""
    if node.vmm is None and node.was_unreadable("vmm"):
        raise NotKnown(unreadable_part(node, text("reasons.node_parts.whether_vmm")))
    return node.vmm
