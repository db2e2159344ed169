"""What was answered so far: the plan, the texts that are no values yet, the file, and whether it is saved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmm_wizard.install.orders import Order
from vmm_wizard.plan.fields import field_text, field_value, parse_field, set_field
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import Advice
from vmm_wizard.texts import text
from vmm_wizard.wizard.order_fields import PREFIX, all_fields, order_text, parse_choice, set_choice

if TYPE_CHECKING:
    from vmm_wizard.plan.answers import Objection


@dataclass
class Answers:
    """The answers of one wizard, and the choices of the job, which are in no file.

    `texts` holds, by key, what cannot be read; `wrong` says why; `notices` what was odd about the file that was opened.
    """

    plan: Plan = field(default_factory=Plan)
    texts: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    file: Path | None = None
    notices: tuple[str, ...] = ()
    order: Order = field(default_factory=Order)
    _saved: tuple[Plan, dict[str, str]] = field(default_factory=lambda: (Plan(), {}), init=False)

    @classmethod
    def opened(cls, file: Path | None) -> Answers:
        """The answers in `file`, which need not exist yet. One that cannot be read gives empty answers and a notice."""
        from vmm_wizard.plan.answers import AnswersError, load_draft

        if file is None or not may_be_there(file):
            return cls(file=file)
        try:
            draft = load_draft(file, _objections)
        except AnswersError as error:
            return cls(notices=(str(error), text("dialogs.empty_answers")))
        answers = cls(draft.plan, file=file)
        for key, typed in draft.texts.items():
            answers.answer(key, typed)
        answers.notices = tuple(map(str, draft.mistakes))
        answers._saved = (answers.plan, dict(answers.texts))
        return answers

    def take(self, plan: Plan, order: Order) -> None:
        """Take all answers from a run. They are of no file, unless they are what the file says."""
        if plan != self.plan:
            self.file = None
        self.plan, self.order, self.texts, self.wrong = plan, order, {}, {}

    def text(self, key: str) -> str:
        """The answer as its field shows it."""
        if key in self.texts:
            return self.texts[key]
        return order_text(self.order, key) if key.startswith(PREFIX) else field_text(self.plan, key)

    def answer(self, key: str, typed: str) -> str:
        """Take what was typed; gives back what is wrong with it, empty when nothing is.

        What cannot be read is kept as text, and the answer falls back to its default: what is judged is never an
        older text than the one on the screen.
        """
        try:
            value = parse_choice(key, typed) if key.startswith(PREFIX) else parse_field(key, typed)
        except ValueError as error:
            self.texts[key] = typed
            said = str(error)
            if not isinstance(error, Advice):
                said = text("fields.expected", problem=said, allowed=all_fields(key).allowed)
            self.wrong[key] = said
            self._set(key, None)
            return said
        self.texts.pop(key, None)
        self.wrong.pop(key, None)
        self._set(key, value)
        return ""

    def _set(self, key: str, value: Any) -> None:
        """Take a value; None is the default."""
        if key.startswith(PREFIX):
            default = getattr(Order(), key.removeprefix(PREFIX))
            self.order = set_choice(self.order, key, default if value is None else value)
        else:
            self.plan = set_field(self.plan, key, field_value(Plan(), key) if value is None else value)

    @property
    def is_opened(self) -> bool:
        """Whether they come from a file, rather than from nothing."""
        return self.file is not None and self._saved[0] != Plan()

    @property
    def unsaved(self) -> bool:
        """Whether something differs from the file."""
        return (self.plan, self._plan_texts) != self._saved

    @property
    def _plan_texts(self) -> dict[str, str]:
        return {key: text for key, text in self.texts.items() if not key.startswith(PREFIX)}

    def save(self, file: Path) -> None:
        """Write the answers to `file`, which is theirs from now on. Raises OSError."""
        from vmm_wizard.plan.saving import save

        save(self.plan, file, self._plan_texts)
        self.file = file
        self._saved = (self.plan, self._plan_texts)


def _objections(plan: Plan) -> Iterable[Objection]:
    """What is wrong with acceptances and requests of a plan; only who has some waits for the checks to be loaded."""
    if not (plan.accepted or plan.asked):
        return ()
    from vmm_wizard.checks.acceptance import objections

    return objections(plan)


def may_be_there(file: Path) -> bool:
    """Whether a file is there, or cannot be looked for: reading it says why."""
    try:
        return file.exists()
    except (OSError, ValueError):
        return True
