"""Threads of one wizard: nothing of them is waited for, and what they have to say comes as messages, in batches."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from textual.message import Message

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Batches(Generic[T]):
    """Hands over what was put in batches, each `rest` seconds after the first of them was put; the last one at once."""

    def __init__(self, deliver: Callable[[tuple[T, ...]], None], rest: float) -> None:
        self._deliver = deliver
        self._rest = rest
        self._items: queue.SimpleQueue[T | None] = queue.SimpleQueue()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="batches", daemon=True)
        self._thread.start()

    def put(self, item: T) -> None:
        """Hand `item` over with the next batch."""
        self._items.put(item)

    def end(self) -> None:
        """Hand over what is left, and wait until that is done."""
        self._ending.set()
        self._items.put(None)
        self._thread.join()

    def _run(self) -> None:
        ended = False
        while not ended:
            batch = [self._items.get()]
            self._ending.wait(self._rest)
            while not self._items.empty():
                batch.append(self._items.get())
            ended = None in batch
            items = tuple(item for item in batch if item is not None)
            if items:
                self._deliver(items)


class Threads:
    """What has work done in daemon threads, and posts what they tell."""

    def __init__(self) -> None:
        self._post: Callable[[Message], object] = lambda _: None

    def tell(self, post: Callable[[Message], object]) -> None:
        """From now on, post messages there: it takes them from any thread."""
        self._post = post

    def close(self) -> None:
        """The wizard is being left: nothing more is wanted, and nothing is waited for."""
        self._post = lambda _: None

    def _start(self, name: str, target: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=target, args=arguments, name=f"wizard {name}", daemon=True).start()

    def _send(self, message: Message) -> None:
        try:
            self._post(message)
        except RuntimeError:
            # The wizard was left between two words: its loop is closed, and nobody listens any more.
            _log.info("nobody listens any more: %s", type(message).__name__)
