"""A run in a thread of the plain wizard: what it tells and asks is taken from one queue, in order."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from vmm_wizard.wizard.carrying import Carrying, Told

if TYPE_CHECKING:
    from vmm_wizard.install.orders import Order
    from vmm_wizard.plan.model import Plan
    from vmm_wizard.plan.secrets import Secrets
    from vmm_wizard.preflight import Preflight


class Carrier(Carrying):
    """One run. `told` gives what it tells; the last is `Finished`. `running` holds until that was taken in."""

    def __init__(self, secrets: Secrets, preflight: Preflight) -> None:
        self.told: queue.SimpleQueue[Told] = queue.SimpleQueue()
        super().__init__(self.told.put)
        self.secrets = secrets
        self.preflight = preflight
        self.running = False

    def begin(self, plan: Plan, order: Order) -> None:
        """Begin a run, or go on with the one that these answers have begun."""
        self._start(lambda: self.carry_out(plan, order, self.secrets, lambda: self.preflight))

    def begin_to_follow(self, run_id: str, plan: Plan) -> None:
        """Begin to follow a run of another process of this computer."""
        self.watching = True
        self._start(lambda: self.attach(run_id, plan))

    def _start(self, work: Callable[[], None]) -> None:
        self.running = True
        threading.Thread(target=work, name="plain run", daemon=True).start()
