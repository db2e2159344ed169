"""All that is known of an estate, and what stands in the place of what is not. The parts are in `model`.

Apart from them so that who only holds facts, or none yet, need not load some hundred classes: the wizard's first paint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.facts.library_model import LibraryFacts
    from vmm_wizard.facts.model import (
        AccountFacts,
        ClusterObjectFacts,
        ComputerFacts,
        ContainerFacts,
        DomainFacts,
        PrincipalNameFacts,
        RoleRecordFacts,
    )
    from vmm_wizard.facts.node_model import ClusterFacts, NetworkFacts, NodeFacts, RehearsalFacts
    from vmm_wizard.facts.password_model import PasswordFacts, PasswordShape
    from vmm_wizard.facts.replica_model import ReplicaFacts
    from vmm_wizard.facts.sql_model import SqlFacts

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """A question that got no answer, and why, in one sentence for the user.

    `code`: "not_asked", "unreachable", "timeout", "certificate", "logon" (password refused), "no_login" (the account is
    good but this server does not let it in), "denied", "shell", "language_mode", "unreadable" or "stopped".
    """

    reason: str
    code: str = "not_asked"


class _NotAskedYet(NoAnswer):
    """No answer, because nobody was asked yet. Its reason is read when it is said, not when this module is loaded."""

    __slots__ = ()

    def __init__(self) -> None:
        object.__setattr__(self, "code", "not_asked")

    @property
    def reason(self) -> str:
        """That, in a sentence for the user."""
        return text("reasons.model.not_asked_yet")


NOT_ASKED: NoAnswer = _NotAskedYet()


class NotKnown(Exception):
    """A check needs a fact that is not there. Carries the `NoAnswer`; the registry turns it into *unknown*."""

    def __init__(self, answer: NoAnswer) -> None:
        super().__init__(answer.reason)
        self.answer = answer


def known(answer: T | NoAnswer) -> T:
    """The facts themselves; raises NotKnown when there are none."""
    if isinstance(answer, NoAnswer):
        raise NotKnown(answer)
    return answer


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of an estate. `nodes` and `rehearsals` go by the plan's qualified node name, case-folded;
    `passwords` by `AccountName.key`, and `password_shapes` likewise (only for passwords that were given).
    `node_objects` are the nodes' computer objects by label, asked for a managed service account only.
    `heard`: when an answer came, by the clock of the wizard's own computer: `domain`, `sql`, and each node's name."""

    passwords: Mapping[str, PasswordFacts | NoAnswer] = field(default_factory=dict)
    password_shapes: Mapping[str, PasswordShape] = field(default_factory=dict)
    domain: DomainFacts | NoAnswer = NOT_ASKED
    installing_account: AccountFacts | NoAnswer = NOT_ASKED
    service_account: AccountFacts | NoAnswer = NOT_ASKED
    dkm: ContainerFacts | NoAnswer = NOT_ASKED
    replicas: ReplicaFacts | NoAnswer = NOT_ASKED
    role_object: ComputerFacts | NoAnswer = NOT_ASKED
    cluster_object: ClusterObjectFacts | NoAnswer = NOT_ASKED
    role_record: RoleRecordFacts | NoAnswer = NOT_ASKED
    node_objects: Mapping[str, ComputerFacts | NoAnswer] = field(default_factory=dict)
    principal_names: PrincipalNameFacts | NoAnswer = NOT_ASKED
    sql: SqlFacts | NoAnswer = NOT_ASKED
    network: NetworkFacts | NoAnswer = NOT_ASKED
    library: LibraryFacts | NoAnswer = NOT_ASKED
    nodes: Mapping[str, NodeFacts | NoAnswer] = field(default_factory=dict)
    rehearsals: Mapping[str, RehearsalFacts | NoAnswer] = field(default_factory=dict)
    heard: Mapping[str, datetime] = field(default_factory=dict)

    def node(self, name: str) -> NodeFacts:
        """A node's facts; raises NotKnown."""
        return known(self.nodes.get(name.casefold(), NOT_ASKED))

    def answering_nodes(self) -> Iterator[NodeFacts]:
        """The nodes that did answer."""
        return (facts for facts in self.nodes.values() if not isinstance(facts, NoAnswer))

    def any_cluster(self) -> ClusterFacts:
        """The cluster as the first node that knows one sees it; raises NotKnown when no node does."""
        for node in self.answering_nodes():
            if node.cluster is not None:
                return node.cluster
        silent = [answer for answer in self.nodes.values() if isinstance(answer, NoAnswer)]
        raise NotKnown(silent[0] if silent else NoAnswer(text("reasons.model.no_cluster"), "unreadable"))
