"""What was answered so far: the plan, the texts that are no values yet, the file, and whether it is saved."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from vmm_wizard.checks.acceptance import objections
from vmm_wizard.plan.answers import AnswersError, load_draft
from vmm_wizard.plan.fields import BY_KEY, field_text, field_value, parse_field, set_field
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.saving import save


@dataclass
class Answers:
    """The answers of one wizard. `texts` holds, by key, what cannot be read; `wrong` says why; `notices` what was odd
    about the file that was opened."""

    plan: Plan = field(default_factory=Plan)
    texts: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    file: Path | None = None
    notices: tuple[str, ...] = ()
    _saved: tuple[Plan, dict[str, str]] = field(default_factory=lambda: (Plan(), {}), init=False)

    @classmethod
    def opened(cls, file: Path | None) -> Answers:
        """The answers in `file`, which need not exist yet. One that cannot be read gives empty answers and a notice."""
        if file is None or not file.exists():
            return cls(file=file)
        try:
            draft = load_draft(file, objections)
        except AnswersError as error:
            return cls(notices=(str(error), "The wizard begins with empty answers and leaves that file alone."))
        answers = cls(draft.plan, file=file)
        for key, text in draft.texts.items():
            answers.answer(key, text)
        answers.notices = tuple(map(str, draft.mistakes))
        answers._saved = (answers.plan, dict(answers.texts))
        return answers

    def text(self, key: str) -> str:
        """The answer as its field shows it."""
        return self.texts.get(key, field_text(self.plan, key))

    def answer(self, key: str, text: str) -> str:
        """Take what was typed; gives back what is wrong with it, empty when nothing is.

        What cannot be read is kept as text, and the answer falls back to its default: what is judged is never an
        older text than the one on the screen.
        """
        try:
            value = parse_field(key, text)
        except ValueError as error:
            self.texts[key] = text
            self.wrong[key] = f"{error}; expected {BY_KEY[key].allowed}"
            self.plan = set_field(self.plan, key, field_value(Plan(), key))
            return self.wrong[key]
        self.texts.pop(key, None)
        self.wrong.pop(key, None)
        self.plan = set_field(self.plan, key, value)
        return ""

    @property
    def unsaved(self) -> bool:
        """Whether something differs from the file."""
        return (self.plan, self.texts) != self._saved

    def save(self, file: Path) -> None:
        """Write the answers to `file`, which is theirs from now on. Raises OSError."""
        save(self.plan, file, self.texts)
        self.file = file
        self._saved = (self.plan, dict(self.texts))
