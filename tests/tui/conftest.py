"""What holds for every test of the wizard: how it is waited for, and what need not be worked out anew for each app."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from textual.message_pump import MessagePump
from textual.pilot import Pilot, WaitForScreenTimeout


def has_nothing_to_do(pump: MessagePump) -> bool:
    """Whether a widget waits for a message, and there is none for it."""
    queue = pump._message_queue
    return bool(queue.empty() and pump._pending_message is None and queue.ready_event._waiters)


async def wait_for_screen(pilot: Pilot[object], timeout: float = 30.0) -> bool:
    """Until every widget has dealt with what it was told; False when the app broke meanwhile.

    Textual's own way has every widget call back, also the hundreds on pages that are not to be seen: more work than the
    key that is waited for.
    """
    app = pilot.app
    broken = asyncio.create_task(app._exception_event.wait())
    try:
        while True:
            done: list[asyncio.Event] = []
            for pump in (app, *app.screen.walk_children(with_self=True)):
                called = asyncio.Event()
                if not has_nothing_to_do(pump) and pump.call_later(called.set):
                    done.append(called)
            if not done:
                return not broken.done()
            calls = asyncio.gather(*(called.wait() for called in done))
            await asyncio.wait((calls, broken), timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if broken.done():
                calls.cancel()
                return False
            if not calls.done():
                calls.cancel()
                raise WaitForScreenTimeout("widgets did not come to an end with what they were told")
    finally:
        broken.cancel()


@pytest.fixture(autouse=True, scope="session")
def _only_the_busy_are_waited_for() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pilot, "_wait_for_screen", wait_for_screen)
        yield
