"""Builders for tests of the wizard: an app on answers and facts of the practice estate, and ways to drive it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from textual._context import visible_screen_stack
from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from tests.building import a_plan, good_facts
from vmm_wizard.addresses import AddressBook
from vmm_wizard.checks.registry import judge
from vmm_wizard.facts.model import Facts
from vmm_wizard.plan.model import Plan, Registration
from vmm_wizard.plan.secrets import Secret, Secrets
from vmm_wizard.tui.app import USUAL, WizardApp
from vmm_wizard.tui.messages import Looked
from vmm_wizard.tui.terminals import Look
from vmm_wizard.wizard import pages
from vmm_wizard.wizard.answers import Answers

SMALL = (80, 24)
TINY = (60, 20)
LARGE = (120, 36)

#: Seconds that something on another thread may take before a test gives up.
PATIENCE = 60.0


def ready_plan() -> Plan:
    """The practice estate's plan, licence accepted."""
    return replace(a_plan(), registration=Registration(eula_accepted=True))


def all_passwords(plan: Plan) -> Secrets:
    """A password for every account of `plan`."""
    secrets = Secrets()
    for account in plan.accounts:
        secrets.put(account, Secret(f"right for {account.user}"))
    return secrets


def nowhere(folder: Path) -> AddressBook:
    """An address book in which there is nothing: every question is left unanswered at once."""
    book = folder / "address-book.toml"
    book.write_text('[dns]\naddress = "127.0.0.1"\nport = 1\n[hosts]\n', encoding="utf-8")
    return AddressBook.load(book)


def a_wizard(folder: Path, plan: Plan | None = None, secrets: Secrets | None = None, look: Look = USUAL) -> WizardApp:
    """A wizard whose estate does not answer."""
    answers = Answers() if plan is None else Answers(plan)
    return WizardApp(answers, secrets or Secrets(), nowhere(folder), look=look)


async def told(pilot: Pilot[int], facts: Facts | None = None, waiting: tuple[str, ...] = ()) -> WizardApp:
    """The wizard after it was told `facts`, as the bridge to the threads tells them; it hears nothing else any more."""
    app = pilot.app
    assert isinstance(app, WizardApp)
    facts = good_facts() if facts is None else facts
    await pilot.pause()
    app.jobs.close()
    await pilot.pause()
    app.wizard.found = None
    app.wizard.post_message(Looked(judge(app.answers.plan, facts), waiting, facts))
    await pilot.pause()
    return app


async def until(pilot: Pilot[int], condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Let the wizard work until `condition` holds; fails when it never does."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"never came about; the screen says:\n{screen_text(pilot)}"
        await pilot.pause(0.02)


async def settled(pilot: Pilot[int]) -> None:
    """Let what was typed rest until it is read."""
    app = pilot.app
    assert isinstance(app, WizardApp)
    await pilot.pause()
    await until(pilot, lambda: not app.wizard.is_typing)


async def to_page(pilot: Pilot[int], page_id: str) -> None:
    """Put the page in front, as the dialog of all pages does."""
    app = pilot.app
    assert isinstance(app, WizardApp)
    await app.wizard.show_page(pages.BY_ID[page_id])
    await pilot.pause()


async def to_field(pilot: Pilot[int], key: str) -> Widget:
    """Go on with Tab until the field of an answer (`password:KEY`: of its password) has the focus."""
    prefix, _, name = f"field:{key}".rpartition(":") if ":" not in key else key.rpartition(":")
    wanted = f"{prefix}-{name.replace('.', '-')}"
    for _ in range(60):
        focused = pilot.app.focused
        if focused is not None and any(node.id == wanted for node in focused.ancestors if isinstance(node, Widget)):
            return focused
        await pilot.press("tab")
    raise AssertionError(f"Tab never comes to {key}")


async def type_text(pilot: Pilot[int], text: str) -> None:
    """Replace what stands in the field by `text`, key by key."""
    await pilot.press("end", "ctrl+u")
    names = {"\\": "backslash", ",": "comma", ".": "full_stop", "=": "equals_sign", " ": "space", "-": "minus"}
    await pilot.press(*(names.get(letter, letter) for letter in text))


def send(app: WizardApp, *keys: str) -> None:
    """Keys and letters that arrive together, as the terminal's driver hands them over: nothing is painted between."""
    for key in keys:
        letter = key if len(key) == 1 else None
        app.post_message(Key(_character_to_key(key) if letter else key, letter))


def painted(screen: Screen[object]) -> list[Strip]:
    """The lines of a screen, with what shows through from the one behind it."""
    visible_screen_stack.set(screen.app._background_screens)
    return screen._compositor.render_strips()


def screen_text(pilot: Pilot[int]) -> str:
    """The screen as lines of text."""
    return "\n".join(strip.text.rstrip() for strip in painted(pilot.app.screen))


def page_text(pilot: Pilot[int]) -> str:
    """The page in front in words, without the list of steps beside it."""
    return " ".join(" ".join(line.partition("│")[2] for line in screen_text(pilot).splitlines()).split())
