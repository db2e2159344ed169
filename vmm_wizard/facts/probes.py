"""Puts each question of a plan to whom it concerns, with a password that was proved right before."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from vmm_wizard.facts.model import (
    LibraryFacts,
    NetworkFacts,
    NoAnswer,
    NodeFacts,
    PasswordFacts,
    ReplicaFacts,
    SqlFacts,
    known,
)
from vmm_wizard.facts.passwords import Passwords
from vmm_wizard.facts.questions import (
    ContainerQuestion,
    DirectoryAccess,
    LibraryQuestion,
    NetworkQuestion,
    NodeQuestion,
    SqlQuestion,
)
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret, Secrets
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.facts.directory import DirectorySession

T = TypeVar("T")


class Probes:
    """The probes of an estate, with the passwords that were given and the ledger of their proofs. Thread-safe.

    They raise NotKnown where a password cannot be used. `kept` has the sessions with nodes that nobody uses now.
    """

    def __init__(self, secrets: Secrets, passwords: Passwords) -> None:
        from vmm_wizard.remote.kept import KeptSessions

        self.secrets = secrets
        self.passwords = passwords
        self.addresses = passwords.addresses
        self.deadline = passwords.deadline
        self.kept = KeptSessions(passwords.is_refused)

    def secret(self, account: AccountName, access: DirectoryAccess | None) -> Secret:
        """The password of an account, proved by one bind; raises NotKnown when it cannot be used."""
        return known(self.passwords.usable(account, self.secrets.get(account), access))

    def proof(self, account: AccountName, access: DirectoryAccess) -> PasswordFacts | NoAnswer:
        return self.passwords.prove(account, self.secrets.get(account), access)

    def session(self, access: DirectoryAccess) -> DirectorySession:
        from vmm_wizard.facts.directory import open_session

        return known(open_session(access, self.secrets.get(access.account), self.passwords))

    def replicas(self, question: ContainerQuestion) -> ReplicaFacts | NoAnswer:
        from vmm_wizard.facts.directory_replicas import ask_replicas

        access = question.access
        return ask_replicas(self.session(access), question.dn, self.secrets.get(access.account), self.passwords)

    def _with_password(
        self, account: AccountName, access: DirectoryAccess | None, ask: Callable[[Secret], T]
    ) -> T | NoAnswer:
        """Ask with a proved password. A server that refuses it as wrong stops it everywhere: it was changed."""
        secret = self.secret(account, access)
        answer = ask(secret)
        if isinstance(answer, NoAnswer) and answer.code == "logon":
            if access is not None and not account.is_sql_login and not self.passwords.can_be_judged(access):
                reason = text("reasons.probes.says_nothing", reason=answer.reason)
                return NoAnswer(reason, "unreachable")
            self.passwords.refuse(account, secret, access, answer.reason)
        return answer

    def sql(self, question: SqlQuestion, access: DirectoryAccess | None) -> SqlFacts | NoAnswer:
        from vmm_wizard.facts.database import ask_database

        return self._with_password(
            question.account,
            access,
            lambda secret: ask_database(question, secret, self.addresses, self.deadline),
        )

    def sql_sessions(self, question: SqlQuestion, access: DirectoryAccess | None, host: str) -> int | NoAnswer:
        """How many sessions a computer has on the instance, but for ours."""
        from vmm_wizard.facts.database import count_sessions

        return self._with_password(
            question.account,
            access,
            lambda secret: count_sessions(question, secret, self.addresses, host, self.deadline),
        )

    def node(self, question: NodeQuestion, access: DirectoryAccess | None) -> NodeFacts | NoAnswer:
        from vmm_wizard.facts.nodes import ask_node

        return self._with_password(
            question.account,
            access,
            lambda secret: ask_node(question, secret, self.addresses, self.deadline, kept=self.kept),
        )

    def library(self, question: LibraryQuestion, access: DirectoryAccess | None) -> LibraryFacts | NoAnswer:
        from vmm_wizard.facts.library import ask_library

        return self._with_password(
            question.account,
            access,
            lambda secret: ask_library(question, secret, self.addresses, self.deadline, self.kept),
        )

    def network(self, question: NetworkQuestion) -> NetworkFacts:
        from vmm_wizard.facts.network import ask_network

        return ask_network(question, self.addresses)
