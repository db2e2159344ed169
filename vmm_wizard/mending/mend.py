"""Finds what is wrong, offers to mend it, does it when told to, and looks again."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.facts.model import ContainerFacts, Facts, NoAnswer, NotKnown, known
from vmm_wizard.facts.questions import DirectoryAccess, questions
from vmm_wizard.mending.directory import ChangeRefused, add_rights, make_container
from vmm_wizard.mending.model import AddAdministrator, GrantRights, MakeContainer, Offer, Refusal, RemoveTasks
from vmm_wizard.mending.offers import Situation, offer
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import AccountName, DistinguishedName
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.preflight import Preflight
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.facts.directory import DirectorySession

WRONG = frozenset({Status.FAIL, Status.WARN})


@dataclass
class Mender:
    """Mends findings of one plan. `over`: ids of runs that are known to have ended. Blocking; for one thread."""

    plan: Plan
    preflight: Preflight
    over: Collection[str] = ()
    _facts: Facts = field(default_factory=Facts, init=False)

    def look(self, check_id: str, subject: str = "", cancel: threading.Event | None = None) -> tuple[Finding, ...]:
        """What is so now: the findings of one check (of one subject alone where one is named), asked anew."""
        last = None
        for update in self.preflight.run(self.plan, fresh=True, cancel=cancel):
            last = update
        assert last is not None
        self._facts = last.facts
        return tuple(row for row in last.findings if row.id == check_id and matches(row, subject))

    def offer(self, finding: Finding, facts: Facts | None = None) -> Offer | Refusal:
        """What would be done about a finding, by the facts of the last look (or by `facts`)."""
        self._facts = facts or self._facts
        container: ContainerFacts | NoAnswer = NoAnswer("not asked")
        parent: ContainerFacts | NoAnswer = NoAnswer("not asked")
        if finding.id.startswith("DKM-"):
            container = self._ask(self.plan.dkm.dn)
            if isinstance(container, ContainerFacts) and not container.found:
                parent = self._ask(self.plan.dkm.dn.parent)
        return offer(Situation(self.plan, self._facts, container, parent, self.over), finding)

    def carry_out(self, made: Offer) -> None:
        """Do what was offered. Raises ChangeRefused with one sentence when it was not done, or not wholly."""
        change = made.change
        try:
            if isinstance(change, MakeContainer):
                make_container(known(self._session()), change)
            elif isinstance(change, GrantRights):
                add_rights(known(self._session()), change)
            else:
                self._on_node(change)
        except NotKnown as gap:
            raise ChangeRefused(str(gap)) from None

    # --- as whom

    def _access(self) -> DirectoryAccess:
        """The directory as the installing account: it is whose rights the offers speak of."""
        access = questions(self.plan, self.preflight.addresses.ca_file or "").access
        if access is None or not self.plan.installing_account:
            raise NotKnown(NoAnswer(text("mending.mend.no_account")))
        return replace(access, account=self.plan.installing_account)

    def _session(self) -> DirectorySession | NoAnswer:
        from vmm_wizard.facts.directory import open_session

        access = self._access()
        return open_session(access, self.preflight.secrets.get(access.account), self.preflight.passwords)

    def _ask(self, dn: DistinguishedName) -> ContainerFacts | NoAnswer:
        try:
            return known(self._session()).container(dn)
        except NotKnown as gap:
            return gap.answer

    def _on_node(self, change: AddAdministrator | RemoveTasks) -> None:
        from vmm_wizard.mending.nodes import add_administrator, remove_tasks

        asked = questions(self.plan, self.preflight.addresses.ca_file or "")
        node = next((row for row in asked.nodes if row.host == change.node), None)
        if node is None:
            raise ChangeRefused(text("mending.mend.no_node", node=change.node))
        password = self._password(node.account, asked.access)
        if isinstance(change, AddAdministrator):
            add_administrator(node, password, self.preflight.addresses, change)
        else:
            remove_tasks(node, password, self.preflight.addresses, change, self.plan.installing_account)

    def _password(self, account: AccountName, access: DirectoryAccess | None) -> Secret:
        if access is None:
            raise NotKnown(NoAnswer(text("mending.mend.no_domain")))
        return known(self.preflight.passwords.usable(account, self.preflight.secrets.get(account), access))


def matches(finding: Finding, subject: str) -> bool:
    """Whether a finding is about `subject`: in any case, a node's name with or without its domain; empty: any."""
    wanted, own = subject.casefold(), finding.subject.casefold()
    return not wanted or own == wanted or own.partition(".")[0] == wanted
