"""Asks the directory from a node, for a computer that cannot reach a domain controller where the nodes can.

The node is logged on to once, by WinRM, with the account of the nodes: that proves its password as a bind would, and a
refusal counts once and ends it everywhere. Each search is a script of its own, with a bind of its own by the account
that asks: what one PowerShell keeps open, the next does not have. No password is used there before it was proved.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from vmm_wizard.addresses import AddressError, Addresses, Endpoint
from vmm_wizard.facts.directory_channel import Channel, DirectoryUnusable, Page
from vmm_wizard.facts.model import NoAnswer, PasswordFacts
from vmm_wizard.facts.nodes import connector, no_answer
from vmm_wizard.facts.questions import DirectoryAccess, NodeQuestion
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from collections.abc import Callable

    from vmm_wizard.remote.bootstrap import JSON
    from vmm_wizard.remote.session import Session

T = TypeVar("T")

#: The script that a node is asked with, in remote/scripts.
SCRIPT: Final = "directory-search"
#: Ways to fail that leave room for another way: whoever is not reached has judged nothing.
UNREACHED: Final = frozenset({"unreachable", "timeout"})

#: Objects that one answer of a node may hold; the question's own limit is applied to it afterwards.
_MOST: Final = 1000
_SCOPES: Final = {"base": "Base", "one": "OneLevel", "subtree": "Subtree"}
#: LDAP results, and Windows' own: invalid credentials; server down, timeout, connect error.
_INVALID_CREDENTIALS: Final = 49
_NOT_REACHED: Final = frozenset({81, 85, 91})


class NodePasswordRefused(Exception):
    """The node refused the account's password: it counted once. `meaning` says where."""

    def __init__(self, meaning: str) -> None:
        super().__init__(meaning)
        self.meaning = meaning


@dataclass(frozen=True, slots=True)
class AskedFrom(Endpoint):
    """A domain controller as a node reaches it; `host` names both."""

    def __str__(self) -> str:
        return self.host


class JumpHost:
    """One session with the first of the nodes that lets itself be asked. Thread-safe; opened at the first question."""

    def __init__(
        self,
        nodes: Sequence[NodeQuestion],
        secret: Secret,
        addresses: Addresses,
        deadline: float,
        refused: Callable[[NodeQuestion], str],
    ) -> None:
        """`refused` says why the password of a node's account must not be used, or gives an empty text."""
        self._nodes = tuple(nodes)
        self._secret = secret
        self._addresses = addresses
        self._deadline = deadline
        self._refused = refused
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._node = ""
        self._given_up: DirectoryUnusable | NodePasswordRefused | None = None

    @property
    def account(self) -> AccountName:
        """Who logs on to the nodes."""
        return self._nodes[0].account

    @property
    def node(self) -> str:
        """The node that is asked, as people call it; empty while none is."""
        return self._node.partition(".")[0]

    @property
    def is_open(self) -> bool:
        """Whether there is a session."""
        return self._session is not None and not self._session.closed

    def run(self, parameters: Mapping[str, JSON], secret: Secret, seconds: float) -> Mapping[str, Any]:
        """The script's answer. Raises DirectoryUnusable and NodePasswordRefused."""
        from vmm_wizard.remote.bootstrap import load_script
        from vmm_wizard.remote.errors import RemoteError
        from vmm_wizard.remote.session import deadline_in

        session = self._opened()
        try:
            return session.run(load_script(SCRIPT), parameters, [secret], deadline=deadline_in(seconds))
        except RemoteError as error:
            answer = no_answer(error)
            raise DirectoryUnusable(answer.reason, answer.code) from None

    def again(self) -> None:
        """Look for a node once more at the next question; a refused password stays refused."""
        with self._lock:
            if isinstance(self._given_up, DirectoryUnusable):
                self._given_up = None

    def close(self) -> None:
        """End the session."""
        with self._lock:
            if self._session is not None:
                self._session.close()

    def _opened(self) -> Session:
        with self._lock:
            if self._given_up is not None:
                raise self._given_up
            if self._session is None or self._session.closed:
                try:
                    self._session, self._node = self._open()
                except (DirectoryUnusable, NodePasswordRefused) as failure:
                    self._given_up = failure
                    raise
            return self._session

    def _open(self) -> tuple[Session, str]:
        from vmm_wizard.remote.errors import LogonRefused, RemoteError
        from vmm_wizard.remote.session import deadline_in

        reasons: list[NoAnswer] = []
        for node in self._nodes:
            known_refusal = self._refused(node)
            if known_refusal:
                raise DirectoryUnusable(known_refusal, "logon")
            try:
                connect, _ = connector(node, self._secret, self._addresses)
                return connect(deadline_in(self._deadline), threading.Event()), node.host
            except AddressError as error:
                reasons.append(NoAnswer(str(error), "unreachable"))
            except LogonRefused as refusal:
                raise NodePasswordRefused(str(refusal)) from None
            except RemoteError as error:
                reasons.append(no_answer(error))
        raise DirectoryUnusable(reasons[0].reason, reasons[0].code)


