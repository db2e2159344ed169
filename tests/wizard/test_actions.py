"""The one table of actions: each can be reached in two ways, and the palette finds each by what it is called."""

import re
from dataclasses import replace

import pytest

from tests.wizard.test_flow import a_view
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.tui.keys import bindings, keys_help
from vmm_wizard.wizard.actions import ACTIONS, BY_ID, Action, key_name, keys_lines
from vmm_wizard.wizard.pages import BY_ID as PAGES
from vmm_wizard.wizard.palette import Entry, entries, matching

FUNCTION_KEY = re.compile(r"f\d+")


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_each_can_be_reached_in_two_ways(action: Action) -> None:
    """A terminal that swallows function keys, or those with Ctrl or Alt, leaves the other; a button is a way."""
    if action.button:
        assert action.button in PAGES
        return
    if not action.keys:
        # The palette has keys of both kinds, and is the place of what is wanted once.
        assert action.id in {row.id for row in entries(a_view())}
        return
    kinds = {"function" if FUNCTION_KEY.fullmatch(key) else key.partition("+")[0] for key in action.keys}
    assert len(kinds) >= 2, action.keys


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_each_can_be_done_and_stands_in_palette_and_help(action: Action) -> None:
    assert hasattr(WizardApp, f"action_{action.id}")
    assert action.short
    listed = {row.id for running in (False, True) for row in entries(replace(a_view(), running=running))}
    assert action.id in listed or action.id == "palette"
    for name in action.key_names:
        assert name in keys_help()
        assert action.about in keys_help()


def test_no_key_means_two_things() -> None:
    keys = [key for action in ACTIONS for key in action.keys]
    assert len(keys) == len(set(keys))
    assert len(bindings()) == sum(1 for action in ACTIONS if action.keys) + 1


def test_keys_are_written_as_on_a_keyboard() -> None:
    assert [key_name(key) for key in ("ctrl+n", "alt+right", "f10")] == ["Ctrl+N", "Alt+Right", "F10"]
    assert keys_lines()[0] == "Ctrl+N  Alt+Right  next page"


# --- the palette


def ids(rows: tuple[Entry, ...]) -> list[str]:
    return [row.id for row in rows]


def test_the_palette_has_every_page_with_its_state_and_fits_into_the_dialog() -> None:
    view = a_view()
    rows = entries(view)
    assert {f"page:{page.id}" for page in view.pages} <= set(ids(rows))
    assert max(len(row.line) for row in rows) <= 66
    assert "page 4: DKM container" in [row.words for row in rows]


def test_what_cannot_be_done_now_is_not_listed() -> None:
    assert "start" in ids(entries(a_view()))
    assert "stop" not in ids(entries(a_view()))
    running = entries(replace(a_view(), running=True))
    assert ("stop" in ids(running), "start" in ids(running)) == (True, False)


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("save", "save"),
        ("dkm", "page:dkm"),
        ("SQL", "page:sql"),
        ("again", "look_again"),
        ("go any", "steps"),
        ("f5", "look_again"),
        ("5", "page:sql"),
        ("uit", "quit"),
    ],
)
def test_typing_finds_by_words_by_parts_of_them_and_by_keys(typed: str, first: str) -> None:
    assert ids(matching(entries(a_view()), typed))[0] == first


def test_nothing_typed_keeps_all_and_nonsense_none() -> None:
    rows = entries(a_view())
    assert matching(rows, "  ") == rows
    assert matching(rows, "qqq") == ()
    assert BY_ID["save"].about in [row.words for row in rows]


# --- keys that never arrive

FUNCTION_KEYS = {f"f{number}" for number in range(1, 13)}
SWALLOWED = {
    "a terminal that stops its output by Ctrl+S": {"ctrl+s", "ctrl+q"},
    "a window with a menu": {"f1", "f10", "f11", "alt+f"},
    "tmux": {"ctrl+b"},
    "screen": {"ctrl+a"},
    "a shell's suspend": {"ctrl+z"},
    "a terminal without function keys": FUNCTION_KEYS,
    "a terminal without Alt": {key for action in ACTIONS for key in action.keys if key.startswith("alt+")},
    "a line that takes both": FUNCTION_KEYS | {"ctrl+s", "ctrl+q"},
}


@pytest.mark.parametrize("keys", SWALLOWED.values(), ids=SWALLOWED)
def test_whatever_keys_a_terminal_swallows_everything_can_still_be_done(keys: set[str]) -> None:
    assert set(BY_ID["palette"].keys) - keys
    for action in ACTIONS:
        # What has lost its keys, or never had any, is chosen in the palette.
        listed = {row.id for running in (False, True) for row in entries(replace(a_view(), running=running))}
        assert set(action.keys) - keys or action.id in listed
    assert set(BY_ID["quit"].keys) - keys or "ctrl+c" not in keys


@pytest.mark.parametrize("sequence", ["\x1bOP", "\x1b[11~", "\x1b[[A", "\x1b[P"])
def test_f1_is_understood_from_xterm_putty_and_the_console_of_linux(sequence: str) -> None:
    from textual._xterm_parser import XTermParser

    assert [event.key for event in XTermParser().feed(sequence) if hasattr(event, "key")] == ["f1"]
