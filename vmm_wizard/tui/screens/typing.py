"""What the wizard's screen does with what is typed and pasted: reads it when it rests, and puts it where it belongs."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from textual import on
from textual.events import DescendantBlur, Paste
from textual.timer import Timer
from textual.widget import Widget

from vmm_wizard import log
from vmm_wizard.plan.fields import BY_KEY, field_text, field_value
from vmm_wizard.texts import text
from vmm_wizard.tui.jobs import Jobs
from vmm_wizard.tui.messages import PasswordGiven, Typed
from vmm_wizard.tui.screens.calling import CallingScreen
from vmm_wizard.tui.widgets.field import Field
from vmm_wizard.tui.widgets.inputs import LineInput
from vmm_wizard.wizard.answers import Answers

if TYPE_CHECKING:
    from vmm_wizard.plan.model import Plan
    from vmm_wizard.wizard.pasting import Landing

#: Seconds that an answer rests before it is read and asked about.
REST = 0.3


class TypingScreen(CallingScreen):
    """The part of the one screen that takes what is typed."""

    def __init__(self, answers: Answers, jobs: Jobs) -> None:
        super().__init__(answers, jobs)
        self.status = ""
        self._pending: dict[str, str] = {}
        #: Texts that belong into several fields: they go there when their field is left.
        self._held: dict[str, str] = {}
        #: The fields that were typed in since they were entered, with the answers from before that.
        self._touched: dict[str, Plan] = {}
        self._rest: Timer | None = None

    @on(Typed)
    def _typed(self, event: Typed) -> None:
        event.stop()
        row = next((row for row in self.fields() if row.key == event.key and row.typed == event.text), None)
        if row is None:
            return  # another text was put there since
        self._pending[event.key] = row.read()
        self._touched.setdefault(event.key, self.answers.plan)
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST, self.settle)

    @property
    def is_typing(self) -> bool:
        """Whether something was typed that has not rested yet."""
        return bool(self._pending)

    def settle(self, *, leaving: bool = False) -> None:
        """Read what was typed since it rested last, and ask about it. `leaving`: the page is about to be left or saved,
        so that what belongs into several fields goes there now."""
        if self._rest is not None:
            self._rest.stop()
            self._rest = None
        focused = self._field_of(self.focused)
        if focused is not None and focused.is_ahead:
            # Keys that the field has taken, and not told of yet.
            self._touched.setdefault(focused.key, self.answers.plan)
            self._pending[focused.key] = focused.read()
        if leaving:
            for key in tuple(self._touched):
                self._land(key)
        if not self._pending:
            return
        texts, self._pending = self._pending, {}
        for key, typed in tuple(texts.items()):
            self._held.pop(key, None)
            if focused is not None and focused.key == key and self._belongs_elsewhere(key, typed):
                self._held[key] = texts.pop(key)
        self.status = text("pasting.held") if self._held else ""
        self._answer(texts)

    def focus_next(self, selector: str | type = "*") -> Widget | None:
        """Tab: what was typed is read first, for the next field may only then be there (the password of an account)."""
        field = self._field_of(self.focused)
        if selector == "*" and field is not None and (field.is_ahead or field.key in self._pending):
            self.settle()
            field.go_on()
            return self.focused
        return super().focus_next(selector)

    def forget_typed(self, keys: Collection[str]) -> None:
        for key in keys:
            self._pending.pop(key, None)
            self._held.pop(key, None)
            self._touched.pop(key, None)

    def _belongs_elsewhere(self, key: str, typed: str) -> bool:
        """Whether a text is none for its field, but is one for others."""
        from vmm_wizard.wizard.pasting import is_wrong, landing

        if not is_wrong(key, typed):
            return False
        found = landing(key, typed, self.answers.plan)
        return found is not None and bool(found.answers)

    def _answer(self, texts: dict[str, str]) -> None:
        """Take the texts of fields as answers, say what is wrong with them, and ask."""
        from vmm_wizard.wizard.filling import fill_ins, filled

        before, order = self.answers.plan, self.answers.order
        for key, typed in texts.items():
            problem = self.answers.answer(key, typed)
            for row in self.fields():
                if row.key == key:
                    row.message(problem)
        if more := fill_ins(texts, self.answers, self.found):
            self.fill(more)
            self.status = filled(more)
        if self.answers.order != order and not self.jobs.running:
            # How another job ended, or this one with other choices, says nothing of what is chosen now.
            self.result = ""
        if self.answers.plan != before or self.answers.order.job is not order.job:
            self.look()
        self.look_for_accounts()
        self.refresh_view()

    @on(PasswordGiven)
    def _password_given(self, event: PasswordGiven) -> None:
        event.stop()
        self.settle()
        account = field_value(self.answers.plan, event.key)
        if account:
            log.mask(event.secret.reveal())
            self.jobs.secrets.put(account, event.secret)
            self.look()
            self.refresh_view()

    # --- what belongs into other fields

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        field = self._field_of(event.widget)
        if field is not None:
            self._land(field.key)

    @on(LineInput.Pasted)
    def _pasted(self, event: LineInput.Pasted) -> None:
        from vmm_wizard.wizard.pasting import landing

        event.stop()
        field = self._field_of(event.line)
        if field is None:
            return
        before = self._touched.get(field.key, self.answers.plan)
        found = landing(field.key, event.text, before)
        if found is not None and (set(found.answers) - {field.key, "domain"} or not (found.answers or found.stays)):
            # A whole text for other fields: what stood in this one is not its beginning.
            self._put(field.key, found, event.before)
        else:
            self._touched.setdefault(field.key, before)
            self.call_after_refresh(self._land, field.key)

    def on_paste(self, event: Paste) -> None:
        """Something was pasted where nothing takes it: what it is says where it belongs."""
        from vmm_wizard.wizard.pasting import landing

        event.stop()
        found = landing("", event.text, self.answers.plan)
        if found is not None and found.answers:
            self._put("", found)

    def _land(self, key: str) -> None:
        """Put the text of a field that was typed in where it belongs."""
        from vmm_wizard.wizard.pasting import landing

        before = self._touched.pop(key, None)
        field = next((row for row in self.fields() if row.key == key), None)
        if before is None or field is None:
            return
        held = self._held.pop(key, None)
        found = landing(key, field.typed, before)
        if found is not None:
            self._put(key, found, field_text(before, key) if key in BY_KEY else "")
        elif held is not None:
            self._answer({key: held})

    def _put(self, key: str, found: Landing, kept: str = "") -> None:
        """Give fields the texts that belong into them; the one that the text was given in is back at `kept`."""
        texts = dict(found.answers)
        rejected = not texts
        for row in self.fields():
            if row.key == key and key not in texts:
                texts[key] = row.typed if found.stays or rejected else kept
        for other in texts:
            self._pending.pop(other, None)
            self._touched.pop(other, None)
        self._answer(texts)
        for row in self.fields():
            if row.key in texts:
                row.take(texts[row.key])
            if rejected and row.key == key:
                row.message(found.says)
        self.say("" if rejected else found.says)

    @staticmethod
    def _field_of(widget: Widget | None) -> Field | None:
        """The field that a widget is in."""
        return next((row for row in widget.ancestors if isinstance(row, Field)), None) if widget is not None else None
