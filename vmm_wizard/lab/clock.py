"""Time as the estate lives it: sped up when served, turned by hand in tests. Nothing in the lab reads another clock."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Seconds of estate time since the estate began, and what the estate takes for the date."""

    def seconds(self) -> float:
        """Estate seconds since the start."""

    def date(self) -> datetime:
        """The estate's date, in UTC."""

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Let `seconds` of estate time pass; true when `stop` was set meanwhile."""


class SpedUpClock:
    """Real time, `speed` times as fast. The date still begins at the real one and runs at the real rate, so that
    certificates and clock skew are what they are."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._start = time.monotonic()

    def seconds(self) -> float:
        return (time.monotonic() - self._start) * self.speed

    def date(self) -> datetime:
        return datetime.now(UTC)

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        return stop.wait(max(seconds / self.speed, 0.0))


class ManualClock:
    """Time that passes only when a test calls `advance`."""

    def __init__(self) -> None:
        self._now = 0.0
        self._base = datetime.now(UTC)
        self._turned = threading.Condition()

    def seconds(self) -> float:
        return self._now

    def date(self) -> datetime:
        return self._base + timedelta(seconds=self._now)

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        with self._turned:
            self._now += seconds
            self._turned.notify_all()

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        due = self._now + seconds
        with self._turned:
            while self._now < due and not stop.is_set():
                self._turned.wait(0.05)
        return stop.is_set()
