"""The one bridge to threads: preflight and install run in daemon threads, and tell the screen by messages.

Nothing here is waited for: leaving sets the cancel flags and goes. The libraries that talk are loaded by the threads.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vmm_wizard import log
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text
from vmm_wizard.tui.discoveries import Discoveries
from vmm_wizard.tui.messages import FollowUpsTold, LookBroke, Looked, Mended, Offered
from vmm_wizard.tui.threads import Batches
from vmm_wizard.wizard.order_fields import judged

if TYPE_CHECKING:
    from vmm_wizard.addresses import Addresses
    from vmm_wizard.checks.registry import Finding
    from vmm_wizard.mending.model import Offer
    from vmm_wizard.plan.secrets import Secrets
    from vmm_wizard.preflight import Update

_log = logging.getLogger(__name__)

#: Seconds between two messages: what arrives meanwhile goes along with the next one.
LOOK_REST = 0.2


class Jobs(Discoveries):
    """Everything that one wizard has done in threads: preflight, discovery, mending, and its runs."""

    def __init__(self, secrets: Secrets, addresses: Addresses) -> None:
        super().__init__(secrets, addresses)
        self._look_cancel = threading.Event()

    def close(self) -> None:
        """The wizard is being left: nothing more is wanted, and nothing is waited for."""
        self._look_cancel.set()
        super().close()

    def carry_out(self, plan: Plan, order: Order) -> None:
        self._look_cancel.set()
        super().carry_out(plan, order)

    # --- preflight

    def look(self, plan: Plan, job: Job = Job.INSTALL, *, fresh: bool = False) -> None:
        """Ask what `plan` raises for a job, instead of what is being asked; answers come as `Looked`."""
        self._look_cancel.set()
        self._look_cancel = threading.Event()
        self._start("look", self._look, plan, job, fresh, self._look_cancel)

    def _look(self, plan: Plan, job: Job, fresh: bool, cancel: threading.Event) -> None:
        def deliver(updates: tuple[Update, ...]) -> None:
            if cancel.is_set():
                return
            last = updates[-1]
            try:
                self._tell_follow_ups(last)
                self._send(Looked(judged(last, job), last.waiting, last.facts))
            except Exception as error:
                broke(error)

        def broke(error: Exception) -> None:
            _log.exception("preflight broke")
            if not cancel.is_set():
                said = text("dialogs.broke.run", error=f"{type(error).__name__}: {error}")
                self._send(LookBroke(log.masked(said)))

        batches = Batches(deliver, LOOK_REST)
        try:
            for update in self._get_preflight().run(plan, fresh=fresh, cancel=cancel):
                batches.put(update)
        except Exception as error:
            # What was heard before stands first.
            batches.end()
            broke(error)
        else:
            batches.end()

    def _tell_follow_ups(self, update: Update) -> None:
        """What follows the install, once all has been heard and VMM is there by this plan."""
        from vmm_wizard.afterwards.follow_ups import follow_ups
        from vmm_wizard.afterwards.told import brief
        from vmm_wizard.checks.schedule import Role, situation

        if update.waiting or situation(update.plan, update.facts).role is not Role.OURS:
            return
        rows = follow_ups(update.plan, update.facts)
        self._send(FollowUpsTold(tuple(brief(rows)), tuple(rows)))

    # --- mending

    def offer(self, plan: Plan, findings: Sequence[Finding]) -> None:
        """Look again, and find out what can be done about findings of one check; the answer comes as `Offered`."""
        self._start("offer", self._offer, plan, tuple(findings))

    def _offer(self, plan: Plan, findings: tuple[Finding, ...]) -> None:
        from vmm_wizard.wizard.mend_here import offers_for

        found = offers_for(plan, findings, self._get_preflight())
        self._send(Mended(found.said) if found.said else Offered(found.offers, found.refusals))

    def mend(self, plan: Plan, offers: Sequence[Offer]) -> None:
        """Do what was offered and look again; how it ended comes as `Mended`."""
        self._start("mend", self._mend, plan, tuple(offers))

    def _mend(self, plan: Plan, offers: tuple[Offer, ...]) -> None:
        from vmm_wizard.wizard.mend_here import mend

        self._send(Mended(mend(plan, offers, self._get_preflight())))
