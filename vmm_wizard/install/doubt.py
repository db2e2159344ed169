"""A node that refuses a logon while no domain controller answers says nothing of the password: it is waited for one."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING

from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.install.endings import LostSight
from vmm_wizard.install.events import Event, Notice
from vmm_wizard.remote.errors import Cancelled, LogonRefused
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.install.context import Context

#: Seconds between two looks for a domain controller, at most.
_LONGEST_PAUSE = 15.0

#: Whether the logon that a node has refused may be tried again there, within so many seconds: (refusal, seconds).
Doubt = Callable[[LogonRefused, float], Generator[Event, None, bool]]


def without_a_judge(context: Context, refused: LogonRefused) -> str:
    """The sentence for a logon that was refused while no domain controller answers; empty where one does, and the
    refusal stands."""
    from vmm_wizard.facts.questions import questions

    access = questions(context.plan, context.preflight.addresses.ca_file or "").access
    if access is None or context.preflight.passwords.can_be_judged(access):
        return ""
    return text("engine.doubt.nobody_judges", refused=refused)


def no_doubt(refused: LogonRefused, seconds: float) -> Generator[Event, None, bool]:  # noqa: ARG001
    """A refusal is a refusal."""
    yield from ()
    return False


class Doubts:
    """The refusals of one node in one call.

    No bad logon is counted where there is nobody to count it. So the node is asked again, but only once the domain has
    taken the password by one bind; where a domain controller answers all the time, the refusal stands.
    """

    def __init__(self, context: Context, node: str) -> None:
        self._context = context
        self._node = node
        self._since: float | None = None

    def __call__(self, refused: LogonRefused, seconds: float) -> Generator[Event, None, bool]:
        """Whether the logon may be tried again; comes back when it may. `seconds` is how long that is waited for.

        Raises LostSight when there is no domain controller all that time, and Cancelled.
        """
        from vmm_wizard.facts.questions import questions

        context, account = self._context, self._context.plan.node_account
        passwords = context.preflight.passwords
        access = questions(context.plan, context.preflight.addresses.ca_file or "").access
        secret = context.secrets.get(account)
        if access is None or secret is None:
            return False
        if self._since is None and passwords.can_be_judged(access):
            return False
        yield from self._told(refused, seconds)
        assert self._since is not None
        wait = context.pace.poll
        while True:
            passwords.expire()
            proof = passwords.prove(account, secret, access)
            if not isinstance(proof, NoAnswer):
                return proof.accepted
            if time.monotonic() - self._since + wait > seconds:
                raise LostSight(
                    text("engine.doubt.nobody_judged", refused=refused, reason=proof.reason),
                    text("engine.doubt.wait"),
                )
            if context.cancel.wait(wait):
                raise Cancelled(refused.place)
            wait = min(wait * 2, max(context.pace.poll, _LONGEST_PAUSE))

    def _told(self, refused: LogonRefused, seconds: float) -> Iterator[Event]:
        if self._since is not None:
            # The domain has taken the password, and the node has not found its controller again.
            if self._context.cancel.wait(self._context.pace.poll):
                raise Cancelled(refused.place)
            return
        self._since = time.monotonic()
        said = text("engine.doubt.waiting", refused=refused)
        if seconds >= 60:
            said = text("engine.doubt.waiting_for", refused=refused, minutes=seconds / 60)
        yield Notice(self._node, said)