class NodeChannel(Channel):
    """A domain controller's directory, asked from a node as one account whose password was proved."""

    def __init__(self, jump: JumpHost, access: DirectoryAccess, account: AccountName, secret: Secret) -> None:
        super().__init__(None, AskedFrom(access.server or access.domain, "", 0), b"")
        self._jump = jump
        self._access = access
        self._account = account
        self._secret = secret
        self._is_ended = False

    @property
    def is_closed(self) -> bool:
        return self._is_ended

    def is_idle_alive(self) -> bool:
        return not self._is_ended and self._jump.is_open

    def close(self) -> None:
        self._is_ended = True

    def exchange(self, ask: Callable[[Any], T], seconds: float) -> T:
        del ask, seconds
        raise DirectoryUnusable(text("reasons.jump_host.only_searches", endpoint=self.endpoint), "denied")

    def bind(self, seconds: float) -> None:
        """Prove the password by one bind. Raises LogonRefused, NodePasswordRefused, DirectoryUnusable."""
        self.search(Page("", "base", "(objectClass=*)", ("1.1",)), seconds, seconds)

    def search(self, page: Page, limit: float, seconds: float) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
        from vmm_wizard.facts.directory_logon import judge_refusal, login_name

        if self._is_ended:
            raise DirectoryUnusable(text("reasons.jump_host.closed", endpoint=self.endpoint), "unreachable")
        parameters: dict[str, JSON] = {
            "Domain": self._access.domain,
            "Server": self._access.server,
            "Account": login_name(self._account),
            "SearchBase": page.base,
            "Scope": _SCOPES[page.scope],
            "Filter": page.wanted,
            "Attributes": list(page.attributes),
            "Descriptor": page.descriptor,
            "Most": min(_MOST, page.most),
            "Seconds": max(1, int(limit)),
        }
        answer = self._jump.run(parameters, self._secret, seconds)
        try:
            return self._read(answer)
        except (KeyError, TypeError, ValueError) as error:
            reason = text("reasons.jump_host.unreadable", node=self._jump.node, kind=type(error).__name__)
            raise DirectoryUnusable(reason, "unreadable") from None
        except _BindRefused as refusal:
            self._is_ended = True
            judge_refusal(refusal.text, self._account, self)

    def _read(self, answer: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
        code, message = int(answer["code"]), str(answer["message"]).rstrip("\0")
        server = str(answer["server"]) or self._access.domain
        self.endpoint = AskedFrom(text("reasons.jump_host.asked_from", server=server, node=self._jump.node), "", 0)
        if code in _NOT_REACHED:
            reason = text("reasons.jump_host.unreachable", endpoint=self.endpoint, why=message)
            raise DirectoryUnusable(reason, "unreachable")
        if not answer["bound"] and code == _INVALID_CREDENTIALS:
            raise _BindRefused(message)
        if not answer["bound"]:
            told = {"endpoint": self.endpoint, "account": self._account, "code": code, "why": message}
            raise DirectoryUnusable(text("reasons.jump_host.not_taken", **told), "denied")
        rows: list[Mapping[str, Any]] = [
            {
                "dn": str(entry["dn"]),
                "raw_attributes": {
                    str(row["name"]): [base64.b64decode(value, validate=True) for value in row["values"]]
                    for row in entry["attributes"]
                },
            }
            for entry in answer["entries"]
        ]
        referrals = [str(answer["referral"])] if answer["referral"] else []
        return {"result": code, "description": message or str(code), "referrals": referrals}, rows


class _BindRefused(Exception):
    def __init__(self, text: str) -> None:
        super().__init__("the bind was refused")
        self.text = text


def bind_from_node(
    jump: JumpHost,
    account: AccountName,
    secret: Secret,
    access: DirectoryAccess,
    direct: NoAnswer,
    deadline: float,
) -> tuple[PasswordFacts | NoAnswer, Channel | None]:
    """Prove a password by one bind made from a node; `direct` is why this computer could not. `deadline` in seconds.

    Raises NodePasswordRefused, before any bind, when the node refused its own account's password.
    """
    from vmm_wizard.facts.directory_logon import LogonRefused

    channel = NodeChannel(jump, access, account, secret)
    try:
        channel.bind(deadline)
    except LogonRefused as refusal:
        meaning = text("reasons.jump_host.refused", meaning=refusal.meaning, node=jump.node)
        return PasswordFacts(str(account), False, refusal.code, meaning), None
    except DirectoryUnusable as failure:
        code = failure.answer.code
        reason = text("reasons.jump_host.and_from_a_node", here=direct.reason, there=failure.answer.reason)
        return NoAnswer(reason, direct.code if code in UNREACHED else code), None
    return PasswordFacts(str(account), True), channel
