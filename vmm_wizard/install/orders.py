"""What shall be done with a plan: the job and its choices. The plan says what shall be, the order what to do now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Job(StrEnum):
    """What the wizard can do with a plan."""

    PREPARE = "prepare"
    INSTALL = "install"
    ADD_NODE = "add-node"
    CONSOLE = "console"
    VERIFY = "verify"
    FAILOVER = "failover"
    UNINSTALL = "uninstall"
    REBUILD = "rebuild"


@dataclass(frozen=True, slots=True)
class Order:
    """One job with its choices.

    `nodes`: the machines that it is for, by full name in lower case, in order; empty: all nodes of the plan. `target`:
    the node that a failover goes to. `remove_database`: the database's name, typed as confirmation that an uninstall
    of the last node removes it; empty: it is kept. `restart`: nodes that want a restart are restarted, the role moved
    away before. `moves`: a verify also moves the role to each node and back. `by_hand`: an admin starts setup at his
    own console; the run stages, watches and verifies. `force`: an uninstall goes on though setup cannot tell whether a
    node is the last one, because the database is gone or unreadable. `although_jobs_run`: jobs that run on VMM, or not
    knowing of them, keep nobody from moving the role. `remove`: the console is taken away, instead of installed.
    """

    job: Job = Job.INSTALL
    nodes: tuple[str, ...] = ()
    target: str = ""
    remove_database: str = ""
    restart: bool = False
    moves: bool = False
    by_hand: bool = False
    force: bool = False
    although_jobs_run: bool = False
    remove: bool = False

    def as_json(self) -> dict[str, Any]:
        """The order as the journal keeps it."""
        return {**asdict(self), "job": self.job.value, "nodes": list(self.nodes)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Order:
        """The order that `as_json` wrote; what is missing is the default. Raises ValueError for an unknown job."""
        known = {name: document[name] for name in cls.__slots__ if name in document}
        known["job"] = Job(known.get("job", Job.INSTALL))
        known["nodes"] = tuple(known.get("nodes", ()))
        return cls(**known)

    @property
    def key(self) -> str:
        """The same for orders that one run may carry on: how a question is answered makes no other run."""
        document = self.as_json()
        del document["restart"], document["although_jobs_run"]
        return repr(sorted(document.items()))
