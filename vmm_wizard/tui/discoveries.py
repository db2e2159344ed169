"""What is looked for in the estate so that it can be chosen: all at once, accounts by letters, containers by level."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from vmm_wizard.facts.all_facts import NoAnswer
from vmm_wizard.plan.model import Plan
from vmm_wizard.tui.messages import AccountsFound, ChildrenFound, Found
from vmm_wizard.tui.runs import RunJobs
from vmm_wizard.wizard.searching import Searching

if TYPE_CHECKING:
    from vmm_wizard.addresses import Addresses
    from vmm_wizard.facts.directory_domain import DomainView
    from vmm_wizard.facts.discovery import DiscoveryQuestion
    from vmm_wizard.plan.secrets import Secrets

T = TypeVar("T")
_log = logging.getLogger(__name__)


class _Stale(Exception):
    """Nobody waits for the answer any more."""


class Discoveries(RunJobs):
    """The searches of one wizard. Each runs in a thread of its own; what comes of one that is stale is dropped."""

    def __init__(self, secrets: Secrets, addresses: Addresses) -> None:
        super().__init__(secrets, addresses)
        self._discover_cancel = threading.Event()
        self._accounts_cancel = threading.Event()
        self._is_closed = False
        self._searching = Searching(secrets, addresses.ca_file or "")

    def close(self) -> None:
        """The wizard is being left: nothing more is wanted, and nothing is waited for."""
        self._is_closed = True
        self._discover_cancel.set()
        self._accounts_cancel.set()
        super().close()

    def discover(self, plan: Plan, *, fresh: bool = False) -> None:
        """Look for what answers can be chosen from, unless that was asked with the same domain, account and password;
        what is found comes as `Found`.

        While the password of a new account is still to come, what another one found stands.
        """
        question = None if self._is_closed else self._searching.question(plan, fresh=fresh)
        if question is None:
            return
        self._discover_cancel.set()
        self._discover_cancel = threading.Event()
        self._start("discover", self._discover, question, self._discover_cancel)

    def _discover(self, question: DiscoveryQuestion, cancel: threading.Event) -> None:
        from vmm_wizard.facts.discovery import discover

        try:
            passwords = self._get_preflight().passwords
            for found in discover(question, self.secrets, passwords, self.addresses, cancel):
                if cancel.is_set():
                    return
                self._searching.heard(question, found)
                self._send(Found(found))
        except Exception:
            _log.exception("discovery broke")

    # --- asked by need

    def find_accounts(self, plan: Plan, letters: str) -> None:
        """Look for accounts that these letters mean, instead of those before; they come as `AccountsFound`."""
        self._accounts_cancel.set()
        self._accounts_cancel = threading.Event()
        self._start("accounts", self._find_accounts, plan, letters, self._accounts_cancel)

    def _find_accounts(self, plan: Plan, letters: str, cancel: threading.Event) -> None:
        from vmm_wizard.facts.directory_accounts import ask_accounts

        answer = self._asked(plan, "accounts", lambda view: ask_accounts(view, letters), cancel)
        if not cancel.is_set() and answer is not None:
            self._send(AccountsFound(letters, answer))

    def open_container(self, plan: Plan, dn: str) -> None:
        """Read what lies right below an object of the directory; it comes as `ChildrenFound`."""
        self._start("container", self._open_container, plan, dn)

    def _open_container(self, plan: Plan, dn: str) -> None:
        from vmm_wizard.facts.directory_tree import ask_children

        answer = self._asked(plan, dn, lambda view: ask_children(view, dn), threading.Event())
        if answer is not None:
            self._send(ChildrenFound(dn, answer))

    def _asked(
        self, plan: Plan, what: str, ask: Callable[[DomainView], T], cancel: threading.Event
    ) -> T | NoAnswer | None:
        """What the directory says; None when nobody wants to know any more, or no account can ask yet."""
        from vmm_wizard.facts.discovery import ask_directory

        access = self._searching.access(plan)
        if access is None:
            return None

        def ask_if_wanted(view: DomainView) -> T:
            # The connection was another question's until now.
            if cancel.is_set():
                raise _Stale
            return ask(view)

        try:
            passwords = self._get_preflight().passwords
            return ask_directory(access, self.secrets, passwords, what, ask_if_wanted)
        except _Stale:
            return None
        except Exception:
            _log.exception("a search broke")
            return None
