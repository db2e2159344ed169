"""When, and as whom, one wizard asks the estate for what answers can be chosen from: for both faces, no thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmm_wizard.facts.all_facts import NoAnswer
from vmm_wizard.plan.model import Authentication, Plan

if TYPE_CHECKING:
    from vmm_wizard.facts.discovery import DiscoveryQuestion
    from vmm_wizard.facts.discovery_model import Discovery
    from vmm_wizard.facts.questions import DirectoryAccess
    from vmm_wizard.plan.secrets import Secrets


class Searching:
    """What was asked already, and who was able to ask."""

    def __init__(self, secrets: Secrets, ca_file: str) -> None:
        self._secrets = secrets
        self._ca_file = ca_file
        self._asked: object = None
        #: The access of the last account that the directory took.
        self._able: DirectoryAccess | None = None

    def question(self, plan: Plan, *, fresh: bool = False) -> DiscoveryQuestion | None:
        """What to look for by `plan`; None where that was asked with the same domain, account and passwords.

        None, too, while the password of a new account is still to come: what another one found stands.
        """
        from vmm_wizard.facts.discovery import discovery_question

        question = discovery_question(plan, self._ca_file)
        access, able = question.access, self._able
        asked = (question.domain, access, plan.node_account, *map(self._secrets.get, plan.accounts[:3]))
        if asked == self._asked and not fresh:
            return None
        waits = access is not None and not self._can_ask(access)
        if waits and able is not None and able.domain == question.domain and not fresh:
            return None
        self._asked = asked
        return question

    def heard(self, question: DiscoveryQuestion, found: Discovery) -> None:
        """Take in what was found: whoever was told accounts can ask for more."""
        if not isinstance(found.accounts, NoAnswer):
            self._able = question.access

    def access(self, plan: Plan) -> DirectoryAccess | None:
        """As whom the directory is asked by need: as `plan` says where that can be, else as who was able to last."""
        from vmm_wizard.facts.questions import questions

        access = questions(plan, self._ca_file).access
        return access if access is not None and self._can_ask(access) else self._able

    def _can_ask(self, access: DirectoryAccess) -> bool:
        return access.account in self._secrets or access.authentication is Authentication.KERBEROS
