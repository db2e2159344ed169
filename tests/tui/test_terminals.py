"""Terminals: which look suits each, by what its environment says."""

import pytest

from vmm_wizard.tui.terminals import CHOICES, Look, in_ascii, look_of

UTF8 = {"LANG": "en_GB.UTF-8"}


@pytest.mark.parametrize(
    ("environ", "theme"),
    [
        ({"TERM": "xterm-256color"}, "textual-dark"),
        ({"TERM": "xterm-256color", "COLORFGBG": "0;15"}, "textual-light"),
        ({"TERM": "xterm-256color", "COLORFGBG": "15;default;0"}, "textual-dark"),
        ({"TERM": "screen-256color"}, "textual-dark"),
        ({"TERM": "xterm-kitty"}, "textual-dark"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "textual-dark"),
        # PuTTY, screen, the console of Linux: sixteen colours.
        ({"TERM": "xterm"}, "ansi-dark"),
        ({"TERM": "screen"}, "ansi-dark"),
        ({"TERM": "linux"}, "ansi-dark"),
        ({"TERM": "xterm-16color"}, "ansi-dark"),
        ({"TERM": "rxvt", "COLORFGBG": "0;7"}, "ansi-light"),
        ({"TERM": "xterm-256color", "VMM_WIZARD_THEME": "light"}, "textual-light"),
        ({"TERM": "xterm-256color", "VMM_WIZARD_THEME": "16-light", "COLORFGBG": "15;0"}, "ansi-light"),
        ({"TERM": "vt100", "VMM_WIZARD_THEME": "16-dark"}, "ansi-dark"),
    ],
)
def test_the_theme_is_what_the_terminal_can_show(environ: dict[str, str], theme: str) -> None:
    look = look_of({**UTF8, **environ}, "posix")
    assert (look.theme, look.colours) == (theme, True)


@pytest.mark.parametrize(
    "environ",
    [
        {"TERM": "vt100"},
        {"TERM": "vt220"},
        {"TERM": "xterm-mono"},
        {"TERM": "linux-m"},
        {"TERM": "xterm-256color", "NO_COLOR": "1"},
        {"TERM": "xterm-256color", "NO_COLOR": "1", "VMM_WIZARD_THEME": "light"},
        {"TERM": "linux", "NO_COLOR": "1"},
        {"TERM": "xterm-256color", "VMM_WIZARD_THEME": "none"},
    ],
)
def test_no_colour_is_sent_where_there_is_none_or_none_is_wanted(environ: dict[str, str]) -> None:
    look = look_of({**UTF8, **environ}, "posix")
    assert not look.colours
    assert not look.theme.startswith("ansi"), "with NO_COLOR those are black on black"
    assert look.next_theme == look.theme


def test_an_empty_no_color_asks_for_nothing() -> None:
    assert look_of({**UTF8, "TERM": "xterm-256color", "NO_COLOR": ""}, "posix").colours


@pytest.mark.parametrize(
    ("environ", "is_ascii"),
    [
        ({"LANG": "de_DE.UTF-8"}, False),
        ({"LANG": "de_DE.utf8"}, False),
        ({"LANG": "de_DE.UTF-8@euro"}, False),
        ({"LANG": "C.UTF-8", "LC_CTYPE": "C.UTF-8"}, False),
        ({"LC_CTYPE": "UTF-8"}, False),
        ({"LANG": "C"}, True),
        ({}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, True),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, True),
        # What Python makes of the locale C for itself.
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LC_CTYPE": "C.UTF-8"}, True),
        ({"LANG": "de_DE.UTF-8", "TERM": "vt100"}, True),
    ],
)
def test_lines_are_drawn_in_ascii_where_the_terminal_knows_no_more(environ: dict[str, str], is_ascii: bool) -> None:
    assert look_of({"TERM": "xterm-256color", **environ}, "posix").ascii is is_ascii


def test_windows_has_all_colours_and_signs_though_its_environment_says_nothing() -> None:
    assert look_of({}, "nt") == Look("textual-dark")


def test_every_choice_is_understood() -> None:
    looks = {choice: look_of({**UTF8, "TERM": "xterm-256color", "VMM_WIZARD_THEME": choice}) for choice in CHOICES}
    assert looks["auto"] == looks["dark"]
    assert len(set(looks.values())) == len(CHOICES) - 1


def test_light_and_dark_are_switched_to_and_fro() -> None:
    for theme in ("textual-dark", "textual-light", "ansi-dark", "ansi-light"):
        there = Look(Look(theme).next_theme)
        assert there.theme != theme
        assert there.next_theme == theme


def test_in_ascii_a_text_is_as_wide_as_before() -> None:
    drawn = "┌─┐│…→é▁█"
    assert in_ascii(drawn) == "+-+|.>e-#"
    assert in_ascii("名") == "??"
    assert in_ascii("plain") == "plain"
