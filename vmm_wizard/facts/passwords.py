"""Proves each password by exactly one bind to one domain controller, before anything else uses it.

The first credential error stops an account everywhere until its password changes: a wrong password that sixteen nodes
try locks the account out. Whoever needs a password asks `Passwords.usable` for it, right before each use.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vmm_wizard.addresses import Addresses
from vmm_wizard.facts.model import NoAnswer, PasswordFacts
from vmm_wizard.facts.questions import DirectoryAccess, NodeQuestion
from vmm_wizard.plan.model import Authentication
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.facts.directory import DirectorySession
    from vmm_wizard.facts.directory_channel import Channel
    from vmm_wizard.facts.jump_host import JumpHost

Proof = PasswordFacts | NoAnswer

#: An account as the domain counts it: two spellings of one account share bad logons.
_Identity = tuple[str, str]
_Spelling = tuple[_Identity, str, Secret | None]


def prove_password(
    account: AccountName, secret: Secret, access: DirectoryAccess, addresses: Addresses, deadline: float
) -> PasswordFacts | NoAnswer:
    """Whether `secret` is the password of `account`, by one bind to one domain controller of `access`.

    NoAnswer when the bind could not be made or said nothing of the password. `deadline` is in seconds.
    """
    proof, channel = _bind(account, secret, access, addresses, deadline)
    if channel is not None:
        channel.close()
    return proof


def _bind(
    account: AccountName, secret: Secret | None, access: DirectoryAccess, addresses: Addresses, deadline: float
) -> tuple[Proof, Channel | None]:
    """One bind from this computer."""
    from vmm_wizard.facts.directory_channel import DirectoryUnusable
    from vmm_wizard.facts.directory_logon import LogonRefused, open_directory

    try:
        channel = open_directory(access, account, secret, addresses, deadline)
    except LogonRefused as refusal:
        return PasswordFacts(str(account), False, refusal.code, refusal.meaning), None
    except DirectoryUnusable as failure:
        return failure.answer, None
    return PasswordFacts(str(account), True), channel


@dataclass
class _Attempt:
    """A bind that is being made."""

    spelling: _Spelling
    result: Future[Proof] = field(default_factory=Future)


class Passwords:
    """The ledger of proofs. Thread-safe; callers that ask for one account at once wait for its one bind.

    `deadline` bounds each bind, and each search of the sessions, in seconds.
    """

    def __init__(self, addresses: Addresses, deadline: float = 30.0) -> None:
        self.addresses = addresses
        self.deadline = deadline
        self._lock = threading.Lock()
        self._accepted: dict[_Spelling, PasswordFacts] = {}
        self._refused: dict[tuple[_Identity, Secret | None], PasswordFacts] = {}
        self._running: dict[_Identity, _Attempt] = {}
        self._sessions: dict[tuple[DirectoryAccess, Secret | None], DirectorySession] = {}
        self._opening: dict[tuple[DirectoryAccess, Secret | None], Future[DirectorySession | NoAnswer]] = {}
        self._jump: tuple[tuple[tuple[NodeQuestion, ...], Secret], JumpHost] | None = None
        #: Domains (and their servers) of which this computer has reached a controller.
        self._reached: set[tuple[str, str]] = set()
        #: Why this computer reaches no domain controller, where a node does.
        self._hidden: dict[tuple[str, str], NoAnswer] = {}

    def ask_from(self, nodes: Sequence[NodeQuestion], secret: Secret | None) -> None:
        """Ask from one of these nodes when this computer reaches no domain controller. `secret` is the password of
        their account; without one, or without nodes, there is no such way."""
        from vmm_wizard.facts.jump_host import JumpHost

        key = (tuple(nodes), secret) if nodes and secret else None
        with self._lock:
            before = self._jump
            if before is not None and before[0] == key:
                before[1].again()
                return
            self._hidden.clear()
            self._jump = None
            if key is not None:
                host = JumpHost(key[0], key[1], self.addresses, self.deadline, self._refusal_of_node)
                self._jump = (key, host)
        if before is not None:
            before[1].close()

    def prove(self, account: AccountName, secret: Secret | None, access: DirectoryAccess) -> Proof:
        """What the domain says of this password: by one bind, or from memory once it has said so.

        A bind that could not be made is no verdict: it is told to all who wait, and tried again the next time.
        """
        if not secret and not _logs_on_by_ticket(account, access):
            return NoAnswer(text("reasons.passwords.no_password", account=account))
        identity = _identity(account, access)
        spelling = (identity, account.key, secret)
        while True:
            with self._lock:
                verdict = self._verdict(spelling)
                if verdict is not None:
                    return verdict
                attempt = self._running.get(identity)
                mine = attempt is None
                if attempt is None:
                    attempt = self._running[identity] = _Attempt(spelling)
            if mine:
                return self._make(attempt, account, secret, access)
            answer = attempt.result.result()
            if attempt.spelling == spelling:
                return answer
            # Another password or spelling of this account was under way: look again at what is known now.

    def usable(self, account: AccountName, secret: Secret | None, access: DirectoryAccess | None) -> Secret | NoAnswer:
        """The password, once it is proved; else why it must not be used. Call it right before each use.

        A SQL Server login is proved by its first use: no domain controller knows it, and `access` may be None.
        """
        if account.is_sql_login:
            with self._lock:
                refused = self._refused.get((_identity(account, access), secret))
            if refused:
                return _stopped(refused)
            return secret or NoAnswer(text("reasons.passwords.no_password", account=account))
        if access is None:
            return NoAnswer(text("reasons.passwords.no_domain"))
        proof = self.prove(account, secret, access)
        if isinstance(proof, NoAnswer):
            return proof
        if not proof.accepted:
            return _stopped(proof)
        return secret or NoAnswer(text("reasons.passwords.no_password", account=account))

    def refuse(self, account: AccountName, secret: Secret, access: DirectoryAccess | None, meaning: str) -> None:
        """Remember that another server refused this password as wrong: it is not used again anywhere.

        For credential errors of SQL Server and WinRM, which can follow a good bind when the password is changed.
        """
        with self._lock:
            self._refused[_identity(account, access), secret] = PasswordFacts(str(account), False, "", meaning)
            self._forget_accepted(_identity(account, access), secret)

    def is_refused(self, secret: Secret) -> bool:
        """Whether somebody has refused this password, whoever's it is."""
        with self._lock:
            return any(known == secret for _, known in self._refused)

    def forget(self, account: AccountName, access: DirectoryAccess) -> None:
        """Forget what is known of an account, because the user asks to try again (after unlocking it, say)."""
        identity = _identity(account, access)
        with self._lock:
            for key in [key for key in self._refused if key[0] == identity]:
                del self._refused[key]
            for spelling in [spelling for spelling in self._accepted if spelling[0] == identity]:
                del self._accepted[spelling]

    def expire(self) -> None:
        """Let each password be proved once more, by one bind, before its next use: time has passed. Refusals stay."""
        with self._lock:
            self._accepted.clear()
            self._hidden.clear()

    def can_be_judged(self, access: DirectoryAccess) -> bool:
        """Whether a server that refuses a logon can know that the password is wrong: not while no domain controller
        answers, whom it would have to ask. Where this computer has never reached one, nobody here can tell: then yes.
        """
        from vmm_wizard.facts.directory_channel import is_answering

        place = (access.domain, access.server)
        with self._lock:
            if place not in self._reached or place in self._hidden:
                return True
        return is_answering(access, self.addresses, self.deadline)

    def session(self, access: DirectoryAccess, secret: Secret | None) -> DirectorySession | NoAnswer:
        """The bound session of `access`: the one whose bind proved the password, or a new one when that has ended."""
        proof = self.prove(access.account, secret, access)
        if isinstance(proof, NoAnswer):
            return proof
        if not proof.accepted:
            return _stopped(proof)
        key = (access, secret)
        with self._lock:
            session = self._sessions.get(key)
            if session is not None and session.is_alive():
                return session
            opening = self._opening.get(key)
            mine = opening is None
            if opening is None:
                opening = self._opening[key] = Future()
        if mine:
            self._reopen(access, secret, opening)
        return opening.result()

    def close(self) -> None:
        """End all sessions."""
        with self._lock:
            sessions = list(self._sessions.values())
            self._sessions.clear()
            jump, self._jump = self._jump, None
        for session in sessions:
            session.close()
        if jump is not None:
            jump[1].close()

    # --- inside

    def _verdict(self, spelling: _Spelling) -> PasswordFacts | None:
        identity, _, secret = spelling
        return self._refused.get((identity, secret)) or self._accepted.get(spelling)

    def _make(self, attempt: _Attempt, account: AccountName, secret: Secret | None, access: DirectoryAccess) -> Proof:
        proof: Proof = NoAnswer(text("reasons.passwords.broke_off", account=account), "stopped")
        channel = None
        ended: DirectorySession | Channel | None = None
        try:
            proof, channel = self._bind(account, secret, access)
            ended = channel
        finally:
            with self._lock:
                self._remember(attempt.spelling, proof)
                if channel is not None and account.key == access.account.key:
                    ended = self._sessions.get((access, secret))
                    self._keep(access, secret, channel)
                del self._running[attempt.spelling[0]]
            attempt.result.set_result(proof)
        if ended is not None:
            ended.close()
        return proof

    def _bind(
        self, account: AccountName, secret: Secret | None, access: DirectoryAccess
    ) -> tuple[Proof, Channel | None]:
        """One bind: from this computer, or from a node where this computer reaches no domain controller."""
        place = (access.domain, access.server)
        proof: Proof
        with self._lock:
            jump = self._jump[1] if self._jump else None
            direct = self._hidden.get(place)
        if direct is None:
            proof, channel = _bind(account, secret, access, self.addresses, self.deadline)
            if not isinstance(proof, NoAnswer) or proof.code not in ("unreachable", "timeout"):
                with self._lock:
                    self._reached.add(place)
                return proof, channel
            direct = proof
        if jump is None or not secret:
            return direct, None
        from vmm_wizard.facts.jump_host import NodePasswordRefused, bind_from_node

        try:
            proof, channel = bind_from_node(jump, account, secret, access, direct, self.deadline)
        except NodePasswordRefused as refusal:
            with self._lock:
                was_reached = place in self._reached
            if was_reached:
                # There was one a moment ago: the node misses it as well, and has nobody to ask.
                return direct, None
            return self._refused_by_node(jump, account, secret, access, refusal.meaning), None
        with self._lock:
            if jump.is_open:
                self._hidden[place] = direct
        return proof, channel

    def _refusal_of_node(self, node: NodeQuestion) -> str:
        """Why the password of a node's account must not be used: it was refused by somebody."""
        with self._lock:
            secret = self._jump[0][1] if self._jump else None
            for (identity, known), proof in self._refused.items():
                if known == secret and identity[0] == node.account.user.casefold():
                    return _stopped(proof).reason
        return ""

    def _refused_by_node(
        self, jump: JumpHost, account: AccountName, secret: Secret, access: DirectoryAccess, meaning: str
    ) -> Proof:
        with self._lock:
            known = self._jump[0][1] if self._jump else secret
        self.refuse(jump.account, known, access, meaning)
        if account.key == jump.account.key and secret == known:
            return PasswordFacts(str(account), False, "", meaning)
        return NoAnswer(text("reasons.passwords.not_from_node", meaning=meaning), "logon")

    def _remember(self, spelling: _Spelling, proof: Proof) -> None:
        if isinstance(proof, NoAnswer):
            return
        if proof.accepted:
            self._accepted[spelling] = proof
            return
        identity, _, secret = spelling
        self._refused[identity, secret] = proof
        self._forget_accepted(identity, secret)

    def _forget_accepted(self, identity: _Identity, secret: Secret | None) -> None:
        for known in [known for known in self._accepted if (known[0], known[2]) == (identity, secret)]:
            del self._accepted[known]

    def _keep(self, access: DirectoryAccess, secret: Secret | None, channel: Channel) -> DirectorySession:
        from vmm_wizard.facts.directory import DirectorySession
        from vmm_wizard.facts.directory_channel import Channel, DirectoryUnusable
        from vmm_wizard.facts.directory_logon import LogonRefused, open_catalog

        def catalog() -> Channel:
            try:
                return open_catalog(
                    access, access.account, secret, channel.endpoint.host, self.addresses, self.deadline
                )
            except LogonRefused as refusal:
                raise DirectoryUnusable(str(refusal), "logon") from None

        # From a node the domain alone is asked.
        is_direct = type(channel) is Channel
        session = DirectorySession(channel, access, self.deadline, catalog if is_direct else None)
        self._sessions[access, secret] = session
        return session

    def _reopen(
        self, access: DirectoryAccess, secret: Secret | None, opening: Future[DirectorySession | NoAnswer]
    ) -> None:
        """Bind once more with a proved password; everybody who waits for `opening` gets what comes of it."""
        broken = text("reasons.passwords.broke_off", account=access.account)
        answer: DirectorySession | NoAnswer = NoAnswer(broken, "stopped")
        try:
            proof, channel = self._bind(access.account, secret, access)
            spelling = (_identity(access.account, access), access.account.key, secret)
            with self._lock:
                self._remember(spelling, proof)
                if channel is not None:
                    answer = self._keep(access, secret, channel)
                else:
                    answer = proof if isinstance(proof, NoAnswer) else _stopped(proof)
        finally:
            with self._lock:
                del self._opening[access, secret]
            opening.set_result(answer)


def _identity(account: AccountName, access: DirectoryAccess | None) -> _Identity:
    """Two spellings of one account of this domain count as one, as far as that can be told before asking it.

    Too much in one is safe: at worst a password refused for one account is not tried for the other. A good bind counts
    for its own spelling alone.
    """
    domain = account.domain.casefold()
    if access is None or account.is_sql_login:
        return account.user.casefold(), domain
    dns = access.domain.casefold()
    own = domain == dns or (not account.is_upn and "." not in domain)
    return account.user.casefold(), dns if own else domain


def _logs_on_by_ticket(account: AccountName, access: DirectoryAccess) -> bool:
    return access.authentication is Authentication.KERBEROS and account.key == access.account.key


def _stopped(proof: PasswordFacts) -> NoAnswer:
    how = "coded" if proof.refusal else "plain"
    told = {"account": proof.account, "meaning": proof.meaning, "code": proof.refusal}
    return NoAnswer(text(f"reasons.passwords.stopped.{how}", **told), "logon")
