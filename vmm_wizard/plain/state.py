"""What one sitting at the plain wizard has: answers, estate, talk, the page in front, the run and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vmm_wizard.install.orders import Job
from vmm_wizard.plain.estate import Estate
from vmm_wizard.plain.talk import Talk
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text
from vmm_wizard.wizard import flow, pages
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.run_state import RunState

if TYPE_CHECKING:
    from vmm_wizard.plain.carrying import Carrier
    from vmm_wizard.wizard.course import Learning


#: Seconds between two batches of a run's lines; a question and the end come at once.
REST = 2.0


class Turn(Exception):
    """Another page is wanted."""

    def __init__(self, page: pages.Page) -> None:
        super().__init__(page.id)
        self.page = page


class Up(Exception):
    """The question before is wanted."""


class Leave(Exception):
    """The wizard is left."""


@dataclass
class State:
    """One sitting. `keeps`: the folder where answers are kept when it is cut off; None: nowhere (practice)."""

    answers: Answers
    estate: Estate
    talk: Talk
    keeps: Path | None = None
    #: The lesson that is done here, in practice.
    learning: Learning | None = None
    page: pages.Page = pages.JOB
    #: Answers that were kept earlier and taken up: removed once these are saved, or given up.
    taken_up: Path | None = None
    carrier: Carrier | None = None
    run_state: RunState | None = None
    result: str = ""
    #: The answer whose list of what was found was read last: a number means a row of that.
    listed: str = ""
    #: Whether it is being asked if the run shall be stopped.
    stop_is_asked: bool = False
    #: Seconds between two batches of a run's lines, so that a voice can follow them.
    rest: float = REST
    _asked_for: Plan | None = field(default=None, init=False)

    @property
    def job(self) -> Job:
        """What shall be done."""
        return self.answers.order.job

    @property
    def running(self) -> bool:
        """Whether a run goes on."""
        return self.carrier is not None and self.carrier.running

    @property
    def view(self) -> flow.View:
        """What the wizard knows now."""
        plan, secrets = self.answers.plan, self.estate.secrets
        return flow.View(
            plan,
            dict(self.answers.wrong),
            self.estate.findings(self.job),
            self.estate.waiting,
            frozenset(account.key for account in plan.accounts if account in secrets),
            self.running,
            self.result,
            self.estate.found,
            self.answers.order,
            self.estate.facts,
        )

    def look(self, *, fresh: bool = False) -> None:
        """Have everything asked that the answers raise, if they have changed; not while a run does so itself."""
        if not self.running and (fresh or self.answers.plan != self._asked_for):
            self._asked_for = self.answers.plan
            self.estate.look(self.answers.plan, fresh=fresh)

    def look_again(self) -> None:
        """Have it asked again though the answers are the same: a password has come, or something was mended."""
        self._asked_for = None
        self.look()

    def tell_waiting(self, waiting: tuple[str, ...]) -> None:
        """Say what is waited for."""
        self.talk.say(text("plain.asking", names=", ".join(waiting)))

    def accept(self, plan: Plan) -> None:
        """Take a plan with other marks than the answers have."""
        self.answers.plan = replace(self.answers.plan, accepted=plan.accepted, asked=plan.asked)
        self.look()
