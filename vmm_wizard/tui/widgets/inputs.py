"""Single-line inputs: without a blinking cursor, with a sensible paste, and one for passwords that shows nothing."""

from __future__ import annotations

from collections.abc import Callable

from textual.events import Paste
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.widgets import Input

#: Letters of a paste that are taken: no answer has more, and a line of a million would hold the screen up for long.
MOST = 4096


def first_line(text: str) -> str:
    """The first line of `text` that holds something, without blanks at its ends."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def comma_list(text: str) -> str:
    """The lines of `text` as one line, with commas between them."""
    return ", ".join(line.strip(" \t,;") for line in text.splitlines() if line.strip(" \t,;"))


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


class LineInput(Input):
    """A compact input of one line. `join` makes one line of what is pasted; `Pasted` tells what that was.

    `before_move` is asked first when Right (1) or Left (-1) is pressed: True when that was for it.
    """

    before_move: Callable[[int], bool] | None = None
    # A letter more makes the text longer, not the input: nothing is to be laid out anew for it.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False)

    class Pasted(Message):
        """Something was pasted, and put in as one line; `before` stood there until then."""

        def __init__(self, line: LineInput, before: str, text: str) -> None:
            super().__init__()
            self.line = line
            self.before = before
            self.text = text

        @property
        def control(self) -> LineInput:
            return self.line

    def __init__(
        self,
        value: str = "",
        placeholder: str = "",
        *,
        join: Callable[[str], str] = first_line,
        password: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(value, placeholder, password=password, id=id, compact=True, select_on_focus=False)
        self.cursor_blink = False
        self._join = join

    def action_cursor_left(self, select: bool = False) -> None:
        if not (self.before_move and self.before_move(-1)):
            super().action_cursor_left(select)

    def action_cursor_right(self, select: bool = False) -> None:
        if not (self.before_move and self.before_move(1)):
            super().action_cursor_right(select)

    def _on_paste(self, event: Paste) -> None:
        """What is pasted becomes one line, whatever it was."""
        event.stop()
        event.prevent_default()
        given = event.text[:MOST]
        text = _printable(self._join(given))
        if text:
            before = self.value
            self.replace(text, *sorted(self.selection))
            if not self.password:
                self.post_message(self.Pasted(self, before, given))


class PasswordInput(LineInput):
    """A masked input whose text cannot be copied out again."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(password=True, id=id)

    def action_copy(self) -> None:
        """A password is not put into a clipboard."""

    def action_cut(self) -> None:
        """A password is not put into a clipboard."""
