"""VMM's role on its cluster: who owns it, and moving it to another node. One hop: the node asks its own cluster."""

from __future__ import annotations

from dataclasses import dataclass

from vmm_wizard.remote.bootstrap import load_script
from vmm_wizard.remote.errors import AnswerUnreadable
from vmm_wizard.remote.session import Session
from vmm_wizard.texts import text

#: States of a cluster group that are on the way to another one.
_PASSING = ("Pending",)


@dataclass(frozen=True, slots=True)
class RoleState:
    """The role after the call. `owner_before` and `owner` are computer names, `state` is the cluster's own word.

    `begun`: this call began a move. `refused`: why the cluster or the script moves nothing; empty when neither does.
    """

    owner_before: str
    owner: str
    state: str
    begun: bool
    refused: str

    @property
    def is_online(self) -> bool:
        """Whether it has come up where it is."""
        return self.state == "Online"

    @property
    def is_moving(self) -> bool:
        """Whether it is on its way, and is to be asked again."""
        return self.state in _PASSING


def role_state(session: Session, role: str, deadline: float) -> RoleState:
    """Who owns VMM's role named `role`, and in what state it is. Nothing is moved. Raises RemoteError."""
    return move_role(session, role, "", deadline)


def move_role(session: Session, role: str, node: str, deadline: float) -> RoleState:
    """Begin to move VMM's role to a node (a computer name, or the beginning of its DNS name), and come back at once.

    A group of this name that does not run VMM is refused, and so is a node that may not own it or is not up. Where the
    node owns it already nothing is moved. Asking again goes on where an earlier call began. Raises RemoteError.
    """
    parameters = {"Role": role, "Node": node.partition(".")[0].upper()}
    answer = session.run(load_script("move-role"), parameters, deadline=deadline)
    texts = [answer.get(name) for name in ("owner_before", "owner", "state", "refused")]
    begun = answer.get("begun")
    if not all(isinstance(written, str) for written in texts) or not isinstance(begun, bool):
        raise AnswerUnreadable(session.place, text("reasons.cluster_role.unreadable"))
    before, owner, state, refused = map(str, texts)
    return RoleState(before, owner, state, begun, refused)
