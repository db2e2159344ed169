"""Tells a setup that waits at a dialog nobody sees from one that works slowly, by several signs together.

An idle processor alone says nothing: setup waits for SQL Server, the directory and Windows Installer, too (section 11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from vmm_wizard.printable import printable
from vmm_wizard.texts import counted, text

if TYPE_CHECKING:
    from vmm_wizard.remote.task_run import SetupWatch

#: So many looks at the processes at least, before it is said that they do nothing.
LEAST_READINGS = 3
#: A process that takes less than this share of one processor only waits: its loop of messages takes as much.
IDLE_SHARE = 0.02


class Verdict(StrEnum):
    """What a log that stands still most likely means."""

    SLOW = "slow work"
    DIALOG = "likely a dialog"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Signs:
    """What was seen since setup's log has stood still.

    `still`: for how many seconds. `readings`: looks at setup's processes since then, oldest first. `sessions`: how many
    sessions the node has on SQL Server, None where that could not be asked.
    """

    still: float
    readings: tuple[SetupWatch, ...]
    sessions: int | None = None

    @property
    def share(self) -> float | None:
        """The share of one processor that setup has used meanwhile; None: there are too few looks to say."""
        if len(self.readings) < LEAST_READINGS:
            return None
        first, last = self.readings[0], self.readings[-1]
        seconds = (last.time - first.time).total_seconds()
        return (last.cpu_seconds - first.cpu_seconds) / seconds if seconds > 0 else None

    @property
    def windows(self) -> tuple[str, ...]:
        """The titles of the windows that were open at every look."""
        if not self.readings:
            return ()
        common = set.intersection(*(set(reading.windows) for reading in self.readings))
        return tuple(dict.fromkeys(title for title in self.readings[-1].windows if title in common))

    @property
    def deaf(self) -> bool:
        """Whether a process with a window does not answer it any more."""
        return any(row.window and not row.responds for reading in self.readings[-1:] for row in reading.processes)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and one sentence with each sign that it was given by."""

    verdict: Verdict
    text: str


def judge(node: str, signs: Signs) -> Judgement:
    """What a setup whose log stands still most likely does."""
    share = signs.share
    works = share is not None and share > IDLE_SHARE
    idle = share is not None and not works
    if works:
        verdict, end = Verdict.SLOW, text("engine.watchdog.works")
    elif signs.sessions and not signs.windows:
        verdict, end = Verdict.SLOW, text("engine.watchdog.sql")
    elif idle and signs.windows and not signs.sessions:
        verdict, end = Verdict.DIALOG, text("engine.watchdog.dialog")
    else:
        verdict, end = Verdict.UNKNOWN, text("engine.watchdog.unknown")
    return Judgement(verdict, f"{'; '.join(_words(node, signs))}: {end}")


def _words(node: str, signs: Signs) -> Sequence[str]:
    share = signs.share
    used = text("engine.watchdog.unused")
    if share is not None:
        used = text("engine.watchdog.used", share=max(share, 0.0))
    titles = ", ".join(f"'{printable(title)}'" for title in signs.windows)
    window = text("engine.watchdog.window.none")
    if titles:
        window = text(f"engine.watchdog.window.{'deaf' if signs.deaf else 'open'}", titles=titles)
    if signs.sessions is None:
        sql = text("engine.watchdog.sessions.unknown")
    elif not signs.sessions:
        sql = text("engine.watchdog.sessions.none", node=node)
    else:
        sql = counted("engine.watchdog.sessions", signs.sessions, node=node)
    return (
        text("engine.watchdog.still", node=node, minutes=signs.still / 60),
        used,
        window,
        sql,
    )


class Watchdog:
    """Gathers the signs of one setup. `now` in the methods is in seconds of a clock that never goes back."""

    def __init__(self, node: str, stall: float, now: float) -> None:
        """`stall`: seconds that the log may stand still before it is judged, and between two judgements."""
        self._node = node
        self._stall = stall
        self._grew = self._judged = now
        self._readings: list[SetupWatch] = []
        self.last: Judgement | None = None

    def log_grew(self, now: float) -> None:
        """Setup has said something: what was seen before means nothing any more."""
        self._grew = self._judged = now
        self._readings.clear()
        self.last = None

    def saw(self, watch: SetupWatch | None) -> None:
        """A look at setup's processes; the same one again counts once."""
        if watch is not None and (not self._readings or watch.time > self._readings[-1].time):
            self._readings.append(watch)

    def is_due(self, now: float) -> bool:
        """Whether it is time to judge (again)."""
        return now - self._judged >= self._stall

    def judge(self, now: float, sessions: int | None) -> Judgement:
        """What it most likely does, by everything seen since the log grew last; due again a stall later."""
        self._judged = now
        self.last = judge(self._node, Signs(now - self._grew, tuple(self._readings), sessions))
        return self.last
