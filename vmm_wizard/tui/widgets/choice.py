"""One of a few words, on one line or below each other: the arrows choose, and brackets (not colour alone) show what
is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click, Key
from textual.message import Message
from textual.widget import Widget


class Choice(Widget, can_focus=True):
    """Posts `Choice.Changed` when another word is chosen, `Choice.Submitted` for Enter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,up", "choose(-1)", "Choose", show=False),
        Binding("right,down,space", "choose(1)", "Choose", show=False),
        Binding("enter", "go_on", "Go on", show=False),
    ]

    class Changed(Message):
        """Another word was chosen."""

        def __init__(self, choice: Choice, value: str) -> None:
            super().__init__()
            self.choice = choice
            self.value = value

        @property
        def control(self) -> Choice:
            return self.choice

    class Submitted(Message):
        """Enter was pressed: the word stays as it is."""

    def __init__(self, options: Sequence[str], value: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.options = tuple(options)
        self.value = value if value in self.options else self.options[0]

    def render(self) -> RenderResult:
        parts: list[Content | tuple[str, str]] = []
        for option in self.options:
            chosen = option == self.value
            parts.append((f"[{option}]", "bold") if chosen else Content(f" {option} "))
        return Content(" ").join([part if isinstance(part, Content) else Content.styled(*part) for part in parts])

    def action_choose(self, step: int) -> None:
        """Go `step` words to the right; stop at the ends."""
        place = self.options.index(self.value) + step
        self._take(self.options[max(0, min(place, len(self.options) - 1))])

    def action_go_on(self) -> None:
        """On to what comes next."""
        self.post_message(self.Submitted())

    def show(self, value: str) -> None:
        """Show another word as chosen; nobody is told."""
        if value in self.options and value != self.value:
            self.value = value
            self.refresh()

    def on_key(self, event: Key) -> None:
        """A letter or digit takes the word that begins with it, a digit the only one that ends with it (2019: 9)."""
        if not event.character or not event.character.isalnum():
            return
        letter = event.character.casefold()
        begin = [option for option in self.options if option.casefold().startswith(letter)]
        ends = [option for option in self.options if letter.isdecimal() and option.endswith(letter)]
        found = begin if len(begin) == 1 else ends
        if len(found) == 1:
            event.stop()
            self._take(found[0])

    def on_click(self, event: Click) -> None:
        column = 0
        for option in self.options:
            column += len(option) + 3
            if event.x < column:
                self._take(option)
                return

    def _take(self, value: str) -> None:
        if value != self.value:
            self.value = value
            self.refresh()
            self.post_message(self.Changed(self, value))


class ChoiceList(Choice):
    """One of several words, each on a line of its own with what it means beside it. Up and Down choose."""

    def __init__(self, options: Mapping[str, str], value: str, *, id: str | None = None) -> None:
        super().__init__(tuple(options), value, id=id)
        self._meanings = dict(options)

    def render(self) -> RenderResult:
        width = max(map(len, self.options))
        rows = []
        for option in self.options:
            chosen = option == self.value
            word = f"[{option}]" if chosen else f" {option} "
            # Only the chosen line shows where the keys go: the whole list in reverse would be a wall.
            style = "bold reverse" if chosen and self.has_focus else "bold" if chosen else ""
            rows.append(Content.styled(f"{word:<{width + 2}} {self._meanings[option]}", style))
        return Content("\n").join(rows)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_click(self, event: Click) -> None:
        # Or the place of the words of one line is looked for, too.
        event.prevent_default()
        if 0 <= event.y < len(self.options):
            self._take(self.options[event.y])
