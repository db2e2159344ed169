"""What all procedures have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import TYPE_CHECKING

from vmm_wizard.install.endings import End
from vmm_wizard.install.events import Event

if TYPE_CHECKING:
    from vmm_wizard.install.context import Context


class Procedure(ABC):
    """One job. Each step first looks whether it is done already, so that a run cut off anywhere is taken up again."""

    #: The steps that change something for good: a run that began one of them has changed something.
    lasting: frozenset[str] = frozenset()

    def __init__(self, context: Context) -> None:
        self.context = context

    @property
    def places(self) -> tuple[str, ...]:
        """The machines that it works on, by full name, in order: those of the order, else the plan's nodes."""
        return self.context.order.nodes or tuple(node.key for node in self.context.plan.nodes)

    @abstractmethod
    def go(self, resumed: bool) -> Generator[Event, None, End]:
        """Do it. `resumed`: an earlier call of this run was cut off.

        Raises what the engine turns into endings: Refused, Occupied, NodeFailed, LostSight, Detached, Cancelled,
        RemoteError; and JournalError.
        """

    def so_far(self) -> str:
        """What stands although the run did not end well, as the end of a sentence; empty when nothing does."""
        return ""

    def had_changed(self) -> bool:
        """Whether an earlier call of this run began to change something. Raises JournalError."""
        steps = self.context.journal.steps(self.context.run.id)
        return any(row.step in self.lasting for row in steps)
