"""One run at a time on a cluster: a lock that lies on the cluster itself, where every wizard sees it.

It is a private property of the cluster's core group. Nothing in it is secret. It is written only where there is none,
and taken away only as what was seen, so that nobody takes away a lock that has come since.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from vmm_wizard.remote.bootstrap import JSON, load_script
from vmm_wizard.remote.errors import AnswerUnreadable
from vmm_wizard.remote.session import Session
from vmm_wizard.texts import text


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who holds the lock: the id of the run, `user@computer` of whoever runs the wizard, the node that it was taken
    over, and since when (UTC)."""

    run: str
    owner: str
    node: str
    since: datetime

    def to_text(self) -> str:
        """As it lies on the cluster."""
        since = self.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return json.dumps({"run": self.run, "owner": self.owner, "node": self.node, "since": since})

    @classmethod
    def from_text(cls, text: str) -> LockHolder | None:
        """The other way round; None for a text that is none of ours."""
        try:
            document = json.loads(text)
            run, owner, node = (str(document[name]) for name in ("run", "owner", "node"))
            since = datetime.fromisoformat(document["since"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        return cls(run, owner, node, since.astimezone(UTC)) if since.tzinfo else None


@dataclass(frozen=True, slots=True)
class LockState:
    """The lock after a call. `text` is empty where nobody holds it. `done`: what the call was for came about."""

    text: str
    done: bool

    @property
    def is_held(self) -> bool:
        """Whether somebody holds it, be it by a text that is none of ours."""
        return bool(self.text)

    @property
    def holder(self) -> LockHolder | None:
        """Who holds it; None: nobody, or a text that is none of ours."""
        return LockHolder.from_text(self.text)


def read_lock(session: Session, deadline: float) -> LockState:
    """Who holds the lock. Raises RemoteError."""
    return _ask(session, "read", "", "", deadline)


def take_lock(session: Session, holder: LockHolder, deadline: float) -> LockState:
    """Take the lock where nobody holds it, or where this run does already; `done` says whether it is ours now.

    Raises RemoteError; after a dropped connection ask again.
    """
    seen = read_lock(session, deadline)
    mine = seen.holder is not None and seen.holder.run == holder.run
    if seen.is_held and not mine:
        return LockState(seen.text, False)
    return _ask(session, "take", holder.to_text(), seen.text, deadline)


def take_over_lock(session: Session, holder: LockHolder, seen: LockState, deadline: float) -> LockState:
    """Write `holder` in place of the lock that was seen, unless that has changed since. Raises RemoteError."""
    return _ask(session, "take", holder.to_text(), seen.text, deadline)


def release_lock(session: Session, run: str, deadline: float) -> LockState:
    """Give the lock back if this run holds it; `done` also where nobody holds it any more. Raises RemoteError."""
    seen = read_lock(session, deadline)
    if not seen.is_held:
        return LockState("", True)
    if seen.holder is None or seen.holder.run != run:
        return LockState(seen.text, False)
    return _ask(session, "clear", "", seen.text, deadline)


def break_lock(session: Session, seen: LockState, deadline: float) -> LockState:
    """Take another's lock away, as it was seen and shown; one that has changed since stays. Raises RemoteError."""
    return _ask(session, "clear", "", seen.text, deadline)


def _ask(session: Session, action: str, lock: str, seen: str, deadline: float) -> LockState:
    parameters: dict[str, JSON] = {"Action": action, "Lock": lock, "Seen": seen}
    answer = session.run(load_script("cluster-lock"), parameters, deadline=deadline)
    after, done = answer.get("after"), answer.get("done")
    if not isinstance(after, str) or not isinstance(done, bool):
        raise AnswerUnreadable(session.place, text("reasons.cluster_lock.unreadable"))
    return LockState(after, done)
