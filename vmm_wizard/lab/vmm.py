"""What VMM itself holds while it runs: its jobs, its administrators, its library.

It is in the database, not on a node: a role that moves keeps it.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

#: What a job may be in (Status of a VMM job).
STATES = ("Running", "Completed", "Failed", "Canceled")


@dataclass
class VmmJob:
    """A job. `ends` is when it completes by itself, in estate seconds; None: it goes on and on."""

    name: str
    owner: str
    target: str
    started: datetime
    state: str = "Running"
    percent: int = 0
    ends: float | None = None
    restartable: bool = True
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class VmmShare:
    """A share of VMM's library."""

    server: str
    name: str
    path: str


class Vmm:
    """The estate's VMM. `seconds` and `date` tell the estate's time. Thread-safe."""

    def __init__(
        self, seconds: Callable[[], float], date: Callable[[], datetime], administrators: Iterable[str] = ()
    ) -> None:
        self._seconds = seconds
        self._date = date
        self._lock = threading.RLock()
        self._jobs: list[VmmJob] = []
        #: Members of the role Administrator, as DOMAIN\\name: users and groups.
        self.administrators: list[str] = list(administrators)
        self.shares: list[VmmShare] = []

    def add_job(
        self,
        name: str,
        owner: str,
        *,
        target: str = "",
        state: str = "Running",
        percent: int = 0,
        seconds: float | None = None,
        restartable: bool = True,
    ) -> VmmJob:
        """Put a job in, which began just now. `seconds`: how long it still runs, in estate time."""
        ends = None if seconds is None else self._seconds() + seconds
        job = VmmJob(name, owner, target, self._date(), state, percent, ends, restartable)
        with self._lock:
            self._jobs.append(job)
        return job

    def jobs(self, *states: str) -> list[VmmJob]:
        """The jobs of the last day that are in one of these states now."""
        since = self._date() - timedelta(days=1)
        with self._lock:
            self._complete()
            return [job for job in self._jobs if job.state in states and job.started >= since]

    def service_stopped(self) -> None:
        """The service has stopped where it ran: what it did has failed."""
        with self._lock:
            self._complete()
            for job in self._jobs:
                if job.state == "Running":
                    job.state = "Failed"

    def _complete(self) -> None:
        now = self._seconds()
        for job in self._jobs:
            if job.state == "Running" and job.ends is not None and job.ends <= now:
                job.state, job.percent = "Completed", 100
