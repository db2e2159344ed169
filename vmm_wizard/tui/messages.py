"""What threads and widgets tell the wizard's screen: typed messages. None of them shows a secret.

They are told apart by what they are and shown to nobody, so that no more is generated for each than its `__init__`: all
of them are loaded before the first paint.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING

from textual.message import Message

from vmm_wizard.facts.all_facts import Facts

if TYPE_CHECKING:
    import queue

    from vmm_wizard.afterwards.model import FollowUp
    from vmm_wizard.checks.registry import Finding
    from vmm_wizard.facts.discovery_model import Discovery, FoundAccount, FoundContainer
    from vmm_wizard.facts.model import NoAnswer
    from vmm_wizard.install.asking import Question
    from vmm_wizard.install.events import Event
    from vmm_wizard.install.results import Result
    from vmm_wizard.mending.model import Offer, Refusal
    from vmm_wizard.plan.secrets import Secret
    from vmm_wizard.wizard.run_times import Usuals
    from vmm_wizard.wizard.suggesting import Suggestion
    from vmm_wizard.wizard.unfinished import Unfinished

#: What can be done about findings: mend them, ask another team, accept them, go to the field that they judge.
MEND, REQUEST, ACCEPT, FIELD = "mend", "request", "accept", "field"


@dataclass(eq=False, repr=False)
class Typed(Message):
    """A field's text changed; it is read when it rests."""

    key: str
    text: str


@dataclass(eq=False, repr=False)
class PasswordGiven(Message):
    """A password field was left with a text in it. `key` is that of the answer that names the account."""

    key: str
    secret: Secret


@dataclass(eq=False, repr=False)
class Looked(Message):
    """Preflight knows more: the findings so far, what is still being asked, and what was answered."""

    findings: tuple[Finding, ...]
    waiting: tuple[str, ...]
    facts: Facts = field(default_factory=Facts)


@dataclass(eq=False, repr=False)
class LookBroke(Message):
    """Preflight has broken off: what it has not told will not come. `why`, as a part of a sentence."""

    why: str


@dataclass(eq=False, repr=False)
class Found(Message):
    """More was found in the estate that answers can be chosen from."""

    found: Discovery


@dataclass(eq=False, repr=False)
class AccountsFound(Message):
    """The accounts that some letters mean, or why nobody knows."""

    letters: str
    answer: tuple[FoundAccount, ...] | NoAnswer


@dataclass(eq=False, repr=False)
class ChildrenFound(Message):
    """What lies right below an object of the directory, or why nobody knows."""

    dn: str
    answer: tuple[FoundContainer, ...] | NoAnswer


@dataclass(eq=False, repr=False)
class SuggestionTaken(Message):
    """A suggestion for the answer `key` was chosen."""

    key: str
    suggestion: Suggestion


@dataclass(eq=False, repr=False)
class LevelTurned(Message):
    """A line of the tree of containers shall open, or close."""

    dn: str


@dataclass(eq=False, repr=False)
class Offered(Message):
    """What would be done about findings, and why nothing is about others."""

    offers: tuple[Offer, ...]
    refusals: tuple[Refusal, ...]


@dataclass(eq=False, repr=False)
class Mended(Message):
    """How mending ended, in a sentence."""

    text: str


@dataclass(eq=False, repr=False)
class RunTold(Message):
    """What a run told since the last time, in order, and when; at most twice a second. `is_past`: an earlier call of it
    told that, and how it ended then is no end now."""

    events: tuple[Event, ...]
    times: tuple[datetime, ...] = ()
    is_past: bool = False

    @property
    def rows(self) -> tuple[tuple[Event, datetime | None], ...]:
        """Each event with its time, where that is known."""
        return tuple(zip_longest(self.events, self.times))


@dataclass(eq=False, repr=False)
class UsualsFound(Message):
    """How long steps took in earlier runs."""

    usuals: Usuals


@dataclass(eq=False, repr=False)
class HandedOver(Message):
    """A run goes on in a process of its own, and is followed here. `said`: what is to be said of it instead."""

    run: str
    process: int
    said: str = ""


@dataclass(eq=False, repr=False)
class ConfirmWanted(Message):
    """The run asks whether to go on though something is unknown; the answer goes into `reply`."""

    findings: tuple[Finding, ...]
    reply: queue.SimpleQueue[bool]


@dataclass(eq=False, repr=False)
class QuestionAsked(Message):
    """The run asks something with choices; the word of the answer goes into `reply`."""

    question: Question
    reply: queue.SimpleQueue[str]


@dataclass(eq=False, repr=False)
class RunsFound(Message):
    """The runs that never ended, newest first. `asked`: somebody wanted to see them."""

    rows: tuple[Unfinished, ...]
    asked: bool


@dataclass(eq=False, repr=False)
class FollowUpsTold(Message):
    """What follows the install, in lines; and the follow-ups themselves."""

    lines: tuple[str, ...]
    rows: tuple[FollowUp, ...] = ()


@dataclass(eq=False, repr=False)
class SentenceSaid(Message):
    """A sentence for the line below the page."""

    text: str


class SeeWanted(Message):
    """The picture of the installation shall be shown."""


class RequestWanted(Message):
    """A request to another team shall be chosen and shown."""


@dataclass(eq=False, repr=False)
class FindingsChosen(Message):
    """Findings that say the same, or of one check, shall be shown in full; or what `act` says be done about them at
    once: MEND as far as they can be, ACCEPT, or go to the FIELD that they judge."""

    findings: tuple[Finding, ...]
    act: str = ""


@dataclass(eq=False, repr=False)
class PageWanted(Message):
    """A page shall be put in front; its id."""

    page: str


class StepsWanted(Message):
    """The list of all pages is wanted, to go to one."""


class StartWanted(Message):
    """The run page's button was pressed: start."""


class LeaveWanted(Message):
    """The run shall go on without the wizard."""


class StopWanted(Message):
    """The run page's button was pressed while a run goes on: stop."""


class SaveWanted(Message):
    """The answers shall be saved."""


class QuitWanted(Message):
    """The wizard shall be left."""


@dataclass(eq=False, repr=False)
class RunEnded(Message):
    """A run has ended, and how."""

    result: Result
