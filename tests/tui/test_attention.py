"""The title of the terminal: where it is sent, how often, and that the old one comes back."""

import pytest

from vmm_wizard.tui.attention import REST, TerminalTitle, takes_titles


@pytest.mark.parametrize("term", ["xterm-256color", "tmux-256color", "screen", "rxvt-unicode"])
def test_known_terminals_take_titles(term: str) -> None:
    assert takes_titles({"TERM": term}, "posix")


@pytest.mark.parametrize("term", ["dumb", "linux", "vt100", "ansi", "", "unknown"])
def test_terminals_that_might_print_one_get_none(term: str) -> None:
    assert not takes_titles({"TERM": term}, "posix")
    sent: list[str] = []
    shown = TerminalTitle(sent.append, able=False)
    shown.show("40% install", at_once=True)
    shown.restore()
    assert sent == []


def test_a_title_changes_rarely_unless_somebody_is_wanted() -> None:
    sent: list[str] = []
    clock = [100.0]
    shown = TerminalTitle(sent.append, able=True)
    for second in (0.0, 1.0, REST - 0.1, REST):
        clock[0] = 100.0 + second
        shown.show(f"after {second}", now=lambda: clock[0])
    shown.show("waits", at_once=True, now=lambda: clock[0])
    shown.show("waits", at_once=True, now=lambda: clock[0])
    assert [row.partition(";")[2] for row in sent[1:]] == [f"after {REST}\x07", "waits\x07"]
    assert sent[0] == "\x1b[22;2t\x1b]2;after 0.0\x07"
    assert sum(map(len, sent)) < 90


def test_a_title_with_other_words_does_not_wait() -> None:
    sent: list[str] = []
    shown = TerminalTitle(sent.append, able=True)
    for title in ("cancelled: install", "1% install", "2% install"):
        shown.show(title, now=lambda: 100.0)
    assert [row.partition(";")[2] for row in sent[1:]] == ["1% install\x07"]


def test_the_old_title_comes_back_once() -> None:
    sent: list[str] = []
    shown = TerminalTitle(sent.append, able=True)
    shown.show("install")
    shown.restore()
    shown.restore()
    # A run that is still told of while the wizard is being left.
    shown.show("cancelled: install", at_once=True)
    assert sent[1:] == ["\x1b]2;\x07\x1b[23;2t"]


def test_nothing_in_a_title_steers_the_terminal() -> None:
    sent: list[str] = []
    TerminalTitle(sent.append, able=True).show("a\x07\x1b]0;owned\x07b")
    assert sent == ["\x1b[22;2t\x1b]2;a]0;ownedb\x07"]
