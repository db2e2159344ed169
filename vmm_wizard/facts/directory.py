"""Asks Active Directory what a plan needs to know, over one bound connection, reading only.

Each topic's questions are functions of a `DomainView` in a module of their own (`directory_principals`, ...); the
session makes them safe: one at a time, and what goes wrong becomes a `NoAnswer`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from vmm_wizard.facts.directory_channel import Channel, DirectoryUnusable
from vmm_wizard.facts.directory_dns import ask_role_record
from vmm_wizard.facts.directory_domain import DomainView, ask_domain
from vmm_wizard.facts.directory_objects import ask_container
from vmm_wizard.facts.directory_principals import Principals, ask_principals
from vmm_wizard.facts.directory_search import NoSuchObject
from vmm_wizard.facts.directory_trusts import ask_trusts
from vmm_wizard.facts.model import ContainerFacts, DomainFacts, NoAnswer, RoleRecordFacts
from vmm_wizard.facts.questions import DirectoryAccess, PrincipalsQuestion
from vmm_wizard.plan.names import DistinguishedName
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.facts.passwords import Passwords

T = TypeVar("T")


def open_session(access: DirectoryAccess, secret: Secret | None, passwords: Passwords) -> DirectorySession | NoAnswer:
    """The session of `access`, opened with one bind that also proves its account's password, or why there is none."""
    return passwords.session(access, secret)


class DirectorySession:
    """One bound connection to one domain controller, thread-safe: questions wait for each other.

    Every question answers with facts or with a `NoAnswer`, and never raises. `seconds` bounds each search.
    `open_catalog` opens a bound channel to the global catalog of the same controller, for what is forest-wide.
    """

    def __init__(
        self,
        channel: Channel,
        access: DirectoryAccess,
        seconds: float,
        open_catalog: Callable[[], Channel] | None = None,
    ) -> None:
        self.access = access
        self._channel = channel
        self._view = DomainView(channel, access, seconds, open_catalog)
        self._lock = threading.Lock()

    @property
    def server(self) -> str:
        """The host name of the domain controller that answers."""
        return self._view.server

    def is_alive(self) -> bool:
        """Whether the connection still stands; asks nobody. A session that is answering somebody is alive."""
        if not self._lock.acquire(blocking=False):
            return True
        try:
            return self._channel.is_idle_alive()
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the connection; questions after this get no answer."""
        with self._lock:
            self._channel.close()

    def exchange(self, ask: Callable[[Any], T], seconds: float) -> T:
        """What `ask(connection)` returns on this one bound connection: how `mending` changes what it was told to.

        Raises DirectoryUnusable.
        """
        with self._lock:
            return self._channel.exchange(ask, seconds)

    def domain(self) -> DomainFacts | NoAnswer:
        """The domain itself (DKM-06, CLU-05's quota), the controller's clock, and trusts (four searches, then two)."""
        what = text("reasons.directory.the_domain")
        return self.answered(what, lambda view: replace(ask_domain(view), trusts=ask_trusts(view)))

    def principals(self, question: PrincipalsQuestion) -> Principals | NoAnswer:
        """Everybody that a plan names, in one search and one for each token (ACC, INS, NAM-05, CLU-05, names)."""
        return self.answered(
            text("reasons.directory.accounts_and_computers"), lambda view: ask_principals(view, question)
        )

    def container(self, dn: DistinguishedName) -> ContainerFacts | NoAnswer:
        """An object by name: class, descriptor, this account's own rights, children (DKM-01 to 05; two searches)."""
        return self.answered(text("reasons.directory.the_container", dn=dn), lambda view: ask_container(view, str(dn)))

    def role_record(self, fqdn: str) -> RoleRecordFacts | NoAnswer:
        """The object of the role's name in the domain's DNS zone (NAM-06; one or two searches)."""
        return self.answered(text("reasons.directory.the_record", fqdn=fqdn), lambda view: ask_role_record(view, fqdn))

    def answered(self, what: str, ask: Callable[[DomainView], T]) -> T | NoAnswer:
        """What `ask` finds out, or why it could not; `what` says what was asked, for the reason."""
        with self._lock:
            try:
                return ask(self._view)
            except DirectoryUnusable as failure:
                reason = text("reasons.directory.unread", what=what, reason=failure.answer.reason)
                return replace(failure.answer, reason=reason)
            except NoSuchObject:
                reason = text("reasons.directory.not_there", what=what, endpoint=self._channel.endpoint)
                return NoAnswer(reason, "unreadable")
