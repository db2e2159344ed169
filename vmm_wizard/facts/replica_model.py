"""Which domain controllers have an object already, as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ReplicaFacts:
    """Whether the other writable domain controllers of a site have the DKM container, which `server` there has.

    Host names: `having` and `lacking` it, `silent` with the reason why each gave no answer, and `left_out`, which were
    not asked for there are enough of them. `from_node`: the directory is asked from a node, and nothing else is there.
    """

    server: str
    site: str
    having: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    silent: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    from_node: bool = False
