"""What the plain wizard knows of the estate: asked in threads while somebody types, seldom waited for."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from vmm_wizard import log
from vmm_wizard.checks.registry import Finding
from vmm_wizard.facts.discovery_model import carried
from vmm_wizard.facts.model import Facts, NoAnswer
from vmm_wizard.install.orders import Job
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text
from vmm_wizard.wizard.order_fields import judged
from vmm_wizard.wizard.searched import Asked
from vmm_wizard.wizard.searching import Searching
from vmm_wizard.wizard.stale import not_asked, stale_checks

if TYPE_CHECKING:
    from vmm_wizard.addresses import Addresses
    from vmm_wizard.afterwards.model import FollowUp
    from vmm_wizard.facts.directory_domain import DomainView
    from vmm_wizard.facts.discovery import DiscoveryQuestion
    from vmm_wizard.facts.discovery_model import Discovery, FoundAccount, FoundContainer
    from vmm_wizard.plan.secrets import Secrets
    from vmm_wizard.preflight import Preflight, Update

_log = logging.getLogger(__name__)
T = TypeVar("T")

#: Seconds of waiting before it is said what is waited for, and between two such sentences.
QUIET, REST = 0.7, 5.0
#: Seconds between two looks at what has come; on Windows Ctrl+C is noticed between them.
_TICK = 0.1


class Estate:
    """Preflight and discovery of one wizard, each in a daemon thread: leaving waits for neither."""

    def __init__(self, secrets: Secrets, addresses: Addresses) -> None:
        from vmm_wizard.preflight import Preflight

        self.secrets = secrets
        self.addresses = addresses
        self.preflight: Preflight = Preflight(secrets, addresses)
        self.found: Discovery | None = None
        self._changed = threading.Condition()
        self._look_cancel = threading.Event()
        self._looking = False
        self._asked: Plan | None = None
        self._update: Update | None = None
        self._findings: tuple[Finding, ...] = ()
        self._of_run: tuple[Finding, ...] = ()
        self._judged: tuple[object, Job] | None = None
        #: Why asking has broken off, and whether that was not said yet.
        self._broke, self._is_unsaid = "", False
        self._discover_cancel = threading.Event()
        self._discovering = False
        #: What the directory was asked for while somebody chose.
        self.asked = Asked()
        self._searching = Searching(secrets, addresses.ca_file or "")

    # --- preflight

    def look(self, plan: Plan, *, fresh: bool = False) -> None:
        """Ask what `plan` raises, instead of what is being asked."""
        with self._changed:
            self._look_cancel.set()
            self._look_cancel = cancel = threading.Event()
            self._looking, self._of_run, self._asked, self._broke, self._judged = True, (), plan, "", None
        threading.Thread(target=self._look, args=(plan, fresh, cancel), name="plain look", daemon=True).start()

    def _look(self, plan: Plan, fresh: bool, cancel: threading.Event) -> None:
        try:
            for update in self.preflight.run(plan, fresh=fresh, cancel=cancel):
                with self._changed:
                    if cancel.is_set():
                        return
                    self._update = update
                    self._changed.notify_all()
        except Exception as error:
            _log.exception("preflight broke")
            with self._changed:
                if not cancel.is_set():
                    said = text("dialogs.broke.run", error=f"{type(error).__name__}: {error}")
                    self._broke, self._judged, self._is_unsaid = log.masked(said), None, True
        with self._changed:
            if not cancel.is_set():
                self._looking = False
                self._changed.notify_all()

    @property
    def update(self) -> Update | None:
        """The last that was heard; None before anything was."""
        with self._changed:
            return self._update

    @property
    def facts(self) -> Facts:
        """What was heard so far."""
        update = self.update
        return Facts() if update is None else update.facts

    def follow_ups(self, file: str = "FILE") -> tuple[FollowUp, ...]:
        """What follows the install, once VMM is there as it was planned; `file` is the answer file in its commands."""
        from vmm_wizard.afterwards.follow_ups import follow_ups
        from vmm_wizard.checks.schedule import Role, situation

        update = self.update
        if update is None or situation(update.plan, update.facts).role is not Role.OURS:
            return ()
        return tuple(follow_ups(update.plan, update.facts, file=file))

    @property
    def waiting(self) -> tuple[str, ...]:
        """What is still being asked."""
        update = self.update
        return update.waiting if update is not None and self._looking else ()

    def findings(self, job: Job) -> tuple[Finding, ...]:
        """What the checks say when `job` is to be done."""
        update = self.update
        if update is None or self._of_run:
            return self._of_run
        if self._judged is None or self._judged[0] is not update or self._judged[1] is not job:
            self._findings = judged(update, job)
            if self._broke:
                stale = stale_checks(update.plan, self._asked) if self._asked else ()
                self._findings = not_asked(self._findings, stale, self._broke)
            self._judged = (update, job)
        return self._findings

    def judged(self, findings: tuple[Finding, ...]) -> None:
        """What a run has found holds until it is asked again."""
        self._of_run = findings

    def news_of_breaking(self) -> str:
        """Why not all was asked, once, as a sentence; empty where it was."""
        unsaid, self._is_unsaid = self._is_unsaid, False
        return text("steps.broke", why=self._broke) if unsaid and self._broke else ""

    def is_looking(self) -> bool:
        """Whether an answer is still to come."""
        return self._looking

    def is_behind(self) -> bool:
        """Whether all that was heard yet is about answers that have changed since."""
        update = self.update
        return self._looking and (update is None or update.plan != self._asked)

    def wait_while(self, waits: Callable[[], bool], tell: Callable[[tuple[str, ...]], None]) -> None:
        """Come back when `waits` no longer holds; `tell` is given what is waited for, once in a while, where it lasts.

        Raises KeyboardInterrupt for somebody who does not want to wait.
        """
        due = time.monotonic() + QUIET
        told: tuple[str, ...] = ()
        while waits():
            with self._changed:
                self._changed.wait(_TICK)
            if time.monotonic() >= due and self.waiting != told:
                due, told = time.monotonic() + REST, self.waiting
                if told:
                    tell(told)

    # --- discovery

    def discover(self, plan: Plan, *, fresh: bool = False) -> None:
        """Look for what answers can be chosen from, unless that was asked with the same domain, account and passwords.

        While the password of a new account is still to come, what another one found stands.
        """
        question = self._searching.question(plan, fresh=fresh)
        if question is None:
            return
        if fresh:
            self.asked = Asked(turned=self.asked.turned)
        with self._changed:
            self._discover_cancel.set()
            self._discover_cancel = cancel = threading.Event()
            self._discovering = True
        threading.Thread(target=self._discover, args=(question, cancel), name="plain discover", daemon=True).start()

    def _discover(self, question: DiscoveryQuestion, cancel: threading.Event) -> None:
        from vmm_wizard.facts.discovery import discover

        try:
            for found in discover(question, self.secrets, self.preflight.passwords, self.addresses, cancel):
                with self._changed:
                    if cancel.is_set():
                        return
                    self._searching.heard(question, found)
                    self.found = carried(self.found, found)
                    self._changed.notify_all()
        except Exception:
            _log.exception("discovery broke")
        with self._changed:
            if not cancel.is_set():
                self._discovering = False
                self._changed.notify_all()

    # --- asked by need

    def accounts(
        self, plan: Plan, letters: str, tell: Callable[[tuple[str, ...]], None]
    ) -> tuple[FoundAccount, ...] | NoAnswer | None:
        """The accounts that these letters mean; None when no account can ask yet, or nobody waits any more."""
        from vmm_wizard.facts.directory_accounts import ask_accounts

        return self._asked_now(plan, "accounts", lambda view: ask_accounts(view, letters), tell)

    def children(
        self, plan: Plan, dn: str, tell: Callable[[tuple[str, ...]], None]
    ) -> tuple[FoundContainer, ...] | NoAnswer | None:
        """What lies right below an object of the directory; None as for `accounts`."""
        from vmm_wizard.facts.directory_tree import ask_children

        return self._asked_now(plan, dn, lambda view: ask_children(view, dn), tell)

    def _asked_now(
        self, plan: Plan, what: str, ask: Callable[[DomainView], T], tell: Callable[[tuple[str, ...]], None]
    ) -> T | NoAnswer | None:
        from vmm_wizard.facts.discovery import ask_directory

        access = self._searching.access(plan)
        if access is None:
            return None
        answers: list[T | NoAnswer] = []
        ended = threading.Event()

        def work() -> None:
            try:
                answers.append(ask_directory(access, self.secrets, self.preflight.passwords, what, ask))
            except Exception:
                _log.exception("a search broke")
            ended.set()

        threading.Thread(target=work, name="plain search", daemon=True).start()
        due = time.monotonic() + QUIET
        try:
            while not ended.wait(_TICK):
                if time.monotonic() >= due:
                    due = math.inf
                    tell((what,))
        except KeyboardInterrupt:
            return None
        return answers[0] if answers else None

    def is_discovering(self) -> bool:
        """Whether more may still be found."""
        return self._discovering

    def end_sessions(self) -> None:
        """Nodes are told to forget the shells that nobody uses; those that answer have heard of it soon."""
        from vmm_wizard.remote.kept import LEAVING_SECONDS

        self.preflight.kept.close(LEAVING_SECONDS)

    def close(self) -> None:
        """The wizard is being left: nothing more is wanted."""
        with self._changed:
            self._look_cancel.set()
            self._discover_cancel.set()
            self._looking = self._discovering = False
