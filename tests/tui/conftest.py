"""What holds for every test of the wizard: how it is waited for, and what need not be worked out anew for each app."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual._compositor import Compositor
from textual._context import visible_screen_stack
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
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
            for pump in (app, *app._registry):
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


@pytest.fixture(autouse=True, scope="session")
def _each_stylesheet_is_read_once() -> Iterator[None]:
    """Each app reads the rules of all its widgets, a tenth of what it costs: a text that was read with the same colours
    has the same rules, which nobody changes."""
    known: dict[Hashable, list[RuleSet]] = {}
    read = Stylesheet._parse_rules

    def rules(sheet: Stylesheet, css: str, **how: Hashable) -> list[RuleSet]:
        key = (css, *how.items(), *sheet._variables.items())
        if key not in known:
            known[key] = read(sheet, css, **how)  # type: ignore[arg-type]
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", rules)
        yield


#: Whole walks, each picture painted on the way: what cannot be painted breaks them.
PAINTED = ("test_install.py", "test_tasks.py")


@pytest.fixture(autouse=True)
def _nothing_is_painted_for_nobody(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of a test's time goes into pictures between that no terminal is sent: those alone are painted that a
    test looks at."""
    if request.path.name in PAINTED:
        return
    painted = Compositor.render_update

    def update(compositor: Compositor, full: bool = False, **how: Any) -> object:
        if full:
            return painted(compositor, full, **how)
        visible_screen_stack.set(how.get("screen_stack") or [])
        compositor._dirty_regions.clear()
        return None

    monkeypatch.setattr(Compositor, "render_update", update)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of its own for what the wizard keeps of its user."""
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("VMM_WIZARD_STATE", str(folder))
    return folder
