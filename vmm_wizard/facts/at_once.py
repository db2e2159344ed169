"""Asks several things at once, and waits for all of them together no longer than is said."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_AT_ONCE: Final = 8


def ask_all(items: Sequence[T], ask: Callable[[T], R], seconds: float) -> Mapping[T, R]:
    """What `ask` says of each, several at once. After `seconds` what has come is all there is: the system's resolver
    has no deadline of its own. Daemon threads: leaving waits for none of them."""
    waiting: queue.SimpleQueue[T] = queue.SimpleQueue()
    for item in items:
        waiting.put(item)
    answers: dict[T, R] = {}

    def work() -> None:
        while True:
            try:
                item = waiting.get_nowait()
            except queue.Empty:
                return
            answers[item] = ask(item)

    threads = [threading.Thread(target=work, name="discover", daemon=True) for _ in range(min(_AT_ONCE, len(items)))]
    for thread in threads:
        thread.start()
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return dict(answers)
