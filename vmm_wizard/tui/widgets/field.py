"""An answer on a page: label, input, and below them what is wrong with it; and a password with the account it is of."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import DescendantBlur
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from vmm_wizard.plan.fields import Kind
from vmm_wizard.printable import printable
from vmm_wizard.texts import text
from vmm_wizard.tui.messages import PasswordGiven, Typed
from vmm_wizard.tui.widgets.choice import Choice, ChoiceList
from vmm_wizard.tui.widgets.inputs import LineInput, PasswordInput, comma_list, first_line
from vmm_wizard.wizard.field_words import help_of
from vmm_wizard.wizard.order_fields import JOB_TEXTS, all_fields
from vmm_wizard.wizard.pages import LABELS

if TYPE_CHECKING:
    from vmm_wizard.wizard.flow import View

_BREAKS = re.compile(r"[\r\n\t]+")


@runtime_checkable
class _Settles(Protocol):
    def settle(self) -> None: ...


class Sentence(Static):
    """A line that is only there while it says something. Painted only when that is something else."""

    def __init__(self, text: str = "", *, classes: str) -> None:
        super().__init__(text, classes=classes, markup=False)
        self.display = bool(text)

    def say(self, text: str) -> None:
        """Say this; empty: nothing."""
        if text != self.content:
            self.update(text)
            self.display = bool(text)


class Row(Widget):
    """A label, an input and a message on a page; `help_text` is shown while it has the focus."""

    help_text: str = ""
    #: What F1 explains.
    help_subject: str = ""

    def message(self, text: str) -> None:
        """Show `text` below the input; empty: nothing."""
        for shown in self.children:
            if isinstance(shown, Sentence):
                shown.say(printable(f"X {text}") if text else "")

    @on(Input.Submitted)
    @on(Choice.Submitted)
    def _go_on(self, event: Message) -> None:
        """Enter goes to the next field."""
        event.stop()
        self.entered()

    def entered(self) -> None:
        """Enter was pressed in the input: what was typed is read, for the next field may only then be there."""
        screen = self.screen
        if isinstance(screen, _Settles):
            screen.settle()
        self.go_on()

    def go_on(self, filled: Collection[str] = ()) -> None:
        """To the next input below, but for those of the answers `filled`.

        In the order of the page: what has just appeared has no place on the screen yet, by which Textual goes.
        """
        if not all(node.display for node in self.ancestors_with_self if isinstance(node, Widget)):
            # Another page has come to the front since Enter was pressed, and has the focus.
            return
        rows = [row for row in self.parent.children if isinstance(row, Row)] if self.parent else []
        for row in rows[rows.index(self) + 1 :]:
            if row.display and not (isinstance(row, Field) and row.key in filled):
                self.screen.set_focus(next(widget for widget in row.query("*") if widget.can_focus))
                return
        self.screen.focus_next()
        focused = self.screen.focused
        if focused is not None and focused.id == "back":
            # Below the last field of a page Enter and Enter again go on, not back.
            self.screen.focus_next()


def _element_id(prefix: str, key: str) -> str:
    return f"{prefix}-{key.replace('.', '-')}"


class Field(Row):
    """The input of one answer. Posts `Typed` with each change."""

    def __init__(self, key: str, text: str, problem: str = "", placeholder: str = "") -> None:
        super().__init__(id=_element_id("field", key))
        self.key = key
        self._text = _shown(key, text)
        self._problem = problem
        self._placeholder = placeholder
        self._unread = False
        self.help_text = help_of(key)
        self.help_subject = f"answer:{key}"

    def compose(self) -> ComposeResult:
        if self.key == "order.job":
            # The list of jobs speaks for itself, and wants the whole width.
            yield self._input()
            return
        # A grid would take the height of a message for that of one in its first column.
        with Horizontal(classes="line"):
            yield Static(LABELS[self.key], classes="label", markup=False)
            yield self._input()
        yield from self.below()
        yield Sentence(printable(f"X {self._problem}") if self._problem else "", classes="message")

    def _input(self) -> Widget:
        field = all_fields(self.key)
        if field.kind is Kind.FLAG:
            return Choice(("no", "yes"), self._text)
        if self.key == "order.job":
            return ChoiceList({job.value: text for job, text in JOB_TEXTS.items()}, self._text)
        if field.choices:
            return Choice(field.choices, self._text)
        join = comma_list if field.kind is Kind.TEXTS else first_line
        return LineInput(self._text, self._placeholder, join=join)

    def offer(self, view: View) -> None:
        """More was found, or is known: nothing that a plain field could offer."""

    def below(self) -> Iterator[Widget]:
        """What stands between the input and its message."""
        yield from ()

    def put(self, text: str) -> None:
        """Put a text into the input, as if it had been typed."""
        for line in self.query(LineInput):
            line.value = text
            line.cursor_position = len(text)
        for choice in self.query(Choice):
            choice.show(text)

    @property
    def typed(self) -> str:
        """The text as it stands."""
        return self._text

    @property
    def is_ahead(self) -> bool:
        """Whether the input has taken keys that nobody has read yet."""
        return self._unread or any(line.value != self._text for line in self.query(LineInput))

    def read(self) -> str:
        """The text as it stands in the input; from now on it is known."""
        self._unread = False
        for line in self.query(LineInput):
            self._text = line.value
        return self._text

    def take(self, text: str) -> None:
        """Show a text that the answers have already."""
        self._unread = False
        text = _shown(self.key, text)
        if text != self._text:
            self._text = text
            self.put(text)

    @on(Input.Changed)
    def _input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._changed(event.value)

    @on(Choice.Changed)
    def _choice_changed(self, event: Choice.Changed) -> None:
        event.stop()
        self._changed(event.value)

    def _changed(self, text: str) -> None:
        if text != self._text:
            self._text, self._unread = text, True
            self.post_message(Typed(self.key, text))


def _shown(key: str, text: str) -> str:
    """An answer as its input shows it: what a file holds must not steer the terminal."""
    return printable(text) if all_fields(key).kind is Kind.ROWS else printable(_BREAKS.sub(" ", text))


class PasswordField(Row):
    """The password of the account that the answer `key` names.

    It is taken when the field is left (each try is a logon that counts), then forgotten here: the field only says that
    it was given. Behind a name that cannot be read it is there, too, or what is typed next would land, readable, in the
    field below; it is then taken once the name is mended.
    """

    help_text = text("fields.password.help")
    help_subject = "thing:password"

    def __init__(self, key: str, account: str, state: str) -> None:
        super().__init__(id=_element_id("password", key))
        self.key = key
        self._account = account
        self._state = state

    def compose(self) -> ComposeResult:
        with Horizontal(classes="line"):
            yield Static(text("fields.password.label"), classes="label", markup=False)
            yield PasswordInput()

    def on_mount(self) -> None:
        self.of(self._account, self._state)

    def of(self, account: str, state: str, *, is_unread: bool = False) -> None:
        """Whose password it is (empty: nobody's, and the field is away), and what is said of that one while nothing is
        typed. `is_unread`: the account cannot be read yet."""
        self._account = account
        self._state = state
        self.display = bool(account) or is_unread
        for field in self.query(PasswordInput):
            field.placeholder = state
            if not self.display:
                field.value = ""

    def commit(self) -> None:
        """Hand over what was typed, if anything was."""
        from vmm_wizard.plan.known_secrets import Secret

        for field in self.query(PasswordInput):
            if field.value and self._account:
                self.post_message(PasswordGiven(self.key, Secret(field.value)))
                with self.prevent(Input.Changed):
                    field.value = ""

    @on(Input.Changed)
    def _keep_to_oneself(self, event: Input.Changed) -> None:
        event.stop()

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        event.stop()
        self.commit()
