"""The painter: a terminal that gets only the changes shows what one shows that gets everything."""

import re

from hypothesis import given
from hypothesis import strategies as st

from vmm_wizard.tui.painting import Painter

SIZE = (20, 5)


class Shown:
    """A terminal of our own, as simple as can be: what it shows after what it was sent."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], tuple[str, str]] = {}
        self.row, self.column, self.style = 1, 1, ""

    def take(self, data: str) -> None:
        for move, style, other, sign in re.findall(r"\x1b\[(\d+;\d+)H|\x1b\[([\d;]*m)|(\x1b\[\?\d+[hl])|(.)", data):
            if move:
                self.row, self.column = map(int, move.split(";"))
            elif style:
                for part in [style[:-1]] if not style.startswith("0;") else ["0", style[2:-1]]:
                    self.style = "" if part in ("", "0") else f"{self.style};{part}".strip(";")
            elif sign and not other:
                self.cells[self.row, self.column] = (sign, self.style)
                self.column += 1


pieces = st.builds(
    lambda row, column, style, text: f"\x1b[{row};{column}H\x1b[{style}m{text[: SIZE[0] - column + 1]}\x1b[0m",
    st.integers(1, SIZE[1]),
    st.integers(1, SIZE[0]),
    st.sampled_from(["1", "7", "38;2;1;2;3", "38;2;1;2;3;48;2;4;5;6"]),
    st.text("ab─é ", min_size=1, max_size=SIZE[0]),
)
updates = st.lists(st.lists(pieces, min_size=1, max_size=6), max_size=6)


@given(updates)
def test_the_changes_show_the_same_as_everything(screens: list[list[str]]) -> None:
    painter, told_all, told_changes = Painter(), Shown(), Shown()
    painter.resized(SIZE)
    for screen in screens:
        data = "\n".join(screen) + "\x1b[1;1H"
        told_all.take(data.replace("\n", ""))
        told_changes.take(painter.changes(data))
        assert told_changes.cells == told_all.cells
        assert (told_changes.row, told_changes.column) == (1, 1)


@given(updates, st.integers(1, 7))
def test_what_is_written_in_parts_comes_to_the_same(screens: list[list[str]], size: int) -> None:
    """Windows' driver is given its text in parts, and they end in the middle of a sequence."""
    told_all, told_parts = Shown(), Shown()
    whole, parts = Painter(), Painter()
    for painter in (whole, parts):
        painter.resized(SIZE)
    for screen in screens:
        data = "".join(screen) + "\x1b[1;1H"
        told_all.take(whole.changes(data))
        for place in range(0, len(data), size):
            told_parts.take(parts.changes(data[place : place + size]))
    assert told_parts.cells == told_all.cells


def painted(*texts: str) -> list[str]:
    painter = Painter()
    painter.resized((80, 24))
    return [painter.changes(text) for text in texts]


def test_what_is_shown_already_costs_nothing() -> None:
    line = "\x1b[3;5H\x1b[1mDone\x1b[0m\x1b[1;1H"
    assert painted(line, line)[1] == ""


def test_a_letter_costs_a_letter() -> None:
    before, now = "\x1b[3;5H\x1b[1mvmm01       \x1b[0m\x1b[1;1H", "\x1b[3;5H\x1b[1mvmm01.      \x1b[0m\x1b[1;1H"
    assert painted(before, now)[1] == "\x1b[3;10H\x1b[0;1m.\x1b[0m\x1b[1;1H"


def test_an_update_of_nothing_is_not_even_announced() -> None:
    line = "\x1b[3;5HDone\x1b[1;1H"
    assert painted("\x1b[?2026h", line, "\x1b[?2026l") != ["", "", ""]
    assert painted(line, "\x1b[?2026h", line, "\x1b[?2026l")[1:] == ["", "", ""]


def test_a_terminal_of_another_size_is_told_everything() -> None:
    painter = Painter()
    line = "\x1b[3;5HDone\x1b[1;1H"
    painter.resized((80, 24))
    painter.changes(line)
    painter.resized((100, 24))
    assert "Done" in painter.changes(line)


def test_letters_of_two_columns_are_always_sent() -> None:
    """Terminals do not agree how wide they are."""
    line = "\x1b[3;5H名前\x1b[0m  ok\x1b[1;1H"
    assert "名前" in painted(line, line)[1]


def test_what_erases_the_screen_ends_what_is_known_of_it() -> None:
    line = "\x1b[3;5HDone\x1b[1;1H"
    for erasing in ("\x1b[2J", "\x1b[?1049h", "\x1bc"):
        sent = painted(line, erasing, line)
        assert erasing in sent[1]
        assert "Done" in sent[2]


def test_modes_titles_and_bells_are_passed_on() -> None:
    for other in ("\x1b[?1000h", "\x1b]0;title\x07", "\x07", "\x1b[>25u"):
        assert painted(other) == [other]
